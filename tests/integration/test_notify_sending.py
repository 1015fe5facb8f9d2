"""One notice, one e-mail: under duplicates, races, crashes between any two steps, and every answer SES can give."""

import io
from dataclasses import replace
from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError

from invoicing import clock
from invoicing.billers import BillerState
from invoicing.notices import NoticeRef, NoticeState
from invoicing.settings import get_settings
from invoicing.store import dynamodb, notices
from notify import sending
from notify.channels import email
from tests.integration import faults, scenario
from tests.integration import notify_scenario as notify

pytestmark = pytest.mark.usefixtures("aws")

TIMED_OUT = ReadTimeoutError(endpoint_url="https://email")


@pytest.fixture(autouse=True)
def time(monkeypatch: pytest.MonkeyPatch) -> notify.Clock:
    time = notify.Clock(scenario.NOW)
    monkeypatch.setattr(clock, "now", time.now)
    return time


@pytest.fixture
def ref(aws: Any) -> NoticeRef:
    scenario.register(scenario.SHOP, scenario.SCHOOL)
    return notify.issue()[0]


def update_item(table: str, key: dict[str, str], name: str, value: str) -> None:
    boto3.resource("dynamodb").Table(table).update_item(
        Key=key,
        UpdateExpression="SET #n = :v",
        ExpressionAttributeNames={"#n": name},
        ExpressionAttributeValues={":v": value},
    )


def change_invoice(name: str, value: str) -> None:
    key = {"pk": f"{scenario.SHOP.biller_id}#INV-0000", "sk": "current"}
    update_item(get_settings().invoices_table, key, name, value)


def settle_by_sweeping(ref: NoticeRef, time: notify.Clock, hours: int = 3) -> None:
    """Let time pass with a sweep and all its messages handled every five minutes, until the notice is settled."""
    for _ in range(hours * 12):
        time.advance(minutes=5)
        if notify.sweep().get("enqueued"):
            notify.send_bodies(*notify.receive())
        if notify.load(ref).due_at is None:
            return


def test_queued_notice_is_sent_as_html_and_text_with_its_key_as_tags(ref: NoticeRef) -> None:
    with notify.ses_does() as calls:
        assert notify.send(ref) == []

    (call,) = calls
    assert call["FromEmailAddress"] == "OCBC E-Invoice <notifikasi@ocbc.id>"
    assert call["Destination"] == {"ToAddresses": ["sari0@example.com"]}
    assert call["ConfigurationSetName"] == get_settings().email_configuration_set
    tags = {tag["Name"]: tag["Value"] for tag in call["EmailTags"]}
    assert tags == {"notice_id": ref.notice_id, "va_number": ref.va_number, "bank_code": ref.bank_code}
    content = call["Content"]["Simple"]
    assert "Toko Sinar Jaya" in content["Subject"]["Data"]
    for part in ("Html", "Text"):
        assert ref.va_number in content["Body"][part]["Data"]
    assert len(notify.mailbox()) == 1


def test_sent_notice_keeps_the_providers_id_and_leaves_the_sweepers_index(ref: NoticeRef) -> None:
    notify.send(ref)

    item = notify.stored(ref)
    assert item["state"] == "sent"
    assert item["sent_at"] == clock.to_text(scenario.NOW)
    assert item["provider_id"]
    assert not {"due_at", "due_shard", "lease_until"} & set(item)


def test_sending_takes_two_writes_and_one_provider_call(ref: NoticeRef) -> None:
    updates: list[str] = []
    dynamodb.client().meta.events.register("before-call.dynamodb.UpdateItem", lambda params, **_: updates.append("x"))

    with notify.ses_does() as calls:
        notify.send(ref)
    assert (len(updates), len(calls)) == (2, 1)


def test_claim_touches_no_indexed_attribute(ref: NoticeRef) -> None:
    before = notify.stored(ref)
    notices.claim_notice(ref, "me", scenario.NOW, scenario.NOW)

    changed = {name for name, value in notify.stored(ref).items() if before.get(name) != value}
    definitions = boto3.client("dynamodb").describe_table(TableName=get_settings().notices_table)
    indexed = {definition["AttributeName"] for definition in definitions["Table"]["AttributeDefinitions"]}
    assert not changed & indexed


