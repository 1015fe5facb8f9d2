"""Other functions of the product, asked for what only they can do: their commands, by Lambda invoke."""

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


class FunctionFailedError(Exception):
    """The function ended in an error; its own log says why."""


@lru_cache(maxsize=1)
def client() -> "LambdaClient":
    # Twice within the 29 seconds that callers behind an HTTP API have.
    config = Config(retries={"mode": "standard", "total_max_attempts": 2}, connect_timeout=2, read_timeout=12)
    return boto3.client("lambda", config=config)


def invoke_function(name: str, command: dict[str, Any]) -> dict[str, Any]:
    """Its answer, a refusal too. Raises FunctionFailedError."""
    answer = client().invoke(FunctionName=name, Payload=json.dumps(command).encode())
    shown: dict[str, Any] = json.loads(answer["Payload"].read())
    if answer.get("FunctionError"):
        raise FunctionFailedError(name)
    return shown
