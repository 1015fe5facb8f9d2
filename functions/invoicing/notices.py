"""Notices: one message to one recipient on one channel, and the states it goes through."""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from invoicing.invoices import InvoiceStatus, has_expired

if TYPE_CHECKING:
    from invoicing.billers import Biller
    from invoicing.invoices import InvoiceDraft, Recipient


class Channel(StrEnum):
    EMAIL = "email"
    WHATSAPP = "whatsapp"
    SMS = "sms"
    EVENT = "event"
    """An event on the bus that the bank's core listens to."""
    WEBHOOK = "webhook"
    """A signed call of the biller's own program."""


PAYER_CHANNELS = (Channel.EMAIL, Channel.WHATSAPP, Channel.SMS)
"""Channels on which people are written to. The others tell programs facts: no hours, fallbacks or suppressions."""


class NoticeKind(StrEnum):
    ISSUED = "issued"
    REMINDER = "reminder"
    PAID = "paid"
    ARCHIVED = "archived"


class Lane(StrEnum):
    """Each channel has a queue per lane, so that what somebody waits for overtakes what nobody waits for."""

    EXPRESS = "express"
    BULK = "bulk"


class SuppressionReason(StrEnum):
    """Why a biller's notices no longer go to an address."""

    BOUNCE = "bounce"
    COMPLAINT = "complaint"
    NO_WHATSAPP = "no_whatsapp"
    OPTED_OUT = "opted_out"
    NOT_MINE = "not_mine"
    """Its reader said on the payer's page that the bill is not theirs."""


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
    BOUNCED = "bounced"
    """The address does not exist or takes nothing; a failure that also suppresses the address."""
    CANCELLED = "cancelled"
    """Not sent on purpose: the invoice was paid or archived first, has expired, its reminders are paused, ..."""
    SUPPRESSED = "suppressed"
    """Not sent on purpose: the address is on the biller's suppression list."""


_ARRIVED = {NoticeState.DELIVERED, NoticeState.READ}
_RECEIPTS = {NoticeState.SENT, NoticeState.FAILED, NoticeState.BOUNCED, *_ARRIVED}

MOVES: Mapping[NoticeState, frozenset[NoticeState]] = {
    # A receipt for a queued notice is of an earlier, ambiguous call: it was sent after all.
    NoticeState.QUEUED: frozenset({NoticeState.CLAIMED, NoticeState.CANCELLED, *_RECEIPTS}),
    # Back to queued only when the provider surely sent nothing. A receipt may overtake our own settling.
    NoticeState.CLAIMED: frozenset(
        {NoticeState.QUEUED, NoticeState.UNKNOWN, NoticeState.CANCELLED, NoticeState.SUPPRESSED, *_RECEIPTS}
    ),
    NoticeState.UNKNOWN: frozenset({NoticeState.QUEUED, *_RECEIPTS}),
    NoticeState.SENT: frozenset(_RECEIPTS - {NoticeState.SENT}),
    # A late delivery receipt corrects a failure; a bounce after the delivery is only noted.
    NoticeState.FAILED: frozenset({NoticeState.BOUNCED, *_ARRIVED}),
    NoticeState.BOUNCED: frozenset(_ARRIVED),
    NoticeState.DELIVERED: frozenset({NoticeState.READ}),
    NoticeState.READ: frozenset(),
    NoticeState.CANCELLED: frozenset(),
    NoticeState.SUPPRESSED: frozenset(),
}
"""The moves a notice may make; ``store.notices`` derives its conditions from it. Nothing sent is queued again.

Among the states that receipts report there is no way back, so their order of arrival does not matter.
"""

_MAY_HAVE_LEFT = frozenset({NoticeState.CLAIMED, NoticeState.UNKNOWN, NoticeState.SENT, *_ARRIVED})
"""States in which a message may be with its recipient; so may one of any state that had an ambiguous call before."""

_UNSETTLED = frozenset({NoticeState.QUEUED, NoticeState.CLAIMED, NoticeState.UNKNOWN})

