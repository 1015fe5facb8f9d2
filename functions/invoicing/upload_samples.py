"""One bill of a checked upload, picked so that its messages can be looked at before anything is released."""

from enum import StrEnum

import orjson

from invoicing.errors import UploadStateError
from invoicing.invoices import PlanLine
from invoicing.store import files, uploads
from invoicing.uploads import UploadStatus


class Pick(StrEnum):
    """Which bill: of the first part of the upload (``MAX_CHUNK_INVOICES`` or all), so that one read finds it."""

    FIRST = "first"
    LONGEST_NAME = "longest_name"
    LARGEST_AMOUNT = "largest_amount"


def load_sample(biller_id: str, upload_id: str, pick: Pick) -> PlanLine:
    """Raises UploadNotFoundError, UploadStateError unless it waits for release, FilesExpiredError."""
    upload = uploads.load_upload(biller_id, upload_id)
    if upload.status is not UploadStatus.WAITING or upload.plan_version is None or not upload.chunks:
        raise UploadStateError(f"{upload_id} is {upload.status}, not {UploadStatus.WAITING}")
    chunk = upload.chunks[0]
    plan = files.read_range(files.plan_key(biller_id, upload_id), upload.plan_version, chunk.start, chunk.end)
    lines: list[PlanLine] = [orjson.loads(line) for line in plan.splitlines()]
    match pick:
        case Pick.FIRST:
            return lines[0]
        case Pick.LONGEST_NAME:
            return max(lines, key=lambda line: len(line["invoice"]["payer_name"]))
        case Pick.LARGEST_AMOUNT:
            return max(lines, key=lambda line: line["invoice"]["amount"])
