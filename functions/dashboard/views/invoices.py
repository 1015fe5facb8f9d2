"""The list of a biller's invoices: filters, exact search, and what is done to many at once.

A search is sent as a form: no number, phone or address that somebody typed stands in an address. The other invoices of
a payer are found by one of them, named by its VA number.
"""

import secrets
from collections.abc import Mapping
from datetime import date
from typing import Any
from urllib.parse import urlencode

from dashboard.acting import SHORTEST_REASON
from dashboard.areas import CHANGE, LOOK, Area
from dashboard.problems import find_problem, find_words
from dashboard.rendering import leave_blank, show
from dashboard.visits import Visit
from invoicing import archiving, clock, resending
from invoicing.archiving import ArchiveOutcome, Target
from invoicing.errors import CursorError, FormRefusedError, InvoiceNotFoundError, InvoicingError, UploadNotFoundError
from invoicing.invoice_details import show_invoice
from invoicing.invoice_lists import (
    Filters,
    Show,
    find_by_va_numbers,
    find_waiting,
    list_invoices,
    search_invoices,
)
from invoicing.invoices import find_payer_key
from webpages.answers import answer_redirect

area = Area()

_PAGE_SIZE = 50
MAX_RESENDS = 25
"""Invoices whose bills one click sends again: each is some dozen small requests, and a page has 29 seconds."""
_FILTERS = ("show", "due_from", "due_to", "upload", "class", "fee", "like", "order")


@area.get("/invoices", LOOK)
def show_list(visit: Visit) -> dict[str, Any]:
    given = {name: value for name in _FILTERS if (value := visit.query.get(name, "").strip()[:100])}
    try:
        filters = _read_filters(visit, given)
    except ValueError:
        return _show_list(visit, given, [], problem="dates", status=422)
    try:
        page = list_invoices(visit.biller_id, filters, cursor=visit.query.get("after") or None, limit=_PAGE_SIZE)
    except CursorError as error:
        problem = find_problem(error)
        return _show_list(visit, given, [], words=find_words(problem, visit.language) if problem else "", status=422)
    return _show_list(visit, given, page.invoices, after=page.cursor)


@area.get("/invoices/archive", LOOK)
@area.get("/invoices/resend", LOOK)
def show_list_again(_visit: Visit) -> dict[str, Any]:
    """For the address of what was done to many, opened again or in the other language."""
    return answer_redirect("../invoices")


@area.get("/invoices/search", LOOK)
def show_search(visit: Visit) -> dict[str, Any]:
    return show(visit, "invoice_search.html.j2", invoices=None, request_id="")


@area.post("/invoices/search", LOOK)
def search(visit: Visit) -> dict[str, Any]:
    """Answered at once, not by another address: that would have to name what was searched for."""
    found = search_invoices(visit.biller_id, visit.read("wanted", 254))
    return show(visit, "invoice_search.html.j2", invoices=show_lines(found), request_id=make_request_id())


@area.post("/invoices/archive", CHANGE)
def archive_many(visit: Visit) -> dict[str, Any]:
    """First asks for the reason, then archives; those that a bank asked for minutes ago only when confirmed anew."""
    chosen = _read_chosen(visit)
    reason = visit.read("reason", 500).strip()
    if len(reason) < SHORTEST_REASON:
        return _show_many(visit, "archive", chosen)
    is_confirmed = visit.read("confirmed") == "yes"
    results = archiving.archive_invoices(
        visit.biller_id,
        [Target(invoice["number"], va_number) for va_number, invoice in chosen.items()],
        by=visit.user_id,
        reason=reason,
        notify=visit.read("notify") == "yes",
        confirmed=is_confirmed,
    )
    outcomes = [
        {"invoice": chosen[result.va_number], "outcome": result.outcome}
        for result in results
        if result.va_number in chosen
    ]
    inquired = [entry["invoice"] for entry in outcomes if entry["outcome"] is ArchiveOutcome.INQUIRED_RECENTLY]
    return _show_many(visit, "archive", chosen, outcomes=outcomes, again=inquired, reason=reason)


