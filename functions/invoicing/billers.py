"""Billers: the bank's business customers, their product module and their settings."""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from invoicing.notice_policy import NoticePolicy
from invoicing.notices import Channel, NoticeKind
from invoicing.own_wording import Wording


class Module(StrEnum):
    E_INVOICE = "e_invoice"
    PINTU_KELAS = "pintu_kelas"


class BillerState(StrEnum):
    REGISTERED = "registered"
    ACTIVE = "active"
    SUSPENDED = "suspended"


class ReleaseMode(StrEnum):
    """Who lets a checked upload go: another person (default), or the check itself when there is no warning."""

    BY_CHECKER = "by_checker"
    AUTOMATIC = "automatic"


class OnErrors(StrEnum):
    """What becomes of a workbook with bad rows."""

    ACCEPT_GOOD_ROWS = "accept_good_rows"
    REFUSE_ALL = "refuse_all"


class OutsidePayments(StrEnum):
    """How a payment made outside the virtual account is posted."""

    BY_TWO = "by_two"
    """One person records it, another one approves."""
    BY_ONE = "by_one"


@dataclass(frozen=True, slots=True)
class Contact:
    """The biller's person for the bank, and its first user."""

    name: str
    email: str
    phone: str
    """E.164."""


@dataclass(frozen=True, slots=True)
class Registration:
    """How a biller came to be: who asked for it, who approved it, and why it was last suspended or resumed."""

    legal_name: str
    contact: Contact
    registered_by: str
    registered_at: str
    approved_by: str | None = None
    approved_at: str | None = None
    state_reason: str | None = None


@dataclass(frozen=True, slots=True)
class WebhookSubscription:
    """An active webhook endpoint and what it is told of; all else about it is in ``invoicing.webhooks``."""

    endpoint_id: str
    kinds: tuple[NoticeKind, ...]


@dataclass(frozen=True, slots=True)
class Biller:
    biller_id: str
    name: str
    module: Module
    state: BillerState
    company_code: str
    """Prefix of every virtual account number of this biller, digits, unique within the bank."""
    giro_account: str
    release: ReleaseMode = ReleaseMode.BY_CHECKER
    on_errors: OnErrors = OnErrors.ACCEPT_GOOD_ROWS
    outside_payments: OutsidePayments = OutsidePayments.BY_TWO
    channels: tuple[Channel, ...] = (Channel.EMAIL,)
    language: str = "id"
    policy: NoticePolicy = field(default_factory=NoticePolicy)
    reminded_until: date | None = None
    """Last local day whose reminders are all planned; None: reminders never ran for this biller."""
    help_contact: str = ""
    """How a payer reaches the biller, as shown at the foot of every notice."""
    version: int = 0
    """Goes up with every change of the settings: who changes them says which ones were seen."""
    registration: Registration | None = None
    """None: set up by an operator, outside the API."""
    wording: Wording = field(default_factory=Wording)
    """Its own words in notices, tone per reminder and choice of templates."""
    webhooks: tuple[WebhookSubscription, ...] = ()
    issued_events: bool = False
    """Whether the bank's core is told of every new invoice too; of payments and archives it always is."""
