"""What a provider call can come to, typed by what must happen next. A channel's sender raises these and no others.

``reason`` is a code for the notice and the log: never a provider's message, which may quote an address.
"""

from datetime import timedelta


class ProviderError(Exception):
    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NotSentError(ProviderError):
    """Surely not sent, and worth trying again not before ``retry_after``: throttled, paused, not reachable."""

    def __init__(self, reason: str, retry_after: timedelta) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class RefusedError(ProviderError):
    """Surely not sent, and never will be: this message to this address is refused for good."""


class AmbiguousError(ProviderError):
    """The provider may or may not have accepted it."""
