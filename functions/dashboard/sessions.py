"""Sessions: Cognito's tokens in cookies that no script reads, verified on every visit and renewed when they end.

What a user may do is looked up on every visit; nothing of it is in a cookie. ``__Host-`` cookies belong to this host
alone and travel over TLS only.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from invoicing import sign_in
from invoicing.access_tokens import verify_access_token
from invoicing.errors import NotSignedInError, SignInRefusedError

ACCESS_COOKIE = "__Host-access"
REFRESH_COOKIE = "__Host-refresh"
CHALLENGE_COOKIE = "__Host-challenge"
LANGUAGE_COOKIE = "__Host-language"
SESSION_SECONDS = 12 * 3600
"""As long as the refresh token holds (template)."""
CHALLENGE_SECONDS = 180
"""As long as Cognito keeps the session of an unfinished sign-in."""
_YEAR_SECONDS = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Session:
    user_id: str
    access_token: str
    cookies: tuple[str, ...] = ()
    """To be set with the answer: the token was renewed."""


def read_cookies(event: Mapping[str, Any]) -> dict[str, str]:
    """The cookies of an HTTP API's event, by name: a list of their own, or in the header where a proxy left them."""
    found = event.get("cookies") or event.get("headers", {}).get("cookie", "").split(";")
    pairs = (str(cookie).partition("=") for cookie in found)
    return {name.strip(): value.strip() for name, _, value in pairs}


def open_session(cookies: Mapping[str, str]) -> Session:
    """Whose visit it is. Raises NotSignedInError without a token that is good or can be renewed."""
    access = cookies.get(ACCESS_COOKIE, "")
    if access:
        try:
            return Session(verify_access_token(access)["sub"], access)
        except NotSignedInError:
            pass
    user_id, _, refresh = cookies.get(REFRESH_COOKIE, "").partition("~")
    if not refresh:
        raise NotSignedInError("no session")
    try:
        renewed = sign_in.refresh(user_id, refresh)
    except SignInRefusedError as error:
        raise NotSignedInError("session over") from error
    claimed = verify_access_token(renewed.access_token)["sub"]
    return Session(claimed, renewed.access_token, tuple(build_session_cookies(renewed)))


def build_session_cookies(signed_in: sign_in.SignedIn) -> list[str]:
    return [
        build_cookie(ACCESS_COOKIE, signed_in.access_token, signed_in.expires_in),
        build_cookie(REFRESH_COOKIE, f"{signed_in.user_id}~{signed_in.refresh_token}", SESSION_SECONDS),
        clear_cookie(CHALLENGE_COOKIE),
    ]


def read_refresh_token(cookies: Mapping[str, str]) -> str:
    return cookies.get(REFRESH_COOKIE, "").partition("~")[2]


def build_challenge_cookie(kind: str, user_id: str, session: str) -> str:
    """An unfinished sign-in: ``kind`` is what is asked for next."""
    packed = base64.urlsafe_b64encode("|".join((kind, user_id, session)).encode()).decode()
    return build_cookie(CHALLENGE_COOKIE, packed, CHALLENGE_SECONDS)


def read_challenge(cookies: Mapping[str, str]) -> tuple[str, str, str]:
    """Kind, user id and Cognito's session. Raises NotSignedInError when there is none."""
    try:
        kind, user_id, session = base64.urlsafe_b64decode(cookies.get(CHALLENGE_COOKIE, "")).decode().split("|", 2)
    except (binascii.Error, ValueError) as error:
        raise NotSignedInError("no challenge") from error
    return kind, user_id, session


def build_language_cookie(language: str) -> str:
    return build_cookie(LANGUAGE_COOKIE, language, _YEAR_SECONDS)


def build_cookie(name: str, value: str, seconds: int) -> str:
    # Lax: a link in an e-mail may lead to the dashboard; a form of another site never carries it.
    return f"{name}={value}; Max-Age={seconds}; Path=/; Secure; HttpOnly; SameSite=Lax"


def clear_cookie(name: str) -> str:
    return build_cookie(name, "", 0)
