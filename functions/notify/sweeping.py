"""The second way in for notices: those whose time has come, and those that a crash or a lost message left behind.

Besides the shards of all notices it looks into the lots that are open: of uploads whose hold was lifted, of channels
that work again.

The ``due`` index is eventually consistent and two sweepers may overlap: each notice is read again, and the condition of
each write (the ``due_at`` that was seen) decides who acts.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from aws_lambda_powertools import Logger

from invoicing import clock, defects, fallbacks
from invoicing.notices import (
    DISPATCH_GRACE,
    MAX_RESENDS_AFTER_UNKNOWN,
    UNKNOWN_WINDOW,
    Channel,
    Notice,
    NoticeState,
    find_fallback_time,
)
from invoicing.store import notice_holds, notices
from notify import breakers, queues
from notify.laddering import move_on_at_once

MAX_NOTICES = 20_000
"""Per run, more than the channels take in a minute; the next run, a minute later, goes on."""
MAX_PROBES = 3
"""Notices of a paused channel brought back to find out whether it works: one is tried, the others are parked again."""
MAX_RESUMED = 100
"""Uploads looked after per run whose holds were lifted."""
LATE_PARKERS = timedelta(minutes=10)
"""How long after a resumption a sender that had not heard of it may still park a notice; far more than it takes."""
THREADS = 8
MIN_TIME_LEFT = timedelta(seconds=10)
LONGEST_PATIENCE = timedelta(hours=2)

logger = Logger()


def sweep(time_left: Callable[[], timedelta]) -> Counter[str]:
    """Act on the notices that are due, shard after shard, while time allows; returns what was done how often."""
    now = clock.now()
    done: Counter[str] = Counter()
    seen = 0
    lots = _list_open_lots(now)
    shards = [*notices.DUE_SHARDS, *(shard for lot in lots for shard in notices.list_lot_shards(lot))]
    # Another shard comes first each minute, so that none is starved when time is short.
    first = now.minute % len(shards)
    with ThreadPoolExecutor(THREADS) as pool:
        done += _probe_paused_channels(pool, now)
        for shard in shards[first:] + shards[:first]:
            for page in notices.list_due(shard, now):
                if seen >= MAX_NOTICES or time_left() < MIN_TIME_LEFT:
                    return done
                seen += len(page)
                done += _sweep_page(pool, page, now)
    _close_empty_lots(now)
    return done


def _list_open_lots(now: datetime) -> list[str]:
    working = [notices.name_pause_lot(channel) for channel in Channel if breakers.find_pause(channel) is None]
    resumed = [notices.name_hold_lot(upload_id) for _, upload_id, _ in notice_holds.list_resumed(MAX_RESUMED)]
    return working + resumed


def _close_empty_lots(now: datetime) -> None:
    """Look no more into the lots of uploads that were resumed a while ago, now that everything was looked at."""
    for biller_id, upload_id, resumed_at in notice_holds.list_resumed(MAX_RESUMED):
        is_late = clock.from_text(resumed_at) + LATE_PARKERS < now
        if is_late and notices.count_lot(notices.name_hold_lot(upload_id)) == 0:
            notice_holds.finish_resumption(biller_id, upload_id, resumed_at)


def _probe_paused_channels(pool: ThreadPoolExecutor, now: datetime) -> Counter[str]:
    """Bring back a few notices of each paused channel whose time is over; the senders find out whether it works."""
    done: Counter[str] = Counter()
    for channel in Channel:
        pause = breakers.find_pause(channel)
        if pause and breakers.is_to_be_probed(pause, now):
            probes = list(islice(_list_parked(notices.name_pause_lot(channel), now), MAX_PROBES))
            done += _sweep_page(pool, probes, now) if probes else Counter()
    return done


def _list_parked(lot: str, now: datetime) -> Iterator[notices.DueNotice]:
    for shard in notices.list_lot_shards(lot):
        for page in notices.list_due(shard, now):
            yield from page


def _sweep_page(pool: ThreadPoolExecutor, page: list[notices.DueNotice], now: datetime) -> Counter[str]:
    done: Counter[str] = Counter()
    entries = {entry.ref: entry for entry in page}
    ready = []

    def handle(item: Mapping[str, Any]) -> tuple[Notice, str] | None:
        try:
            notice = notices.read_notice(item)
            return notice, _act(notice, entries[notice.ref], now)
        except Exception as error:
            # One unreadable notice must not keep the sweeper from all others.
            logger.error("notice_not_swept", extra={"notice_id": item["sk"]["S"], **defects.describe(error)})
            return None

    for handled in pool.map(handle, notices.load_notice_items(list(entries))):
        if handled is None:
            continue
        notice, action = handled
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
            look_again_at = find_fallback_time(notice, NoticeState.FAILED, now)
            moved = notices.give_up_unknown(due, now, "no_answer", look_again_at)
            if moved and look_again_at:
                move_on_at_once(notice.ref)
            return "failed" if moved else "stale"
        case _ if find_fallback_time(notice, notice.state, now):
            return "moved_on" if fallbacks.move_notice_on(notice) else "ladder_ended"
        case _:
            return "settled"


def _compute_patience(sweeps: int) -> timedelta:
    """How long until a notice put into its queue again is looked at once more: longer each time."""
    doublings: int = 2 ** min(sweeps, 10)
    return min(DISPATCH_GRACE * doublings, LONGEST_PATIENCE)
