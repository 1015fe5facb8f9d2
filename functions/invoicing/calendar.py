"""Dates as people type them. Due dates are local dates of Asia/Jakarta; an expiry is an instant, kept in UTC."""

import re
from datetime import UTC, date, datetime, time, timedelta

from invoicing.clock import JAKARTA
from invoicing.typed_text import InvalidValueError, clean_text

MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "januari january jan",
            "februari february pebruari feb peb",
            "maret march mar mrt",
            "april apr",
            "mei may",
            "juni june jun",
            "juli july jul",
            "agustus august agu agt ags agst aug",
            "september sept sep",
            "oktober october okt oct",
            "november nopember nov nop",
            "desember december des dec",
        ),
        start=1,
    )
    for name in names.split()
}
"""Month names and abbreviations, Indonesian and English, to 1-12."""

_FIRST_YEAR, _LAST_YEAR = 2000, 2099
_SERIAL_EPOCH = date(1899, 12, 30)
_FIRST_SERIAL = (date(_FIRST_YEAR, 1, 1) - _SERIAL_EPOCH).days
_LAST_SERIAL = (date(_LAST_YEAR, 12, 31) - _SERIAL_EPOCH).days
_SHORT_YEARS = range(20, 50)
"""Two-digit years taken for 2020-2049; others are more likely a day in the wrong place."""

_WEEKDAY = re.compile(
    r"^(?:senin|selasa|rabu|kamis|jum'?at|sabtu|minggu|ahad|(?:mon|tues|wednes|thurs|fri|satur|sun)day),?\s+",
    re.IGNORECASE,
)
_SLASHED = re.compile(r"(\d{1,2})([/.\-\s])(\d{1,2})\2(\d{4}|\d{2})", re.ASCII)
_ISO = re.compile(r"(\d{4})([/.\-])(\d{1,2})\2(\d{1,2})|(\d{4})(\d{2})(\d{2})", re.ASCII)
_DAY_FIRST = re.compile(r"(\d{1,2})[\s./\-]*([a-z]{3,9})\.?[\s,./\-]*(\d{4}|\d{2})", re.ASCII | re.IGNORECASE)
_MONTH_FIRST = re.compile(r"([a-z]{3,9})\.?\s*(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})", re.ASCII | re.IGNORECASE)
_TIME = re.compile(
    r"[\sT,]+(?:pukul|jam|pk\.?)?\s*([01]?\d|2[0-3])[:.]([0-5]\d)(?:[:.]([0-5]\d)(?:\.0+)?)?\s*(?:wib)?$",
    re.ASCII | re.IGNORECASE,
)
_END_OF_DAY = time(23, 59, 59)


def parse_date(cell: object) -> date:
    """The local date a cell means: Excel dates and serial numbers, ``31/12/2026``, ``2026-12-31``, ``31 Des 2026``.

    Numbers are day first; a two-digit year is 2020-2049. A time of day behind the date is dropped.
    Raises InvalidValueError, saying so when the order looks American or the date does not exist.
    """
    return _parse_moment(cell)[0]


def parse_expiry(cell: object) -> datetime:
    """The instant, UTC, that a date or a date with time in Jakarta means; a date alone (or midnight) is that day's end.

    Midnight counts as a date alone because a date cell reads as midnight, and nobody lets a bill end as its day begins.
    """
    day, moment = _parse_moment(cell)
    if moment == time():
        moment = _END_OF_DAY
    return datetime.combine(day, moment, JAKARTA).astimezone(UTC)


def _parse_moment(cell: object) -> tuple[date, time]:
    if isinstance(cell, datetime):
        return _check_year(cell.date()), cell.time().replace(microsecond=0)
    if isinstance(cell, date):
        return _check_year(cell), time()
    if isinstance(cell, str):
        return _parse_text(cell)
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        raise InvalidValueError("date_invalid")
    if _FIRST_SERIAL <= cell < _LAST_SERIAL + 1:
        whole = int(cell)
        minutes, seconds = divmod(min(round((cell - whole) * 86_400), 86_399), 60)
        return _SERIAL_EPOCH + timedelta(days=whole), time(minutes // 60, minutes % 60, seconds)
    # 20261231 typed without separators is a number to Excel; anything else is not a date.
    return _parse_text(str(int(cell)) if cell == cell and abs(cell) < 10**9 else "")


def _check_year(day: date) -> date:
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise InvalidValueError("date_out_of_range", first=_FIRST_YEAR, last=_LAST_YEAR)
    return day


def _parse_text(typed: str) -> tuple[date, time]:
    text = _WEEKDAY.sub("", clean_text(typed))
    moment = time()
    match = _TIME.search(text)
    if match:
        moment = time(int(match[1]), int(match[2]), int(match[3] or 0))
        text = text[: match.start()]
    return _check_year(_parse_day(text)), moment


def _parse_day(text: str) -> date:
    match = _SLASHED.fullmatch(text)
    if match:
        return _build_date(int(match[1]), int(match[3]), _read_year(match[4]))
    match = _ISO.fullmatch(text)
    if match:
        year, month, day = match.group(1, 3, 4) if match[1] else match.group(5, 6, 7)
        return _build_date(int(day), int(month), int(year), day_first=False)
    match = _DAY_FIRST.fullmatch(text)
    if match and match[2].lower() in MONTHS:
        return _build_date(int(match[1]), MONTHS[match[2].lower()], _read_year(match[3]))
    match = _MONTH_FIRST.fullmatch(text)
    if match and match[1].lower() in MONTHS:
        return _build_date(int(match[2]), MONTHS[match[1].lower()], int(match[3]))
    raise InvalidValueError("date_invalid")


def _read_year(digits: str) -> int:
    if len(digits) == 4:
        return int(digits)
    if int(digits) not in _SHORT_YEARS:
        raise InvalidValueError("date_short_year")
    return 2000 + int(digits)


def _build_date(day: int, month: int, year: int, *, day_first: bool = True) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        if day_first and 12 < month <= 31 and 1 <= day <= 12:
            raise InvalidValueError("date_us_order", meant=f"{month:02d}/{day:02d}/{year}") from None
        raise InvalidValueError("date_impossible") from None
