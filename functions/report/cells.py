"""Cells as files want them: text that no program takes for a formula, dates and instants as numbers of days."""

from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from invoicing import clock

_FORMULA_STARTS = ("=", "+", "-", "@")
_DAY_ZERO = date(1899, 12, 30).toordinal()


def clean(text: str) -> str:
    """Without control characters, tabs and line breaks included: a space stands in for each."""
    return text if text.isprintable() else "".join(sign if sign.isprintable() else " " for sign in text)


def is_risky(text: str) -> bool:
    """Whether a spreadsheet program could take cleaned text for a formula when it reads it from a CSV file."""
    return text.startswith(_FORMULA_STARTS) or (text.startswith(" ") and text.lstrip().startswith(_FORMULA_STARTS))


def neutralise(text: str) -> str:
    """Cleaned, with the usual apostrophe before what a program would take for a formula."""
    text = clean(text)
    return f"'{text}" if is_risky(text) else text


@lru_cache(maxsize=4096)
def count_days(day: str) -> int:
    """Excel's number of a local date."""
    return date.fromisoformat(day).toordinal() - _DAY_ZERO


def to_local(instant: str, zone: str) -> datetime:
    """Local time without its zone, whole seconds."""
    return clock.from_text(instant).astimezone(_find_zone(zone)).replace(tzinfo=None, microsecond=0)


def count_moment(instant: str, zone: str) -> float:
    """Excel's number of an instant (a text of ``clock.to_text``) in local time, whole seconds."""
    # By its places: a report has hundreds of thousands, and parsing each as a datetime was a tenth of the whole.
    seconds = int(instant[11:13]) * 3600 + int(instant[14:16]) * 60 + int(instant[17:19])
    return count_days(instant[:10]) + (seconds + _find_offset(instant[:13], zone)) / 86_400


@lru_cache(maxsize=4096)
def _find_offset(hour: str, zone: str) -> int:
    """Seconds by which the zone is ahead of UTC in that hour; no zone changes within one of UTC's hours."""
    offset = datetime.fromisoformat(f"{hour}:00:00+00:00").astimezone(_find_zone(zone)).utcoffset()
    return int(offset.total_seconds()) if offset else 0


_find_zone = lru_cache(maxsize=8)(ZoneInfo)
