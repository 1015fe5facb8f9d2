"""School years, periods and instalments as schools write them, and the invoice number derived from them.

The derived number is what stops a second bill for the same thing, so the same bill always gets the same number: however
``Juli 2026``, ``Jul-26`` or an Excel date was typed, ``UNIT-NIS-JENIS-TAHUN-PERIODE`` is one text.
"""

import re
from base64 import b32encode
from datetime import date
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple
from unicodedata import normalize

from invoicing.calendar import MONTHS, parse_date
from invoicing.invoices import InvoiceDraft
from invoicing.typed_text import InvalidValueError, clean_text

MAX_NUMBER = 40
MAX_INSTALLMENTS = 60
_DIGEST_LENGTH = 8

_YEAR_PAIR = re.compile(r"(20\d{2})\s*[/\-–]\s*(20\d{2}|\d{2})|(20\d{2})(20\d{2})", re.ASCII)
_YEAR_PREFIX = re.compile(r"^(?:t\.?\s?a\.?|tahun (?:ajaran|pelajaran)|tp\.?)\s+", re.IGNORECASE)
_INSTALLMENT = re.compile(
    r"[\s,(–-]*\b(?:cicilan|angsuran|termin|installment|instalment)\s*(?:ke\s*-?\s*)?(\d{1,2})\s*(?:/|dari|of)\s*(\d{1,2})\)?",
    re.IGNORECASE,
)
_PERIOD_PREFIX = re.compile(r"^(?:periode|period|bulan|bln\.?|month|spp)\s+", re.IGNORECASE)
_SEMESTER = re.compile(r"(?:s|sem|smt|semester)[\s.\-]*(1|2|i{1,2}|ganjil|gasal|genap|odd|even)", re.IGNORECASE)
_SEMESTER_WORDS = {"ganjil": "S1", "gasal": "S1", "odd": "S1", "1": "S1", "i": "S1"} | {
    "genap": "S2",
    "even": "S2",
    "2": "S2",
    "ii": "S2",
}
_YEAR_FIRST = re.compile(r"(20\d{2})[\s/.\-]?(0?[1-9]|1[0-2])", re.ASCII)
_YEAR_LAST = re.compile(r"(0?[1-9]|1[0-2])[\s/.\-](20\d{2})", re.ASCII)
_MONTH_NAME = re.compile(r"([a-z]{3,9})\.?(?:[\s\-/',]*(20\d{2}|\d{2}))?", re.ASCII | re.IGNORECASE)
_TRAILING_YEARS = re.compile(
    r"[\s,(]+(?:t\.?a\.?\s*)?((20\d{2})\s*[/\-]\s*(20\d{2}|\d{2}))\)?$", re.ASCII | re.IGNORECASE
)
_SYMBOLS = re.compile(r"[\W_]+")


class Period(NamedTuple):
    """What the cell Periode says by itself, before the school year is known."""

    text: str
    """``2026-07``, ``S1``, ``S2``, upper-case free text, or empty (only an instalment was named)."""
    month: int = 0
    """1-12 for a bare month name: its calendar year follows from the school year."""
    installment: str = ""
    school_year: str = ""
    """The school year written in the same cell, if any."""


def parse_school_year(cell: object) -> str:
    """``2026/2027`` from ``2026/2027``, ``2026-2027``, ``2026/27``, ``TA 2026/2027``. Raises InvalidValueError."""
    text = str(int(cell)) if isinstance(cell, int | float) and cell == cell and abs(cell) < 10**9 else cell
    if isinstance(text, str):
        match = _YEAR_PAIR.fullmatch(_YEAR_PREFIX.sub("", clean_text(text)))
        if match:
            first = int(match[1] or match[3])
            second = match[2] or match[4]
            last = int(second) if len(second) == 4 else first // 100 * 100 + int(second)
            if last != first + 1:
                raise InvalidValueError("school_year_not_consecutive", expected=f"{first}/{first + 1}")
            return f"{first}/{last}"
    raise InvalidValueError("school_year_invalid")


