"""Changes that take two people: what they are. ``two_people.py`` proposes and decides them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any


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
    ENABLE_BANK_CLIENT = "enable_bank_client"
    CHANGE_BANK_CLIENT = "change_bank_client"
    """Its settings: from where it may call, how it signs, what it is answered."""
    ADD_BANK_KEY = "add_bank_key"
    END_BANK_KEY_CHANGE = "end_bank_key_change"
    BEGIN_BANK_SECRET_CHANGE = "begin_bank_secret_change"  # noqa: S105 - no secret
    END_BANK_SECRET_CHANGE = "end_bank_secret_change"  # noqa: S105 - no secret
    CHANGE_TOKEN_KEYS = "change_token_keys"  # noqa: S105 - no token


USER_KINDS = frozenset({ChangeKind.BANK_USER, ChangeKind.BILLER_ADMIN})
BANK_KINDS = frozenset({ChangeKind.GIRO_ACCOUNT, ChangeKind.COMPANY_CODE}) | USER_KINDS
"""Proposed and decided by officers of the bank; the others by the biller's own people."""
BANK_CLIENT_KINDS = frozenset(
    {
        ChangeKind.ENABLE_BANK_CLIENT,
        ChangeKind.CHANGE_BANK_CLIENT,
        ChangeKind.ADD_BANK_KEY,
        ChangeKind.END_BANK_KEY_CHANGE,
        ChangeKind.BEGIN_BANK_SECRET_CHANGE,
        ChangeKind.END_BANK_SECRET_CHANGE,
        ChangeKind.CHANGE_TOKEN_KEYS,
    }
)
"""Who may tell us that money came in: two officers of the bank, by ``bank_changes.py`` and routes of their own."""
BANK_CLIENTS = "bank#clients"
"""Owner of these changes; no biller's id can be that."""


class ChangeState(StrEnum):
    PROPOSED = "proposed"
    APPROVED = "approved"
    """Of a bank client: decided, and carried out next by the function that holds the secrets."""
    REJECTED = "rejected"
    CARRIED_OUT = "carried_out"
    """Of a bank client."""
    LAPSED = "lapsed"
    """Of a bank client: approved, but the client was changed before it could be carried out."""


PATIENCE = timedelta(days=30)
"""A proposal that nobody decided for longer has to be made anew."""
APPROVAL_LIFE = timedelta(days=1)
"""Of a change of a bank client that was not carried out; what it has begun can be finished at any time."""
SHOWN_FOR = timedelta(hours=1)
"""How long who approved a bank client's new secret may ask for it again."""


@dataclass(frozen=True, slots=True)
class Change:
    owner: str
    """The biller, ``bank``, or ``BANK_CLIENTS``."""
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
    carried_out_at: str | None = None


@dataclass(frozen=True, slots=True)
class ClientChange:
    """What a change of a bank client is about; never a secret."""

    client_id: str
    """Empty: the keys of access tokens, which belong to no client."""
    version: int
    """Of the client when it was proposed: it is carried out on that one, or not at all."""
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    """Members of ``BankClient`` that it replaces; of a change of secrets what is to be kept."""


def write_client_change(given: ClientChange) -> tuple[str, str]:
    """As ``before`` and ``after`` of a change."""
    before = {"client_id": given.client_id, "version": given.version, "members": given.before}
    return json.dumps(before, sort_keys=True), json.dumps({"members": given.after}, sort_keys=True)


def read_client_change(change: Change) -> ClientChange:
    before, after = json.loads(change.before), json.loads(change.after)
    return ClientChange(before["client_id"], before["version"], before["members"], after["members"])
