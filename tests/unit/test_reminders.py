"""Which reminders are due: each step of each bill once, whatever days were missed, on local dates; who is left out."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invoicing.billers import Biller, BillerState, Module
from invoicing.notice_policy import NoticePolicy, Zone
from invoicing.reminders import (
    MAX_CATCH_UP,
    DueRange,
    find_first_day,
    format_step,
    is_to_be_reminded,
    list_due_ranges,
)
from remind.runs import Position, Run, read_run, write_run
from remind.scheduling import choose_runs

DAY = timedelta(days=1)
OFFSETS = (-3, 0, 3, 7)
TODAY = date(2026, 12, 31)
offset_lists = st.lists(st.integers(-60, 60), max_size=10, unique=True).map(lambda given: tuple(sorted(given)))
dates = st.dates(date(2026, 1, 1), date(2028, 12, 31))


def list_steps(due: date, ranges: list[DueRange]) -> list[int]:
    """The steps for which a bill of this due date is found."""
    return [step.offset for step in ranges if step.first <= due <= step.last]


def test_on_a_usual_day_each_step_has_one_due_date_across_month_and_year() -> None:
    assert list_due_ranges(OFFSETS, TODAY, TODAY, TODAY) == [
        DueRange(-3, date(2027, 1, 3), date(2027, 1, 3)),
        DueRange(0, TODAY, TODAY),
        DueRange(3, date(2026, 12, 28), date(2026, 12, 28)),
        DueRange(7, date(2026, 12, 24), date(2026, 12, 24)),
    ]


@pytest.mark.parametrize(
    ("today", "due"),
    [(date(2028, 2, 29), date(2028, 3, 3)), (date(2027, 2, 28), date(2027, 3, 3)), (TODAY, date(2027, 1, 3))],
)
def test_three_days_before_are_three_calendar_days(today: date, due: date) -> None:
    assert list_steps(due, list_due_ranges(OFFSETS, today, today, today)) == [-3]


@settings(max_examples=300, deadline=None)
@given(offsets=offset_lists, today=dates, missed=st.integers(0, 7), held=st.integers(0, 12), away=st.integers(-80, 80))
def test_a_bill_gets_the_latest_step_of_the_missed_days_and_no_other(
    offsets: tuple[int, ...], today: date, missed: int, held: int, away: int
) -> None:
    due, first_day, sending_day = today + away * DAY, today - missed * DAY, today + held * DAY
    begun = [offset for offset in offsets if due + offset * DAY <= sending_day]
    expected = begun[-1:] if begun and first_day <= due + begun[-1] * DAY <= today else []

    assert list_steps(due, list_due_ranges(offsets, first_day, today, sending_day)) == expected


@settings(max_examples=150, deadline=None)
@given(offsets=offset_lists, due=dates, up=st.lists(st.booleans(), min_size=140, max_size=140))
def test_no_step_is_planned_twice_and_none_is_lost_unless_a_later_one_went(
    offsets: tuple[int, ...], due: date, up: list[bool]
) -> None:
    day, done, planned = due - 70 * DAY, due - 71 * DAY, Counter[int]()
    went: dict[date, list[int]] = {}
    for works in up:
        if works:
            went[day] = list_steps(due, list_due_ranges(offsets, find_first_day(done, day), day, day))
            planned.update(went[day])
            done = day
        day += DAY

    assert all(count == 1 for count in planned.values())
    assert all(len(steps) <= 1 for steps in went.values())
    runs = sorted(went)
    for offset in offsets:
        fell = due + offset * DAY
        run = next((day for day in runs if day >= fell), None)
        replaced = run is not None and any(fell < due + later * DAY <= run for later in offsets)
        if run is not None and run - fell <= MAX_CATCH_UP and not replaced:
            assert planned[offset] == 1


@pytest.mark.parametrize(
    ("reminded_until", "first_day"),
    [(None, TODAY), (TODAY - DAY, TODAY), (TODAY - 4 * DAY, TODAY - 3 * DAY), (TODAY - 90 * DAY, TODAY - 7 * DAY)],
)
def test_catching_up_begins_behind_the_last_finished_day_and_at_most_a_week_back(
    reminded_until: date | None, first_day: date
) -> None:
    assert find_first_day(reminded_until, TODAY) == first_day


@pytest.mark.parametrize(("offset", "step"), [(-3, "due-3"), (0, "due+0"), (7, "due+7")])
def test_step_is_named_by_its_distance(offset: int, step: str) -> None:
    assert format_step(offset) == step


LEAVES_AT = datetime(2026, 12, 31, 1, 0, tzinfo=UTC)  # 08:00 WIB


def is_reminded(zone: Zone = Zone.WIB, paused: dict[str, Any] | None = None, **changes: Any) -> bool:
    invoice = {"due_date": "2026-12-31", "created_at": "2026-12-01T03:00:00.000Z", "payer_code": "C1"} | changes
    return is_to_be_reminded(invoice, 0, NoticePolicy(zone=zone), LEAVES_AT, paused or {})


@pytest.mark.parametrize(
    ("changes", "reminded"),
    [
        ({}, True),
        ({"created_at": "2026-12-30T01:00:00.000Z"}, True),
        ({"created_at": "2026-12-30T01:00:00.001Z"}, False),
        ({"created_at": "2026-12-31T00:59:00.000Z"}, False),
        # Released long ago, but its first notice was put off until today.
        ({"notices_from": "2026-12-31T01:00:00.000Z"}, False),
        # The step had passed before the bill was issued: a missed day is caught up, this was none.
        ({"due_date": "2026-12-28", "created_at": "2026-12-29T01:00:00.000Z"}, False),
        # 23:59 and 00:01 in Jakarta: the day before the step, and the step's own day.
        ({"due_date": "2026-12-30", "created_at": "2026-12-29T16:59:00.000Z"}, True),
        ({"due_date": "2026-12-30", "created_at": "2026-12-29T17:01:00.000Z"}, False),
        ({"valid_until": "2026-12-31T01:00:00Z"}, True),
        ({"valid_until": "2026-12-31T00:59:59Z"}, False),
        ({"reminders_paused": {"by": "siti", "at": ""}}, False),
        ({"reminders_paused": {"by": "siti", "at": "", "until": "2027-01-01"}}, False),
        ({"reminders_paused": {"by": "siti", "at": "", "until": "2026-12-31"}}, True),
    ],
)
def test_only_a_bill_that_was_issued_before_and_is_payable_and_not_paused_is_reminded(
    changes: dict[str, Any], reminded: bool
) -> None:
    assert is_reminded(**changes) is reminded


def test_issue_day_is_a_day_of_the_billers_zone() -> None:
    issued = {"due_date": "2026-12-30", "created_at": "2026-12-29T15:30:00.000Z"}  # 22:30 WIB, 00:30 WIT

    assert is_reminded(Zone.WIB, **issued)
    assert not is_reminded(Zone.WIT, **issued)


@pytest.mark.parametrize(
    ("pause", "reminded"),
    [
        ({"payer:C1": {"by": "siti", "at": ""}}, False),
        ({"payer:C2": {"by": "siti", "at": ""}}, True),
        ({"payer:C1": {"by": "siti", "at": "", "until": "2026-12-31"}}, True),
    ],
)
def test_paused_payer_is_not_reminded(pause: dict[str, Any], reminded: bool) -> None:
    assert is_reminded(paused=pause) is reminded


def make_biller(biller_id: str, zone: Zone, reminded_until: date | None = None, **policy: Any) -> Biller:
    return Biller(
        biller_id=biller_id,
        name="Toko",
        module=Module.E_INVOICE,
        state=BillerState.ACTIVE,
        company_code="88081",
        giro_account="028000111222",
        policy=NoticePolicy(zone=zone, **policy),
        reminded_until=reminded_until,
    )


BILLERS = [make_biller("wib", Zone.WIB), make_biller("wita", Zone.WITA), make_biller("wit", Zone.WIT)]


def choose(now: datetime, *billers: Biller) -> dict[str, date]:
    return {run.biller_id: run.day for run in choose_runs(billers or BILLERS, now)}


@pytest.mark.parametrize(
    ("hour", "zones"),
    [
        (22, ["wit"]),
        (23, ["wita", "wit"]),
        (24, ["wib", "wita", "wit"]),
        (38, ["wib", "wita"]),
        (39, ["wib"]),
        (40, []),
    ],
)
def test_each_zone_is_served_from_its_own_eight_o_clock_until_its_midnight(hour: int, zones: list[str]) -> None:
    now = datetime(2026, 12, 30, 1, tzinfo=UTC) + timedelta(hours=hour)
    chosen = choose(now)

    assert list(chosen) == zones
    assert set(chosen.values()) <= {date(2026, 12, 31)}


def test_one_minute_before_midnight_belongs_to_the_day_and_one_after_to_the_next() -> None:
    midnight = datetime(2026, 12, 31, 17, 0, tzinfo=UTC)  # in Jakarta

    assert choose(midnight - timedelta(minutes=1), BILLERS[0]) == {"wib": date(2026, 12, 31)}
    assert choose(midnight + timedelta(minutes=1), BILLERS[0]) == {}
    assert choose(midnight + timedelta(hours=8), BILLERS[0]) == {"wib": date(2027, 1, 1)}


def test_biller_whose_day_is_done_or_who_wants_no_reminders_is_not_asked_again() -> None:
    now = datetime(2026, 12, 31, 3, tzinfo=UTC)
    billers = [
        make_biller("done", Zone.WIB, date(2026, 12, 31)),
        make_biller("behind", Zone.WIB, date(2026, 12, 30)),
        make_biller("none", Zone.WIB, reminder_offsets=()),
    ]

    assert list(choose(now, *billers)) == ["behind"]


@pytest.mark.parametrize(
    "position",
    [
        None,
        Position((DueRange(-3, TODAY, TODAY + DAY), DueRange(7, TODAY, TODAY)), 5, None),
        Position((DueRange(0, TODAY, TODAY),), 0, '2026-12-31#INV "É" 1'),
    ],
)
def test_run_is_read_back_as_it_was_written(position: Position | None) -> None:
    run = Run("toko-sinar", TODAY, position)

    assert read_run(write_run(run)) == run


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"biller_id": "a", "day": "31-12-2026"}', "null"])
def test_message_that_is_no_run_is_refused(body: str) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        read_run(body)
