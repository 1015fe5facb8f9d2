"""What a notice will look like: asked of the function that has the senders' own rendering (docs/decisions.md)."""

import json
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError

from invoicing.errors import InvoiceNotFoundError, PreviewFailedError
from invoicing.settings import get_settings

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


@lru_cache(maxsize=1)
def client() -> "LambdaClient":
    config = Config(retries={"mode": "standard", "total_max_attempts": 2}, connect_timeout=2, read_timeout=12)
    return boto3.client("lambda", config=config)


def preview_notice(biller_id: str, user_id: str, **members: Any) -> dict[str, Any]:
    """Each channel's message. ``members`` as of command ``preview_notice``; its change is one that the domain takes.

    Raises InvoiceNotFoundError, PreviewFailedError.
    """
    command = {"operation": "preview_notice", "biller_id": biller_id, "user_id": user_id, **members}
    shown, has_failed = _invoke(command)
    code = shown.get("error", {}).get("code", "")
    if code == "invoice_not_found":
        raise InvoiceNotFoundError(members["number"])
    if has_failed or code:
        raise PreviewFailedError(code or "defect")
    return shown


def _invoke(command: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """Its answer, and whether it ended in an error instead."""
    try:
        answer = client().invoke(FunctionName=get_settings().notice_command_function, Payload=json.dumps(command))
        return json.loads(answer["Payload"].read()), "FunctionError" in answer
    except HTTPClientError as error:
        raise PreviewFailedError(type(error).__name__) from error
    except ClientError as error:
        # Without a permission, or without the function, asking again is of no use.
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        if status < HTTPStatus.INTERNAL_SERVER_ERROR and status != HTTPStatus.TOO_MANY_REQUESTS:
            raise
        raise PreviewFailedError(error.response["Error"]["Code"]) from error
