"""The bank's daily settlement file of virtual accounts: how a bank writes it, and its lines as facts.

Every bank writes it its own way, so names of columns, delimiter, forms of dates and amounts are data of the bank.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any

from invoicing import clock
from invoicing.errors import SettlementFormatError
from invoicing.money import MAX_RUPIAH

HEAD_WITHIN = 30
"""Rows from the top within which the head row must stand; banks like to put their name and a title above it."""
MAX_LINES = 200_000
"""What ReconcileFunction ends in a third of its time (``tests.bench reconcile``)."""
_MAX_TEXT = 64
_EXACT_NUMBER = 10**15
"""A number cell holds no more digits than these; a longer account number in one has lost its end."""


class AmountForm(StrEnum):
    PLAIN = "plain"
    """``150000`` or ``150000.00``."""
    INDONESIAN = "indonesian"
    """``150.000`` or ``150.000,00``."""
    ENGLISH = "english"
    """``150,000`` or ``150,000.00``."""


_AMOUNTS = {
    AmountForm.PLAIN: re.compile(r"(\d{1,15})(?:\.0{1,2})?", re.ASCII),
    AmountForm.INDONESIAN: re.compile(r"(\d{1,3}(?:\.\d{3})*|\d{1,15})(?:,0{1,2})?", re.ASCII),
    AmountForm.ENGLISH: re.compile(r"(\d{1,3}(?:,\d{3})*|\d{1,15})(?:\.0{1,2})?", re.ASCII),
}
MEMBERS = ("va_number", "amount", "date", "time", "reference", "request_id", "mark")
REQUIRED = ("va_number", "amount", "date")


class LineKind(StrEnum):
    CREDIT = "credit"
    REVERSAL = "reversal"
    """The bank took a payment back."""


@dataclass(frozen=True, slots=True)
class SettlementFormat:
    """How one bank writes its file; the default is what ``infra.local`` writes."""

    columns: Mapping[str, str] = field(
        default_factory=lambda: {
            "va_number": "VA Number",
            "amount": "Amount",
            "date": "Date",
            "time": "Time",
            "reference": "Reference",
            "request_id": "Payment Request ID",
            "mark": "Type",
        }
    )
    """Member of a line -> head of its column; ``va_number``, ``amount`` and ``date`` at least."""
    delimiter: str = ","
    encoding: str = "utf-8-sig"
    date_form: str = "%Y-%m-%d"
    """Of ``datetime.strptime``; the column may hold the time too."""
    time_form: str = "%H:%M:%S"
    amount_form: AmountForm = AmountForm.PLAIN
    reversal_marks: tuple[str, ...] = ("R", "REV", "REVERSAL")
    """Texts of the column ``mark`` that make a line a reversal, in any case; a negative amount does so too."""
    cut_off: str = "23:00"
    """Jakarta time; what is paid later stands in the next day's file. Some lines near it may come a day later."""

    def as_record(self) -> dict[str, Any]:
        return {**asdict(self), "columns": dict(self.columns), "reversal_marks": list(self.reversal_marks)}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "SettlementFormat":
        """Raises SettlementFormatError naming what cannot be used."""
        members = dict(record)
        members["amount_form"] = AmountForm(members.get("amount_form", AmountForm.PLAIN))
        members["reversal_marks"] = tuple(members.get("reversal_marks", cls().reversal_marks))
        made = cls(**members)
        made.check()
        return made

    def check(self) -> None:
        """Raises SettlementFormatError."""
        if not set(REQUIRED) <= set(self.columns) <= set(MEMBERS) or not all(self.columns.values()):
            raise SettlementFormatError("columns")
        if len(set(map(_normalise, self.columns.values()))) != len(self.columns):
            raise SettlementFormatError("columns")
        if len(self.delimiter) != 1:
            raise SettlementFormatError("delimiter")
        if self.encoding not in ("utf-8-sig", "cp1252", "utf-16"):
            raise SettlementFormatError("encoding")
        sample = datetime(2026, 11, 27, 13, 45)  # noqa: DTZ001 - only its form counts
        try:
            same_day = datetime.strptime(sample.strftime(self.date_form), self.date_form).date() == sample.date()  # noqa: DTZ007
            datetime.strptime(sample.strftime(self.time_form), self.time_form)  # noqa: DTZ007
            time.fromisoformat(self.cut_off)
        except ValueError:
            same_day = False
        if not same_day:
            raise SettlementFormatError("date_form, time_form, cut_off")

    def find_day(self, paid_at: str) -> date:
        """The day whose file should hold a payment of this instant."""
        local = clock.from_text(paid_at).astimezone(clock.JAKARTA)
        after = local.time() >= time.fromisoformat(self.cut_off) and self.cut_off != "00:00"
        return local.date() + timedelta(days=after)


@dataclass(frozen=True, slots=True)
class SettlementLine:
    place: int
    """Row of the file, from 1."""
    kind: LineKind
    va_number: str
    amount: int
    paid_at: str
    """UTC text; the day's beginning where the file tells no time."""
    reference: str = ""
    request_id: str = ""

    @property
    def identity(self) -> str:
        """What makes it the same line in another file."""
        return f"{self.kind}#{self.reference or self.request_id or '-'}#{self.amount}#{self.paid_at}"


