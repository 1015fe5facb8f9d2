"""What a provider call can come to, typed by what must happen next. A channel's sender raises these and no others.

``reason`` is a code for the notice and the log: never a provider's message, which may quote an address.
"""

from datetime import datetime, timedelta

LONGEST_RETRY = timedelta(hours=1)
STOPPED_RETRY = timedelta(minutes=30)
LONGEST_STOP = timedelta(hours=4)
"""However long a channel was stopped, its notices go out within this time of its coming back."""


class ProviderError(Exception):
    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NotYetError(ProviderError):
    """The provider was not asked on purpose, and is not to be before ``until``; that is no attempt."""

    def __init__(self, reason: str, until: datetime) -> None:
        super().__init__(reason)
        self.until = until


class NotSentError(ProviderError):
    """Surely not sent, and worth trying again not before ``retry_after``: throttled, not reachable.

    Each further attempt waits ``growth`` times as long, up to ``longest_retry``. Some of them in a row pause the
    channel (``notify.breakers``).
    """

    longest_retry = LONGEST_RETRY
    growth = 2

    def __init__(self, reason: str, retry_after: timedelta) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class PairRateError(NotSentError):
    """Too much for this recipient at once: it says nothing of the channel."""

    growth = 4


class ChannelStoppedError(NotSentError):
    """Surely not sent, and nothing else on this channel will be until a person mends it: an alarm tells them."""

    longest_retry = LONGEST_STOP

    def __init__(self, reason: str) -> None:
        super().__init__(reason, STOPPED_RETRY)


class RepeatableError(NotSentError):
    """Perhaps sent, and to be sent again all the same: its receiver drops repeats by their id."""

    def __init__(self, reason: str, retry_after: timedelta, longest_retry: timedelta = LONGEST_RETRY) -> None:
        super().__init__(reason, retry_after)
        self.longest_retry = longest_retry


class RefusedError(ProviderError):
    """Surely not sent, and never will be: this message to this address is refused for good."""


class NoAddressError(RefusedError):
    """Not an address of this channel: the provider was not asked, so it says nothing of the channel."""


class WrongMessageError(RefusedError):
    """Refused for what we wrote (a template, its parameters), not for whom it is for: an alarm tells."""


class AmbiguousError(ProviderError):
    """The provider may or may not have accepted it."""
