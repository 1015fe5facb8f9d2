"""Commands about notices, wording, suppressed addresses, reminders, webhooks, by an authenticated caller."""

from dataclasses import asdict
from datetime import date
from typing import Annotated, Any, Literal

from aws_lambda_powertools import Logger
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from invoicing import clock, errors, notice_holds, reminders, resending, suppressions, webhooks
from invoicing.changing_wording import Change, describe_problem, set_wording, show_wording
from invoicing.command_answers import answer_bad_command, answer_error
from invoicing.notice_policy import MAX_REMINDER_DISTANCE
from invoicing.notice_status import describe_notices
from invoicing.notices import NoticeKind
from invoicing.occasions import Tone
from invoicing.store.billers import load_biller
from invoicing.upload_samples import Pick

logger = Logger(utc=True)

_Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
_Name = Annotated[str, Field(pattern=r"^[a-z_.]{1,80}$")]
_Offset = Annotated[str, Field(pattern=r"^(0|-?[1-9][0-9]?)$")]
_SuppressionId = Annotated[str, Field(pattern=r"^(email|whatsapp|sms)-[0-9a-f]{16}$")]
_VaNumber = Annotated[str, Field(pattern=r"^[0-9]{9,23}$")]
_NoticeId = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,100}$")]
_UploadId = Annotated[str, Field(pattern=r"^[0-9A-HJKMNP-TV-Z]{26}$")]
_EndpointId = Annotated[str, Field(pattern=r"^wh-[0-9a-hjkmnp-tv-z]{26}$")]
_Number = Annotated[str, Field(min_length=1, max_length=100)]
_PayerKey = Annotated[str, Field(pattern=r"^(family|payer):.{1,100}$")]
_Cursor = Annotated[str, Field(max_length=250)]


class _Command(BaseModel):
    model_config = ConfigDict(extra="forbid")
    biller_id: _Id
    user_id: _Id


class DescribeNotices(_Command):
    operation: Literal["describe_notices"]
    va_number: _VaNumber


class ListSuppressions(_Command):
    operation: Literal["list_suppressions"]
    cursor: _SuppressionId | None = None


class LiftSuppression(_Command):
    operation: Literal["lift_suppression"]
    suppression_id: _SuppressionId


class HoldNotices(_Command):
    operation: Literal["hold_notices"]
    upload_id: _UploadId
    reason: str | None = Field(default=None, min_length=1, max_length=500)


class ResumeNotices(_Command):
    operation: Literal["resume_notices"]
    upload_id: _UploadId


class CountNotices(_Command):
    operation: Literal["count_notices"]
    upload_id: _UploadId


class _Change(BaseModel):
    """Of a biller's wording; null takes the biller's own choice back. What the words may be, the domain says."""

    model_config = ConfigDict(extra="forbid")
    words: dict[_Name, Annotated[str, Field(max_length=1000)] | None] = Field(default={}, max_length=100)
    tones: dict[_Offset, Tone | None] = Field(default={}, max_length=20)
    templates: dict[_Name, _Name | None] = Field(default={}, max_length=20)

    def to_domain(self) -> Change:
        tones = {int(offset): tone for offset, tone in self.tones.items()}
        return Change(words=dict(self.words), tones=tones, templates=dict(self.templates))


class ShowWording(_Command):
    operation: Literal["show_wording"]


class SetWording(_Command):
    operation: Literal["set_wording"]
    change: _Change
    version: int | None = Field(default=None, ge=0)


class PreviewNotice(_Command):
    operation: Literal["preview_notice"]
    kind: NoticeKind = NoticeKind.ISSUED
    language: Literal["id", "en"] = "id"
    offset: int = Field(default=0, ge=-MAX_REMINDER_DISTANCE, le=MAX_REMINDER_DISTANCE)
    names: Literal["short", "long"] = "short"
    number: str | None = Field(default=None, min_length=1, max_length=64)
    change: _Change | None = None


class PreviewUpload(_Command):
    operation: Literal["preview_upload"]
    upload_id: _UploadId
    pick: Pick = Pick.FIRST


class _Resend(_Command):
    request_id: _Id
    """The caller's own: the same one again sends nothing again."""


class ResendNotice(_Resend):
    operation: Literal["resend_notice"]
    va_number: _VaNumber
    notice_id: _NoticeId


class ResendInvoice(_Resend):
    operation: Literal["resend_invoice"]
    va_number: _VaNumber


class ResendFailedOfUpload(_Resend):
    operation: Literal["resend_failed_of_upload"]
    upload_id: _UploadId
    cursor: _Cursor | None = None


