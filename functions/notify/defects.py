"""Logging of unexpected exceptions: type and place only, since messages of exceptions may quote names and addresses."""

import traceback
from typing import Any


def describe(error: BaseException) -> dict[str, Any]:
    frames = traceback.extract_tb(error.__traceback__)
    return {"error": type(error).__name__, "at": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]}
