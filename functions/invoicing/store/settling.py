"""Reads and conditional writes repeated until one of them stands, within the time that a waiting caller has."""

import random
import time
from collections.abc import Callable
from typing import TypeVar

from botocore.exceptions import ClientError, ConnectionError, HTTPClientError

from invoicing.errors import StoreBusyError

MAX_SECONDS = 3.0
LONGEST_SECONDS = 4.0
"""No try begins that would end later if it took as long as the slowest so far: the caller's function has 6 seconds,
and must still answer."""
_TRIES = 12
_LEAST_TRIES = 3
"""However slow the first was, if the above allows: whoever lost a race mostly has its answer at the second."""
_LONGEST_PAUSE = 0.4
_TRANSIENT_ERRORS = frozenset(
    {
        "InternalServerError",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "ThrottlingException",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)
_TRANSIENT_REASONS = frozenset(
    {"None", "ConditionalCheckFailed", "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}
)

T = TypeVar("T")


def settle(step: Callable[[], T | None]) -> T:
    """The first answer of ``step``, which reads, decides and writes, and answers None when its conditions failed.

    A step whose write ended ambiguously is run again, so it must know its own write. The SDK never repeats a cancelled
    transaction. Raises StoreBusyError when time runs out.
    """
    began, slowest = time.monotonic(), 0.0
    for attempt in range(_TRIES):
        started = time.monotonic()
        try:
            answer = step()
        except (ClientError, HTTPClientError, ConnectionError) as error:
            if isinstance(error, ClientError) and error.response["Error"]["Code"] not in _TRANSIENT_ERRORS:
                raise
        else:
            if answer is not None:
                return answer
        now = time.monotonic()
        slowest = max(slowest, now - started)
        if now - began + slowest > LONGEST_SECONDS or (attempt + 1 >= _LEAST_TRIES and now - began > MAX_SECONDS):
            break
        time.sleep(random.uniform(0, min(_LONGEST_PAUSE, 0.02 * 2**attempt)))  # noqa: S311 - jitter, no secret
    raise StoreBusyError(f"nothing stood in {attempt + 1} tries")


def require_transient(codes: list[str]) -> None:
    """Raises RuntimeError for a cancelled transaction that no repetition can mend: a defect of what was written."""
    if not _TRANSIENT_REASONS.issuperset(codes):
        raise RuntimeError(f"transaction refused: {sorted(set(codes))}")