RECEIPT_STATES = frozenset(_RECEIPTS)
"""The states that a provider's event can report."""
DISPATCH_GRACE = timedelta(minutes=15)
"""How long stream, dispatcher and queue may take before the sweeper looks after a notice."""
UNKNOWN_WINDOW = timedelta(minutes=15)
"""How long the provider's delivery event may take to settle an ambiguous call."""
MAX_RESENDS_AFTER_UNKNOWN: Mapping[Channel, int] = {
    Channel.EMAIL: 1,
    Channel.WHATSAPP: 1,
    Channel.SMS: 0,
    Channel.EVENT: 20,
    Channel.WEBHOOK: 20,
}
"""A second e-mail or WhatsApp with the same bill is harmless, losing it is not; an SMS is paid for and not repeated.

Programs are told at least once, by contract: they drop repeats by the id.
"""
EVENT_RECIPIENT = "event-bus"
"""The recipient of every event; a webhook's is the id of its endpoint."""
ANNOUNCED_KINDS = (NoticeKind.ISSUED, NoticeKind.PAID, NoticeKind.ARCHIVED)
"""What programs are told of: facts about the invoice, no reminders."""

FALLBACK_STATES = frozenset({NoticeState.FAILED, NoticeState.BOUNCED, NoticeState.SUPPRESSED})
"""The ends at which a notice with a ladder moves on to the next channel at once."""
HOLDABLE = frozenset({NoticeKind.ISSUED, NoticeKind.REMINDER})
"""What a hold of an upload stops: what asks for payment, no receipt and no "please ignore"."""

MAX_EXPRESS_INVOICES = 500
"""Uploads of at most so many invoices take the express lane."""
_REF_TEXT = re.compile(r"(\d{3})_(\d{1,40})_([a-z0-9-]{1,100})", re.ASCII)


def states_before(state: NoticeState) -> tuple[NoticeState, ...]:
    """The states from which a notice may move to ``state``."""
    return tuple(origin for origin, targets in MOVES.items() if state in targets)


@dataclass(frozen=True, slots=True)
class Rung:
    """A step of a notice's ladder of channels."""

    channel: Channel
    minutes: int
    """How long a message on it may stay undelivered before the next rung is tried; 0: only a failure moves on."""

    def to_text(self) -> str:
        return f"{self.channel}:{self.minutes}"

    @classmethod
    def from_text(cls, text: str) -> "Rung":
        """Raises ValueError."""
        channel, _, minutes = text.partition(":")
        return cls(Channel(channel), int(minutes))


@dataclass(frozen=True, slots=True)
class NoticeRef:
    """What names a notice: it hangs on the virtual account, which is the invoice's identity for ever."""

    bank_code: str
    va_number: str
    notice_id: str

    @property
    def channel(self) -> Channel:
        """Raises ValueError when the notice's id is none that ``build_notice_id`` makes."""
        _, _, rest = self.notice_id.partition("-")
        return Channel(rest.partition("-")[0])

    def to_text(self) -> str:
        """What a provider is given and gives back with its events, e.g. ``028_8808…17_issued-sms-91c2f0a37be41d58``.

        Charset ``[A-Za-z0-9_-]``, fit for a tag of every provider; nothing in it tells the address.
        """
        return f"{self.bank_code}_{self.va_number}_{self.notice_id}"

    @classmethod
    def from_text(cls, reference: str) -> "NoticeRef":
        """Raises ValueError when it is no reference of ours."""
        match = _REF_TEXT.fullmatch(reference)
        if match is None:
            raise ValueError("not a notice reference")
        return cls(*match.groups())


