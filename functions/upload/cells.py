"""Read the cells of one workbook column, a batch at a time.

A batch goes through checks that cost one C call for the whole column; only what fails them is looked at cell by cell,
and a value met before is not parsed again.
"""

import math
import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from invoicing.calendar import parse_date, parse_expiry
from invoicing.clock import JAKARTA
from invoicing.contacts import parse_common_emails, parse_common_phones, parse_emails, parse_phone
from invoicing.modules.columns import Column, Kind, normalise_header
from invoicing.modules.school_terms import parse_period, parse_school_year
from invoicing.money import parse_quantity, parse_reduction, parse_rupiah
from invoicing.notices import Channel
from invoicing.typed_text import InvalidValueError, clean_text, is_blank
from invoicing.workbooks.reader import Cell, UnreadableCell

MIN_VALIDITY = timedelta(minutes=15)
"""A virtual account that closes sooner cannot be paid by anyone who still has to read the notice."""

_MEMO_SIZE = 20_000
_EXACT_DIGITS = 10**15
"""Excel keeps 15 digits: a longer number in a numeric cell has lost its end."""
_LOST_DIGITS = re.compile(r"\d(?:[.,]\d+)?e\+?\d{2}", re.ASCII | re.IGNORECASE)
_ZERO_ALLOWED = frozenset({"arrears", "item_unit_price"})
_NISN = re.compile(r"\d{10}", re.ASCII)

_YES = frozenset({"ya", "yes", "y", "iya", "true", "benar", "1", "x", "v", "✓", "✔", "boleh"})
_NO = frozenset({"tidak", "no", "n", "false", "salah", "0", "tdk", "tidak boleh", "tidak ada"})
_LANGUAGES = {"id": "id", "ind": "id", "indonesia": "id", "bahasa indonesia": "id", "indonesian": "id"} | {
    "en": "en",
    "eng": "en",
    "english": "en",
    "inggris": "en",
    "bahasa inggris": "en",
}
_CHANNELS = {"wa": Channel.WHATSAPP, "whatsapp": Channel.WHATSAPP, "sms": Channel.SMS} | {
    "email": Channel.EMAIL,
    "e-mail": Channel.EMAIL,
    "surel": Channel.EMAIL,
}

Parser = Callable[[Any], Any]


class ColumnReader:
    """Parses the cells of one column. Empty cells become ``""``, unreadable ones the InvalidValueError itself."""

    def __init__(self, column: Column, header: str, now: datetime) -> None:
        self._is_text = column.kind in (Kind.TEXT, Kind.IDENTIFIER)
        self._max_length = column.max_length
        self._read_common = _COMMON_READERS.get(column.kind)
        self._memo = _Memo(_choose_parser(column, header, now), column.longest)

    def read(self, cells: tuple[Cell, ...]) -> list[Any]:
        if self._is_text and _is_clean(cells, self._max_length):
            return list(cells)
        if self._read_common:
            common = self._read_common(cells)
            if None not in common:
                return common
            odd = iter(self._read_odd(tuple(cell for cell, value in zip(cells, common, strict=True) if value is None)))
            return [next(odd) if value is None else value for value in common]
        return self._read_odd(cells)

    def _read_odd(self, cells: tuple[Cell, ...]) -> list[Any]:
        memo = self._memo
        if len(memo) > _MEMO_SIZE:
            memo.clear()
        if bool in set(map(type, cells)):
            # True equals 1 as a dictionary key, but means something else in a cell.
            return [memo.parse(cell) if isinstance(cell, bool) else memo[cell] for cell in cells]
        return list(map(memo.__getitem__, cells))


class _Memo(dict[Any, Any]):
    """Cell -> parsed value, filled on demand."""

    def __init__(self, parser: Parser, longest: int) -> None:
        super().__init__()
        self._parser = parser
        self._longest = longest

    def __missing__(self, cell: Cell) -> Any:
        value = self[cell] = self.parse(cell)
        return value

    def parse(self, cell: Cell) -> Any:
        if cell == "":
            return ""
        try:
            if isinstance(cell, str) and len(cell) > self._longest:
                # The parsers' patterns must not meet a text of 32,767 characters, which a cell can hold.
                return self._parser(_check_length(clean_text(cell), self._longest))
            return self._parser(cell)
        except InvalidValueError as error:
            # No parser knows unreadable cells, so all of them refuse them; here the reason is told right.
            if isinstance(cell, UnreadableCell):
                code = "cell_error" if cell.kind == "error" else "formula_without_value"
                return InvalidValueError(code, text=cell.text)
            if isinstance(cell, str) and is_blank(clean_text(cell)):
                return ""
            # One object lives in the memo for every equal cell: without its traceback it holds no frames.
            return error.with_traceback(None)


