"""One notice, one message, on every channel: under duplicates, races, crashes between any two steps, and any answer."""

import io
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError

from invoicing import clock
from invoicing.billers import BillerState
from invoicing.notices import MAX_RESENDS_AFTER_UNKNOWN, PAYER_CHANNELS, Channel, NoticeRef, NoticeState
from invoicing.settings import get_settings
from invoicing.store import dynamodb, notices
from notify import sending
from notify.channels import email, sms, whatsapp
from tests.integration import faults, scenario
from tests.integration import notify_scenario as notify
from tests.integration.aws_from_template import Template

pytestmark = pytest.mark.usefixtures("aws")

TIMED_OUT = ReadTimeoutError(endpoint_url="https://email")


@pytest.fixture(autouse=True)
def time(monkeypatch: pytest.MonkeyPatch) -> notify.Clock:
    time = notify.Clock(scenario.NOW)
    monkeypatch.setattr(clock, "now", time.now)
    return time


@pytest.fixture(params=PAYER_CHANNELS)
def provider(aws: Any, request: pytest.FixtureRequest) -> notify.Provider:
    scenario.register(scenario.SHOP, scenario.SCHOOL)
    notify.stand_in_for_whatsapp()
    return notify.PROVIDERS[request.param]


@pytest.fixture
def ref(provider: notify.Provider) -> NoticeRef:
    return notify.issue(channels=[provider.channel])[0]


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
            provider = notify.provider_of(ref)
            notify.send_bodies(*notify.receive(provider.channel), provider=provider)
        if notify.load(ref).due_at is None:
            return


def test_sent_notice_keeps_the_providers_id_and_leaves_the_sweepers_index(
    provider: notify.Provider, ref: NoticeRef
) -> None:
    notify.send(ref)

    item = notify.stored(ref)
    assert item["state"] == "sent"
    assert item["sent_at"] == clock.to_text(scenario.NOW)
    assert item["provider_id"]
    assert not {"due_at", "due_shard", "lease_until"} & set(item)


def test_sending_takes_at_most_three_writes_and_one_provider_call(provider: notify.Provider, ref: NoticeRef) -> None:
    updates: list[str] = []
    dynamodb.client().meta.events.register("before-call.dynamodb.UpdateItem", lambda params, **_: updates.append("x"))

    with notify.provider_does(provider) as calls:
        notify.send(ref)
    # WhatsApp's third counts the person in the daily tier.
    assert (len(updates), len(calls)) == (3 if provider.channel is Channel.WHATSAPP else 2, 1)


def test_claim_touches_no_indexed_attribute(ref: NoticeRef) -> None:
    before = notify.stored(ref)
    notices.claim_notice(ref, "me", scenario.NOW, scenario.NOW)

    changed = {name for name, value in notify.stored(ref).items() if before.get(name) != value}
    definitions = boto3.client("dynamodb").describe_table(TableName=get_settings().notices_table)
    indexed = {definition["AttributeName"] for definition in definitions["Table"]["AttributeDefinitions"]}
    assert not changed & indexed


def test_message_delivered_twice_is_sent_once(provider: notify.Provider, ref: NoticeRef) -> None:
    assert notify.send(ref, ref) == []
    assert notify.send(ref) == []
    assert len(provider.mailbox()) == 1


def test_claim_held_by_another_worker_makes_the_message_come_again(provider: notify.Provider, ref: NoticeRef) -> None:
    now = clock.now()
    assert notices.claim_notice(ref, "other", now, now + timedelta(seconds=75)).won

    assert notify.send(ref) == ["message-0"]
    assert provider.mailbox() == []


def test_second_claim_of_two_loses_and_cannot_settle(provider: notify.Provider, ref: NoticeRef) -> None:
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


def test_unreadable_message_and_unknown_notice_fail_alone(provider: notify.Provider, ref: NoticeRef) -> None:
    unknown = replace(ref, notice_id=f"issued-{provider.channel}-0000000000000000")

    bodies = ["{}", notify.body(unknown), notify.body(ref)]
    assert notify.send_bodies(*bodies, provider=provider) == ["message-0", "message-1"]
    assert notify.load(ref).state is NoticeState.SENT


# What a worker does for one notice, in order, as calls of its clients.
STEPS = ("pause", "claim", "hold", "biller", "invoice", "suppression", "yesterday", "tier", "send", "settle")
OF_WHATSAPP = ("yesterday", "tier")


