"""What the payers of an upload will be sent, before it is released: the messages of one of its bills, addresses masked.

A page of its own, since rendering is asked of another function: the page of the upload stays as fast as it was, and its
script puts this one's section there when somebody opens it.
"""

from typing import Any

from dashboard.areas import CHANGE, Area
from dashboard.rendering import show
from dashboard.visits import Visit
from invoicing.errors import PreviewFailedError
from invoicing.notice_previews import preview_upload
from invoicing.store import uploads as store
from invoicing.upload_samples import Pick
from invoicing.uploads import Upload, UploadStatus
from webpages.answers import answer_framed_page, answer_redirect

area = Area()


@area.get("/uploads/{upload_id}/sample", CHANGE)
def show_sample(visit: Visit) -> dict[str, Any]:
    upload = _load(visit)
    if upload.status is not UploadStatus.WAITING:
        return answer_redirect(f"../{upload.upload_id}")
    pick = _read_pick(visit)
    try:
        sample = _ask(visit, pick)
    except PreviewFailedError:
        sample = None
    return show(
        visit,
        "upload_sample.html.j2",
        status=200 if sample else 503,
        frames=True,
        upload=upload,
        sample=sample,
        pick=pick,
        picks=list(Pick),
        # The longest and the largest are looked for among so many.
        among=upload.chunks[0].count if len(upload.chunks) > 1 else 0,
    )


@area.get("/uploads/{upload_id}/sample/email", CHANGE)
def show_email(visit: Visit) -> dict[str, Any]:
    """The e-mail itself, for the frame in the page: a document that runs nothing and loads nothing."""
    try:
        return answer_framed_page(_ask(visit, _read_pick(visit))["email"]["html"])
    except (PreviewFailedError, KeyError):
        # That page says why there is none.
        return answer_redirect("../sample")


def _ask(visit: Visit, pick: Pick) -> dict[str, Any]:
    return preview_upload(visit.biller_id, visit.user_id, visit.parameters["upload_id"], pick)


def _read_pick(visit: Visit) -> Pick:
    given = visit.query.get("pick", "")
    return Pick(given) if given in list(Pick) else Pick.FIRST


def _load(visit: Visit) -> Upload:
    return store.load_upload(visit.biller_id, visit.parameters["upload_id"])
