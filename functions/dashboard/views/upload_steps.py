"""What can be done to an upload after its release: hold its messages, write failed parts anew, archive it as a whole.

Steps over many invoices go as far as one visit's time allows and hand back a form that goes on; the script presses it.
Each batch is safe to repeat, so a page that was closed is simply begun again.
"""

import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from dashboard.acting import read_reason
from dashboard.areas import CHANGE, Area
from dashboard.rendering import show
from dashboard.views.invoices import make_request_id, read_request_id
from dashboard.visits import Visit
from invoicing import archiving, notice_holds, resending, uploading
from invoicing.archiving import ArchiveOutcome
from invoicing.errors import FormRefusedError
from invoicing.roles import Role
from invoicing.store import uploads as store
from webpages.answers import answer_redirect

area = Area()

_SECONDS = 12
"""For the batches of one visit, of the 29 that a page has: the last one begun still ends in time."""

Step = Callable[[str], tuple[Counter[str], str]]
"""One batch from a mark on: what became of how many, and the mark to go on with; empty: that was all."""


@area.post("/uploads/{upload_id}/hold", CHANGE)
def hold_notices(visit: Visit) -> dict[str, Any]:
    upload_id = visit.parameters["upload_id"]
    reason = visit.read("reason", 500) or None
    notice_holds.hold_notices(visit.biller_id, upload_id, by=visit.user_id, reason=reason)
    return answer_redirect(f"../{upload_id}?done=held")


@area.post("/uploads/{upload_id}/resume", CHANGE)
def resume_notices(visit: Visit) -> dict[str, Any]:
    upload_id = visit.parameters["upload_id"]
    notice_holds.resume_notices(visit.biller_id, upload_id, by=visit.user_id)
    return answer_redirect(f"../{upload_id}?done=resumed")


@area.post("/uploads/{upload_id}/redrive", {Role.BILLER_ADMIN, Role.CHECKER})
def redrive_upload(visit: Visit) -> dict[str, Any]:
    upload_id = visit.parameters["upload_id"]
    uploading.redrive_upload(visit.biller_id, upload_id)
    return answer_redirect(f"../{upload_id}?done=redriven")


@area.post("/uploads/{upload_id}/archive", CHANGE)
def archive_upload(visit: Visit) -> dict[str, Any]:
    reason = read_reason(visit)
    notify, confirmed = visit.read("notify") == "yes", visit.read("confirmed") == "yes"

    def archive(mark: str) -> tuple[Counter[str], str]:
        results, after = archiving.archive_upload(
            visit.biller_id,
            visit.parameters["upload_id"],
            by=visit.user_id,
            reason=reason,
            notify=notify,
            confirmed=confirmed,
            cursor=_read_number(mark or "0"),
        )
        return Counter(str(result.outcome) for result in results), str(after or "")

    return _go_on(visit, "archive", archive, {"reason": reason, "notify": visit.read("notify", 3)})


@area.post("/uploads/{upload_id}/resend-failed", CHANGE)
def resend_failed(visit: Visit) -> dict[str, Any]:
    request_id = read_request_id(visit)

    def resend(mark: str) -> tuple[Counter[str], str]:
        batch = resending.resend_failed_of_upload(
            visit.biller_id,
            visit.parameters["upload_id"],
            by=visit.user_id,
            request_id=request_id,
            cursor=mark or None,
        )
        return Counter({"resent": batch.resent, "skipped": batch.skipped.total()}), batch.cursor or ""

    return _go_on(visit, "resend-failed", resend, {"request_id": request_id})


def _go_on(visit: Visit, action: str, step: Step, members: dict[str, str]) -> dict[str, Any]:
    """Batch after batch while there is time; then the counts so far, and the form that goes on."""
    upload = store.load_upload(visit.biller_id, visit.parameters["upload_id"])
    counts, mark = _read_counts(visit.read("counts", 500)), visit.read("mark", 300)
    end = time.monotonic() + _SECONDS
    while True:
        made, mark = step(mark)
        counts += made
        if not mark or time.monotonic() > end:
            break
    return show(
        visit,
        "upload_step.html.j2",
        upload_id=upload.upload_id,
        filename=upload.filename,
        action=action,
        counts=dict(counts),
        members=members | ({"confirmed": "yes"} if visit.read("confirmed") == "yes" else {}),
        going_on={"mark": mark, "counts": ",".join(f"{name}:{count}" for name, count in counts.items())},
        inquired=counts[ArchiveOutcome.INQUIRED_RECENTLY] if action == "archive" else 0,
        request_id=make_request_id(),
    )


def _read_counts(text: str) -> Counter[str]:
    """Of the batches before, as the form carries them: only shown, so whoever makes them up fools nobody else."""
    counts: Counter[str] = Counter()
    for part in filter(None, text.split(",")):
        name, _, count = part.partition(":")
        if name not in {*ArchiveOutcome, "resent", "skipped"}:
            raise FormRefusedError("counts")
        counts[name] = _read_number(count)
    return counts


def _read_number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise FormRefusedError("mark")
    return int(text)
