"""A biller stops an upload's unsent notices, sees how many went, and lets them go again.

A hold is one small item that every sender asks before a call, at most two seconds late (``notify.holding``). What it
stops is what asks for payment: first notices and reminders, with their fallbacks. Receipts and "please ignore" go on.

To archive a held upload: archive its invoices, then ``resume_notices``: what was held is claimed, finds its invoice
archived and is cancelled without a call.
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from invoicing import clock
from invoicing.errors import UploadStateError
from invoicing.store import notice_holds as store
from invoicing.store import notices
from invoicing.store.notice_holds import Hold
from invoicing.store.uploads import load_upload
from invoicing.uploads import Upload, UploadStatus

_WITH_NOTICES = frozenset({UploadStatus.WRITING, UploadStatus.DONE})


@dataclass(frozen=True, slots=True)
class NoticeCounts:
    """First notices of an upload, and fallbacks of its first minutes, as the indexes show them, moments late."""

    written: int
    went: int
    """Taken by a provider, whatever became of them then."""
    waiting: int
    """Not sent yet, the held ones with them; also those of which nobody knows yet whether they were taken."""
    ended: int
    """Never to be sent: cancelled, refused, suppressed."""
    parked: int
    """Stopped by the hold so far, reminders too; the others that wait are stopped when their turn comes."""


def hold_notices(biller_id: str, upload_id: str, *, by: str, reason: str | None = None) -> Hold:
    """Stop what of an upload's notices has not left. Again, it changes nothing.

    Raises UploadNotFoundError, UploadStateError.
    """
    upload = load_upload(biller_id, upload_id)
    if upload.status not in _WITH_NOTICES:
        raise UploadStateError(f"{upload_id} is {upload.status}, not {UploadStatus.WRITING} or {UploadStatus.DONE}")
    store.save_hold(biller_id, upload_id, by=by, at=clock.to_text(clock.now()), reason=reason)
    return _load(biller_id, upload_id)


def resume_notices(biller_id: str, upload_id: str, *, by: str) -> Hold:
    """Let held notices go, within a minute and then as fast as their channels take them. Again, it changes nothing.

    Raises UploadNotFoundError, and UploadStateError when they were never held.
    """
    load_upload(biller_id, upload_id)
    store.save_resumption(biller_id, upload_id, by=by, at=clock.to_text(clock.now()))
    return _load(biller_id, upload_id)


def count_notices(biller_id: str, upload_id: str) -> NoticeCounts:
    """How many of an upload's notices went and how many are held: index counts over the time in which it was written.

    Raises UploadNotFoundError.
    """
    upload = load_upload(biller_id, upload_id)
    parked = notices.count_lot(notices.name_hold_lot(upload_id))
    if upload.released_at is None:
        return NoticeCounts(0, 0, 0, 0, parked)
    counts = notices.count_of_upload(biller_id, upload_id, clock.from_text(upload.released_at), _find_end(upload))
    ended = counts["all"] - counts["went"] - counts["waiting"]
    return NoticeCounts(counts["all"], counts["went"], counts["waiting"], max(0, ended), parked)


def show_hold(hold: Hold) -> dict[str, Any]:
    """As billers see it."""
    shown = asdict(hold)
    del shown["biller_id"]
    return {name: value for name, value in shown.items() if value is not None}


def find_hold(biller_id: str, upload_id: str) -> Hold | None:
    """The last hold of an upload's notices, lifted or not; None when they were never held."""
    return store.load_hold(biller_id, upload_id)


def is_held(biller_id: str, upload_id: str) -> bool:
    hold = find_hold(biller_id, upload_id)
    return hold is not None and hold.is_held


def _find_end(upload: Upload) -> datetime:
    return clock.from_text(upload.finished_at) if upload.finished_at else clock.now()


def _load(biller_id: str, upload_id: str) -> Hold:
    hold = find_hold(biller_id, upload_id)
    if hold is None:
        raise UploadStateError(f"{upload_id} was never held")
    return hold
