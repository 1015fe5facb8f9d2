"""Bank clients: who may call the webhook, and how that bank speaks SNAP. All of it is data, nothing is detected."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from invoicing.postings import PaymentChannel


class SignatureVariant(StrEnum):
    """How calls 24-26 are signed. Set per client: were it detected, an attacker would choose the weaker one."""

    SYMMETRIC = "symmetric"
    """HMAC-SHA512 with the client secret, bound to an access token (SNAP, the usual way)."""
    ASYMMETRIC = "asymmetric"
    """RSA-SHA256 with the client's key, no access token."""


class MinifyMode(StrEnum):
    """What is hashed of the body as received, in the order in which it is tried; ``STRIP_ALL`` adds a third way."""

    KEEP_STRINGS = "keep_strings"
    STRIP_ALL = "strip_all"
    """Also without the spaces inside strings, as some banks' clients wrongly do."""


class Keep(StrEnum):
    """Which of two keys or secrets stays when their change ends."""

    NEW = "new"
    OLD = "old"


@dataclass(frozen=True, slots=True)
class BankClient:
    client_id: str
    """What the bank sends as X-CLIENT-KEY."""
    bank_code: str
    """Bank of the virtual accounts that it may ask about and pay."""
    partner_id: str
    """What it sends as X-PARTNER-ID."""
    public_keys: tuple[str, ...]
    """PEM (SPKI), newest first; two at a time while the bank changes its key."""
    secret_arn: str
    """Secrets Manager: the client secrets of the symmetric signature, current and previous."""
    is_active: bool = True
    signature: SignatureVariant = SignatureVariant.SYMMETRIC
    minify: MinifyMode = MinifyMode.KEEP_STRINGS
    signed_path_prefix: str = ""
    """Put before the received path in the text that is signed, where a proxy strips what the bank was told."""
    timestamp_tolerance_seconds: int = 900
    numeric_external_id: bool = False
    """X-EXTERNAL-ID must be digits only."""
    replay_code_success: bool = False
    """A repeat of the same X-EXTERNAL-ID and payment is answered 2002500 instead of 4042518."""
    sub_company: str = "00000"
    """What is answered as sub-company, as registered at the bank; this is the usual one."""
    channels_by_id: Mapping[str, PaymentChannel] = field(default_factory=dict)
    """Where a payer paid, by the channel id of the call's header."""
    channels_by_code: Mapping[str, PaymentChannel] = field(default_factory=lambda: {"6010": PaymentChannel.TELLER})
    """The same by the body's channel code (ISO 18245), where the header's id says nothing. 6011 is any e-channel."""
    own_bank_codes: tuple[str, ...] = ()
    """Source bank codes beside ``bank_code`` that mean the bank itself; any other one is a transfer from there."""
    allowed_networks: tuple[str, ...] = ()
    """CIDR blocks; empty: any address that the API's own resource policy lets in."""
    min_key_bits: int = 2048
    keys_since: tuple[str, ...] = ()
    """When each of ``public_keys`` was added."""
    secrets_since: tuple[str, ...] = ()
    """The same of its secrets."""
    secret_change: str = ""
    """Id of the change of its secret that has begun, or is ending; empty when none is going on."""
    version: int = 0
    """Of the stored settings, raised with every change."""


def keep_one(values: tuple[str, ...], keep: Keep) -> tuple[str, ...]:
    """Of what stands newest first; all of it where there is but one."""
    return values[:1] if keep is Keep.NEW else values[-1:]


def read_members(record: Mapping[str, Any]) -> dict[str, Any]:
    """Those of a client that ``record`` has, of their types, from a table's item or JSON."""
    members: dict[str, Any] = {
        field.name: tuple(record[field.name]) if isinstance(record[field.name], list) else record[field.name]
        for field in fields(BankClient)
        if field.name in record
    }
    for name, kind in (("signature", SignatureVariant), ("minify", MinifyMode)):
        if name in members:
            members[name] = kind(members[name])
    return members


def describe_client(client: BankClient) -> dict[str, Any]:
    """For people and the trail: of its keys the fingerprints, of its secrets nothing but since when they are."""
    shown = asdict(client)
    del shown["secret_arn"]
    return shown | {"public_keys": tuple(map(compute_fingerprint, client.public_keys))}


@lru_cache(maxsize=64)
def compute_fingerprint(pem: str) -> str:
    """SHA-256 of the key, as ``openssl pkey -pubin -outform der | sha256sum`` prints it; of none, ``unreadable``.

    A record that somebody spoilt must show itself, and hide no other.
    """
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    try:
        key = read_public_key(pem).public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except ValueError:
        return "unreadable"
    return hashlib.sha256(key).hexdigest()


@lru_cache(maxsize=16)
def read_public_key(pem: str) -> "RSAPublicKey":
    """Raises ValueError, with words for the operator, for anything but an RSA public key in PEM."""
    # Slow to import; most calls are checked by HMAC and need none of it.
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ValueError("not a public key in PEM form (-----BEGIN PUBLIC KEY-----)") from error
    if not isinstance(key, RSAPublicKey):
        raise ValueError("not an RSA key")
    return key
