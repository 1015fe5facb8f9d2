"""One channel after the other: a notice that failed or stayed undelivered has one follower, whatever happens."""

from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ReadTimeoutError

from invoicing import clock, fallbacks
from invoicing.billers import Biller
from invoicing.notice_policy import FallbackLadder, NoticePolicy
from invoicing.notices import PAYER_CHANNELS, Channel, NoticeRef, NoticeState, SuppressionReason
from invoicing.settings import get_settings
from invoicing.store import billers, dynamodb, notices
from invoicing.suppressions import suppress_address
from notify.receipt_events import Receipt
from notify.receipts import apply_receipt
from tests.integration import faults, scenario
from tests.integration import notify_scenario as notify

pytestmark = pytest.mark.usefixtures("aws", "biller")

EMAIL, WHATSAPP, SMS = Channel.EMAIL, Channel.WHATSAPP, Channel.SMS
UNDELIVERABLE = notify.refuse(400, "ValidationException", "(#131026) Message undeliverable")
TIMED_OUT = notify.fail(ReadTimeoutError(endpoint_url="https://provider"))


@pytest.fixture(autouse=True)
def time(monkeypatch: pytest.MonkeyPatch) -> notify.Clock:
    time = notify.Clock(scenario.NOW)
    monkeypatch.setattr(clock, "now", time.now)
    return time


@pytest.fixture
def biller(aws: Any) -> Biller:
    notify.stand_in_for_whatsapp()
    return register(FallbackLadder(is_on=True, minutes=(30, 0)))


def register(ladder: FallbackLadder, index: int = 0) -> Biller:
    biller = replace(
        scenario.SHOP,
        biller_id=f"ladder-{index}",
        company_code=f"8807{index}",
        channels=PAYER_CHANNELS,
        policy=NoticePolicy(fallback=ladder),
    )
    scenario.register(biller)
    return biller


def issue(biller: Biller, index: int = 0, **changes: Any) -> NoticeRef:
    (ref,) = notify.issue(index, biller=biller, **changes)
    return ref


def list_notices(ref: NoticeRef) -> dict[str, dict[str, Any]]:
    return {record["channel"]: record for record in notices.list_records(ref.bank_code, ref.va_number)}


def follow(ref: NoticeRef, channel: Channel) -> NoticeRef:
    """The notice on the next channel, which exists."""
    return replace(ref, notice_id=list_notices(ref)[channel]["sk"])


def report(ref: NoticeRef, state: NoticeState, reason: str | None = None) -> None:
    """The provider's event."""
    provider_id = notify.stored(ref).get("provider_id", "id")
    apply_receipt(Receipt(ref.channel, ref, provider_id, state, clock.to_text(clock.now()), reason))


def change_status(biller: Biller, status: str) -> None:
    boto3.resource("dynamodb").Table(get_settings().invoices_table).update_item(
        Key={"pk": f"{biller.biller_id}#INV-0000", "sk": "current"},
        UpdateExpression="SET #s = :s",
        ExpressionAttributeNames={"#s": "status"},
        ExpressionAttributeValues={":s": status},
    )


def test_ladder_survives_storage(biller: Biller) -> None:
    assert billers.load_biller(biller.biller_id).policy == biller.policy


def test_only_the_first_channel_that_the_recipient_has_is_written(biller: Biller) -> None:
    assert issue(biller).channel is WHATSAPP
    assert issue(biller, 1, recipients=[{"email": "a@example.com", "sms": notify.PHONE}]).channel is SMS


def test_refusal_moves_on_at_once_and_links_both(biller: Biller) -> None:
    ref = issue(biller)
    with notify.provider_does(notify.WHATSAPP, UNDELIVERABLE):
        notify.send(ref)

    found = list_notices(ref)
    assert set(found) == {WHATSAPP, SMS}
    assert found[WHATSAPP]["state"] == "failed"
    assert found[WHATSAPP]["fallback"] == [found[SMS]["sk"]]
    assert "due_at" not in found[WHATSAPP]
    assert (found[SMS]["parent"], found[SMS]["state"]) == (found[WHATSAPP]["sk"], "queued")
    assert found[SMS]["recipient"] == notify.PHONE


