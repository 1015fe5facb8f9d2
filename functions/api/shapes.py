"""What the API answers, member by member: checked on every answer, and the source of the OpenAPI document."""

from typing import Any, NotRequired

from pydantic import ConfigDict
from typing_extensions import TypedDict

_STRICT = ConfigDict(extra="forbid")


class UploadStarted(TypedDict):
    upload_id: str
    post: dict[str, Any]


class Upload(TypedDict):
    """Members as in docs/commands.md; those that do not apply to its status are absent."""

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
    parent: NotRequired[str]
    fallback: NotRequired[str]
    ladder_end: NotRequired[str]
    resend_of: NotRequired[str]
    deliveries: NotRequired[list[dict[str, Any]]]
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


class Erasure(TypedDict):
    """What this call did. ``erasure_id`` stands in the trail, the contact does not.

    ``waiting``: VA numbers of invoices with a message under way; ask again a day later. ``still_needed``: those of open
    invoices, whose contact stays until they are paid, archived or corrected.
    """

    __pydantic_config__ = _STRICT  # type: ignore[misc]

    erasure_id: str
    invoices: int
    notices: int
    waiting: list[str]
    still_needed: list[str]
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


class BankClient(TypedDict):
    """``public_keys``: SHA-256 fingerprints, newest first; ``secret_change``: id of the one that is going on."""

    __pydantic_config__ = _STRICT  # type: ignore[misc]

    client_id: str
    bank_code: str
    partner_id: str
    is_active: bool
    public_keys: list[str]
    keys_since: list[str]
    secrets_since: list[str]
    secret_change: str
    signature: str
    minify: str
    signed_path_prefix: str
    timestamp_tolerance_seconds: int
    numeric_external_id: bool
    replay_code_success: bool
    sub_company: str
    channels_by_id: dict[str, str]
    channels_by_code: dict[str, str]
    own_bank_codes: list[str]
    allowed_networks: list[str]
    min_key_bits: int
    version: int


class BankClientList(TypedDict):
    clients: list[BankClient]


class BankChange(TypedDict):
    """``before`` and ``after``: the settings that change, keys as fingerprints; never a secret."""

    __pydantic_config__ = _STRICT  # type: ignore[misc]

    change_id: str
    kind: str
    client_id: NotRequired[str]
    before: dict[str, Any]
    after: dict[str, Any]
    reason: str
    state: str
    proposed_by: str
    proposed_at: str
    decided_by: NotRequired[str]
    decided_at: NotRequired[str]
    carried_out_at: NotRequired[str]


class BankChangePage(TypedDict):
    changes: list[BankChange]
    cursor: NotRequired[str]


class BankApproval(TypedDict):
    """``hand_over``: what the bank has to be told of a new secret, for the eyes of who approved it."""

    change: BankChange
    hand_over: NotRequired[dict[str, Any]]


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
    outside_payments: str


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


class Invoice(TypedDict):
    """An invoice; contacts masked. ``revision``, given with a change, holds it against what was seen."""

    __pydantic_config__ = _STRICT  # type: ignore[misc]

    number: str
    payer_name: str
    amount: int
    due_date: str
    recipients: list[dict[str, str]]
    payer_code: NotRequired[str]
    family_code: NotRequired[str]
    valid_until: NotRequired[str]
    issue_date: NotRequired[str]
    description: NotRequired[str]
    items: NotRequired[list[dict[str, Any]]]
    language: NotRequired[str]
    channels: NotRequired[list[str]]
    branch: NotRequired[str]
    internal_note: NotRequired[str]
    erp_reference: NotRequired[str]
    student: NotRequired[dict[str, str]]
    fee_type: NotRequired[str]
    period: NotRequired[str]
    school_year: NotRequired[str]
    installment: NotRequired[str]
    discount: NotRequired[int]
    arrears: NotRequired[int]
    status: str
    va_number: str
    bank_code: str
    upload_id: str
    row: int
    created_at: str
    paid_at: NotRequired[str]
    paid_amount: NotRequired[int]
    paid_via: NotRequired[str]
    payment: NotRequired[dict[str, Any]]
    outside_payment: NotRequired[dict[str, Any]]
    reversal: NotRequired[dict[str, Any]]
    archived_at: NotRequired[str]
    archived_by: NotRequired[str]
    archive_reason: NotRequired[str]
    replaces: NotRequired[str]
    replaced_by: NotRequired[str]
    reminders_paused: NotRequired[dict[str, Any]]
    contacts_erased_at: NotRequired[str]
    overdue: bool
    expired: bool
    revision: int


class InvoicePage(TypedDict):
    invoices: list[Invoice]
    cursor: NotRequired[str]


class InvoicesFound(TypedDict):
    invoices: list[Invoice]


class InvoiceEvent(TypedDict):
    """Beside these, the members of the event's kind."""

    __pydantic_config__ = ConfigDict(extra="allow")  # type: ignore[misc]

    at: str
    event: str


class InvoiceDetails(Invoice):
    __pydantic_config__ = _STRICT  # type: ignore[misc]

    others: list[str]
    timeline: list[InvoiceEvent]


class ArchiveResult(TypedDict):
    number: str
    va_number: str | None
    outcome: str


class ArchiveResults(TypedDict):
    results: list[ArchiveResult]
    cursor: NotRequired[int]


class NoticeHold(TypedDict):
    __pydantic_config__ = _STRICT  # type: ignore[misc]

    upload_id: str
    is_held: bool
    held_at: str
    held_by: str
    reason: NotRequired[str]
    resumed_at: NotRequired[str]
    resumed_by: NotRequired[str]


