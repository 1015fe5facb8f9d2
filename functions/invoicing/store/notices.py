"""Notices table: ``pk = {bank}#{va_number}``, ``sk = notice id``; the only place that builds its keys and conditions.

Claiming touches no attribute of an index, since each index entry rewritten is paid for. ``due_shard``/``due_at`` (index
``due``, sparse) exist as long as the sweeper must look after the notice.

A notice that waits for nothing but the end of a hold or of a channel's pause is parked: its ``due_shard`` is then one
of a lot's (``held#{upload_id}#3``, ``paused#sms#3``), where it costs the sweeper nothing until the lot opens.
"""

import heapq
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from itertools import islice
from typing import Any
from zlib import crc32

from botocore.exceptions import ClientError

from invoicing import clock
from invoicing.notices import (
    DISPATCH_GRACE,
    PAYER_CHANNELS,
    RECEIPT_STATES,
    Channel,
    Lane,
    Notice,
    NoticeKind,
    NoticeRef,
    NoticeState,
    PlannedNotice,
    Rung,
    hash_recipient,
    states_before,
)
from invoicing.settings import get_settings
from invoicing.store import bulk, dynamodb
from invoicing.store.transactions import commit_all

DUE_SHARDS = tuple(f"{shard:02d}" for shard in range(16))
LOT_SHARDS = 4
"""Parking is as fast as the senders, whose number is capped: a few thousand a second at the most."""
DAY_SHARDS = 8
RECIPIENT_SHARDS = 8
"""One placeholder address in every row of a file must not meet one partition of the index."""
MAX_DELIVERIES = 30
"""Attempts kept of a webhook call; it is tried some 25 times before it is given up."""
_TOLD_POSITION = re.compile(r"[0-9TZ:.-]{1,40}\|[0-9]{3}#[0-9]{1,40}\|[a-z0-9-]{1,100}", re.ASCII)
MAX_NAME_LENGTH = 60
"""Characters of the recipient's name kept for the greeting, so that an item stays under 1 KB: one write unit."""


def notice_item(
    planned: PlannedNotice,
    *,
    bank_code: str,
    va_number: str,
    biller_id: str,
    number: str,
    upload_id: str,
    created_at: str,
    not_before: str | None = None,
    in_hours: bool = False,
) -> dict[str, Any]:
    """A new notice, ready to be put (only if its key is free) by the transaction of its cause.

    ``created_at`` and ``not_before`` are texts of ``clock.to_text``. The recipient's hash is not secret (the address is
    in the same item), and ``build_erasure_write`` removes both. Programs are told at once, whatever the hours, and are
    no people to be looked up by.
    """
    is_for_people = planned.channel in PAYER_CHANNELS
    if not is_for_people:
        not_before, in_hours = None, False
    created = clock.from_text(created_at)
    spread = _spread(va_number, planned.notice_id)
    recipient_hash = hash_recipient(biller_id, planned.recipient)
    return {
        "pk": f"{bank_code}#{va_number}",
        "sk": planned.notice_id,
        "biller_id": biller_id,
        "number": number,
        "upload_id": upload_id,
        "kind": planned.kind,
        "channel": planned.channel,
        "recipient": planned.recipient,
        "recipient_name": planned.recipient_name[:MAX_NAME_LENGTH] or None,
        "language": planned.language,
        "lane": planned.lane,
        "step": planned.step or None,
        "state": NoticeState.QUEUED,
        "created_at": created_at,
        "not_before": not_before,
        "in_hours": in_hours or None,
        "ladder": [rung.to_text() for rung in planned.ladder] if len(planned.ladder) > 1 else None,
        "id_sequence": planned.sequence if planned.sequence > 1 else None,
        "parent": planned.parent or None,
        "due_shard": DUE_SHARDS[spread % len(DUE_SHARDS)],
        "due_at": not_before or clock.to_text(created + DISPATCH_GRACE),
        "by_day_pk": f"{biller_id}#{created.astimezone(clock.JAKARTA):%Y-%m-%d}#{spread // 16 % DAY_SHARDS}",
        "by_day_sk": f"{created_at}#{va_number}#{planned.notice_id}",
        "by_recipient_pk": (
            f"{biller_id}#{recipient_hash}#{spread // 16 % RECIPIENT_SHARDS}" if is_for_people else None
        ),
        "by_recipient_sk": created_at if is_for_people else None,
    }