def test_school_notice_comes_from_pintukelas(ref: NoticeRef) -> None:
    (school,) = notify.issue(7, biller=scenario.SCHOOL)

    with notify.ses_does() as calls:
        notify.send(school)
    assert calls[0]["FromEmailAddress"] == "PintuKelas <notifikasi@ocbc.id>"


def test_message_delivered_twice_sends_one_email(ref: NoticeRef) -> None:
    assert notify.send(ref, ref) == []
    assert notify.send(ref) == []
    assert len(notify.mailbox()) == 1


def test_claim_held_by_another_worker_makes_the_message_come_again(ref: NoticeRef) -> None:
    now = clock.now()
    assert notices.claim_notice(ref, "other", now, now + timedelta(seconds=75)).won

    assert notify.send(ref) == ["message-0"]
    assert notify.mailbox() == []


def test_second_claim_of_two_loses_and_cannot_settle(ref: NoticeRef) -> None:
    now = clock.now()
    first, second = (notices.claim_notice(ref, owner, now, now + timedelta(minutes=1)) for owner in ("a", "b"))

    assert (first.won, second.won) == (True, False)
    assert not notices.settle_sent(ref, "b", now, "provider-b")
    assert not notices.return_to_queue(ref, "b", now, now, "throttled", hold=True)
    assert notices.settle_sent(ref, "a", now, "provider-a")


def test_repetition_of_a_write_whose_answer_was_lost_counts_as_won(ref: NoticeRef) -> None:
    now = clock.now()
    claims = [notices.claim_notice(ref, "me", now, now + timedelta(minutes=1)) for _ in range(2)]

    assert [claim.won for claim in claims] == [True, True]
    assert claims[1].notice is not None
    assert claims[1].notice.attempt == 1
    assert notices.settle_sent(ref, "me", now, "id")
    assert notices.settle_sent(ref, "me", now, "id")


def test_message_without_time_left_comes_again_unclaimed(ref: NoticeRef) -> None:
    assert notify.send(ref, milliseconds_left=5_000) == ["message-0"]
    assert notify.load(ref).state is NoticeState.QUEUED


def test_unreadable_message_and_unknown_notice_fail_alone(ref: NoticeRef) -> None:
    unknown = replace(ref, notice_id="issued-email-0000000000000000")

    assert notify.send_bodies("{}", notify.body(unknown), notify.body(ref)) == ["message-0", "message-1"]
    assert notify.load(ref).state is NoticeState.SENT


# What a worker does for one notice, in order, as calls of its clients: claim, biller, invoice, SES, settle.
CALLS = 5
SES_CALL = 3


@pytest.mark.parametrize("at", range(CALLS))
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_worker_killed_at_any_step_loses_nothing_and_doubles_only_the_ambiguous(
    ref: NoticeRef, time: notify.Clock, at: int, after: bool
) -> None:
    clients = [dynamodb.client(), email.client()]
    with faults.CallCounter(clients, faults.kill, at, after=after).installed(), pytest.raises(faults.Killed):
        notify.send(ref)

    # The queue delivers the message again once it is visible; the lease is over by then.
    time.advance(minutes=6)
    assert notify.send(ref) == []
    settle_by_sweeping(ref, time)

    # Accepted by SES but not settled: nobody can know, and a second copy of the same bill is harmless.
    accepted_unsettled = (at, after) in {(SES_CALL, True), (SES_CALL + 1, False)}
    assert len(notify.mailbox()) == (2 if accepted_unsettled else 1)
    assert notify.load(ref).state is NoticeState.SENT


@pytest.mark.parametrize("at", range(CALLS - 1))
def test_call_of_dynamodb_that_fails_loses_nothing(ref: NoticeRef, time: notify.Clock, at: int) -> None:
    with faults.CallCounter([dynamodb.client()], faults.raise_throttled, at, after=False).installed():
        notify.send(ref)

    time.advance(minutes=6)
    notify.send(ref)
    settle_by_sweeping(ref, time)
    # The fourth call is the settling of what SES accepted.
    assert len(notify.mailbox()) == (2 if at == SES_CALL else 1)
    assert notify.load(ref).state is NoticeState.SENT


