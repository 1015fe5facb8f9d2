"""When notices may leave: quiet hours across midnight, weekends, holidays, three zones, and what releasers choose."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import holidays
import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoicing.errors import NoticePolicyError, SendingTimeError
from invoicing.notice_policy import NoticePolicy, Zone
from invoicing.sending_hours import choose_start, find_next_sending_time, iterate_windows

MINUTE = timedelta(minutes=1)
NATIONAL = holidays.country_holidays("ID")
TIMES = st.times().map(lambda moment: f"{moment:%H:%M}")
POLICIES = st.builds(
    NoticePolicy,
    zone=st.sampled_from(Zone),
    quiet_from=TIMES,
    quiet_until=TIMES,
    on_weekends=st.booleans(),
    on_holidays=st.booleans(),
)
INSTANTS = st.timedeltas(timedelta(0), timedelta(days=730)).map(
    lambda passed: datetime(2026, 1, 1, tzinfo=UTC) + passed
)
EVERY_DAY = NoticePolicy(on_weekends=True, on_holidays=True)


def is_allowed(policy: NoticePolicy, instant: datetime) -> bool:
    """The rule said once more, minute by minute and without windows."""
    local = instant.astimezone(ZoneInfo(policy.zone))
    if local.isoweekday() in (6, 7) and not policy.on_weekends:
        return False
    if local.date() in NATIONAL and not policy.on_holidays:
        return False
    now, begin, end = f"{local:%H:%M}", policy.quiet_from, policy.quiet_until
    if begin <= end:
        return not begin <= now < end
    return end <= now < begin


def local(zone: Zone, text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


@given(POLICIES, INSTANTS)
def test_next_time_is_allowed_not_before_and_its_own_next_time(policy: NoticePolicy, instant: datetime) -> None:
    found = find_next_sending_time(policy, instant)
    assert found >= instant
    assert is_allowed(policy, found)
    assert find_next_sending_time(policy, found) == found


@given(POLICIES, INSTANTS)
def test_no_allowed_minute_is_skipped(policy: NoticePolicy, instant: datetime) -> None:
    found = find_next_sending_time(policy, instant)
    if is_allowed(policy, instant):
        assert found == instant
        return
    # Whole minutes are enough: every border of the rule lies on one.
    passed = instant.replace(second=0, microsecond=0) + MINUTE
    while passed < found:
        assert not is_allowed(policy, passed)
        passed += MINUTE
    assert passed == found


@given(POLICIES, INSTANTS)
def test_windows_follow_each_other_and_are_never_empty(policy: NoticePolicy, instant: datetime) -> None:
    windows = list(islice(iterate_windows(policy, instant), 12))
    assert all(max(start, instant) < end and start.date() == (end - MINUTE).date() for start, end in windows)
    assert all(before[1] <= after[0] for before, after in pairwise(windows))


@pytest.mark.parametrize("zone", Zone)
@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-11-23T19:59", "2026-11-23T19:59"),
        ("2026-11-23T20:00", "2026-11-24T08:00"),
        ("2026-11-23T23:59", "2026-11-24T08:00"),
        ("2026-11-24T00:01", "2026-11-24T08:00"),
        ("2026-11-24T07:59", "2026-11-24T08:00"),
        ("2026-11-24T08:00", "2026-11-24T08:00"),
        # Friday night to Monday morning, and from the eve of Christmas, a Thursday.
        ("2026-11-27T23:59", "2026-11-30T08:00"),
        ("2026-11-28T12:00", "2026-11-30T08:00"),
        ("2026-12-24T20:00", "2026-12-28T08:00"),
        # New Year's Day 2027 is a Friday.
        ("2026-12-31T23:59", "2027-01-04T08:00"),
    ],
)
def test_default_policy_waits_for_working_hours_of_the_zone(zone: Zone, at: str, expected: str) -> None:
    assert find_next_sending_time(NoticePolicy(zone=zone), local(zone, at)) == local(zone, expected)


def test_same_instant_is_quiet_in_one_zone_and_not_in_another() -> None:
    instant = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)
    assert find_next_sending_time(replace(EVERY_DAY, zone=Zone.WIT), instant) == instant
    assert find_next_sending_time(replace(EVERY_DAY, zone=Zone.WITA), instant) == instant + timedelta(minutes=30)
    assert find_next_sending_time(replace(EVERY_DAY, zone=Zone.WIB), instant) == instant + timedelta(minutes=90)


def test_sunday_in_utc_that_is_monday_in_jakarta_is_a_working_day() -> None:
    policy = NoticePolicy(quiet_from="00:00", quiet_until="00:00")
    assert find_next_sending_time(policy, datetime(2026, 11, 22, 17, 1, tzinfo=UTC)) == local(
        Zone.WIB, "2026-11-23T00:01"
    )
    assert find_next_sending_time(policy, datetime(2026, 11, 22, 16, 59, tzinfo=UTC)) == local(
        Zone.WIB, "2026-11-23T00:00"
    )


@given(TIMES, INSTANTS)
def test_equal_ends_mean_no_quiet_hours(moment: str, instant: datetime) -> None:
    assert find_next_sending_time(replace(EVERY_DAY, quiet_from=moment, quiet_until=moment), instant) == instant


def test_quiet_hours_at_midday_leave_both_sides_of_the_day() -> None:
    policy = replace(EVERY_DAY, quiet_from="12:00", quiet_until="14:00")
    assert find_next_sending_time(policy, local(Zone.WIB, "2026-11-23T12:30")) == local(Zone.WIB, "2026-11-23T14:00")
    for at in ("2026-11-23T00:00", "2026-11-23T23:59"):
        assert find_next_sending_time(policy, local(Zone.WIB, at)) == local(Zone.WIB, at)


def test_national_holidays_are_those_of_the_whole_library_without_collective_leave() -> None:
    open_all_day = NoticePolicy(quiet_from="00:00", quiet_until="00:00", on_weekends=True)
    for number in range(730):
        noon = datetime.combine(date(2026, 1, 1) + timedelta(days=number), time(12), ZoneInfo(Zone.WIB))
        assert (find_next_sending_time(open_all_day, noon) == noon) is (noon.date() not in NATIONAL)
    leave = holidays.country_holidays("ID", categories=("government",), years=2026)
    assert {date(2026, 3, 20), date(2026, 3, 23)} <= set(leave)
    monday_of_eid = local(Zone.WIB, "2026-03-23T09:00")
    assert find_next_sending_time(NoticePolicy(), monday_of_eid) == monday_of_eid


NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
"""21:00 in Jakarta."""


def test_releaser_chooses_at_once_in_hours_or_an_instant_that_beats_quiet_hours() -> None:
    assert choose_start("now", NoticePolicy(), NOW) is None
    assert choose_start("in_hours", NoticePolicy(), NOW) == local(Zone.WIB, "2026-11-24T08:00")
    assert choose_start("in_hours", NoticePolicy(), NOW - timedelta(hours=2)) is None
    assert choose_start("2026-11-23T22:00:00+07:00", NoticePolicy(), NOW) == NOW + timedelta(hours=1)
    assert choose_start("2026-12-23T14:00:00Z", NoticePolicy(), NOW) == NOW + timedelta(days=30)


@pytest.mark.parametrize(
    "send",
    [
        "",
        "later",
        "IN_HOURS",
        "2026-11-24",
        "2026-11-24T09:00:00",
        "2026-11-23T13:59:59Z",
        "2026-12-23T14:00:01Z",
        "1795500000",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "2026-11-24T09:00:00+25:00",
    ],
)
def test_time_that_is_none_has_passed_or_is_too_far_ahead_is_refused(send: str) -> None:
    with pytest.raises(SendingTimeError):
        choose_start(send, NoticePolicy(), NOW)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"quiet_from": "24:00"}, "quiet_from = 24:00"),
        ({"quiet_until": "8:00"}, "quiet_until = 8:00"),
        ({"quiet_until": "٠٨:٠٠"}, "quiet_until"),
        ({"quiet_from": "20:00\n"}, "quiet_from"),
        ({"reminder_offsets": (0, -3)}, "reminder_offsets = 0, -3"),
        ({"reminder_offsets": (0, 0)}, "reminder_offsets"),
        ({"reminder_offsets": (-61,)}, "reminder_offsets = -61"),
        ({"reminder_offsets": (61,)}, "reminder_offsets"),
        ({"reminder_offsets": tuple(range(11))}, "reminder_offsets"),
    ],
)
def test_policy_out_of_range_cannot_exist_and_the_setting_is_named(changes: dict[str, object], named: str) -> None:
    with pytest.raises(NoticePolicyError, match=f"^{named}"):
        NoticePolicy(**changes)  # type: ignore[arg-type]


def test_policy_at_its_bounds_exists() -> None:
    offsets = (-60, *range(-4, 4), 60)
    assert NoticePolicy(quiet_from="00:00", quiet_until="23:59", reminder_offsets=offsets).reminder_offsets == offsets
    assert NoticePolicy(reminder_offsets=()).reminder_offsets == ()