class NoticeCounts(TypedDict):
    __pydantic_config__ = _STRICT  # type: ignore[misc]

    written: int
    went: int
    waiting: int
    ended: int
    parked: int
    hold: NotRequired[NoticeHold]


class NoticeResent(TypedDict):
    notice_id: str


class InvoiceNoticesResent(TypedDict):
    resent: list[str]
    skipped: dict[str, str]


class ResendBatch(TypedDict):
    """``skipped``: how many, by why. With a cursor there is more: call again with it and the same Idempotency-Key.

    ``unreadable`` names what was skipped as a defect of ours.
    """

    resent: int
    skipped: dict[str, int]
    examined: int
    unreadable: NotRequired[list[str]]
    cursor: NotRequired[str]


class Wording(TypedDict):
    __pydantic_config__ = _STRICT  # type: ignore[misc]

    version: int
    changed_at: str | None
    changed_by: str | None
    words: dict[str, str]
    tones: dict[str, str]
    templates: dict[str, str]
    choices: dict[str, Any]


class EmailPreview(TypedDict):
    sender: str
    subject: str
    text: str
    html: str


class SmsPreview(TypedDict):
    text: str
    segments: int
    septets: int


class WhatsAppPreview(TypedDict):
    template: str
    text: str


class NoticePreview(TypedDict):
    """A notice as each channel would bring it; its link is a sample's and opens nothing."""

    __pydantic_config__ = _STRICT  # type: ignore[misc]

    email: EmailPreview
    sms: SmsPreview
    whatsapp: WhatsAppPreview


class Webhook(TypedDict):
    __pydantic_config__ = _STRICT  # type: ignore[misc]

    endpoint_id: str
    url: str
    kinds: list[str]
    state: str
    secrets: list[dict[str, str]]
    created_at: str
    created_by: str
    failures: int
    paused_until: NotRequired[str]
    last_failure: NotRequired[str]
    last_failure_at: NotRequired[str]


class WebhookList(TypedDict):
    webhooks: list[Webhook]


class WebhookWithSecret(TypedDict):
    webhook: Webhook
    secret: str


class Report(TypedDict):
    """``file``: a link for a few minutes, once it is done."""

    __pydantic_config__ = _STRICT  # type: ignore[misc]

    report_id: str
    state: str
    kind: str
    format: str
    language: str
    since: NotRequired[str]
    until: NotRequired[str]
    due_from: NotRequired[str]
    due_to: NotRequired[str]
    upload_id: NotRequired[str]
    class_name: NotRequired[str]
    fee_type: NotRequired[str]
    as_of: str
    deadline: str
    requested_by: str
    schedule_id: NotRequired[str]
    failure: NotRequired[str]
    done_at: NotRequired[str]
    rows: NotRequired[int]
    bytes: NotRequired[int]
    file: NotRequired[str]


class ReportPage(TypedDict):
    reports: list[Report]
    cursor: NotRequired[str]


class ReportSchedule(TypedDict):
    __pydantic_config__ = _STRICT  # type: ignore[misc]

    schedule_id: str
    kind: str
    format: str
    language: str
    due_from: NotRequired[str]
    due_to: NotRequired[str]
    upload_id: NotRequired[str]
    class_name: NotRequired[str]
    fee_type: NotRequired[str]
    every: str
    send_to: list[str]
    created_by: str
    next_at: str


class ReportScheduleList(TypedDict):
    schedules: list[ReportSchedule]


class Summary(TypedDict):
    """``figures`` is absent until the first count is done; ``is_being_counted``: newer ones are on their way."""

    __pydantic_config__ = _STRICT  # type: ignore[misc]

    as_of: NotRequired[str]
    figures: NotRequired[dict[str, Any]]
    is_being_counted: bool


class Reconciliation(TypedDict):
    """A settlement file of the bank; ``report``: a link for a few minutes, once it is done."""

    __pydantic_config__ = _STRICT  # type: ignore[misc]

    file_hash: str
    state: str
    name: NotRequired[str]
    received_at: NotRequired[str]
    day: NotRequired[str]
    lines: NotRequired[int]
    results: NotRequired[dict[str, Any]]
    seen_before: NotRequired[Any]
    refusal: NotRequired[Any]
    done_at: NotRequired[str]
    report: NotRequired[str]


class ReconciliationPage(TypedDict):
    reconciliations: list[Reconciliation]
    cursor: NotRequired[str]


class SettledLine(TypedDict):
    """A line of the bank's file, or a payment that the files lack."""

    __pydantic_config__ = _STRICT  # type: ignore[misc]

    line: str
    va_number: str
    result: str
    reason: NotRequired[str | None]
    state: str
    kind: NotRequired[str]
    amount: NotRequired[int]
    our_amount: NotRequired[int | None]
    payment_id: NotRequired[str | None]
    biller_id: NotRequired[str | None]
    number: NotRequired[str | None]
    paid_at: NotRequired[str | None]
    reference: NotRequired[str | None]
    day: NotRequired[str]
    found_at: NotRequired[str]
    file_hash: NotRequired[str]
    place: NotRequired[Any]
    proposed_by: NotRequired[str]
    proposal: NotRequired[str]
    note: NotRequired[str]
    closed_by: NotRequired[str]


class SettledLinePage(TypedDict):
    lines: list[SettledLine]
    cursor: NotRequired[str]
