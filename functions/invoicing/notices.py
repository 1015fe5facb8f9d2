"""Notices: one message to one recipient on one channel, and the states it goes through."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from invoicing import clock
from invoicing.invoices import InvoiceStatus

if TYPE_CHECKING:
    from invoicing.billers import Biller
    from invoicing.invoices import InvoiceDraft, Recipient


class Channel(StrEnum):
    EMAIL = "email"
    WHATSAPP = "whatsapp"
    SMS = "sms"


class NoticeKind(StrEnum):
    ISSUED = "issued"
    REMINDER = "reminder"
    PAID = "paid"
    ARCHIVED = "archived"


class NoticeState(StrEnum):
    """queued -> claimed -> sent -> delivered -> read; ``MOVES`` has the rules."""

    QUEUED = "queued"
    CLAIMED = "claimed"
    UNKNOWN = "unknown"
    """The provider call ended ambiguously: it may or may not have been accepted."""
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"
    CANCELLED = "cancelled"
    """Not sent on purpose: the invoice was paid or archived first."""


_RECEIPTS = {NoticeState.DELIVERED, NoticeState.READ}

MOVES: Mapping[NoticeState, frozenset[NoticeState]] = {
    NoticeState.QUEUED: frozenset({NoticeState.CLAIMED, NoticeState.CANCELLED}),
    # Back to queued only when the provider surely sent nothing. A receipt may overtake our own settling.
    NoticeState.CLAIMED: frozenset(
        {
            NoticeState.QUEUED,
            NoticeState.UNKNOWN,
            NoticeState.SENT,
            NoticeState.FAILED,
            NoticeState.CANCELLED,
            *_RECEIPTS,
        }
    ),
    NoticeState.UNKNOWN: frozenset({NoticeState.QUEUED, NoticeState.SENT, NoticeState.FAILED, *_RECEIPTS}),
    NoticeState.SENT: frozenset({NoticeState.FAILED, *_RECEIPTS}),
    NoticeState.DELIVERED: frozenset({NoticeState.READ}),
    NoticeState.READ: frozenset(),
    # A late delivery receipt corrects a failure; nothing else does.
    NoticeState.FAILED: frozenset(_RECEIPTS),
    NoticeState.CANCELLED: frozenset(),
}
"""The moves a notice may make; ``store.notices`` derives its conditions from it. Nothing sent is queued again."""

DISPATCH_GRACE = timedelta(minutes=15)
"""How long stream, dispatcher and queue may take before the sweeper looks after a notice."""
UNKNOWN_WINDOW = timedelta(minutes=15)
"""How long the provider's delivery event may take to settle an ambiguous call."""
MAX_RESENDS_AFTER_UNKNOWN: Mapping[Channel, int] = {Channel.EMAIL: 1, Channel.WHATSAPP: 1, Channel.SMS: 0}
"""A second e-mail or WhatsApp with the same bill is harmless, losing it is not; an SMS is paid for and not repeated."""


def states_before(state: NoticeState) -> tuple[NoticeState, ...]:
    """The states from which a notice may move to ``state``."""
    return tuple(origin for origin, targets in MOVES.items() if state in targets)


@dataclass(frozen=True, slots=True)
class NoticeRef:
    """What names a notice: it hangs on the virtual account, which is the invoice's identity for ever."""

    bank_code: str
    va_number: str
    notice_id: str


@dataclass(frozen=True, slots=True)
class PlannedNotice:
    """A notice to be written in the transaction of the change that causes it."""

    notice_id: str
    kind: NoticeKind
    channel: Channel
    recipient: str
    """The address on the channel: e-mail address, or E.164 number."""
    recipient_name: str
    language: str


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice as it is stored. Instants are UTC texts as ``invoicing.clock`` writes them."""

    ref: NoticeRef
    biller_id: str
    number: str
    """The invoice's number at the time; free again after an archive, unlike the virtual account."""
    upload_id: str
    kind: NoticeKind
    channel: Channel
    recipient: str
    recipient_name: str
    language: str
    state: NoticeState
    created_at: str
    attempt: int = 0
    """Claims so far."""
    unknowns: int = 0
    """How many claims ended ambiguously."""
    sweeps: int = 0
    """How many times the sweeper put it into its queue again."""
    due_at: str | None = None
    """When the sweeper looks at it next; absent once settled."""
    not_before: str | None = None
    """Not to be sent before this instant: deferred, or returned by a throttled provider."""
    claimed_by: str | None = None
    lease_until: str | None = None


def plan_issued_notices(biller: "Biller", draft: "InvoiceDraft", va_number: str) -> list[PlannedNotice]:
    """The notices of a new invoice: each recipient on each channel that the row (or else the biller) asks for.

    An address given twice gets one notice. Planning the same invoice again gives the same ids.
    """
    # An empty list is a row that asks for no notice at all.
    channels = [Channel(channel) for channel in draft.get("channels", biller.channels)]
    language = draft.get("language") or biller.language
    planned: dict[str, PlannedNotice] = {}
    for recipient in draft["recipients"]:
        for channel in channels:
            address = _get_address(recipient, channel)
            if not address:
                continue
            notice_id = build_notice_id(va_number, NoticeKind.ISSUED, channel, address)
            planned.setdefault(
                notice_id,
                PlannedNotice(notice_id, NoticeKind.ISSUED, channel, address, recipient.get("name", ""), language),
            )
    return list(planned.values())


def build_notice_id(
    va_number: str, kind: NoticeKind, channel: Channel, address: str, *, step: str = "", sequence: int = 1
) -> str:
    """The notice's id within its virtual account, e.g. ``issued-email-91c2f0a37be41d58``: charset ``[a-z0-9-]``.

    ``step`` tells reminders of one invoice apart, ``sequence`` a message sent again on purpose. Nothing readable of the
    address is in it, and the VA number in the hash keeps ids of one address on several invoices from being linked.
    """
    parts = (va_number, kind, step, channel, normalise_address(address), str(sequence))
    return f"{kind}-{channel}-{hashlib.sha256('|'.join(parts).encode()).hexdigest()[:16]}"


def find_obstacle(notice: Notice, invoice: Mapping[str, Any] | None) -> str | None:
    """Why a notice that asks for payment must not be sent any more; None while its invoice is open.

    ``invoice`` is the current one of the notice's number: after an archive it may be another bill with another VA.
    """
    if invoice is None or invoice["va_number"] != notice.ref.va_number:
        return "invoice_archived"
    if invoice["status"] != InvoiceStatus.OPEN:
        return f"invoice_{invoice['status']}"
    valid_until = invoice.get("valid_until")
    return "invoice_expired" if valid_until is not None and clock.from_text(valid_until) <= clock.now() else None


def normalise_address(address: str) -> str:
    """The form in which two spellings of one address are equal."""
    return address.strip().casefold()


def _get_address(recipient: "Recipient", channel: Channel) -> str:
    match channel:
        case Channel.EMAIL:
            return recipient.get("email", "")
        case Channel.WHATSAPP:
            return recipient.get("whatsapp", "")
        case Channel.SMS:
            return recipient.get("sms", "")
