"""Facts of an invoice in the payer's words, for every channel: dates, periods, what a bill is for."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from invoicing import clock
from invoicing.money import format_rupiah
from invoicing.texts import has_text, text
from invoicing.typed_text import clean_text

_MONTH = re.compile(r"(\d{4})-(\d{2})")
_DOT_IN_ADDRESS = re.compile(r"(?<=\w)\.(?=[^\W\d_]{2})")


def clean(value: Any) -> Any:
    """``value`` with every text in it made harmless to show: no control or direction characters, single spaces.

    A newline would forge a header, a right-to-left override would turn a number round.
    """
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, Mapping):
        return {name: clean(member) for name, member in value.items()}
    if isinstance(value, list):
        return [clean(member) for member in value]
    return value


def shorten(words: str, length: int) -> str:
    return words if len(words) <= length else words[: length - 1].rstrip() + "…"


def unlink(name: str) -> str:
    """A name of which phones make no link to tap: ``bayar.example/x`` becomes ``bayar. example/x``."""
    return _DOT_IN_ADDRESS.sub(". ", clean_text(name).replace("://", " "))


def format_date(day: date, language: str) -> str:
    """``31 Desember 2026``."""
    month = text(f"notices.month.{day.month}", language)
    return text("notices.date", language, day=day.day, month=month, year=day.year)


def format_short_date(day: date, language: str) -> str:
    """``31 Des 2026``."""
    month = text(f"notices.month.{day.month}", language)[:3]
    return text("notices.date", language, day=day.day, month=month, year=day.year)


def format_days(days: int, language: str) -> str:
    """``3 hari``, ``1 day``."""
    return text("notices.days.one" if days == 1 else "notices.days", language, days=days)


def format_instant(instant: datetime, language: str) -> str:
    """Jakarta time to the minute."""
    local = instant.astimezone(clock.JAKARTA)
    day = format_date(local.date(), language)
    return text("notices.instant", language, date=day, time=_format_time(local, language))


def format_short_instant(instant: datetime, language: str) -> str:
    """``31 Des 2026 09.05 WIB``."""
    local = instant.astimezone(clock.JAKARTA)
    day = format_short_date(local.date(), language)
    return text("notices.short_instant", language, date=day, time=_format_time(local, language))


def _format_time(local: datetime, language: str) -> str:
    separator = "." if language == "id" else ":"
    return local.strftime(f"%H{separator}%M")


def format_period(period: str, language: str) -> str:
    """``Juli 2026`` of ``2026-07``, ``Semester 1`` of ``S1``; any other period is the biller's own words."""
    month = _MONTH.fullmatch(period)
    if month and 1 <= int(month[2]) <= 12:
        return f"{text(f'notices.month.{int(month[2])}', language)} {month[1]}"
    if period in ("S1", "S2"):
        return text("notices.period.semester", language, semester=period[1])
    return period


def format_quantity(quantity: str, language: str) -> str:
    return quantity.replace(".", ",") if language == "id" else quantity


def group_va_number(va_number: str) -> str:
    """In fours, as people read long numbers."""
    return " ".join(va_number[start : start + 4] for start in range(0, len(va_number), 4))


def describe_purpose(invoice: Mapping[str, Any], language: str) -> str:
    """What the bill is for, in a few words: fee and period of a school bill, else the number."""
    if "fee_type" not in invoice:
        return text("notices.what.number", language, number=invoice["number"])
    parts = [invoice["fee_type"], format_period(invoice.get("period", ""), language)]
    return " ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class PaymentWords:
    """A payment as its payer knows it."""

    amount: str
    day: date
    instant: str
    label: str
    """What ``instant`` is."""
    way: str
    """Through which channel; empty: not known."""
    reference: str
    """The bank's; empty: none."""


def describe_payment(invoice: Mapping[str, Any], language: str) -> PaymentWords:
    """Of a paid invoice: when the bank took the money, if it says so, else when it told us."""
    payment = clean(invoice.get("payment", {}))
    is_outside = invoice.get("paid_via") == "outside"
    told_at = payment.get("transaction_at")
    instant = clock.from_text(told_at or invoice["paid_at"])
    key = f"notices.paid.way.{'outside' if is_outside else payment.get('channel', '')}"
    return PaymentWords(
        amount=format_rupiah(invoice["paid_amount"]),
        day=instant.astimezone(clock.JAKARTA).date(),
        instant=format_instant(instant, language),
        # Cash that somebody recorded was not paid at the minute of the record.
        label=text("notices.paid.recorded" if is_outside and not told_at else "notices.paid.on", language),
        way=text(key if has_text(key) else "notices.paid.way.va", language),
        reference=payment.get("bank_reference", ""),
    )
