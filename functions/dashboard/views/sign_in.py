"""Signing in and out, the first password, a forgotten one."""

from typing import Any

from dashboard import sessions
from dashboard.areas import LOOK, Area
from dashboard.rendering import say, show
from dashboard.visits import Visit
from invoicing import sign_in as domain
from invoicing.errors import (
    CodeRefusedError,
    NotSignedInError,
    PasswordRuleError,
    SignInRefusedError,
    TooManyAttemptsError,
)
from invoicing.roles import BANK_ROLES
from webpages.answers import answer_redirect

area = Area()

_EVERYBODY = LOOK | BANK_ROLES
_REFUSALS: dict[type[Exception], str] = {
    SignInRefusedError: "refused",
    TooManyAttemptsError: "too_many",
    CodeRefusedError: "code_refused",
    PasswordRuleError: "password_rule",
    NotSignedInError: "session_over",
}


@area.get("/sign-in", None)
def show_sign_in(visit: Visit) -> dict[str, Any]:
    return show(visit, "sign_in.html.j2", problem="", email="")


@area.post("/sign-in", None)
def sign_in(visit: Visit) -> dict[str, Any]:
    email = visit.read("email")
    try:
        return _go_on(visit, domain.sign_in(email, visit.read("password", 256), visit.source))
    except (SignInRefusedError, TooManyAttemptsError) as error:
        return show(visit, "sign_in.html.j2", status=403, problem=_explain(visit, error), email=email)


@area.get("/new-password", None)
def show_new_password(visit: Visit) -> dict[str, Any]:
    return show(visit, "new_password.html.j2", problem="")


@area.post("/new-password", None)
def answer_new_password(visit: Visit) -> dict[str, Any]:
    password = visit.read("password", 256)
    if password != visit.read("repeat", 256):
        return show(visit, "new_password.html.j2", status=422, problem=say(visit, "sign_in.problem.repeat"))
    try:
        _, user_id, session = _read_challenge(visit, "new_password")
        return _go_on(visit, domain.answer_new_password(domain.NewPasswordNeeded(user_id, session), password))
    except PasswordRuleError as error:
        return show(visit, "new_password.html.j2", status=422, problem=_explain(visit, error))
    except (SignInRefusedError, NotSignedInError) as error:
        return show(visit, "sign_in.html.j2", status=403, problem=_explain(visit, error), email="")


@area.get("/code", None)
def show_code(visit: Visit) -> dict[str, Any]:
    return show(visit, "code.html.j2", problem="")


@area.post("/code", None)
def answer_code(visit: Visit) -> dict[str, Any]:
    try:
        _, user_id, session = _read_challenge(visit, "code")
        return _go_on(visit, domain.answer_totp(domain.CodeNeeded(user_id, session), visit.read("code", 6)))
    except (CodeRefusedError, TooManyAttemptsError) as error:
        return show(visit, "code.html.j2", status=403, problem=_explain(visit, error))
    except (SignInRefusedError, NotSignedInError) as error:
        return show(visit, "sign_in.html.j2", status=403, problem=_explain(visit, error), email="")


@area.get("/forgot-password", None)
def show_forgot_password(visit: Visit) -> dict[str, Any]:
    return show(visit, "forgot_password.html.j2", problem="", email="")


@area.post("/forgot-password", None)
def start_password_reset(visit: Visit) -> dict[str, Any]:
    """The same answer whether the address is a user's or not."""
    email = visit.read("email")
    try:
        domain.start_password_reset(email, visit.source)
    except TooManyAttemptsError as error:
        return show(visit, "forgot_password.html.j2", status=429, problem=_explain(visit, error), email=email)
    return show(visit, "reset_password.html.j2", problem="", email=email)


@area.post("/reset-password", None)
def finish_password_reset(visit: Visit) -> dict[str, Any]:
    email, password = visit.read("email"), visit.read("password", 256)
    try:
        if password != visit.read("repeat", 256):
            problem = say(visit, "sign_in.problem.repeat")
            return show(visit, "reset_password.html.j2", status=422, problem=problem, email=email)
        domain.finish_password_reset(email, visit.read("code", 12), password, visit.source)
    except (CodeRefusedError, PasswordRuleError, TooManyAttemptsError) as error:
        return show(visit, "reset_password.html.j2", status=422, problem=_explain(visit, error), email=email)
    return answer_redirect(f"{visit.root}sign-in?done=password_changed")


@area.post("/sign-out", _EVERYBODY)
def sign_out(visit: Visit) -> dict[str, Any]:
    refresh_token = sessions.read_refresh_token(visit.given_cookies)
    if refresh_token:
        domain.sign_out(refresh_token)
    visit.cookies += [sessions.clear_cookie(name) for name in (sessions.ACCESS_COOKIE, sessions.REFRESH_COOKIE)]
    return answer_redirect(f"{visit.root}sign-in?done=signed_out")


def _go_on(visit: Visit, step: domain.SignedIn | domain.NewPasswordNeeded | domain.CodeNeeded) -> dict[str, Any]:
    match step:
        case domain.SignedIn():
            visit.cookies += sessions.build_session_cookies(step)
            return answer_redirect(visit.root)
        case domain.NewPasswordNeeded():
            visit.cookies.append(sessions.build_challenge_cookie("new_password", step.user_id, step.session))
            return answer_redirect(f"{visit.root}new-password")
        case domain.CodeNeeded():
            visit.cookies.append(sessions.build_challenge_cookie("code", step.user_id, step.session))
            return answer_redirect(f"{visit.root}code")


def _read_challenge(visit: Visit, kind: str) -> tuple[str, str, str]:
    found = sessions.read_challenge(visit.given_cookies)
    if found[0] != kind:
        raise NotSignedInError("another challenge")
    return found


def _explain(visit: Visit, error: Exception) -> str:
    return say(visit, f"sign_in.problem.{_REFUSALS[type(error)]}")
