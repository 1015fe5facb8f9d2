"""WhatsApp's daily tier: different people within 24 hours, never more than the tier; who has to wait is sent later."""

from datetime import datetime, timedelta
from typing import Any

import boto3
import pytest

from invoicing import clock
from invoicing.notices import NoticeState
from invoicing.settings import get_settings
from notify.channels import whatsapp_pacing
from notify.outcomes import NotYetError
from tests.integration import notify_scenario as notify
from tests.integration import scenario

pytestmark = pytest.mark.usefixtures("tier")

LIMIT = 25


@pytest.fixture
def tier(aws: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHATSAPP_DAILY_LIMIT", str(LIMIT))
    notify.stand_in_for_whatsapp()


@pytest.fixture(autouse=True)
def time(monkeypatch: pytest.MonkeyPatch) -> notify.Clock:
    # 10:00 in Jakarta.
    time = notify.Clock(scenario.NOW)
    monkeypatch.setattr(clock, "now", time.now)
    return time


def phone(index: int) -> str:
    return f"+62812{index:08d}"


def fill(first: int, number: int) -> None:
    for index in range(first, first + number):
        whatsapp_pacing.take_place(phone(index))


def ask(index: int) -> datetime | None:
    """When there is a place for this person; None: now."""
    try:
        whatsapp_pacing.take_place(phone(index))
    except NotYetError as error:
        return error.until
    return None


def test_tier_is_kept_to_the_person_and_known_people_cost_nothing() -> None:
    fill(0, LIMIT)
    assert ask(LIMIT) is not None
    fill(0, LIMIT)
    assert ask(LIMIT) is not None


def test_yesterdays_people_count_until_their_hour_has_passed(time: notify.Clock) -> None:
    fill(0, LIMIT)
    until = ask(LIMIT)
    assert until is not None
    assert timedelta(hours=24) < until - clock.now() < timedelta(hours=25, minutes=11)
    time.advance(hours=23)
    assert ask(LIMIT) is not None
    time.instant = until
    assert ask(LIMIT) is None


def test_no_24_hours_hold_more_people_than_the_tier(time: notify.Clock) -> None:
    """Four people turn up every hour for three days; whoever finds no place goes away."""
    written: list[datetime] = []
    for hour in range(72):
        for index in range(4):
            if ask(1_000 + 4 * hour + index) is None:
                written.append(clock.now())
        time.advance(hours=1)
    for start in set(written):
        assert sum(start <= instant < start + timedelta(hours=24) for instant in written) <= LIMIT
    assert len(written) >= 2 * LIMIT


def test_notice_without_a_place_waits_unburned_and_is_sent_the_next_day(time: notify.Clock) -> None:
    scenario.register(scenario.SHOP)
    fill(0, LIMIT)
    (ref,) = notify.issue(channels=["whatsapp"])
    assert notify.send(ref) == []

    waiting = notify.stored(ref)
    assert (waiting["state"], waiting["reason"], waiting["attempt"]) == ("queued", "whatsapp_daily_limit", 0)
    assert notify.WHATSAPP.mailbox() == []
    time.advance(hours=26)
    notify.sweep()
    notify.send_bodies(*notify.receive(notify.WHATSAPP.channel), provider=notify.WHATSAPP)
    assert notify.load(ref).state is NoticeState.SENT


def test_large_tier_is_spread_over_items_that_stay_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whatsapp_pacing, "PEOPLE_PER_SHARD", 5)
    taken = sum(ask(index) is None for index in range(2 * LIMIT))
    assert LIMIT // 2 < taken <= LIMIT
    items = boto3.resource("dynamodb").Table(get_settings().channels_table).scan()["Items"]
    assert len(items) == 5
    assert sum(item["count"] for item in items) == taken
    assert max(len(item["people"]) for item in items) <= 5
    assert all(int(item["expires_at"]) > clock.now().timestamp() for item in items)
