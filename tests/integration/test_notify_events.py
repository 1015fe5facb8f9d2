"""Events for the bank's core: what is announced, how it is put on the bus, and what becomes of it under every fault."""

import json
from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError

from invoicing import clock
from invoicing.billers import BillerState
from invoicing.notices import Channel, NoticeKind, NoticeRef, NoticeState, plan_archived_notices, plan_paid_notices
from invoicing.settings import get_settings
from invoicing.store import dynamodb, notices
from tests.integration import faults, scenario
from tests.integration import notify_scenario as notify

pytestmark = pytest.mark.usefixtures("aws")

BILLER = replace(scenario.SHOP, issued_events=True)
TIMED_OUT = ReadTimeoutError(endpoint_url="https://events")
PAID_AT = "2026-11-23T04:00:00.000Z"


@pytest.fixture(autouse=True)
def time(monkeypatch: pytest.MonkeyPatch) -> notify.Clock:
    time = notify.Clock(scenario.NOW)
    monkeypatch.setattr(clock, "now", time.now)
    return time


@pytest.fixture
def ref(aws: Any) -> NoticeRef:
    """The event of a new invoice that tells no person."""
    scenario.register(BILLER)
    notify.listen_to_events()
    (ref,) = notify.issue(biller=BILLER, channels=[])
    return ref


def set_on_invoice(values: dict[str, Any], sk: str = "current") -> None:
    table = boto3.resource("dynamodb").Table(get_settings().invoices_table)
    key = {"pk": f"{BILLER.biller_id}#INV-0000", "sk": "current"}
    item = table.get_item(Key=key)["Item"] | values
    table.delete_item(Key=key)
    table.put_item(Item=item | {"sk": sk})


def announce(kind: NoticeKind) -> NoticeRef:
    """Write the event of a later change, as its transaction would."""
    planners = {NoticeKind.PAID: plan_paid_notices, NoticeKind.ARCHIVED: plan_archived_notices}
    draft: Any = scenario.make_draft(0, channels=[])
    (planned,) = planners[kind](BILLER, draft, notify.va_number(0))
    item = notices.notice_item(
        planned,
        bank_code="028",
        va_number=notify.va_number(0),
        biller_id=BILLER.biller_id,
        number=draft["number"],
        upload_id="01JD0000000000000000000000",
        created_at=clock.to_text(clock.now()),
    )
    assert notices.create_notice(item)
    return NoticeRef("028", notify.va_number(0), planned.notice_id)


def take_events() -> list[dict[str, Any]]:
    return notify.EVENT.mailbox()


def pay() -> None:
    payment = {"payment_id": "028#0001", "channel": "va", "bank_reference": "REF-7", "recorded_by": "siti"}
    set_on_invoice({"status": "paid", "paid_at": PAID_AT, "paid_amount": 100_000, "paid_via": "va", "payment": payment})


def settle(ref: NoticeRef, time: notify.Clock, hours: int = 3) -> None:
    for _ in range(hours * 12):
        time.advance(minutes=5)
        notify.sweep()
        notify.send_bodies(*notify.receive(Channel.EVENT), provider=notify.EVENT)
        if notify.load(ref).due_at is None:
            return


def test_new_invoice_is_announced_by_ids_amount_and_times_without_names_or_contacts(ref: NoticeRef) -> None:
    assert notify.send(ref) == []

    (event,) = take_events()
    assert (event["source"], event["detail-type"]) == ("invoicing", "Invoice Issued")
    assert event["detail"] == {
        "version": 1,
        "id": ref.to_text(),
        "kind": "issued",
        "occurred_at": clock.to_text(scenario.NOW),
        "biller_id": BILLER.biller_id,
        "product": "e_invoice",
        "invoice": {
            "number": "INV-0000",
            "bank_code": "028",
            "va_number": ref.va_number,
            "upload_id": "01JD0000000000000000000000",
            "amount": 100_000,
            "currency": "IDR",
            "due_date": "2026-12-31",
        },
    }
    item = notify.stored(ref)
    assert item["state"] == "sent"
    assert item["provider_id"]
    assert "by_recipient_pk" not in item


