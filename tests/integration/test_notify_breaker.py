"""A channel that is down is tried by one worker now and then, loses nothing, and comes back by itself."""

from itertools import pairwise
from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError

from invoicing import clock
from invoicing.notices import PAYER_CHANNELS, Channel, NoticeRef, NoticeState
from invoicing.store import channels, notices
from notify import breakers
from tests.integration import notify_scenario as notify
from tests.integration import scenario
from tests.integration.aws_from_template import forget_process_state

pytestmark = pytest.mark.usefixtures("aws")

STOPPED = {
    Channel.EMAIL: notify.refuse(400, "SendingPausedException"),
    Channel.SMS: notify.refuse(403, "AuthorizationError"),
    Channel.WHATSAPP: notify.refuse(403, "AccessDeniedException"),
}
THROTTLED = {
    Channel.EMAIL: notify.refuse(429, "TooManyRequestsException"),
    Channel.SMS: notify.refuse(429, "Throttled"),
    Channel.WHATSAPP: notify.refuse(429, "ThrottledRequestException"),
}
REFUSED = {
    Channel.EMAIL: notify.refuse(400, "MessageRejected"),
    Channel.SMS: notify.refuse(400, "OptedOut"),
    Channel.WHATSAPP: notify.refuse(400, "ValidationException", "(#131026) Message undeliverable"),
}


@pytest.fixture(autouse=True)
def time(monkeypatch: pytest.MonkeyPatch) -> notify.Clock:
    time = notify.Clock(scenario.NOW)
    monkeypatch.setattr(clock, "now", time.now)
    return time


@pytest.fixture(params=list(PAYER_CHANNELS))
def provider(aws: Any, request: pytest.FixtureRequest) -> notify.Provider:
    scenario.register(scenario.SHOP)
    notify.stand_in_for_whatsapp()
    return notify.PROVIDERS[request.param]


def issue(provider: notify.Provider, number: int, start: int = 0) -> list[NoticeRef]:
    return [notify.issue(index, channels=[provider.channel])[0] for index in range(start, start + number)]


def count_parked(provider: notify.Provider) -> int:
    return notices.count_lot(notices.name_pause_lot(provider.channel))


def drain(provider: notify.Provider) -> None:
    notify.send_bodies(*notify.receive(provider.channel), provider=provider)


def test_stopped_channel_costs_one_call_and_no_attempt_of_the_others(provider: notify.Provider) -> None:
    first, *others = issue(provider, 8)
    with notify.provider_does(provider, *[STOPPED[provider.channel]] * 8) as calls:
        assert notify.send(first, *others) == []

    assert len(calls) == 1
    assert count_parked(provider) == len(others)
    waiting = [notify.stored(ref) for ref in others]
    assert {(item["state"], item["reason"], item.get("attempt", 0)) for item in waiting} == {
        ("queued", "channel_paused", 0)
    }


@pytest.mark.parametrize(
    "act",
    [
        notify.fail(ConnectTimeoutError(endpoint_url="https://provider")),
        notify.fail(ReadTimeoutError(endpoint_url="https://provider")),
        notify.refuse(503, "ServiceUnavailable"),
        None,
    ],
    ids=["unreachable", "silent", "broken", "throttled"],
)
def test_failures_in_a_row_pause_the_channel(provider: notify.Provider, act: Any) -> None:
    act = act or THROTTLED[provider.channel]
    refs = issue(provider, 10)
    with notify.provider_does(provider, *[act] * 10) as calls:
        notify.send(*refs)
    assert len(calls) == breakers.FAILURES_TO_PAUSE
    assert count_parked(provider) == 10 - breakers.FAILURES_TO_PAUSE


def test_throttles_between_messages_that_go_do_not_pause_it(provider: notify.Provider) -> None:
    acts = [THROTTLED[provider.channel], lambda: None] * 9
    with notify.provider_does(provider, *acts) as calls:
        notify.send(*issue(provider, 18))
    assert len(calls) == 18


def test_refused_recipients_do_not_pause_it(provider: notify.Provider) -> None:
    with notify.provider_does(provider, *[REFUSED[provider.channel]] * 12) as calls:
        notify.send(*issue(provider, 12))
    assert len(calls) == 12
    assert channels.load_pause(provider.channel) is None


