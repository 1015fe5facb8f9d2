"""What a report is before it is a file: a heading, what it was made from, a summary of small tables, one long table.

Cells are plain values; the column says what they are: text (also numbers of accounts and bills), whole numbers, whole
rupiah, local dates as ISO text, instants as texts of ``clock.to_text``. '' and None are empty.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Row = Sequence[Any]


class Cells(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    MONEY = "money"
    DATE = "date"
    INSTANT = "instant"


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    cells: Cells = Cells.TEXT
    width: int = 16
    """Characters."""


@dataclass(frozen=True, slots=True)
class Table:
    title: str
    columns: Sequence[Column]
    rows: Iterable[Row]
    totals: Row | Callable[[], Row] | None = None
    """The last row; a function when it is known only after the rows were gone through."""

    def read_totals(self) -> Row | None:
        return self.totals() if callable(self.totals) else self.totals


@dataclass(frozen=True, slots=True)
class Document:
    title: str
    facts: Sequence[tuple[str, str]]
    """Label and text: of whom, as of when, filtered by what."""
    details: Table
    summarise: Callable[[], Sequence[Table]]
    """The summary; asked for after the details were gone through."""
    zone: str
    """In which instants are shown."""
    summary_name: str
    """Of its sheet."""
    details_name: str
    more: Sequence[Table] = field(default_factory=tuple)
    """Further long tables, a sheet each."""


def count_rows(rows: Iterable[Row], counted: list[int]) -> Iterator[Row]:
    """The rows as they are; ``counted[0]`` becomes how many they were."""
    for row in rows:
        counted[0] += 1
        yield row