@dataclass(frozen=True, slots=True)
class PlannedNotice:
    """A notice to be written in the transaction of the change that causes it."""

    notice_id: str
    kind: NoticeKind
    channel: Channel
    recipient: str
    """The address on the channel: e-mail address, E.164 number, endpoint id of a webhook, or ``event-bus``."""
    recipient_name: str
    language: str
    lane: Lane = Lane.BULK
    step: str = ""
    """Which reminder of its invoice it is, e.g. ``due-3``; empty for every other kind."""
    ladder: tuple[Rung, ...] = ()
    """Its own channel and those after it, if it has a ladder with more than one."""
    sequence: int = 1
    """As in its id: second and later ones tell of a correction, or of a due date put off."""
    parent: str = ""
    """Id of the notice that this one takes the place of, on the next channel."""


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
    """Empty once the person's contacts were erased."""
    recipient_name: str
    language: str
    state: NoticeState
    created_at: str
    lane: Lane = Lane.BULK
    step: str = ""
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
    in_hours: bool = False
    """Only to be sent when the biller's policy allows it, even if a backlog or a pause made it late."""
    claimed_by: str | None = None
    lease_until: str | None = None
    ladder: tuple[Rung, ...] = ()
    sequence: int = 1
    fallback: tuple[str, ...] = ()
    """Ids of the notices on the next channel that took its place."""
    resend_of: str | None = None
    """Id of the first notice of a message that a person had sent again."""
    deliveries: tuple[Mapping[str, Any], ...] = ()
    """A webhook's last attempts: ``at``, ``status`` or ``error``, ``milliseconds``."""


def choose_lane(invoices: int) -> Lane:
    """The lane of an upload's notices, by the number of invoices in its plan."""
    return Lane.EXPRESS if invoices <= MAX_EXPRESS_INVOICES else Lane.BULK


def plan_issued_notices(
    biller: "Biller", draft: "InvoiceDraft", va_number: str, lane: Lane = Lane.BULK
) -> list[PlannedNotice]:
    """The notices of a new invoice: each recipient on each channel that the row (or else the biller) asks for.

    An address given twice gets one notice. Planning the same invoice again gives the same ids.
    """
    return _plan_notices(biller, draft, va_number, NoticeKind.ISSUED, "", lane)


def plan_reminder_notices(biller: "Biller", draft: "InvoiceDraft", va_number: str, step: str) -> list[PlannedNotice]:
    """One step's notices of an open invoice: to whom and on which channels as when it was issued, in the bulk lane."""
    return _plan_notices(biller, draft, va_number, NoticeKind.REMINDER, step, Lane.BULK)


def plan_paid_notices(biller: "Biller", draft: "InvoiceDraft", va_number: str) -> list[PlannedNotice]:
    """The receipts of a payment, to be written in its transaction: they leave at once, whatever the hour."""
    return _plan_notices(biller, draft, va_number, NoticeKind.PAID, "", Lane.EXPRESS)


def plan_archived_notices(biller: "Biller", draft: "InvoiceDraft", va_number: str) -> list[PlannedNotice]:
    """ "Please ignore this bill", to be written in the transaction of its archive; at once, whatever the hour.

    Sent only to whom an earlier notice of the bill may have left (looked up at the claim).
    """
    return _plan_notices(biller, draft, va_number, NoticeKind.ARCHIVED, "", Lane.EXPRESS)


def _plan_notices(
    biller: "Biller", draft: "InvoiceDraft", va_number: str, kind: NoticeKind, step: str, lane: Lane
) -> list[PlannedNotice]:
    # An empty list is a row that asks for no notice at all.
    channels = [Channel(channel) for channel in draft.get("channels", biller.channels)]
    rungs = biller.policy.fallback.list_rungs(channels)
    language = draft.get("language") or biller.language
    sequence = _find_sequence(draft, kind)
    planned: dict[str, PlannedNotice] = {}
    for recipient in draft["recipients"]:
        for channel, ladder in _list_starts(recipient, channels, rungs):
            address = get_address(recipient, channel)
            if not address:
                continue
            notice_id = build_notice_id(va_number, kind, channel, address, step=step, sequence=sequence)
            if notice_id in planned:
                # Two recipients share this address: its failure moves both of them on.
                own = planned[notice_id]
                shared = tuple(rung for rung in rungs if rung in own.ladder or rung in ladder)
                planned[notice_id] = replace(own, ladder=shared)
                continue
            planned[notice_id] = PlannedNotice(
                notice_id, kind, channel, address, recipient.get("name", ""), language, lane, step, ladder, sequence
            )
    return [*planned.values(), *_plan_announcements(biller, va_number, kind, lane)]


