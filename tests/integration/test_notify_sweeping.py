"""The sweeper brings back what time, crashes and lost messages left behind, and never one notice twice."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import boto3
import pytest

from invoicing import clock
from invoicing.notices import NoticeState
from invoicing.settings import get_settings
from invoicing.store import dynamodb, notices
from tests.integration import notify_scenario as notify
from tests.integration import scenario

pytestmark = pytest.mark.usefixtures("aws")


@pytest.fixture(autouse=True)
def time(monkeypatch: pytest.MonkeyPatch) -> notify.Clock:
    time = notify.Clock(scenario.NOW)
    monkeypatch.setattr(clock, "now", time.now)
    return time


@pytest.fixture(autouse=True)
def billers(aws: Any) -> None:
    scenario.register(scenario.SHOP)


def test_notice_whose_message_was_lost_is_queued_after_its_grace(time: notify.Clock) -> None:
    (ref,) = notify.issue()

    time.advance(minutes=14)
    assert notify.sweep() == {}
    time.advance(minutes=1)
    assert notify.sweep() == {"enqueued": 1}
    assert notify.receive() == [notify.body(ref)]


def test_sweep_with_nothing_due_reads_no_notice() -> None:
    reads: list[str] = []
    dynamodb.client().meta.events.register("before-call.dynamodb.BatchGetItem", lambda params, **_: reads.append("x"))

    # DynamoDB refuses a batch without keys; moto does not.
    assert notify.sweep() == {}
    assert reads == []


def test_second_sweep_of_the_same_minute_does_nothing(time: notify.Clock) -> None:
    notify.issue()
    time.advance(minutes=15)

    assert [notify.sweep(), notify.sweep()] == [{"enqueued": 1}, {}]
    assert len(notify.receive()) == 1


def test_sweepers_with_the_same_stale_index_page_enqueue_once(
    time: notify.Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    notify.issue()
    time.advance(minutes=15)
    stale = [page for shard in notices.DUE_SHARDS for page in notices.list_due(shard, clock.now())]

    def list_stale(shard: str, now: datetime) -> Iterator[list[notices.DueNotice]]:
        yield from stale if shard == "00" else []

    monkeypatch.setattr(notices, "list_due", list_stale)
    assert notify.sweep() == {"enqueued": 1}
    assert notify.sweep() == {"stale": 1}
    assert len(notify.receive()) == 1


def test_two_writers_on_one_due_notice_let_one_through(time: notify.Clock) -> None:
    notify.issue()
    time.advance(minutes=15)
    (due,) = [due for shard in notices.DUE_SHARDS for page in notices.list_due(shard, clock.now()) for due in page]

    later = clock.now() + timedelta(minutes=15)
    assert notices.postpone_queued(due, later)
    assert not notices.postpone_queued(due, later + timedelta(seconds=1))


def test_notice_never_received_is_queued_less_and_less_often(time: notify.Clock) -> None:
    notify.issue()
    minutes = []
    for minute in range(0, 10 * 60, 15):
        if notify.sweep():
            minutes.append(minute)
        time.advance(minutes=15)

    gaps = [later - earlier for earlier, later in pairwise(minutes)]
    assert gaps == sorted(gaps)
    assert gaps[0] == 15
    assert gaps[-1] == 120


def test_claim_with_a_live_lease_is_left_alone_and_an_expired_one_becomes_unknown(time: notify.Clock) -> None:
    (ref,) = notify.issue()
    time.advance(minutes=15)
    now = clock.now()
    notices.claim_notice(ref, "worker", now, now + timedelta(seconds=75))

    assert notify.sweep() == {"busy": 1}
    time.advance(minutes=2)
    assert notify.sweep() == {"unknown": 1}
    assert notify.load(ref).state is NoticeState.UNKNOWN


def test_unknown_sms_is_never_sent_again(time: notify.Clock) -> None:
    (ref,) = notify.issue(recipients=[{"sms": "+6281200000001"}], channels=["sms"])
    now = clock.now()
    notices.claim_notice(ref, "worker", now, now)
    notices.mark_unknown(ref, "worker", now, now, "read_timeout")

    assert notify.sweep() == {"failed": 1}
    assert notify.load(ref).state is NoticeState.FAILED


def test_settled_notice_seen_in_a_stale_index_is_left_alone(
    time: notify.Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    (ref,) = notify.issue()
    time.advance(minutes=15)
    stale = [page for shard in notices.DUE_SHARDS for page in notices.list_due(shard, clock.now())]
    notify.send(ref)

    monkeypatch.setattr(notices, "list_due", lambda shard, now: stale if shard == "00" else [])
    assert notify.sweep() == {"stale": 1}
    assert notify.receive() == []


def test_unreadable_notice_does_not_keep_the_others_waiting(time: notify.Clock) -> None:
    bad, good = notify.issue(1)[0], notify.issue(2)[0]
    key = {"pk": f"{bad.bank_code}#{bad.va_number}", "sk": bad.notice_id}
    table = boto3.resource("dynamodb").Table(get_settings().notices_table)
    table.update_item(Key=key, UpdateExpression="SET channel = :c", ExpressionAttributeValues={":c": "pigeon"})
    time.advance(minutes=15)

    assert notify.sweep() == {"enqueued": 1}
    assert notify.receive() == [notify.body(good)]


def test_sweep_without_time_left_leaves_the_work_to_the_next(time: notify.Clock) -> None:
    notify.issue()
    time.advance(minutes=15)

    assert notify.sweep(milliseconds_left=3_000) == {}
    assert notify.sweep() == {"enqueued": 1}


def test_many_due_notices_are_all_queued_once_in_batches(time: notify.Clock) -> None:
    refs = [notify.issue(index)[0] for index in range(40)]
    time.advance(minutes=15)

    assert notify.sweep() == {"enqueued": 40}
    assert sorted(notify.receive()) == sorted(map(notify.body, refs))
