"""Write one chunk of a released plan: each invoice with its virtual account and its notices, all or nothing.

Everything here may be killed at any point and run again: the numbers come from the plan line, the conditions refuse
what is there, and the virtual account tells what this very row made before.
"""

import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from invoicing import clock
from invoicing.billers import Biller
from invoicing.errors import PlanCorruptError, UploadStateError, VirtualAccountTakenError
from invoicing.invoices import InvoiceDraft, PlanLine, list_differences, normalise_number
from invoicing.notices import choose_lane, plan_issued_notices
from invoicing.settings import get_settings
from invoicing.store import billers, dynamodb, files, invoices, uploads
from invoicing.store.dynamodb import MAX_TRANSACTION_ITEMS, build_put, to_item
from invoicing.store.notices import notice_item
from invoicing.uploads import Chunk, ChunkResult, ChunkState, Conflict, Upload, UploadStatus, sum_results
from invoicing.virtual_accounts import build_va_number

MAX_TRANSACTION_BYTES = 3_000_000
"""Plan bytes x a factor of safety stay under the 4 MB of TransactWriteItems."""
_BYTES_PER_PLAN_BYTE = 3
"""An attribute-value form and the notices make an item larger than its plan line."""
_TRIES = 8
_TRANSIENT = frozenset({"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})


@dataclass(frozen=True, slots=True)
class _Row:
    """A plan line on its way into the tables."""

    row: int
    draft: InvoiceDraft
    va_number: str
    writes: list[dict[str, Any]]
    size: int
    replaces: str | None = None
    """VA number of the archived invoice that had its number: it is free again, and the two are to name each other."""

    @property
    def members(self) -> list[dict[str, Any]]:
        return invoices.replace_archived(self.writes, self.replaces) if self.replaces else self.writes


@dataclass(slots=True)
class _Tally:
    """Outcome of the rows, counted from the rows themselves and not from attempts."""

    written: int = 0
    written_amount: int = 0
    already_there: int = 0
    conflicts: list[Conflict] = field(default_factory=list)


def write_chunk(biller_id: str, upload_id: str, index: int, *, is_last_try: bool) -> None:
    """Create the invoices of one chunk and save its result; the chunk that ends the upload finishes it.

    On its last try the chunk is saved as failed beforehand, so that even a killed function leaves it visible. Raises
    UploadStateError when the upload was not released, PlanCorruptError when the plan is not what was released.
    """
    upload = uploads.load_upload(biller_id, upload_id)
    if upload.status is UploadStatus.DONE:
        return
    if upload.status is not UploadStatus.WRITING:
        raise UploadStateError(f"{upload_id} is {upload.status}, not {UploadStatus.WRITING}")
    chunk = upload.chunks[index]
    if is_last_try:
        uploads.save_chunk_result(upload, ChunkResult(index, ChunkState.FAILED))
    tally = _Tally()
    _write_rows(upload, _read_rows(upload, chunk, billers.load_biller(biller_id)), tally)
    uploads.save_chunk_result(
        upload,
        ChunkResult(
            index,
            ChunkState.DONE,
            tally.written,
            tally.written_amount,
            tally.already_there,
            tally.conflicts,
        ),
    )
    finish_if_complete(upload)


def finish_if_complete(upload: Upload) -> bool:
    """writing -> done when every chunk has its result. Safe to call at any time, by anyone."""
    results = uploads.load_chunk_results(upload)
    if sum(result.state is ChunkState.DONE for result in results) < len(upload.chunks):
        return False
    try:
        uploads.finish(upload, sum_results(results))
    except UploadStateError:
        # Two last chunks saw each other's result: one of them has finished the upload.
        return True
    return True


def _read_rows(upload: Upload, chunk: Chunk, biller: Biller) -> list[_Row]:
    if upload.plan_version is None or upload.va_first is None or upload.company_code is None:
        raise PlanCorruptError(f"{upload.upload_id} was released without a plan")
    settings = get_settings()
    plan = files.read_range(
        files.plan_key(upload.biller_id, upload.upload_id), upload.plan_version, chunk.start, chunk.end
    )
    lines = plan.splitlines()
    if len(lines) != chunk.count or not plan.endswith(b"\n"):
        raise PlanCorruptError(f"{upload.upload_id} chunk {chunk.index}: {len(lines)} lines, not {chunk.count}")
    created_at = clock.to_text(clock.now())
    lane = choose_lane(sum(chunk.count for chunk in upload.chunks))
    put_off = upload.notices_from is not None and upload.notices_from > created_at
    rows = []
    for offset, line in enumerate(lines):
        planned: PlanLine = orjson.loads(line)
        draft, row = planned["invoice"], planned["row"]
        sequence = upload.va_first + chunk.first + offset
        va_number = build_va_number(upload.company_code, sequence, settings.va_customer_number_digits)
        writes = invoices.build_invoice_writes(
            biller_id=upload.biller_id,
            upload_id=upload.upload_id,
            row=row,
            bank_code=settings.bank_code,
            va_number=va_number,
            draft=draft,
            created_at=created_at,
            notices_from=upload.notices_from if put_off else None,
        )
        for notice in plan_issued_notices(biller, draft, va_number, lane):
            item = notice_item(
                notice,
                bank_code=settings.bank_code,
                va_number=va_number,
                biller_id=upload.biller_id,
                number=draft["number"],
                upload_id=upload.upload_id,
                created_at=created_at,
                not_before=upload.notices_from if put_off else None,
                in_hours=upload.in_hours,
            )
            writes.append(build_put(settings.notices_table, to_item(item)))
        size = len(line) * _BYTES_PER_PLAN_BYTE
        rows.append(_Row(row, draft, va_number, writes, size, planned.get("replaces")))
    return rows


def _pack(rows: Sequence[_Row]) -> Iterator[list[_Row]]:
    """Fill transactions up to their limits of members and bytes; an invoice is never split over two."""
    batch: list[_Row] = []
    members = size = 0
    for row in rows:
        count = len(row.writes) + (row.replaces is not None)
        too_many = members + count > MAX_TRANSACTION_ITEMS
        too_large = size + row.size > MAX_TRANSACTION_BYTES
        if batch and (too_many or too_large):
            yield batch
            batch, members, size = [], 0, 0
        batch.append(row)
        members += count
        size += row.size
    if batch:
        yield batch


def _write_rows(upload: Upload, rows: Sequence[_Row], tally: _Tally) -> None:
    for batch in _pack(rows):
        _write_batch(upload, batch, tally)


def _write_batch(upload: Upload, batch: list[_Row], tally: _Tally) -> None:
    """Commit a transaction; when it is cancelled, see what each row is and send the rest again."""
    todo = batch
    for attempt in range(_TRIES):
        codes = dynamodb.commit([write for row in todo for write in row.members])
        if codes is None:
            _count_written(todo, tally)
            return
        if _TRANSIENT.isdisjoint(codes):
            seen = {row.va_number: row.replaces for row in todo}
            todo = _classify(upload, todo, tally)
            if any(row.replaces != seen[row.va_number] for row in todo):
                # Archived since the check. With the links to them the rows may not fit into one transaction any more.
                _write_rows(upload, todo, tally)
                return
            if not todo:
                return
        else:
            # The SDK never retries a cancelled transaction.
            time.sleep(random.uniform(0, 0.05 * 2**attempt))  # noqa: S311 - jitter, no secret
    raise RuntimeError(f"{len(todo)} invoices of upload {upload.upload_id} met conflicts {_TRIES} times")


def _count_written(rows: Sequence[_Row], tally: _Tally) -> None:
    tally.written += len(rows)
    tally.written_amount += sum(row.draft["amount"] for row in rows)


def _classify(upload: Upload, rows: Sequence[_Row], tally: _Tally) -> list[_Row]:
    """Count the rows that are there (made by this upload, same, different); the new ones are the answer."""
    accounts = invoices.load_virtual_accounts(get_settings().bank_code, [row.va_number for row in rows])
    numbers = [row.draft["number"] for row in rows]
    existing, archived = invoices.look_up_numbers(upload.biller_id, numbers, consistent=True)
    new = []
    for row in rows:
        account = accounts.get(row.va_number)
        invoice = existing.get(normalise_number(row.draft["number"]))
        if account is not None:
            if (account["upload_id"], account["row"]) != (upload.upload_id, row.row):
                raise VirtualAccountTakenError(row.va_number)
            _count_written([row], tally)
        elif invoice is not None and invoice["va_number"] == row.va_number:
            # Written by a second delivery of this chunk between the two reads.
            _count_written([row], tally)
        elif invoice is None:
            replaces = archived.get(normalise_number(row.draft["number"]))
            new.append(row if replaces == row.replaces else replace(row, replaces=replaces))
        elif differences := list_differences(row.draft, invoice):
            tally.conflicts.append(Conflict(row.row, row.draft["number"], differences))
        else:
            tally.already_there += 1
    return new
