"""Domain errors. Each surface (API, command, SNAP) maps them to its own codes once."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from invoicing.own_wording import Problem


class InvoicingError(Exception):
    """Base of all errors that the domain raises on purpose."""


class MissingSettingError(InvoicingError):
    """A function asked for an environment variable that its deployment does not set."""


class BillerNotFoundError(InvoicingError):
    """No biller has this id."""


class BillerNotActiveError(InvoicingError):
    """The biller is registered or suspended: nothing may be uploaded, released or sent for it."""


class UploadNotFoundError(InvoicingError):
    """This biller has no upload of this id (another biller's upload looks the same)."""


class UploadStateError(InvoicingError):
    """The upload is in a state that does not permit the step asked for. ``str(error)`` names both."""


class SamePersonError(InvoicingError):
    """A second person has to do this: not the one who uploaded, registered or proposed it."""


class WarningsNotAcknowledgedError(InvoicingError):
    """The upload has warnings that the releaser did not acknowledge."""

    def __init__(self, missing: list[str]) -> None:
        super().__init__(", ".join(missing))
        self.missing = missing


class VirtualAccountRangeError(InvoicingError):
    """The company code has too few customer numbers left."""


class PlanCorruptError(InvoicingError):
    """A plan's bytes are not what the chunk message says: a defect, never to be retried blindly."""


class VirtualAccountTakenError(InvoicingError):
    """A VA number that this upload's range owns belongs to another row: a defect; nothing may be overwritten."""


class FilenameError(InvoicingError):
    """The name of the uploaded file is empty, too long or not printable."""


class NoticePolicyError(InvoicingError):
    """A setting of when notices go out is out of range. ``str(error)`` names it and what was given."""


class SendingTimeError(InvoicingError):
    """A release was given a time for its notices that is none, has passed or is too far ahead."""


class WordingError(InvoicingError):
    """Own words, tones or templates of a biller that cannot be used; ``problems`` by what they are of, as given."""

    def __init__(self, problems: "Mapping[str, Sequence[Problem]]") -> None:
        super().__init__(", ".join(problems))
        self.problems = problems


class WordingChangedError(InvoicingError):
    """Somebody changed the wording meanwhile. ``str(error)`` is the version that the change did not know."""


class PreviewFailedError(InvoicingError):
    """The function that renders previews could not, or has no time; its own log says why. It may be asked again."""


class InvoiceNotFoundError(InvoicingError):
    """This biller has no open or paid invoice of this number (another biller's looks the same)."""


class BusyError(InvoicingError):
    """Others changed the same things each time it was tried; the same may be asked again."""


class InvoiceStateError(InvoicingError):
    """The invoice is paid or archived, and what was asked for needs an open one (or the opposite)."""


class InvoiceChangedError(InvoicingError):
    """The invoice is not the one that the caller saw: another bill has its number, or somebody changed it since."""


class InquiredRecentlyError(InvoicingError):
    """A bank asked for the bill minutes ago, so somebody may be paying it now; the archive must be confirmed."""


class DueDateError(InvoicingError):
    """A new due date or end of validity is in the past, earlier than the old one, or contradicts the other."""


class ContactError(InvoicingError):
    """A contact that was given is none, or none is left. ``str(error)`` is the code of what is wrong."""


class OutsidePaymentError(InvoicingError):
    """A payment made outside the VA cannot be recorded as told. ``str(error)`` is the code of what is wrong."""


class TwoPeopleError(InvoicingError):
    """Money is posted or reversed by two people: the one who approves must not be the one who recorded it."""


class CursorError(InvoicingError):
    """A cursor that this list did not give out, or of other filters."""


class InvoiceRowsError(InvoicingError):
    """A list of invoices has something that no row can hold. ``str(error)`` names the place: ``3.amount``."""


class IdempotencyKeyError(InvoicingError):
    """The key of a call was used for another content before."""


class SuppressionNotFoundError(InvoicingError):
    """This biller has no suppression of this id (another biller's looks the same)."""


class FilesExpiredError(InvoicingError):
    """The files of an upload have outlived their retention, or it was deleted."""


class UploadOutdatedError(InvoicingError):
    """An invoice of the upload could no longer be paid if it were released now."""


class CounterBusyError(InvoicingError):
    """Too many releases of one company code at once; the same release may be tried again."""


class CompanyCodeError(InvoicingError):
    """A company code must have exactly the bank's number of digits, so that no code is the beginning of another."""


class ReportRequestError(InvoicingError):
    """A report was asked for that cannot be made. ``str(error)`` names the members that do not fit."""


class ReportNotFoundError(InvoicingError):
    """This biller has no report of this id (another biller's looks the same)."""


class ScheduleNotFoundError(InvoicingError):
    """This biller has no running report schedule of this id (another biller's looks the same)."""


class TooManyReportsError(InvoicingError):
    """The biller has as many reports in the making, or schedules, as one may have."""


class StoreBusyError(InvoicingError):
    """DynamoDB has no time, or too many at once want to change the same items; the same may be tried again."""


class SettlementFormatError(InvoicingError):
    """A bank's settlement file is not of the form that was set for it, or the form makes no sense; says which part."""


class ReconciliationNotFoundError(InvoicingError):
    """There is no reconciliation of this id."""


class SettledLineNotFoundError(InvoicingError):
    """There is no such line, or nobody needs to act on it."""


class SettledLineStateError(InvoicingError):
    """The line is in a state that does not permit the step. ``str(error)`` names it."""


class PayerLinkError(InvoicingError):
    """No bill opens by this link: none of ours, too old, of a contact corrected since, or dismissed by its reader."""


class UserNotFoundError(InvoicingError):
    """No user of this id is known here (another biller's looks the same)."""


class NotSignedInError(InvoicingError):
    """There is no access token, or it is not one of ours, or it has expired. ``str(error)`` says which check failed."""


class AccessDeniedError(InvoicingError):
    """The caller's roles, state or scopes do not permit this."""


class BodyTooLargeError(InvoicingError):
    """A request's body is over its route's limit. ``str(error)`` is the limit in bytes."""


class FormRefusedError(InvoicingError):
    """A form did not come from a page that we gave this visitor, or is too large. ``str(error)`` says which."""


class UploadTooLargeError(InvoicingError):
    """The upload has more invoices than one answer can hold. ``str(error)`` is the limit."""


class BodyUnreadableError(InvoicingError):
    """A request's body is no text, or is nested too deeply to be read."""


class UserExistsError(InvoicingError):
    """The address is that of a user with other roles, or of another biller."""


class UserEmailError(InvoicingError):
    """A user needs exactly one e-mail address. ``str(error)`` is what is wrong with the one given."""


class UserStateError(InvoicingError):
    """The user is in a state that does not permit the step, or was changed by somebody else meanwhile."""


class RolesError(InvoicingError):
    """Roles or scopes that this kind of user cannot have, or none at all. ``str(error)`` names them."""


class LastAdminError(InvoicingError):
    """A biller must keep one active admin, else nobody could manage its users."""


class TooManyProgramsError(InvoicingError):
    """A biller has at most two credentials for programs at a time."""


class CompanyCodeTakenError(InvoicingError):
    """Another biller has, or had, this company code."""


class BillerExistsError(InvoicingError):
    """There is a biller of this id, with other particulars."""


class BillerStateError(InvoicingError):
    """The biller is in a state that does not permit the step. ``str(error)`` names it."""


class SettingsChangedError(InvoicingError):
    """Somebody else changed the settings since they were read."""


class ChangeNotFoundError(InvoicingError):
    """There is no such proposed change of this biller."""


class ChangeStateError(InvoicingError):
    """The proposed change was decided already, has expired, or what it would change has changed since."""


class ChangeValueError(InvoicingError):
    """The proposed value cannot be taken. ``str(error)`` says what it is."""


class ContactPhoneError(InvoicingError):
    """The contact's phone number cannot be read, or is no mobile number."""


class SignInRefusedError(InvoicingError):
    """Address and password do not fit, or the session is over. It never says which, nor whether the user exists."""


class CodeRefusedError(InvoicingError):
    """A code is wrong, used up or too old, or there is no such user."""


class PasswordRuleError(InvoicingError):
    """The new password is too short, too simple or was used before."""


class TooManyAttemptsError(InvoicingError):
    """Tried too often; it may be tried again when the window has passed. ``str(error)`` says what was tried."""


class ChangedMeanwhileError(InvoicingError):
    """Somebody else changed it since it was read; asking again sees what holds now."""


class WebhookAddressError(InvoicingError):
    """A webhook's URL is none that we call. ``str(error)`` is the part that is wrong: url, https, host, port, path."""


class WebhookExistsError(InvoicingError):
    """The biller has an active webhook with this URL."""


class WebhookLimitError(InvoicingError):
    """The biller has as many webhooks as it may have. ``str(error)`` is how many may be active."""


class WebhookNotFoundError(InvoicingError):
    """This biller has no webhook of this id (another biller's looks the same)."""


class NoticeNotFoundError(InvoicingError):
    """This biller has no notice of this account and id (another biller's looks the same)."""


class NoticeNotResendableError(InvoicingError):
    """The notice must not be sent again. ``str(error)`` is why: a code of ``invoicing.resending.Obstacle``."""


class ResendPeriodError(InvoicingError):
    """A period of notices to send again is none, too long, or lies ahead; or its cursor is none of ours."""


class BankClientNotFoundError(InvoicingError):
    """No bank client has this id."""


class BankClientExistsError(InvoicingError):
    """The client id or the partner id belongs to a bank client already. ``str(error)`` names it."""


class BankClientInvalidError(InvoicingError):
    """A bank client's setting is unusable. ``str(error)`` names the setting and what is wrong with it."""


class RotationError(InvoicingError):
    """A key or secret is being changed already, or is not; ``str(error)`` says which, as a code with words."""


class BankChangeUnfinishedError(InvoicingError):
    """A change of a bank client is approved, but was not carried out yet; approving it again goes on with it."""


class BankCallNotFoundError(InvoicingError):
    """No kept call has this id, or it has expired."""


class QueueNotFoundError(InvoicingError):
    """No queue of the stack is called so."""


class RedriveError(InvoicingError):
    """Dead letters cannot be tried again now; ``str`` says why: ``empty``, ``moving``."""
