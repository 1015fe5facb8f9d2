"""Commands about uploads, invoked directly by an authenticated caller -> one domain function each."""

from typing import Annotated, Any, Literal

from aws_lambda_powertools import Logger
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from invoicing import json_invoices, uploading
from invoicing.asserted_people import require_second_person_by_command
from invoicing.command_answers import answer_command
from invoicing.sending_hours import Send
from invoicing.store.uploads import load_upload
from invoicing.upload_view import show_upload
from invoicing.uploads import Upload

logger = Logger(utc=True)

_Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
_UploadId = Annotated[str, Field(pattern=r"^[0-9A-HJKMNP-TV-Z]{26}$")]


class _Command(BaseModel):
    model_config = ConfigDict(extra="forbid")
    biller_id: _Id
    user_id: _Id


class Create(_Command):
    operation: Literal["create"]
    filename: str = Field(max_length=1000)


class CreateInvoices(_Command):
    operation: Literal["create_invoices"]
    key: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
    invoices: list[dict[str, Any]] = Field(min_length=1, max_length=json_invoices.MAX_INVOICES)


class _OnUpload(_Command):
    upload_id: _UploadId


class Describe(_OnUpload):
    operation: Literal["describe"]


class ListInvoices(_OnUpload):
    operation: Literal["list_invoices"]
    cursor: int = Field(default=0, ge=0)


class Release(_OnUpload):
    operation: Literal["release"]
    acknowledged: list[Annotated[str, Field(max_length=64)]] = Field(default_factory=list, max_length=100)
    send: str = Field(default=Send.IN_HOURS, max_length=40)


class Reject(_OnUpload):
    operation: Literal["reject"]
    reason: str = Field(min_length=1, max_length=500)


class Delete(_OnUpload):
    operation: Literal["delete"]


class Redrive(_OnUpload):
    operation: Literal["redrive"]


Command = Annotated[
    Create | CreateInvoices | Describe | ListInvoices | Release | Reject | Delete | Redrive,
    Field(discriminator="operation"),
]
_parse: TypeAdapter[Command] = TypeAdapter(Command)


@logger.inject_lambda_context
def handle(event: dict[str, Any], _context: object) -> dict[str, Any]:
    return answer_command(event, _parse, _run)


def _run(command: Command) -> dict[str, Any]:
    biller_id, user_id = command.biller_id, command.user_id
    match command:
        case Create():
            upload, post = uploading.start_upload(biller_id, user_id, command.filename)
            return {"upload_id": upload.upload_id, "post": post}
        case CreateInvoices():
            return show_upload(json_invoices.create_invoices(biller_id, user_id, command.invoices, key=command.key))
        case ListInvoices():
            planned, more = uploading.list_planned_invoices(biller_id, command.upload_id, command.cursor)
            return {"invoices": planned} | ({"cursor": command.cursor + 1} if more else {})
        case Describe():
            return show_upload(load_upload(biller_id, command.upload_id))
        case _:
            return show_upload(_change(command))


def _change(command: Release | Reject | Delete | Redrive) -> Upload:
    ids = (command.biller_id, command.upload_id)
    match command:
        case Release():
            require_second_person_by_command()
            return uploading.release_upload(
                *ids, released_by=command.user_id, acknowledged=command.acknowledged, send=command.send
            )
        case Reject():
            return uploading.reject_upload(*ids, rejected_by=command.user_id, reason=command.reason)
        case Delete():
            return uploading.delete_upload(*ids, deleted_by=command.user_id)
        case Redrive():
            return uploading.redrive_upload(*ids)
