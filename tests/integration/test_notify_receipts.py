"""Delivery events -> notices: any order, any number of times, early, late, foreign; and addresses that are finished."""

import base64
import gzip
import io
import itertools
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ReadTimeoutError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from invoicing import clock
from invoicing.notices import MOVES, Channel, NoticeRef, NoticeState
from invoicing.settings import get_settings
from invoicing.store import dynamodb, notices
from notify import receipts_handler, sms_log_handler
from tests.integration import notify_scenario as notify
from tests.integration import scenario
from tests.receipt_samples import PHONE, envelope, ses_event, sms_event, whatsapp_event, whatsapp_status

pytestmark = pytest.mark.usefixtures("aws")

TIMED_OUT = ReadTimeoutError(endpoint_url="https://email")
ADDRESS = "sari0@example.com"


@pytest.fixture(autouse=True)
def time(monkeypatch: pytest.MonkeyPatch) -> notify.Clock:
    time = notify.Clock(scenario.NOW)
    monkeypatch.setattr(clock, "now", time.now)
    return time


@pytest.fixture
def ref(aws: Any) -> NoticeRef:
    scenario.register(scenario.SHOP, scenario.SCHOOL)
    notify.stand_in_for_whatsapp()
    return notify.issue()[0]


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What the receipts handler logs."""
    log = io.StringIO()
    for handler in receipts_handler.logger.handlers:
        monkeypatch.setattr(handler, "stream", log)
    return log


def receive(*bodies: str, waited: timedelta = timedelta()) -> list[str]:
    """Run the real handler on these messages; the ids of those that must come again."""
    event = scenario.make_sqs_event(list(bodies))
    for record in event["Records"]:
        record["attributes"]["SentTimestamp"] = str(int((clock.now() - waited).timestamp() * 1000))
    answer = receipts_handler.handle(event, scenario.FakeContext())
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def by_email(ref: NoticeRef | None, kind: str, at: datetime | None = None, **changes: Any) -> str:
    event = ses_event(ref, kind, clock.to_text(at or clock.now()), **changes)
    return envelope(get_settings().ses_events_topic, event)


def by_whatsapp(ref: NoticeRef | None, *statuses: str, code: int | None = None) -> str:
    seconds = int(clock.now().timestamp())
    given = [whatsapp_status(ref, status, seconds, code=code) for status in statuses]
    return envelope(get_settings().whatsapp_events_topic, whatsapp_event(*given))


def by_sms(message_id: str, *answer: str) -> str:
    return envelope(get_settings().sms_events_topic, sms_event(message_id, *answer))


def read_suppressions() -> list[dict[str, Any]]:
    return scenario.read_table(get_settings().suppressions_table)


def count_calls(operation: str) -> list[Any]:
    calls: list[Any] = []
    dynamodb.client().meta.events.register(f"before-call.dynamodb.{operation}", lambda params, **_: calls.append(1))
    return calls


def test_events_of_an_email_settle_its_notice_with_their_times(ref: NoticeRef, time: notify.Clock) -> None:
    notify.send(ref)
    sent_at = clock.to_text(clock.now())
    time.advance(seconds=3)

    assert receive(by_email(ref, "Send"), by_email(ref, "Delivery")) == []
    item = notify.stored(ref)
    assert (item["state"], item["sent_at"]) == ("delivered", sent_at)
    assert item["delivered_at"] == clock.to_text(clock.now())


def test_receipts_cost_one_write_each_where_they_say_something_new_and_none_else(ref: NoticeRef) -> None:
    notify.send(ref)
    writes = count_calls("UpdateItem")

    receive(by_email(ref, "Send"))
    assert len(writes) == 0
    receive(by_email(ref, "Delivery"))
    assert len(writes) == 1
    receive(by_email(ref, "Delivery"), by_email(ref, "Send"))
    assert len(writes) == 1


def test_read_before_delivered_stays_read_and_keeps_both_times(ref: NoticeRef) -> None:
    (notice,) = notify.issue(1, channels=["whatsapp"])
    notify.send(notice)

    assert receive(by_whatsapp(notice, "read")) == []
    assert receive(by_whatsapp(notice, "delivered", "sent")) == []
    item = notify.stored(notice)
    assert item["state"] == "read"
    assert {"sent_at", "delivered_at", "read_at"} <= set(item)


def test_event_that_overtakes_our_settle_wins_and_the_sender_counts_the_notice_as_sent(
    ref: NoticeRef, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("POWERTOOLS_METRICS_DISABLED")
    with notify.after_accepted(notify.EMAIL, lambda: receive(by_email(ref, "Delivery", message_id="ses-1"))):
        assert notify.send(ref) == []

    item = notify.stored(ref)
    assert (item["state"], item["provider_id"]) == ("delivered", "ses-1")
    assert "sent_at" in item
    assert not {"due_at", "due_shard", "lease_until"} & set(item)
    assert '"NoticesSent":[1.0]' in capsys.readouterr().out


def test_settle_after_a_read_receipt_adds_what_the_event_lacked_and_nothing_else(ref: NoticeRef) -> None:
    now = clock.now()
    notices.claim_notice(ref, "me", now, now + timedelta(minutes=1))
    assert receive(by_email(ref, "Bounce")) == []

    assert not notices.settle_sent(ref, "somebody", now, "other")
    assert notices.settle_sent(ref, "me", now, "ours")
    item = notify.stored(ref)
    assert (item["state"], item["provider_id"], item["reason"]) == ("bounced", "ses-1", "bounce_permanent_general")


def test_event_settles_an_unknown_notice_and_prevents_its_second_copy(ref: NoticeRef, time: notify.Clock) -> None:
    with notify.after_accepted(notify.EMAIL, notify.fail(TIMED_OUT)):
        notify.send(ref)
    assert notify.load(ref).state is NoticeState.UNKNOWN

    assert receive(by_email(ref, "Send", message_id="ses-7")) == []
    time.advance(minutes=16)
    assert notify.sweep() == {}
    item = notify.stored(ref)
    assert (item["state"], item["provider_id"]) == ("sent", "ses-7")
    assert len(notify.mailbox()) == 1


def test_event_for_a_notice_queued_again_keeps_it_from_going_out_twice(ref: NoticeRef, time: notify.Clock) -> None:
    with notify.after_accepted(notify.EMAIL, notify.fail(TIMED_OUT)):
        notify.send(ref)
    time.advance(minutes=16)
    assert notify.sweep() == {"enqueued": 1}

    receive(by_email(ref, "Delivery"))
    assert notify.send(ref) == []
    assert notify.load(ref).state is NoticeState.DELIVERED
    assert len(notify.mailbox()) == 1


def test_bounce_after_delivery_is_noted_and_suppresses_and_leaves_the_notice_delivered(ref: NoticeRef) -> None:
    notify.send(ref)
    receive(by_email(ref, "Delivery"), by_email(ref, "Bounce"))

    item = notify.stored(ref)
    assert (item["state"], item["bounced_at"]) == ("delivered", clock.to_text(clock.now()))
    assert "reason" not in item
    assert [entry["reason"] for entry in read_suppressions()] == ["bounce"]


def test_late_delivery_corrects_a_failure_and_its_reason(ref: NoticeRef) -> None:
    notify.send(ref)
    receive(by_email(ref, "Bounce", bounce={"bounceType": "Transient"}))
    assert (notify.stored(ref)["state"], notify.stored(ref)["reason"]) == ("failed", "bounce_transient_general")

    receive(by_email(ref, "Delivery"))
    assert notify.stored(ref)["state"] == "delivered"
    assert "reason" not in notify.stored(ref)
    assert read_suppressions() == []


def test_sms_is_found_by_the_providers_id(ref: NoticeRef) -> None:
    (notice,) = notify.issue(1, channels=["sms"])
    notify.send(notice)
    message_id = notify.stored(notice)["provider_id"]

    assert receive(by_sms(message_id)) == []
    assert notify.stored(notice)["state"] == "sent"
    assert receive(by_sms(message_id, "Message has been accepted by phone")) == []
    assert notify.stored(notice)["state"] == "delivered"


def test_event_of_an_unknown_message_comes_again_for_five_minutes_then_is_dropped(
    ref: NoticeRef, log: io.StringIO
) -> None:
    assert receive(by_sms("nobody's"), waited=timedelta(minutes=4, seconds=59)) == ["message-0"]
    assert receive(by_sms("nobody's"), waited=timedelta(minutes=5)) == []
    assert "receipt_of_nobody" in log.getvalue()


def test_event_that_precedes_the_settle_is_applied_when_it_comes_again(ref: NoticeRef) -> None:
    (notice,) = notify.issue(1, channels=["sms"])
    now = clock.now()
    notices.claim_notice(notice, "me", now, now + timedelta(minutes=1))
    assert receive(by_sms("sms-1", "Message has been accepted by phone")) == ["message-0"]

    notices.settle_sent(notice, "me", now, "sms-1")
    assert receive(by_sms("sms-1", "Message has been accepted by phone")) == []
    assert notify.load(notice).state is NoticeState.DELIVERED


@pytest.mark.parametrize("other", ["bank", "channel", "notice"])
def test_event_that_names_a_notice_not_its_own_changes_nothing(ref: NoticeRef, other: str) -> None:
    notify.send(ref)
    before = scenario.dump_tables()
    body = {
        "bank": lambda: by_email(NoticeRef("999", ref.va_number, ref.notice_id), "Bounce"),
        "channel": lambda: by_whatsapp(ref, "failed", code=131026),
        "notice": lambda: by_email(NoticeRef(ref.bank_code, ref.va_number, "issued-email-0"), "Bounce"),
    }[other]()

    assert receive(body, waited=timedelta(minutes=6)) == []
    assert scenario.dump_tables() == before


def test_unreadable_event_fails_alone_and_ends_as_a_dead_letter(ref: NoticeRef) -> None:
    foreign = envelope("arn:aws:sns:ap-southeast-3:999999999999:foreign", ses_event(ref, "Bounce"))

    assert receive("{}", foreign, by_email(ref, "Delivery"), waited=timedelta(days=1)) == ["message-0", "message-1"]
    assert notify.load(ref).state is NoticeState.DELIVERED


def test_cancelled_notice_stays_cancelled_and_shows_what_arrived_all_the_same(ref: NoticeRef) -> None:
    now = clock.now()
    notices.claim_notice(ref, "me", now, now)
    notices.settle_cancelled(ref, "me", now, "invoice_paid")

    receive(by_email(ref, "Delivery"))
    item = notify.stored(ref)
    assert (item["state"], item["reason"]) == ("cancelled", "invoice_paid")
    assert "delivered_at" in item


def test_event_whose_notice_moves_at_every_try_comes_again(ref: NoticeRef, monkeypatch: pytest.MonkeyPatch) -> None:
    notify.send(ref)
    monkeypatch.setattr(notices, "record_receipt", lambda *_, **__: (False, dynamodb.to_item(notify.stored(ref))))

    assert receive(by_email(ref, "Delivery")) == ["message-0"]


EVENTS: dict[str, Callable[[NoticeRef], Any]] = {
    "Send": lambda ref: receive(by_email(ref, "Send", scenario.NOW + timedelta(seconds=1))),
    "Delivery": lambda ref: receive(by_email(ref, "Delivery", scenario.NOW + timedelta(seconds=2))),
    "Bounce": lambda ref: receive(by_email(ref, "Bounce", scenario.NOW + timedelta(seconds=3))),
    "Transient": lambda ref: receive(
        by_email(ref, "Bounce", scenario.NOW + timedelta(seconds=4), bounce={"bounceType": "Transient"})
    ),
    "Complaint": lambda ref: receive(by_email(ref, "Complaint", scenario.NOW + timedelta(seconds=5))),
    "settle": lambda ref: notices.settle_sent(ref, "me", clock.now(), "ses-1"),
}
RANKS = ["claimed", "sent", "failed", "bounced", "delivered", "read"]
numbers = itertools.count(100)


def claim(number: int) -> NoticeRef:
    (ref,) = notify.issue(number)
    assert notices.claim_notice(ref, "me", clock.now(), clock.now() + timedelta(minutes=1)).won
    return ref


def play(ref: NoticeRef, events: list[str]) -> tuple[Any, ...]:
    """Let the events happen in this order, never backwards; what the notice is then."""
    seen = [notify.stored(ref)["state"]]
    for event in events:
        EVENTS[event](ref)
        seen.append(notify.stored(ref)["state"])
    assert seen == sorted(seen, key=RANKS.index)
    item = notify.stored(ref)
    times = {name for name in item if name.endswith("_at") and name not in ("claimed_at", "by_day_at")}
    return item["state"], item.get("reason"), item["provider_id"], times


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_order_with_any_repetition_ends_the_same_and_never_goes_back(aws: Any, data: st.DataObject) -> None:
    events = data.draw(st.lists(st.sampled_from(sorted(EVENTS)), min_size=1, unique=True), label="events")
    repeated = data.draw(st.lists(st.sampled_from(events), max_size=4), label="repeated")
    order = data.draw(st.permutations(events + repeated), label="order")
    if next(numbers) == 100:
        scenario.register(scenario.SHOP)

    expected = play(claim(next(numbers)), events)
    assert play(claim(next(numbers)), order) == expected


def test_every_state_that_can_be_reported_is_reached_from_every_earlier_one(ref: NoticeRef) -> None:
    """The conditions of the store are those of MOVES, for receipts as for senders."""
    for number, (before, after) in enumerate(itertools.product(RANKS[1:], repeat=2), 1_000):
        (notice,) = notify.issue(number)
        key = {"pk": f"{notice.bank_code}#{notice.va_number}", "sk": notice.notice_id}
        boto3.resource("dynamodb").Table(get_settings().notices_table).update_item(
            Key=key,
            UpdateExpression="SET #s = :s",
            ExpressionAttributeNames={"#s": "state"},
            ExpressionAttributeValues={":s": before},
        )
        kinds: dict[str, str] = {"sent": "Send", "delivered": "Delivery", "bounced": "Bounce", "failed": "Reject"}
        if after in kinds:
            receive(by_email(notice, kinds[after]))
            moves = after in MOVES[NoticeState(before)]
            assert notify.stored(notice)["state"] == (after if moves else before)


# -- suppressed addresses


@pytest.fixture(params=["bounce", "complaint", "no_whatsapp", "whatsapp_opt_out", "sms_opt_out"])
def finished(request: pytest.FixtureRequest, ref: NoticeRef) -> tuple[NoticeRef, str, str]:
    """A notice whose address is finished, its channel and why."""
    channel = {"no_whatsapp": "whatsapp", "whatsapp_opt_out": "whatsapp", "sms_opt_out": "sms"}.get(
        request.param, "email"
    )
    (notice,) = notify.issue(1, channels=[channel]) if channel != "email" else (ref,)
    notify.send(notice)
    event = {
        "bounce": lambda: by_email(notice, "Bounce"),
        "complaint": lambda: by_email(notice, "Complaint"),
        "no_whatsapp": lambda: by_whatsapp(notice, "failed", code=131026),
        "whatsapp_opt_out": lambda: by_whatsapp(notice, "failed", code=131050),
        "sms_opt_out": lambda: by_sms(notify.stored(notice)["provider_id"], "Phone number is opted out"),
    }[request.param]()
    assert receive(event) == []
    reason = "opted_out" if request.param.endswith("opt_out") else request.param
    return notice, channel, reason


def test_finished_address_is_kept_masked_with_its_reason_and_notice(finished: tuple[NoticeRef, str, str]) -> None:
    notice, channel, reason = finished

    (entry,) = read_suppressions()
    assert entry["pk"] == scenario.SHOP.biller_id
    assert entry["sk"].startswith(f"{channel}#")
    assert (entry["reason"], entry["since"]) == (reason, clock.to_text(clock.now()))
    assert entry["address"] == ("s***@example.com" if channel == "email" else "+62812****890")
    assert NoticeRef.from_text(entry["notice"]) == notice
    assert ADDRESS not in str(entry)
    assert PHONE not in str(entry)


def test_next_notice_to_a_finished_address_is_suppressed_before_any_call(finished: tuple[NoticeRef, str, str]) -> None:
    _, channel, reason = finished
    provider = notify.PROVIDERS[Channel(channel)]
    before = len(provider.mailbox())
    recipients = [{"name": "Ibu Sari", "email": "SARI0@Example.com", "sms": PHONE, "whatsapp": PHONE}]
    (following,) = notify.issue(2, channels=[channel], recipients=recipients)
    writes, reads = count_calls("UpdateItem"), count_calls("GetItem")

    assert notify.send(following) == []
    assert (notify.stored(following)["state"], notify.stored(following)["reason"]) == ("suppressed", reason)
    assert notify.load(following).due_at is None
    assert len(provider.mailbox()) == before
    # Claim and settle; biller, invoice and suppression.
    assert (len(writes), len(reads)) == (2, 3)


def test_finished_address_gets_the_notices_of_other_billers_and_channels(finished: tuple[NoticeRef, str, str]) -> None:
    _, channel, _ = finished
    recipients = [{"email": ADDRESS, "sms": PHONE, "whatsapp": PHONE}]
    others = [other for other in ("email", "sms", "whatsapp") if other != channel]
    following = notify.issue(3, biller=scenario.SCHOOL, channels=[channel], recipients=recipients)
    following += notify.issue(4, channels=others, recipients=recipients)

    for notice in following:
        notify.send(notice)
        assert notify.load(notice).state is NoticeState.SENT


def test_repeated_bounce_changes_nothing_more(ref: NoticeRef, time: notify.Clock) -> None:
    notify.send(ref)
    bounce = by_email(ref, "Bounce")
    receive(bounce)
    before = scenario.dump_tables()
    time.advance(minutes=1)

    receive(bounce, bounce)
    assert scenario.dump_tables() == before


def test_crash_between_notice_and_suppression_is_made_good_by_the_next_delivery(
    ref: NoticeRef, monkeypatch: pytest.MonkeyPatch
) -> None:
    notify.send(ref)
    bounce = by_email(ref, "Bounce")
    with monkeypatch.context() as broken:
        broken.setattr("notify.receipts.suppress_address", lambda *_: 1 / 0)
        assert receive(bounce) == ["message-0"]
    assert (notify.stored(ref)["state"], read_suppressions()) == ("bounced", [])

    assert receive(bounce) == []
    assert len(read_suppressions()) == 1


# -- the way from SNS's logs


def pack(*messages: str, kind: str = "DATA_MESSAGE") -> dict[str, Any]:
    log = {
        "messageType": kind,
        "logGroup": "sns/ap-southeast-3/123456789012/DirectPublishToPhoneNumber",
        "logEvents": [
            {"id": str(index), "timestamp": 1_795_402_800_000, "message": message}
            for index, message in enumerate(messages)
        ],
    }
    return {"awslogs": {"data": base64.b64encode(gzip.compress(json.dumps(log).encode())).decode()}}


def receive_from_topics() -> list[str]:
    """What the topics put into the receipts queue."""
    sqs, bodies = boto3.client("sqs"), []
    url = sqs.get_queue_url(QueueName="invoicing-test-receipts")["QueueUrl"]
    while batch := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for message in batch:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        bodies += [message["Body"] for message in batch]
    return bodies


def test_outcome_in_the_log_of_sns_reaches_the_notice_without_its_phone_number(ref: NoticeRef) -> None:
    (notice,) = notify.issue(1, channels=["sms"])
    notify.send(notice)
    outcome = sms_event(notify.stored(notice)["provider_id"], "Message has been accepted by phone")

    answer = sms_log_handler.handle(pack(json.dumps(outcome)), scenario.FakeContext())
    assert answer == {"published": 1}
    bodies = receive_from_topics()
    assert PHONE not in "".join(bodies)
    assert receive(*bodies) == []
    assert notify.load(notice).state is NoticeState.DELIVERED


def test_large_delivery_of_logs_is_published_in_tens_and_odd_records_are_skipped(
    ref: NoticeRef, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = io.StringIO()
    for handler in sms_log_handler.logger.handlers:
        monkeypatch.setattr(handler, "stream", log)
    outcomes = [json.dumps(sms_event(f"sms-{index}")) for index in range(23)]

    odd = ["no json", "{}", "[]", json.dumps({"notification": PHONE, "delivery": {}, "status": ""})]
    assert sms_log_handler.handle(pack(*outcomes, *odd), scenario.FakeContext()) == {"published": 23}
    assert len(receive_from_topics()) == 23
    assert log.getvalue().count("sms_log_record_skipped") == 4
    assert PHONE not in log.getvalue()


def test_control_message_of_cloudwatch_logs_is_taken_and_holds_nothing(ref: NoticeRef) -> None:
    control = pack("CWL CONTROL MESSAGE: Checking health of destination Lambda.", kind="CONTROL_MESSAGE")

    assert sms_log_handler.handle(control, scenario.FakeContext()) == {"published": 0}


def test_delivery_that_unpacks_to_too_much_is_refused(ref: NoticeRef) -> None:
    bomb = base64.b64encode(gzip.compress(b"0" * (sms_log_handler.MAX_LOG_BYTES + 1))).decode()

    with pytest.raises(sms_log_handler.LogTooLargeError):
        sms_log_handler.handle({"awslogs": {"data": bomb}}, scenario.FakeContext())


def test_delivery_that_sns_does_not_take_whole_is_brought_again(ref: NoticeRef) -> None:
    refused = {"Successful": [], "Failed": [{"Id": "0", "Code": "InternalError", "SenderFault": False}]}
    sms_log_handler.client().meta.events.register(
        "before-call.sns.PublishBatch", lambda **_: (notify.SimpleNamespace(status_code=200), refused)
    )

    with pytest.raises(sms_log_handler.NotPublishedError):
        sms_log_handler.handle(pack(json.dumps(sms_event("sms-1"))), scenario.FakeContext())


# -- what is told to whom


def test_receipts_are_counted_per_channel_for_the_silent_alarm(
    ref: NoticeRef, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (other,) = notify.issue(1, channels=["whatsapp"])
    monkeypatch.delenv("POWERTOOLS_METRICS_DISABLED")
    notify.send(ref)
    receive(by_email(ref, "Send"), by_email(ref, "Delivery"), by_whatsapp(other, "sent"), by_sms("nobody's"))

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "CloudWatchMetrics" in line]
    counted = [(line["service"], line["channel"], line.get("NoticesSent"), line["ReceiptsReceived"]) for line in lines]
    service = lines[0]["service"]
    assert counted == [
        (service, "email", [1.0], [0.0]),
        (service, "email", None, [2.0]),
        (service, "whatsapp", None, [1.0]),
    ]
    assert lines[0]["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "Invoicing"
    assert set(lines[0]["_aws"]["CloudWatchMetrics"][0]["Dimensions"][0]) == {"service", "channel"}


def test_logs_of_receipts_hold_ids_and_no_personal_data(ref: NoticeRef, log: io.StringIO) -> None:
    (other,) = notify.issue(1, channels=["whatsapp"])
    notify.send(ref)
    odd = by_email(ref, "Bounce", bounce={"bounceSubType": f"for {ADDRESS}"})
    receive(odd, by_email(ref, "Delivery"), by_whatsapp(other, "failed", code=131026), by_sms("nobody's"), ADDRESS)

    assert ref.notice_id in log.getvalue()
    for secret in ("example.com", "sari", "Sari", "Pelanggan", PHONE[3:]):
        assert secret not in log.getvalue()