def build_notice_writes(
    planned: Sequence[PlannedNotice],
    invoice: Mapping[str, Any],
    *,
    created_at: str,
    not_before: str | None = None,
    in_hours: bool = False,
) -> list[dict[str, Any]]:
    """Transaction members that put the notices of a change to a stored invoice, each only if its key is free."""
    table = get_settings().notices_table
    return [
        dynamodb.build_put(
            table,
            dynamodb.to_item(
                notice_item(
                    notice,
                    bank_code=invoice["bank_code"],
                    va_number=invoice["va_number"],
                    biller_id=invoice["biller_id"],
                    number=invoice["number"],
                    upload_id=invoice["upload_id"],
                    created_at=created_at,
                    not_before=not_before,
                    in_hours=in_hours,
                )
            ),
        )
        for notice in planned
    ]


@dataclass(frozen=True, slots=True)
class DueNotice:
    """An entry of the ``due`` index; it may be stale, so whoever acts on it states ``due_at`` as a condition."""

    ref: NoticeRef
    due_at: str


@dataclass(frozen=True, slots=True)
class Claim:
    won: bool
    notice: Notice | None
    """As claimed when won; as somebody else left it when lost; None when there is no such notice."""


def read_notice(item: Mapping[str, Any]) -> Notice:
    """The notice in an item or a stream record's new image. Raises KeyError, TypeError or ValueError."""
    record = dynamodb.from_item(item)
    return Notice(
        ref=_read_ref(record),
        biller_id=record["biller_id"],
        number=record["number"],
        upload_id=record["upload_id"],
        kind=NoticeKind(record["kind"]),
        channel=Channel(record["channel"]),
        recipient=record.get("recipient", ""),
        recipient_name=record.get("recipient_name", ""),
        language=record["language"],
        state=NoticeState(record["state"]),
        created_at=record["created_at"],
        lane=Lane(record.get("lane", Lane.BULK)),
        step=record.get("step", ""),
        attempt=record.get("attempt", 0),
        unknowns=record.get("unknowns", 0),
        sweeps=record.get("sweeps", 0),
        due_at=record.get("due_at"),
        not_before=record.get("not_before"),
        in_hours=record.get("in_hours", False),
        claimed_by=record.get("claimed_by"),
        lease_until=record.get("lease_until"),
        ladder=tuple(Rung.from_text(text) for text in record.get("ladder", ())),
        sequence=record.get("id_sequence", 1),
        fallback=tuple(record.get("fallback", ())),
        resend_of=record.get("resend_of"),
        deliveries=tuple(record.get("deliveries", ())),
    )


def create_notice(item: Mapping[str, Any]) -> bool:
    """Put a notice made by ``notice_item`` that has no other write for its cause; False when it is there already."""
    return dynamodb.put_new(get_settings().notices_table, dynamodb.to_item(item))


def load_notice_items(refs: Sequence[NoticeRef]) -> list[Mapping[str, Any]]:
    """Consistent read of up to 100 notices, for ``read_notice``; those that DynamoDB has no time for are missing."""
    table = get_settings().notices_table
    answer = dynamodb.client().batch_get_item(
        RequestItems={table: {"Keys": [_key(ref) for ref in refs], "ConsistentRead": True}}
    )
    return list(answer["Responses"].get(table, []))


def load_record(ref: NoticeRef) -> dict[str, Any] | None:
    """Consistent read of one notice with all its attributes; None when there is none."""
    return dynamodb.load_item(get_settings().notices_table, _key(ref))


def list_records(bank_code: str, va_number: str) -> list[dict[str, Any]]:
    """Every notice of one virtual account, with all their attributes."""
    pages = (
        dynamodb.client()
        .get_paginator("query")
        .paginate(
            TableName=get_settings().notices_table,
            KeyConditionExpression="pk = :account",
            ExpressionAttributeValues={":account": {"S": f"{bank_code}#{va_number}"}},
            ConsistentRead=True,
        )
    )
    return [dynamodb.from_item(item) for page in pages for item in page["Items"]]


