"""An earlier upload as rows of the template for the next period: the same payers, contacts and amounts, later dates.

Nothing here decides what is billed: a person looks the sheet over, mends it and uploads it, and it is checked like any.
"""

import calendar
import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from invoicing.billers import Module
from invoicing.clock import JAKARTA
from invoicing.modules.school_terms import MAX_NUMBER

Row = dict[str, str | int]
"""By column key; columns not named are empty."""

_MONTH = re.compile(r"(20\d{2})-(0[1-9]|1[0-2])", re.ASCII)
_YEARS = re.compile(r"(20\d{2})-(20\d{2})", re.ASCII)
_NUMBER_SUFFIX = re.compile(r"-20\d{4}$", re.ASCII)
_SCHOOL_YEAR_BEGINS = 7
_CHANNELS = {"email": "EMAIL", "whatsapp": "WA", "sms": "SMS"}


def build_next_rows(module: Module, draft: Mapping[str, Any]) -> list[Row]:
    """One row, or one for each product of the invoice."""
    return [_build_school_row(draft)] if module is Module.PINTU_KELAS else list(_build_invoice_rows(draft))


def _build_invoice_rows(draft: Mapping[str, Any]) -> Iterator[Row]:
    due = add_months(date.fromisoformat(draft["due_date"]), 1)
    number = _advance_number(draft["number"], due)
    first, *others = draft["recipients"]
    emails = [given["email"] for given in (first, *others) if "email" in given]
    row = _keep(draft, "payer_name", "amount", "description", "payer_code", "branch", "internal_note")
    row |= {"number": number, "due_date": _write_date(due), "email": ", ".join(emails)}
    row |= _keep(first, "whatsapp", "sms")
    row |= _read_choices(draft, 1)
    items: list[Mapping[str, Any]] = draft.get("items", [])
    yield row | _build_item(items[0]) if items else row
    yield from ({**_build_item(item), "number": number} for item in items[1:])


def _build_item(item: Mapping[str, Any]) -> Row:
    row: Row = {
        "item_name": item["name"],
        "item_quantity": item["quantity"],
        "item_unit_price": item["unit_price"],
    }
    row |= {f"item_{name}": item[name] for name in ("discount", "tax") if name in item}
    return row


def _build_school_row(draft: Mapping[str, Any]) -> Row:
    period, school_year, months = _advance_period(draft.get("period", ""), draft["school_year"])
    due = add_months(date.fromisoformat(draft["due_date"]), months)
    # The number follows from student, fee and period, and the arrears of that time are not those of the next.
    row = _keep(draft, "payer_name", "fee_type", "family_code", "description", "discount")
    row |= _keep(draft["student"], "nis", "class_name", "nisn", "major", "unit")
    row |= {
        "period": period,
        "school_year": school_year,
        # The sheet asks for the listed fee; the bill's amount is net.
        "amount": draft["amount"] + draft.get("discount", 0),
        "due_date": _write_date(due),
    }
    return row | _read_choices(draft, months) | _build_guardians(draft["recipients"])


def _build_guardians(recipients: list[Mapping[str, str]]) -> Row:
    """A recipient with nothing but another address belongs to the guardian before."""
    guardians: list[tuple[Mapping[str, str], list[str]]] = []
    for recipient in recipients:
        address = [recipient["email"]] if "email" in recipient else []
        further = guardians and "whatsapp" not in recipient and len(guardians[-1][1]) == 1
        if further and recipient.get("name") == guardians[-1][0].get("name"):
            guardians[-1][1].extend(address)
        else:
            guardians.append((recipient, address))
    row: Row = {}
    for prefix, (recipient, emails) in zip(("guardian", "guardian2"), guardians, strict=False):
        row |= {f"{prefix}_{name}": recipient[name] for name in ("name", "whatsapp") if name in recipient}
        row[f"{prefix}_email"] = ", ".join(emails)
    return row


def _advance_period(period: str, school_year: str) -> tuple[str, str, int]:
    """Period, school year and the months by which dates move; a period that does not recur is left to be filled in."""
    first = int(school_year[:4])
    month, years = _MONTH.fullmatch(period), _YEARS.fullmatch(period)
    if month:
        following = add_months(date(int(month[1]), int(month[2]), 1), 1)
        begins = following.year if following.month >= _SCHOOL_YEAR_BEGINS else following.year - 1
        return f"{following:%Y-%m}", f"{begins}/{begins + 1}", 1
    if period == "S1":
        return "S2", school_year, 6
    if period == "S2":
        return "S1", f"{first + 1}/{first + 2}", 6
    if years:
        return f"{first + 1}-{first + 2}", f"{first + 1}/{first + 2}", 12
    return "", school_year, 1


def add_months(day: date, months: int) -> date:
    """The same day of a later month; the last day of a month stays a last day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    was_last = day.day == calendar.monthrange(day.year, day.month)[1]
    return date(year, month + 1, last if was_last else min(day.day, last))


def _advance_number(number: str, due: date) -> str:
    """``INV-7-202612`` after ``INV-7-202611`` or ``INV-7``; empty, to be filled in, where it would be too long."""
    following = f"{_NUMBER_SUFFIX.sub('', number)}-{due:%Y%m}"
    return following if len(following) <= MAX_NUMBER else ""


def _read_choices(draft: Mapping[str, Any], months: int) -> Row:
    row: Row = {}
    if "language" in draft:
        row["language"] = draft["language"].upper()
    if "channels" in draft:
        row["channel"] = ",".join(_CHANNELS[channel] for channel in draft["channels"])
    if "valid_until" in draft:
        until = datetime.fromisoformat(draft["valid_until"]).astimezone(JAKARTA)
        row["valid_until"] = f"{add_months(until.date(), months):%d/%m/%Y} {until:%H:%M}"
    return row


def _write_date(day: date) -> str:
    return f"{day:%d/%m/%Y}"


def _keep(members: Mapping[str, Any], *names: str) -> Row:
    return {name: members[name] for name in names if name in members}