@pytest.mark.parametrize(
    "act",
    [
        notify.fail(TIMED_OUT),
        notify.refuse(500, "InternalServiceErrorException"),
        notify.refuse(503, "ServiceUnavailable"),
        lambda: (notify.SimpleNamespace(status_code=200), {}),
    ],
    ids=["read_timeout", "500", "503", "no_message_id"],
)
def test_ambiguous_answer_waits_its_window_then_sends_once_more(ref: NoticeRef, time: notify.Clock, act: Any) -> None:
    with notify.ses_does(act) as calls:
        assert notify.send(ref) == []
        assert notify.load(ref).state is NoticeState.UNKNOWN
        # Neither a duplicate message nor an early sweep repeats it.
        assert notify.send(ref) == []
        time.advance(minutes=14)
        assert notify.sweep() == {}
        assert len(calls) == 1

        time.advance(minutes=1)
        assert notify.sweep() == {"enqueued": 1}
        assert notify.send_bodies(*notify.receive()) == []
    assert len(calls) == 2
    assert notify.load(ref).state is NoticeState.SENT


def test_ambiguous_twice_gives_up_after_one_resend(ref: NoticeRef, time: notify.Clock) -> None:
    with notify.ses_does(*[notify.fail(TIMED_OUT)] * 5) as calls:
        notify.send(ref)
        settle_by_sweeping(ref, time)
    assert len(calls) == 2
    assert notify.load(ref).state is NoticeState.FAILED
    assert notify.stored(ref)["reason"] == "no_answer"


def test_time_out_after_ses_accepted_sends_at_most_one_copy_more(ref: NoticeRef, time: notify.Clock) -> None:
    with notify.after_ses_accepted(notify.fail(TIMED_OUT)):
        notify.send(ref)
    assert notify.load(ref).state is NoticeState.UNKNOWN
    settle_by_sweeping(ref, time)
    assert len(notify.mailbox()) == 2
    assert notify.load(ref).state is NoticeState.SENT


@pytest.mark.parametrize(
    ("act", "reason", "least"),
    [
        (notify.refuse(429, "TooManyRequestsException", "Maximum sending rate exceeded."), "throttled", 24),
        (notify.refuse(400, "ThrottlingException", "Daily message quota exceeded."), "daily_quota", 2880),
        (notify.refuse(400, "SendingPausedException"), "SendingPausedException", 720),
        (notify.refuse(400, "AccountSuspendedException"), "AccountSuspendedException", 720),
        (notify.fail(ConnectTimeoutError(endpoint_url="https://email")), "provider_unreachable", 24),
        (notify.fail(EndpointConnectionError(endpoint_url="https://email")), "provider_unreachable", 24),
    ],
)
def test_notice_that_ses_has_no_room_for_is_acknowledged_and_comes_later(
    ref: NoticeRef, time: notify.Clock, act: Any, reason: str, least: int
) -> None:
    with notify.ses_does(act) as calls:
        assert notify.send(ref) == []
        waiting = notify.stored(ref)
        assert (waiting["state"], waiting["reason"]) == ("queued", reason)
        assert clock.from_text(waiting["due_at"]) - clock.now() >= timedelta(seconds=least)
        # A stray duplicate does not knock again before that.
        assert notify.send(ref) == []
        assert len(calls) == 1

        settle_by_sweeping(ref, time)
    assert len(calls) == 2
    assert notify.load(ref).state is NoticeState.SENT


def test_notice_throttled_again_and_again_waits_longer_each_time(ref: NoticeRef, time: notify.Clock) -> None:
    waits = []
    with notify.ses_does(*[notify.refuse(429, "TooManyRequestsException")] * 6):
        for _ in range(6):
            notify.send(ref)
            due = clock.from_text(notify.stored(ref)["due_at"])
            waits.append((due - clock.now()).total_seconds())
            time.instant = due
    assert waits == sorted(waits)
    assert waits[-1] > 10 * waits[0]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("MessageRejected", "Email address is not verified. The following identities failed: notifikasi@ocbc.id"),
        ("NotFoundException", "Configuration set does not exist"),
        ("MailFromDomainNotVerifiedException", "MAIL FROM domain"),
        ("AccountSuspendedException", "suspended"),
    ],
)
def test_fault_of_the_account_loses_no_notice(ref: NoticeRef, time: notify.Clock, code: str, words: str) -> None:
    with notify.ses_does(notify.refuse(400, code, words)) as calls:
        assert notify.send(ref) == []
        assert notify.load(ref).state is NoticeState.QUEUED
        settle_by_sweeping(ref, time)
    assert len(calls) == 2
    assert notify.load(ref).state is NoticeState.SENT


