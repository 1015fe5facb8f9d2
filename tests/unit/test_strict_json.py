"""JSON of a payment message: read in one way only, and bounded."""

import json
import time
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from va_callback.strict_json import MAX_DEPTH, NotStrictJsonError, parse_object, write_decimal


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"{",
        b'{"a":1,}',
        b"{'a':1}",
        b'{"a":NaN}',
        b'{"a":-Infinity}',
        b'{"a":1,"a":1}',
        b'{"a":1,"\\u0061":2}',
        b'{"deep":{"b":1,"b":2}}',
        b'{"a":' + b"9" * 33 + b"}",
        b'{"a":0.' + b"1" * 40 + b"}",
        b'{"a":' + b"[" * MAX_DEPTH + b"]" * MAX_DEPTH + b"}",
        b"[" * 30_000,
        b'{"a":"\\ud800"}',
        b'{"\\udfff":1}',
        b'{"a":"\xff"}',
        b'\xef\xbb\xbf{"a":1}',
        '{"a":1}'.encode("utf-16"),
        b'{"a":"line\nbreak"}',
        b"{} {}",
    ],
)
def test_what_is_no_json_object_or_has_two_readings_is_refused(raw: bytes) -> None:
    with pytest.raises(NotStrictJsonError):
        parse_object(raw)


def test_brackets_in_strings_are_no_depth_and_pairs_of_surrogates_are_letters() -> None:
    assert parse_object(b'{"a":"[[[[[[[[[[[[[[[[[[[[[[[\\"[","b":"\\ud83c\\udf93"}')["b"] == "🎓"


@pytest.mark.parametrize("raw", [b'{"a":"' + b'\\"' * 16_000, b'{"a":' + b'"\\' * 16_000, b'"' * 32_000])
def test_strings_that_never_end_are_refused_in_no_time(raw: bytes) -> None:
    """Each quote was once tried to the end of the text: seconds of the CPU for one call."""
    began = time.process_time()
    with pytest.raises(NotStrictJsonError):
        parse_object(raw)
    assert time.process_time() - began < 0.5


@given(
    st.lists(
        st.integers(-(10**25), 10**25) | st.decimals(allow_nan=False, allow_infinity=False, min_value=-9, places=9)
    )
)
def test_numbers_that_were_read_are_written_as_the_numbers_that_they_are(numbers: list[Any]) -> None:
    raw = b'{"a":[' + b",".join(str(number).encode() for number in numbers if len(str(number)) <= 32) + b"]}"
    value = parse_object(raw)
    assert json.loads(orjson.dumps(value, default=write_decimal), parse_float=Decimal) == value


def test_nothing_but_numbers_is_written_beside_what_json_has() -> None:
    with pytest.raises(TypeError):
        orjson.dumps({"a": {1, 2}}, default=write_decimal)


def test_fractions_are_never_floats() -> None:
    assert parse_object(b'{"a":1.10,"b":6011}') == {"a": Decimal("1.10"), "b": 6011}


@given(
    st.dictionaries(
        st.text(st.characters(codec="utf-8")),
        st.integers(-(10**30), 10**30) | st.text(st.characters(codec="utf-8")) | st.none(),
    )
)
def test_every_plain_object_is_read_as_written(value: dict[str, Any]) -> None:
    for ascii_only in (True, False):
        assert parse_object(json.dumps(value, ensure_ascii=ascii_only).encode()) == value


@given(st.binary() | st.text(alphabet='{}[]",:\\u0dD8ef1 ').map(str.encode))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    try:
        value = parse_object(raw)
    except NotStrictJsonError:
        return
    assert value == json.loads(raw, parse_float=Decimal)
    json.dumps(value, ensure_ascii=False, default=str).encode()
