"""What a notice says: its kind and, of a reminder, the day on which it leaves and the tone of its step."""

import re
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Any

from invoicing.notices import NoticeKind

_STEP = re.compile(r"due([+-]\d{1,3})", re.ASCII)


class Tone(StrEnum):
    FRIENDLY = "friendly"
    NEUTRAL = "neutral"
    FIRM = "firm"


class Occasion(StrEnum):
    """A reminder's words go by the day on which it leaves, however late that is; its tone by its step."""

    ISSUED = "issued"
    REISSUED = "reissued"
    """Issued in the place of an earlier bill of the same number, whose virtual account is closed."""
    REMINDER_BEFORE_FRIENDLY = "reminder_before_friendly"
    REMINDER_BEFORE_NEUTRAL = "reminder_before_neutral"
    REMINDER_BEFORE_FIRM = "reminder_before_firm"
    REMINDER_ON_FRIENDLY = "reminder_on_friendly"
    REMINDER_ON_NEUTRAL = "reminder_on_neutral"
    REMINDER_ON_FIRM = "reminder_on_firm"
    REMINDER_AFTER_FRIENDLY = "reminder_after_friendly"
    REMINDER_AFTER_NEUTRAL = "reminder_after_neutral"
    REMINDER_AFTER_FIRM = "reminder_after_firm"
    PAID = "paid"
    ARCHIVED = "archived"

    @property
    def moment(self) -> str:
        """Without the tone: ``reminder_after``."""
        return self.rpartition("_")[0] if self.startswith("reminder_") else str(self)


_BY_DAY = {"before": Tone.FRIENDLY, "on": Tone.NEUTRAL, "after": Tone.FIRM}
"""The tone of a step for which the biller chose none."""


def find_occasion(
    kind: NoticeKind, invoice: Mapping[str, Any], today: date, step: str = "", tones: Mapping[int, Tone] | None = None
) -> Occasion:
    """``today`` is the day in the biller's zone, ``step`` a reminder's, ``tones`` the biller's choices by offset."""
    if kind is NoticeKind.ISSUED:
        return Occasion.REISSUED if "replaces" in invoice else Occasion.ISSUED
    if kind is not NoticeKind.REMINDER:
        return Occasion(kind)
    due = date.fromisoformat(invoice["due_date"])
    day = "on" if today == due else "before" if today < due else "after"
    offset = _STEP.fullmatch(step)
    chosen = (tones or {}).get(int(offset[1])) if offset else None
    return Occasion(f"reminder_{day}_{chosen or _BY_DAY[day]}")
