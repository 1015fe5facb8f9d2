"""Which billers' reminders are to be planned now."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from invoicing.billers import Biller
from remind.runs import Run

FIRST_HOUR = 8
"""Local hour before which no reminder is planned: what the night brought (payments, pauses) counts, and a biller
without quiet hours writes to nobody at midnight."""


def choose_runs(billers: Iterable[Biller], now: datetime) -> Iterator[Run]:
    """One run per biller whose local day has begun and is not planned yet.

    Asked every hour: that serves every zone at its own eight o'clock, and makes good what an hour missed.
    """
    for biller in billers:
        local = now.astimezone(ZoneInfo(biller.policy.zone))
        is_done = biller.reminded_until is not None and biller.reminded_until >= local.date()
        if local.hour >= FIRST_HOUR and biller.policy.reminder_offsets and not is_done:
            yield Run(biller.biller_id, local.date())