@pytest.mark.parametrize("provider", ["whatsapp"], indirect=True)
def test_rate_of_one_recipient_does_not_pause_the_channel(provider: notify.Provider) -> None:
    pair_rate = notify.refuse(400, "ValidationException", '{"error": {"code": 131056}}')
    with notify.provider_does(provider, *[pair_rate] * 10) as calls:
        notify.send(*issue(provider, 10))
    assert len(calls) == 10
    assert channels.load_pause(provider.channel) is None


def test_paused_channel_is_probed_by_one_and_opens_again_for_all(provider: notify.Provider, time: notify.Clock) -> None:
    refs = issue(provider, 12)
    with notify.provider_does(provider, STOPPED[provider.channel]):
        notify.send(*refs)
    # Open: nothing is brought back, nobody asks.
    time.advance(seconds=20)
    with notify.provider_does(provider) as calls:
        assert notify.sweep() == {}
        notify.send(*refs)
        assert calls == []
        # Half open: a few come back, one is tried.
        time.advance(seconds=11)
        assert notify.sweep()["enqueued"] <= 3
        drain(provider)
        assert calls
    assert channels.load_pause(provider.channel) is None
    # Closed: the rest come back at the next minute.
    time.advance(minutes=1)
    notify.sweep()
    drain(provider)
    assert count_parked(provider) == 0
    time.advance(hours=1)
    notify.sweep()
    drain(provider)
    assert {notify.load(ref).state for ref in refs} == {NoticeState.SENT}
    assert len(provider.mailbox()) == len(refs)


@pytest.mark.parametrize("provider", ["email"], indirect=True)
def test_channel_that_stays_down_is_tried_less_and_less_but_every_quarter_of_an_hour(
    provider: notify.Provider, time: notify.Clock
) -> None:
    refs = issue(provider, 8)
    minutes = []
    with notify.provider_does(provider, *[STOPPED[provider.channel]] * 100) as calls:
        notify.send(*refs)
        for minute in range(1, 34):
            time.advance(minutes=1)
            before = len(calls)
            notify.sweep()
            drain(provider)
            assert len(calls) - before <= 1
            if len(calls) > before:
                minutes.append(minute)
    gaps = [later - earlier for earlier, later in pairwise(minutes)]
    assert 5 <= len(minutes) <= 7
    assert gaps[-1] in (15, 16)
    assert all(notify.load(ref).state is NoticeState.QUEUED for ref in refs)


def test_other_workers_hear_of_a_pause_and_only_one_of_them_probes(
    provider: notify.Provider, time: notify.Clock
) -> None:
    channels.start_pause(provider.channel, clock.now(), clock.now(), "throttled")
    time.advance(seconds=1)
    first = breakers.begin_call(provider.channel)
    forget_process_state()
    second = breakers.begin_call(provider.channel)

    assert (first is not None and first.prober is not None, second) == (True, None)


def test_prober_that_died_is_replaced(provider: notify.Provider, time: notify.Clock) -> None:
    channels.start_pause(provider.channel, clock.now(), clock.now(), "throttled")
    time.advance(seconds=1)
    assert breakers.begin_call(provider.channel)
    time.advance(seconds=30)
    assert breakers.begin_call(provider.channel) is None
    time.advance(seconds=40)
    late = breakers.begin_call(provider.channel)
    assert late is not None
    assert late.prober


def test_probe_of_a_notice_that_is_not_to_be_sent_leaves_the_probe_to_the_next(
    provider: notify.Provider, time: notify.Clock
) -> None:
    done, waiting = issue(provider, 2)
    notify.send(done)
    channels.start_pause(provider.channel, clock.now(), clock.now(), "throttled")
    time.advance(seconds=5)

    notify.send(done, waiting)
    assert notify.load(waiting).state is NoticeState.SENT
    assert channels.load_pause(provider.channel) is None


def test_address_that_is_none_does_not_open_a_paused_channel(provider: notify.Provider, time: notify.Clock) -> None:
    channels.start_pause(provider.channel, clock.now(), clock.now(), "throttled")
    time.advance(seconds=5)
    (forged,) = notify.issue(9, recipients=[{provider.channel: "+62812a"}], channels=[provider.channel])

    notify.send(forged)
    assert notify.load(forged).state is NoticeState.FAILED
    assert channels.load_pause(provider.channel) is not None
