"""New notices reach their queue; nothing that goes wrong on the way blocks the stream or loses one."""

from itertools import product
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from invoicing import clock
from invoicing.notices import PAYER_CHANNELS, Channel, Lane, NoticeState
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


def test_notice_goes_to_the_queue_of_its_channel_and_lane_in_its_billers_group() -> None:
    refs = {
        (channel, lane): notify.issue(index, channels=[channel], lane=lane)[0]
        for index, (channel, lane) in enumerate(product(PAYER_CHANNELS, Lane))
    }

    assert notify.dispatch(*map(notify.stream_record, refs.values())) == ACCEPTED
    for (channel, lane), ref in refs.items():
        (message,) = notify.receive_messages(channel, lane)
        assert message["Body"] == notify.body(ref)
        assert message["Attributes"]["MessageGroupId"] == scenario.SHOP.biller_id


def test_notice_written_before_there_were_lanes_goes_with_the_bulk() -> None:
    record = notify.stream_record(notify.issue(lane=Lane.EXPRESS)[0])
    del record["dynamodb"]["NewImage"]["lane"]

    notify.dispatch(record)
    assert len(notify.receive(Channel.EMAIL, Lane.BULK)) == 1
    assert notify.receive(Channel.EMAIL, Lane.EXPRESS) == []


def test_due_notice_is_brought_back_on_its_own_lane(time: notify.Clock) -> None:
    (ref,) = notify.issue(channels=["sms"], lane=Lane.EXPRESS)

    time.advance(minutes=15)
    assert notify.sweep() == {"enqueued": 1}
    assert notify.receive(Channel.SMS, Lane.EXPRESS) == [notify.body(ref)]


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