def list_steps(channel: Channel) -> list[str]:
    return [step for step in STEPS if step not in OF_WHATSAPP or channel is Channel.WHATSAPP]


STEPS_BY_CHANNEL = [(channel, step) for channel in PAYER_CHANNELS for step in list_steps(channel)]


@pytest.mark.parametrize(("provider", "step"), STEPS_BY_CHANNEL, indirect=["provider"])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_worker_killed_at_any_step_doubles_only_the_ambiguous(
    provider: notify.Provider, ref: NoticeRef, time: notify.Clock, step: str, after: bool
) -> None:
    clients = [dynamodb.client(), provider.client()]
    kill = faults.CallCounter(clients, faults.kill, list_steps(provider.channel).index(step), after=after)
    with kill.installed(), pytest.raises(faults.Killed):
        notify.send(ref)

    # The queue delivers the message again once it is visible; the lease is over by then.
    time.advance(minutes=6)
    assert notify.send(ref) == []
    settle_by_sweeping(ref, time)

    accepted = (step, after) == ("send", True) or step == "settle"
    if (step, after) in {("pause", False), ("pause", True), ("claim", False), ("settle", True)}:
        expected = (1, NoticeState.SENT)
    elif MAX_RESENDS_AFTER_UNKNOWN[provider.channel]:
        # Nobody can know whether it was accepted, and a second copy of the same bill is harmless.
        expected = (2 if accepted else 1, NoticeState.SENT)
    else:
        # An SMS is paid for and not repeated.
        expected = (1 if accepted else 0, NoticeState.FAILED)
    assert (len(provider.mailbox()), notify.load(ref).state) == expected


@pytest.mark.parametrize(
    ("provider", "step"), [case for case in STEPS_BY_CHANNEL if case[1] != "send"], indirect=["provider"]
)
def test_call_of_dynamodb_that_fails_loses_nothing(
    provider: notify.Provider, ref: NoticeRef, time: notify.Clock, step: str
) -> None:
    calls = [name for name in list_steps(provider.channel) if name != "send"]
    fault = faults.CallCounter([dynamodb.client()], faults.raise_throttled, calls.index(step), after=False)
    with fault.installed():
        notify.send(ref)

    time.advance(minutes=6)
    notify.send(ref)
    settle_by_sweeping(ref, time)
    resends = MAX_RESENDS_AFTER_UNKNOWN[provider.channel]
    expected = (1, NoticeState.SENT)
    if step == "settle":
        expected = (1 + resends, NoticeState.SENT if resends else NoticeState.FAILED)
    assert (len(provider.mailbox()), notify.load(ref).state) == expected


@pytest.mark.parametrize(
    "act",
    [
        notify.fail(TIMED_OUT),
        notify.refuse(500, "InternalError"),
        notify.refuse(503, "ServiceUnavailable"),
        lambda: (notify.SimpleNamespace(status_code=200), {}),
    ],
    ids=["read_timeout", "500", "503", "no_message_id"],
)
def test_ambiguous_answer_waits_its_window_then_is_resent_or_given_up(
    provider: notify.Provider, ref: NoticeRef, time: notify.Clock, act: Any
) -> None:
    with notify.provider_does(provider, act) as calls:
        assert notify.send(ref) == []
        assert notify.load(ref).state is NoticeState.UNKNOWN
        # Neither a duplicate message nor an early sweep repeats it.
        assert notify.send(ref) == []
        time.advance(minutes=14)
        assert notify.sweep() == {}
        assert len(calls) == 1

        settle_by_sweeping(ref, time)
    resends = MAX_RESENDS_AFTER_UNKNOWN[provider.channel]
    assert len(calls) == 1 + resends
    assert notify.load(ref).state is (NoticeState.SENT if resends else NoticeState.FAILED)


def test_ambiguous_again_and_again_gives_up_after_the_channels_resends(
    provider: notify.Provider, ref: NoticeRef, time: notify.Clock
) -> None:
    with notify.provider_does(provider, *[notify.fail(TIMED_OUT)] * 5) as calls:
        notify.send(ref)
        settle_by_sweeping(ref, time)
    assert len(calls) == 1 + MAX_RESENDS_AFTER_UNKNOWN[provider.channel]
    assert notify.load(ref).state is NoticeState.FAILED
    assert notify.stored(ref)["reason"] == "no_answer"


