"""What a notice will look like: asked of the function that has the senders' own rendering (docs/decisions.md)."""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from invoicing.settings import get_settings
from invoicing.upload_samples import Pick

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


class PreviewFailedError(Exception):
    """The function that renders could not; its own log says why."""


@lru_cache(maxsize=1)
def client() -> "LambdaClient":
    config = Config(retries={"mode": "standard", "total_max_attempts": 2}, connect_timeout=2, read_timeout=20)
    return boto3.client("lambda", config=config)


def preview_notice(biller_id: str, user_id: str, **members: Any) -> dict[str, Any]:
    """Each channel's message. ``members`` as of command ``preview_notice``; its change is one that the domain takes."""
    return _ask("preview_notice", biller_id, user_id, members)


def preview_upload(biller_id: str, user_id: str, upload_id: str, pick: Pick) -> dict[str, Any]:
    """What the payer of one bill of an upload that waits will be sent, and whom: ``notify.previewing`` has the form."""
    return _ask("preview_upload", biller_id, user_id, {"upload_id": upload_id, "pick": pick})


def _ask(operation: str, biller_id: str, user_id: str, members: Mapping[str, Any]) -> dict[str, Any]:
    command = {"operation": operation, "biller_id": biller_id, "user_id": user_id, **members}
    answer = client().invoke(FunctionName=get_settings().notice_command_function, Payload=json.dumps(command).encode())
    shown: dict[str, Any] = json.loads(answer["Payload"].read())
    if answer.get("FunctionError") or "error" in shown:
        raise PreviewFailedError(shown.get("error", {}).get("code", "defect"))
    return shown
