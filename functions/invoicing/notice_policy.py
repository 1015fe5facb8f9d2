"""How a biller wants its notices to go out: when they may leave, on which channel first, when reminders are due."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from invoicing.errors import NoticePolicyError
from invoicing.notices import Channel, Rung

MAX_REMINDERS = 10
MAX_REMINDER_DISTANCE = 60
"""Days between the due date and a reminder."""
LEAST_PATIENCE: Mapping[Channel, int] = {Channel.WHATSAPP: 5, Channel.EMAIL: 15, Channel.SMS: 72 * 60}
"""The channels of a ladder, and minutes for which each must be given before its silence moves a notice on.

Carriers may report an SMS as late as 72 hours after it arrived: silence before that says nothing.
"""
MAX_PATIENCE = 7 * 24 * 60
_TIME_OF_DAY = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")


class Zone(StrEnum):
    """Indonesia's time zones, by the name that ``zoneinfo`` knows."""

    WIB = "Asia/Jakarta"
    WITA = "Asia/Makassar"
    WIT = "Asia/Jayapura"


@dataclass(frozen=True, slots=True)
class FallbackLadder:
    """One channel after the other for each recipient, instead of every channel at once.

    Raises NoticePolicyError for a value out of range.
    """

    is_on: bool = False
    order: tuple[Channel, ...] = (Channel.WHATSAPP, Channel.SMS, Channel.EMAIL)
    minutes: tuple[int, ...] = (30, 0)
    """How long a message may stay undelivered before the next channel is tried, for each but the last one.

    0: only a failure moves on.
    """

    def __post_init__(self) -> None:
        order, minutes = self.order, self.minutes
        is_ladder = len(order) >= 2 and len(set(order)) == len(order) and set(order) <= set(LEAST_PATIENCE)
        if not is_ladder:
            raise NoticePolicyError(f"fallback.order = {', '.join(order)}")
        in_range = len(minutes) == len(order) - 1 and all(
            given == 0 or LEAST_PATIENCE[channel] <= given <= MAX_PATIENCE
            for channel, given in zip(order, minutes, strict=False)
        )
        if not in_range:
            raise NoticePolicyError(f"fallback.minutes = {', '.join(map(str, minutes))}")

    def list_rungs(self, channels: Sequence[Channel]) -> tuple[Rung, ...]:
        """The ladder as far as ``channels`` are asked for; nothing while it is off."""
        if not self.is_on:
            return ()
        rungs = (Rung(channel, given) for channel, given in zip(self.order, (*self.minutes, 0), strict=True))
        return tuple(rung for rung in rungs if rung.channel in channels)


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
    fallback: FallbackLadder = field(default_factory=FallbackLadder)

    def __post_init__(self) -> None:
        for name in ("quiet_from", "quiet_until"):
            given = getattr(self, name)
            if not _TIME_OF_DAY.fullmatch(given):
                raise NoticePolicyError(f"{name} = {given}")
        offsets = self.reminder_offsets
        in_range = all(abs(offset) <= MAX_REMINDER_DISTANCE for offset in offsets)
        if not in_range or len(offsets) > MAX_REMINDERS or list(offsets) != sorted(set(offsets)):
            raise NoticePolicyError(f"reminder_offsets = {', '.join(map(str, offsets))}")
