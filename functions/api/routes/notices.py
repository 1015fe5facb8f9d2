"""Notices of a bill and of an upload: what became of them, sent again, held; addresses that get none any more."""

from dataclasses import asdict
from datetime import date
from enum import StrEnum
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Body, Path, Query
from pydantic import Field

from api import shapes
from api.areas import Area
from api.replays import RequiredKey
from api.requests import Reason, Request, UploadId, VaPath, build_page
from invoicing import notice_holds, reminders, resending, suppressions
from invoicing.errors import InvoiceNotFoundError
from invoicing.invoices import find_payer_key
from invoicing.notice_status import describe_notices
from invoicing.roles import Role
from invoicing.store.invoices import load_current_invoice

area = Area("notices")

_LOOK = {Role.BILLER_ADMIN, Role.MAKER, Role.CHECKER, Role.VIEWER}
_CHANGE = {Role.BILLER_ADMIN, Role.MAKER, Role.CHECKER}
_Cursor = Annotated[str | None, Field(max_length=250, description="of the answer before")]
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


class HoldNotices(Request):
    reason: Reason | None = None


class ResendBatch(Request):
    cursor: _Cursor = None


class ResendPeriod(Request):
    first_day: date = Field(description="local day on which the notices were made")
    last_day: date = Field(description="at most 31 days in all")
    cursor: _Cursor = None


@area.get("/v1/virtual-accounts/<va_number>/notices", _LOOK, answers=shapes.NoticeList)
def list_notices(va_number: VaPath) -> dict[str, Any]:
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


@area.post("/v1/virtual-accounts/<va_number>/notices/<notice_id>/resend", _CHANGE, answers=shapes.NoticeResent)
def resend_notice(
    va_number: VaPath, notice_id: Annotated[str, Path(pattern=r"^[a-z0-9-]{1,100}$")], key: RequiredKey
) -> dict[str, Any]:
    """Send one notice again; a webhook is called again."""
    made = resending.resend_notice(area.caller.biller_id, va_number, notice_id, **_ask(key))
    return {"notice_id": made}


@area.post("/v1/virtual-accounts/<va_number>/notices/resend", _CHANGE, answers=shapes.InvoiceNoticesResent)
def resend_invoice_notices(va_number: VaPath, key: RequiredKey) -> dict[str, Any]:
    """Send an open invoice's bill again to everybody who was sent it."""
    return resending.resend_invoice_notices(area.caller.biller_id, va_number, **_ask(key))


@area.post("/v1/uploads/<upload_id>/notices/resend-failed", _CHANGE, answers=shapes.ResendBatch)
def resend_failed_of_upload(
    upload_id: UploadId, request: Annotated[ResendBatch, Body()], key: RequiredKey
) -> dict[str, Any]:
    """Send the failed first notices of an upload again, a batch at a time."""
    batch = resending.resend_failed_of_upload(area.caller.biller_id, upload_id, cursor=request.cursor, **_ask(key))
    return resending.show_batch(batch)


@area.post("/v1/notices/resend-failed", _CHANGE, answers=shapes.ResendBatch)
def resend_failed_of_period(request: Annotated[ResendPeriod, Body()], key: RequiredKey) -> dict[str, Any]:
    """Send all failed notices to people of a period again, a batch at a time."""
    batch = resending.resend_failed_of_period(
        area.caller.biller_id, request.first_day, request.last_day, cursor=request.cursor, **_ask(key)
    )
    return resending.show_batch(batch)


@area.get("/v1/uploads/<upload_id>/notices", _LOOK, answers=shapes.NoticeCounts)
def count_notices(upload_id: UploadId) -> dict[str, Any]:
    """How many of an upload's first notices went, wait and are held; and its last hold."""
    biller_id = area.caller.biller_id
    counts = asdict(notice_holds.count_notices(biller_id, upload_id))
    hold = notice_holds.find_hold(biller_id, upload_id)
    return counts | ({"hold": notice_holds.show_hold(hold)} if hold else {})


@area.post("/v1/uploads/<upload_id>/notices/hold", _CHANGE, answers=shapes.NoticeHold)
def hold_notices(upload_id: UploadId, request: Annotated[HoldNotices, Body()]) -> dict[str, Any]:
    """Stop what of an upload's notices has not left, within seconds. Again, it changes nothing."""
    hold = notice_holds.hold_notices(area.caller.biller_id, upload_id, by=area.caller.user_id, reason=request.reason)
    return notice_holds.show_hold(hold)


@area.post("/v1/uploads/<upload_id>/notices/resume", _CHANGE, answers=shapes.NoticeHold)
def resume_notices(upload_id: UploadId) -> dict[str, Any]:
    """Let held notices go, within a minute."""
    return notice_holds.show_hold(notice_holds.resume_notices(area.caller.biller_id, upload_id, by=area.caller.user_id))


def _ask(key: str) -> dict[str, str]:
    """Who asks, and for what: a key is its user's own."""
    user_id = area.caller.user_id
    return {"by": user_id, "request_id": f"{user_id}:{key}"}


def _find_payer(biller_id: str, number: str) -> str:
    """Raises InvoiceNotFoundError, also for an invoice that names no payer."""
    payer = find_payer_key(load_current_invoice(biller_id, number) or {})
    if payer is None:
        raise InvoiceNotFoundError(number)
    return payer
