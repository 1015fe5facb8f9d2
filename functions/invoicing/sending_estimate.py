"""What sending an upload's notices will cost and when the last of them will have left, told before its release."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from invoicing.notice_policy import NoticePolicy
from invoicing.notices import Channel
from invoicing.sending_hours import Window, find_next_sending_time, iterate_windows


@dataclass(frozen=True, slots=True)
class SendingLimits:
    rates: Mapping[str, int]
    """Messages per second by channel."""
    whatsapp_daily: int
    """People whom WhatsApp lets the bank write to in a day."""


@dataclass(frozen=True, slots=True)
class SendingTimes:
    starts_at: datetime
    finishes_at: datetime


def estimate_cost(notices: Mapping[str, int], prices: Mapping[str, int]) -> dict[str, int]:
    """Rupiah by channel, and ``total``. Every notice counts as one message: an SMS is written to fit one segment."""
    costs = {channel: number * prices[channel] for channel, number in notices.items()}
    return costs | {"total": sum(costs.values())}


def estimate_times(
    policy: NoticePolicy, notices: Mapping[str, int], limits: SendingLimits, now: datetime
) -> SendingTimes:
    """Begin and end of sending within the policy's hours, as if released ``now`` and nobody else sent anything.

    Channels send side by side. WhatsApp counts over the last 24 hours; here it is a local day.
    """
    starts_at = find_next_sending_time(policy, now)
    ends = [
        _find_end(
            iterate_windows(policy, starts_at),
            number,
            limits.rates[channel],
            limits.whatsapp_daily if channel == Channel.WHATSAPP else number,
        )
        for channel, number in notices.items()
    ]
    return SendingTimes(starts_at, max(ends, default=starts_at))


def _find_end(windows: Iterator[Window], number: int, rate: int, daily_limit: int) -> datetime:
    day, left_today = None, 0
    for start, end in windows:
        if start.date() != day:
            day, left_today = start.date(), daily_limit
        fitting = min(int((end - start).total_seconds()) * rate, left_today)
        if number <= fitting:
            return start + timedelta(seconds=-(-number // rate))
        number -= fitting
        left_today -= fitting
    raise AssertionError("sending windows never end")
