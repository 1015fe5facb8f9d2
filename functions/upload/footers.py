"""Rows that are no bills: blank rows, and the total, signature and note rows that stand below the data.

Such a row is passed over only at the end of the sheet and only when nothing in it could be a bill. Anything like it
between bills is an error: better a question too many than a family that gets no bill.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from invoicing.modules.columns import Kind, WorkbookSpec
from invoicing.typed_text import clean_text
from invoicing.workbooks.reader import Cell
from upload.sheets import DataSheet, is_filled

_SHORT = 100
"""Characters of a cell that are looked at: what makes a row a footer stands at the beginning."""
_TOTAL = re.compile(r"(?:grand\s*|sub\s*-?)?(?:total|jumlah|sum)\b[^0-9]*", re.IGNORECASE)
_AMOUNT = re.compile(r"(?:rp\.?|idr)?[\s.,-]*\d[\s\d.,-]*", re.IGNORECASE)
_NOTE = re.compile(
    r"(?:mengetahui|menyetujui|disetujui|diperiksa|dibuat|disiapkan|hormat|catatan|note|notes|ket|keterangan|terbilang"
    r"|nip|nik|nuptk|niy|ttd|tanda tangan|tertanda|kepala|bendahara|direktur|manager|manajer|pimpinan|ketua|yayasan"
    r"|prepared|approved|signature|dicetak|printed|sumber|halaman|page|\*+)\b",
    re.IGNORECASE,
)
_PLACE_AND_DATE = re.compile(r"[A-Z][\w .'-]+,\s*\d{1,2}\s+\w+\s+\d{4}", re.IGNORECASE)
_CARRIES_MEANING = frozenset({Kind.DATE, Kind.PHONE, Kind.EMAIL, Kind.PERIOD, Kind.SCHOOL_YEAR, Kind.EXPIRY})

Row = tuple[int, list[Cell]]


class FooterKind(StrEnum):
    TOTAL = "total"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Footer:
    row: int
    cells: list[Cell]
    kind: FooterKind


class FooterFilter:
    """Passes data rows on and holds back what looks like a footer until it is known whether data follows."""

    def __init__(self, data: DataSheet, spec: WorkbookSpec) -> None:
        indexes = {field.column.key: field.index for field in data.fields if field.column}
        self._key_index = indexes[next(column.key for column in spec.columns if column.required)]
        self._due_index = indexes["due_date"]
        self._amount_index = indexes["amount"]
        self._meaningful = [
            field.index for field in data.fields if field.column and field.column.kind in _CARRIES_MEANING
        ]
        self._required = [field.index for field in data.fields if field.column and field.column.required]
        self._counters = {field.index for field in data.fields if field.is_ignored}
        self._after_gap = False
        self.held: list[Footer] = []
        """Footers seen since the last data row; at the end of the sheet, the footers of the sheet."""
        self.totals_inside: set[int] = set()
        """Rows that look like totals but have data below them."""

    def sift(self, rows: list[Row]) -> list[Row]:
        """The data rows among ``rows``, with footers held back earlier when data does follow them."""
        kept: list[Row] = []
        key, due = self._key_index, self._due_index
        for entry in rows:
            cells = entry[1]
            day = cells[due]
            if cells[key] == "" or day == "" or (isinstance(day, str) and not day[0].isdigit()):
                if not any(map(is_filled, cells)):
                    self._after_gap = True
                    continue
                kind = self._classify(cells)
                if kind:
                    self.held.append(Footer(entry[0], cells, kind))
                    continue
            if self.held:
                kept.extend(self._release())
            self._after_gap = False
            kept.append(entry)
        return kept

    def _release(self) -> list[Row]:
        self.totals_inside.update(footer.row for footer in self.held if footer.kind is FooterKind.TOTAL)
        rows = [(footer.row, footer.cells) for footer in self.held]
        self.held = []
        return rows

    def _classify(self, cells: list[Cell]) -> FooterKind | None:
        texts = {
            index: clean_text(cell) if isinstance(cell, str) else cell
            for index, cell in enumerate(cells)
            if is_filled(cell)
        }
        if not self._counters.isdisjoint(texts):
            return None
        # A merged "TOTAL" fills every cell it spans.
        rest = {index: cell for index, cell in texts.items() if not (isinstance(cell, str) and _is_total(cell))}
        if all(_is_sum(cell) for cell in rest.values()) and not any(index in rest for index in self._meaningful):
            has_word = len(rest) < len(texts)
            only_sums = self._amount_index in rest and not any(
                index in rest for index in self._required if index != self._amount_index
            )
            if has_word or only_sums:
                return FooterKind.TOTAL
        return FooterKind.NOTE if self._is_note(texts) else None

    def _is_note(self, texts: dict[int, Cell]) -> bool:
        words = [cell for cell in texts.values() if isinstance(cell, str)]
        if len(words) < len(texts):
            return False
        distinct = set(words)
        keywords = {word for word in distinct if _is_signature(word[:_SHORT])}
        others = distinct - keywords
        # A name below a signature line: words without digits, and few of them.
        if any("@" in word or any(character.isdigit() for character in word) for word in others):
            return False
        filled_required = {texts[index] for index in self._required if index in texts} - keywords
        if keywords or self.held:
            return len(filled_required) <= 2
        return self._after_gap and len(distinct) == 1 and len(filled_required) <= 1


def _is_total(word: str) -> bool:
    return len(word) <= _SHORT and _TOTAL.fullmatch(word) is not None


def _is_signature(word: str) -> bool:
    return _NOTE.match(word) is not None or _PLACE_AND_DATE.fullmatch(word) is not None


def _is_sum(cell: Cell) -> bool:
    if isinstance(cell, str):
        return len(cell) <= _SHORT and _AMOUNT.fullmatch(cell) is not None
    return isinstance(cell, int | float) and not isinstance(cell, bool)
