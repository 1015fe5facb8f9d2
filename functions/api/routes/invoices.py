"""Invoices: lists, search, the whole story of one, and everything that people may do with them."""

from datetime import date
from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Body, Path, Query
from pydantic import AwareDatetime, Field

from api import shapes
from api.areas import Area
from api.replays import RequiredKey
from api.requests import Reason, Request, Ulid, UploadId, VaNumber, VaPath, build_page
from invoicing import amending, archiving, invoice_lists, json_invoices, outside_payments, reversing
from invoicing.current_invoices import Seen, find_number
from invoicing.invoice_details import describe_invoice as describe
from invoicing.invoice_details import show_invoice
from invoicing.roles import Role
from invoicing.upload_view import show_upload

area = Area("invoices")

_LOOK = {Role.BILLER_ADMIN, Role.MAKER, Role.CHECKER, Role.VIEWER}
_CHANGE = {Role.BILLER_ADMIN, Role.MAKER, Role.CHECKER}
_MAX_CREATE_BYTES = 4 * 1024 * 1024
"""A Lambda call holds 6 MB, and JSON within JSON grows."""
_Revision = Annotated[int | None, Field(ge=0, description="of the invoice that was seen; without it: as it stands")]


class SearchInvoices(Request):
    wanted: str = Field(min_length=1, max_length=254, description="a number, VA number, phone number or e-mail address")


class CreateInvoices(Request):
    invoices: list[dict[Annotated[str, Field(max_length=64)], Any]] = Field(
        min_length=1,
        max_length=json_invoices.MAX_INVOICES,
        description="members: the keys of the template's columns; general bills may have items",
    )


class _Change(Request):
    revision: _Revision = None


class _Archive(Request):
    reason: Reason
    notify: bool = Field(default=True, description="tell the payers")
    confirmed: bool = Field(default=False, description="although a bank asked for the bill minutes ago")


class ArchiveInvoice(_Archive):
    revision: _Revision = None


class ArchiveInvoices(_Archive):
    va_numbers: list[VaNumber] = Field(min_length=1, max_length=archiving.MAX_INVOICES)


class ArchiveUpload(_Archive):
    cursor: int = Field(default=0, ge=0, le=10**7, description="of the answer before")


class ExtendDueDate(_Change):
    due_date: date
    valid_until: AwareDatetime | None = Field(default=None, description="last instant at which it can be paid")
    reason: Reason | None = None


class CorrectRecipient(_Change):
    """What is left out stays, an empty text removes it."""

    name: str | None = Field(default=None, max_length=300)
    email: str | None = Field(default=None, max_length=300)
    whatsapp: str | None = Field(default=None, max_length=300)
    sms: str | None = Field(default=None, max_length=300)
    reason: Reason | None = None


class RecordOutsidePayment(_Change):
    method: outside_payments.Method
    amount: int = Field(gt=0, le=10**15, strict=True, description="whole rupiah; exactly what is due")
    transaction_at: AwareDatetime | None = Field(default=None, description="when the money came; without it: now")
    note: str = Field(default="", max_length=outside_payments.MAX_NOTE)


class Approve(_Change):
    pass


class GiveReason(_Change):
    reason: Reason


@area.get("/v1/invoices", _LOOK, answers=shapes.InvoicePage)
def list_invoices(
    show: Annotated[invoice_lists.Show | None, Query(description="without it: in every status")] = None,
    due_from: Annotated[date | None, Query()] = None,
    due_to: Annotated[date | None, Query()] = None,
    class_name: Annotated[str | None, Query(min_length=1, max_length=200)] = None,
    fee_type: Annotated[str | None, Query(min_length=1, max_length=200)] = None,
    payer: Annotated[
        str | None, Query(pattern=r"^(payer|family):.{1,100}$", description="payer:CODE or family:CODE")
    ] = None,
    upload_id: Annotated[str | None, Query(pattern=Ulid)] = None,
    latest_first: Annotated[bool, Query()] = False,
    cursor: Annotated[str | None, Query(min_length=1, max_length=1000)] = None,
    limit: Annotated[int, Query(ge=1, le=invoice_lists.MAX_PAGE)] = 50,
) -> dict[str, Any]:
    """Invoices by due date; those of an upload by row. A page may be short, or empty, and yet have a cursor.

    Products of an invoice (items) are in its details only.
    """
    filters = invoice_lists.Filters(show, due_from, due_to, class_name, fee_type, payer, upload_id, latest_first)
    page = invoice_lists.list_invoices(area.caller.biller_id, filters, cursor=cursor, limit=limit)
    return build_page("invoices", [_show_line(invoice) for invoice in page.invoices], page.cursor)


