"""JSON of a payment message: one reading only, and bounded."""

import json
import re
from decimal import Decimal
from typing import Any

MAX_DEPTH = 16
MAX_NUMBER_LENGTH = 32

_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_NOT_BRACKETS = re.compile(rb"[^\[\]{}]+")
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")


class NotStrictJsonError(Exception):
    """The text is no JSON object, or one that two readers could read differently."""


def parse_object(raw: bytes) -> dict[str, Any]:
    """The object; numbers with a fraction or an exponent as Decimal. Raises NotStrictJsonError.

    Refused beside what is no JSON: a name given twice in one object, deep nesting, long numbers, NaN and Infinity,
    halves of surrogate pairs, and any encoding but UTF-8.
    """
    _check_depth(raw)
    try:
        text = raw.decode()
        value = json.loads(
            text,
            object_pairs_hook=_build_object,
            parse_int=_read_int,
            parse_float=_read_decimal,
            parse_constant=_refuse_constant,
        )
        if _SURROGATE_ESCAPE.search(text):
            # Only a pair can be written as UTF-8.
            json.dumps(value, ensure_ascii=False, default=str).encode()
    except (ValueError, RecursionError) as error:
        raise NotStrictJsonError(type(error).__name__) from None
    if not isinstance(value, dict):
        raise NotStrictJsonError("not an object")
    return value


def _check_depth(raw: bytes) -> None:
    depth = 0
    for byte in _NOT_BRACKETS.sub(b"", _STRING.sub(b"", raw)):
        depth += 1 if byte in b"[{" else -1
        if depth > MAX_DEPTH:
            raise NotStrictJsonError("too deep")


def _build_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    built = dict(pairs)
    if len(built) != len(pairs):
        raise NotStrictJsonError("a name given twice")
    return built


def _read_int(text: str) -> int:
    _check_number(text)
    return int(text)


def _read_decimal(text: str) -> Decimal:
    _check_number(text)
    return Decimal(text)


def _check_number(text: str) -> None:
    if len(text) > MAX_NUMBER_LENGTH:
        raise NotStrictJsonError("a number too long")


def _refuse_constant(_text: str) -> Any:
    raise NotStrictJsonError("not a number")
