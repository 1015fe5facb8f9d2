"""Connecting a bank to the webhook, and carrying out what two officers decided about its keys and secrets.

Only the functions of operators and of changes come here. The caller's word allows nothing: a change is carried out
because the table says that one officer proposed it and another approved it, and on the client as it was then. Every
step may be repeated after a crash. Secrets are shown to who hands them over; nothing here logs or audits them.
"""

import secrets as random_secrets
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import NoReturn

from ulid import ULID

from invoicing import clock
from invoicing.bank_client_rules import check_client, check_connected_client
from invoicing.bank_clients import BankClient, Keep, SignatureVariant, keep_one, read_members
from invoicing.changes import (
    APPROVAL_LIFE,
    BANK_CLIENT_KINDS,
    BANK_CLIENTS,
    SHOWN_FOR,
    Change,
    ChangeKind,
    ChangeState,
    read_client_change,
)
from invoicing.errors import ChangeNotFoundError, ChangeStateError, RotationError, SamePersonError
from invoicing.settings import get_settings
from invoicing.store import bank_clients, changes, secrets
from invoicing.store.audit import BANK, add_audit_entry, build_audit_write
from invoicing.store.transactions import commit_all

SECRET_BYTES = 48
TOKEN_KEYS_REST = timedelta(minutes=30)
"""Token keys are changed again only when every token of the key before the last is dead, wherever it may be cached."""
_TRIES = 5


@dataclass(frozen=True, slots=True)
class Connection:
    client: BankClient
    secret: str
    """Empty where calls are signed with the bank's own key, and where it is not for the one who asks."""


def connect_bank(client: BankClient, *, user_id: str) -> Connection:
    """Create the client with a new secret. It may call only when two officers have enabled it.

    Raises BankClientInvalidError, BankClientExistsError.
    """
    now = clock.to_text(clock.now())
    client = replace(client, is_active=False, keys_since=(now,) * len(client.public_keys))
    check_client(client)
    if client.signature is SignatureVariant.ASYMMETRIC:
        bank_clients.add_client(client, user_id=user_id)
        return Connection(client, "")
    secret = _make_secret()
    # A name of its own per try: two that create the same client at once must not share a secret.
    name = f"{get_settings().bank_secrets_prefix}{client.client_id}/{ULID()}"
    client = replace(client, secret_arn=secrets.create_secret(name, (secret,)), secrets_since=(now,))
    bank_clients.add_client(client, user_id=user_id)
    return Connection(client, secret)


def disable_client(client_id: str, *, user_id: str, reason: str) -> BankClient:
    """Its calls are refused once every process has seen it: within a minute. Raises BankClientNotFoundError."""
    for _ in range(_TRIES):
        client = bank_clients.load_client(client_id)
        if not client.is_active:
            return client
        disabled = replace(client, is_active=False)
        if bank_clients.replace_client(client, disabled, action="disable_bank_client", user_id=user_id, reason=reason):
            return disabled
    raise RotationError("changed")


def carry_out_change(change_id: str, *, user_id: str) -> Connection | None:
    """Do what was approved; of a new secret the secret, if ``user_id`` is who approved it. Safe to repeat.

    None where no client is concerned. Raises ChangeNotFoundError, ChangeStateError, SamePersonError, RotationError.
    """
    change = _load_approved(change_id)
    if change.state is ChangeState.APPROVED:
        try:
            _carry_out(change)
        except ChangeStateError:
            # Another process may just have done it.
            if changes.load_change(change.owner, change_id).state is not ChangeState.CARRIED_OUT:
                raise
    client_id = read_client_change(change).client_id
    if not client_id:
        return None
    client = bank_clients.load_client(client_id)
    return Connection(client, _find_new_secret(change, client, user_id))


def _carry_out(change: Change) -> None:
    match change.kind:
        case ChangeKind.BEGIN_BANK_SECRET_CHANGE:
            _begin_secret_change(change)
        case ChangeKind.END_BANK_SECRET_CHANGE:
            _end_secret_change(change)
        case ChangeKind.CHANGE_TOKEN_KEYS:
            _change_token_keys(change)
        case _:
            _replace_members(change)


def _load_approved(change_id: str) -> Change:
    change = changes.load_change(BANK_CLIENTS, change_id)
    if change.kind not in BANK_CLIENT_KINDS:
        raise ChangeNotFoundError(change_id)
    if change.state not in (ChangeState.APPROVED, ChangeState.CARRIED_OUT):
        raise ChangeStateError(change.state)
    if change.decided_by is None or change.decided_by == change.proposed_by:
        raise SamePersonError(change_id)
    return change


def _load_client(change: Change) -> BankClient:
    """The client as it was when this was proposed; else the change lapses."""
    given = read_client_change(change)
    client = bank_clients.load_client(given.client_id)
    if client.version != given.version:
        _lapse(change)
    _check_life(change)
    return client


def _check_life(change: Change) -> None:
    if clock.from_text(change.decided_at or "") + APPROVAL_LIFE < clock.now():
        raise ChangeStateError("expired")


