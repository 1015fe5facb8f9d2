"""Other functions of the product, asked for what only they can do: their commands, by Lambda invoke."""

import json
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


class FunctionFailedError(Exception):
    """The function ended in an error (its own log says why), or could not be reached; it may be asked again."""


@lru_cache(maxsize=1)
def client() -> "LambdaClient":
    # Twice within the 29 seconds that callers behind an HTTP API have.
    config = Config(retries={"mode": "standard", "total_max_attempts": 2}, connect_timeout=2, read_timeout=12)
    return boto3.client("lambda", config=config)


def invoke_function(name: str, command: dict[str, Any]) -> dict[str, Any]:
    """Its answer, a refusal too. Raises FunctionFailedError."""
    try:
        answer = client().invoke(FunctionName=name, Payload=json.dumps(command).encode())
        shown: dict[str, Any] = json.loads(answer["Payload"].read())
    except HTTPClientError as error:
        raise FunctionFailedError(type(error).__name__) from error
    except ClientError as error:
        # Without a permission, or without the function, asking again is of no use.
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        if status < HTTPStatus.INTERNAL_SERVER_ERROR and status != HTTPStatus.TOO_MANY_REQUESTS:
            raise
        raise FunctionFailedError(error.response["Error"]["Code"]) from error
    if answer.get("FunctionError"):
        raise FunctionFailedError("defect")
    return shown