def test_time_out_after_acceptance_sends_at_most_the_resends_more(
    provider: notify.Provider, ref: NoticeRef, time: notify.Clock
) -> None:
    with notify.after_accepted(provider, notify.fail(TIMED_OUT)):
        notify.send(ref)
    assert notify.load(ref).state is NoticeState.UNKNOWN
    settle_by_sweeping(ref, time)
    assert len(provider.mailbox()) == 1 + MAX_RESENDS_AFTER_UNKNOWN[provider.channel]


UNREACHABLE = [
    (channel, notify.fail(error(endpoint_url="https://provider")), "provider_unreachable", 24)
    for channel in PAYER_CHANNELS
    for error in (ConnectTimeoutError, EndpointConnectionError)
]
THROTTLED = [
    ("email", notify.refuse(429, "TooManyRequestsException", "Maximum sending rate exceeded."), "throttled", 24),
    ("email", notify.refuse(400, "ThrottlingException", "Daily message quota exceeded."), "daily_quota", 2880),
    ("sms", notify.refuse(400, "Throttling", "Rate exceeded"), "throttled", 24),
    ("sms", notify.refuse(429, "Throttled"), "throttled", 24),
    ("whatsapp", notify.refuse(429, "ThrottledRequestException"), "throttled", 24),
    ("whatsapp", notify.refuse(400, "ValidationException", "(#130429) Rate limit hit"), "meta_130429", 24),
    ("whatsapp", notify.refuse(400, "ValidationException", '{"error": {"code": 131056}}'), "meta_131056", 4.8),
    ("whatsapp", notify.refuse(500, "InternalServiceException", "(#131016) overloaded"), "meta_131016", 24),
]
STOPPED = [
    ("email", notify.refuse(400, "SendingPausedException"), "SendingPausedException", 1440),
    ("email", notify.refuse(400, "AccountSuspendedException"), "AccountSuspendedException", 1440),
    ("email", notify.refuse(403, "AccessDeniedException"), "AccessDeniedException", 1440),
    ("sms", notify.refuse(403, "AuthorizationError"), "AuthorizationError", 1440),
    ("sms", notify.refuse(400, "ParameterValueInvalid", "SenderID"), "ParameterValueInvalid", 1440),
    ("sms", notify.refuse(429, "Throttled", "No quota left for account"), "spend_limit", 1440),
    ("whatsapp", notify.refuse(403, "AccessDeniedException"), "AccessDeniedException", 1440),
    ("whatsapp", notify.refuse(404, "ResourceNotFoundException"), "ResourceNotFoundException", 1440),
    ("whatsapp", notify.refuse(400, "ValidationException", "(#131048) Spam rate limit hit"), "meta_131048", 1440),
]


@pytest.mark.parametrize(
    ("provider", "act", "reason", "least"), UNREACHABLE + THROTTLED + STOPPED, indirect=["provider"]
)
def test_notice_that_the_provider_has_no_room_for_is_acknowledged_and_comes_later(
    provider: notify.Provider, ref: NoticeRef, time: notify.Clock, act: Any, reason: str, least: float
) -> None:
    with notify.provider_does(provider, act) as calls:
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


def read_counts(printed: str) -> list[tuple[str, dict[str, Any]]]:
    """Name and whole record of each count of trouble in the log, in CloudWatch's embedded format."""
    records = [json.loads(line) for line in printed.splitlines() if line.startswith('{"_aws"')]
    return [
        (metric["Name"], record)
        for record in records
        for definition in record["_aws"]["CloudWatchMetrics"]
        for metric in definition["Metrics"]
        if metric["Name"] in ("ChannelStopped", "WrongMessage")
    ]


def find_alarms(name: str, record: dict[str, Any]) -> list[dict[str, Any]]:
    """The template's alarms that watch this very metric."""
    (definition,) = record["_aws"]["CloudWatchMetrics"]
    dimensions = {dimension: record[dimension] for dimension in definition["Dimensions"][0]}
    return [
        alarm
        for alarm in Template().find("AWS::CloudWatch::Alarm").values()
        if (alarm.get("Namespace"), alarm.get("MetricName")) == (definition["Namespace"], name)
        and {given["Name"]: given["Value"] for given in alarm["Dimensions"]} == dimensions
    ]


