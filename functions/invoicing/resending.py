"""Sending again on purpose: one notice, an invoice's, or all that failed; and the replay of webhooks.

A notice that was sent is never queued again: each resend is a new notice, linked to the first one, in the express lane.
Who repeats a request with the same id gets the notice that it made. What must not be sent any more is refused.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from invoicing import clock
from invoicing.billers import BillerState
from invoicing.errors import (
    BillerNotActiveError,
    NoticeNotFoundError,
    NoticeNotResendableError,
    ResendPeriodError,
    WebhookNotFoundError,
)
from invoicing.invoices import InvoiceStatus
from invoicing.notices import (
    PAYER_CHANNELS,
    Channel,
    Lane,
    Notice,
    NoticeKind,
    NoticeRef,
    NoticeState,
    PlannedNotice,
    build_notice_id,
    find_obstacle,
    is_recipient,
    normalise_address,
)
from invoicing.settings import get_settings
from invoicing.store import dynamodb, notices
from invoicing.store.audit import build_audit_write
from invoicing.store.billers import load_biller
from invoicing.store.invoices import load_invoice_of_account
from invoicing.store.suppressions import find_active_reason
from invoicing.store.uploads import load_upload
from invoicing.store.webhooks import WebhookState, load_webhook

MAX_DAYS = 31
MAX_SENDS = 10
"""Of one message to one person, the first one counted."""
BATCH_RESENDS = 100
"""After so many resends, or ..."""
BATCH_EXAMINED = 1_000
"""... so many notices looked at, a batch ends with a cursor."""
_PAGE = 100
_TRIES = 5
_UNDER_WAY = frozenset({NoticeState.QUEUED, NoticeState.CLAIMED, NoticeState.UNKNOWN})
_FAILED = frozenset({NoticeState.FAILED, NoticeState.BOUNCED})
_CURSOR = re.compile(r"(\d{4}-\d{2}-\d{2})\.([0-7])\.([0-9TZ:.#a-z-]{0,200})", re.ASCII)

Record = Mapping[str, Any]


class Obstacle(StrEnum):
    """Why a notice is not sent again."""

    INVOICE_PAID = "invoice_paid"
    INVOICE_ARCHIVED = "invoice_archived"
    INVOICE_EXPIRED = "invoice_expired"
    INVOICE_OPEN = "invoice_open"
    """A receipt of an invoice that is not paid, or an archive that did not stand."""
    DUE_DATE_EXTENDED = "due_date_extended"
    """A reminder of a due date that was put off since."""
    SUPPRESSED = "suppressed"
    RECIPIENT_REMOVED = "recipient_removed"
    """The invoice no longer names this address."""
    UNDER_WAY = "under_way"
    SENT_SINCE = "sent_since"
    """It failed, but was sent again since."""
    ENDPOINT_OFF = "endpoint_off"
    TOO_OFTEN = "too_often"
    """Nobody is to be written to without end."""
    EVENT = "event"
    """Events are replayed from the bus's archive."""
    BUSY = "busy"
    """Others are having the same message sent again at this moment."""
    DEFECT = "defect"
    """Of a batch: the stored notice cannot be read; the batch names it, and the others go on."""


@dataclass(slots=True)
class Batch:
    """What came of one batch; ``cursor`` is there as long as there is more."""

    resent: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    examined: int = 0
    unreadable: list[str] = field(default_factory=list)
    """What was skipped as a defect: VA number and notice id."""
    cursor: str | None = None


def show_batch(batch: Batch) -> dict[str, Any]:
    """As it is answered to who asked for it."""
    shown = {"resent": batch.resent, "skipped": dict(batch.skipped), "examined": batch.examined}
    more = {"unreadable": batch.unreadable, "cursor": batch.cursor}
    return shown | {name: value for name, value in more.items() if value}


@dataclass(frozen=True, slots=True)
class _Request:
    biller_id: str
    by: str
    request_id: str


@dataclass(frozen=True, slots=True)
class _Position:
    day: date
    shard: int
    after: str

    def to_text(self) -> str:
        return f"{self.day}.{self.shard}.{self.after}"


def resend_notice(biller_id: str, va_number: str, notice_id: str, *, by: str, request_id: str) -> str:
    """Send one message again (for a webhook: replay it); the id of the new notice.

    Raises NoticeNotFoundError, NoticeNotResendableError, BillerNotFoundError, BillerNotActiveError.
    """
    _check_biller(biller_id)
    family = _find_family(biller_id, NoticeRef(get_settings().bank_code, va_number, notice_id))
    return _resend(family, _Request(biller_id, by, request_id))


