"""Instants: now, in UTC, as the text that is stored; and today in Jakarta. Due dates are local dates, no instants."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

JAKARTA = ZoneInfo("Asia/Jakarta")


def now() -> datetime:
    """The present instant, UTC. Tests replace this function."""
    return datetime.now(UTC)


def to_text(instant: datetime) -> str:
    """``2026-11-23T06:51:04.123Z``: fixed width, so that text order is time order."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{instant.microsecond // 1000:03d}Z"


def from_text(text: str) -> datetime:
    return datetime.fromisoformat(text)


def today_in(zone: str) -> date:
    """The local date in a zone that ``zoneinfo`` knows."""
    return now().astimezone(ZoneInfo(zone)).date()


def today_in_jakarta() -> date:
    return now().astimezone(JAKARTA).date()