def test_ladder_is_climbed_to_its_end_and_no_further(biller: Biller, time: notify.Clock) -> None:
    ref = issue(biller)
    with notify.provider_does(notify.WHATSAPP, UNDELIVERABLE):
        notify.send(ref)
    sms = follow(ref, SMS)
    with notify.provider_does(notify.SMS, notify.refuse(400, "OptedOut")):
        notify.send(sms)
    email = follow(ref, EMAIL)
    with notify.provider_does(notify.EMAIL, notify.refuse(400, "MessageRejected")):
        notify.send(email)

    time.advance(hours=1)
    assert notify.sweep() == {}
    assert {channel: record["state"] for channel, record in list_notices(ref).items()} == dict.fromkeys(
        PAYER_CHANNELS, "failed"
    )


def test_suppressed_address_moves_on_without_a_call(biller: Biller) -> None:
    ref = issue(biller)
    suppress_address(notify.load(ref), SuppressionReason.NO_WHATSAPP, "2026-11-23T00:00:00.000Z")
    notify.send(ref)

    assert notify.WHATSAPP.mailbox() == []
    assert list_notices(ref)[WHATSAPP]["state"] == "suppressed"
    assert SMS in list_notices(ref)


@pytest.mark.parametrize("state", [NoticeState.FAILED, NoticeState.BOUNCED])
def test_reported_failure_moves_on_at_once_and_once(biller: Biller, time: notify.Clock, state: NoticeState) -> None:
    ref = issue(biller)
    notify.send(ref)
    for _ in range(2):
        report(ref, state, "whatsapp_131026")

    assert set(list_notices(ref)) == {WHATSAPP, SMS}
    time.advance(hours=1)
    notify.sweep()
    assert set(list_notices(ref)) == {WHATSAPP, SMS}


def test_silence_moves_on_after_the_ladders_minutes(biller: Biller, time: notify.Clock) -> None:
    ref = issue(biller)
    notify.send(ref)
    time.advance(minutes=29)
    assert notify.sweep() == {}
    time.advance(minutes=1)

    assert notify.sweep() == {"moved_on": 1}
    found = list_notices(ref)
    assert (found[WHATSAPP]["state"], found[SMS]["state"]) == ("sent", "queued")
    # Its late delivery is fine, and shown; nothing follows any more.
    report(ref, NoticeState.DELIVERED)
    assert list_notices(ref)[WHATSAPP]["state"] == "delivered"
    time.advance(hours=1)
    assert "moved_on" not in notify.sweep()


@pytest.mark.parametrize("state", [NoticeState.DELIVERED, NoticeState.READ])
def test_nothing_follows_what_arrived(biller: Biller, time: notify.Clock, state: NoticeState) -> None:
    ref = issue(biller)
    notify.send(ref)
    report(ref, state)
    time.advance(hours=1)

    assert notify.sweep() == {}
    assert set(list_notices(ref)) == {WHATSAPP}


def test_event_before_our_settle_keeps_the_time_of_the_fallback(biller: Biller, time: notify.Clock) -> None:
    ref = issue(biller)
    with notify.after_accepted(notify.WHATSAPP, lambda: report(ref, NoticeState.SENT)):
        notify.send(ref)
    time.advance(minutes=31)
    assert notify.sweep() == {"moved_on": 1}


def test_delivery_that_comes_between_reading_and_moving_wins(biller: Biller) -> None:
    ref = issue(biller)
    notify.send(ref)
    seen = notify.load(ref)
    report(ref, NoticeState.DELIVERED)

    assert not fallbacks.move_notice_on(seen)
    assert set(list_notices(ref)) == {WHATSAPP}


def test_sms_that_only_reached_its_carrier_is_no_failure(biller: Biller, time: notify.Clock) -> None:
    ref = issue(biller, recipients=[{"sms": notify.PHONE, "email": "a@example.com"}])
    notify.send(ref)
    time.advance(hours=80)

    assert notify.sweep() == {}
    assert set(list_notices(ref)) == {SMS}


def test_unknown_sms_is_not_repeated_but_followed(biller: Biller, time: notify.Clock) -> None:
    ref = issue(biller, recipients=[{"sms": notify.PHONE, "email": "a@example.com"}])
    with notify.provider_does(notify.SMS, TIMED_OUT) as calls:
        notify.send(ref)
        time.advance(minutes=16)
        assert notify.sweep() == {"failed": 1}
    assert len(calls) == 1
    assert set(list_notices(ref)) == {SMS, EMAIL}
    notify.send(follow(ref, EMAIL))
    assert len(notify.mailbox()) == 1


