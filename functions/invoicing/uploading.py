"""What people do with uploads: start one, look at it, release, reject, delete, and send failed chunks again."""

from typing import Any

import orjson
from ulid import ULID

from invoicing import clock
from invoicing.billers import Biller
from invoicing.errors import (
    FilenameError,
    SamePersonError,
    UploadOutdatedError,
    UploadStateError,
    UploadTooLargeError,
    WarningsNotAcknowledgedError,
)
from invoicing.invoices import InvoiceDraft
from invoicing.sending_hours import Send, choose_start
from invoicing.settings import get_settings
from invoicing.store import billers, chunk_queue, files, invoices, uploads
from invoicing.store.dynamodb import MAX_BATCH_GET_KEYS
from invoicing.uploads import DELETABLE, Chunk, ChunkState, Upload, UploadStatus
from invoicing.virtual_accounts import build_va_number

AUTOMATIC = "automatic"
"""``released_by`` of an upload that its biller's setting released."""
_MAX_FILENAME = 200


def start_upload(biller_id: str, user_id: str, filename: str) -> tuple[Upload, dict[str, Any]]:
    """A new upload and the presigned POST (``{"url", "fields"}``) by which its file is to come within five minutes."""
    biller = billers.load_active_biller(biller_id)
    if not 0 < len(filename) <= _MAX_FILENAME or not filename.isprintable():
        raise FilenameError(f"1 to {_MAX_FILENAME} printable characters")
    upload = Upload(
        biller_id=biller_id,
        upload_id=str(ULID()),
        module=biller.module,
        on_errors=biller.on_errors,
        filename=filename,
        status=UploadStatus.AWAITING_FILE,
        uploaded_by=user_id,
        created_at=clock.to_text(clock.now()),
    )
    if not uploads.create_upload(upload):
        raise RuntimeError(f"{upload.upload_id} is taken, which a new ULID rules out")
    return upload, files.sign_upload_post(biller_id, upload.upload_id)


def sign_form(biller_id: str, upload_id: str) -> dict[str, Any]:
    """The presigned POST of an upload that still awaits its file, anew. Raises UploadStateError."""
    upload = uploads.load_upload(biller_id, upload_id)
    if upload.status is not UploadStatus.AWAITING_FILE:
        raise UploadStateError(f"{upload_id} is {upload.status}, not {UploadStatus.AWAITING_FILE}")
    return files.sign_upload_post(biller_id, upload_id)


def release_upload(
    biller_id: str, upload_id: str, *, released_by: str, acknowledged: list[str], send: str = Send.IN_HOURS
) -> Upload:
    """Let a checked upload go: draw its VA numbers and queue its chunks. Again by the same person: queue what is left.

    ``send`` says when its notices leave (``sending_hours.choose_start``); of a repeated release the first choice holds.
    Raises SamePersonError, WarningsNotAcknowledgedError (codes that the summary has and ``acknowledged`` lacks),
    SendingTimeError, UploadStateError, UploadOutdatedError, VirtualAccountRangeError, CounterBusyError,
    BillerNotActiveError.
    """
    biller = billers.load_active_biller(biller_id)
    upload = uploads.load_upload(biller_id, upload_id)
    if upload.status is UploadStatus.WRITING and upload.released_by == released_by:
        # The first call died between the release and the queue, or its answer was lost.
        resend_chunks(upload, {None})
        return upload
    if upload.status is not UploadStatus.WAITING or upload.summary is None:
        raise UploadStateError(f"{upload_id} is {upload.status}, not {UploadStatus.WAITING}")
    if released_by == upload.uploaded_by:
        raise SamePersonError(upload_id)
    if upload.summary.valid_until is not None and clock.from_text(upload.summary.valid_until) <= clock.now():
        raise UploadOutdatedError(upload.summary.valid_until)
    missing = sorted(set(upload.summary.warnings) - set(acknowledged))
    if missing:
        raise WarningsNotAcknowledgedError(missing)
    return _release(upload, biller, released_by, sorted(upload.summary.warnings), send)


def release_automatically(upload: Upload, biller: Biller) -> Upload:
    """Release an upload without warnings because its biller chose so; its notices respect the biller's hours."""
    return _release(upload, biller, AUTOMATIC, [], Send.IN_HOURS)


def reject_upload(biller_id: str, upload_id: str, *, rejected_by: str, reason: str) -> Upload:
    """A checker turns the upload down; nothing of it is created. Raises UploadStateError unless it is waiting."""
    upload = uploads.load_upload(biller_id, upload_id)
    if upload.status is not UploadStatus.WAITING:
        raise UploadStateError(f"{upload_id} is {upload.status}, not {UploadStatus.WAITING}")
    return uploads.end(
        upload,
        UploadStatus.REJECTED,
        ended_by=rejected_by,
        reason=reason,
        refusal={"code": "rejected_by_checker", "params": {"reason": reason}},
    )


