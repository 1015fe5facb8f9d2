"""One's own account: who one is here, and the authenticator app that asks for a code at every sign-in."""

from typing import Any
from urllib.parse import quote

import segno

from dashboard.areas import LOOK, Area
from dashboard.rendering import say, show
from dashboard.visits import Visit
from invoicing import sign_in
from invoicing.errors import CodeRefusedError
from invoicing.roles import BANK_ROLES
from webpages.answers import answer_redirect

area = Area()

_EVERYBODY = LOOK | BANK_ROLES


@area.get("/account", _EVERYBODY)
def show_account(visit: Visit) -> dict[str, Any]:
    return show(visit, "account.html.j2", secret="", picture="", problem="")


@area.post("/account/authenticator", _EVERYBODY)
def start_authenticator(visit: Visit) -> dict[str, Any]:
    """The secret is shown on this answer and in no address; it counts once a code of it was typed."""
    return _show_secret(visit, sign_in.start_totp(visit.access_token), "", 200)


@area.post("/account/authenticator/code", _EVERYBODY)
def finish_authenticator(visit: Visit) -> dict[str, Any]:
    try:
        sign_in.finish_totp(visit.access_token, visit.read("code", 6))
    except CodeRefusedError:
        # The form carries the secret of this attempt, so that the code of it can be typed again.
        return _show_secret(visit, visit.read("secret", 128), say(visit, "sign_in.problem.code_refused"), 422)
    return answer_redirect(f"{visit.root}account?done=authenticator")


def _show_secret(visit: Visit, secret: str, problem: str, status: int) -> dict[str, Any]:
    issuer = quote(say(visit, "product"))
    address = f"otpauth://totp/{issuer}:{quote(visit.own_user.email)}?secret={quote(secret)}&issuer={issuer}"
    picture = segno.make(address, micro=False, error="m").svg_data_uri(scale=4, border=2)
    return show(visit, "account.html.j2", status=status, secret=secret, picture=picture, problem=problem)
