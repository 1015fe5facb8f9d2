"""Connecting a bank to the webhook: its client, its keys and secrets, and how both are changed without a gap.

Secrets are shown once, to the operator who hands them over; nothing here logs or audits them.
"""

import ipaddress
import re
import secrets as random_secrets
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import Any

from ulid import ULID

from invoicing import clock
from invoicing.bank_clients import BankClient, SignatureVariant, read_public_key
from invoicing.errors import BankClientInvalidError, RotationError
from invoicing.settings import get_settings
from invoicing.store import bank_clients, secrets
from invoicing.store.audit import BANK, add_audit_entry

SECRET_BYTES = 48
TOKEN_KEYS_REST = timedelta(minutes=30)
"""Token keys are changed again only when every token of the key before the last is dead, wherever it may be cached."""
LONGEST_TOLERANCE_SECONDS = 8 * 3600
"""Real clients print UTC digits with the offset of Jakarta: seven hours off."""
SMALLEST_KEY_BITS = 1024

_CLIENT_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_PARTNER_ID = re.compile(r"[A-Za-z0-9._-]{1,36}")
_PATH_PREFIX = re.compile(r"(/[A-Za-z0-9._~-]+)*")


class Keep(StrEnum):
    """Which of two secrets stays when a change of secrets ends."""

    NEW = "new"
    OLD = "old"


@dataclass(frozen=True, slots=True)
class Connection:
    client: BankClient
    secret: str
    """Empty where calls are signed with the bank's own key."""


def connect_bank(client: BankClient, *, user_id: str) -> Connection:
    """Create the client with a new secret. Raises BankClientInvalidError, BankClientExistsError."""
    _validate(client)
    if client.signature is SignatureVariant.ASYMMETRIC:
        bank_clients.add_client(client, user_id=user_id)
        return Connection(client, "")
    secret = _make_secret()
    # A name of its own per try: two that create the same client at once must not share a secret.
    name = f"{get_settings().bank_secrets_prefix}{client.client_id}/{ULID()}"
    client = replace(client, secret_arn=secrets.create_secret(name, (secret,)))
    bank_clients.add_client(client, user_id=user_id)
    return Connection(client, secret)


def change_settings(client_id: str, changes: dict[str, Any], *, user_id: str, reason: str) -> BankClient:
    """Raises BankClientNotFoundError, BankClientInvalidError."""
    before = bank_clients.load_client(client_id)
    after = replace(before, **changes)
    if after.signature is SignatureVariant.SYMMETRIC and not after.secret_arn:
        raise BankClientInvalidError("signature: this client has no secret; connect the bank with a new client")
    _validate(after)
    _replace(before, after, "change_bank_client", user_id, reason)
    return after


def disable_client(client_id: str, *, user_id: str, reason: str) -> BankClient:
    """Its calls are refused once every process has seen it: within a minute. Raises BankClientNotFoundError."""
    return change_settings(client_id, {"is_active": False}, user_id=user_id, reason=reason)


def enable_client(client_id: str, *, user_id: str, reason: str) -> BankClient:
    return change_settings(client_id, {"is_active": True}, user_id=user_id, reason=reason)


def add_public_key(client_id: str, pem: str, *, user_id: str, reason: str) -> BankClient:
    """Both keys are good until the old one is removed. Raises RotationError when there are two already."""
    client = bank_clients.load_client(client_id)
    if pem in client.public_keys:
        return client
    if len(client.public_keys) > 1:
        raise RotationError("public keys: there are two already; end that change first")
    return change_settings(client_id, {"public_keys": (pem, *client.public_keys)}, user_id=user_id, reason=reason)


def end_key_change(client_id: str, keep: Keep, *, user_id: str, reason: str) -> BankClient:
    """Raises RotationError when there is but one key."""
    client = bank_clients.load_client(client_id)
    kept = _keep_one(client.public_keys, keep, "public keys")
    return change_settings(client_id, {"public_keys": kept}, user_id=user_id, reason=reason)


