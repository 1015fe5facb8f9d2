"""A bill in the few characters that a teller's screen or an ATM shows."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from invoicing import clock
from invoicing.texts import text
from invoicing.typed_text import clean_text

PAYER_LENGTH = 30
"""What every channel shows of a payer's name."""
_MONTH = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")


def label_payer(invoice: Mapping[str, Any]) -> str:
    """Who pays, at most 30 characters, different for each payer of a biller who has a code.

    A school knows its children by NIS, since names repeat and long ones begin alike: ``Alya Putri 7A 00231``. Another
    biller's customer is known by name; only where it must be cut does the customer's code end it.
    """
    # A name that is missing must not keep a bill from being paid.
    name = clean_text(invoice.get("payer_name", ""))
    student = invoice.get("student")
    if student:
        return _join(name, clean_text(student.get("class_name", "")), clean_text(student.get("nis", "")))
    if len(name) <= PAYER_LENGTH:
        return name
    return _join(name, "", clean_text(invoice.get("payer_code", "") or invoice["number"]))


def label_bill(invoice: Mapping[str, Any], language: str, length: int) -> str:
    """What is paid for: ``SPP Jul 2026``, else the biller's description, else ``Tagihan``."""
    if "fee_type" not in invoice:
        return label_bill_shortly(invoice, language, length)
    # Of two bills of one child the period is what differs.
    return _end_with(clean_text(invoice["fee_type"]), _shorten_period(invoice.get("period", ""), language), length)


def label_bill_shortly(invoice: Mapping[str, Any], language: str, length: int) -> str:
    """The same without a period: ``SPP``."""
    words = invoice.get("fee_type") or invoice.get("description") or text("va.bill", language)
    return cut(clean_text(words), length)


def label_number(invoice: Mapping[str, Any], length: int) -> str:
    """The bill's number; of a long one its end, where numbers differ."""
    return str(clean_text(invoice["number"])[-length:])


def label_due_date(invoice: Mapping[str, Any], language: str) -> str:
    return text("va.due", language, date=_shorten_date(date.fromisoformat(invoice["due_date"]), language))


def label_valid_until(invoice: Mapping[str, Any], language: str) -> str:
    local = clock.from_text(invoice["valid_until"]).astimezone(clock.JAKARTA)
    time = f"{local:%H.%M}" if language == "id" else f"{local:%H:%M}"
    return text("va.valid_until", language, date=_shorten_date(local.date(), language), time=time)


def cut(words: str, length: int) -> str:
    return words[:length].rstrip()


def _join(name: str, middle: str, code: str) -> str:
    whole = " ".join(part for part in (name, middle, code) if part)
    return whole if len(whole) <= PAYER_LENGTH else _end_with(name, code, PAYER_LENGTH)


def _end_with(words: str, end: str, length: int) -> str:
    """``words`` cut so that ``end`` is whole; but three tenths stay theirs, and a longer end loses its beginning."""
    if not end:
        return cut(words, length)
    end = end[-(length - 3 * length // 10 - 1) :]
    return f"{cut(words, length - len(end) - 1)} {end}"


def _shorten_period(period: str, language: str) -> str:
    month = _MONTH.fullmatch(period)
    if month:
        return f"{_shorten_month(int(month[2]), language)} {month[1]}"
    if period in ("S1", "S2"):
        return text("va.semester", language, semester=period[1])
    return clean_text(period)


def _shorten_date(day: date, language: str) -> str:
    return text("va.date", language, day=day.day, month=_shorten_month(day.month, language), year=day.year)


def _shorten_month(month: int, language: str) -> str:
    return text(f"notices.month.{month}", language)[:3]
