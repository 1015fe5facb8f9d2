"""Look after uploads that outstayed their state's patience: nothing stays stuck, nothing is started twice."""

from invoicing import clock, uploading
from invoicing.errors import UploadStateError
from invoicing.store import uploads
from invoicing.uploads import ABANDONED, Upload, UploadStatus
from upload.writing import finish_if_complete

MAX_UPLOADS = 200
"""Per run; the rest is due again in the next."""
_SWEEPER = "sweeper"


def sweep_uploads() -> int:
    """End what was abandoned and queue again what was lost on its way; how many uploads were acted on."""
    acted = 0
    for biller_id, upload_id in uploads.list_overdue_uploads(clock.now(), MAX_UPLOADS):
        # The index may be stale; the upload itself and the conditions of the writes decide.
        upload = uploads.load_upload(biller_id, upload_id)
        if upload.due_at is None or clock.from_text(upload.due_at) > clock.now():
            continue
        try:
            _sweep_upload(upload)
        except UploadStateError:
            # It moved on by itself in the meantime.
            continue
        acted += 1
    return acted


def _sweep_upload(upload: Upload) -> None:
    if upload.status is UploadStatus.WRITING:
        # A writer killed between its last result and the finish, or messages that never reached the queue.
        if not finish_if_complete(upload):
            uploads.postpone(upload)
            uploading.resend_chunks(upload, {None})
        return
    code = ABANDONED[upload.status]
    uploads.end(upload, UploadStatus.REJECTED, ended_by=_SWEEPER, reason=code, refusal={"code": code, "params": {}})
    uploading.erase_files(upload)