def walk_day(biller_id: str, day: date) -> Iterator[bulk.RawItem]:
    """Keys (``pk``, ``sk``) of a biller's notices of one local day of Jakarta, by time; the index may lag behind."""

    def read_shard(shard: int) -> Iterator[bulk.RawItem]:
        values = dynamodb.to_item({":day": f"{biller_id}#{day}#{shard}"})
        for items, _ in bulk.query_pages(get_settings().notices_table, "by_day_pk = :day", values, index="by_day"):
            yield from items

    for item in heapq.merge(*map(read_shard, range(DAY_SHARDS)), key=_read_day_key):
        yield {"pk": item["pk"], "sk": item["sk"]}


def read_items(keys: Iterable[bulk.RawItem], members: Sequence[str]) -> Iterator[bulk.RawItem]:
    """The notices of these keys in their order, ``members`` of each (and its key) as raw values."""
    waiting = iter(keys)
    while batch := list(islice(waiting, dynamodb.MAX_BATCH_GET_KEYS)):
        found = {
            (item["pk"]["S"], item["sk"]["S"]): item
            for item in bulk.get_items(get_settings().notices_table, batch, members=("pk", "sk", *members))
        }
        for key in batch:
            item = found.get((key["pk"]["S"], key["sk"]["S"]))
            if item:
                yield item


def _read_day_key(item: bulk.RawItem) -> str:
    key: str = item["by_day_sk"]["S"]
    return key


@dataclass(frozen=True, slots=True)
class DayEntry:
    """A notice in the by_day index; ``position`` orders those of one day and shard by time."""

    ref: NoticeRef
    position: str


def list_day(biller_id: str, day: date, shard: int, after: str, limit: int) -> list[DayEntry]:
    """Up to ``limit`` notices that a biller got on a local day, oldest first, from after this position on.

    The index may lag behind by moments.
    """
    answer = dynamodb.client().query(
        TableName=get_settings().notices_table,
        IndexName="by_day",
        KeyConditionExpression="by_day_pk = :day AND by_day_sk > :after",
        # A key is no empty text; every position begins with a digit.
        ExpressionAttributeValues={":day": {"S": f"{biller_id}#{day}#{shard}"}, ":after": {"S": after or " "}},
        Limit=limit,
    )
    entries = [dynamodb.from_item(item) for item in answer["Items"]]
    return [DayEntry(_read_ref(entry), entry["by_day_sk"]) for entry in entries]


def list_latest_of_day(biller_id: str, day: date, limit: int) -> list[NoticeRef]:
    """The last ``limit`` notices of each shard of a biller's local day, in no order; the index may lag behind."""
    refs = []
    for shard in range(DAY_SHARDS):
        answer = dynamodb.client().query(
            TableName=get_settings().notices_table,
            IndexName="by_day",
            KeyConditionExpression="by_day_pk = :day",
            ExpressionAttributeValues={":day": {"S": f"{biller_id}#{day}#{shard}"}},
            ScanIndexForward=False,
            Limit=limit,
        )
        refs += [_read_ref(dynamodb.from_item(item)) for item in answer["Items"]]
    return refs


def load_records(refs: Sequence[NoticeRef]) -> list[dict[str, Any]]:
    """Consistent read of up to 100 notices with all their attributes, in any order."""
    keys = [_key(ref) for ref in refs]
    items = dynamodb.batch_get(get_settings().notices_table, keys, consistent=True)
    return [dynamodb.from_item(item) for item in items]


def create_resend(item: Mapping[str, Any], audit: dict[str, Any]) -> bool:
    """Put a notice that a person asked for, with its audit entry; False when its id is taken."""
    return not commit_all([dynamodb.build_put(get_settings().notices_table, dynamodb.to_item(item)), audit])


def list_accounts_told(biller_id: str, address: str, limit: int) -> list[str]:
    """VA numbers of the biller's invoices of which a notice goes or went to this address, latest first.

    Looks at ``limit`` notices of each shard; the index may lag behind by moments.
    """
    recipient_hash = hash_recipient(biller_id, address)
    newest: dict[str, str] = {}
    for shard in range(RECIPIENT_SHARDS):
        answer = dynamodb.client().query(
            TableName=get_settings().notices_table,
            IndexName="by_recipient",
            KeyConditionExpression="by_recipient_pk = :recipient",
            ExpressionAttributeValues={":recipient": {"S": f"{biller_id}#{recipient_hash}#{shard}"}},
            ScanIndexForward=False,
            Limit=limit,
        )
        for item in map(dynamodb.from_item, answer["Items"]):
            va_number = _read_ref(item).va_number
            newest[va_number] = max(item["by_recipient_sk"], newest.get(va_number, ""))
    return sorted(newest, key=lambda va_number: newest[va_number], reverse=True)


