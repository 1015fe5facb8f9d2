"""What the API answers, member by member: checked on every answer, and the source of the OpenAPI document."""

from typing import Any, NotRequired

from pydantic import ConfigDict
from typing_extensions import TypedDict

_STRICT = ConfigDict(extra="forbid")


class UploadStarted(TypedDict):
    upload_id: str
    post: dict[str, Any]


class Upload(TypedDict):
    """Members as in docs/operations.md; those that do not apply to its status are absent."""

    __pydantic_config__ = _STRICT  # type: ignore[misc]

    upload_id: str
    biller_id: str
    module: str
    filename: str
    status: str
    verdict: str
    created_at: str
    uploaded_by: str
    released_by: NotRequired[str]
    released_at: NotRequired[str]
    acknowledged: NotRequired[list[str]]
    notices_from: NotRequired[str]
    ended_by: NotRequired[str]
    finished_at: NotRequired[str]
    refusal: NotRequired[dict[str, Any]]
    counts: NotRequired[dict[str, int]]
    amount: NotRequired[int]
    errors: NotRequired[dict[str, int]]
    warnings: NotRequired[dict[str, int]]
    sending: NotRequired[dict[str, Any]]
    chunks: NotRequired[dict[str, Any]]
    issues_url: NotRequired[str]
    failed_rows_url: NotRequired[str]


class UploadLine(TypedDict):
    """An upload in a list."""

    __pydantic_config__ = _STRICT  # type: ignore[misc]

    upload_id: str
    filename: str
    status: str
    verdict: str
    created_at: str
    uploaded_by: str
    released_by: NotRequired[str]
    invoices: NotRequired[int]
    amount: NotRequired[int]


class UploadPage(TypedDict):
    uploads: list[UploadLine]
    cursor: NotRequired[str]


class PlannedInvoice(TypedDict):
    row: int
    number: str
    payer_name: str
    amount: int
    due_date: str
    va_number: str | None
    status: str


class PlannedInvoicePage(TypedDict):
    invoices: list[PlannedInvoice]
    cursor: NotRequired[str]


class Notice(TypedDict):
    notice_id: str
    kind: str
    step: NotRequired[str]
    channel: str
    recipient: str
    state: str
    reason: NotRequired[str]
    not_before: NotRequired[str]
    attempt: int
    times: dict[str, str]


class NoticeList(TypedDict):
    notices: list[Notice]


class Suppression(TypedDict):
    suppression_id: str
    channel: str
    address: str
    reason: str
    since: str
    notice: str
    lifted_at: NotRequired[str]
    lifted_by: NotRequired[str]
    lifts: NotRequired[list[dict[str, str]]]


class SuppressionPage(TypedDict):
    suppressions: list[Suppression]
    cursor: NotRequired[str]


class Done(TypedDict):
    done: bool


class Contact(TypedDict):
    name: str
    email: str
    phone: str


class Biller(TypedDict):
    __pydantic_config__ = _STRICT  # type: ignore[misc]

    biller_id: str
    name: str
    module: str
    state: str
    company_code: str
    giro_account: str
    channels: list[str]
    language: str
    release: str
    legal_name: NotRequired[str]
    contact: NotRequired[Contact]
    registered_by: NotRequired[str]
    registered_at: NotRequired[str]
    approved_by: NotRequired[str]
    approved_at: NotRequired[str]
    state_reason: NotRequired[str]


class BillerPage(TypedDict):
    billers: list[Biller]
    cursor: NotRequired[str]


class Change(TypedDict):
    __pydantic_config__ = _STRICT  # type: ignore[misc]

    change_id: str
    owner: str
    kind: str
    before: str
    after: str
    reason: str
    state: str
    proposed_by: str
    proposed_at: str
    decided_by: NotRequired[str]
    decided_at: NotRequired[str]


class ChangePage(TypedDict):
    changes: list[Change]
    cursor: NotRequired[str]


class User(TypedDict):
    __pydantic_config__ = _STRICT  # type: ignore[misc]

    user_id: str
    biller_id: NotRequired[str]
    kind: str
    name: str
    email: NotRequired[str]
    roles: list[str]
    state: str
    created_at: str
    created_by: str


class UserPage(TypedDict):
    users: list[User]
    cursor: NotRequired[str]


class ProgramCreated(TypedDict):
    program: User
    client_secret: str


class Fallback(TypedDict):
    is_on: bool
    order: list[str]
    minutes: list[int]


class Policy(TypedDict):
    zone: str
    quiet_from: str
    quiet_until: str
    on_weekends: bool
    on_holidays: bool
    reminder_offsets: list[int]
    fallback: Fallback


class Settings(TypedDict):
    __pydantic_config__ = _STRICT  # type: ignore[misc]

    version: int
    channels: list[str]
    language: str
    policy: Policy
    on_errors: str
    release: str
    help_contact: str


class AuditEntry(TypedDict):
    __pydantic_config__ = _STRICT  # type: ignore[misc]

    biller_id: str
    user_id: str
    action: str
    subject: str
    at: str
    before: NotRequired[dict[str, Any]]
    after: NotRequired[dict[str, Any]]
    reason: NotRequired[str]


class AuditPage(TypedDict):
    entries: list[AuditEntry]
    cursor: NotRequired[str]


class FoundBill(TypedDict):
    """A bill as the bank's support sees it: contacts masked."""

    __pydantic_config__ = _STRICT  # type: ignore[misc]

    biller_id: str
    biller_name: str
    number: str
    payer_name: str
    amount: int
    due_date: str
    va_number: str
    status: str
    va_state: str
    paid_at: NotRequired[str]
    recipients: list[str]
    notices: list[Notice]


class FoundBills(TypedDict):
    bills: list[FoundBill]