def _plan_announcements(biller: "Biller", va_number: str, kind: NoticeKind, lane: Lane) -> list[PlannedNotice]:
    """For programs: one event, if this kind has events for this biller, and one call of each subscribed endpoint."""
    if kind not in ANNOUNCED_KINDS:
        return []
    recipients = [(Channel.WEBHOOK, webhook.endpoint_id) for webhook in biller.webhooks if kind in webhook.kinds]
    # A hundred thousand invoices of an upload would be so many events more: only where the core wants them.
    if kind is not NoticeKind.ISSUED or biller.issued_events:
        recipients.append((Channel.EVENT, EVENT_RECIPIENT))
    return [
        PlannedNotice(
            build_notice_id(va_number, kind, channel, recipient), kind, channel, recipient, "", biller.language, lane
        )
        for channel, recipient in recipients
    ]


def _find_sequence(invoice: Mapping[str, Any], kind: NoticeKind) -> int:
    """Which time this kind is told: reminders start anew with each due date, the bill with each correction."""
    match kind:
        case NoticeKind.REMINDER:
            return 1 + int(invoice.get("extensions", 0))
        case NoticeKind.ISSUED:
            return 1 + int(invoice.get("corrections", 0))
        case _:
            return 1


def list_addresses(recipients: "Sequence[Recipient]") -> set[tuple[Channel, str]]:
    """Every address of an invoice's recipients by channel, in the form in which equal ones are equal."""
    return {
        (channel, normalise_address(address))
        for recipient in recipients
        for channel in PAYER_CHANNELS
        if (address := get_address(recipient, channel))
    }


def _list_starts(
    recipient: "Recipient", channels: list[Channel], rungs: tuple[Rung, ...]
) -> list[tuple[Channel, tuple[Rung, ...]]]:
    """The channels on which a recipient is told at once; for the first of the ladder also what comes after it."""
    laddered = {rung.channel for rung in rungs}
    starts: list[tuple[Channel, tuple[Rung, ...]]] = [(channel, ()) for channel in channels if channel not in laddered]
    own = tuple(rung for rung in rungs if get_address(recipient, rung.channel))
    return [*starts, (own[0].channel, own)] if own else starts


def plan_fallbacks(notice: Notice, invoice: Mapping[str, Any]) -> list[PlannedNotice]:
    """The notices that take the place of this one: for each recipient of its address, their next channel.

    Planning again gives the same ids. Empty: nobody has a further address, or the invoice's contact was changed.
    """
    planned: dict[str, PlannedNotice] = {}
    for recipient in invoice["recipients"]:
        if normalise_address(get_address(recipient, notice.channel)) != normalise_address(notice.recipient):
            continue
        ladder = tuple(rung for rung in notice.ladder[1:] if get_address(recipient, rung.channel))
        if not ladder:
            continue
        channel, address = ladder[0].channel, get_address(recipient, ladder[0].channel)
        notice_id = build_notice_id(
            notice.ref.va_number, notice.kind, channel, address, step=notice.step, sequence=notice.sequence
        )
        planned[notice_id] = PlannedNotice(
            notice_id,
            notice.kind,
            channel,
            address,
            recipient.get("name", ""),
            notice.language,
            notice.lane,
            notice.step,
            ladder,
            notice.sequence,
            notice.ref.notice_id,
        )
    return list(planned.values())


def find_fallback_time(notice: Notice, state: NoticeState, now: datetime) -> datetime | None:
    """When a notice that comes into ``state`` now is to move on to its next channel; None: not, or not again."""
    if len(notice.ladder) < 2 or notice.fallback:
        return None
    if state is NoticeState.SENT and notice.ladder[0].minutes:
        return now + timedelta(minutes=notice.ladder[0].minutes)
    return now if state in FALLBACK_STATES else None


def build_notice_id(
    va_number: str,
    kind: NoticeKind,
    channel: Channel,
    address: str,
    *,
    step: str = "",
    sequence: int = 1,
    sending: int = 1,
) -> str:
    """The notice's id within its virtual account, e.g. ``issued-email-91c2f0a37be41d58``: charset ``[a-z0-9-]``.

    ``step`` tells reminders of one invoice apart, ``sequence`` corrections and due dates, ``sending`` what a person had
    sent again, whose ids no planned notice ever gets. Nothing readable of the address is in it, and the VA number in
    the hash keeps ids of one address on several invoices from being linked.
    """
    number = f"{sequence}.{sending}" if sending > 1 else str(sequence)
    parts = (va_number, kind, step, channel, normalise_address(address), number)
    return f"{kind}-{channel}-{hashlib.sha256('|'.join(parts).encode()).hexdigest()[:16]}"


