"""Uploads: start one, look at it, release, reject, delete, send failed chunks again."""

from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Body, Path
from pydantic import BaseModel, ConfigDict, Field

from api.areas import Area
from invoicing import uploading
from invoicing.roles import Role
from invoicing.sending_hours import Send
from invoicing.store import uploads as store
from invoicing.upload_view import show_upload

area = Area("uploads")

_LOOK = {Role.BILLER_ADMIN, Role.MAKER, Role.CHECKER, Role.VIEWER}
UploadId = Annotated[str, Path(pattern=r"^[0-9A-HJKMNP-TV-Z]{26}$", description="as given when it was started")]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid")


class StartUpload(_Request):
    filename: str = Field(min_length=1, max_length=200, description="name of the workbook, as the user knows it")


class ReleaseUpload(_Request):
    acknowledged: list[Annotated[str, Field(max_length=64)]] = Field(
        default_factory=list, max_length=100, description="codes of the warnings that were seen"
    )
    send: str = Field(default=Send.IN_HOURS, max_length=40, description="in_hours, now, or an instant with its offset")


class RejectUpload(_Request):
    reason: str = Field(min_length=1, max_length=500)


@area.post("/v1/uploads", {Role.MAKER}, status=HTTPStatus.CREATED)
def start_upload(request: Annotated[StartUpload, Body()]) -> dict[str, Any]:
    """Start an upload: a form to post the workbook with.

    POST the file to ``post.url`` with ``post.fields``, the file last, within five minutes.
    """
    upload, post = uploading.start_upload(area.caller.biller_id, area.caller.user_id, request.filename)
    return {"upload_id": upload.upload_id, "post": post}


@area.get("/v1/uploads/<upload_id>", _LOOK)
def show(upload_id: UploadId) -> dict[str, Any]:
    """An upload with its progress, errors, warnings and links."""
    return show_upload(store.load_upload(area.caller.biller_id, upload_id))


@area.post("/v1/uploads/<upload_id>/release", {Role.CHECKER})
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