def _is_clean(cells: tuple[Cell, ...], max_length: int) -> bool:
    """True if every cell is a text that cleaning would leave as it is (some that would be left, too, give False)."""
    try:
        joined = f"|{'|'.join(cells)}|"  # type: ignore[arg-type]
    except TypeError:
        return False
    return (
        joined.isascii()
        and joined.isprintable()
        and "  " not in joined
        and "| " not in joined
        and " |" not in joined
        # A cell of dashes means empty; digits with an exponent have lost their end.
        and "|-" not in joined
        and "|_" not in joined
        and "E+" not in joined
        and "e+" not in joined
        and max(map(len, cells)) <= max_length  # type: ignore[arg-type]
    )


def _choose_parser(column: Column, header: str, now: datetime) -> Parser:
    key = column.key
    match column.kind:
        case Kind.TEXT:
            return lambda cell: _check_length(_read_text(cell), column.max_length)
        case Kind.IDENTIFIER:
            if key == "nisn":
                return _parse_nisn
            return lambda cell: _check_length(_read_identifier(cell), column.max_length)
        case Kind.MONEY:
            zero = key in _ZERO_ALLOWED
            return lambda cell: parse_rupiah(cell, zero=zero)
        case Kind.DATE:
            return lambda cell: parse_date(cell).isoformat()
        case Kind.EXPIRY:
            return lambda cell: _parse_expiry(cell, now + MIN_VALIDITY)
        case Kind.UNSUPPORTED:
            return lambda cell: _refuse_unsupported(cell, key)
        case Kind.PERIOD:
            name = normalise_header(header)
            return lambda cell: parse_period(cell, header=name)
    return _PARSERS[column.kind]


def _read_text(cell: Cell) -> str:
    if isinstance(cell, str):
        text = clean_text(cell)
        return "" if is_blank(text) else text
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        raise InvalidValueError(
            "text_became_date" if isinstance(cell, date | time | timedelta) else "text_became_other"
        )
    if not math.isfinite(cell) or abs(cell) >= _EXACT_DIGITS:
        raise InvalidValueError("digits_lost")
    return str(int(cell)) if cell == int(cell) else f"{cell:.15g}"


def _read_identifier(cell: Cell) -> str:
    """Digits typed into a numeric cell are taken as they stand, but not where Excel has dropped some."""
    text = _read_text(cell)
    if (isinstance(cell, str) and _LOST_DIGITS.fullmatch(text)) or (isinstance(cell, float) and cell != int(cell)):
        raise InvalidValueError("digits_lost")
    return text


def _check_length(text: str, maximum: int) -> str:
    if len(text) > maximum:
        raise InvalidValueError("text_longer", length=len(text), maximum=maximum)
    return text


def _parse_nisn(cell: Cell) -> str:
    text = _read_identifier(cell)
    if not _NISN.fullmatch(text):
        raise InvalidValueError("nisn_invalid")
    return text


def _parse_expiry(cell: Cell, earliest: datetime) -> tuple[str, str]:
    """(UTC text, local date of Jakarta)."""
    instant = parse_expiry(cell)
    if instant < earliest:
        raise InvalidValueError("expiry_too_soon", earliest=f"{earliest.astimezone(JAKARTA):%d/%m/%Y %H:%M}")
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}", instant.astimezone(JAKARTA).date().isoformat()


def _read_word(cell: Cell) -> str:
    return ("ya" if cell else "tidak") if isinstance(cell, bool) else _read_text(cell).casefold()


def _parse_yes_no(cell: Cell) -> bool:
    word = _read_word(cell)
    if word not in _YES and word not in _NO:
        raise InvalidValueError("yes_no_invalid")
    return word in _YES


def _refuse_unsupported(cell: Cell, key: str) -> str:
    if _read_word(cell) not in _NO:
        raise InvalidValueError(f"{key}_unsupported")
    return ""


def _parse_language(cell: Cell) -> str:
    language = _LANGUAGES.get(_read_word(cell))
    if not language:
        raise InvalidValueError("language_unknown")
    return language


def _parse_channels(cell: Cell) -> tuple[Channel, ...]:
    words = [word for word in re.split(r"[\s,;/+&|]+|\bdan\b", _read_word(cell)) if word]
    unknown = [word for word in words if word not in _CHANNELS]
    if unknown or not words:
        raise InvalidValueError("channel_unknown", channel=", ".join(unknown))
    return tuple(dict.fromkeys(_CHANNELS[word] for word in words))


_PARSERS: dict[Kind, Parser] = {
    Kind.REDUCTION: parse_reduction,
    Kind.QUANTITY: parse_quantity,
    Kind.PHONE: parse_phone,
    Kind.EMAIL: parse_emails,
    Kind.LANGUAGE: _parse_language,
    Kind.CHANNELS: _parse_channels,
    Kind.YES_NO: _parse_yes_no,
    Kind.SCHOOL_YEAR: parse_school_year,
}

_COMMON_READERS: dict[Kind, Callable[[Sequence[Cell]], list[Any]]] = {
    Kind.PHONE: parse_common_phones,
    Kind.EMAIL: parse_common_emails,
}