def list_told(biller_id: str, address: str, shard: int, after: str, limit: int) -> tuple[list[NoticeRef], str]:
    """A page of one shard of the notices that went to this address, oldest first; and where to go on, "" at the end.

    The index may lag behind by moments.
    """
    partition = f"{biller_id}#{hash_recipient(biller_id, address)}#{shard}"
    position: Any = {}
    if after:
        at, account, notice_id = after.split("|")
        names = ("by_recipient_pk", "by_recipient_sk", "pk", "sk")
        key = dict(zip(names, (partition, at, account, notice_id), strict=True))
        position = {"ExclusiveStartKey": dynamodb.to_item(key)}
    answer = dynamodb.client().query(
        TableName=get_settings().notices_table,
        IndexName="by_recipient",
        KeyConditionExpression="by_recipient_pk = :recipient",
        ExpressionAttributeValues={":recipient": {"S": partition}},
        Limit=limit,
        **position,
    )
    last = dynamodb.from_item(answer["LastEvaluatedKey"]) if "LastEvaluatedKey" in answer else None
    return (
        [_read_ref(dynamodb.from_item(item)) for item in answer["Items"]],
        f"{last['by_recipient_sk']}|{last['pk']}|{last['sk']}" if last else "",
    )


def is_told_position(text: str) -> bool:
    """Whether it has the form of a position of ``list_told``."""
    return _TOLD_POSITION.fullmatch(text) is not None


def build_erasure_write(record: Mapping[str, Any], at: str, *, name_only: bool = False) -> dict[str, Any]:
    """A transaction member that takes the person out of a settled notice; what was sent when and how it ended stays.

    Only while the notice is as it was read and nobody has to look after it any more. ``name_only``: somebody else of
    the invoice has the same address.
    """
    # Without its ladder a late failure asks nobody to write to the next channel.
    removes = "recipient_name" if name_only else "recipient, recipient_name, ladder, by_recipient_pk, by_recipient_sk"
    values = {":at": at, ":state": record["state"], ":recipient": record["recipient"]}
    return {
        "Update": {
            "TableName": get_settings().notices_table,
            "Key": dynamodb.to_item({"pk": record["pk"], "sk": record["sk"]}),
            "UpdateExpression": f"SET erased_at = :at REMOVE {removes}",
            "ConditionExpression": "#state = :state AND recipient = :recipient AND attribute_not_exists(due_shard)",
            "ExpressionAttributeNames": {"#state": "state"},
            "ExpressionAttributeValues": dynamodb.to_item(values),
        }
    }


def find_by_provider_id(provider_id: str) -> NoticeRef | None:
    """The notice that a provider knows by this id; the index may lag behind the settling by moments."""
    answer = dynamodb.client().query(
        TableName=get_settings().notices_table,
        IndexName="by_provider_id",
        KeyConditionExpression="provider_id = :id",
        ExpressionAttributeValues={":id": {"S": provider_id}},
        Limit=1,
    )
    return _read_ref(dynamodb.from_item(answer["Items"][0])) if answer["Items"] else None


def list_lot_shards(lot: str) -> tuple[str, ...]:
    """The shards of the ``due`` index in which a lot's notices are."""
    return tuple(f"{lot}#{shard}" for shard in range(LOT_SHARDS))


def name_hold_lot(upload_id: str) -> str:
    """The lot of an upload whose notices are held."""
    return f"held#{upload_id}"


def name_pause_lot(channel: Channel) -> str:
    """The lot of a channel that is paused."""
    return f"paused#{channel}"


def count_lot(lot: str) -> int:
    """How many notices are parked in it; the index may lag behind by moments."""
    return sum(
        _count(
            IndexName="due",
            KeyConditionExpression="due_shard = :shard",
            ExpressionAttributeValues={":shard": {"S": shard}},
        )
        for shard in list_lot_shards(lot)
    )


