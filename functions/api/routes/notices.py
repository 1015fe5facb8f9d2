"""Notices of a bill, addresses that get none any more, and reminders held back."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Body, Path, Query
from pydantic import Field

from api import shapes
from api.areas import Area
from api.requests import Request, build_page
from invoicing import reminders, suppressions
from invoicing.errors import InvoiceNotFoundError
from invoicing.invoices import find_payer_key
from invoicing.notice_status import describe_notices
from invoicing.roles import Role
from invoicing.store.invoices import load_current_invoice

area = Area("notices")

_LOOK = {Role.BILLER_ADMIN, Role.MAKER, Role.CHECKER, Role.VIEWER}
_CHANGE = {Role.BILLER_ADMIN, Role.MAKER, Role.CHECKER}
_SUPPRESSION = r"^(email|whatsapp|sms)-[0-9a-f]{16}$"


class Whose(StrEnum):
    INVOICE = "invoice"
    PAYER = "payer"
    """All bills of the invoice's payer, later ones too."""


class ResumeReminders(Request):
    number: str = Field(min_length=1, max_length=64, description="number of an open invoice")
    of: Whose = Whose.INVOICE


class PauseReminders(ResumeReminders):
    until: date | None = Field(default=None, description="local day on which they go on; without it: until resumed")


@area.get("/v1/virtual-accounts/<va_number>/notices", _LOOK, answers=shapes.NoticeList)
def list_notices(va_number: Annotated[str, Path(pattern=r"^[0-9]{9,23}$")]) -> dict[str, Any]:
    """Every notice of a bill and what became of it, oldest first; recipients masked."""
    return {"notices": describe_notices(area.caller.biller_id, va_number)}


@area.get("/v1/suppressions", _LOOK, answers=shapes.SuppressionPage)
def list_suppressions(cursor: Annotated[str | None, Query(pattern=_SUPPRESSION)] = None) -> dict[str, Any]:
    """Addresses that notices no longer go to, lifted ones too."""
    found, more = suppressions.list_suppressions(area.caller.biller_id, cursor)
    return build_page("suppressions", [suppressions.show_suppression(given) for given in found], more)


@area.post("/v1/suppressions/<suppression_id>/lift", _CHANGE, answers=shapes.Suppression)
def lift_suppression(suppression_id: Annotated[str, Path(pattern=_SUPPRESSION)]) -> dict[str, Any]:
    """Let notices go to the address again, from the next one on."""
    lifted = suppressions.lift_suppression(area.caller.biller_id, suppression_id, area.caller.user_id)
    return suppressions.show_suppression(lifted)


@area.post("/v1/reminders/pause", _CHANGE, answers=shapes.Done)
def pause_reminders(request: Annotated[PauseReminders, Body()]) -> dict[str, Any]:
    """No more reminders of an invoice, or of all bills of its payer. What is left out is not made up for."""
    caller = area.caller
    if request.of is Whose.PAYER:
        payer = _find_payer(caller.biller_id, request.number)
        reminders.pause_payer_reminders(caller.biller_id, payer, by=caller.user_id, until=request.until)
    else:
        reminders.pause_invoice_reminders(caller.biller_id, request.number, by=caller.user_id, until=request.until)
    return {"done": True}


@area.post("/v1/reminders/resume", _CHANGE, answers=shapes.Done)
def resume_reminders(request: Annotated[ResumeReminders, Body()]) -> dict[str, Any]:
    """Reminders again, from the next step on."""
    caller = area.caller
    if request.of is Whose.PAYER:
        payer = _find_payer(caller.biller_id, request.number)
        reminders.resume_payer_reminders(caller.biller_id, payer, by=caller.user_id)
    else:
        reminders.resume_invoice_reminders(caller.biller_id, request.number, by=caller.user_id)
    return {"done": True}


def _find_payer(biller_id: str, number: str) -> str:
    """Raises InvoiceNotFoundError, also for an invoice that names no payer."""
    payer = find_payer_key(load_current_invoice(biller_id, number) or {})
    if payer is None:
        raise InvoiceNotFoundError(number)
    return payer
