"""Money is whole rupiah: reading it as people type it, percentages of it, and printing it."""

import re
from datetime import date, time, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from invoicing.typed_text import InvalidValueError, clean_text

MAX_RUPIAH = 9_999_999_999_999
"""13 digits: the most that every SNAP bank accepts in ``totalAmount`` (reference: BCA 13.2)."""
_LEAST_PLAIN_REDUCTION = 100
"""A bare number below this in a column that takes rupiah or percent was most likely meant as a percentage."""
_ALL_DIGITS_SHOWN = 10**15
"""Excel shows every digit of whole numbers below this, so that nothing needs rounding."""

_PLAIN = re.compile(r"[1-9]\d{0,12}", re.ASCII)
_CURRENCY = re.compile(r"^(?:rp\.?|idr)\s*|\s*(?:rp\.?|idr|rupiah)$", re.IGNORECASE)
_NO_CENTS = re.compile(r"(?:,-{1,2}|\.-{1,2}|,=)$")
_SCIENTIFIC = re.compile(r"\d+(?:[.,]\d+)?e[+-]?\d+", re.IGNORECASE)
_IN_WORDS = re.compile(r"\d\s*(?:ribu|rb|juta|jt|miliar|milyar|m|k)\.?$", re.IGNORECASE)
_FRACTION = r"(?:{}(?P<cents>\d{{1,2}}))?"
_GROUPED = (
    re.compile(r"(?P<whole>\d{1,3}(?:\.\d{3})+)" + _FRACTION.format(","), re.ASCII),
    re.compile(r"(?P<whole>\d{1,3}(?:,\d{3})+)" + _FRACTION.format(r"\."), re.ASCII),
    re.compile(r"(?P<whole>\d{1,3}(?: \d{3})+)" + _FRACTION.format("[.,]"), re.ASCII),
    re.compile(r"(?P<whole>\d+)" + _FRACTION.format("[.,]"), re.ASCII),
)
_PERCENT = re.compile(r"(\d{1,3})(?:[.,](\d{1,4}))?\s*(?:%|persen|percent)", re.ASCII | re.IGNORECASE)


def parse_rupiah(cell: object, *, zero: bool = False) -> int:
    """Whole rupiah from a cell: a number, ``1.500.000``, ``Rp 1.500.000,-``, ``1,500,000.00`` and the like.

    A dot or comma before three digits groups thousands (``1.500`` is fifteen hundred). Raises InvalidValueError for
    fractions of a rupiah, negative amounts, zero (unless ``zero``), more than 13 digits and everything else.
    """
    amount = _parse_text(cell) if isinstance(cell, str) else _parse_number(cell)
    if amount < 0:
        raise InvalidValueError("amount_negative")
    if amount == 0 and not zero:
        raise InvalidValueError("amount_zero")
    if amount > MAX_RUPIAH:
        raise InvalidValueError("amount_too_large", maximum=format_rupiah(MAX_RUPIAH))
    return amount


def _parse_number(cell: object) -> int:
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        is_date = isinstance(cell, date | time | timedelta)
        raise InvalidValueError("amount_is_date" if is_date else "amount_not_number")
    if isinstance(cell, int):
        return cell
    if cell.is_integer() and abs(cell) < _ALL_DIGITS_SHOWN:
        return int(cell)
    exact = _as_shown(cell)
    if exact != exact.to_integral_value():
        raise InvalidValueError("amount_negative" if exact < 0 else "amount_decimals")
    return int(exact)


def _as_shown(number: float) -> Decimal:
    """The number Excel shows: it keeps 15 significant digits; the binary noise behind them is not the user's."""
    exact = Decimal(f"{number:.15g}")
    if not exact.is_finite():
        raise InvalidValueError("amount_not_number")
    return exact


def _parse_text(cell: str) -> int:
    if _PLAIN.fullmatch(cell):
        return int(cell)
    body = _NO_CENTS.sub("", _CURRENCY.sub("", clean_text(cell))).strip()
    body = _CURRENCY.sub("", body)
    if body.startswith(("-", "−", "–")) or (body.startswith("(") and body.endswith(")")):
        raise InvalidValueError("amount_negative")
    for pattern in _GROUPED:
        match = pattern.fullmatch(body)
        if match:
            whole, cents = re.sub(r"\D", "", match["whole"]), match["cents"]
            if cents and int(cents):
                raise InvalidValueError("amount_decimals")
            if len(whole) > 1 and whole.startswith("0"):
                # A phone or account number in the wrong column, not an amount.
                raise InvalidValueError("amount_not_number")
            if len(whole) > len(str(MAX_RUPIAH)):
                raise InvalidValueError("amount_too_large", maximum=format_rupiah(MAX_RUPIAH))
            return int(whole)
    if _SCIENTIFIC.fullmatch(body):
        raise InvalidValueError("amount_scientific")
    raise InvalidValueError("amount_in_words" if _IN_WORDS.search(body) else "amount_not_number")


def parse_reduction(cell: object) -> int | Decimal:
    """A reduction or tax: ``int`` is rupiah, ``Decimal`` is a percentage (``10%``, or 0.1 from a percent cell).

    Bare numbers from 1 to 99 are refused: nobody gives Rp 10 off, and taking them for percent would be a guess.
    """
    if isinstance(cell, float) and 0 < cell < 1:
        return _as_shown(cell) * 100
    if isinstance(cell, str):
        match = _PERCENT.fullmatch(clean_text(cell))
        if match:
            percent = Decimal(f"{match[1]}.{match[2] or 0}")
            if percent > 100:
                raise InvalidValueError("percent_too_large")
            return percent
    amount = parse_rupiah(cell, zero=True)
    has_currency = isinstance(cell, str) and _CURRENCY.search(clean_text(cell))
    if 0 < amount < _LEAST_PLAIN_REDUCTION and not has_currency:
        raise InvalidValueError("reduction_ambiguous", number=amount)
    return amount


def take_share(amount: int | Decimal, reduction: int | Decimal) -> int:
    """The rupiah that a reduction or tax makes of ``amount``, percentages rounded half up."""
    return reduction if isinstance(reduction, int) else round_half_up(amount * reduction / 100)


def round_half_up(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def parse_quantity(cell: object) -> Decimal:
    """How many: a positive number with at most four decimals; ``1,5`` and ``1.5`` are one and a half.

    Three digits after one separator are refused (``1.500`` may mean fifteen hundred or one and a half).
    """
    if isinstance(cell, bool) or not isinstance(cell, int | float | str):
        raise InvalidValueError("quantity_invalid")
    try:
        if isinstance(cell, str):
            text = clean_text(cell)
            if not re.fullmatch(r"\d{1,9}(?:[.,](?:\d{1,2}|\d{4}))?", text, re.ASCII):
                raise InvalidValueError("quantity_invalid")
            quantity = Decimal(text.replace(",", "."))
        else:
            quantity = Decimal(f"{cell:.15g}")
        if not 0 < quantity < 10**9 or quantity != quantity.quantize(Decimal("0.0001")):
            raise InvalidValueError("quantity_invalid")
    except InvalidOperation:
        raise InvalidValueError("quantity_invalid") from None
    return quantity


def format_quantity(quantity: Decimal) -> str:
    """Plain decimal text without trailing zeros: ``2``, ``1.5``."""
    return f"{quantity.normalize():f}"


def format_rupiah(amount: int) -> str:
    """``Rp1.500.000``, as Indonesian spelling rules write it, the same in both languages."""
    return f"Rp{amount:,}".replace(",", ".")