@area.post("/invoices/resend", CHANGE)
def resend_many(visit: Visit) -> dict[str, Any]:
    """First asks, then sends; sent twice, the same form sends once."""
    chosen = _read_chosen(visit)
    if visit.read("sure") != "yes":
        return _show_many(visit, "resend", chosen)
    outcomes = []
    for va_number, invoice in list(chosen.items())[:MAX_RESENDS]:
        try:
            resending.resend_invoice_notices(
                visit.biller_id, va_number, by=visit.user_id, request_id=read_request_id(visit)
            )
            outcomes.append({"invoice": invoice, "outcome": "resent"})
        except InvoicingError as error:
            problem = find_problem(error)
            if problem is None:
                raise
            outcomes.append({"invoice": invoice, "outcome": "", "why": find_words(problem, visit.language)})
    return _show_many(visit, "resend", chosen, outcomes=outcomes)


def show_lines(invoices: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Invoices as a list shows them."""
    return [leave_blank(show_invoice(invoice)) | {"waits_for": find_waiting(invoice)} for invoice in invoices]


def make_request_id() -> str:
    """What makes a form that is sent twice one request."""
    return secrets.token_hex(8)


def read_request_id(visit: Visit) -> str:
    request_id = visit.read("request_id", 64)
    if not request_id.isalnum():
        raise FormRefusedError("request_id")
    return request_id


def read_day(text: str) -> date | None:
    """A date field of a form or an address; raises ValueError."""
    return date.fromisoformat(text) if text else None


def read_upload_id(text: str) -> str | None:
    """An upload that an address names, if it names one."""
    if text and not text.isalnum():
        raise UploadNotFoundError(text)
    return text or None


def _read_filters(visit: Visit, given: Mapping[str, str]) -> Filters:
    shown = given.get("show", "")
    return Filters(
        show=Show(shown) if shown in list(Show) else None,
        due_from=read_day(given.get("due_from", "")),
        due_to=read_day(given.get("due_to", "")),
        class_name=given.get("class"),
        fee_type=given.get("fee"),
        payer_key=_find_payer(visit, given["like"]) if "like" in given else None,
        upload_id=read_upload_id(given.get("upload", "")),
        latest_first=given.get("order") == "latest",
    )


def _find_payer(visit: Visit, va_number: str) -> str:
    """Who pays the invoice of this VA number."""
    invoice = find_by_va_numbers(visit.biller_id, [va_number]).get(va_number)
    payer = find_payer_key(invoice) if invoice else None
    if payer is None:
        raise InvoiceNotFoundError(va_number)
    return payer


def _show_list(
    visit: Visit,
    given: Mapping[str, str],
    found: list[dict[str, Any]],
    *,
    after: str | None = None,
    problem: str = "",
    words: str = "",
    status: int = 200,
) -> dict[str, Any]:
    return show(
        visit,
        "invoices.html.j2",
        status=status,
        invoices=show_lines(found),
        given=leave_blank(given),
        shows=list(Show),
        next_page=urlencode({**given, "after": after}) if after else "",
        first_page=f"?{urlencode(given)}" if "after" in visit.query else "",
        is_filtered=bool(given),
        today=clock.today_in_jakarta().isoformat(),
        problem=problem,
        problem_words=words,
        request_id=make_request_id(),
    )


def _read_chosen(visit: Visit) -> dict[str, dict[str, Any]]:
    """The ticked invoices, by VA number; another biller's are not among them."""
    chosen = list(dict.fromkeys(visit.read_all("va")))[:_PAGE_SIZE]
    found = find_by_va_numbers(visit.biller_id, [va_number for va_number in chosen if va_number.isalnum()])
    return {va_number: leave_blank(show_invoice(invoice)) for va_number, invoice in found.items()}


def _show_many(visit: Visit, action: str, chosen: Mapping[str, Mapping[str, Any]], **more: Any) -> dict[str, Any]:
    view: dict[str, Any] = {"outcomes": None, "again": [], "reason": ""} | more
    return show(
        visit,
        "invoices_many.html.j2",
        action=action,
        chosen=list(chosen.values()),
        total=sum(invoice["amount"] for invoice in chosen.values()),
        limit=MAX_RESENDS,
        request_id=visit.read("request_id", 64) or make_request_id(),
        **view,
    )
