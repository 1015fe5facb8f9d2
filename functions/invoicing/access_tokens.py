"""Access tokens of the user pool, verified here where no gateway did it: signature, issuer, time, use and client."""

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from invoicing.errors import NotSignedInError
from invoicing.settings import get_settings
from invoicing.user_pool import client

if TYPE_CHECKING:
    from jwt import PyJWKClient

_KEYS_LIFE_SECONDS = 3600
_KEYS_TIMEOUT_SECONDS = 3


def verify_access_token(token: str) -> dict[str, Any]:
    """The claims of an access token of our pool. Raises NotSignedInError for any other text.

    Whoever calls this decides whether the token's ``client_id`` may do what it asks for.
    """
    import jwt

    pool_id = get_settings().user_pool_id
    try:
        key = _make_key_client().get_signing_key_from_jwt(token)
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=["RS256"],
            issuer=f"https://cognito-idp.{pool_id.partition('_')[0]}.amazonaws.com/{pool_id}",
            # An access token of Cognito has a client_id in the place of an audience.
            options={"require": ["exp", "iat", "sub", "client_id", "token_use"], "verify_aud": False},
        )
    except jwt.PyJWKClientConnectionError:
        # Ours to mend, not the caller's: it must not look like a bad token.
        raise
    except (jwt.PyJWTError, ValueError) as error:
        raise NotSignedInError(type(error).__name__) from error
    if claims["token_use"] != "access":  # noqa: S105 - a kind of token, no secret
        raise NotSignedInError("no access token")
    return claims


@lru_cache(maxsize=1)
def _make_key_client() -> "PyJWKClient":
    # Imported here: RSA costs start-up time that only those who verify pay. The endpoint of Cognito is its issuer too.
    from jwt import PyJWKClient

    address = f"{client().meta.endpoint_url}/{get_settings().user_pool_id}/.well-known/jwks.json"
    return PyJWKClient(address, lifespan=_KEYS_LIFE_SECONDS, timeout=_KEYS_TIMEOUT_SECONDS)
