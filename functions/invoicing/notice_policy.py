"""How a biller wants its notices to go out: when they may leave, when reminders are due, which channel comes first."""

from dataclasses import dataclass
from enum import StrEnum


class Zone(StrEnum):
    """Indonesia's time zones, by the name that ``zoneinfo`` knows."""

    WIB = "Asia/Jakarta"
    WITA = "Asia/Makassar"
    WIT = "Asia/Jayapura"


@dataclass(frozen=True, slots=True)
class NoticePolicy:
    """Defaults hold for a biller that has set nothing. Times of day are local to ``zone``."""

    zone: Zone = Zone.WIB
    quiet_from: str = "20:00"
    """First notices and reminders do not leave from here ..."""
    quiet_until: str = "08:00"
    """... to here."""
    on_weekends: bool = False
    on_holidays: bool = False
    """Indonesian public holidays."""
    reminder_offsets: tuple[int, ...] = (-3, 0, 3, 7)
    """Days from the due date on which a reminder goes out."""
    fallback_minutes: int | None = None
    """None: every channel at once. Else the first channel that has an address, and the next one after so many minutes
    without a delivery."""
