"""JSON of a payment message: one reading only, and bounded."""

import json
import re
from decimal import Decimal
from typing import Any

import orjson

MAX_DEPTH = 16
MAX_NUMBER_LENGTH = 32

# A string, the last one perhaps cut off: were that no match, every quote after it would be tried to the text's end.
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)', re.DOTALL)
_NOT_BRACKETS = re.compile(rb"[^\[\]{}]+")
_LONGEST_INT = 18
"""Digits that surely fit 64 bits, which is all that orjson writes."""
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")


class NotStrictJsonError(Exception):
    """The text is no JSON object, or one that two readers could read differently."""


def parse_object(raw: bytes) -> dict[str, Any]:
    """The object; numbers with a fraction or an exponent, and very long ones, as Decimal. Raises NotStrictJsonError.

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


def write_decimal(value: Any) -> orjson.Fragment:
    """For ``orjson.dumps(default=...)``: a Decimal that was read here as the number that it is."""
    if isinstance(value, Decimal):
        return orjson.Fragment(str(value))
    raise TypeError(type(value).__name__)


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


def _read_int(text: str) -> int | Decimal:
    _check_number(text)
    return int(text) if len(text) <= _LONGEST_INT else Decimal(text)


def _read_decimal(text: str) -> Decimal:
    _check_number(text)
    return Decimal(text)


def _check_number(text: str) -> None:
    if len(text) > MAX_NUMBER_LENGTH:
        raise NotStrictJsonError("a number too long")


def _refuse_constant(_text: str) -> Any:
    raise NotStrictJsonError("not a number")
