"""Who users are and what roles they have. A user's id is its Cognito ``sub``; of a program it is the client id."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    BILLER_ADMIN = "biller_admin"
    """The biller's users, settings and credentials."""
    MAKER = "maker"
    CHECKER = "checker"
    VIEWER = "viewer"
    BANK_OFFICER = "bank_officer"
    """Registers billers, and approves what another officer proposed."""
    BANK_SUPPORT = "bank_support"
    """Looks bills up one at a time, contacts masked, for a reason that is recorded."""


BANK_ROLES = frozenset({Role.BANK_OFFICER, Role.BANK_SUPPORT})
BILLER_ROLES = frozenset(Role) - BANK_ROLES
PROGRAM_ROLES = frozenset({Role.MAKER, Role.VIEWER})
"""A program proposes and looks; what it made is released by a person."""


class UserState(StrEnum):
    ACTIVE = "active"
    DISABLED = "disabled"


class UserKind(StrEnum):
    PERSON = "person"
    PROGRAM = "program"
    """An ERP with credentials of its own, of one biller."""


@dataclass(frozen=True, slots=True)
class User:
    user_id: str
    biller_id: str | None
    """None: a user of the bank."""
    roles: frozenset[Role]
    state: UserState = UserState.ACTIVE
    kind: UserKind = UserKind.PERSON
    name: str = ""
    email: str = ""
    """Where the invitation goes and what the user signs in with; empty for a program."""
    created_at: str = ""
    created_by: str = ""
