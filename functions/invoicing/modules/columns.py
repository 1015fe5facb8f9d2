"""What a column of an upload workbook is: the shared language of the template builder and the upload check.

The guide text of a column is ``invoicing.texts`` key ``columns.{module}.{key}`` in both languages.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from invoicing.billers import Module

GUIDE_SHEET = "Petunjuk"
EXAMPLE_SHEET = "Contoh"

REASON_HEADER = "Alasan (Reason)"
"""Header of the column that the failed-rows workbook adds; ignored when the mended file comes back."""
REASON_ENGLISH_HEADER = "Reason (English)"
SOURCE_ROW_HEADER = "Baris Asal (Source Row)"
"""Header of the column with the row number in the first file, likewise ignored."""
RUNNING_NUMBER_HEADERS = ("No", "No.", "#", "No. Urut", "Nomor Urut", "Row")
"""Headers of columns that only count rows; they mean nothing to us and need no warning."""

# A bracket that nobody closes goes on to the end: no header makes the search start again and again.
_BRACKETED = re.compile(r"\([^)]*\)?|\[[^]]*\]?")
_HEADER_PARTS = re.compile(r"[\n\r/|]+")


class Kind(StrEnum):
    """How the cells of a column are read."""

    IDENTIFIER = "identifier"
    """Codes and numbers that are text: leading zeros kept, a numeric cell gives its digits."""
    TEXT = "text"
    MONEY = "money"
    """Whole rupiah."""
    REDUCTION = "reduction"
    """Whole rupiah, or a percentage."""
    QUANTITY = "quantity"
    DATE = "date"
    EXPIRY = "expiry"
    """A date, or a date and time, in Asia/Jakarta."""
    PHONE = "phone"
    EMAIL = "email"
    LANGUAGE = "language"
    CHANNELS = "channels"
    YES_NO = "yes_no"
    PERIOD = "period"
    SCHOOL_YEAR = "school_year"
    UNSUPPORTED = "unsupported"
    """Known, but not built yet: anything but empty or "no" is an error that says so."""


MAX_TYPED = 100
"""Longest text in characters that a column without ``max_length`` reads: amounts, dates and phones are shorter."""
MAX_TYPED_EMAILS = 700
"""Two addresses of 254 characters with a name each."""


@dataclass(frozen=True, slots=True)
class Column:
    key: str
    header: str
    """Indonesian header, as printed in the template and named in messages."""
    header_en: str
    kind: Kind
    aliases: tuple[str, ...] = ()
    """Other headers with the same meaning; case, spaces and punctuation do not matter."""
    required: bool = False
    contact: bool = False
    """At least one of the columns marked so must be filled in every row."""
    max_length: int = 0
    """Longest text accepted, in characters; 0: ``MAX_TYPED`` of its kind."""
    example: str | int = ""
    choices: tuple[str, ...] = ()
    """Values for the dropdown."""
    choices_open: bool = False
    """True: the dropdown only suggests, other values are accepted too."""
    width: int = 18
    """Column width in the template, in characters."""
    in_template: bool = True

    @property
    def longest(self) -> int:
        """Longest text in characters that a cell may hold; no parser ever meets a longer one."""
        return self.max_length or (MAX_TYPED_EMAILS if self.kind is Kind.EMAIL else MAX_TYPED)

    @property
    def text_formatted(self) -> bool:
        """True where Excel must not turn digits into a number (leading zeros, long numbers)."""
        return self.kind in (Kind.IDENTIFIER, Kind.PHONE, Kind.PERIOD, Kind.SCHOOL_YEAR)


@dataclass(frozen=True)
class WorkbookSpec:
    """The workbook of one product module."""

    module: Module
    data_sheet: str
    columns: tuple[Column, ...]
    examples: tuple[Mapping[str, str | int], ...]
    """Rows of the sheet Contoh, by column key; columns not named are empty."""

    @cached_property
    def by_key(self) -> dict[str, Column]:
        return {column.key: column for column in self.columns}

    @cached_property
    def by_header(self) -> dict[str, Column]:
        """Normalised header, English header, key or alias -> column."""
        names: dict[str, Column] = {}
        for column in self.columns:
            for name in (column.header, column.header_en, column.key, *column.aliases):
                names.setdefault(normalise_header(name), column)
        return names

    def find_column(self, header: str) -> Column | None:
        """The column that a header cell means: as a whole, without bracketed remarks, or by agreeing parts.

        ``No. Invoice / Invoice Number`` and two lines in one cell are one header in two languages.
        """
        for name in _list_readings(header):
            column = self.by_header.get(normalise_header(name))
            if column:
                return column
        parts = [normalise_header(part) for part in _HEADER_PARTS.split(header)]
        meanings = {self.by_header[part].key for part in parts if part in self.by_header}
        return self.by_key[meanings.pop()] if len(meanings) == 1 and len(parts) > 1 else None


def _list_readings(header: str) -> Iterator[str]:
    """As it stands, then without its last bracketed remark, its last two, ...: ``No. HP (SMS) (wajib diisi)``."""
    yield header
    for remark in reversed(list(_BRACKETED.finditer(header))):
        header = f"{header[: remark.start()]} {header[remark.end() :]}"
        yield header


def normalise_header(header: str) -> str:
    """Letters and digits only, case folded: ``No. HP (SMS)``, ``no_hp sms`` and ``NO.HP*SMS`` are one header."""
    folded = unicodedata.normalize("NFKC", header).casefold()
    return "".join(character for character in folded if character.isalnum())


_IGNORED = frozenset(
    normalise_header(name)
    for name in (REASON_HEADER, REASON_ENGLISH_HEADER, SOURCE_ROW_HEADER, *RUNNING_NUMBER_HEADERS)
)


def is_ignored_header(header: str) -> bool:
    """True for headers that this system or a row counter made; not for an empty header."""
    name = normalise_header(header)
    return name in _IGNORED if name else header.strip() == "#"