def split_installment(text: str) -> tuple[str, str]:
    """``("Uang Pangkal", "2/3")`` from ``Uang Pangkal Cicilan 2/3``; the second is empty where none is named."""
    match = _INSTALLMENT.search(text)
    if not match:
        return text, ""
    part, whole = int(match[1]), int(match[2])
    if not 1 <= part <= whole <= MAX_INSTALLMENTS or whole < 2:
        raise InvalidValueError("installment_invalid", part=part, whole=whole)
    return clean_text(text[: match.start()] + " " + text[match.end() :]), f"{part}/{whole}"


def parse_period(cell: object, *, header: str = "") -> Period:
    """The period of a cell. ``header`` (normalised) tells whether a bare 1 or 2 is a month or a semester.

    Raises InvalidValueError for a bare 1 or 2 under another header, and for impossible instalments and school years.
    """
    if isinstance(cell, date):
        return Period(f"{cell:%Y-%m}")
    if isinstance(cell, bool) or not isinstance(cell, str | int | float):
        raise InvalidValueError("period_invalid")
    if isinstance(cell, int | float):
        return _parse_number(cell, header)
    text, installment = split_installment(clean_text(cell))
    school_year = ""
    match = _TRAILING_YEARS.search(f" {text}")
    # "2026-07" is a month; "2026-27" and anything with two whole years is a school year.
    if match and (len(match[3]) == 4 or int(match[3]) == int(match[2][2:]) + 1):
        school_year = parse_school_year(match[1])
        text = text[: max(match.start() - 1, 0)].strip()
    bare = _PERIOD_PREFIX.sub("", text)
    if re.fullmatch(r"0?[1-9]|1[0-2]", bare, re.ASCII):
        period = _parse_number(int(bare), header)
    else:
        period = _parse_words(bare, text)
    if not (period.text or period.month or installment):
        if not school_year:
            raise InvalidValueError("period_invalid")
        period = Period(school_year.replace("/", "-"))
    return Period(period.text, period.month, installment, school_year)


def _parse_number(number: float, header: str) -> Period:
    # Not for nan and inf either, which a cell can hold (1e400).
    if not (abs(number) < 10**9 and number == int(number)):
        raise InvalidValueError("period_invalid")
    whole = int(number)
    if header == "semester" and whole in (1, 2):
        return Period(f"S{whole}")
    if 1 <= whole <= 12:
        if whole <= 2 and header not in ("bulan", "month"):
            raise InvalidValueError("period_ambiguous", number=whole)
        return Period("", whole)
    match = _YEAR_FIRST.fullmatch(str(whole))
    if match:
        return Period(f"{match[1]}-{int(match[2]):02d}")
    try:
        return Period(f"{parse_date(number):%Y-%m}")
    except InvalidValueError:
        raise InvalidValueError("period_invalid") from None


def _parse_words(bare: str, text: str) -> Period:
    semester = _SEMESTER.fullmatch(bare)
    word = semester[1].lower() if semester else bare.lower()
    if word in _SEMESTER_WORDS:
        return Period(_SEMESTER_WORDS[word])
    match = _YEAR_FIRST.fullmatch(bare)
    if match:
        return Period(f"{match[1]}-{int(match[2]):02d}")
    match = _YEAR_LAST.fullmatch(bare)
    if match:
        return Period(f"{match[2]}-{int(match[1]):02d}")
    match = _MONTH_NAME.fullmatch(bare)
    if match and match[1].lower() in MONTHS:
        month = MONTHS[match[1].lower()]
        if not match[2]:
            return Period("", month)
        return Period(f"{match[2] if len(match[2]) == 4 else '20' + match[2]}-{month:02d}")
    try:
        # A whole date typed as text means its month, as an Excel date does.
        return Period(f"{parse_date(bare):%Y-%m}")
    except InvalidValueError:
        is_year = re.fullmatch(r"20\d{2}", text, re.ASCII)
        if text and not is_year and not any(character.isalpha() for character in text):
            raise InvalidValueError("period_invalid") from None
        return Period(text.upper())


