"""Persons sign in, choose a new password, reset a forgotten one: by Cognito, behind a counter of attempts of our own.

Used by servers only, which hold the app client's secret: nobody can ask Cognito past the counter. Every refusal looks
the same whether the address is known, unknown, disabled or not yet confirmed.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from botocore.exceptions import ClientError

from invoicing import clock
from invoicing.access_tokens import verify_access_token
from invoicing.errors import CodeRefusedError, PasswordRuleError, SignInRefusedError, TooManyAttemptsError
from invoicing.settings import get_settings
from invoicing.store.sign_in_attempts import count_attempt, forget_attempts
from invoicing.user_pool import client

_WINDOW_SECONDS = 15 * 60
_PASSWORD_TRIES = 5
_RESET_WINDOW_SECONDS = 60 * 60
_RESETS = 3
_CODE_TRIES = 5
_SOURCE_TRIES = 60
"""Over all addresses, from one network address: guessing one password on many of them."""
MIN_PASSWORD = 12
_PASSWORD = re.compile(rf"(?=.*[a-z])(?=.*[A-Z])(?=.*[0-9]).{{{MIN_PASSWORD},256}}", re.DOTALL)
"""The user pool's rule (template), asked first: its own refusal would tell that the address is known."""

_BUSY = frozenset({"TooManyRequestsException", "LimitExceededException", "TooManyFailedAttemptsException"})
_WRONG_PERSON = frozenset(
    {
        "NotAuthorizedException",
        "UserNotFoundException",
        "UserNotConfirmedException",
        "PasswordResetRequiredException",
        "InvalidParameterException",
    }
)
_WRONG_CODE = _WRONG_PERSON | {"CodeMismatchException", "ExpiredCodeException"}


@dataclass(frozen=True, slots=True)
class SignedIn:
    user_id: str
    access_token: str
    refresh_token: str
    expires_in: int
    """Seconds for which the access token holds."""


@dataclass(frozen=True, slots=True)
class NewPasswordNeeded:
    """The first sign-in, with the temporary password: go on with ``answer_new_password``."""

    user_id: str
    session: str


@dataclass(frozen=True, slots=True)
class CodeNeeded:
    """The user has an authenticator app: go on with ``answer_totp``."""

    user_id: str
    session: str


def sign_in(email: str, password: str, source: str) -> SignedIn | NewPasswordNeeded | CodeNeeded:
    """``source``: the network address that asks. Raises SignInRefusedError, TooManyAttemptsError."""
    key = _count("password", email, _PASSWORD_TRIES, _WINDOW_SECONDS, source)
    name = _normalise(email)
    answer = _ask(
        _WRONG_PERSON,
        SignInRefusedError,
        "admin_initiate_auth",
        UserPoolId=get_settings().user_pool_id,
        ClientId=get_settings().dashboard_client_id,
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": name, "PASSWORD": password, "SECRET_HASH": _sign(name)},
    )
    forget_attempts(key, _seconds())
    return _read_answer(answer)


def answer_new_password(needed: NewPasswordNeeded, new_password: str) -> SignedIn | NewPasswordNeeded | CodeNeeded:
    """Raises PasswordRuleError, SignInRefusedError (the session is over: sign in again)."""
    _check_password(new_password)
    return _answer(needed.user_id, needed.session, "NEW_PASSWORD_REQUIRED", {"NEW_PASSWORD": new_password})


def answer_totp(needed: CodeNeeded, code: str) -> SignedIn | NewPasswordNeeded | CodeNeeded:
    """Raises CodeRefusedError, SignInRefusedError, TooManyAttemptsError."""
    key = _count("totp", needed.user_id, _CODE_TRIES, _WINDOW_SECONDS, None)
    signed_in = _answer(needed.user_id, needed.session, "SOFTWARE_TOKEN_MFA", {"SOFTWARE_TOKEN_MFA_CODE": code})
    forget_attempts(key, _seconds())
    return signed_in


def start_totp(access_token: str) -> str:
    """The secret for an authenticator app; it counts from ``finish_totp`` on."""
    secret: str = client().associate_software_token(AccessToken=access_token)["SecretCode"]
    return secret


def finish_totp(access_token: str, code: str) -> None:
    """Ask for a code at every sign-in from now on. Raises CodeRefusedError."""
    refused = _WRONG_CODE | {"EnableSoftwareTokenMFAException"}
    _ask(refused, CodeRefusedError, "verify_software_token", AccessToken=access_token, UserCode=code)
    client().set_user_mfa_preference(
        AccessToken=access_token, SoftwareTokenMfaSettings={"Enabled": True, "PreferredMfa": True}
    )


def start_password_reset(email: str, source: str) -> None:
    """Send a code to the address if it is a user's. Says nothing of whether it is. Raises TooManyAttemptsError."""
    _count("reset", email, _RESETS, _RESET_WINDOW_SECONDS, source)
    name = _normalise(email)
    try:
        client().forgot_password(ClientId=get_settings().dashboard_client_id, Username=name, SecretHash=_sign(name))
    except ClientError as error:
        # Its limit holds for users only, and so does a mail that could not leave.
        if error.response["Error"]["Code"] not in _WRONG_PERSON | _BUSY | {"CodeDeliveryFailureException"}:
            raise


