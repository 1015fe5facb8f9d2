"""Domain errors, each with the code and the kind by which every surface (API, pages, commands) answers it."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from invoicing.own_wording import Problem


class ErrorKind(StrEnum):
    """What whoever asked can do about it."""

    DEFECT = "defect"
    """Nothing: it is ours."""
    NOT_SIGNED_IN = "not_signed_in"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    """Not in the present state, or not by this person; look again."""
    GONE = "gone"
    INVALID = "invalid"
    """Mend what was sent."""
    UNREADABLE = "unreadable"
    TOO_LARGE = "too_large"
    TOO_OFTEN = "too_often"
    BUSY = "busy"
    """Ask again in a moment."""


class InvoicingError(Exception):
    """Base of all errors that the domain raises on purpose; ``str(error)`` is a detail that is safe to show."""

    code: str = "defect"
    """For programs, and the key of its words in the texts."""
    kind: ClassVar[ErrorKind] = ErrorKind.DEFECT


class MissingSettingError(InvoicingError):
    """A function asked for an environment variable that its deployment does not set."""


class BillerNotFoundError(InvoicingError):
    """No biller has this id."""

    code = "biller_not_found"
    kind = ErrorKind.NOT_FOUND


class BillerNotActiveError(InvoicingError):
    """The biller is registered or suspended: nothing may be uploaded, released or sent for it."""

    code = "biller_not_active"
    kind = ErrorKind.CONFLICT


class UploadNotFoundError(InvoicingError):
    """This biller has no upload of this id (another biller's upload looks the same)."""

    code = "upload_not_found"
    kind = ErrorKind.NOT_FOUND


class UploadStateError(InvoicingError):
    """The upload is in a state that does not permit the step asked for. ``str(error)`` names both."""

    code = "upload_state"
    kind = ErrorKind.CONFLICT


class SamePersonError(InvoicingError):
    """A second person has to do this: not the one who uploaded, registered or proposed it."""

    code = "same_person"
    kind = ErrorKind.CONFLICT


class DecidedElsewhereError(InvoicingError):
    """The second person must be known by a token: in the dashboard or the API, not by a command."""

    code = "decided_elsewhere"
    kind = ErrorKind.FORBIDDEN


class WarningsNotAcknowledgedError(InvoicingError):
    """The upload has warnings that the releaser did not acknowledge."""

    code = "warnings_not_acknowledged"
    kind = ErrorKind.CONFLICT

    def __init__(self, missing: list[str]) -> None:
        super().__init__(", ".join(missing))
        self.missing = missing


class VirtualAccountRangeError(InvoicingError):
    """The company code has too few customer numbers left."""

    code = "virtual_accounts_used_up"
    kind = ErrorKind.CONFLICT


class PlanCorruptError(InvoicingError):
    """A plan's bytes are not what the chunk message says: a defect, never to be retried blindly."""


class VirtualAccountTakenError(InvoicingError):
    """A VA number that this upload's range owns belongs to another row: a defect; nothing may be overwritten."""


class FilenameError(InvoicingError):
    """The name of the uploaded file is empty, too long or not printable."""

    code = "filename"
    kind = ErrorKind.INVALID


class NoticePolicyError(InvoicingError):
    """A setting of when notices go out is out of range. ``str(error)`` names it and what was given."""

    code = "notice_policy"
    kind = ErrorKind.INVALID


class SendingTimeError(InvoicingError):
    """A release was given a time for its notices that is none, has passed or is too far ahead."""

    code = "sending_time"
    kind = ErrorKind.INVALID


class WordingError(InvoicingError):
    """Own words, tones or templates of a biller that cannot be used; ``problems`` by what they are of, as given."""

    code = "wording"
    kind = ErrorKind.INVALID

    def __init__(self, problems: "Mapping[str, Sequence[Problem]]") -> None:
        super().__init__(", ".join(problems))
        self.problems = problems


class WordingChangedError(InvoicingError):
    """Somebody changed the wording meanwhile. ``str(error)`` is the version that the change did not know."""

    code = "wording_changed"
    kind = ErrorKind.CONFLICT


class PreviewFailedError(InvoicingError):
    """The function that renders previews could not, or has no time; its own log says why. It may be asked again."""

    code = "preview_failed"
    kind = ErrorKind.BUSY


class InvoiceNotFoundError(InvoicingError):
    """This biller has no open or paid invoice of this number (another biller's looks the same)."""

    code = "invoice_not_found"
    kind = ErrorKind.NOT_FOUND


class BusyError(InvoicingError):
    """Others changed the same things each time it was tried; the same may be asked again."""

    code = "invoice_busy"
    kind = ErrorKind.BUSY


class InvoiceStateError(InvoicingError):
    """The invoice is paid or archived, and what was asked for needs an open one (or the opposite)."""

    code = "invoice_state"
    kind = ErrorKind.CONFLICT


class InvoiceChangedError(InvoicingError):
    """The invoice is not the one that the caller saw: another bill has its number, or somebody changed it since."""

    code = "invoice_changed"
    kind = ErrorKind.CONFLICT


class InquiredRecentlyError(InvoicingError):
    """A bank asked for the bill minutes ago, so somebody may be paying it now; the archive must be confirmed."""

    code = "inquired_recently"
    kind = ErrorKind.CONFLICT


class DueDateError(InvoicingError):
    """A new due date or end of validity is in the past, earlier than the old one, or contradicts the other."""

    code = "due_date"
    kind = ErrorKind.INVALID


class ContactError(InvoicingError):
    """A contact that was given is none, or none is left. ``str(error)`` is the code of what is wrong."""

    code = "contact"
    kind = ErrorKind.INVALID


class OutsidePaymentError(InvoicingError):
    """A payment made outside the VA cannot be recorded as told. ``str(error)`` is the code of what is wrong."""

    code = "outside_payment"
    kind = ErrorKind.INVALID


class TwoPeopleError(InvoicingError):
    """Money is posted or reversed by two people: the one who approves must not be the one who recorded it."""

    code = "two_people"
    kind = ErrorKind.CONFLICT


class CursorError(InvoicingError):
    """A cursor that this list did not give out, or of other filters."""

    code = "cursor"
    kind = ErrorKind.INVALID


class InvoiceRowsError(InvoicingError):
    """A list of invoices has something that no row can hold. ``str(error)`` names the place: ``3.amount``."""

    code = "invoice_rows"
    kind = ErrorKind.INVALID


class IdempotencyKeyError(InvoicingError):
    """The key of a call was used for another content before."""

    code = "key_reused"
    kind = ErrorKind.INVALID


class SuppressionNotFoundError(InvoicingError):
    """This biller has no suppression of this id (another biller's looks the same)."""

    code = "suppression_not_found"
    kind = ErrorKind.NOT_FOUND


class FilesExpiredError(InvoicingError):
    """The files of an upload have outlived their retention, or it was deleted."""

    code = "files_expired"
    kind = ErrorKind.GONE


class UploadOutdatedError(InvoicingError):
    """An invoice of the upload could no longer be paid if it were released now."""

    code = "upload_outdated"
    kind = ErrorKind.CONFLICT


class CounterBusyError(InvoicingError):
    """Too many releases of one company code at once; the same release may be tried again."""

    code = "busy"
    kind = ErrorKind.BUSY


class CompanyCodeError(InvoicingError):
    """A company code must have exactly the bank's number of digits, so that no code is the beginning of another."""

    code = "company_code"
    kind = ErrorKind.INVALID


class ReportRequestError(InvoicingError):
    """A report was asked for that cannot be made. ``str(error)`` names the members that do not fit."""

    code = "report_request"
    kind = ErrorKind.INVALID


class ReportNotFoundError(InvoicingError):
    """This biller has no report of this id (another biller's looks the same)."""

    code = "report_not_found"
    kind = ErrorKind.NOT_FOUND


class ScheduleNotFoundError(InvoicingError):
    """This biller has no running report schedule of this id (another biller's looks the same)."""

    code = "schedule_not_found"
    kind = ErrorKind.NOT_FOUND


class TooManyReportsError(InvoicingError):
    """The biller has as many reports in the making, or schedules, as one may have."""

    code = "too_many_reports"
    kind = ErrorKind.CONFLICT


class StoreBusyError(InvoicingError):
    """DynamoDB has no time, or too many at once want to change the same items; the same may be tried again."""

    code = "busy"
    kind = ErrorKind.BUSY


class SettlementFormatError(InvoicingError):
    """A bank's settlement file is not of the form that was set for it, or the form makes no sense; says which part."""

    code = "settlement_format"
    kind = ErrorKind.INVALID


class ReconciliationNotFoundError(InvoicingError):
    """There is no reconciliation of this id."""

    code = "reconciliation_not_found"
    kind = ErrorKind.NOT_FOUND


class SettledLineNotFoundError(InvoicingError):
    """There is no such line, or nobody needs to act on it."""

    code = "settled_line_not_found"
    kind = ErrorKind.NOT_FOUND


class SettledLineStateError(InvoicingError):
    """The line is in a state that does not permit the step. ``str(error)`` names it."""

    code = "settled_line_state"
    kind = ErrorKind.CONFLICT


class PayerLinkError(InvoicingError):
    """No bill opens by this link: none of ours, too old, of a contact corrected since, or dismissed by its reader."""


class UserNotFoundError(InvoicingError):
    """No user of this id is known here (another biller's looks the same)."""

    code = "user_not_found"
    kind = ErrorKind.NOT_FOUND


class NotSignedInError(InvoicingError):
    """There is no access token, or it is not one of ours, or it has expired. ``str(error)`` says which check failed."""

    code = "not_signed_in"
    kind = ErrorKind.NOT_SIGNED_IN


class AccessDeniedError(InvoicingError):
    """The caller's roles, state or scopes do not permit this."""

    code = "access_denied"
    kind = ErrorKind.FORBIDDEN


class BodyTooLargeError(InvoicingError):
    """A request's body is over its route's limit. ``str(error)`` is the limit in bytes."""

    code = "body_too_large"
    kind = ErrorKind.TOO_LARGE


class FormRefusedError(InvoicingError):
    """A form did not come from a page that we gave this visitor, or is too large. ``str(error)`` says which."""

    code = "form_refused"
    kind = ErrorKind.FORBIDDEN


class UploadTooLargeError(InvoicingError):
    """The upload has more invoices than one answer can hold. ``str(error)`` is the limit."""

    code = "upload_too_large"
    kind = ErrorKind.CONFLICT


class BodyUnreadableError(InvoicingError):
    """A request's body is no text, or is nested too deeply to be read."""

    code = "body_unreadable"
    kind = ErrorKind.UNREADABLE


class UserExistsError(InvoicingError):
    """The address is that of a user with other roles, or of another biller."""

    code = "user_exists"
    kind = ErrorKind.CONFLICT


class UserEmailError(InvoicingError):
    """A user needs exactly one e-mail address. ``str(error)`` is what is wrong with the one given."""

    code = "user_email"
    kind = ErrorKind.INVALID


class UserStateError(InvoicingError):
    """The user is in a state that does not permit the step, or was changed by somebody else meanwhile."""

    code = "user_state"
    kind = ErrorKind.CONFLICT


class RolesError(InvoicingError):
    """Roles or scopes that this kind of user cannot have, or none at all. ``str(error)`` names them."""

    code = "roles"
    kind = ErrorKind.INVALID


class LastAdminError(InvoicingError):
    """A biller must keep one active admin, else nobody could manage its users."""

    code = "last_admin"
    kind = ErrorKind.CONFLICT


class TooManyProgramsError(InvoicingError):
    """A biller has at most two credentials for programs at a time."""

    code = "too_many_programs"
    kind = ErrorKind.CONFLICT


class CompanyCodeTakenError(InvoicingError):
    """Another biller has, or had, this company code."""

    code = "company_code_taken"
    kind = ErrorKind.CONFLICT


class BillerExistsError(InvoicingError):
    """There is a biller of this id, with other particulars."""

    code = "biller_exists"
    kind = ErrorKind.CONFLICT


class BillerStateError(InvoicingError):
    """The biller is in a state that does not permit the step. ``str(error)`` names it."""

    code = "biller_state"
    kind = ErrorKind.CONFLICT


class SettingsChangedError(InvoicingError):
    """Somebody else changed the settings since they were read."""

    code = "settings_changed"
    kind = ErrorKind.CONFLICT


class ChangeNotFoundError(InvoicingError):
    """There is no such proposed change of this biller."""

    code = "change_not_found"
    kind = ErrorKind.NOT_FOUND


class ChangeStateError(InvoicingError):
    """The proposed change was decided already, has expired, or what it would change has changed since."""

    code = "change_state"
    kind = ErrorKind.CONFLICT


class ChangeValueError(InvoicingError):
    """The proposed value cannot be taken. ``str(error)`` says what it is."""

    code = "change_value"
    kind = ErrorKind.INVALID


class ContactPhoneError(InvoicingError):
    """The contact's phone number cannot be read, or is no mobile number."""

    code = "contact_phone"
    kind = ErrorKind.INVALID


class SignInRefusedError(InvoicingError):
    """Address and password do not fit, or the session is over. It never says which, nor whether the user exists."""

    code = "sign_in_refused"
    kind = ErrorKind.NOT_SIGNED_IN


class CodeRefusedError(InvoicingError):
    """A code is wrong, used up or too old, or there is no such user."""

    code = "code_refused"
    kind = ErrorKind.INVALID


class PasswordRuleError(InvoicingError):
    """The new password is too short, too simple or was used before."""

    code = "password_rule"
    kind = ErrorKind.INVALID


class TooManyAttemptsError(InvoicingError):
    """Tried too often; it may be tried again when the window has passed. ``str(error)`` says what was tried."""

    code = "too_many_attempts"
    kind = ErrorKind.TOO_OFTEN


class ChangedMeanwhileError(InvoicingError):
    """Somebody else changed it since it was read; asking again sees what holds now."""

    code = "changed_meanwhile"
    kind = ErrorKind.CONFLICT


class WebhookAddressError(InvoicingError):
    """A webhook's URL is none that we call. ``str(error)`` is the part that is wrong: url, https, host, port, path."""

    code = "webhook_address"
    kind = ErrorKind.INVALID


class WebhookExistsError(InvoicingError):
    """The biller has an active webhook with this URL."""

    code = "webhook_exists"
    kind = ErrorKind.CONFLICT


class WebhookLimitError(InvoicingError):
    """The biller has as many webhooks as it may have. ``str(error)`` is how many may be active."""

    code = "webhook_limit"
    kind = ErrorKind.CONFLICT


class WebhookNotFoundError(InvoicingError):
    """This biller has no webhook of this id (another biller's looks the same)."""

    code = "webhook_not_found"
    kind = ErrorKind.NOT_FOUND


class NoticeNotFoundError(InvoicingError):
    """This biller has no notice of this account and id (another biller's looks the same)."""

    code = "notice_not_found"
    kind = ErrorKind.NOT_FOUND


class NoticeNotResendableError(InvoicingError):
    """The notice must not be sent again. ``str(error)`` is why: a code of ``invoicing.resending.Obstacle``."""

    code = "notice_not_resendable"
    kind = ErrorKind.CONFLICT


class ResendPeriodError(InvoicingError):
    """A period of notices to send again is none, too long, or lies ahead; or its cursor is none of ours."""

    code = "resend_period"
    kind = ErrorKind.INVALID


class BankClientNotFoundError(InvoicingError):
    """No bank client has this id."""

    code = "bank_client_not_found"
    kind = ErrorKind.NOT_FOUND


class BankClientExistsError(InvoicingError):
    """The client id or the partner id belongs to a bank client already. ``str(error)`` names it."""

    code = "bank_client_exists"
    kind = ErrorKind.CONFLICT


class BankClientInvalidError(InvoicingError):
    """A bank client's setting is unusable. ``str(error)`` names the setting and what is wrong with it."""

    code = "bank_client_invalid"
    kind = ErrorKind.INVALID


class RotationError(InvoicingError):
    """A key or secret is being changed already, or is not; ``str(error)`` says which, as a code with words."""

    code = "rotation"
    kind = ErrorKind.CONFLICT


class BankChangeUnfinishedError(InvoicingError):
    """A change of a bank client is approved, but was not carried out yet; approving it again goes on with it."""

    code = "bank_change_unfinished"
    kind = ErrorKind.BUSY


class BankCallNotFoundError(InvoicingError):
    """No kept call has this id, or it has expired."""

    code = "bank_call_not_found"
    kind = ErrorKind.NOT_FOUND


class QueueNotFoundError(InvoicingError):
    """No queue of the stack is called so."""

    code = "queue_not_found"
    kind = ErrorKind.NOT_FOUND


class RedriveError(InvoicingError):
    """Dead letters cannot be tried again now; ``str`` says why: ``empty``, ``moving``."""

    code = "redrive"
    kind = ErrorKind.CONFLICT