def place_period(period: Period, school_year: str) -> str:
    """The normalised period within a school year that runs from July to June: a bare month gets its calendar year.

    Raises InvalidValueError if the cell names another school year.
    """
    if period.school_year and period.school_year != school_year:
        raise InvalidValueError("period_other_school_year", period_year=period.school_year, school_year=school_year)
    if period.month:
        first, last = school_year.split("/")
        return f"{first if period.month >= 7 else last}-{period.month:02d}"
    return period.text


def is_outside_school_year(period: str, school_year: str) -> bool:
    """True for a month (``2026-07``) before July of the first or after June of the second year."""
    first, last = school_year.split("/")
    return bool(_YEAR_FIRST.fullmatch(period)) and not f"{first}-07" <= period <= f"{last}-06"


class NumberFrame(NamedTuple):
    """A derived number without its student: everything that the bills of one fee and period share."""

    head: str
    fee: str
    tail: str
    is_plain: bool
    canonical: str

    def complete(self, nis: str) -> str:
        """The number of one student's bill, at most 40 characters.

        What folding would leave empty, blur in the NIS, or make too long gets a digest of the whole, so that two bills
        never share a number unseen.
        """
        student = nis.upper() if nis.isascii() else normalize("NFKC", nis).upper()
        number = f"{self.head}{student}-{self.fee}{self.tail}"
        if self.is_plain and len(number) <= MAX_NUMBER and (student.isalnum() or student.replace(".", "").isalnum()):
            return number
        digest_input = f"{self.canonical}\x1f{student}".encode()
        digest = b32encode(blake2b(digest_input, digest_size=_DIGEST_LENGTH * 5 // 8).digest()).decode()
        # The fee is what gives way: unit, NIS, year and period are what people look for in a number.
        excess = max(len(number) + 1 + _DIGEST_LENGTH - MAX_NUMBER, 0)
        number = f"{self.head}{student}-{self.fee[: max(len(self.fee) - excess, 1)]}{self.tail}"
        return f"{number[: MAX_NUMBER - 1 - _DIGEST_LENGTH]}-{digest}"


def frame_number(unit: str, fee_type: str, school_year: str, period: str, installment: str) -> NumberFrame:
    """``UNIT-NIS-JENIS-TAHUN-PERIODE``, e.g. ``SMP-00231-SPP-2627-202607``, still without the NIS.

    Unit, fee type and period keep letters and digits only; an instalment adds ``-C2.3``.
    """
    first, last = school_year.split("/")
    parts = [first[2:] + last[2:]]
    if period:
        parts.append(fold_words(period))
    if installment:
        parts.append("C" + installment.replace("/", "."))
    head, fee = fold_words(unit), fold_words(fee_type)
    is_plain = bool((head or not unit) and fee and all(parts))
    canonical = "\x1f".join(
        [fold_words(part) or part for part in (unit, fee_type, school_year, period)] + [installment]
    )
    return NumberFrame(head and f"{head}-", fee, f"-{'-'.join(filter(None, parts))}", is_plain, canonical)


def derive_number(draft: InvoiceDraft) -> str:
    """The number that a school bill has when its row names none, whatever number it has."""
    student = draft["student"]
    frame = frame_number(
        student.get("unit", ""),
        draft["fee_type"],
        draft["school_year"],
        draft.get("period", ""),
        draft.get("installment", ""),
    )
    return frame.complete(student["nis"])


@lru_cache(10_000)
def fold_words(text: str) -> str:
    """Letters and digits only, upper case: ``Antar-Jemput`` and ``antar jemput`` are one fee."""
    return _SYMBOLS.sub("", normalize("NFKC", text)).upper()
