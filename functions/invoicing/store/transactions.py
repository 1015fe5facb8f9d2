"""Transactions that are repeated while others' work or load cancels them: one, or many small ones packed into few."""

import random
import time
from collections.abc import Iterator, Sequence
from typing import Any

import orjson
from ulid import ULID

from invoicing.errors import BusyError
from invoicing.store import dynamodb
from invoicing.store.dynamodb import MAX_TRANSACTION_ITEMS
from invoicing.store.settling import require_transient, settle

MAX_TRANSACTION_BYTES = 3_500_000
"""Under the 4 MB of TransactWriteItems (AWS), measured on the request, which is larger than the items."""
_TRIES = 8
_TRANSIENT = frozenset({"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})

Change = list[dict[str, Any]]
"""Transaction members that only make sense together."""


def commit_all(writes: list[dict[str, Any]]) -> list[int]:
    """Write all or nothing; the places of the members whose conditions do not hold: empty when all is written.

    Raises StoreBusyError, and RuntimeError for what no repetition can mend.
    """
    token = str(ULID())

    def write() -> list[int] | None:
        codes = dynamodb.commit(writes, token)
        if codes is None:
            return []
        require_transient(codes)
        return [place for place, code in enumerate(codes) if code == "ConditionalCheckFailed"] or None

    return settle(write)


def commit_each(changes: Sequence[Change]) -> list[bool]:
    """Whether each change was made; False: one of its conditions did not hold, and nothing of it was written.

    Changes of one call must not touch the same item. Raises BusyError when others were faster each time; what was
    committed by then stays, so whoever calls must be able to do so again.
    """
    made = [False] * len(changes)
    for batch in _pack(changes):
        for index in _commit_batch(changes, batch):
            made[index] = True
    return made


def _commit_batch(changes: Sequence[Change], batch: list[int]) -> list[int]:
    """The changes of a batch that were made."""
    todo = batch
    for attempt in range(_TRIES):
        codes = dynamodb.commit([write for index in todo for write in changes[index]])
        if codes is None:
            return todo
        refused = _find_refused(changes, todo, codes)
        todo = [index for index in todo if index not in refused]
        if not todo:
            return []
        if not _TRANSIENT.isdisjoint(codes):
            # The SDK never retries a cancelled transaction.
            time.sleep(random.uniform(0, 0.05 * 2**attempt))  # noqa: S311 - jitter, no secret
        elif not refused:
            raise RuntimeError(f"transaction cancelled: {sorted(set(codes))}")
    raise BusyError(f"{len(todo)} changes met others {_TRIES} times")


def _find_refused(changes: Sequence[Change], todo: list[int], codes: list[str]) -> set[int]:
    refused, start = set(), 0
    for index in todo:
        end = start + len(changes[index])
        if "ConditionalCheckFailed" in codes[start:end]:
            refused.add(index)
        start = end
    return refused


def _pack(changes: Sequence[Change]) -> Iterator[list[int]]:
    """Indexes of the changes that go together, in order."""
    batch: list[int] = []
    members = size = 0
    for index, change in enumerate(changes):
        bytes_more = len(orjson.dumps(change))
        if batch and (members + len(change) > MAX_TRANSACTION_ITEMS or size + bytes_more > MAX_TRANSACTION_BYTES):
            yield batch
            batch, members, size = [], 0, 0
        batch.append(index)
        members += len(change)
        size += bytes_more
    if batch:
        yield batch
