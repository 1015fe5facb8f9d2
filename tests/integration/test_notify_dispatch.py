"""New notices reach their queue; nothing that goes wrong on the way blocks the stream or loses one."""

from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from invoicing import clock
from invoicing.notices import NoticeState
from tests.integration import notify_scenario as notify
from tests.integration import scenario

pytestmark = pytest.mark.usefixtures("aws", "billers")

ACCEPTED = {"batchItemFailures": []}


@pytest.fixture(autouse=True)
def time(monkeypatch: pytest.MonkeyPatch) -> notify.Clock:
    time = notify.Clock(scenario.NOW)
    monkeypatch.setattr(clock, "now", time.now)
    return time


@pytest.fixture
def billers(aws: Any) -> None:
    scenario.register(scenario.SHOP)


def test_new_notices_are_queued_ten_per_request() -> None:
    refs = [notify.issue(index)[0] for index in range(12)]

    with notify.queue_answers() as sizes:
        assert notify.dispatch(*map(notify.stream_record, refs)) == ACCEPTED
    assert sizes == [10, 2]
    assert sorted(notify.receive()) == sorted(map(notify.body, refs))


def test_poisoned_record_is_skipped_and_its_neighbours_go() -> None:
    ref, poisoned = notify.issue(1)[0], notify.stream_record(notify.issue(2)[0])
    poisoned["dynamodb"]["NewImage"]["channel"] = {"S": "pigeon"}
    nothing = {"eventID": "event-x", "eventName": "INSERT", "dynamodb": {}}

    assert notify.dispatch(poisoned, nothing, {}, notify.stream_record(ref)) == ACCEPTED
    assert notify.receive() == [notify.body(ref)]


def test_deferred_notice_waits_for_the_sweeper(time: notify.Clock) -> None:
    (ref,) = notify.issue(not_before="2026-11-23T06:00:00.000Z")

    notify.dispatch(notify.stream_record(ref))
    assert notify.receive() == []
    time.advance(hours=2)
    assert notify.sweep() == {}
    time.advance(hours=1)
    assert notify.sweep() == {"enqueued": 1}
    assert notify.send_bodies(*notify.receive()) == []
    assert notify.load(ref).state is NoticeState.SENT


def test_deferred_notice_is_not_sent_early_by_a_stray_message() -> None:
    (ref,) = notify.issue(not_before="2026-11-23T06:00:00.000Z")

    assert notify.send(ref) == []
    assert notify.mailbox() == []
    assert notify.load(ref).state is NoticeState.QUEUED


def test_changed_notice_is_not_dispatched_again() -> None:
    (ref,) = notify.issue()

    notify.dispatch(notify.stream_record(ref, "MODIFY"))
    assert notify.receive() == []


def test_channel_without_queue_leaves_other_notices_alone() -> None:
    recipients = [{"email": "sari@example.com", "sms": "+6281200000001"}]
    refs = notify.issue(recipients=recipients, channels=["sms", "email"])

    assert notify.dispatch(*map(notify.stream_record, refs)) == ACCEPTED
    assert notify.receive() == [notify.body(refs[1])]


def test_messages_that_sqs_did_not_take_are_sent_again() -> None:
    refs = [notify.issue(index)[0] for index in range(3)]

    def take_two(request: dict[str, Any]) -> Any:
        failed = [{"Id": request["Entries"][1]["Id"], "Code": "InternalError", "SenderFault": False}]
        return SimpleNamespace(status_code=200), {"Failed": failed, "Successful": []}

    with notify.queue_answers(take_two) as sizes:
        notify.dispatch(*map(notify.stream_record, refs))
    assert sizes == [3, 1]
    assert notify.receive() == [notify.body(refs[1])]


def test_queue_that_is_down_fails_no_batch_and_the_sweeper_brings_the_notice(time: notify.Clock) -> None:
    (ref,) = notify.issue()

    def down(request: dict[str, Any]) -> Any:
        raise EndpointConnectionError(endpoint_url="https://sqs")

    with notify.queue_answers(down, down, down):
        assert notify.dispatch(notify.stream_record(ref)) == ACCEPTED
    assert notify.receive() == []
    time.advance(minutes=15)
    notify.sweep()
    assert notify.receive() == [notify.body(ref)]


def test_stream_batch_delivered_twice_sends_one_email() -> None:
    (ref,) = notify.issue()

    for _ in range(2):
        notify.dispatch(notify.stream_record(ref))
    assert notify.send_bodies(*notify.receive()) == []
    assert len(notify.mailbox()) == 1