def finish_password_reset(email: str, code: str, new_password: str, source: str) -> None:
    """Set the new password and end every session. Raises PasswordRuleError, CodeRefusedError, TooManyAttemptsError."""
    _check_password(new_password)
    key = _count("code", email, _CODE_TRIES, _RESET_WINDOW_SECONDS, source)
    name = _normalise(email)
    _ask(
        _WRONG_CODE,
        CodeRefusedError,
        "confirm_forgot_password",
        ClientId=get_settings().dashboard_client_id,
        Username=name,
        SecretHash=_sign(name),
        ConfirmationCode=code,
        Password=new_password,
    )
    client().admin_user_global_sign_out(UserPoolId=get_settings().user_pool_id, Username=name)
    forget_attempts(key, _seconds())
    forget_attempts(_build_key("password", email), _seconds())


def refresh(user_id: str, refresh_token: str) -> SignedIn:
    """A new access token. Raises SignInRefusedError once the session was ended or is 12 hours old."""
    answer = _ask(
        _WRONG_PERSON,
        SignInRefusedError,
        "admin_initiate_auth",
        UserPoolId=get_settings().user_pool_id,
        ClientId=get_settings().dashboard_client_id,
        AuthFlow="REFRESH_TOKEN_AUTH",
        AuthParameters={"REFRESH_TOKEN": refresh_token, "SECRET_HASH": _sign(user_id)},
    )
    result = answer["AuthenticationResult"]
    return SignedIn(user_id, result["AccessToken"], result.get("RefreshToken", refresh_token), result["ExpiresIn"])


def sign_out(refresh_token: str) -> None:
    """End the session; its access token holds for its last minutes where nobody asks Cognito. Safe to repeat."""
    settings = get_settings()
    client().revoke_token(
        Token=refresh_token, ClientId=settings.dashboard_client_id, ClientSecret=_load_client_secret()
    )


def _answer(
    user_id: str, session: str, challenge: str, responses: Mapping[str, str]
) -> SignedIn | NewPasswordNeeded | CodeNeeded:
    wrong = _WRONG_CODE | {"InvalidPasswordException", "PasswordHistoryPolicyViolationException"}
    refusal = CodeRefusedError if challenge == "SOFTWARE_TOKEN_MFA" else SignInRefusedError
    answer = _ask(
        wrong,
        refusal,
        "admin_respond_to_auth_challenge",
        UserPoolId=get_settings().user_pool_id,
        ClientId=get_settings().dashboard_client_id,
        ChallengeName=challenge,
        Session=session,
        ChallengeResponses={"USERNAME": user_id, "SECRET_HASH": _sign(user_id), **responses},
    )
    return _read_answer(answer)


def _read_answer(answer: Mapping[str, Any]) -> SignedIn | NewPasswordNeeded | CodeNeeded:
    match answer.get("ChallengeName"):
        case "NEW_PASSWORD_REQUIRED":
            return NewPasswordNeeded(_find_user_id(answer), answer["Session"])
        case "SOFTWARE_TOKEN_MFA":
            return CodeNeeded(_find_user_id(answer), answer["Session"])
        case None:
            result = answer["AuthenticationResult"]
            claims = verify_access_token(result["AccessToken"])
            return SignedIn(claims["sub"], result["AccessToken"], result["RefreshToken"], result["ExpiresIn"])
        case other:
            # A step that this pool does not ask for: somebody changed its settings.
            raise SignInRefusedError(str(other))


def _find_user_id(answer: Mapping[str, Any]) -> str:
    user_id: str = answer["ChallengeParameters"]["USER_ID_FOR_SRP"]
    return user_id


def _ask(wrong: frozenset[str], refusal: type[Exception], operation: str, **request: Any) -> dict[str, Any]:
    """One call of Cognito; its many refusals become one."""
    try:
        answer: dict[str, Any] = getattr(client(), operation)(**request)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in _BUSY:
            raise TooManyAttemptsError(operation) from error
        if code in ("InvalidPasswordException", "PasswordHistoryPolicyViolationException"):
            raise PasswordRuleError(code) from error
        if code in wrong:
            raise refusal(operation) from error
        raise
    return answer


def _count(what: str, name: str, limit: int, window_seconds: int, source: str | None) -> str:
    now = _seconds()
    if source is not None:
        count_attempt(_build_key("source", source), _SOURCE_TRIES, _WINDOW_SECONDS, now)
    key = _build_key(what, name)
    count_attempt(key, limit, window_seconds, now)
    return key


def _build_key(what: str, name: str) -> str:
    return f"{what}#{hashlib.sha256(_normalise(name).encode()).hexdigest()[:32]}"


def _normalise(email: str) -> str:
    return email.strip().lower()


def _seconds() -> int:
    return int(clock.now().timestamp())


def _check_password(password: str) -> None:
    if not _PASSWORD.fullmatch(password):
        raise PasswordRuleError("rule")


def _sign(name: str) -> str:
    message = f"{name}{get_settings().dashboard_client_id}"
    return base64.b64encode(hmac.digest(_load_client_secret().encode(), message.encode(), "sha256")).decode()


@lru_cache(maxsize=1)
def _load_client_secret() -> str:
    settings = get_settings()
    answer = client().describe_user_pool_client(UserPoolId=settings.user_pool_id, ClientId=settings.dashboard_client_id)
    return answer["UserPoolClient"]["ClientSecret"]
