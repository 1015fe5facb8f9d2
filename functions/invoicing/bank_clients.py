"""Bank clients: who may call the webhook, and how that bank speaks SNAP. All of it is data, nothing is detected."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING

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
    version: int = 0
    """Of the stored settings, raised with every change."""


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
