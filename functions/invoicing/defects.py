"""Logging of unexpected exceptions: type, AWS code and place only; their messages may quote names and addresses."""

import traceback
from typing import Any

from botocore.exceptions import ClientError


def describe(error: BaseException) -> dict[str, Any]:
    name = type(error).__name__
    if isinstance(error, ClientError):
        name = f"{error.operation_name}: {error.response['Error']['Code']}"
    frames = traceback.extract_tb(error.__traceback__)
    return {"error": name, "at": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]}