def test_payment_is_announced_with_its_data_and_who_recorded_it_is_left_out(ref: NoticeRef) -> None:
    pay()
    notify.send(announce(NoticeKind.PAID))

    (event,) = take_events()
    assert (event["detail-type"], event["detail"]["occurred_at"]) == ("Invoice Paid", PAID_AT)
    assert event["detail"]["payment"] == {
        "amount": 100_000,
        "paid_at": PAID_AT,
        "via": "va",
        "payment_id": "028#0001",
        "channel": "va",
        "bank_reference": "REF-7",
    }


def test_archive_is_announced_from_where_the_invoice_went(ref: NoticeRef) -> None:
    archive = {"status": "archived", "archived_at": PAID_AT, "archive_reason": "replaced", "replaced_by": "8808100017"}
    set_on_invoice(archive, sk=f"archived#{ref.va_number}")
    notify.send(announce(NoticeKind.ARCHIVED))

    (event,) = take_events()
    assert event["detail-type"] == "Invoice Archived"
    assert event["detail"]["archive"] == {
        "archived_at": PAID_AT,
        "reason": "replaced",
        "replaced_by": "8808100017",
    }


def test_what_happened_is_announced_even_when_the_invoice_has_moved_on(ref: NoticeRef) -> None:
    """Unlike a bill to a person: paid and archived since, and the number is another bill's."""
    before = notify.stored(ref)
    pay()
    assert notify.send(ref) == []
    assert take_events()[0]["detail"]["kind"] == "issued"
    assert notify.stored(ref)["state"] == "sent" != before["state"]


def test_event_of_an_invoice_that_is_gone_is_cancelled(ref: NoticeRef) -> None:
    set_on_invoice({}, sk="somewhere")

    assert notify.send(ref) == []
    assert (notify.stored(ref)["state"], notify.stored(ref)["reason"]) == ("cancelled", "invoice_gone")


def test_event_of_a_suspended_biller_goes_and_quiet_hours_and_languages_do_not_matter(
    ref: NoticeRef, time: notify.Clock
) -> None:
    table = boto3.resource("dynamodb").Table(get_settings().billers_table)
    table.update_item(
        Key={"pk": BILLER.biller_id},
        UpdateExpression="SET #state = :state",
        ExpressionAttributeNames={"#state": "state"},
        ExpressionAttributeValues={":state": BillerState.SUSPENDED},
    )
    time.advance(hours=14)
    assert notify.send(ref) == []
    assert len(take_events()) == 1


def test_event_put_off_with_its_upload_leaves_at_once() -> None:
    scenario.register(BILLER)
    (ref,) = notify.issue(3, biller=BILLER, channels=[], not_before="2026-12-01T00:00:00.000Z")

    assert notify.load(ref).not_before is None
    notify.dispatch(notify.stream_record(ref))
    assert notify.receive(Channel.EVENT) == [notify.body(ref)]


def test_biller_without_issued_events_has_none_for_invoices_and_one_for_payment_and_archive() -> None:
    draft: Any = scenario.make_draft(1, channels=[])
    scenario.register(scenario.SHOP)
    assert notify.issue(1, channels=[]) == []
    for plan in (plan_paid_notices, plan_archived_notices):
        assert [notice.channel for notice in plan(scenario.SHOP, draft, "8808100000000017")] == [Channel.EVENT]


def entry_fails(code: str) -> Any:
    answer = {"FailedEntryCount": 1, "Entries": [{"ErrorCode": code, "ErrorMessage": "no"}]}
    return lambda: (notify.SimpleNamespace(status_code=200), answer)


