"""Commands take their caller's word for who acts: whoever may invoke one could name two people and be one."""

from invoicing.errors import DecidedElsewhereError
from invoicing.settings import get_settings


def require_second_person_by_command() -> None:
    """Raises DecidedElsewhereError where the second person must be known by a token (in production)."""
    if get_settings().second_person != "asserted":
        raise DecidedElsewhereError