def count_of_upload(biller_id: str, upload_id: str, since: datetime, until: datetime) -> dict[str, int]:
    """How many notices of an upload were written in a span of time: ``all``, ``went`` and ``waiting``.

    Counted within the index ``by_day``, over the biller's own notices of the span; it may lag behind by moments.
    """
    days = (until.astimezone(clock.JAKARTA).date() - since.astimezone(clock.JAKARTA).date()).days
    first = since.astimezone(clock.JAKARTA)
    conditions = {
        "all": "upload_id = :upload",
        "went": "upload_id = :upload AND attribute_exists(sent_at)",
        "waiting": "upload_id = :upload AND attribute_exists(due_shard) AND attribute_not_exists(sent_at)",
    }
    partitions = [
        f"{biller_id}#{first + timedelta(days=passed):%Y-%m-%d}#{shard}"
        for passed in range(days + 1)
        for shard in range(DAY_SHARDS)
    ]

    def count(partition: str, condition: str) -> int:
        return _count(
            IndexName="by_day",
            KeyConditionExpression="by_day_pk = :day AND by_day_sk BETWEEN :since AND :until",
            FilterExpression=condition,
            ExpressionAttributeValues=dynamodb.to_item(
                {
                    ":day": partition,
                    ":since": clock.to_text(since),
                    # Later than any key of the last instant.
                    ":until": f"{clock.to_text(until)}$",
                    ":upload": upload_id,
                }
            ),
        )

    with ThreadPoolExecutor(DAY_SHARDS) as pool:
        return {
            name: sum(pool.map(partial(count, condition=condition), partitions))
            for name, condition in conditions.items()
        }


def _count(**query: Any) -> int:
    pages = (
        dynamodb.client()
        .get_paginator("query")
        .paginate(TableName=get_settings().notices_table, Select="COUNT", **query)
    )
    return sum(page["Count"] for page in pages)


def list_due(shard: str, now: datetime) -> Iterator[list[DueNotice]]:
    """The notices of one shard whose time has come, longest overdue first, in pages of up to 100."""
    pages = (
        dynamodb.client()
        .get_paginator("query")
        .paginate(
            TableName=get_settings().notices_table,
            IndexName="due",
            KeyConditionExpression="due_shard = :shard AND due_at <= :now",
            ExpressionAttributeValues={":shard": {"S": shard}, ":now": {"S": clock.to_text(now)}},
            PaginationConfig={"PageSize": dynamodb.MAX_BATCH_GET_KEYS},
        )
    )
    for page in pages:
        entries = [dynamodb.from_item(item) for item in page["Items"]]
        if entries:
            yield [DueNotice(_read_ref(entry), entry["due_at"]) for entry in entries]


def claim_notice(ref: NoticeRef, owner: str, now: datetime, lease_until: datetime) -> Claim:
    """Make ``owner`` the only one who may send a queued notice, until ``lease_until``."""
    won, item = _move_notice(
        ref,
        NoticeState.CLAIMED,
        now,
        values={"claimed_by": owner, "lease_until": clock.to_text(lease_until)},
        counts=("attempt",),
        time_has_come=now,
    )
    return Claim(won, read_notice(item) if item else None)


def settle_sent(
    ref: NoticeRef, owner: str, now: datetime, provider_id: str, look_again_at: datetime | None = None
) -> bool:
    """The provider took it. Also ends an ``unknown`` that the sweeper made of our own slow claim.

    ``look_again_at``: when the sweeper is to see whether it was delivered meanwhile. An event of the provider may have
    come first: it stands, and only what it lacks is added.
    """
    if _settle(ref, NoticeState.SENT, owner, now, look_again_at, provider_id=provider_id):
        return True
    return _update(
        ref,
        sorted(RECEIPT_STATES),
        values={},
        keeps={"provider_id": provider_id, "sent_at": clock.to_text(now)},
        equals={"claimed_by": owner},
    )[0]


def settle_delivered(ref: NoticeRef, owner: str, now: datetime) -> bool:
    """The receiver itself took it: sent and delivered in one. Also ends an ``unknown`` made of our own slow claim."""
    return _settle(ref, NoticeState.DELIVERED, owner, now, sent_at=clock.to_text(now))