def resend_invoice_notices(biller_id: str, va_number: str, *, by: str, request_id: str) -> dict[str, Any]:
    """Send an open invoice's bill again to everybody who was sent it: ``{"resent": [ids], "skipped": {id: why}}``.

    Raises as ``resend_notice``; refused as a whole when the invoice can no longer be paid.
    """
    _check_biller(biller_id)
    bank_code = get_settings().bank_code
    firsts = [
        record
        for record in notices.list_records(bank_code, va_number)
        if record["biller_id"] == biller_id
        and record["kind"] == NoticeKind.ISSUED
        and record["channel"] in PAYER_CHANNELS
        and "resend_of" not in record
    ]
    if not firsts:
        raise NoticeNotFoundError(va_number)
    first = _read(firsts[0])
    obstacle = _find_obstacle_of_invoice(first, _load_invoice(first))
    if obstacle:
        raise NoticeNotResendableError(obstacle)
    resent: list[str] = []
    skipped: dict[str, str] = {}
    for record in firsts:
        family = _find_family(biller_id, NoticeRef(bank_code, va_number, record["sk"]))
        try:
            made = _resend(family, _Request(biller_id, by, request_id))
        except NoticeNotResendableError as error:
            skipped[record["sk"]] = str(error)
        else:
            # An address that was corrected away and back was sent the same bill twice.
            resent += [] if made in resent else [made]
    return {"resent": resent, "skipped": skipped}


def resend_failed_of_upload(
    biller_id: str, upload_id: str, *, by: str, request_id: str, cursor: str | None = None
) -> Batch:
    """Send the failed first notices of an upload again, a batch at a time.

    Raises UploadNotFoundError, ResendPeriodError (not released, or no such cursor), BillerNotActiveError.
    """
    _check_biller(biller_id)
    upload = load_upload(biller_id, upload_id)
    if upload.released_at is None:
        raise ResendPeriodError(upload_id)
    first = _find_day(upload.released_at)
    last = _find_day(upload.finished_at) if upload.finished_at else _today()

    def is_wanted(record: Record) -> bool:
        return (
            record["upload_id"] == upload_id
            and record["kind"] == NoticeKind.ISSUED
            and record["channel"] in PAYER_CHANNELS
        )

    days = _list_days(first, min(last, first + timedelta(days=MAX_DAYS - 1)))
    return _resend_matching(days, is_wanted, _Request(biller_id, by, request_id), cursor)


def resend_failed_of_period(
    biller_id: str, first: date, last: date, *, by: str, request_id: str, cursor: str | None = None
) -> Batch:
    """The same for all notices of all kinds to people that were made from one Jakarta day to another.

    Raises ResendPeriodError, BillerNotActiveError.
    """
    _check_biller(biller_id)
    days = _list_days(first, last)
    return _resend_matching(
        days, lambda record: record["channel"] in PAYER_CHANNELS, _Request(biller_id, by, request_id), cursor
    )


def replay_webhooks(
    biller_id: str, endpoint_id: str, since: str, *, by: str, request_id: str, cursor: str | None = None
) -> Batch:
    """Call an endpoint again for all that failed since an instant (UTC text), under the ids that it knows.

    Raises WebhookNotFoundError, NoticeNotResendableError (it is off), ResendPeriodError, BillerNotActiveError.
    """
    _check_biller(biller_id)
    if load_webhook(biller_id, endpoint_id).state is not WebhookState.ACTIVE:
        raise NoticeNotResendableError(Obstacle.ENDPOINT_OFF)

    def is_wanted(record: Record) -> bool:
        is_to_endpoint = (record["channel"], record.get("recipient")) == (Channel.WEBHOOK, endpoint_id)
        return is_to_endpoint and bool(record["created_at"] >= since)

    days = _list_days(_find_day(since), _today())
    return _resend_matching(days, is_wanted, _Request(biller_id, by, request_id), cursor)


