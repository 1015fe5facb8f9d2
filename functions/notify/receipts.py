"""Receipts -> notices: forward-only, whatever the order, and as often as they come.

A receipt is read against the notice as it is: nothing new costs one read, news one read and one conditional write.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from invoicing import clock
from invoicing.notices import MOVES, NoticeRef, NoticeState, find_fallback_time
from invoicing.store import dynamodb, notices
from invoicing.suppressions import suppress_address
from notify.laddering import move_on_at_once
from notify.receipt_events import Receipt

_TRIES = 5
"""A notice has few writers; each lost try means that one of them moved it on."""


class NoticeUnknownError(Exception):
    """No notice belongs to the receipt: not ours, or not settled yet and so not found by the provider's id."""


class NoticeContendedError(Exception):
    """The notice changed under every try; the message must come again."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a receipt adds to a notice."""

    state: NoticeState | None
    """To move to; None to stay."""
    reason: str | None
    keeps: dict[str, str]
    """Attributes of which the first value stays."""


def apply_receipt(receipt: Receipt) -> NoticeRef:
    """Record what the receipt says, and suppress the address where it says so; whose notice it was.

    Raises NoticeUnknownError and NoticeContendedError.
    """
    ref = receipt.ref or notices.find_by_provider_id(receipt.provider_id)
    record = notices.load_record(ref) if ref else None
    # A reference to another channel's notice is none: nothing of ours carries it there.
    if ref is None or record is None or record["channel"] != receipt.channel:
        raise NoticeUnknownError
    moves_on = _record(ref, receipt, record)
    if receipt.suppress:
        notice = notices.read_notice(dynamodb.to_item(record))
        suppress_address(notice, receipt.suppress, receipt.at)
    if moves_on:
        move_on_at_once(ref)
    return ref


def plan_change(record: Mapping[str, Any], receipt: Receipt) -> Change | None:
    """What the receipt changes in a stored notice; None when it says nothing new."""
    seen = NoticeState(record["state"])
    state = receipt.state if receipt.state in MOVES[seen] else None
    event = "complained" if receipt.is_complaint else receipt.state
    keeps = {f"{event}_at": receipt.at} if f"{event}_at" not in record else {}
    if state is None and not keeps:
        return None
    if "provider_id" not in record:
        # Our own settling, which brings it, is late or never came.
        keeps["provider_id"] = receipt.provider_id
    return Change(state, receipt.reason if state else None, keeps)


def _record(ref: NoticeRef, receipt: Receipt, record: Mapping[str, Any]) -> bool:
    """Whether the notice is to move on to its next channel now."""
    for _ in range(_TRIES):
        change = plan_change(record, receipt)
        if change is None:
            return False
        now = clock.now()
        notice = notices.read_notice(dynamodb.to_item(record))
        look_again_at = find_fallback_time(notice, change.state, now) if change.state else None
        done, item = notices.record_receipt(
            ref,
            NoticeState(record["state"]),
            state=change.state,
            reason=change.reason,
            keeps=change.keeps,
            look_again_at=look_again_at,
        )
        if done:
            return look_again_at is not None and look_again_at <= now
        record = dynamodb.from_item(item or {})
    raise NoticeContendedError
