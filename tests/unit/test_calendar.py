from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoicing.calendar import MONTHS, parse_date, parse_expiry
from invoicing.clock import JAKARTA
from invoicing.typed_text import InvalidValueError

days = st.dates(min_value=date(2000, 1, 1), max_value=date(2099, 12, 31))
NAMES = {number: [name for name, value in MONTHS.items() if value == number] for number in range(1, 13)}

WRITTEN = [
    lambda day: day,
    lambda day: datetime.combine(day, time(17, 30)),
    lambda day: float((day - date(1899, 12, 30)).days),
    lambda day: (day - date(1899, 12, 30)).days + 0.75,
    lambda day: f"{day:%d/%m/%Y}",
    lambda day: f"{day.day}/{day.month}/{day.year}",
    lambda day: f"{day:%d-%m-%Y}",
    lambda day: f"{day:%d.%m.%Y}",
    lambda day: f"{day:%d %m %Y}",
    lambda day: f"{day:%Y-%m-%d}",
    lambda day: f"{day:%Y/%m/%d}",
    lambda day: f"{day:%Y-%m-%dT%H:%M:%S}",
    lambda day: f"{day:%Y%m%d}",
    lambda day: f"\u00a0{day:%d/%m/%Y}\u200b",
    lambda day: f"Senin, {day.day} {NAMES[day.month][0].title()} {day.year}",
    lambda day: f"{NAMES[day.month][1].title()} {day.day}, {day.year}",
]


@given(days, st.sampled_from(WRITTEN))
def test_date_however_written_reads_as_itself(day, write):
    assert parse_date(write(day)) == day


@given(days, st.data())
def test_every_month_name_is_known(day, data):
    name = data.draw(st.sampled_from(NAMES[day.month]))
    assert parse_date(f"{day.day} {name.upper()} {day.year}") == day
    assert parse_date(f"{day.day}-{name}-{day.year}") == day


@given(st.text(max_size=20) | st.text(alphabet="0123456789/-. :", max_size=16) | st.floats() | st.integers())
def test_any_cell_is_a_date_of_this_century_or_refused(cell):
    try:
        day = parse_date(cell)
    except InvalidValueError:
        return
    assert date(2000, 1, 1) <= day <= date(2099, 12, 31)


def test_ambiguous_date_is_day_first():
    assert parse_date("05/06/2026") == date(2026, 6, 5)


def test_two_digit_year_is_of_the_near_future_or_refused():
    assert parse_date("31/12/26") == date(2026, 12, 31)
    with pytest.raises(InvalidValueError, match="date_short_year"):
        parse_date("31/12/99")


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("12/31/2026", "date_us_order"),
        ("31/02/2026", "date_impossible"),
        ("29-02-2027", "date_impossible"),
        ("2026-13-01", "date_impossible"),
        (date(1926, 12, 31), "date_out_of_range"),
        ("31/12/1926", "date_out_of_range"),
        ("akhir bulan", "date_invalid"),
        ("12/2026", "date_invalid"),
        (1500000.0, "date_invalid"),
        (True, "date_invalid"),
        (timedelta(hours=3), "date_invalid"),
        ("2026-12-31T00:00:00Z", "date_invalid"),
    ],
)
def test_cell_that_is_no_date_is_refused_with_its_reason(cell, code):
    with pytest.raises(InvalidValueError, match=code):
        parse_date(cell)


@given(days, st.times().map(lambda moment: moment.replace(second=0, microsecond=0)))
def test_expiry_with_a_time_is_that_moment_in_jakarta(day, moment):
    if moment.hour == moment.minute == 0:
        return
    expected = datetime.combine(day, moment, JAKARTA)
    for cell in (
        datetime.combine(day, moment),
        f"{day:%d/%m/%Y} {moment:%H:%M}",
        f"{day:%d/%m/%Y} pukul {moment:%H.%M} WIB",
    ):
        assert parse_expiry(cell) == expected


@given(days)
def test_expiry_without_a_time_is_the_end_of_that_day_in_jakarta(day):
    end = datetime(day.year, day.month, day.day, 16, 59, 59, tzinfo=UTC)
    for cell in (day, datetime.combine(day, time()), f"{day:%d/%m/%Y}"):
        assert parse_expiry(cell) == end
