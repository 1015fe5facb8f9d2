"""Access tokens (73): signed by us, bound to one client, dead after 15 minutes, read without any database."""

import hashlib
from datetime import timedelta
from functools import lru_cache

from invoicing import clock
from invoicing.settings import get_settings
from invoicing.store.secrets import Pair, load_newer_secret, load_secret

LIFE = timedelta(minutes=15)
_ALGORITHM = "HS256"
_AUDIENCE = "snap"
_MAX_KEPT = 64
"""Tokens whose reading is kept in this process; made-up ones push each other out."""


def issue_token(client_id: str) -> str:
    # Brings cryptography with it, slow to import: only with the first call.
    import jwt

    key = load_secret(get_settings().snap_token_keys)[0]
    now = clock.now()
    claims = {"sub": client_id, "aud": _AUDIENCE, "iat": now, "exp": now + LIFE}
    return jwt.encode(claims, key, algorithm=_ALGORITHM, headers={"kid": _name_key(key)})


def is_token_of(token: str, client_id: str) -> bool:
    """Ours, alive, and given to this client."""
    arn = get_settings().snap_token_keys
    named = _read_key_name(token)
    key = _find_key(load_secret(arn), named)
    if key is None:
        # Signed by another process with a key that is newer than ours, or made up.
        key = _find_key(load_newer_secret(arn) or (), named)
    claims = _read_claims(token, key) if key is not None else None
    # Life by our own clock: the library has no way to be told the time.
    return claims is not None and claims[0] == client_id and clock.now().timestamp() < claims[1]


@lru_cache(maxsize=_MAX_KEPT)
def _read_claims(token: str, key: str) -> tuple[str, float] | None:
    """Client and end of life; None of a token that this key did not sign. A bank sends one token for 15 minutes."""
    import jwt

    options = {"require": ["sub", "aud", "iat", "exp"], "verify_exp": False, "verify_iat": False}
    try:
        claims = jwt.decode(token, key, algorithms=[_ALGORITHM], audience=_AUDIENCE, options=options)  # type: ignore[arg-type]
    except jwt.InvalidTokenError:
        return None
    return str(claims["sub"]), float(claims["exp"])


@lru_cache(maxsize=_MAX_KEPT)
def _read_key_name(token: str) -> str:
    import jwt

    try:
        return str(jwt.get_unverified_header(token).get("kid", ""))
    except jwt.InvalidTokenError:
        return ""


def _find_key(keys: Pair, name: str) -> str | None:
    return next((key for key in keys if _name_key(key) == name), None)


def _name_key(key: str) -> str:
    """Tells two keys apart and gives nothing of them away."""
    return hashlib.sha256(key.encode()).hexdigest()[:16]
