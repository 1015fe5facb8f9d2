"""Uploads: send a workbook straight to the bucket, watch its check and its writing, release or reject it."""

import json
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import orjson

from dashboard.acting import read_reason
from dashboard.areas import LOOK, Area
from dashboard.rendering import show
from dashboard.views.invoices import make_request_id
from dashboard.visits import Visit
from invoicing import notice_holds, uploading
from invoicing.errors import FilesExpiredError
from invoicing.roles import Role
from invoicing.sending_hours import Send
from invoicing.store import files
from invoicing.store import uploads as store
from invoicing.texts import describe_finding
from invoicing.upload_view import show_upload
from invoicing.uploads import Upload, UploadStatus
from webpages.answers import answer_file, answer_redirect, answer_text

area = Area()

_PAGE_SIZE = 30
_MAX_ISSUES = 200
"""Shown on the page; the whole list is a file."""
_ISSUE_BYTES = 400_000
_MOVING = {UploadStatus.AWAITING_FILE, UploadStatus.CHECKING, UploadStatus.WRITING}
"""States that change by themselves: the page watches them."""


@area.get("/uploads", LOOK)
def list_uploads(visit: Visit) -> dict[str, Any]:
    after = visit.query.get("after") or None
    found, more = store.list_uploads(visit.biller_id, after, _PAGE_SIZE)
    return show(visit, "uploads.html.j2", uploads=[show_upload(upload) for upload in found], more=more)


@area.get("/uploads/new", {Role.MAKER})
def show_new_upload(visit: Visit) -> dict[str, Any]:
    return show(visit, "upload_new.html.j2", posts_to=_find_bucket_origin(visit), post=None, upload_id=None)


@area.post("/uploads/new", {Role.MAKER})
def start_upload(visit: Visit) -> dict[str, Any]:
    """The form for the bucket: as JSON for the script that shows progress, as a page for a browser without it."""
    upload, post = uploading.start_upload(visit.biller_id, visit.user_id, visit.read("filename"))
    if visit.read("as") == "json":
        return answer_text(200, json.dumps({"upload_id": upload.upload_id, **post}), "application/json")
    origin = _read_origin(post["url"])
    return show(visit, "upload_new.html.j2", posts_to=origin, post=post, upload_id=upload.upload_id)


@area.get("/uploads/template", LOOK)
def download_template(visit: Visit) -> dict[str, Any]:
    # Imported here: the writer costs start-up time that other pages need not pay.
    from invoicing.modules.template_workbook import build_template

    workbook, module = BytesIO(), visit.own_biller.module
    build_template(module, workbook)
    return answer_file(workbook.getvalue(), f"template-{module}.xlsx", files.WORKBOOK_TYPE)


@area.get("/uploads/{upload_id}", LOOK)
def show_one_upload(visit: Visit) -> dict[str, Any]:
    upload = _load(visit)
    view = show_upload(upload)
    issues = _read_issues(upload, visit.language)
    return show(
        visit,
        "upload.html.j2",
        # The sample's e-mail, once its section was fetched into this page.
        frames=upload.status is UploadStatus.WAITING,
        upload=view,
        watch=f"{upload.upload_id}/state" if upload.status in _MOVING else "",
        state=_describe_state(upload),
        issues=issues,
        warnings={issue["code"]: issue["what"] for issue in reversed(issues or [])},
        may_release=visit.has_role(Role.CHECKER) and upload.uploaded_by != visit.user_id,
        is_own=upload.uploaded_by == visit.user_id,
        waits=upload.status is UploadStatus.WAITING,
        request_id=make_request_id(),
        **_describe_notices(upload),
        Send=Send,
    )


@area.get("/uploads/{upload_id}/state", LOOK)
def show_upload_state(visit: Visit) -> dict[str, Any]:
    return answer_text(200, json.dumps({"state": _describe_state(_load(visit))}), "application/json")


@area.post("/uploads/{upload_id}/release", {Role.CHECKER})
def release_upload(visit: Visit) -> dict[str, Any]:
    upload_id = visit.parameters["upload_id"]
    send = visit.read("send") or Send.IN_HOURS
    if send == "at":
        # The browser's local time without an offset: the biller's zone is meant.
        send = f"{visit.read('at')}{_find_offset(visit)}"
    uploading.release_upload(
        visit.biller_id, upload_id, released_by=visit.user_id, acknowledged=visit.read_all("acknowledged"), send=send
    )
    return answer_redirect(f"../{upload_id}?done=released")


@area.post("/uploads/{upload_id}/reject", {Role.CHECKER})
def reject_upload(visit: Visit) -> dict[str, Any]:
    upload_id = visit.parameters["upload_id"]
    uploading.reject_upload(visit.biller_id, upload_id, rejected_by=visit.user_id, reason=read_reason(visit))
    return answer_redirect(f"../{upload_id}?done=rejected")


@area.post("/uploads/{upload_id}/delete", {Role.MAKER, Role.CHECKER})
def delete_upload(visit: Visit) -> dict[str, Any]:
    uploading.delete_upload(visit.biller_id, visit.parameters["upload_id"], deleted_by=visit.user_id)
    return answer_redirect("../../uploads?done=deleted")


def _describe_notices(upload: Upload) -> dict[str, Any]:
    """Of a released upload: whether its messages are held, and how many went and wait.

    Counted only when all are written, or somebody holds them: until then the page shows itself anew with each part.
    """
    if upload.released_at is None:
        return {"is_released": False, "hold": None, "notices": None}
    ids = (upload.biller_id, upload.upload_id)
    hold = notice_holds.find_hold(*ids)
    is_counted = upload.status is UploadStatus.DONE or (hold is not None and hold.is_held)
    return {"is_released": True, "hold": hold, "notices": notice_holds.count_notices(*ids) if is_counted else None}


def _load(visit: Visit) -> Upload:
    return store.load_upload(visit.biller_id, visit.parameters["upload_id"])


def _describe_state(upload: Upload) -> str:
    """Another text whenever the page has something new to show."""
    if upload.status is not UploadStatus.WRITING:
        return upload.status
    results = store.load_chunk_results(upload)
    return f"{upload.status}-{len(results)}"


def _read_issues(upload: Upload, language: str) -> list[dict[str, Any]] | None:
    """The first findings of the check with their words, as the file of findings has them; None: it has expired."""
    if upload.issues_version is None or upload.is_erased:
        return []
    key = files.issues_key(upload.biller_id, upload.upload_id)
    try:
        content = files.read_range(key, upload.issues_version, 0, _ISSUE_BYTES)
    except FilesExpiredError:
        # The upload outlives its files: it can still be archived, held and sent again.
        return None
    lines = content.splitlines()[:_MAX_ISSUES]
    found = [orjson.loads(line) for line in lines if line.endswith(b"}")]
    return [issue | _describe(issue, language) for issue in found]


def _describe(issue: dict[str, Any], language: str) -> dict[str, str]:
    words = describe_finding(issue["code"], issue.get("params", {}))
    return {part: words[part][language] for part in ("what", "mend")}


def _find_offset(visit: Visit) -> str:
    return {"Asia/Jakarta": "+07:00", "Asia/Makassar": "+08:00", "Asia/Jayapura": "+09:00"}[
        visit.own_biller.policy.zone
    ]


def _find_bucket_origin(visit: Visit) -> str:
    return _read_origin(files.sign_upload_post(visit.biller_id, "0" * 26)["url"])


def _read_origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
