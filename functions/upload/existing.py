"""Look up the planned numbers among the biller's invoices: the user sees new / same / different before a release.

Only new invoices stay in the plan. The write checks again: what is looked up here is for people.
"""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from invoicing.billers import Biller
from invoicing.invoices import InvoiceDraft, PlanLine, list_differences, normalise_number
from invoicing.issues import Issue, Severity
from invoicing.modules.school_terms import derive_number
from invoicing.notices import PAYER_CHANNELS, plan_issued_notices
from invoicing.store import invoices
from invoicing.store.dynamodb import MAX_BATCH_GET_KEYS
from invoicing.uploads import MAX_CHUNK_BYTES, MAX_CHUNK_INVOICES

_THREADS = 8
_Line = tuple[bytes, PlanLine]


@dataclass(slots=True)
class NewPlan:
    """The plan without what exists, its chunks, and what was taken out. Amounts in rupiah, of the new invoices."""

    new: int = 0
    already_there: int = 0
    different: int = 0
    different_rows: int = 0
    amount: int = 0
    smallest: int | None = None
    largest: int | None = None
    valid_until: str | None = None
    """The earliest end of validity among the new invoices."""
    notices: Counter[str] = field(default_factory=Counter)
    """First notices that the new invoices will have, by channel."""
    chunk_bounds: list[list[int]] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)


def drop_existing(biller: Biller, planned: Path, new_plan: BinaryIO) -> NewPlan:
    """Copy the lines of ``planned`` whose numbers are free to ``new_plan``, in order."""
    plan = NewPlan()
    writer = _ChunkWriter(new_plan)
    with planned.open("rb") as lines, ThreadPoolExecutor(_THREADS) as pool:

        def look_up(batch: list[_Line]) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
            numbers = [line["invoice"]["number"] for _, line in batch]
            existing, archived = invoices.look_up_numbers(biller.biller_id, numbers, consistent=False)
            others = [other for _, line in batch if (other := _find_other_number(line["invoice"]))]
            return existing | invoices.load_current_invoices(biller.biller_id, others, consistent=False), archived

        batches = _read_batches(lines)
        # A window at a time, so that a million rows are never all in memory.
        while window := list(islice(batches, _THREADS)):
            for batch, (existing, archived) in zip(window, pool.map(look_up, window), strict=True):
                for raw, line in batch:
                    number = normalise_number(line["invoice"]["number"])
                    found = existing.get(number)
                    if found is None:
                        writer.add(_link_to_archived(plan, line, archived[number]) if number in archived else raw)
                        _count_new(plan, line["invoice"])
                        # The writer plans them again, with their ids: the VA number is not drawn yet.
                        plan.notices.update(
                            notice.channel
                            for notice in plan_issued_notices(biller, line["invoice"], "")
                            if notice.channel in PAYER_CHANNELS
                        )
                        _warn_if_billed(plan, line, existing)
                    else:
                        _note_existing(plan, line, found)
    plan.chunk_bounds = writer.finish()
    return plan


def _read_batches(lines: BinaryIO) -> Iterator[list[_Line]]:
    while batch := [(raw, orjson.loads(raw)) for raw in islice(lines, MAX_BATCH_GET_KEYS)]:
        yield batch


def _link_to_archived(plan: NewPlan, line: PlanLine, replaces: str) -> bytes:
    """The plan line of a number that is free again; the writer looks again, this spares it the detour."""
    number = line["invoice"]["number"]
    params = {"number": number, "va_number": replaces}
    plan.issues.append(Issue("replaces_archived", Severity.NOTE, row=line["row"], value=number, params=params))
    return orjson.dumps({**line, "replaces": replaces}, option=orjson.OPT_APPEND_NEWLINE)


def _find_other_number(draft: InvoiceDraft) -> str | None:
    """The number under which the same school bill stands if it was once uploaded without a number of its own."""
    if "student" not in draft:
        return None
    other = derive_number(draft)
    return other if other != normalise_number(draft["number"]) else None


def _warn_if_billed(plan: NewPlan, line: PlanLine, existing: dict[str, dict[str, Any]]) -> None:
    other = _find_other_number(line["invoice"])
    if other in existing:
        params = {"other_number": other, "upload_id": existing[other]["upload_id"]}
        value = line["invoice"]["number"]
        plan.issues.append(Issue("already_billed", Severity.WARNING, row=line["row"], value=value, params=params))


def _count_new(plan: NewPlan, draft: InvoiceDraft) -> None:
    amount, valid_until = draft["amount"], draft.get("valid_until")
    plan.new += 1
    plan.amount += amount
    plan.smallest = amount if plan.smallest is None else min(plan.smallest, amount)
    plan.largest = amount if plan.largest is None else max(plan.largest, amount)
    if valid_until is not None:
        plan.valid_until = min(valid_until, plan.valid_until or valid_until)


def _note_existing(plan: NewPlan, line: PlanLine, found: dict[str, Any]) -> None:
    draft = line["invoice"]
    params = {"number": draft["number"], "upload_id": found["upload_id"], "status": found["status"]}
    differences = list_differences(draft, found)
    if not differences:
        plan.already_there += 1
        plan.issues.append(
            Issue("already_there_same", Severity.NOTE, row=line["row"], value=draft["number"], params=params)
        )
        return
    plan.different += 1
    plan.different_rows += 1 + len(line.get("more_rows", []))
    params["fields"] = ", ".join(differences)
    if "amount" in differences:
        params |= {"stored_amount": found["amount"], "amount": draft["amount"]}
        code = "already_there_other_amount"
    else:
        code = "already_there_different"
    plan.issues += [
        Issue(code, Severity.ERROR, row=row, value=draft["number"], params=params)
        for row in (line["row"], *line.get("more_rows", []))
    ]


class _ChunkWriter:
    """Writes plan lines and remembers where a chunk starts: bounded in invoices and bytes, whole lines only."""

    def __init__(self, plan: BinaryIO) -> None:
        self._plan = plan
        self._offset = 0
        self._lines = 0
        self._bounds: list[list[int]] = []

    def add(self, line: bytes) -> None:
        if not self._bounds or self._is_full(len(line)):
            self._bounds.append([self._offset, self._lines])
        self._plan.write(line)
        self._offset += len(line)
        self._lines += 1

    def _is_full(self, size: int) -> bool:
        start, first = self._bounds[-1]
        return self._lines - first >= MAX_CHUNK_INVOICES or self._offset + size - start > MAX_CHUNK_BYTES

    def finish(self) -> list[list[int]]:
        if self._bounds:
            self._bounds.append([self._offset, self._lines])
        return self._bounds