def is_under_way(record: Mapping[str, Any]) -> bool:
    """Whether a stored notice may still be sent, settled by an event, or moved on to its next channel."""
    return record["state"] in _UNSETTLED or "due_shard" in record


def find_obstacle(notice: Notice, invoice: Mapping[str, Any] | None, now: str) -> str | None:
    """Why a notice must not be sent any more; None while what it says is true.

    Nor to a contact that was corrected since, nor a reminder of a due date that was put off.

    ``invoice`` is the current one of the notice's number (after an archive it may be another bill with another VA), but
    for "please ignore", of which it is the archived one.
    """
    if notice.kind is NoticeKind.ARCHIVED:
        return None if invoice is not None else "invoice_not_archived"
    if invoice is None or invoice["va_number"] != notice.ref.va_number:
        return "invoice_archived"
    wanted = InvoiceStatus.PAID if notice.kind is NoticeKind.PAID else InvoiceStatus.OPEN
    if invoice["status"] != wanted:
        return f"invoice_{invoice['status']}"
    if notice.kind is NoticeKind.REMINDER and notice.created_at <= invoice.get("extended_at", ""):
        return "due_date_extended"
    if notice.channel in PAYER_CHANNELS and not is_recipient(invoice, notice.channel, notice.recipient):
        return "contact_corrected"
    asks_for_payment = notice.kind is not NoticeKind.PAID
    return "invoice_expired" if asks_for_payment and has_expired(invoice, now) else None


def may_have_been_told(notice: Notice, invoice: Mapping[str, Any], records: Iterable[Mapping[str, Any]]) -> bool:
    """Whether any other notice of the invoice may have left to this notice's recipient, on whichever channel.

    ``records`` are the stored notices of its virtual account. A recipient is one person: where WhatsApp failed and the
    e-mail arrived, the person knows of the bill.
    """
    addresses = {normalise_address(notice.recipient)}
    for recipient in invoice["recipients"]:
        own = {normalise_address(address) for channel in PAYER_CHANNELS if (address := get_address(recipient, channel))}
        if own & addresses:
            addresses |= own
    return any(
        record["kind"] != NoticeKind.ARCHIVED
        and normalise_address(record.get("recipient", "")) in addresses
        and (record["state"] in _MAY_HAVE_LEFT or record.get("unknowns", 0) > 0)
        for record in records
    )


def is_recipient(invoice: Mapping[str, Any], channel: Channel, address: str) -> bool:
    """Whether the invoice names this address for this channel, as it is now."""
    named = (get_address(recipient, channel) for recipient in invoice.get("recipients", []))
    # Of a notice whose address was erased there is none left, nor of a recipient without this channel.
    return bool(address) and normalise_address(address) in map(normalise_address, named)


def normalise_address(address: str) -> str:
    """The form in which two spellings of one address are equal."""
    return address.strip().casefold()


def hash_recipient(biller_id: str, address: str) -> str:
    """Equal for all spellings of one address within a biller. A plain SHA-256: it joins records, it hides nothing."""
    return hashlib.sha256(f"{biller_id}|{normalise_address(address)}".encode()).hexdigest()[:16]


def mask_address(address: str) -> str:
    """``s***@example.com``, ``+62812****890``: enough for its owner to know it by, too little to write to."""
    local, at, domain = address.rpartition("@")
    if at:
        return f"{local[:1]}***@{domain}"
    # Four digits or more stay hidden, however short the number is.
    return f"{address[: max(0, min(6, len(address) - 7))]}****{address[-3:] if len(address) >= 7 else ''}"


def get_address(recipient: "Recipient", channel: Channel) -> str:
    match channel:
        case Channel.EMAIL:
            return recipient.get("email", "")
        case Channel.WHATSAPP:
            return recipient.get("whatsapp", "")
        case Channel.SMS:
            return recipient.get("sms", "")
        case Channel.EVENT | Channel.WEBHOOK:
            return ""