class ResendFailedOfPeriod(_Resend):
    operation: Literal["resend_failed_of_period"]
    first_day: date
    last_day: date
    cursor: _Cursor | None = None


class ReplayWebhooks(_Resend):
    operation: Literal["replay_webhooks"]
    endpoint_id: _EndpointId
    since: AwareDatetime
    cursor: _Cursor | None = None


class PauseInvoiceReminders(_Command):
    operation: Literal["pause_invoice_reminders"]
    number: _Number
    until: date | None = None


class ResumeInvoiceReminders(_Command):
    operation: Literal["resume_invoice_reminders"]
    number: _Number


class PausePayerReminders(_Command):
    operation: Literal["pause_payer_reminders"]
    payer_key: _PayerKey
    until: date | None = None


class ResumePayerReminders(_Command):
    operation: Literal["resume_payer_reminders"]
    payer_key: _PayerKey


class ListWebhooks(_Command):
    operation: Literal["list_webhooks"]


class CreateWebhook(_Command):
    operation: Literal["create_webhook"]
    url: str = Field(max_length=1000)
    kinds: list[Literal[NoticeKind.ISSUED, NoticeKind.PAID, NoticeKind.ARCHIVED]] = Field(
        default=[NoticeKind.ISSUED, NoticeKind.PAID, NoticeKind.ARCHIVED], min_length=1, max_length=10
    )


class ChangeWebhook(_Command):
    operation: Literal["rotate_webhook", "disable_webhook", "enable_webhook"]
    endpoint_id: _EndpointId


Command = Annotated[
    DescribeNotices
    | ListSuppressions
    | LiftSuppression
    | HoldNotices
    | ResumeNotices
    | CountNotices
    | ResendNotice
    | ResendInvoice
    | ResendFailedOfUpload
    | ResendFailedOfPeriod
    | ReplayWebhooks
    | PauseInvoiceReminders
    | ResumeInvoiceReminders
    | PausePayerReminders
    | ResumePayerReminders
    | ListWebhooks
    | CreateWebhook
    | ChangeWebhook
    | ShowWording
    | SetWording
    | PreviewNotice
    | PreviewUpload,
    Field(discriminator="operation"),
]
_parse: TypeAdapter[Command] = TypeAdapter(Command)

_ERROR_CODES: dict[type[errors.InvoicingError], str] = {
    errors.BillerNotFoundError: "biller_not_found",
    errors.BillerNotActiveError: "biller_not_active",
    errors.ChangedMeanwhileError: "changed_meanwhile",
    errors.FilesExpiredError: "files_expired",
    errors.InvoiceNotFoundError: "invoice_not_found",
    errors.NoticeNotFoundError: "notice_not_found",
    errors.NoticeNotResendableError: "notice_not_resendable",
    errors.ResendPeriodError: "resend_period",
    errors.SuppressionNotFoundError: "suppression_not_found",
    errors.UploadNotFoundError: "upload_not_found",
    errors.UploadStateError: "upload_state",
    errors.WebhookAddressError: "webhook_address",
    errors.WebhookExistsError: "webhook_exists",
    errors.WebhookLimitError: "webhook_limit",
    errors.WebhookNotFoundError: "webhook_not_found",
    errors.WordingChangedError: "wording_changed",
}


@logger.inject_lambda_context
def handle(event: dict[str, Any], _context: object) -> dict[str, Any]:
    try:
        command = _parse.validate_python(event)
    except ValidationError as error:
        return answer_bad_command(error)
    try:
        return _run(command)
    except errors.WordingError as error:
        logger.info("refused", extra={"operation": command.operation, "code": "wording"})
        return _answer_problems(error)
    except errors.InvoicingError as error:
        code = _ERROR_CODES.get(type(error))
        if code is None:
            raise
        logger.info("refused", extra={"operation": command.operation, "code": code})
        return answer_error(code, str(error))


def _run(command: Command) -> dict[str, Any]:
    match command:
        case DescribeNotices():
            return {"notices": describe_notices(command.biller_id, command.va_number)}
        case ListSuppressions():
            found, cursor = suppressions.list_suppressions(command.biller_id, command.cursor)
            shown = [suppressions.show_suppression(suppression) for suppression in found]
            return {"suppressions": shown} | ({"cursor": cursor} if cursor else {})
        case LiftSuppression():
            lifted = suppressions.lift_suppression(command.biller_id, command.suppression_id, command.user_id)
            return suppressions.show_suppression(lifted)
        case HoldNotices() | ResumeNotices() | CountNotices():
            return _handle_hold(command)
        case _Resend():
            return _resend(command)
        case ListWebhooks() | CreateWebhook() | ChangeWebhook():
            return _handle_webhooks(command)
        case PauseInvoiceReminders() | ResumeInvoiceReminders() | PausePayerReminders() | ResumePayerReminders():
            return _change_reminders(command)
        case ShowWording():
            return show_wording(load_biller(command.biller_id).wording)
        case SetWording():
            change = command.change.to_domain()
            return show_wording(set_wording(command.biller_id, change, by=command.user_id, version=command.version))
        case PreviewNotice():
            # Rendering is slow to import, and no other command needs it.
            from notify.previewing import Names, preview_notice

            return preview_notice(
                command.biller_id,
                command.kind,
                command.language,
                offset=command.offset,
                names=Names(command.names),
                number=command.number,
                change=command.change.to_domain() if command.change else None,
            )
        case PreviewUpload():
            from notify.previewing import preview_upload

            return preview_upload(command.biller_id, command.upload_id, command.pick)