@pytest.mark.parametrize("code", ["MessageRejected", "BadRequestException"])
def test_refused_notice_is_failed_for_good(ref: NoticeRef, time: notify.Clock, code: str) -> None:
    with notify.ses_does(notify.refuse(400, code, "Illegal address: sari0@example.com")) as calls:
        assert notify.send(ref, ref) == []
        settle_by_sweeping(ref, time)
    assert len(calls) == 1
    assert (notify.stored(ref)["state"], notify.stored(ref)["reason"]) == ("failed", code)


def test_missing_permission_is_a_defect_whose_message_fails_and_works_once_mended(ref: NoticeRef) -> None:
    with notify.ses_does(notify.refuse(403, "AccessDeniedException")):
        assert notify.send(ref) == ["message-0"]
        assert notify.load(ref).state is NoticeState.QUEUED
        assert notify.send(ref) == []
    assert len(notify.mailbox()) == 1


def test_defect_in_rendering_fails_the_message_before_any_call(ref: NoticeRef, monkeypatch: pytest.MonkeyPatch) -> None:
    with notify.ses_does() as calls, monkeypatch.context() as broken:
        broken.setattr(email, "render_email", lambda *_: 1 / 0)
        assert notify.send(ref) == ["message-0"]
        assert notify.send(ref) == ["message-0"]
    assert calls == []
    assert notify.send(ref) == []
    assert notify.load(ref).state is NoticeState.SENT


@pytest.mark.parametrize("status", ["paid", "archived"])
def test_notice_of_an_invoice_paid_or_archived_meanwhile_is_cancelled(ref: NoticeRef, status: str) -> None:
    change_invoice("status", status)

    assert notify.send(ref) == []
    assert (notify.stored(ref)["state"], notify.stored(ref)["reason"]) == ("cancelled", f"invoice_{status}")
    assert notify.mailbox() == []
    assert notify.load(ref).due_at is None


def test_notice_whose_number_now_belongs_to_another_account_is_cancelled(ref: NoticeRef) -> None:
    change_invoice("va_number", "8808199999999999")

    notify.send(ref)
    assert notify.load(ref).state is NoticeState.CANCELLED
    assert notify.mailbox() == []


def test_notice_of_a_suspended_biller_waits_until_it_is_active(ref: NoticeRef, time: notify.Clock) -> None:
    key = {"pk": scenario.SHOP.biller_id}
    update_item(get_settings().billers_table, key, "state", BillerState.SUSPENDED)

    assert notify.send(ref) == []
    assert notify.stored(ref)["reason"] == "biller_not_active"
    update_item(get_settings().billers_table, key, "state", BillerState.ACTIVE)
    settle_by_sweeping(ref, time)
    assert len(notify.mailbox()) == 1


@pytest.mark.parametrize("address", ["a@example.com\r\nBcc: b@example.com", "a@example.com, b@example.com", "a b@c.id"])
def test_address_that_could_forge_a_header_is_refused_without_a_call(ref: NoticeRef, address: str) -> None:
    (forged,) = notify.issue(9, recipients=[{"email": address}])

    with notify.ses_does() as calls:
        assert notify.send(forged) == []
    assert calls == []
    assert notify.stored(forged)["reason"] == "invalid_address"


def test_settling_after_the_sweeper_doubted_us_prevents_the_resend(ref: NoticeRef, time: notify.Clock) -> None:
    now = clock.now()
    notices.claim_notice(ref, "slow", now, now + timedelta(minutes=1))
    time.advance(minutes=16)
    assert notify.sweep() == {"unknown": 1}

    assert notices.settle_sent(ref, "slow", clock.now(), "provider-id")
    settle_by_sweeping(ref, time)
    assert notify.mailbox() == []
    assert notify.load(ref).state is NoticeState.SENT


def test_logs_hold_ids_and_no_personal_data(ref: NoticeRef, monkeypatch: pytest.MonkeyPatch) -> None:
    log = io.StringIO()
    for handler in sending.logger.handlers:
        monkeypatch.setattr(handler, "stream", log)
    rejection = notify.refuse(400, "MessageRejected", "Illegal address: sari0@example.com")
    with notify.ses_does(rejection, notify.refuse(403, "AccessDeniedException", "for sari1@example.com")):
        notify.send(ref, *notify.issue(1), *notify.issue(2))

    assert ref.notice_id in log.getvalue()
    for secret in ("example.com", "sari", "Sari", "Pelanggan"):
        assert secret not in log.getvalue()
