"""A channel whose provider takes nothing pauses: one worker now and then tries it, instead of every notice.

Failures are counted in the process and cost no write; only a pause, its probes and its end are shared, in one item per
channel (``store.channels``). Refusals of a message are answers: they show that the channel works.
"""

import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache

from aws_lambda_powertools import Logger

from invoicing import clock
from invoicing.notices import Channel
from invoicing.store import channels
from invoicing.store.channels import Pause
from notify import counting
from notify.outcomes import AmbiguousError, ChannelStoppedError, NotSentError, PairRateError, ProviderError

FAILURES_TO_PAUSE = 8
"""In a row, in one process: a few odd recipients are no broken channel. One stopped by its provider pauses at once."""
FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(minutes=15)
"""Pauses double; however long it was down, a channel is tried within this time of its coming back."""
STOPS_TO_ALARM = 3
"""Probes that failed after a pause of another cause than a stop: it is down for minutes, somebody should look."""
PROBE_LEASE = timedelta(seconds=60)
"""Longer than a provider call takes; a prober that died is replaced after it."""
CACHE = timedelta(seconds=3)

logger = Logger()


@dataclass(slots=True)
class _Seen:
    """What this process knows of a channel."""

    pause: Pause | None = None
    looked_at: datetime | None = None
    failures: int = 0


@dataclass(slots=True)
class Trial:
    """The permission for one call. ``prober``: the channel is paused, and this call finds out whether it works."""

    channel: Channel
    prober: str | None = None
    is_over: bool = field(default=False, init=False)

    def succeed(self) -> None:
        """The provider answered: it took the message, or refused this one."""
        seen = _see(self.channel)
        seen.failures = 0
        if self.prober:
            self.is_over = True
            channels.end_pause(self.channel, self.prober)
            seen.looked_at = None
            logger.warning("channel_works_again", extra={"channel": self.channel})

    def fail(self, error: ProviderError) -> None:
        """The provider took nothing, or nobody knows."""
        if not isinstance(error, NotSentError | AmbiguousError) or isinstance(error, PairRateError):
            return
        if self.channel is Channel.WEBHOOK:
            # Each endpoint is a provider of its own: one that fails says nothing of the others.
            return
        seen, now = _see(self.channel), clock.now()
        seen.failures += 1
        if self.prober:
            self.is_over = True
            stops = seen.pause.stops if seen.pause else 1
            if stops >= STOPS_TO_ALARM and not isinstance(error, ChannelStoppedError):
                # A stop is counted where it is met.
                counting.count_stopped(self.channel)
            pause = min(FIRST_PAUSE * 2 ** min(stops, 10), LONGEST_PAUSE)
            channels.prolong_pause(self.channel, self.prober, now + pause, error.reason)
        elif isinstance(error, ChannelStoppedError) or seen.failures >= FAILURES_TO_PAUSE:
            channels.start_pause(self.channel, now, now + FIRST_PAUSE, error.reason)
            logger.error("channel_paused", extra={"channel": self.channel, "reason": error.reason})
        else:
            return
        seen.failures, seen.looked_at = 0, None

    def end(self) -> None:
        """Whatever came of it: a probe that asked nothing is somebody else's to make."""
        if self.prober and not self.is_over:
            channels.drop_probe(self.channel, self.prober)
            _see(self.channel).looked_at = None


def begin_call(channel: Channel) -> Trial | None:
    """None while the channel is paused."""
    if channel is Channel.WEBHOOK:
        return Trial(channel)
    pause, now = find_pause(channel), clock.now()
    if pause is None:
        return Trial(channel)
    if not is_to_be_probed(pause, now):
        return None
    prober = uuid.uuid4().hex
    if channels.take_probe(channel, prober, now, now + PROBE_LEASE):
        return Trial(channel, prober)
    # Somebody else is at it, or was.
    _see(channel).looked_at = None
    return None


def find_pause(channel: Channel) -> Pause | None:
    """The channel's pause, as it was a few seconds ago at most; None while it works."""
    seen, now = _see(channel), clock.now()
    if seen.looked_at is None or not seen.looked_at <= now < seen.looked_at + CACHE:
        seen.pause, seen.looked_at = channels.load_pause(channel), now
    return seen.pause


def is_to_be_probed(pause: Pause, now: datetime) -> bool:
    """Whether a pause has lasted long enough, and nobody is finding out."""
    instant = clock.to_text(now)
    return pause.until <= instant and (pause.probe_until is None or pause.probe_until < instant)


def _see(channel: Channel) -> _Seen:
    return _load_seen().setdefault(channel, _Seen())


@lru_cache(maxsize=1)
def _load_seen() -> dict[Channel, _Seen]:
    return {}