def _resend_matching(
    days: Sequence[date], is_wanted: Callable[[Record], bool], request: _Request, cursor: str | None
) -> Batch:
    """Walk the days' notices, shard after shard, until the batch is full or all are seen.

    New notices made on the way come into view too; they have not failed, or were made by this very request.
    """
    position = _read_cursor(cursor, days) if cursor else _Position(days[0], 0, "")
    batch = Batch()
    while batch.resent + batch.skipped.total() < BATCH_RESENDS and batch.examined < BATCH_EXAMINED:
        page = notices.list_day(request.biller_id, position.day, position.shard, position.after, _PAGE)
        if page:
            batch.examined += len(page)
            for record in notices.load_records([entry.ref for entry in page]):
                if record["biller_id"] == request.biller_id and record["state"] in _FAILED and is_wanted(record):
                    _resend_failed(record, request, batch)
            following: _Position | None = _Position(position.day, position.shard, page[-1].position)
        else:
            following = _find_following(position, days)
        if following is None:
            return batch
        position = following
    batch.cursor = position.to_text()
    return batch


def _resend_failed(record: Record, request: _Request, batch: Batch) -> None:
    """One of a batch. What cannot be sent again is counted by its reason, and the batch goes on."""
    bank_code, _, va_number = record["pk"].partition("#")
    try:
        family = _find_family(request.biller_id, NoticeRef(bank_code, va_number, record["sk"]))
        is_latest = family[-1]["sk"] == record["sk"]
        is_ours = any(member.get("request_id") == request.request_id for member in family)
        if not (is_latest or is_ours):
            raise NoticeNotResendableError(Obstacle.SENT_SINCE)
        if is_ours and record.get("request_id") == request.request_id:
            # Made by this request, and failed again before the walk came by.
            raise NoticeNotResendableError(Obstacle.SENT_SINCE)
        _resend(family, request)
    except NoticeNotResendableError as error:
        batch.skipped[str(error)] += 1
    except (KeyError, TypeError, ValueError):
        batch.skipped[Obstacle.DEFECT] += 1
        batch.unreadable.append(f"{va_number}/{record['sk']}")
    else:
        batch.resent += 1


def _resend(family: list[Record], request: _Request) -> str:
    """Write the next notice of a message's family; the id of what this request made, now or before."""
    for _ in range(_TRIES):
        made = [member for member in family if member.get("request_id") == request.request_id]
        if made:
            return str(made[0]["sk"])
        latest = _read(family[-1])
        obstacle = _find_obstacle(latest, len(family))
        if obstacle:
            raise NoticeNotResendableError(obstacle)
        sending = _read_order(family[-1])[1] + 1
        planned = _plan_resend(latest, sending)
        if _create(planned, sending, latest, family, request):
            return planned.notice_id
        # Somebody else was faster: see what they made.
        family = _find_family(request.biller_id, latest.ref)
    raise NoticeNotResendableError(Obstacle.BUSY)


def _plan_resend(latest: Notice, sending: int) -> PlannedNotice:
    notice_id = build_notice_id(
        latest.ref.va_number,
        latest.kind,
        latest.channel,
        latest.recipient,
        step=latest.step,
        sequence=latest.sequence,
        sending=sending,
    )
    return PlannedNotice(
        notice_id,
        latest.kind,
        latest.channel,
        latest.recipient,
        latest.recipient_name,
        latest.language,
        Lane.EXPRESS,
        latest.step,
        sequence=latest.sequence,
    )


def _create(planned: PlannedNotice, sending: int, latest: Notice, family: list[Record], request: _Request) -> bool:
    now = clock.to_text(clock.now())
    item = notices.notice_item(
        planned,
        bank_code=latest.ref.bank_code,
        va_number=latest.ref.va_number,
        biller_id=latest.biller_id,
        number=latest.number,
        upload_id=latest.upload_id,
        created_at=now,
    )
    item |= {
        "resend_of": family[0]["sk"],
        "sequence": sending,
        "request_id": request.request_id,
        "requested_by": request.by,
    }
    audit = build_audit_write(
        request.biller_id,
        user_id=request.by,
        action="resend_notice",
        subject=latest.ref.va_number,
        at=now,
        before={"notice_id": latest.ref.notice_id, "state": latest.state},
        after={"notice_id": planned.notice_id, "request_id": request.request_id},
    )
    return notices.create_resend(item, audit)


