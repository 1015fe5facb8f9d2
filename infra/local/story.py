"""How the demo tells its story, and what it does when the product breaks a promise."""

import time
from collections.abc import Callable
from typing import TypeVar

PATIENCE_SECONDS = 30

T = TypeVar("T")


class StoryError(Exception):
    """The product did not do what the story says."""


def tell(line: str = "", *more: str) -> None:
    for text in (line, *more):
        print(text, flush=True)


def expect(holds: bool, promise: str) -> None:
    if not holds:
        raise StoryError(f"this does not hold: {promise}")


def wait_until(look: Callable[[], T | None], promise: str) -> T:
    """What ``look`` finds in the end; raises StoryError when it never finds anything."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (found := look()) is None:
        expect(time.monotonic() < deadline, promise)
        time.sleep(0.5)
    return found
