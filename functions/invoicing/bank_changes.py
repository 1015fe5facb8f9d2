"""Changes of who may tell us that money came in: proposed by an officer of the bank, approved by another.

Here they are proposed and decided, by people whose user ids are verified. What an approval allows is done by the
function that holds the secrets (``connecting_banks.py``), which looks the approval up in the table.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from invoicing import clock, errors, two_people
from invoicing.bank_client_rules import MAX_KEY_CHARACTERS, check_connected_client
from invoicing.bank_clients import BankClient, Keep, compute_fingerprint, keep_one, read_members
from invoicing.changes import (
    BANK_CLIENT_KINDS,
    BANK_CLIENTS,
    PATIENCE,
    Change,
    ChangeKind,
    ChangeState,
    ClientChange,
    read_client_change,
    write_client_change,
)
from invoicing.errors import (
    BankChangeUnfinishedError,
    BankClientInvalidError,
    ChangeNotFoundError,
    ChangeStateError,
    RotationError,
    SamePersonError,
)
from invoicing.invoking import FunctionFailedError, invoke_function
from invoicing.settings import get_settings
from invoicing.store import bank_clients, changes

EXPIRED = "expired"
"""How a proposal is shown that nobody decided in time."""
_REFUSALS: Mapping[str, type[errors.InvoicingError]] = {
    refusal.code: refusal
    for refusal in (
        errors.BankClientNotFoundError,
        BankClientInvalidError,
        ChangeNotFoundError,
        ChangeStateError,
        RotationError,
        SamePersonError,
    )
}


@dataclass(frozen=True, slots=True)
class Approval:
    change: Change
    hand_over: Mapping[str, Any] | None
    """What the bank has to be told of a new secret, for the eyes of who approved it; never stored or logged."""


def propose_enabling(client_id: str, *, reason: str, by: str) -> Change:
    """Let the bank call: after it was connected, or was disabled. Raises BankClientInvalidError."""
    client = bank_clients.load_client(client_id)
    if client.is_active:
        raise BankClientInvalidError("is_active: it is enabled already")
    return _propose_members(ChangeKind.ENABLE_BANK_CLIENT, client, {"is_active": True}, reason, by)


def propose_settings(client_id: str, settings: Mapping[str, Any], *, reason: str, by: str) -> Change:
    """``settings``: members of ``ClientSettings``, those to change. Raises BankClientInvalidError."""
    client = bank_clients.load_client(client_id)
    after = {name: value for name, value in read_members(settings).items() if getattr(client, name) != value}
    if not after:
        raise BankClientInvalidError("settings: they are so already")
    return _propose_members(ChangeKind.CHANGE_BANK_CLIENT, client, after, reason, by)


def propose_key(client_id: str, pem: str, *, reason: str, by: str) -> Change:
    """A second public key of the bank; both are good until the change ends. Raises RotationError."""
    client = bank_clients.load_client(client_id)
    pem = pem.replace("\r\n", "\n").strip() + "\n"
    if len(pem) > MAX_KEY_CHARACTERS:
        raise BankClientInvalidError("public_keys: not a public key in PEM form (-----BEGIN PUBLIC KEY-----)")
    if len(client.public_keys) > 1:
        raise RotationError("two_keys")
    after: dict[str, Any] = {"public_keys": (pem, *client.public_keys)}
    check_connected_client(replace(client, **after))
    if compute_fingerprint(pem) in map(compute_fingerprint, client.public_keys):
        raise RotationError("same_key")
    return _propose_members(ChangeKind.ADD_BANK_KEY, client, after, reason, by)


def propose_key_end(client_id: str, keep: Keep, *, reason: str, by: str) -> Change:
    """Raises RotationError when there is but one key."""
    client = bank_clients.load_client(client_id)
    if len(client.public_keys) < 2:
        raise RotationError("no_key_change")
    kept = keep_one(client.public_keys, keep)
    return _propose_members(ChangeKind.END_BANK_KEY_CHANGE, client, {"public_keys": kept}, reason, by)


def propose_secret(client_id: str, *, reason: str, by: str) -> Change:
    """A second secret beside the one in use; both are good until the change ends. Raises RotationError."""
    client = bank_clients.load_client(client_id)
    if not client.secret_arn:
        raise RotationError("no_secret")
    if client.secret_change:
        raise RotationError("two_secrets")
    return _propose(ChangeKind.BEGIN_BANK_SECRET_CHANGE, client, {}, {}, reason, by)


def propose_secret_end(client_id: str, keep: Keep, *, reason: str, by: str) -> Change:
    """Raises RotationError when no change is going on."""
    client = bank_clients.load_client(client_id)
    if not client.secret_change:
        raise RotationError("no_secret_change")
    return _propose(ChangeKind.END_BANK_SECRET_CHANGE, client, {}, {"keep": keep}, reason, by)


def propose_token_keys(*, reason: str, by: str) -> Change:
    """New access tokens get a new key; those given out stay good."""
    return _propose(ChangeKind.CHANGE_TOKEN_KEYS, None, {}, {}, reason, by)


def approve_change(change_id: str, *, by: str) -> Approval:
    """Approve, and have it carried out. Again: what was left undone of it, by any officer but who proposed it.

    The one who approved a new secret may ask so for an hour if the answer got lost: the secret is the same.

    Raises ChangeNotFoundError, ChangeStateError, SamePersonError, RotationError, BankClientInvalidError,
    BankChangeUnfinishedError.
    """
    change = load_change(change_id)
    if change.proposed_by == by:
        raise SamePersonError(change_id)
    if change.state is ChangeState.PROPOSED:
        given = read_client_change(change)
        if given.client_id and bank_clients.load_client(given.client_id).version != given.version:
            raise ChangeStateError("changed meanwhile")
        change = _decide(change, ChangeState.APPROVED, by)
    elif change.state is not ChangeState.APPROVED and (change.state, change.decided_by) != (
        ChangeState.CARRIED_OUT,
        by,
    ):
        raise ChangeStateError(change.state)
    answer = _order({"operation": "carry_out", "change_id": change_id, "user_id": by})
    return Approval(load_change(change_id), answer.get("hand_over"))


def reject_change(change_id: str, *, by: str) -> Change:
    """Raises ChangeNotFoundError, ChangeStateError, SamePersonError."""
    change = load_change(change_id)
    if change.state is not ChangeState.PROPOSED:
        raise ChangeStateError(change.state)
    return _decide(change, ChangeState.REJECTED, by)


def disable_client(client_id: str, *, reason: str, by: str) -> BankClient:
    """At once, by one person: it only closes a door. Raises BankClientNotFoundError."""
    bank_clients.load_client(client_id)
    _order({"operation": "disable_client", "client_id": client_id, "reason": reason, "user_id": by})
    return bank_clients.load_client(client_id)


def load_change(change_id: str) -> Change:
    """Raises ChangeNotFoundError."""
    change = changes.load_change(BANK_CLIENTS, change_id)
    if change.kind not in BANK_CLIENT_KINDS:
        raise ChangeNotFoundError(change_id)
    return change


def list_changes(after: str | None, limit: int) -> tuple[list[Change], str | None]:
    """A page, newest first, decided ones too; and the id to go on after, if there is more."""
    return changes.list_changes(BANK_CLIENTS, after, limit)


def show_change(change: Change) -> dict[str, Any]:
    """For people: keys as fingerprints, and whether it has expired."""
    before, after = _show_values(read_client_change(change))
    is_late = change.state is ChangeState.PROPOSED and clock.from_text(change.proposed_at) + PATIENCE < clock.now()
    shown = {
        "change_id": change.change_id,
        "kind": change.kind,
        "client_id": read_client_change(change).client_id or None,
        "before": before,
        "after": after,
        "reason": change.reason,
        "state": EXPIRED if is_late else change.state,
        "proposed_by": change.proposed_by,
        "proposed_at": change.proposed_at,
        "decided_by": change.decided_by,
        "decided_at": change.decided_at,
        "carried_out_at": change.carried_out_at,
    }
    return {name: value for name, value in shown.items() if value is not None}


def _propose_members(kind: ChangeKind, client: BankClient, after: dict[str, Any], reason: str, by: str) -> Change:
    check_connected_client(replace(client, **after))
    return _propose(kind, client, {name: getattr(client, name) for name in after}, after, reason, by)


def _propose(
    kind: ChangeKind,
    client: BankClient | None,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    reason: str,
    by: str,
) -> Change:
    given = ClientChange(client.client_id if client else "", client.version if client else 0, before, after)
    shown = _show_for_trail(given)
    return two_people.record_proposal(
        BANK_CLIENTS, kind, *write_client_change(given), reason=reason, by=by, shown=shown
    )


def _decide(change: Change, state: ChangeState, by: str) -> Change:
    return two_people.record_decision(change, state, by=by, shown=_show_for_trail(read_client_change(change)))


def _show_for_trail(given: ClientChange) -> two_people.Shown:
    before, after = _show_values(given)
    return {"client_id": given.client_id, **before}, after


def _show_values(given: ClientChange) -> tuple[dict[str, Any], dict[str, Any]]:
    def show(members: Mapping[str, Any]) -> dict[str, Any]:
        keys = members.get("public_keys")
        return {**members, "public_keys": list(map(compute_fingerprint, keys))} if keys else dict(members)

    return show(given.before), show(given.after)


def _order(command: dict[str, Any]) -> dict[str, Any]:
    try:
        answer = invoke_function(get_settings().bank_change_function, command)
    except FunctionFailedError as error:
        raise BankChangeUnfinishedError(command["operation"]) from error
    if "error" in answer:
        refusal = _REFUSALS.get(answer["error"]["code"])
        # Busy, or what it does not say by itself: what was approved stays so, and may be asked for again.
        raise refusal(answer["error"]["detail"]) if refusal else BankChangeUnfinishedError(command["operation"])
    return answer
