"""How a biller wants its notices to go out: when they may leave, and when reminders are due."""

import re
from dataclasses import dataclass
from enum import StrEnum

from invoicing.errors import NoticePolicyError

MAX_REMINDERS = 10
MAX_REMINDER_DISTANCE = 60
"""Days between the due date and a reminder."""
_TIME_OF_DAY = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")


class Zone(StrEnum):
    """Indonesia's time zones, by the name that ``zoneinfo`` knows."""

    WIB = "Asia/Jakarta"
    WITA = "Asia/Makassar"
    WIT = "Asia/Jayapura"


@dataclass(frozen=True, slots=True)
class NoticePolicy:
    """Defaults hold for a biller that has set nothing. Times of day are local to ``zone``.

    Every policy allows some minute of every working day. Raises NoticePolicyError for a value out of range.
    """

    zone: Zone = Zone.WIB
    quiet_from: str = "20:00"
    """First notices and reminders do not leave from here, ``HH:MM`` ..."""
    quiet_until: str = "08:00"
    """... to here, across midnight if this is the earlier one. The same time twice: no quiet hours."""
    on_weekends: bool = False
    on_holidays: bool = False
    """Indonesian public holidays."""
    reminder_offsets: tuple[int, ...] = (-3, 0, 3, 7)
    """Days from the due date on which a reminder goes out."""

    def __post_init__(self) -> None:
        for name in ("quiet_from", "quiet_until"):
            given = getattr(self, name)
            if not _TIME_OF_DAY.fullmatch(given):
                raise NoticePolicyError(f"{name} = {given}")
        offsets = self.reminder_offsets
        in_range = all(abs(offset) <= MAX_REMINDER_DISTANCE for offset in offsets)
        if not in_range or len(offsets) > MAX_REMINDERS or list(offsets) != sorted(set(offsets)):
            raise NoticePolicyError(f"reminder_offsets = {', '.join(map(str, offsets))}")