def _find_family(biller_id: str, ref: NoticeRef) -> list[Record]:
    """The notice and all that were the same message before and after it, in order. Raises NoticeNotFoundError."""
    own = [record for record in notices.list_records(ref.bank_code, ref.va_number) if record["biller_id"] == biller_id]
    one = next((record for record in own if record["sk"] == ref.notice_id), None)
    if one is None:
        raise NoticeNotFoundError(ref.notice_id)
    family = [record for record in own if _name_message(record) == _name_message(one)]
    return sorted(family, key=_read_order)


def _name_message(record: Record) -> tuple[str, ...]:
    """Equal for what says the same to the same person: a step's reminders of two due dates do not."""
    due_date = str(record.get("id_sequence", 1)) if record["kind"] == NoticeKind.REMINDER else ""
    address = normalise_address(record.get("recipient", ""))
    return (record["kind"], record.get("step", ""), due_date, record["channel"], address)


def _read_order(record: Record) -> tuple[int, int, str]:
    """As a message's notices were made: by correction (an address may come back), then by sending."""
    return int(record.get("id_sequence", 1)), int(record.get("sequence", 1)), record["created_at"]


def _find_obstacle(latest: Notice, sends: int) -> str | None:
    """Why a message that was sent ``sends`` times must not be sent again; None when it may."""
    if latest.channel is Channel.EVENT:
        return Obstacle.EVENT
    if latest.state in _UNDER_WAY:
        return Obstacle.UNDER_WAY
    if latest.channel is Channel.WEBHOOK:
        return None if _is_endpoint_active(latest) else Obstacle.ENDPOINT_OFF
    if not latest.recipient:
        # Erased at the person's request.
        return Obstacle.RECIPIENT_REMOVED
    if sends >= MAX_SENDS:
        return Obstacle.TOO_OFTEN
    invoice = _load_invoice(latest)
    if invoice is not None and not is_recipient(invoice, latest.channel, latest.recipient):
        return Obstacle.RECIPIENT_REMOVED
    obstacle = _find_obstacle_of_invoice(latest, invoice)
    if obstacle:
        return obstacle
    if find_active_reason(latest.biller_id, latest.channel, latest.recipient):
        return Obstacle.SUPPRESSED
    return None


def _load_invoice(notice: Notice) -> dict[str, Any] | None:
    return load_invoice_of_account(notice.biller_id, notice.number, notice.ref.va_number)


def _find_obstacle_of_invoice(notice: Notice, invoice: Record | None) -> str | None:
    """A bill or reminder needs an invoice that can be paid, a receipt a paid one, an archive one that is archived."""
    if invoice is None:
        return Obstacle.INVOICE_ARCHIVED
    expected = {NoticeKind.PAID: InvoiceStatus.PAID, NoticeKind.ARCHIVED: InvoiceStatus.ARCHIVED}.get(notice.kind)
    if expected is None:
        return find_obstacle(notice, invoice, clock.to_text(clock.now()))
    return None if invoice["status"] == expected else f"invoice_{invoice['status']}"


def _is_endpoint_active(notice: Notice) -> bool:
    try:
        return load_webhook(notice.biller_id, notice.recipient).state is WebhookState.ACTIVE
    except WebhookNotFoundError:
        return False


def _check_biller(biller_id: str) -> None:
    if load_biller(biller_id).state is not BillerState.ACTIVE:
        raise BillerNotActiveError(biller_id)


def _read(record: Record) -> Notice:
    return notices.read_notice(dynamodb.to_item(record))


def _today() -> date:
    return clock.today_in_jakarta()


def _find_day(instant: str) -> date:
    return clock.from_text(instant).astimezone(clock.JAKARTA).date()


def _list_days(first: date, last: date) -> list[date]:
    days = (last - first).days + 1
    if not 1 <= days <= MAX_DAYS or last > _today():
        raise ResendPeriodError(f"{first}..{last}")
    return [first + timedelta(days=day) for day in range(days)]


def _read_cursor(cursor: str, days: Sequence[date]) -> _Position:
    match = _CURSOR.fullmatch(cursor)
    day = next((day for day in days if match and day.isoformat() == match[1]), None)
    if match is None or day is None:
        raise ResendPeriodError("cursor")
    return _Position(day, int(match[2]), match[3])


def _find_following(position: _Position, days: Sequence[date]) -> _Position | None:
    """The beginning of the next shard, or of the next day; None after the last."""
    if position.shard + 1 < notices.DAY_SHARDS:
        return _Position(position.day, position.shard + 1, "")
    later = [day for day in days if day > position.day]
    return _Position(later[0], 0, "") if later else None
