"""Values kept for moments in one process, and fetched anew when they may be what made somebody's call fail."""

from collections.abc import Callable
from typing import Generic, TypeVar

from invoicing import clock

LIFE_SECONDS = 60
"""How long a change (a client disabled, a secret ended) may take to reach every process."""
REFETCH_SECONDS = 10
"""A value is fetched early at most this often: wrong signatures must not become reads."""
MAX_ENTRIES = 1000

Value = TypeVar("Value")


class ShortCache(Generic[Value]):
    """By key, what ``fetch`` answered at most ``LIFE_SECONDS`` ago; that there is nothing (None) is an answer too."""

    def __init__(self, fetch: Callable[[str], Value]) -> None:
        self._fetch = fetch
        self._entries: dict[str, tuple[float, Value]] = {}

    def get(self, key: str) -> Value:
        entry = self._entries.get(key)
        if entry is None or _measure_age(entry[0]) >= LIFE_SECONDS:
            return self._fetch_now(key)
        return entry[1]

    def get_newer(self, key: str) -> Value | None:
        """The value as it is now, if it differs from the one kept; None if not, or if it was fetched just before."""
        entry = self._entries.get(key)
        if entry is not None and _measure_age(entry[0]) < REFETCH_SECONDS:
            return None
        newer = self._fetch_now(key)
        return newer if entry is None or newer != entry[1] else None

    def _fetch_now(self, key: str) -> Value:
        value = self._fetch(key)
        if len(self._entries) >= MAX_ENTRIES:
            # Only made-up keys can be so many: they make way.
            self._entries.clear()
        self._entries[key] = (clock.now().timestamp(), value)
        return value


def _measure_age(fetched_at: float) -> float:
    return clock.now().timestamp() - fetched_at
