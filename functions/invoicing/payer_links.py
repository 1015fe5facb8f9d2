"""Links to the payer's page: one per recipient of an invoice, made without a database write and never guessed.

A token is one AES block (16 bytes, 22 characters of base64url), the key's permutation of::

    88 bits  the digits "1" + bank code (3) + VA number (9-23) as one whole number; the 1 keeps leading zeros
    24 bits  tag: hash of bank, VA number and the recipient's address, so that each recipient has an own link
    16 bits  zero

No personal datum is in it. Of the 2^128 texts of that length, with 2^38 links ever given out (275 billion: a bill a
month to two recipients for each of 80 million children over 140 years), a share of 2^-90 is one. A million guesses a
second for a hundred years (2^51) find one with probability 2^-38. A wrong token passes the form (zeros, bank, length)
once in about 2^27 tries, so guesses cost no read of the database, and a token made with one key hardly ever passes for
one made with another.

ECB is right here and nowhere else: exactly one block, of which no two are equal but for the same recipient's.
"""

import base64
import hashlib
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, cast

from invoicing import clock
from invoicing.invoices import InvoiceStatus, Recipient
from invoicing.notices import normalise_address
from invoicing.settings import get_settings
from invoicing.store.versioned_secrets import load_secrets

TOKEN_LENGTH = 22
LINK_LIFE = timedelta(days=400)
"""How long after the due date, or the payment if that is later, a link still opens: a school year and its appeals."""

_NUMBER_BYTES, _TAG_BYTES, _PADDING = 11, 3, bytes(2)
_TOKEN = re.compile(r"[A-Za-z0-9_-]{22}", re.ASCII)
_PACKED = re.compile(r"1(\d{3})(\d{9,23})", re.ASCII)
_KEYS_LAST_SECONDS, _LOOK_AGAIN_SECONDS = 300, 10


@dataclass(frozen=True, slots=True)
class PayerToken:
    """What a valid token says. Whether there is such an account and recipient, ``find_recipient`` tells."""

    bank_code: str
    va_number: str
    recipient_tag: bytes


def build_payer_token(bank_code: str, va_number: str, address: str) -> str:
    """The recipient's token for the invoice of this account. Raises ValueError for a number that does not fit."""
    digits = f"1{bank_code}{va_number}"
    if not _PACKED.fullmatch(digits):
        raise ValueError("not a bank code and a virtual account number")
    block = int(digits).to_bytes(_NUMBER_BYTES, "big") + _compute_tag(bank_code, va_number, address) + _PADDING
    return base64.urlsafe_b64encode(_encrypt(_get_keys()[0], block)).decode().rstrip("=")


def build_payer_link(bank_code: str, va_number: str, address: str) -> str:
    """The recipient's address of the payer's page; empty where the deployment has no such page."""
    base = get_settings().payer_link_base
    return f"{base.rstrip('/')}/{build_payer_token(bank_code, va_number, address)}" if base else ""


def read_payer_token(token: str) -> PayerToken | None:
    """None for whatever is no token of ours; the current and the previous key count."""
    if not _TOKEN.fullmatch(token):
        return None
    block = base64.urlsafe_b64decode(f"{token}==")
    if base64.urlsafe_b64encode(block).decode().rstrip("=") != token:
        # The last character has four bits to spare: one link, one spelling.
        return None
    found = _find_form(block, _get_keys())
    # Perhaps made with a key newer than those remembered here.
    return found or _find_form(block, _get_keys(_LOOK_AGAIN_SECONDS))


def find_recipient(invoice: Mapping[str, Any], token: PayerToken) -> Recipient | None:
    """Whose link it is; None when the contact was corrected since, or is not of this invoice: the link is dead."""
    found = find_link_address(invoice, token)
    return found[0] if found else None


def find_link_address(invoice: Mapping[str, Any], token: PayerToken) -> tuple[Recipient, str] | None:
    """Whose link it is, and for which of the recipient's addresses it was made; None as in ``find_recipient``."""
    if (invoice["bank_code"], invoice["va_number"]) != (token.bank_code, token.va_number):
        return None
    for recipient in invoice["recipients"]:
        for channel in ("email", "whatsapp", "sms"):
            address = recipient.get(channel)
            if address and _compute_tag(token.bank_code, token.va_number, address) == token.recipient_tag:
                return cast(Recipient, recipient), address
    return None


def has_link_expired(invoice: Mapping[str, Any], now: datetime) -> bool:
    """Whether the links of an invoice, open, paid or archived, no longer open at ``now``."""
    due = datetime.combine(date.fromisoformat(invoice["due_date"]), datetime.min.time(), clock.JAKARTA)
    paid = invoice["paid_at"] if invoice["status"] == InvoiceStatus.PAID else None
    last = max(due, clock.from_text(paid)) if paid else due
    return now.astimezone(UTC) > last + LINK_LIFE


def _compute_tag(bank_code: str, va_number: str, address: str) -> bytes:
    parts = f"{bank_code}|{va_number}|{normalise_address(address)}"
    return hashlib.sha256(parts.encode()).digest()[:_TAG_BYTES]


def _find_form(block: bytes, keys: tuple[bytes, ...]) -> PayerToken | None:
    for key in keys:
        plain = _decrypt(key, block)
        number, tag, padding = plain[:_NUMBER_BYTES], plain[_NUMBER_BYTES:-2], plain[-2:]
        packed = _PACKED.fullmatch(str(int.from_bytes(number, "big")))
        if padding == _PADDING and packed and packed[1] == get_settings().bank_code:
            return PayerToken(packed[1], packed[2], tag)
    return None


def _encrypt(key: bytes, block: bytes) -> bytes:
    encryptor = _load_cipher(key).encryptor()
    sealed: bytes = encryptor.update(block) + encryptor.finalize()
    return sealed


def _decrypt(key: bytes, block: bytes) -> bytes:
    decryptor = _load_cipher(key).decryptor()
    opened: bytes = decryptor.update(block) + decryptor.finalize()
    return opened


@lru_cache(maxsize=4)
def _load_cipher(key: bytes) -> Any:
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    return Cipher(algorithms.AES(key), modes.ECB())  # noqa: S305 - a single block


def _get_keys(seconds: int = _KEYS_LAST_SECONDS) -> tuple[bytes, ...]:
    """Newest first, remembered for so long."""
    return _load_keys(seconds, int(time.monotonic() // seconds))


@lru_cache(maxsize=2)
def _load_keys(_seconds: int, _period: int) -> tuple[bytes, ...]:
    # The secret is random text; its hash is a key of the right length.
    secrets = load_secrets(get_settings().payer_link_key)
    return tuple(hashlib.sha256(b"payer-link|" + secret.encode()).digest() for secret in secrets)
