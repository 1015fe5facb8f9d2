"""Small parts of reports: cells that programs must not misread, days and ages, when schedules run."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoicing import clock
from invoicing.invoice_totals import Age, find_age, find_jakarta_day
from invoicing.notice_outcomes import class_state
from invoicing.notices import NoticeState
from invoicing.reports import Every, ReportKind, ReportOrder, fill_period, find_next_run
from report.cells import clean, count_days, count_moment, is_risky, neutralise, to_local

INSTANTS = st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
ZONES = st.sampled_from(["Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura", "UTC"])
DAY_ZERO = datetime(1899, 12, 30)  # noqa: DTZ001


@given(text=st.text(max_size=20))
def test_neutral_text_is_never_taken_for_a_formula_and_never_breaks_a_line(text: str) -> None:
    shown = neutralise(text)
    assert not shown.lstrip().startswith(("=", "+", "-", "@"))
    assert "\n" not in shown
    assert "\t" not in shown
    assert is_risky(clean(text)) == (shown != clean(text))


@given(instant=INSTANTS, zone=ZONES)
def test_moment_is_local_time_to_the_second(instant: datetime, zone: str) -> None:
    text = clock.to_text(instant)
    moment = DAY_ZERO + timedelta(seconds=round(count_moment(text, zone) * 86_400))
    assert moment == to_local(text, zone) == instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None, microsecond=0)


@given(instant=INSTANTS)
def test_jakarta_day_is_the_local_date(instant: datetime) -> None:
    assert find_jakarta_day(clock.to_text(instant)) == instant.astimezone(clock.JAKARTA).date().isoformat()


def test_days_are_counted_as_excel_does() -> None:
    assert (count_days("1900-03-01"), count_days("2026-11-27")) == (61, 46_353)


@pytest.mark.parametrize(
    ("days", "age"),
    [
        (0, "not_due"),
        (1, "0_30"),
        (30, "0_30"),
        (31, "31_60"),
        (60, "31_60"),
        (61, "61_90"),
        (90, "61_90"),
        (91, "over_90"),
    ],
)
def test_age_of_an_unpaid_bill(days: int, age: str) -> None:
    assert find_age(days) is Age(age)


def test_every_state_of_a_notice_has_an_outcome() -> None:
    for state in NoticeState:
        assert class_state(state)


@given(after=INSTANTS, zone=ZONES, every=st.sampled_from(Every))
def test_next_run_is_the_first_fitting_six_o_clock_after(after: datetime, zone: str, every: Every) -> None:
    run = find_next_run(every, zone, after)
    assert run > after
    assert (run.hour, run.minute) == (6, 0)
    assert every is not Every.WEEK or run.weekday() == 0
    assert every is not Every.MONTH or run.day == 1
    longest = {Every.DAY: 1, Every.WEEK: 7, Every.MONTH: 31}[every]
    assert run - after <= timedelta(days=longest)


@pytest.mark.parametrize(
    ("every", "run_day", "since", "until"),
    [
        (Every.DAY, date(2026, 3, 1), date(2026, 2, 28), date(2026, 2, 28)),
        (Every.WEEK, date(2026, 11, 30), date(2026, 11, 23), date(2026, 11, 29)),
        (Every.MONTH, date(2026, 3, 1), date(2026, 2, 1), date(2026, 2, 28)),
        (Every.MONTH, date(2027, 1, 1), date(2026, 12, 1), date(2026, 12, 31)),
    ],
)
def test_scheduled_report_is_about_the_period_that_ended(every: Every, run_day: date, since: date, until: date) -> None:
    order = fill_period(ReportOrder(ReportKind.STATUS), every, run_day)
    assert (order.since, order.until) == (since, until)
    alone = ReportOrder(ReportKind.PAYMENTS)
    assert fill_period(alone, every, run_day) == alone


@pytest.mark.parametrize("kind", list(ReportKind))
def test_order_survives_its_record(kind: ReportKind) -> None:
    order = ReportOrder(kind, since=date(2026, 1, 1), until=date(2026, 1, 2))
    assert ReportOrder.from_record(order.as_record()) == order