def delete_upload(biller_id: str, upload_id: str, *, deleted_by: str) -> Upload:
    """Delete an upload that was not released, with all its files; the record of it stays. Safe to repeat."""
    upload = uploads.load_upload(biller_id, upload_id)
    if upload.status is not UploadStatus.DELETED:
        if upload.status not in DELETABLE:
            raise UploadStateError(f"{upload_id} is {upload.status}: it was released")
        upload = uploads.end(upload, UploadStatus.DELETED, ended_by=deleted_by, reason=None)
    erase_files(upload)
    return upload


def erase_files(upload: Upload) -> None:
    """Erase the workbook, the plan and the results of an upload, in all versions."""
    ids = (upload.biller_id, upload.upload_id)
    files.delete_all_versions(
        [files.inbox_key(*ids), files.plan_key(*ids), files.issues_key(*ids), files.failed_rows_key(*ids)]
    )


def redrive_upload(biller_id: str, upload_id: str) -> Upload:
    """Queue again every chunk of a released upload that has no result or failed for good."""
    upload = uploads.load_upload(biller_id, upload_id)
    if upload.status is not UploadStatus.WRITING:
        raise UploadStateError(f"{upload_id} is {upload.status}, not {UploadStatus.WRITING}")
    resend_chunks(upload, {None, ChunkState.FAILED})
    return upload


def resend_chunks(upload: Upload, states: set[ChunkState | None]) -> int:
    """Queue the chunks whose result is in ``states`` (None: no result yet); how many. Chunks are safe to repeat."""
    results = {result.index: result.state for result in uploads.load_chunk_results(upload)}
    chunks = [chunk for chunk in upload.chunks if results.get(chunk.index) in states]
    chunk_queue.send_chunks(upload.biller_id, upload.upload_id, chunks)
    return len(chunks)


def list_planned_invoices(biller_id: str, upload_id: str, chunk_index: int) -> tuple[list[dict[str, Any]], bool]:
    """One chunk of the upload's invoices with their VA numbers and states, and whether more chunks follow.

    Raises FilesExpiredError when the plan has outlived its retention.
    """
    upload = uploads.load_upload(biller_id, upload_id)
    if upload.plan_version is None or chunk_index >= len(upload.chunks):
        return [], False
    chunk = upload.chunks[chunk_index]
    plan = files.read_range(files.plan_key(biller_id, upload_id), upload.plan_version, chunk.start, chunk.end)
    planned = []
    for offset, raw in enumerate(plan.splitlines()):
        line = orjson.loads(raw)
        draft = line["invoice"]
        planned.append(
            {
                "row": line["row"],
                "number": draft["number"],
                "payer_name": draft["payer_name"],
                "amount": draft["amount"],
                "due_date": draft["due_date"],
                "va_number": _find_va_number(upload, chunk, offset),
            }
        )
    _add_states(planned, upload)
    return planned, chunk_index + 1 < len(upload.chunks)


def load_drafts(biller_id: str, upload_id: str, limit: int) -> list[InvoiceDraft]:
    """Every good invoice of a checked upload. Raises UploadStateError, FilesExpiredError, UploadTooLargeError."""
    upload = uploads.load_upload(biller_id, upload_id)
    if upload.plan_version is None or not upload.chunks:
        raise UploadStateError(f"{upload_id} is {upload.status} and has no good rows")
    if sum(chunk.count for chunk in upload.chunks) > limit:
        raise UploadTooLargeError(str(limit))
    plan = files.read_range(files.plan_key(biller_id, upload_id), upload.plan_version, 0, upload.chunks[-1].end)
    return [orjson.loads(line)["invoice"] for line in plan.splitlines()]


def _find_va_number(upload: Upload, chunk: Chunk, offset: int) -> str | None:
    if upload.va_first is None or upload.company_code is None:
        return None
    digits = get_settings().va_customer_number_digits
    return build_va_number(upload.company_code, upload.va_first + chunk.first + offset, digits)


def _add_states(planned: list[dict[str, Any]], upload: Upload) -> None:
    """``status`` of each: its account's state; without an account ``planned``, or in the end ``not_written``."""
    bank_code = get_settings().bank_code
    absent = "not_written" if upload.status is UploadStatus.DONE else "planned"
    for offset in range(0, len(planned), MAX_BATCH_GET_KEYS):
        batch = planned[offset : offset + MAX_BATCH_GET_KEYS]
        numbers = [invoice["va_number"] for invoice in batch if invoice["va_number"]]
        accounts = invoices.load_virtual_accounts(bank_code, numbers) if numbers else {}
        for invoice in batch:
            account = accounts.get(invoice["va_number"])
            invoice["status"] = account["state"] if account else absent


def _release(upload: Upload, biller: Biller, released_by: str, acknowledged: list[str], send: str) -> Upload:
    start = choose_start(send, biller.policy, clock.now())
    upload = uploads.release(
        upload,
        biller.company_code,
        released_by,
        acknowledged,
        notices_from=clock.to_text(start) if start else None,
        in_hours=send == Send.IN_HOURS,
    )
    chunk_queue.send_chunks(upload.biller_id, upload.upload_id, upload.chunks)
    return upload