@pytest.mark.parametrize(("provider", "act", "reason", "least"), STOPPED, indirect=["provider"])
def test_stopped_channel_is_counted_where_its_alarm_looks(
    provider: notify.Provider,
    ref: NoticeRef,
    act: Any,
    reason: str,
    least: float,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("POWERTOOLS_METRICS_DISABLED", "false")
    with notify.provider_does(provider, act):
        notify.send(ref)

    ((name, record),) = read_counts(capsys.readouterr().out)
    assert (name, record["channel"]) == ("ChannelStopped", provider.channel)
    assert len(find_alarms(name, record)) == 1


def test_stopped_channel_is_asked_less_and_less_often_but_within_five_hours(
    provider: notify.Provider, ref: NoticeRef, time: notify.Clock
) -> None:
    (stop,) = [act for channel, act, *_ in STOPPED[2::3] if channel == provider.channel][:1]
    waits = []
    with notify.provider_does(provider, *[stop] * 7):
        for _ in range(7):
            notify.send(ref)
            due = clock.from_text(notify.stored(ref)["due_at"])
            waits.append(due - clock.now())
            time.instant = due
    assert timedelta(minutes=24) <= waits[0] <= timedelta(minutes=36)
    assert timedelta(hours=3) <= waits[-1] <= timedelta(hours=5)


BUSY = {channel: act for channel, act, *_ in reversed(THROTTLED)}


def test_notice_throttled_again_and_again_waits_longer_each_time(
    provider: notify.Provider, ref: NoticeRef, time: notify.Clock
) -> None:
    waits = []
    with notify.provider_does(provider, *[BUSY[provider.channel]] * 6):
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
@pytest.mark.parametrize("provider", ["email"], indirect=True)
def test_fault_of_the_account_loses_no_notice(
    provider: notify.Provider, ref: NoticeRef, time: notify.Clock, code: str, words: str
) -> None:
    with notify.provider_does(provider, notify.refuse(400, code, words)) as calls:
        assert notify.send(ref) == []
        assert notify.load(ref).state is NoticeState.QUEUED
        settle_by_sweeping(ref, time)
    assert len(calls) == 2
    assert notify.load(ref).state is NoticeState.SENT


@pytest.mark.parametrize(
    ("provider", "code", "words", "reason"),
    [
        *(
            ("email", code, "Illegal address: sari0@example.com", code)
            for code in ("MessageRejected", "BadRequestException")
        ),
        ("sms", "InvalidParameter", "Invalid parameter: PhoneNumber Reason: +62 is not valid", "invalid_number"),
        ("sms", "OptedOut", "", "opted_out"),
        ("whatsapp", "ValidationException", "(#131026) Message undeliverable", "meta_131026"),
        ("whatsapp", "InvalidParametersException", '{"error":{"code": 131050}}', "meta_131050"),
    ],
    indirect=["provider"],
)
def test_refused_notice_is_failed_for_good(
    provider: notify.Provider, ref: NoticeRef, time: notify.Clock, code: str, words: str, reason: str
) -> None:
    with notify.provider_does(provider, notify.refuse(400, code, words)) as calls:
        assert notify.send(ref, ref) == []
        settle_by_sweeping(ref, time)
    assert len(calls) == 1
    assert (notify.stored(ref)["state"], notify.stored(ref)["reason"]) == ("failed", reason)


@pytest.mark.parametrize(
    ("provider", "code", "words", "reason"),
    [
        ("sms", "InvalidParameter", "Invalid parameter: Message too long", "InvalidParameter"),
        ("whatsapp", "ValidationException", "metaApiVersion", "ValidationException"),
        ("whatsapp", "ValidationException", "(#132001) Template name does not exist", "meta_132001"),
    ],
    indirect=["provider"],
)
def test_message_that_we_wrote_wrongly_fails_and_is_counted_where_its_alarm_looks(
    provider: notify.Provider,
    ref: NoticeRef,
    code: str,
    words: str,
    reason: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("POWERTOOLS_METRICS_DISABLED", "false")
    with notify.provider_does(provider, notify.refuse(400, code, words)):
        assert notify.send(ref) == []

    assert (notify.stored(ref)["state"], notify.stored(ref)["reason"]) == ("failed", reason)
    ((name, record),) = read_counts(capsys.readouterr().out)
    assert (name, record["channel"]) == ("WrongMessage", provider.channel)
    assert len(find_alarms(name, record)) == 1


def test_unknown_refusal_is_a_defect_whose_message_fails_and_works_once_mended(
    provider: notify.Provider, ref: NoticeRef
) -> None:
    with notify.provider_does(provider, notify.refuse(403, "InvalidSignatureException")):
        assert notify.send(ref) == ["message-0"]
        assert notify.load(ref).state is NoticeState.QUEUED
        assert notify.send(ref) == []
    assert len(provider.mailbox()) == 1


RENDERERS = {
    Channel.EMAIL: (email, "render_email"),
    Channel.SMS: (sms, "render_sms"),
    Channel.WHATSAPP: (whatsapp, "build_template_message"),
}


def test_defect_in_rendering_fails_the_message_before_any_call(
    provider: notify.Provider, ref: NoticeRef, monkeypatch: pytest.MonkeyPatch
) -> None:
    with notify.provider_does(provider) as calls, monkeypatch.context() as broken:
        broken.setattr(*RENDERERS[provider.channel], lambda *_: 1 / 0)
        assert notify.send(ref) == ["message-0"]
        assert notify.send(ref) == ["message-0"]
    assert calls == []
    assert notify.send(ref) == []
    assert notify.load(ref).state is NoticeState.SENT


@pytest.mark.parametrize("status", ["paid", "archived"])
def test_notice_of_an_invoice_paid_or_archived_meanwhile_is_cancelled(
    provider: notify.Provider, ref: NoticeRef, status: str
) -> None:
    change_invoice("status", status)

    assert notify.send(ref) == []
    assert (notify.stored(ref)["state"], notify.stored(ref)["reason"]) == ("cancelled", f"invoice_{status}")
    assert provider.mailbox() == []
    assert notify.load(ref).due_at is None


def test_notice_whose_number_now_belongs_to_another_account_is_cancelled(
    provider: notify.Provider, ref: NoticeRef
) -> None:
    change_invoice("va_number", "8808199999999999")

    notify.send(ref)
    assert notify.load(ref).state is NoticeState.CANCELLED
    assert provider.mailbox() == []


def test_notice_of_a_suspended_biller_waits_until_it_is_active(
    provider: notify.Provider, ref: NoticeRef, time: notify.Clock
) -> None:
    key = {"pk": scenario.SHOP.biller_id}
    update_item(get_settings().billers_table, key, "state", BillerState.SUSPENDED)

    assert notify.send(ref) == []
    assert notify.stored(ref)["reason"] == "biller_not_active"
    update_item(get_settings().billers_table, key, "state", BillerState.ACTIVE)
    settle_by_sweeping(ref, time)
    assert len(provider.mailbox()) == 1


def test_settling_after_the_sweeper_doubted_us_prevents_the_resend(
    provider: notify.Provider, ref: NoticeRef, time: notify.Clock
) -> None:
    now = clock.now()
    notices.claim_notice(ref, "slow", now, now + timedelta(minutes=1))
    time.advance(minutes=16)
    assert notify.sweep() == {"unknown": 1}

    assert notices.settle_sent(ref, "slow", clock.now(), "provider-id")
    settle_by_sweeping(ref, time)
    assert provider.mailbox() == []
    assert notify.load(ref).state is NoticeState.SENT


FORGED = [
    *(("email", address) for address in ("a@x.id\r\nBcc: b@x.id", "a@x.id, b@x.id", "a b@c.id")),
    *((channel, number) for channel in ("sms", "whatsapp") for number in ("081234567890", "+62812\n", "+62812a", "+1")),
]


@pytest.mark.parametrize(("provider", "address"), FORGED, indirect=["provider"])
def test_address_that_is_none_is_refused_without_a_call(provider: notify.Provider, address: str) -> None:
    (forged,) = notify.issue(9, recipients=[{provider.channel: address}], channels=[provider.channel])

    with notify.provider_does(provider) as calls:
        assert notify.send(forged) == []
    assert calls == []
    assert notify.stored(forged)["reason"] in ("invalid_address", "invalid_number")


def test_logs_hold_ids_and_no_personal_data(
    provider: notify.Provider, ref: NoticeRef, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("POWERTOOLS_METRICS_DISABLED", "false")
    log = io.StringIO()
    for handler in sending.logger.handlers:
        monkeypatch.setattr(handler, "stream", log)
    quoted = f"for sari1@example.com {notify.PHONE}"
    acts = [notify.refuse(400, code, quoted) for code in ("MessageRejected", "InvalidParameter", "ValidationException")]
    acts.append(notify.refuse(403, "AccessDeniedException", quoted))
    others = [notify.issue(index, channels=[provider.channel])[0] for index in (1, 2, 3)]
    with notify.provider_does(provider, *acts):
        notify.send(ref, *others)

    printed = log.getvalue() + capsys.readouterr().out
    assert others[-1].notice_id in printed
    for secret in ("example.com", "sari", "Sari", "Pelanggan", notify.PHONE[1:]):
        assert secret not in printed
