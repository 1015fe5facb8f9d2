"""When first notices and reminders may leave: quiet hours, weekends and public holidays in the biller's zone.

Receipts and "please ignore" notices never ask here: they go at once. Indonesia's zones have no summer time.
"""

from collections.abc import Container, Iterator
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from importlib.util import module_from_spec, spec_from_file_location
from itertools import count
from pathlib import Path
from zoneinfo import ZoneInfo

from invoicing.errors import SendingTimeError
from invoicing.notice_policy import NoticePolicy

MAX_WAIT = timedelta(days=30)
"""How far ahead a releaser may put the notices off."""
_SATURDAY = 5

Window = tuple[datetime, datetime]
"""``[start, end)`` in the biller's zone, within one local day."""


class Send(StrEnum):
    """What a releaser chooses; an instant in ISO form, with its offset, is the third choice."""

    IN_HOURS = "in_hours"
    """At once if the biller's policy allows it now, else as soon as it does."""
    NOW = "now"


def find_next_sending_time(policy: NoticePolicy, instant: datetime) -> datetime:
    """``instant`` itself when the policy allows it, else the next instant that it allows, in the biller's zone."""
    start, _ = next(iterate_windows(policy, instant))
    return start if start > instant else instant


def iterate_windows(policy: NoticePolicy, instant: datetime) -> Iterator[Window]:
    """The spans of time in which notices may leave, without end, in order; the first is cut off at ``instant``."""
    local = instant.astimezone(ZoneInfo(policy.zone))
    for day in (local.date() + timedelta(days=passed) for passed in count()):
        if _is_open(policy, day):
            for start, end in _list_windows_of_day(policy, day):
                if local < end:
                    yield max(start, local), end


def choose_start(send: str, policy: NoticePolicy, now: datetime) -> datetime | None:
    """When the notices of a release may leave; None: at once. A chosen instant holds even in quiet hours.

    Raises SendingTimeError unless ``send`` is a member of Send or an instant from now to 30 days ahead.
    """
    match send:
        case Send.NOW:
            return None
        case Send.IN_HOURS:
            start = find_next_sending_time(policy, now)
            return start if start > now else None
    try:
        chosen = datetime.fromisoformat(send)
    except ValueError as error:
        raise SendingTimeError(send) from error
    if chosen.tzinfo is None or not now <= chosen <= now + MAX_WAIT:
        raise SendingTimeError(send)
    return chosen


def _is_open(policy: NoticePolicy, day: date) -> bool:
    if day.weekday() >= _SATURDAY and not policy.on_weekends:
        return False
    return policy.on_holidays or day not in _load_holidays()


def _list_windows_of_day(policy: NoticePolicy, day: date) -> list[Window]:
    """What quiet hours leave of a day. Equal ends mean that there are none; they may reach across midnight."""
    zone = ZoneInfo(policy.zone)
    midnight = datetime.combine(day, time(), zone)
    next_midnight = midnight + timedelta(days=1)
    quiet_from = datetime.combine(day, time.fromisoformat(policy.quiet_from), zone)
    quiet_until = datetime.combine(day, time.fromisoformat(policy.quiet_until), zone)
    if quiet_from == quiet_until:
        return [(midnight, next_midnight)]
    if quiet_from > quiet_until:
        return [(quiet_until, quiet_from)]
    windows = [(midnight, quiet_from), (quiet_until, next_midnight)]
    return [(start, end) for start, end in windows if start < end]


@lru_cache(maxsize=1)
def _load_holidays() -> Container[date]:
    """Indonesia's national holidays, any year. Collective leave (cuti bersama) is not among them: docs/decisions.md."""
    import holidays

    # Importing the package of all countries takes 140 ms of CPU and 11 MB; its Indonesian file alone 20 ms and 4 MB.
    source = Path(holidays.__file__).with_name("countries") / "indonesia.py"
    spec = spec_from_file_location("holidays_of_indonesia", source)
    if spec is None or spec.loader is None:
        raise ImportError(f"no module in {source}")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    calendar: Container[date] = module.Indonesia()
    return calendar
