"""The dashboard: HTTP API -> server-rendered pages for billers and bank officers.

How to add pages: write ``views/your_area.py`` with ``area = Area()`` and functions decorated by ``@area.get`` and
``@area.post`` (``areas.py``), a template in ``templates/``, words in ``texts/{id,en}/dashboard.py``, and add the module
to ``_MODULES`` below. Sessions, roles, tenant, forms' keys, headers and errors come from here.
"""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from dashboard import forms, rendering, sessions
from dashboard.areas import Page
from dashboard.form_keys import load_form_key
from dashboard.problems import find_problem
from dashboard.views import (
    account,
    addresses,
    banks,
    billers,
    delivery,
    health,
    help,
    home,
    invoice,
    invoices,
    people,
    reports,
    settings,
    sign_in,
    support,
    upload_sample,
    upload_steps,
    uploads,
    webhooks,
    wordings,
)
from dashboard.visits import Visit
from invoicing import defects
from invoicing.billers import Biller, BillerState
from invoicing.errors import AccessDeniedError, BillerNotActiveError, NotSignedInError, UserNotFoundError
from invoicing.roles import User, UserKind, UserState
from invoicing.store.billers import load_biller
from invoicing.texts import LANGUAGES
from invoicing.users import load_user
from webpages.answers import answer_asset, answer_page, answer_redirect
from webpages.assets import find_asset

logger = Logger()

_MODULES = (
    sign_in,
    home,
    uploads,
    upload_sample,
    upload_steps,
    invoices,
    invoice,
    delivery,
    reports,
    settings,
    wordings,
    webhooks,
    people,
    addresses,
    account,
    billers,
    banks,
    support,
    health,
    help,
)
PAGES: list[Page] = [page for module in _MODULES for page in module.area.pages]
_ASSETS = "/assets/"


@logger.inject_lambda_context(clear_state=True)
def handle(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    visit = _begin_visit(event)
    if visit.path.startswith(_ASSETS):
        return answer_asset(find_asset(rendering.STATIC, visit.path.removeprefix(_ASSETS)))
    try:
        answer = _answer(visit, event)
    except NotSignedInError:
        answer = answer_redirect(f"{visit.root}sign-in")
    except Exception as error:
        answer = _answer_problem(visit, error)
    if visit.cookies:
        answer["cookies"] = [*answer.get("cookies", []), *visit.cookies]
    return answer


def _begin_visit(event: dict[str, Any]) -> Visit:
    request = event["requestContext"]
    stage = request.get("stage", "$default")
    path = event["rawPath"]
    if stage != "$default":
        path = path.removeprefix(f"/{stage}")
    depth = max(0, path.count("/") - 1)
    path = path.rstrip("/") or "/"
    query = event.get("queryStringParameters") or {}
    cookies = sessions.read_cookies(event)
    chosen = query.get("lang") or cookies.get(sessions.LANGUAGE_COOKIE, "")
    visit = Visit(
        method=request["http"]["method"],
        path=path,
        root="../" * depth or "./",
        language=chosen if chosen in LANGUAGES else LANGUAGES[0],
        query=query,
        source=request["http"]["sourceIp"],
        given_cookies=cookies,
    )
    if query.get("lang") in LANGUAGES:
        visit.cookies.append(sessions.build_language_cookie(visit.language))
    return visit


def _answer(visit: Visit, event: dict[str, Any]) -> dict[str, Any]:
    page = _find_page(visit)
    if page is None and visit.method == "GET" and any(_serves(page, "POST", visit.path) for page in PAGES):
        return answer_redirect(_find_page_with_form(visit))
    if page is None:
        return answer_page(404, rendering.render_message(visit, "not_found"))
    _admit(visit, page)
    visitor_id = visit.given_cookies.get(forms.FORM_COOKIE, "")
    if not visitor_id:
        visitor_id = forms.make_visitor_id()
        visit.cookies.append(sessions.build_cookie(forms.FORM_COOKIE, visitor_id, sessions.SESSION_SECONDS))
    visit.form_key = forms.build_form_key(load_form_key(), visitor_id, visit.user.user_id if visit.user else "")
    if visit.method == "POST":
        headers = {name.lower(): value for name, value in event.get("headers", {}).items()}
        forms.check_origin(headers)
        visit.form = forms.read_form(event)
        forms.check_form_key(visit.read("form_key"), visit.form_key)
    return page.view(visit)


def _find_page(visit: Visit) -> Page | None:
    for page in PAGES:
        match = page.pattern.fullmatch(visit.path)
        if match and page.method == visit.method:
            visit.parameters = match.groupdict()
            return page
    return None


def _find_page_with_form(visit: Visit) -> str:
    """For the address of a form's answer, opened again or in the other language: the nearest page above it."""
    above = visit.path
    while above and not any(_serves(page, "GET", above) for page in PAGES):
        above = above.rpartition("/")[0]
    return f"{visit.root}{above.removeprefix('/')}"


def _serves(page: Page, method: str, path: str) -> bool:
    return page.method == method and page.pattern.fullmatch(path) is not None


def _admit(visit: Visit, page: Page) -> None:
    """Who visits, looked up anew; raises when the page is not for them.

    Of a suspended biller everything can still be looked at, nothing changed; before its activation it has no access.
    """
    if page.roles is None:
        return
    session = sessions.open_session(visit.given_cookies)
    visit.cookies += session.cookies
    visit.access_token = session.access_token
    visit.user = _load_active_user(session.user_id)
    logger.append_keys(user_id=session.user_id)
    if not visit.user.roles & page.roles:
        raise AccessDeniedError("role")
    if visit.user.biller_id is not None:
        visit.biller = _load_usable_biller(visit.user.biller_id, reads=visit.method == "GET")


def _load_active_user(user_id: str) -> User:
    try:
        user = load_user(user_id)
    except UserNotFoundError as error:
        raise NotSignedInError("unknown") from error
    if user.state is not UserState.ACTIVE or user.kind is not UserKind.PERSON:
        raise NotSignedInError("disabled")
    return user


def _load_usable_biller(biller_id: str, *, reads: bool) -> Biller:
    biller = load_biller(biller_id)
    if biller.state is not BillerState.ACTIVE and not (reads and biller.state is BillerState.SUSPENDED):
        raise BillerNotActiveError(biller_id)
    return biller


def _answer_problem(visit: Visit, error: Exception) -> dict[str, Any]:
    problem = find_problem(error)
    if problem is None:
        logger.error("page_failed", extra={"path": _hide_ids(visit), **defects.describe(error)})
        return answer_page(500, rendering.render_message(visit, "failure"))
    logger.info("page_refused", extra={"path": _hide_ids(visit), "problem": problem.code})
    return answer_page(problem.status, rendering.render_problem(visit, problem))


def _hide_ids(visit: Visit) -> str:
    """The page's path as registered: a number or a code in a path may be personal."""
    page = _find_page(visit)
    return page.path if page else "unknown"
