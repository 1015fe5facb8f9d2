"""The second way in for notices: those whose time has come, and those that a crash or a lost message left behind.

The ``due`` index is eventually consistent and two sweepers may overlap: each notice is read again, and the condition of
each write (the ``due_at`` that was seen) decides who acts.
"""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

from aws_lambda_powertools import Logger

from invoicing import clock, defects
from invoicing.notices import (
    DISPATCH_GRACE,
    MAX_RESENDS_AFTER_UNKNOWN,
    UNKNOWN_WINDOW,
    Notice,
    NoticeState,
)
from invoicing.store import notices
from notify import queues

MAX_NOTICES = 5_000
"""Per run; the next run, a minute later, goes on."""
MIN_TIME_LEFT = timedelta(seconds=10)
LONGEST_PATIENCE = timedelta(hours=2)

logger = Logger()


def sweep(time_left: Callable[[], timedelta]) -> Counter[str]:
    """Act on the notices that are due, shard after shard, while time allows; returns what was done how often."""
    now = clock.now()
    done: Counter[str] = Counter()
    seen = 0
    # Another shard comes first each minute, so that none is starved when time is short.
    first = now.minute % len(notices.DUE_SHARDS)
    for shard in notices.DUE_SHARDS[first:] + notices.DUE_SHARDS[:first]:
        for page in notices.list_due(shard, now):
            if seen >= MAX_NOTICES or time_left() < MIN_TIME_LEFT:
                return done
            seen += len(page)
            done += _sweep_page(page, now)
    return done


def _sweep_page(page: list[notices.DueNotice], now: datetime) -> Counter[str]:
    done: Counter[str] = Counter()
    entries = {entry.ref: entry for entry in page}
    ready = []
    for item in notices.load_notice_items(list(entries)):
        try:
            notice = notices.read_notice(item)
            action = _act(notice, entries[notice.ref], now)
        except Exception as error:
            # One unreadable notice must not keep the sweeper from all others.
            logger.error("notice_not_swept", extra={"notice_id": item["sk"]["S"], **defects.describe(error)})
            continue
        if action == "enqueued":
            ready.append(notice)
        done[action] += 1
    if ready:
        queues.enqueue(ready)
    return done


def _act(notice: Notice, due: notices.DueNotice, now: datetime) -> str:
    """Move one notice on; the name of what was done."""
    if notice.due_at != due.due_at:
        return "stale"
    match notice.state:
        case NoticeState.QUEUED:
            moved = notices.postpone_queued(due, now + _compute_patience(notice.sweeps))
            return "enqueued" if moved else "stale"
        case NoticeState.CLAIMED:
            if notice.claimed_by is None or (notice.lease_until or "") > clock.to_text(now):
                return "busy"
            # Its owner died somewhere between claim and settle.
            moved = notices.mark_unknown(notice.ref, notice.claimed_by, now, now + UNKNOWN_WINDOW, "lease_expired")
            return "unknown" if moved else "stale"
        case NoticeState.UNKNOWN if notice.unknowns <= MAX_RESENDS_AFTER_UNKNOWN[notice.channel]:
            moved = notices.requeue_unknown(due, now, now + DISPATCH_GRACE)
            return "enqueued" if moved else "stale"
        case NoticeState.UNKNOWN:
            moved = notices.give_up_unknown(due, now, "no_answer")
            return "failed" if moved else "stale"
        case _:
            return "settled"


def _compute_patience(sweeps: int) -> timedelta:
    """How long until a notice put into its queue again is looked at once more: longer each time."""
    doublings: int = 2 ** min(sweeps, 10)
    return min(DISPATCH_GRACE * doublings, LONGEST_PATIENCE)