def record_delivery(notice: Notice, delivery: Mapping[str, Any]) -> None:
    """Keep one attempt of a webhook call with its claimed notice, among the last ones; lost where the claim is over."""
    dynamodb.update_if(
        get_settings().notices_table,
        _key(notice.ref),
        "SET deliveries = :deliveries",
        "claimed_by = :owner",
        {":deliveries": [*notice.deliveries, delivery][-MAX_DELIVERIES:], ":owner": notice.claimed_by or ""},
    )


def record_receipt(
    ref: NoticeRef,
    seen: NoticeState,
    *,
    state: NoticeState | None,
    reason: str | None,
    keeps: Mapping[str, str],
    look_again_at: datetime | None = None,
) -> tuple[bool, Mapping[str, Any] | None]:
    """What a provider's event says of a notice that was seen in state ``seen``.

    ``state`` is the one to move to, if any; ``keeps`` are attributes that count only the first time. The answer is
    (True, item after), or (False, item as it is) when the notice has moved on meanwhile.
    """
    if state is None:
        return _update(ref, [seen], values={}, keeps=keeps)
    due, settled = _plan_next_look(look_again_at)
    return _update(
        ref,
        [seen],
        values={"state": state, **due, **({"reason": reason} if reason else {})},
        keeps=keeps,
        # An older reason would explain a state that is over.
        removes=settled if reason else (*settled, "reason"),
    )


def settle_failed(
    ref: NoticeRef, owner: str, now: datetime, reason: str, look_again_at: datetime | None = None
) -> bool:
    """The provider refused it for good. ``look_again_at``: when it is to move on to its next channel."""
    return _settle(ref, NoticeState.FAILED, owner, now, look_again_at, reason=reason)


def settle_suppressed(
    ref: NoticeRef, owner: str, now: datetime, reason: str, look_again_at: datetime | None = None
) -> bool:
    """Claimed, but its address is suppressed."""
    return _settle(ref, NoticeState.SUPPRESSED, owner, now, look_again_at, reason=reason)


def settle_cancelled(ref: NoticeRef, owner: str, now: datetime, reason: str) -> bool:
    """Claimed, but there is no longer a cause to send it."""
    return _settle(ref, NoticeState.CANCELLED, owner, now, reason=reason)


def return_to_queue(
    ref: NoticeRef,
    owner: str,
    now: datetime,
    retry_at: datetime,
    reason: str,
    *,
    hold: bool,
    is_attempt: bool = True,
) -> bool:
    """Nothing was sent: free the claim, and let the sweeper bring the notice back at ``retry_at``.

    ``hold``: nobody may send it before then; otherwise a message still in the queue may. ``is_attempt``: the claim
    counts as one, because the provider was asked.
    """
    later = clock.to_text(retry_at)
    moved, _ = _move_notice(
        ref,
        NoticeState.QUEUED,
        now,
        values={"due_at": later, "reason": reason, **({"not_before": later} if hold else {})},
        removes=("claimed_by", "lease_until"),
        equals={"claimed_by": owner},
        uncounts=() if is_attempt else ("attempt",),
    )
    return moved


def park_claimed(ref: NoticeRef, owner: str, now: datetime, lot: str, reason: str) -> bool:
    """Nothing was sent, nor will be before the lot opens: free the claim, which was no attempt."""
    moved, _ = _move_notice(
        ref,
        NoticeState.QUEUED,
        now,
        values={**_park(ref, now, lot), "reason": reason},
        removes=("claimed_by", "lease_until"),
        equals={"claimed_by": owner},
        uncounts=("attempt",),
    )
    return moved


def park_queued(ref: NoticeRef, now: datetime, lot: str, reason: str) -> bool:
    """The same for a notice whose time has come and that nobody has claimed; False for any other."""
    return _update(ref, [NoticeState.QUEUED], values={**_park(ref, now, lot), "reason": reason}, time_has_come=now)[0]


def mark_unknown(ref: NoticeRef, owner: str, now: datetime, look_again_at: datetime, reason: str) -> bool:
    """``owner``'s call ended ambiguously, or its lease ran out: it may have been sent."""
    moved, _ = _move_notice(
        ref,
        NoticeState.UNKNOWN,
        now,
        values={"due_at": clock.to_text(look_again_at), "reason": reason},
        counts=("unknowns",),
        equals={"claimed_by": owner},
    )
    return moved


