"""Domain errors. Each surface (API, command, SNAP) maps them to its own codes once."""


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
    """The releaser of an upload must not be the person who uploaded it."""


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


class InvoiceNotFoundError(InvoicingError):
    """This biller has no open or paid invoice of this number (another biller's looks the same)."""


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
