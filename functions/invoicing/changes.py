"""Changes that take two people: what they are. ``two_people.py`` proposes and decides them."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class ChangeKind(StrEnum):
    GIRO_ACCOUNT = "giro_account"
    """Where the biller's money goes; two officers of the bank."""
    COMPANY_CODE = "company_code"
    """Prefix of the biller's later VA numbers; two officers of the bank."""
    RELEASE_MODE = "release"
    """Turning off the approval of uploads; two people of the biller."""
    OUTSIDE_PAYMENTS = "outside_payments"
    """Letting one person post a payment made outside the virtual account; two people of the biller."""
    BANK_USER = "bank_user"
    """A new user of the bank; two officers of the bank."""
    BILLER_ADMIN = "biller_admin"
    """A new admin for a biller that has lost its own; two officers of the bank."""


USER_KINDS = frozenset({ChangeKind.BANK_USER, ChangeKind.BILLER_ADMIN})
BANK_KINDS = frozenset({ChangeKind.GIRO_ACCOUNT, ChangeKind.COMPANY_CODE}) | USER_KINDS
"""Proposed and decided by officers of the bank; the others by the biller's own people."""


class ChangeState(StrEnum):
    PROPOSED = "proposed"
    APPROVED = "approved"
    REJECTED = "rejected"


PATIENCE = timedelta(days=30)
"""A proposal that nobody decided for longer has to be made anew."""


@dataclass(frozen=True, slots=True)
class Change:
    owner: str
    """The biller, or ``bank``."""
    change_id: str
    kind: ChangeKind
    before: str
    """The value when it was proposed; approval fails if it is another one by then."""
    after: str
    reason: str
    proposed_by: str
    proposed_at: str
    state: ChangeState = ChangeState.PROPOSED
    decided_by: str | None = None
    decided_at: str | None = None