def begin_secret_change(client_id: str, *, user_id: str, reason: str) -> Connection:
    """A second secret beside the one in use: both are good until the change ends.

    Raises RotationError when there are two already: a repeat must not push out the one that the bank uses.
    """
    client = bank_clients.load_client(client_id)
    values = _read_secrets(client)
    if len(values) > 1:
        raise RotationError("secret: there are two already; end that change first")
    secret = _make_secret()
    _replace(client, client, "begin_bank_secret_change", user_id, reason)
    secrets.replace_secret(client.secret_arn, (secret, *values))
    return Connection(client, secret)


def end_secret_change(client_id: str, keep: Keep, *, user_id: str, reason: str) -> BankClient:
    """Raises RotationError when there is but one secret."""
    client = bank_clients.load_client(client_id)
    kept = _keep_one(_read_secrets(client), keep, "secret")
    _replace(client, client, "end_bank_secret_change", user_id, f"{reason} (kept: {keep})")
    secrets.replace_secret(client.secret_arn, kept)
    return client


def change_token_keys(*, user_id: str, reason: str) -> None:
    """New access tokens get a new key; those given out stay good. Raises RotationError shortly after a change."""
    arn = get_settings().snap_token_keys
    changed_at = secrets.fetch_change_time(arn)
    if clock.now() - changed_at < TOKEN_KEYS_REST:
        raise RotationError(f"token keys: changed at {clock.to_text(changed_at)}; wait 30 minutes between changes")
    add_audit_entry(
        BANK,
        user_id=user_id,
        action="change_token_keys",
        subject="access_tokens",
        at=clock.to_text(clock.now()),
        reason=reason,
    )
    secrets.replace_secret(arn, (_make_secret(), secrets.fetch_secret(arn)[0]))


def _replace(before: BankClient, after: BankClient, action: str, user_id: str, reason: str) -> None:
    if not bank_clients.replace_client(before, after, action=action, user_id=user_id, reason=reason):
        raise RotationError("the client was changed by somebody else just now; look at it and try again")


def _read_secrets(client: BankClient) -> secrets.Pair:
    if not client.secret_arn:
        raise RotationError("secret: this client signs with its own key and has none")
    return secrets.fetch_secret(client.secret_arn)


def _keep_one(values: tuple[str, ...], keep: Keep, what: str) -> tuple[str, ...]:
    if len(values) < 2:
        raise RotationError(f"{what}: no change is going on")
    return values[:1] if keep is Keep.NEW else values[1:]


def _make_secret() -> str:
    return random_secrets.token_urlsafe(SECRET_BYTES)


def _validate(client: BankClient) -> None:
    rules = {
        "client_id": _CLIENT_ID.fullmatch(client.client_id),
        "partner_id": _PARTNER_ID.fullmatch(client.partner_id),
        "bank_code": client.bank_code == get_settings().bank_code,
        "signed_path_prefix": _PATH_PREFIX.fullmatch(client.signed_path_prefix),
        "timestamp_tolerance_seconds": 60 <= client.timestamp_tolerance_seconds <= LONGEST_TOLERANCE_SECONDS,
        "min_key_bits": client.min_key_bits >= SMALLEST_KEY_BITS,
        "public_keys": 1 <= len(client.public_keys) <= 2,
    }
    for name, holds in rules.items():
        if not holds:
            raise BankClientInvalidError(name)
    for network in client.allowed_networks:
        try:
            ipaddress.ip_network(network)
        except ValueError as error:
            raise BankClientInvalidError(f"allowed_networks: {error}") from error
    for pem in client.public_keys:
        try:
            bits = read_public_key(pem).key_size
        except ValueError as error:
            raise BankClientInvalidError(f"public_keys: {error}") from error
        if bits < client.min_key_bits:
            raise BankClientInvalidError(f"public_keys: {bits} bits, at least {client.min_key_bits} are asked for")