def _replace_members(change: Change) -> None:
    client = _load_client(change)
    now = clock.to_text(clock.now())
    after = replace(client, **read_members(read_client_change(change).after))
    since = dict(zip(client.public_keys, client.keys_since, strict=False))
    after = replace(after, keys_since=tuple(since.get(key, now) for key in after.public_keys))
    check_connected_client(after)
    if not _write(change, client, after, ends=True):
        _lapse(change)


def _begin_secret_change(change: Change) -> None:
    """First the client, which lets but one change begin; then the secret, once per change; then it is done."""
    client = bank_clients.load_client(read_client_change(change).client_id)
    if client.secret_change != change.change_id:
        client = _load_client(change)
        since = (clock.to_text(clock.now()), *client.secrets_since)
        begun = replace(client, secret_change=change.change_id, secrets_since=since)
        if not _write(change, client, begun):
            # Another process may have begun this very change.
            client = bank_clients.load_client(client.client_id)
            if client.secret_change != change.change_id:
                _lapse(change)
    values, made_by = secrets.fetch_change(client.secret_arn)
    if made_by != change.change_id:
        # The last one is the one in use: what stands before it was never shown to anybody.
        secrets.replace_secret(client.secret_arn, (_make_secret(), values[-1]), change.change_id)
    commit_all([_build_outcome(change)])


def _end_secret_change(change: Change) -> None:
    """First the client, which then waits for this change alone; then the secret; then it is done."""
    given = read_client_change(change)
    keep = Keep(given.after["keep"])
    client = bank_clients.load_client(given.client_id)
    if client.secret_change != change.change_id:
        client = _load_client(change)
        _, made_by = secrets.fetch_change(client.secret_arn)
        if keep is Keep.NEW and made_by != client.secret_change:
            raise RotationError("not_made")
        if not _write(change, client, replace(client, secret_change=change.change_id)):
            client = bank_clients.load_client(given.client_id)
            if client.secret_change != change.change_id:
                _lapse(change)
    values, made_by = secrets.fetch_change(client.secret_arn)
    if made_by != change.change_id:
        secrets.replace_secret(client.secret_arn, keep_one(values, keep), change.change_id)
    for _ in range(_TRIES):
        client = bank_clients.load_client(given.client_id)
        if client.secret_change != change.change_id:
            return
        ended = replace(client, secret_change="", secrets_since=keep_one(client.secrets_since, keep))
        if _write(change, client, ended, ends=True):
            return
    raise RotationError("changed")


def _change_token_keys(change: Change) -> None:
    arn = get_settings().snap_token_keys
    values, made_by = secrets.fetch_change(arn)
    if made_by != change.change_id:
        _check_life(change)
        if clock.now() - secrets.fetch_change_time(arn) < TOKEN_KEYS_REST:
            raise RotationError("token_keys_rest")
        secrets.replace_secret(arn, (_make_secret(), values[0]), change.change_id)
    entry = build_audit_write(
        BANK,
        user_id=change.decided_by or "",
        action="change_token_keys",
        subject="access_tokens",
        at=clock.to_text(clock.now()),
        after={"change_id": change.change_id},
        reason=change.reason,
    )
    commit_all([_build_outcome(change), entry])


def _find_new_secret(change: Change, client: BankClient, user_id: str) -> str:
    """For who approved it, for an hour, while the change is going on; each showing leaves an entry in the trail."""
    if change.kind is not ChangeKind.BEGIN_BANK_SECRET_CHANGE or change.decided_by != user_id:
        return ""
    if client.secret_change != change.change_id or clock.from_text(change.decided_at or "") + SHOWN_FOR < clock.now():
        return ""
    values, made_by = secrets.fetch_change(client.secret_arn)
    if made_by != change.change_id:
        return ""
    add_audit_entry(
        BANK,
        user_id=user_id,
        action="show_bank_secret",
        subject=client.client_id,
        at=clock.to_text(clock.now()),
        after={"change_id": change.change_id},
    )
    return values[0]


def _write(change: Change, before: BankClient, after: BankClient, *, ends: bool = False) -> bool:
    """The client as approved, with its entry in the trail; ``ends``: and the change is carried out."""
    return bank_clients.replace_client(
        before,
        after,
        action=change.kind,
        user_id=change.decided_by or "",
        reason=change.reason,
        also=[_build_outcome(change)] if ends else (),
    )


def _build_outcome(change: Change) -> dict[str, object]:
    return changes.build_outcome(change, ChangeState.CARRIED_OUT, clock.to_text(clock.now()))


def _lapse(change: Change) -> NoReturn:
    at = clock.to_text(clock.now())
    entry = build_audit_write(
        BANK,
        user_id=change.decided_by or "",
        action=f"lapse_{change.kind}",
        subject=change.change_id,
        at=at,
        reason=change.reason,
    )
    commit_all([changes.build_outcome(change, ChangeState.LAPSED, at), entry])
    raise ChangeStateError("changed meanwhile")


def _make_secret() -> str:
    return random_secrets.token_urlsafe(SECRET_BYTES)