def postpone_queued(due: DueNotice, look_again_at: datetime) -> bool:
    """Move a queued notice's ``due_at``, out of its lot if it was parked.

    False when somebody else did, so that only one sweeper enqueues it.
    """
    return _update(
        due.ref,
        [NoticeState.QUEUED],
        values={"due_at": clock.to_text(look_again_at)},
        # It waits for nothing but its turn.
        removes=("reason",),
        counts=("sweeps",),
        equals={"due_at": due.due_at},
    )[0]


def requeue_unknown(due: DueNotice, now: datetime, look_again_at: datetime) -> bool:
    """Nothing settled an ambiguous call in time: send it again."""
    moved, _ = _move_notice(
        due.ref,
        NoticeState.QUEUED,
        now,
        values={"due_at": clock.to_text(look_again_at)},
        removes=("claimed_by", "lease_until"),
        equals={"state": NoticeState.UNKNOWN, "due_at": due.due_at},
    )
    return moved


def give_up_unknown(due: DueNotice, now: datetime, reason: str, look_again_at: datetime | None = None) -> bool:
    """Nothing settled an ambiguous call in time, and it must not be repeated."""
    next_look, settled = _plan_next_look(look_again_at)
    moved, _ = _move_notice(
        due.ref,
        NoticeState.FAILED,
        now,
        values={"reason": reason, **next_look},
        removes=settled,
        equals={"state": NoticeState.UNKNOWN, "due_at": due.due_at},
    )
    return moved


def replace_with_fallbacks(parent: Notice, children: Sequence[Mapping[str, Any]], now: datetime) -> bool:
    """Put the notices that take the place of ``parent`` and name them in it, in one transaction.

    ``children``: items of ``notice_item``; one that is there already stays as it is. False when the parent, which must
    be as it was read, has moved on: delivered, or replaced by somebody else.
    """
    table, todo = get_settings().notices_table, list(children)
    update = {
        "TableName": table,
        "Key": _key(parent.ref),
        "UpdateExpression": "SET fallback = :children, fallback_at = :now REMOVE due_shard, due_at, lease_until",
        "ConditionExpression": "#state = :seen AND due_at = :due AND attribute_not_exists(fallback)",
        "ExpressionAttributeNames": {"#state": "state"},
        "ExpressionAttributeValues": dynamodb.to_item(
            {
                ":children": [child["sk"] for child in children],
                ":now": clock.to_text(now),
                ":seen": parent.state,
                ":due": parent.due_at,
            }
        ),
    }
    while True:
        writes: list[Any] = [
            {"Update": update},
            *(dynamodb.build_put(table, dynamodb.to_item(child)) for child in todo),
        ]
        try:
            dynamodb.client().transact_write_items(TransactItems=writes)
        except ClientError as error:
            codes = dynamodb.read_cancellation_codes(error)
            if codes is None or "ConditionalCheckFailed" not in codes:
                raise
            if codes[0] == "ConditionalCheckFailed":
                return False
            todo = [child for child, code in zip(todo, codes[1:], strict=True) if code != "ConditionalCheckFailed"]
        else:
            return True


def end_ladder(parent: Notice, reason: str) -> bool:
    """Nothing takes the place of a notice that was to move on. ``reason`` is kept for its biller to see."""
    return _update(
        parent.ref,
        [parent.state],
        values={"ladder_end": reason},
        removes=("due_shard", "due_at"),
        equals={"due_at": parent.due_at or ""},
    )[0]


def _plan_next_look(look_again_at: datetime | None) -> tuple[dict[str, str], tuple[str, ...]]:
    """What to set and to remove when a notice comes to an end of which the sweeper may still have to think."""
    if look_again_at is None:
        return {}, ("due_shard", "due_at", "lease_until")
    return {"due_at": clock.to_text(look_again_at)}, ("lease_until",)


def _park(ref: NoticeRef, now: datetime, lot: str) -> dict[str, str]:
    shard = _spread(ref.va_number, ref.notice_id) % LOT_SHARDS
    return {"due_shard": f"{lot}#{shard}", "due_at": clock.to_text(now)}


def _find_home(ref: NoticeRef) -> str:
    """The shard of the ``due`` index in which a notice is while it is not parked."""
    return DUE_SHARDS[_spread(ref.va_number, ref.notice_id) % len(DUE_SHARDS)]


