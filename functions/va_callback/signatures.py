"""SNAP's signatures, checked over the bytes received: nothing is parsed, nothing is written anew, before one fits."""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from invoicing.bank_clients import BankClient, MinifyMode, read_public_key

_WHITESPACE = b" \t\r\n"
# A string (the last one perhaps cut off), which stays as it is, or white space between strings.
_STRING_OR_SPACE = re.compile(rb'("[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z))|[ \t\r\n]+', re.DOTALL)
_NOTHING_OUTSIDE = re.compile(rb"[ \t\r\n]")


@dataclass(frozen=True, slots=True)
class Signed:
    """What a call's signature covers, and the signature."""

    method: str
    path: str
    body: bytes
    timestamp: str
    signature: str


def minify(body: bytes) -> bytes:
    """Without the white space that stands outside strings; every other byte, escapes and numbers too, as received."""
    if not _NOTHING_OUTSIDE.search(body):
        return body
    return _STRING_OR_SPACE.sub(lambda match: match[1] or b"", body)


def is_symmetric_signature(signed: Signed, *, token: str, client: BankClient, secrets: Iterable[str]) -> bool:
    """HMAC-SHA512 with any of the client's secrets, each used as text."""
    given = _decode(signed.signature)
    fits = False
    for digest in _hash_body(signed.body, client.minify):
        path = f"{client.signed_path_prefix}{signed.path}"
        text = f"{signed.method}:{path}:{token}:{digest}:{signed.timestamp}".encode()
        for secret in secrets:
            fits |= hmac.compare_digest(hmac.digest(secret.encode(), text, "sha512"), given)
    return fits


def is_asymmetric_signature(signed: Signed, client: BankClient) -> bool:
    """RSA over the same text without a token, with any of the client's public keys."""
    path = f"{client.signed_path_prefix}{signed.path}"
    return any(
        is_rsa_signature(signed.signature, f"{signed.method}:{path}:{digest}:{signed.timestamp}", client)
        for digest in _hash_body(signed.body, client.minify)
    )


def is_rsa_signature(signature: str, text: str, client: BankClient) -> bool:
    """RSA PKCS#1 v1.5 with SHA-256, by a key of the client that is long enough."""
    # Slow to import; most calls are checked by HMAC and need none of it.
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256

    given = _decode(signature)
    for pem in client.public_keys:
        key = read_public_key(pem)
        if key.key_size < client.min_key_bits:
            continue
        try:
            key.verify(given, text.encode(), PKCS1v15(), SHA256())
        except InvalidSignature:
            continue
        return True
    return False


def _hash_body(body: bytes, mode: MinifyMode) -> Iterator[str]:
    """Lower-case hexadecimal SHA-256 of each form of the body that this client may have signed."""
    forms = [minify(body), body]
    if mode is MinifyMode.STRIP_ALL:
        forms.append(body.translate(None, _WHITESPACE))
    for form in dict.fromkeys(forms):
        yield hashlib.sha256(form).hexdigest()


def _decode(signature: str) -> bytes:
    """The bytes of a base64 signature; empty, which fits nothing, for anything else."""
    try:
        return base64.b64decode(signature, validate=True)
    except ValueError:
        return b""
