"""Uploads: start one, look at it, release, reject, delete, send failed chunks again; and the workbook to fill in."""

from http import HTTPStatus
from io import BytesIO
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Query
from pydantic import Field

from api import shapes
from api.areas import Area
from api.replays import IdempotencyKey, run_once
from api.requests import Reason, Request, Ulid, UploadId, build_page
from invoicing import uploading
from invoicing.roles import Role
from invoicing.sending_hours import Send
from invoicing.store import uploads as store
from invoicing.store.files import WORKBOOK_TYPE
from invoicing.upload_view import show_upload, show_upload_line

area = Area("uploads")

_LOOK = {Role.BILLER_ADMIN, Role.MAKER, Role.CHECKER, Role.VIEWER}
_PAGE_SIZE = 50
_MAX_SHEET = 5_000
"""Bills of a sheet for the next period: seconds of work, and far from the 6 MB of an answer."""


class StartUpload(Request):
    filename: str = Field(min_length=1, max_length=200, description="name of the workbook, as the user knows it")


class ReleaseUpload(Request):
    acknowledged: list[Annotated[str, Field(max_length=64)]] = Field(
        default_factory=list, max_length=100, description="codes of the warnings that were seen"
    )
    send: str = Field(default=Send.IN_HOURS, max_length=40, description="in_hours, now, or an instant with its offset")


class RejectUpload(Request):
    reason: Reason


@area.post("/v1/uploads", {Role.MAKER}, status=HTTPStatus.CREATED, answers=shapes.UploadStarted)
def start_upload(request: Annotated[StartUpload, Body()], key: IdempotencyKey = None) -> dict[str, Any]:
    """Start an upload: a form to post the workbook with.

    POST the file to ``post.url`` with ``post.fields``, the file last, within five minutes.
    """
    caller = area.caller

    def start() -> dict[str, Any]:
        return {"upload_id": uploading.start_upload(caller.biller_id, caller.user_id, request.filename)[0].upload_id}

    started = run_once(area, "start_upload", key, request.model_dump(), start)
    # Signed anew for a repeated call: a form holds for five minutes, a key for a day.
    return {**started, "post": uploading.sign_form(caller.biller_id, started["upload_id"])}


@area.get("/v1/uploads", _LOOK, answers=shapes.UploadPage)
def list_uploads(cursor: Annotated[str | None, Query(pattern=Ulid)] = None) -> dict[str, Any]:
    """Uploads, newest first, a page at a time."""
    found, more = store.list_uploads(area.caller.biller_id, cursor, _PAGE_SIZE)
    return build_page("uploads", [show_upload_line(upload) for upload in found], more)


@area.get("/v1/uploads/<upload_id>", _LOOK, answers=shapes.Upload)
def describe_upload(upload_id: UploadId) -> dict[str, Any]:
    """An upload with its progress, errors, warnings and links to every finding and the rows to mend."""
    return show_upload(store.load_upload(area.caller.biller_id, upload_id))


@area.get("/v1/uploads/<upload_id>/invoices", _LOOK, answers=shapes.PlannedInvoicePage)
def list_upload_invoices(
    upload_id: UploadId, cursor: Annotated[str, Query(pattern=r"^[0-9]{1,6}$")] = "0"
) -> dict[str, Any]:
    """The invoices of an upload in its order, with VA numbers and states, one chunk at a time."""
    planned, more = uploading.list_planned_invoices(area.caller.biller_id, upload_id, int(cursor))
    return build_page("invoices", planned, str(int(cursor) + 1) if more else None)


@area.post("/v1/uploads/<upload_id>/release", {Role.CHECKER}, answers=shapes.Upload)
def release_upload(upload_id: UploadId, request: Annotated[ReleaseUpload, Body()]) -> dict[str, Any]:
    """Let a checked upload go; by another person than its maker, every warning acknowledged."""
    upload = uploading.release_upload(
        area.caller.biller_id,
        upload_id,
        released_by=area.caller.user_id,
        acknowledged=request.acknowledged,
        send=request.send,
    )
    return show_upload(upload)


@area.post("/v1/uploads/<upload_id>/reject", {Role.CHECKER}, answers=shapes.Upload)
def reject_upload(upload_id: UploadId, request: Annotated[RejectUpload, Body()]) -> dict[str, Any]:
    """Turn a checked upload down; nothing of it is created."""
    upload = uploading.reject_upload(
        area.caller.biller_id, upload_id, rejected_by=area.caller.user_id, reason=request.reason
    )
    return show_upload(upload)


@area.post("/v1/uploads/<upload_id>/redrive", {Role.BILLER_ADMIN, Role.CHECKER}, answers=shapes.Upload)
def redrive_upload(upload_id: UploadId) -> dict[str, Any]:
    """Write the failed chunks of a released upload again; what was written is not written twice."""
    return show_upload(uploading.redrive_upload(area.caller.biller_id, upload_id))


@area.delete("/v1/uploads/<upload_id>", {Role.MAKER, Role.CHECKER}, answers=shapes.Upload)
def delete_upload(upload_id: UploadId) -> dict[str, Any]:
    """Delete an upload that was not released, with its files; the record of it stays."""
    upload = uploading.delete_upload(area.caller.biller_id, upload_id, deleted_by=area.caller.user_id)
    return show_upload(upload)


@area.get("/v1/template", _LOOK, content_type=WORKBOOK_TYPE)
def download_template() -> Response[bytes]:
    """The workbook to fill in, for the caller's product."""
    # Imported here: the writer costs start-up time that other routes need not pay.
    from invoicing.modules.template_workbook import build_template

    workbook, module = BytesIO(), area.caller.own_biller.module
    build_template(module, workbook)
    return _answer_workbook(workbook, f"template-{module}.xlsx")


@area.get("/v1/uploads/<upload_id>/next-period", {Role.MAKER}, content_type=WORKBOOK_TYPE)
def download_next_period(upload_id: UploadId) -> Response[bytes]:
    """An earlier upload as a sheet filled for the next period: to look over, mend and upload.

    Due dates and periods move on; e-invoice numbers get the month of the new due date. At most 5,000 bills.
    """
    from invoicing.modules.next_period import build_next_rows
    from invoicing.modules.template_workbook import build_template

    caller = area.caller
    drafts = uploading.load_drafts(caller.biller_id, upload_id, _MAX_SHEET)
    workbook, module = BytesIO(), caller.own_biller.module
    build_template(module, workbook, (row for draft in drafts for row in build_next_rows(module, draft)))
    return _answer_workbook(workbook, f"next-{upload_id}.xlsx")


def _answer_workbook(workbook: BytesIO, filename: str) -> Response[bytes]:
    return Response(
        status_code=HTTPStatus.OK,
        content_type=WORKBOOK_TYPE,
        body=workbook.getvalue(),
        headers={"content-disposition": f'attachment; filename="{filename}"'},
    )