@pytest.mark.parametrize("status", ["paid", "archived"])
def test_nothing_follows_for_an_invoice_that_needs_no_notice(biller: Biller, time: notify.Clock, status: str) -> None:
    ref = issue(biller)
    notify.send(ref)
    change_status(biller, status)
    report(ref, NoticeState.FAILED, "whatsapp_131026")
    time.advance(hours=1)
    notify.sweep()

    assert set(list_notices(ref)) == {WHATSAPP}
    assert list_notices(ref)[WHATSAPP]["ladder_end"] == f"invoice_{status}"


def test_each_recipient_climbs_alone(biller: Biller) -> None:
    father = {"name": "Ayah", "whatsapp": "+6281200000001", "sms": "+6281200000001"}
    mother = {"name": "Ibu", "whatsapp": "+6281200000002", "email": "ibu@example.com"}
    first, second = notify.issue(biller=biller, recipients=[father, mother])
    with notify.provider_does(notify.WHATSAPP, UNDELIVERABLE):
        notify.send(second)

    assert notify.send(first) == []
    records = notices.list_records(first.bank_code, first.va_number)
    assert sorted((record["channel"], record["recipient"]) for record in records) == [
        ("email", "ibu@example.com"),
        ("whatsapp", "+6281200000001"),
        ("whatsapp", "+6281200000002"),
    ]


def test_failure_of_a_shared_address_moves_both_recipients_on(biller: Biller) -> None:
    parents = [{"whatsapp": notify.PHONE, "email": f"{name}@example.com"} for name in ("ayah", "ibu")]
    (ref,) = notify.issue(biller=biller, recipients=parents)
    with notify.provider_does(notify.WHATSAPP, UNDELIVERABLE):
        notify.send(ref)

    followers = notify.stored(ref)["fallback"]
    records = {record["sk"]: record for record in notices.list_records(ref.bank_code, ref.va_number)}
    assert {records[notice_id]["recipient"] for notice_id in followers} == {"ayah@example.com", "ibu@example.com"}


def test_address_that_was_told_already_is_not_told_twice(biller: Biller) -> None:
    """The second guardian's only address is where the first one's ladder leads."""
    parents = [{"whatsapp": notify.PHONE, "sms": "+6281200000009"}, {"sms": "+6281200000009"}]
    first, second = notify.issue(biller=biller, recipients=parents)
    with notify.provider_does(notify.WHATSAPP, UNDELIVERABLE):
        notify.send(first)

    assert notify.stored(first)["fallback"] == [second.notice_id]
    assert len(notices.list_records(first.bank_code, first.va_number)) == 2


# Calls of DynamoDB from the refusal's settling to the transaction, in order.
MOVING = ("settle", "read", "invoice", "transaction")


@pytest.mark.parametrize("step", MOVING)
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_worker_killed_while_moving_on_leaves_one_follower(
    biller: Biller, time: notify.Clock, step: str, after: bool
) -> None:
    ref = issue(biller)
    before = ("pause", "claim", "hold", "biller", "invoice", "suppression", "yesterday", "tier")
    kill = faults.CallCounter([dynamodb.client()], faults.kill, len(before) + MOVING.index(step), after=after)
    refused = [UNDELIVERABLE] * 2
    with notify.provider_does(notify.WHATSAPP, *refused), kill.installed(), pytest.raises(faults.Killed):
        notify.send(ref)

    with notify.provider_does(notify.WHATSAPP, *refused):
        for _ in range(30):
            time.advance(minutes=5)
            notify.sweep()
            notify.send_bodies(*notify.receive(WHATSAPP), provider=notify.WHATSAPP)
    assert set(list_notices(ref)) == {WHATSAPP, SMS}


def test_ladder_switched_off_writes_every_channel_at_once(aws: Any) -> None:
    biller = register(FallbackLadder(is_on=False), 1)
    assert {ref.channel for ref in notify.issue(biller=biller)} == set(PAYER_CHANNELS)