def _handle_hold(command: HoldNotices | ResumeNotices | CountNotices) -> dict[str, Any]:
    ids = (command.biller_id, command.upload_id)
    match command:
        case HoldNotices():
            return notice_holds.show_hold(notice_holds.hold_notices(*ids, by=command.user_id, reason=command.reason))
        case ResumeNotices():
            return notice_holds.show_hold(notice_holds.resume_notices(*ids, by=command.user_id))
        case CountNotices():
            return asdict(notice_holds.count_notices(*ids)) | {"held": notice_holds.is_held(*ids)}


def _answer_problems(error: errors.WordingError) -> dict[str, Any]:
    """As every refusal, and each problem by what it is of."""
    answer = answer_error("wording", str(error))
    answer["error"]["problems"] = [
        {"of": name, "code": problem.code, "detail": problem.detail, "message": describe_problem(problem)}
        for name, problems in error.problems.items()
        for problem in problems
    ]
    return answer


def _resend(command: _Resend) -> dict[str, Any]:
    act = {"by": command.user_id, "request_id": command.request_id}
    match command:
        case ResendNotice():
            made = resending.resend_notice(command.biller_id, command.va_number, command.notice_id, **act)
            return {"notice_id": made}
        case ResendInvoice():
            return resending.resend_invoice_notices(command.biller_id, command.va_number, **act)
        case ResendFailedOfUpload():
            return resending.show_batch(
                resending.resend_failed_of_upload(command.biller_id, command.upload_id, cursor=command.cursor, **act)
            )
        case ResendFailedOfPeriod():
            return resending.show_batch(
                resending.resend_failed_of_period(
                    command.biller_id, command.first_day, command.last_day, cursor=command.cursor, **act
                )
            )
        case ReplayWebhooks():
            since = clock.to_text(command.since)
            return resending.show_batch(
                resending.replay_webhooks(command.biller_id, command.endpoint_id, since, cursor=command.cursor, **act)
            )
        case _:
            raise AssertionError(command)


def _handle_webhooks(command: ListWebhooks | CreateWebhook | ChangeWebhook) -> dict[str, Any]:
    biller_id, by = command.biller_id, command.user_id
    secret = None
    match command:
        case ListWebhooks():
            return {"webhooks": [webhooks.show_webhook(webhook) for webhook in webhooks.list_webhooks(biller_id)]}
        case CreateWebhook():
            webhook, secret = webhooks.create_webhook(biller_id, command.url, command.kinds, by=by)
        case ChangeWebhook(operation="rotate_webhook"):
            webhook, secret = webhooks.rotate_secret(biller_id, command.endpoint_id, by=by)
        case ChangeWebhook(operation="disable_webhook"):
            webhook = webhooks.disable_webhook(biller_id, command.endpoint_id, by=by)
        case ChangeWebhook():
            webhook = webhooks.enable_webhook(biller_id, command.endpoint_id, by=by)
    # Shown this once: nobody can read it again.
    return webhooks.show_webhook(webhook) | ({"secret": secret} if secret else {})


def _change_reminders(
    command: PauseInvoiceReminders | ResumeInvoiceReminders | PausePayerReminders | ResumePayerReminders,
) -> dict[str, Any]:
    biller_id, by = command.biller_id, command.user_id
    match command:
        case PauseInvoiceReminders():
            reminders.pause_invoice_reminders(biller_id, command.number, by=by, until=command.until)
        case ResumeInvoiceReminders():
            reminders.resume_invoice_reminders(biller_id, command.number, by=by)
        case PausePayerReminders():
            reminders.pause_payer_reminders(biller_id, command.payer_key, by=by, until=command.until)
        case ResumePayerReminders():
            reminders.resume_payer_reminders(biller_id, command.payer_key, by=by)
    return {"paused": isinstance(command, PauseInvoiceReminders | PausePayerReminders)}