def _spread(va_number: str, notice_id: str) -> int:
    return crc32(f"{va_number}{notice_id}".encode())


def _settle(
    ref: NoticeRef, state: NoticeState, owner: str, now: datetime, look_again_at: datetime | None = None, **values: str
) -> bool:
    next_look, settled = _plan_next_look(look_again_at)
    moved, _ = _move_notice(
        ref, state, now, values={**values, **next_look}, removes=settled, equals={"claimed_by": owner}
    )
    return moved


def _move_notice(
    ref: NoticeRef,
    state: NoticeState,
    now: datetime,
    *,
    values: Mapping[str, str],
    **update: Any,
) -> tuple[bool, Mapping[str, Any] | None]:
    moved = {"state": state, f"{state}_at": clock.to_text(now), **values}
    return _update(ref, states_before(state), values=moved, **update)


def _update(
    ref: NoticeRef,
    states: Sequence[NoticeState],
    *,
    values: Mapping[str, str],
    keeps: Mapping[str, str] | None = None,
    removes: Sequence[str] = (),
    counts: Sequence[str] = (),
    uncounts: Sequence[str] = (),
    equals: Mapping[str, str] | None = None,
    time_has_come: datetime | None = None,
) -> tuple[bool, Mapping[str, Any] | None]:
    """Update a notice that is in one of ``states`` and whose attributes equal ``equals``.

    ``keeps`` are set only where the attribute is not there yet, ``counts`` and ``uncounts`` go up and down by one,
    ``time_has_come`` is the instant for which the notice must be due. The answer is (True, item after) or (False, item
    as it is); the item is None when there is none.
    """
    equals, keeps = equals or {}, keeps or {}
    if "due_at" in values and "due_shard" not in values:
        # Whoever looks at it next, it is parked no more.
        values = {**values, "due_shard": _find_home(ref)}
    conditions = [f"#state IN ({', '.join(f':from_{state}' for state in states)})"]
    conditions += [f"#{name} = :is_{name}" for name in equals]
    if time_has_come:
        conditions.append("(attribute_not_exists(not_before) OR not_before <= :present)")
    assignments = [f"#{name} = :{name}" for name in values]
    assignments += [f"#{name} = if_not_exists(#{name}, :{name})" for name in keeps]
    expression = "SET " + ", ".join(assignments)
    if removes:
        expression += " REMOVE " + ", ".join(f"#{name}" for name in removes)
    steps = [f"#{name} :one" for name in counts] + [f"#{name} :less" for name in uncounts]
    if steps:
        expression += " ADD " + ", ".join(steps)
    attribute_values = dynamodb.to_item(
        {
            **{f":{name}": value for name, value in {**values, **keeps}.items()},
            **{f":from_{state}": state for state in states},
            **{f":is_{name}": value for name, value in equals.items()},
            **({":one": 1} if counts else {}),
            **({":less": -1} if uncounts else {}),
            **({":present": clock.to_text(time_has_come)} if time_has_come else {}),
        }
    )
    try:
        answer = dynamodb.client().update_item(
            TableName=get_settings().notices_table,
            Key=_key(ref),
            UpdateExpression=expression,
            ConditionExpression=" AND ".join(conditions),
            ExpressionAttributeNames={
                f"#{name}": name for name in {"state", *values, *keeps, *equals, *removes, *counts, *uncounts}
            },
            ExpressionAttributeValues=attribute_values,
            ReturnValues="ALL_NEW",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    except ClientError as error:
        if not dynamodb.is_condition_failed(error):
            raise
        found: Mapping[str, Any] | None = error.response.get("Item")  # type: ignore[assignment]
        # The SDK repeats a write whose answer was lost; the repetition then meets our own values.
        ours = found or {}
        return bool(values) and all(ours.get(name) == attribute_values[f":{name}"] for name in values), found
    return True, answer["Attributes"]


def _key(ref: NoticeRef) -> dynamodb.Item:
    return {"pk": {"S": f"{ref.bank_code}#{ref.va_number}"}, "sk": {"S": ref.notice_id}}


def _read_ref(record: Mapping[str, Any]) -> NoticeRef:
    bank_code, _, va_number = record["pk"].partition("#")
    return NoticeRef(bank_code, va_number, record["sk"])