@area.post("/v1/invoices/search", _LOOK, answers=shapes.InvoicesFound, reads=True)
def search_invoices(request: Annotated[SearchInvoices, Body()]) -> dict[str, Any]:
    """The invoices of exactly this number, VA number, phone number or e-mail address, archived ones too; 50 at most."""
    found = invoice_lists.search_invoices(area.caller.biller_id, request.wanted)
    return {"invoices": [_show_line(invoice) for invoice in found]}


@area.post(
    "/v1/invoices",
    {Role.MAKER},
    answers=shapes.Upload,
    status=HTTPStatus.CREATED,
    max_body_bytes=_MAX_CREATE_BYTES,
)
def create_invoices(request: Annotated[CreateInvoices, Body()], key: RequiredKey) -> dict[str, Any]:
    """One or more invoices as an upload, checked by itself and released by another person, as of a workbook.

    The same key and invoices again: the same upload. What is wrong with an invoice, the upload tells: the first
    invoice is row 2, and each product of an invoice is a row of its own.
    """
    caller = area.caller
    return show_upload(json_invoices.create_invoices(caller.biller_id, caller.user_id, request.invoices, key=key))


@area.get("/v1/invoices/<va_number>", _LOOK, answers=shapes.InvoiceDetails)
def describe_invoice(va_number: VaPath) -> dict[str, Any]:
    """An invoice and all that happened to it, oldest first: notices, payments, changes."""
    return describe(area.caller.biller_id, va_number=va_number)


@area.post("/v1/invoices/<va_number>/archive", _CHANGE, answers=shapes.ArchiveResult)
def archive_invoice(va_number: VaPath, request: Annotated[ArchiveInvoice, Body()]) -> dict[str, Any]:
    """Archive an open invoice: its account closes, the payer is told, the number is free. Again, it changes nothing."""
    biller_id, number = _find(va_number)
    result = archiving.archive_invoice(
        biller_id, number, va_number=va_number, by=area.caller.user_id, **request.model_dump()
    )
    return _show_result(result)


@area.post("/v1/invoices/archive", _CHANGE, answers=shapes.ArchiveResults)
def archive_invoices(request: Annotated[ArchiveInvoices, Body()]) -> dict[str, Any]:
    """Archive up to 200 invoices; each has an outcome of its own."""
    caller = area.caller
    results = archiving.archive_accounts(caller.biller_id, by=caller.user_id, **request.model_dump())
    return {"results": [_show_result(result) for result in results]}


@area.post("/v1/uploads/<upload_id>/archive", _CHANGE, answers=shapes.ArchiveResults)
def archive_upload(upload_id: UploadId, request: Annotated[ArchiveUpload, Body()]) -> dict[str, Any]:
    """Archive an upload's invoices, 200 a call; with a cursor there are more."""
    caller = area.caller
    results, more = archiving.archive_upload(caller.biller_id, upload_id, by=caller.user_id, **request.model_dump())
    return {"results": [_show_result(result) for result in results]} | ({"cursor": more} if more else {})


@area.post("/v1/invoices/<va_number>/due-date", _CHANGE, answers=shapes.Invoice)
def extend_due_date(va_number: VaPath, request: Annotated[ExtendDueDate, Body()]) -> dict[str, Any]:
    """Put off the due date of an open invoice; reminders follow the new date."""
    invoice = amending.extend_due_date(
        *_find(va_number),
        due_date=request.due_date,
        valid_until=request.valid_until,
        reason=request.reason,
        by=area.caller.user_id,
        seen=Seen(va_number, request.revision),
    )
    return show_invoice(invoice)