MALFORMED = lambda: (notify.SimpleNamespace(status_code=200), {})  # noqa: E731
REPEATED = {
    "throttled": notify.refuse(400, "ThrottlingException"),
    "throttled_429": notify.refuse(429, "SlowDown"),
    "throttled_entry": entry_fails("ThrottlingException"),
    "stopped": notify.refuse(400, "AccessDeniedException"),
    "no_bus": entry_fails("ResourceNotFoundException"),
    "time_out_before": notify.fail(TIMED_OUT),
    "unreachable": notify.fail(EndpointConnectionError(endpoint_url="https://events")),
    "server_error": notify.refuse(500, "InternalException"),
    "server_error_of_entry": entry_fails("InternalFailure"),
    "malformed_answer": MALFORMED,
}


@pytest.mark.parametrize("act", REPEATED.values(), ids=REPEATED)
def test_event_that_was_perhaps_not_taken_comes_again_until_it_is(ref: NoticeRef, time: notify.Clock, act: Any) -> None:
    with notify.provider_does(notify.EVENT, act, act) as calls:
        assert notify.send(ref, ref) == []
        waiting = notify.load(ref)
        assert waiting.state is NoticeState.QUEUED
        assert len(calls) == 1
        settle(ref, time)
    assert len(calls) == 3
    assert notify.load(ref).state is NoticeState.SENT
    assert [event["detail"]["id"] for event in take_events()] == [ref.to_text()]


@pytest.mark.parametrize("act", [entry_fails("MalformedDetail"), notify.refuse(400, "ValidationException")])
def test_event_that_we_wrote_wrongly_fails_for_good(ref: NoticeRef, time: notify.Clock, act: Any) -> None:
    with notify.provider_does(notify.EVENT, act) as calls:
        assert notify.send(ref) == []
        settle(ref, time)
    assert len(calls) == 1
    assert notify.load(ref).state is NoticeState.FAILED


def test_time_out_after_acceptance_repeats_the_event_under_the_same_id(ref: NoticeRef, time: notify.Clock) -> None:
    with notify.after_accepted(notify.EVENT, notify.fail(TIMED_OUT)):
        notify.send(ref)
    settle(ref, time)
    assert [event["detail"]["id"] for event in take_events()] == [ref.to_text()] * 2
    assert notify.load(ref).state is NoticeState.SENT


STEPS = ("breaker", "claim", "biller", "invoice", "send", "settle")


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_worker_killed_at_any_step_loses_no_event_and_doubles_only_what_was_taken(
    ref: NoticeRef, time: notify.Clock, step: str, after: bool
) -> None:
    clients = [dynamodb.client(), notify.EVENT.client()]
    kill = faults.CallCounter(clients, faults.kill, STEPS.index(step), after=after)
    with kill.installed(), pytest.raises(faults.Killed):
        notify.send(ref)

    time.advance(minutes=6)
    assert notify.send(ref) == []
    settle(ref, time)
    taken_unsettled = (step, after) in {("send", True), ("settle", False)}
    events = take_events()
    assert len(events) == (2 if taken_unsettled else 1)
    assert {event["detail"]["id"] for event in events} == {ref.to_text()}
    assert notify.load(ref).state is NoticeState.SENT


def test_message_delivered_twice_puts_one_event(ref: NoticeRef) -> None:
    assert notify.send(ref, ref) == []
    assert notify.send(ref) == []
    assert len(take_events()) == 1


def test_event_takes_one_call_and_two_writes(ref: NoticeRef) -> None:
    updates: list[str] = []
    dynamodb.client().meta.events.register("before-call.dynamodb.UpdateItem", lambda **_: updates.append("x"))
    with notify.provider_does(notify.EVENT) as calls:
        notify.send(ref)
    assert (len(calls), len(updates)) == (1, 2)
    (entry,) = calls[0]["Entries"]
    assert entry["EventBusName"] == get_settings().event_bus_name
    assert json.loads(entry["Detail"])["kind"] == "issued"
