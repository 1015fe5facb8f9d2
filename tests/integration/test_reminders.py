"""Reminders through the real handlers: schedule, runs, notices, senders. Each step once, whatever happens to a run."""

import json
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import boto3
import pytest

from invoicing import clock, reminders
from invoicing.billers import Biller, BillerState
from invoicing.errors import InvoiceNotFoundError
from invoicing.invoices import normalise_number
from invoicing.notice_policy import NoticePolicy, Zone
from invoicing.notice_status import describe_notices
from invoicing.notices import PAYER_CHANNELS, Channel, NoticeKind, NoticeRef
from invoicing.settings import get_settings
from invoicing.store import billers, dynamodb
from remind import remind_handler, runs, schedule_handler
from tests.integration import notify_scenario, scenario
from tests.integration.conftest import Aws
from tests.integration.faults import CallCounter, Killed, kill
from tests.integration.notify_scenario import Clock, issue, load, send, sweep

ISSUED = datetime(2026, 12, 1, 3, 0, tzinfo=UTC)
EIGHT = datetime(2026, 12, 29, 1, 0, tzinfo=UTC)
"""08:00 in Jakarta, a Tuesday."""


@pytest.fixture
def present(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Clock:
    present = Clock(ISSUED)
    monkeypatch.setattr(clock, "now", present.now)
    return present


def schedule() -> list[str]:
    """Run the hourly handler; the messages it put into the queue."""
    schedule_handler.handle({}, scenario.FakeContext())
    return receive_runs()


def receive_runs() -> list[str]:
    sqs, url, bodies = runs.client(), get_settings().reminder_queue_url, []
    while batch := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for message in batch:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            bodies.append(message["Body"])
    return bodies


def remind(*bodies: str, milliseconds_left: int = 120_000) -> list[str]:
    """Run the real handler on one message each; the messages it put into the queue."""
    context = scenario.FakeContext()
    context.get_remaining_time_in_millis = lambda: milliseconds_left  # type: ignore[method-assign]
    for body in bodies:
        answer = remind_handler.handle(scenario.make_sqs_event([body]), context)
        assert answer == {"batchItemFailures": []}
    return receive_runs()


def remind_everybody() -> None:
    assert remind(*schedule()) == []


def list_reminders() -> dict[str, list[str]]:
    """Steps by invoice number, of every reminder there is."""
    found: dict[str, list[str]] = {}
    for notice in read_reminders():
        found.setdefault(notice["number"], []).append(notice["step"])
    return {number: sorted(steps) for number, steps in sorted(found.items())}


def read_reminders() -> list[dict[str, Any]]:
    items = scenario.read_table(get_settings().notices_table)
    return [item for item in items if item["kind"] == NoticeKind.REMINDER]


def find_ref() -> NoticeRef:
    (item,) = read_reminders()
    return NoticeRef(item["pk"].split("#")[0], item["pk"].split("#")[1], item["sk"])


def set_biller(biller: Biller, **attributes: str) -> None:
    table = boto3.resource("dynamodb").Table(get_settings().billers_table)
    for name, value in attributes.items():
        table.update_item(
            Key={"pk": biller.biller_id},
            UpdateExpression="SET #name = :value",
            ExpressionAttributeNames={"#name": name},
            ExpressionAttributeValues={":value": value},
        )


def set_status(number: str, status: str, biller: Biller = scenario.SHOP) -> None:
    boto3.resource("dynamodb").Table(get_settings().invoices_table).update_item(
        Key={"pk": f"{biller.biller_id}#{normalise_number(number)}", "sk": "current"},
        UpdateExpression="SET #status = :status",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={":status": status},
    )


def test_reminders_go_out_before_on_and_after_the_due_date_and_then_no_more(present: Clock) -> None:
    policy = NoticePolicy(on_weekends=True, on_holidays=True)
    scenario.register(replace(scenario.SHOP, policy=policy))
    issue(1, due_date="2026-12-31")
    days = {}
    for day in range(25, 39):
        present.instant = datetime(2026, 12, 2, 1, 0, tzinfo=UTC) + timedelta(days=day)
        before = Counter(list_reminders().get("INV-0001", []))
        remind_everybody()
        new = Counter(list_reminders().get("INV-0001", [])) - before
        days |= {(present.instant + timedelta(hours=7)).date().isoformat(): step for step in new}

    assert days == {"2026-12-28": "due-3", "2026-12-31": "due+0", "2027-01-03": "due+3", "2027-01-07": "due+7"}


def test_reminder_is_an_ordinary_notice_of_the_bulk_lane_to_each_recipient_on_each_channel(present: Clock) -> None:
    scenario.register(replace(scenario.SHOP, channels=PAYER_CHANNELS))
    issue(1, due_date="2026-12-29")
    present.instant = EIGHT
    remind_everybody()

    made = read_reminders()
    assert Counter(item["channel"] for item in made) == {"email": 1, "sms": 1, "whatsapp": 1}
    assert {(item["lane"], item["step"], item["in_hours"], "not_before" in item) for item in made} == {
        ("bulk", "due+0", True, False)
    }
    shown = describe_notices(scenario.SHOP.biller_id, notify_scenario.va_number(1))
    assert [notice["step"] for notice in shown if notice["kind"] == "reminder"] == ["due+0"] * 3


@pytest.mark.parametrize("channel", [Channel.EMAIL, Channel.SMS])
def test_reminder_reaches_the_payer_and_says_how_late_it_is_when_it_leaves(present: Clock, channel: Channel) -> None:
    scenario.register(replace(scenario.SHOP, channels=(channel,)))
    issue(1, due_date="2026-12-26")
    present.instant = EIGHT
    remind_everybody()
    ref = find_ref()
    present.advance(days=2)  # a channel that was stopped for two days

    assert send(ref) == []
    assert load(ref).state == "sent"
    (message,) = notify_scenario.PROVIDERS[channel].mailbox()
    words = message.body if channel is Channel.EMAIL else message[1]
    assert "5 hari" in words


def test_reminder_of_a_quiet_hour_waits_and_comes_back_by_the_sweeper(present: Clock) -> None:
    scenario.register(replace(scenario.SHOP, policy=NoticePolicy(quiet_until="09:30")))
    issue(1, due_date="2026-12-29")
    present.instant = EIGHT
    remind_everybody()
    ref = find_ref()

    assert load(ref).not_before == "2026-12-29T02:30:00.000Z"
    assert notify_scenario.dispatch(notify_scenario.stream_record(ref)) == {"batchItemFailures": []}
    assert notify_scenario.receive() == []
    present.advance(minutes=91)
    sweep()
    assert [json.loads(body)["notice_id"] for body in notify_scenario.receive()].count(ref.notice_id) == 1


def test_run_again_and_in_any_order_writes_nothing_twice(present: Clock) -> None:
    scenario.register(scenario.SHOP, scenario.SCHOOL)
    for index in range(12):
        issue(index, biller=(scenario.SHOP, scenario.SCHOOL)[index % 2], due_date=f"2026-12-{22 + index % 8}")
    present.instant = EIGHT
    bodies = schedule() + schedule()
    assert len(bodies) == 4
    remind(bodies[0], bodies[1])
    once = scenario.dump_tables()
    expected = list_reminders()
    assert expected

    random.Random(7).shuffle(bodies)
    assert remind(*bodies, *bodies) == []
    assert scenario.dump_tables() == once
    assert schedule() == []
    assert list_reminders() == expected


def test_overlapping_run_of_the_same_day_writes_nothing_twice(present: Clock) -> None:
    scenario.register(scenario.SHOP)
    for index in range(6):
        issue(index, due_date="2026-12-29")
    present.instant = EIGHT
    (body,) = schedule()
    (rest,) = remind(body, milliseconds_left=29_000)
    remind(body)
    done = list_reminders()
    assert len(done) == 6

    forget_that_it_was_done(scenario.SHOP)
    assert remind(rest) == []
    assert list_reminders() == done


def forget_that_it_was_done(biller: Biller) -> None:
    dynamodb.client().update_item(
        TableName=get_settings().billers_table,
        Key={"pk": {"S": biller.biller_id}},
        UpdateExpression="REMOVE reminded_until",
    )


def test_run_that_is_short_of_time_goes_on_where_it_stopped(present: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("invoicing.store.invoices._PAGE_SIZE", 2)
    scenario.register(replace(scenario.SHOP, policy=NoticePolicy(reminder_offsets=(0, 3))))
    for index in range(20):
        issue(index, due_date=["2026-12-29", "2026-12-26"][index % 2])
    present.instant = EIGHT
    waiting, invocations = schedule(), 0
    while waiting:
        waiting = remind(*waiting, milliseconds_left=29_000)
        invocations += 1

    assert invocations >= 16  # a page each, of two steps and eight shards
    assert Counter(step for steps in list_reminders().values() for step in steps) == {
        "due+0": 10,
        "due+3": 10,
    }
    assert billers.load_biller(scenario.SHOP.biller_id).reminded_until == date(2026, 12, 29)


@pytest.mark.parametrize("after", [False, True])
def test_run_killed_at_any_call_is_finished_by_its_repetition(present: Clock, after: bool) -> None:
    scenario.register(replace(scenario.SHOP, policy=NoticePolicy(reminder_offsets=(0,))))
    for index in range(3):
        issue(index, due_date="2026-12-29")
    present.instant = EIGHT
    (body,) = schedule()
    clients = [dynamodb.client(), runs.client()]
    with CallCounter(clients, lambda: None, None, after=after).installed() as counter:
        remind(body)
    expected, calls = list_reminders(), counter.calls
    assert [len(steps) for steps in expected.values()] == [1, 1, 1]
    # Each of the killed runs begins from what the ones before it left: nothing, or some notices, and no record.
    for at in range(calls):
        forget_that_it_was_done(scenario.SHOP)
        with CallCounter(clients, kill, at, after=after).installed(), pytest.raises(Killed):
            remind(body)
        forget_that_it_was_done(scenario.SHOP)
        remind(body)
        assert list_reminders() == expected


def test_missed_days_are_caught_up_with_the_latest_step_only(present: Clock) -> None:
    scenario.register(scenario.SHOP)
    set_biller(scenario.SHOP, reminded_until="2026-12-24")
    for index, due in enumerate(["2026-12-28", "2026-12-29", "2026-12-26", "2026-12-17", "2026-12-16"]):
        issue(index, due_date=due)
    present.instant = EIGHT
    remind_everybody()

    assert list_reminders() == {
        "INV-0000": ["due+0"],  # due-3 fell on the 25th, due+0 on the 28th
        "INV-0001": ["due+0"],
        "INV-0002": ["due+3"],
        # due+7 of the bill of the 17th fell on the 24th, the last day that was done.
    }
    assert billers.load_biller(scenario.SHOP.biller_id).reminded_until == date(2026, 12, 29)


def test_run_of_yesterday_that_arrives_after_midnight_is_left_to_the_new_day(present: Clock) -> None:
    scenario.register(scenario.SHOP)
    set_biller(scenario.SHOP, reminded_until="2026-12-28")
    issue(1, due_date="2026-12-29")
    present.instant = datetime(2026, 12, 29, 16, 59, tzinfo=UTC)
    (body,) = schedule()
    present.advance(minutes=2)

    assert remind(body) == []
    assert schedule() == []
    assert list_reminders() == {}
    present.instant = datetime(2026, 12, 30, 1, 0, tzinfo=UTC)
    remind_everybody()
    assert list_reminders() == {"INV-0001": ["due+0"]}


@pytest.mark.parametrize(("zone", "hour"), [(Zone.WIT, 23), (Zone.WITA, 24), (Zone.WIB, 25)])
def test_biller_of_another_zone_is_reminded_at_its_own_eight_o_clock(present: Clock, zone: Zone, hour: int) -> None:
    scenario.register(replace(scenario.SHOP, policy=NoticePolicy(zone=zone)))
    issue(1, due_date="2026-12-29")
    present.instant = datetime(2026, 12, 28, 0, 0, tzinfo=UTC) + timedelta(hours=hour - 1)
    # Yesterday's run is done, so that this hour can only be about the new day.
    set_biller(scenario.SHOP, reminded_until="2026-12-28")
    assert schedule() == []
    present.advance(hours=1)

    remind_everybody()
    assert list_reminders() == {"INV-0001": ["due+0"]}


def test_weekend_between_two_steps_ends_in_one_reminder(present: Clock) -> None:
    policy = NoticePolicy(reminder_offsets=(0, 1))
    scenario.register(replace(scenario.SHOP, policy=policy))
    issue(1, due_date="2026-12-12")  # a Saturday
    for day in range(11, 16):
        present.instant = datetime(2026, 12, day, 1, 0, tzinfo=UTC)
        remind_everybody()

    assert list_reminders() == {"INV-0001": ["due+1"]}


def test_another_biller_and_one_that_is_suspended_are_untouched(present: Clock) -> None:
    scenario.register(scenario.SHOP, scenario.SCHOOL)
    issue(1, due_date="2026-12-29")
    issue(2, biller=scenario.SCHOOL, due_date="2026-12-29")
    present.instant = EIGHT
    bodies = schedule()
    set_biller(scenario.SCHOOL, state=BillerState.SUSPENDED)

    assert remind(*bodies) == []
    assert list_reminders() == {"INV-0001": ["due+0"]}
    assert billers.load_biller(scenario.SCHOOL.biller_id).reminded_until is None
    present.advance(hours=1)
    assert schedule() == []


def pause_invoice() -> None:
    reminders.pause_invoice_reminders(scenario.SHOP.biller_id, "inv-0001", by="siti")


def pause_payer() -> None:
    reminders.pause_payer_reminders(scenario.SHOP.biller_id, "payer:C1", by="siti", until=date(2026, 12, 30))


def resume_invoice() -> None:
    reminders.resume_invoice_reminders(scenario.SHOP.biller_id, "INV-0001", by="budi")


def resume_payer() -> None:
    reminders.resume_payer_reminders(scenario.SHOP.biller_id, "payer:C1", by="budi")


PAUSES = [(pause_invoice, resume_invoice), (pause_payer, resume_payer)]


@pytest.mark.parametrize(("pause", "resume"), PAUSES)
def test_paused_invoice_gets_no_reminder_until_it_is_resumed(
    present: Clock, pause: Callable[[], None], resume: Callable[[], None]
) -> None:
    scenario.register(scenario.SHOP)
    issue(1, due_date="2026-12-29")
    issue(2, due_date="2026-12-29")
    pause()
    present.instant = EIGHT
    remind_everybody()
    assert list_reminders() == {"INV-0002": ["due+0"]}

    resume()
    forget_that_it_was_done(scenario.SHOP)
    remind_everybody()
    assert list_reminders() == {"INV-0001": ["due+0"], "INV-0002": ["due+0"]}


@pytest.mark.parametrize(("pause", "resume"), PAUSES)
def test_reminder_that_is_paused_while_it_waits_is_not_sent(
    present: Clock, pause: Callable[[], None], resume: Callable[[], None]
) -> None:
    scenario.register(scenario.SHOP)
    (issued,) = issue(1, due_date="2026-12-29")
    present.instant = EIGHT
    remind_everybody()
    ref = find_ref()
    pause()

    assert send(ref) == []
    assert notify_scenario.stored(ref)["state"] == "cancelled"
    assert notify_scenario.stored(ref)["reason"] == "reminders_paused"
    assert notify_scenario.mailbox() == []
    # Only reminders are paused.
    assert send(issued) == []
    assert load(issued).state == "sent"


def test_pause_that_is_over_holds_nothing_back(present: Clock) -> None:
    scenario.register(scenario.SHOP)
    issue(1, due_date="2026-12-30")
    pause_payer()
    present.instant = EIGHT + timedelta(days=1)
    remind_everybody()

    assert send(find_ref()) == []
    assert load(find_ref()).state == "sent"


def test_pause_of_an_unknown_invoice_is_refused(present: Clock) -> None:
    with pytest.raises(InvoiceNotFoundError):
        pause_invoice()
    with pytest.raises(InvoiceNotFoundError):
        resume_invoice()


@pytest.mark.parametrize("status", ["paid", "archived"])
def test_reminder_of_an_invoice_that_was_settled_meanwhile_is_not_sent(present: Clock, status: str) -> None:
    scenario.register(scenario.SHOP)
    issue(1, due_date="2026-12-29")
    present.instant = EIGHT
    remind_everybody()
    set_status("INV-0001", status)

    assert send(find_ref()) == []
    assert notify_scenario.stored(find_ref())["reason"] == f"invoice_{status}"
    assert notify_scenario.mailbox() == []


def test_message_that_is_no_run_is_reported_alone(present: Clock) -> None:
    scenario.register(scenario.SHOP)
    issue(1, due_date="2026-12-29")
    present.instant = EIGHT
    event = scenario.make_sqs_event([json.dumps({"day": "2026-12-29"}), *schedule()])

    assert remind_handler.handle(event, scenario.FakeContext()) == {
        "batchItemFailures": [{"itemIdentifier": "message-0"}]
    }
    assert list_reminders() == {"INV-0001": ["due+0"]}


def test_run_costs_a_query_per_step_and_shard_and_a_write_per_reminder(present: Clock) -> None:
    scenario.register(scenario.SHOP)
    for index in range(30):
        issue(index, due_date="2026-12-29")
    present.instant = EIGHT
    (body,) = schedule()
    with CallCounter([dynamodb.client()], lambda: None, None, after=False).installed() as counter:
        remind(body)

    # The biller, its paused payers, 4 steps x 8 shards, 30 notices, the record that the day is done.
    assert counter.calls == 1 + 1 + 32 + 30 + 1