@area.post("/v1/invoices/<va_number>/recipients/<position>", _CHANGE, answers=shapes.Invoice)
def correct_recipient(
    va_number: VaPath,
    position: Annotated[int, Path(ge=0, le=100, description="in the invoice's recipients, from 0")],
    request: Annotated[CorrectRecipient, Body()],
) -> dict[str, Any]:
    """Give a recipient of an open invoice other contacts: old links die, each new address gets the bill."""
    contact = request.model_dump(include={"name", "email", "whatsapp", "sms"}, exclude_none=True)
    invoice = amending.correct_recipient(
        *_find(va_number),
        position,
        contact,
        reason=request.reason,
        by=area.caller.user_id,
        seen=Seen(va_number, request.revision),
    )
    return show_invoice(invoice)


@area.post("/v1/invoices/<va_number>/outside-payment", _CHANGE, answers=shapes.Invoice)
def record_outside_payment(va_number: VaPath, request: Annotated[RecordOutsidePayment, Body()]) -> dict[str, Any]:
    """Record a payment made outside the VA; another person approves it, unless the biller lets one do."""
    payment = outside_payments.OutsidePayment(request.method, request.amount, request.transaction_at, request.note)
    return show_invoice(outside_payments.record_outside_payment(*_find(va_number), payment, **_by(va_number, request)))


@area.post("/v1/invoices/<va_number>/outside-payment/approve", {Role.CHECKER}, answers=shapes.Invoice)
def approve_outside_payment(va_number: VaPath, request: Annotated[Approve, Body()]) -> dict[str, Any]:
    """Post what another person recorded: the account closes and reminders stop with it."""
    return show_invoice(outside_payments.approve_outside_payment(*_find(va_number), **_by(va_number, request)))


@area.post("/v1/invoices/<va_number>/outside-payment/reject", _CHANGE, answers=shapes.Invoice)
def reject_outside_payment(va_number: VaPath, request: Annotated[GiveReason, Body()]) -> dict[str, Any]:
    """Take back what was recorded and not approved."""
    invoice = outside_payments.reject_outside_payment(
        *_find(va_number), reason=request.reason, **_by(va_number, request)
    )
    return show_invoice(invoice)


@area.post("/v1/invoices/<va_number>/reversal", _CHANGE, answers=shapes.Invoice)
def propose_reversal(va_number: VaPath, request: Annotated[GiveReason, Body()]) -> dict[str, Any]:
    """Ask that a payment recorded by mistake, or taken back by the bank, be reversed; another person approves."""
    return show_invoice(reversing.propose_reversal(*_find(va_number), reason=request.reason, **_by(va_number, request)))


@area.post("/v1/invoices/<va_number>/reversal/approve", {Role.CHECKER}, answers=shapes.Invoice)
def approve_reversal(va_number: VaPath, request: Annotated[Approve, Body()]) -> dict[str, Any]:
    """Reverse what another person proposed; the answer is the invoice that is open again, with its new account."""
    return show_invoice(reversing.approve_reversal(*_find(va_number), **_by(va_number, request)))


@area.post("/v1/invoices/<va_number>/reversal/reject", _CHANGE, answers=shapes.Invoice)
def reject_reversal(va_number: VaPath, request: Annotated[GiveReason, Body()]) -> dict[str, Any]:
    """Take a proposed reversal back; the invoice stays paid."""
    return show_invoice(reversing.reject_reversal(*_find(va_number), reason=request.reason, **_by(va_number, request)))


def _find(va_number: str) -> tuple[str, str]:
    """The caller's biller and the invoice's number. Raises InvoiceNotFoundError."""
    biller_id = area.caller.biller_id
    return biller_id, find_number(biller_id, va_number)


def _by(va_number: str, request: _Change) -> dict[str, Any]:
    return {"by": area.caller.user_id, "seen": Seen(va_number, request.revision)}


def _show_line(invoice: dict[str, Any]) -> dict[str, Any]:
    """In a list: without products, of which a hundred invoices may have more than an answer holds."""
    shown = show_invoice(invoice)
    shown.pop("items", None)
    return shown


def _show_result(result: archiving.ArchiveResult) -> dict[str, Any]:
    return {"number": result.number, "va_number": result.va_number, "outcome": result.outcome}
