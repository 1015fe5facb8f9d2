"""Commands about invoices, invoked directly by an authenticated caller -> one domain function each."""

from datetime import date
from typing import Annotated, Any, Literal

from aws_lambda_powertools import Logger
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter

from invoicing import amending, archiving, erasing, invoice_lists, outside_payments, reversing
from invoicing.asserted_people import require_second_person_by_command
from invoicing.command_answers import answer_command
from invoicing.current_invoices import Seen
from invoicing.invoice_details import describe_invoice, show_invoice

logger = Logger(utc=True)

_Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
_UploadId = Annotated[str, Field(pattern=r"^[0-9A-HJKMNP-TV-Z]{26}$")]
_Number = Annotated[str, Field(min_length=1, max_length=100)]
_VaNumber = Annotated[str, Field(pattern=r"^[0-9]{9,23}$")]
_Reason = Annotated[str, Field(min_length=1, max_length=500)]
_Short = Annotated[str, Field(min_length=1, max_length=200)]


class _Command(BaseModel):
    model_config = ConfigDict(extra="forbid")
    biller_id: _Id
    user_id: _Id


class _OnInvoice(_Command):
    number: _Number
    va_number: _VaNumber | None = None
    revision: int | None = Field(default=None, ge=0)

    @property
    def seen(self) -> Seen:
        return Seen(self.va_number, self.revision)


class List(_Command):
    operation: Literal["list"]
    show: invoice_lists.Show | None = None
    due_from: date | None = None
    due_to: date | None = None
    class_name: _Short | None = None
    fee_type: _Short | None = None
    payer_key: _Short | None = None
    upload_id: _UploadId | None = None
    latest_first: bool = False
    cursor: str | None = Field(default=None, max_length=1000)
    limit: int = Field(default=50, ge=1, le=invoice_lists.MAX_PAGE)


class Search(_Command):
    operation: Literal["search"]
    wanted: str = Field(min_length=1, max_length=254)


class Describe(_Command):
    operation: Literal["describe"]
    number: _Number | None = None
    va_number: _VaNumber | None = None


class Archive(_OnInvoice):
    operation: Literal["archive"]
    reason: _Reason
    notify: bool = True
    confirmed: bool = False


class ArchiveUpload(_Command):
    operation: Literal["archive_upload"]
    upload_id: _UploadId
    reason: _Reason
    notify: bool = True
    confirmed: bool = False
    cursor: int = Field(default=0, ge=0)


class Extend(_OnInvoice):
    operation: Literal["extend"]
    due_date: date
    valid_until: AwareDatetime | None = None
    reason: _Reason | None = None


class CorrectRecipient(_OnInvoice):
    operation: Literal["correct_recipient"]
    position: int = Field(ge=0, le=100)
    contact: dict[_Short, Annotated[str, Field(max_length=300)]] = Field(min_length=1, max_length=4)
    reason: _Reason | None = None


class RecordOutside(_OnInvoice):
    operation: Literal["record_outside_payment"]
    method: outside_payments.Method
    amount: int = Field(gt=0, strict=True)
    transaction_at: AwareDatetime | None = None
    note: str = Field(default="", max_length=1000)


class ApproveOutside(_OnInvoice):
    operation: Literal["approve_outside_payment"]


class RejectOutside(_OnInvoice):
    operation: Literal["reject_outside_payment"]
    reason: _Reason


class ProposeReversal(_OnInvoice):
    operation: Literal["propose_reversal"]
    reason: _Reason


class ApproveReversal(_OnInvoice):
    operation: Literal["approve_reversal"]


class RejectReversal(_OnInvoice):
    operation: Literal["reject_reversal"]
    reason: _Reason


class EraseContact(_Command):
    operation: Literal["erase_contact"]
    contact: str = Field(min_length=1, max_length=300)
    reason: _Reason
    cursor: str | None = Field(default=None, max_length=1000)


Change = (
    Extend | CorrectRecipient | RecordOutside | ApproveOutside | RejectOutside
    | ProposeReversal | ApproveReversal | RejectReversal
)  # fmt: skip
Command = Annotated[
    List | Search | Describe | Archive | ArchiveUpload | EraseContact | Change, Field(discriminator="operation")
]
_parse: TypeAdapter[Command] = TypeAdapter(Command)


@logger.inject_lambda_context
def handle(event: dict[str, Any], _context: object) -> dict[str, Any]:
    return answer_command(event, _parse, _run)


def _run(command: Command) -> dict[str, Any]:
    biller_id = command.biller_id
    match command:
        case List():
            members = {"biller_id", "user_id", "operation", "cursor", "limit"}
            filters = invoice_lists.Filters(**command.model_dump(exclude=members))
            page = invoice_lists.list_invoices(biller_id, filters, cursor=command.cursor, limit=command.limit)
            shown = {"invoices": [show_invoice(invoice) for invoice in page.invoices]}
            return shown | ({"cursor": page.cursor} if page.cursor else {})
        case Search():
            found = invoice_lists.search_invoices(biller_id, command.wanted)
            return {"invoices": [show_invoice(invoice) for invoice in found]}
        case Describe():
            return describe_invoice(biller_id, number=command.number, va_number=command.va_number)
        case Archive() | ArchiveUpload():
            return _archive(command)
        case EraseContact():
            erasure = erasing.erase_contact(
                biller_id, command.contact, by=command.user_id, reason=command.reason, cursor=command.cursor
            )
            return erasing.show_erasure(erasure)
        case _:
            return show_invoice(_change(command))


def _archive(command: Archive | ArchiveUpload) -> dict[str, Any]:
    options: dict[str, Any] = {
        "by": command.user_id,
        "reason": command.reason,
        "notify": command.notify,
        "confirmed": command.confirmed,
    }
    if isinstance(command, Archive):
        seen: dict[str, Any] = {"va_number": command.va_number, "revision": command.revision}
        result = archiving.archive_invoice(command.biller_id, command.number, **seen, **options)
        return _show_result(result)
    results, cursor = archiving.archive_upload(command.biller_id, command.upload_id, cursor=command.cursor, **options)
    return {"results": [_show_result(result) for result in results]} | ({"cursor": cursor} if cursor else {})


def _show_result(result: archiving.ArchiveResult) -> dict[str, Any]:
    return {"number": result.number, "va_number": result.va_number, "outcome": result.outcome}


def _change(command: Change) -> dict[str, Any]:
    """The invoice after it."""
    ids = (command.biller_id, command.number)
    by: dict[str, Any] = {"by": command.user_id, "seen": command.seen}
    match command:
        case Extend():
            return amending.extend_due_date(
                *ids, due_date=command.due_date, valid_until=command.valid_until, reason=command.reason, **by
            )
        case CorrectRecipient():
            return amending.correct_recipient(*ids, command.position, command.contact, reason=command.reason, **by)
        case RecordOutside():
            payment = outside_payments.OutsidePayment(
                command.method, command.amount, command.transaction_at, command.note
            )
            return outside_payments.record_outside_payment(*ids, payment, **by)
        case ApproveOutside():
            require_second_person_by_command()
            return outside_payments.approve_outside_payment(*ids, **by)
        case RejectOutside():
            return outside_payments.reject_outside_payment(*ids, reason=command.reason, **by)
        case ProposeReversal():
            return reversing.propose_reversal(*ids, reason=command.reason, **by)
        case ApproveReversal():
            require_second_person_by_command()
            return reversing.approve_reversal(*ids, **by)
        case RejectReversal():
            return reversing.reject_reversal(*ids, reason=command.reason, **by)