@dataclass(frozen=True, slots=True)
class UnreadableLine:
    place: int
    member: str
    """Which cell cannot be read."""


def read_lines(
    rows: Iterator[Sequence[Any]], form: SettlementFormat, received_at: str
) -> Iterator[SettlementLine | UnreadableLine]:
    """Lines of a file given as rows of cells (text, numbers, dates as ISO text with a ``T``).

    A line of a day later than the one that was being settled when the file came (``received_at``) is unreadable: its
    date is wrong, and would make all payments before it look missed. Raises SettlementFormatError when the head row is
    not found, or when there are too many lines.
    """
    numbered = enumerate(rows, start=1)
    places = _find_head(numbered, form)
    last_day = form.find_day(received_at)
    for place, cells in numbered:
        if place > MAX_LINES:
            raise SettlementFormatError("too_many_lines")
        given = {member: _get(cells, column) for member, column in places.items()}
        # Totals and signatures below the table name no account.
        if given["va_number"] != "":
            yield _read_line(place, given, form, last_day)


def _find_head(numbered: Iterator[tuple[int, Sequence[Any]]], form: SettlementFormat) -> dict[str, int]:
    wanted = {_normalise(name): member for member, name in form.columns.items()}
    for place, cells in numbered:
        found = {wanted[text]: column for column, cell in enumerate(cells) if (text := _normalise(cell)) in wanted}
        if set(REQUIRED) <= set(found):
            return found
        if place >= HEAD_WITHIN:
            break
    raise SettlementFormatError("columns")


def _read_line(
    place: int, given: Mapping[str, Any], form: SettlementFormat, last_day: date
) -> SettlementLine | UnreadableLine:
    member = "va_number"
    try:
        va_number = _read_account(given["va_number"])
        member = "amount"
        amount, is_negative = _read_amount(given["amount"], form)
        member = "date"
        paid_at = _read_instant(given["date"], given.get("time", ""), form)
        if form.find_day(paid_at) > last_day:
            raise ValueError
    except (ValueError, TypeError, OverflowError):
        return UnreadableLine(place, member)
    mark = _normalise(given.get("mark", ""))
    is_reversal = is_negative or mark in {_normalise(text) for text in form.reversal_marks}
    return SettlementLine(
        place,
        LineKind.REVERSAL if is_reversal else LineKind.CREDIT,
        va_number,
        amount,
        paid_at,
        _read_text(given.get("reference", "")),
        _read_text(given.get("request_id", "")),
    )


def _get(cells: Sequence[Any], column: int) -> Any:
    value = cells[column] if column < len(cells) else ""
    return value.strip() if isinstance(value, str) else value


def _normalise(value: Any) -> str:
    return " ".join(str(value).split()).casefold()


def _read_account(value: Any) -> str:
    text = _whole_number(value) if isinstance(value, int | float) else "".join(str(value).split()).lstrip("'")
    if not re.fullmatch(r"[0-9]{8,23}", text):
        raise ValueError
    return text


def _whole_number(value: float) -> str:
    if value != int(value) or abs(value) >= _EXACT_NUMBER:
        raise ValueError
    return str(int(value))


def _read_amount(value: Any, form: SettlementFormat) -> tuple[int, bool]:
    if isinstance(value, int | float):
        amount, is_negative = abs(int(_whole_number(value))), value < 0
    else:
        text = re.sub(r"^(?:rp\.?|idr)\s*", "", str(value).strip(), flags=re.IGNORECASE)
        is_negative = text.startswith("-") or (text.startswith("(") and text.endswith(")"))
        match = _AMOUNTS[form.amount_form].fullmatch(text.strip("-() "))
        if match is None:
            raise ValueError
        amount = int(re.sub(r"\D", "", match[1]))
    if not 0 < amount <= MAX_RUPIAH:
        raise ValueError
    return amount, is_negative


def _read_instant(day: Any, clock_time: Any, form: SettlementFormat) -> str:
    """Local time of Jakarta to UTC text."""
    if isinstance(day, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", day):
        moment = datetime.fromisoformat(day)
    else:
        text = _whole_number(day) if isinstance(day, int | float) else str(day)
        moment = datetime.strptime(text, form.date_form)  # noqa: DTZ007 - the zone follows
    if clock_time != "":
        moment = datetime.combine(moment.date(), _read_time(clock_time, form))
    if not 2000 <= moment.year <= 2100:
        raise ValueError
    return clock.to_text(moment.replace(tzinfo=clock.JAKARTA))


def _read_time(value: Any, form: SettlementFormat) -> time:
    if isinstance(value, str) and re.fullmatch(r"T\d\d:\d\d:\d\d", value):
        return time.fromisoformat(value[1:])
    text = _whole_number(value).zfill(6) if isinstance(value, int | float) else str(value)
    return datetime.strptime(text, form.time_form).time()  # noqa: DTZ007


def _read_text(value: Any) -> str:
    text = _whole_number(value) if isinstance(value, int | float) else str(value)
    return "".join(sign for sign in text.lstrip("'") if sign.isprintable() and sign != "#")[:_MAX_TEXT]
