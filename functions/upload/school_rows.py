"""Rows of module Pintu Kelas: one row is one bill of one student, numbered from what it bills."""

from collections.abc import Sequence
from functools import lru_cache
from itertools import compress
from typing import Any, NamedTuple

import orjson

from invoicing.modules.school_terms import (
    NumberFrame,
    Period,
    fold_words,
    frame_number,
    is_outside_school_year,
    place_period,
    split_installment,
)
from invoicing.money import format_rupiah, take_share
from invoicing.notices import Channel
from invoicing.typed_text import InvalidValueError
from upload.batches import Batch, Checks
from upload.duplicates import NumberRegister, warn_double_bills, warn_shared_contacts
from upload.plan_lines import escape_texts

_REQUIRED = ("nis", "payer_name", "class_name", "fee_type", "period", "school_year", "due_date")
_TERMS = ("fee_type", "period", "school_year")
_IDENTITY = ("number", "unit", "nis", *_TERMS)
_NOBODY = ("", "", "")
_GUARDIAN_CONTACTS = ("guardian_email", "guardian_whatsapp", "guardian2_email", "guardian2_whatsapp")
_PLANNED = (
    "nis",
    "payer_name",
    "class_name",
    "amount",
    "due_date",
    "guardian_name",
    "guardian2_name",
    *_GUARDIAN_CONTACTS,
)
_EXTRA_KEYS = ("family_code", "description", "arrears")
_STUDENT_KEYS = ("nisn", "major", "unit")
_CONTACTS = {Channel.EMAIL: "email", Channel.WHATSAPP: "whatsapp"}


class _Terms(NamedTuple):
    """What a row bills, normalised, and how its number is made."""

    period: str
    school_year: str
    is_outside: bool
    """The month lies outside the school year."""
    number_frame: NumberFrame
    bill: tuple[str, ...]
    fee_members: str
    """JSON members of the draft."""
    period_members: str
    """Likewise, each with a comma before it; empty if there are none."""


class _Misread(NamedTuple):
    key: str
    """The column whose cell does not fit."""
    error: InvalidValueError


class SchoolRows:
    def __init__(self, checks: Checks) -> None:
        self._checks = checks
        self._numbers = NumberRegister()
        self._read_cells = lru_cache(10_000)(_read_terms)
        self._active_contacts = {_CONTACTS[channel] for channel in checks.channels if channel in _CONTACTS}

    def check_batch(self, batch: Batch) -> None:
        for key in _REQUIRED:
            for position in batch.find_empty(key):
                batch.add("missing_value", position, key)
        for position in batch.find_empty("amount"):
            batch.add("no_tariff", position, "amount")
        for position in batch.find_without_contact():
            self._checks.add_missing_contact(batch.rows[position])
        terms, numbers = self._number(batch)
        reductions = self._read_reductions(batch)
        self._numbers.add_batch(batch.rows, numbers)
        self._plan(batch, terms, numbers, reductions)

    def _number(self, batch: Batch) -> tuple[list[_Terms | None], list[str]]:
        """Terms and invoice number of every row; None and "" where a cell that they need is empty or unreadable."""
        unclear = batch.find_unreadable(_IDENTITY).union(*map(batch.find_empty, _TERMS), batch.find_empty("nis"))
        terms: list[_Terms | None] = []
        numbers: list[str] = []
        cells = zip(
            batch.column("number"), batch.column("nis"), batch.zip_columns(_TERMS), batch.column("unit"), strict=True
        )
        for position, (number, nis, values, unit) in enumerate(cells):
            term: _Terms | None = None
            if position not in unclear:
                read = self._read_cells(unit, *values)
                if isinstance(read, _Terms):
                    term = read
                else:
                    batch.add(read.error.code, position, read.key, **read.error.params)
            terms.append(term)
            numbers.append(number or term.number_frame.complete(nis) if term else "")
        return terms, numbers

    def _read_reductions(self, batch: Batch) -> dict[int, int]:
        """Position -> rupiah taken off the listed fee."""
        reductions: dict[int, int] = {}
        for position in batch.find_filled(("discount",)):
            amount, discount = batch.column("amount")[position], batch.column("discount")[position]
            if isinstance(amount, int) and not isinstance(discount, Exception):
                reductions[position] = take_share(amount, discount)
                if reductions[position] >= amount:
                    shown = {"amount": format_rupiah(amount), "discount": format_rupiah(reductions[position])}
                    batch.add("nothing_left_to_pay", position, "discount", **shown)
        return reductions

    def _plan(self, batch: Batch, terms: list[_Terms | None], numbers: list[str], reductions: dict[int, int]) -> None:
        """Plan the good rows. Their lines are put together from texts: a dict for each row costs five times as much."""
        bad_rows = self._checks.findings.bad_rows
        good = [term is not None and row not in bad_rows for row, term in zip(batch.rows, terms, strict=True)]
        rows = list(compress(batch.rows, good))
        if not rows:
            return
        columns = {key: list(compress(batch.column(key), good)) for key in _PLANNED}
        planned_terms: list[_Terms] = list(compress(terms, good))  # type: ignore[arg-type]
        amounts: list[int] = columns["amount"]
        more = self._encode_optional(batch, good)
        if reductions:
            taken = list(compress((reductions.get(position, 0) for position in range(len(good))), good))
            amounts = [amount - less for amount, less in zip(amounts, taken, strict=True)]
            more["tail"] = [f',"discount":{less}' if less else "" for less in taken]
        self._warn(rows, amounts, planned_terms, columns)
        guardians = list(zip(*(columns[key] for key in _GUARDIAN_CONTACTS), strict=True))
        cells = zip(
            rows,
            escape_texts(list(compress(numbers, good))),
            escape_texts(columns["nis"]),
            escape_texts(columns["payer_name"]),
            escape_texts(columns["class_name"]),
            amounts,
            columns["due_date"],
            _encode_recipients(columns),
            planned_terms,
            more["student"],
            more["extras"],
            more["tail"],
            strict=True,
        )
        lines = [
            f'{{"row":{row},"invoice":{{"number":"{number}","payer_name":"{name}","payer_code":"{nis}"'
            f',"amount":{amount},"due_date":"{due_date}","recipients":[{recipients}],{term.fee_members}'
            f',"student":{{"nis":"{nis}","class_name":"{class_name}"{student}}}{extras}{term.period_members}{tail}}}}}\n'
            for row, number, nis, name, class_name, amount, due_date, recipients, term, student, extras, tail in cells
        ]
        bills = ((nis.upper(), term.bill) for nis, term in zip(columns["nis"], planned_terms, strict=True))
        payers = columns["nis"]
        if batch.has_values("family_code"):
            families = compress(batch.column("family_code"), good)
            payers = [_name_payer(family, nis) for family, nis in zip(families, payers, strict=True)]
        contacts = [(*emails, whatsapp, *emails2, whatsapp2) for emails, whatsapp, emails2, whatsapp2 in guardians]
        self._checks.plan.add_lines(rows, lines, amounts, bills, payers, contacts)

    def _encode_optional(self, batch: Batch, good: list[bool]) -> dict[str, list[str]]:
        """JSON members of the columns that few sheets have, with a comma before each; "" where there are none."""
        nothing = [""] * good.count(True)
        members = {"student": nothing, "extras": nothing, "tail": nothing}
        for place, keys in (("student", _STUDENT_KEYS), ("extras", _EXTRA_KEYS)):
            for key in keys:
                if batch.has_values(key):
                    values = list(compress(batch.column(key), good))
                    if key != "arrears":
                        values = [value and f'"{value}"' for value in escape_texts(values)]
                    members[place] = [
                        f'{before},"{key}":{value}' if value else before
                        for before, value in zip(members[place], values, strict=True)
                    ]
        return members

    def _warn(self, rows: list[int], amounts: list[int], terms: list[_Terms], columns: dict[str, list[Any]]) -> None:
        checks = self._checks
        reached = [key for name in self._active_contacts for key in (f"guardian_{name}", f"guardian2_{name}")]
        everybody = any("" not in columns[key] for key in reached)
        outside = any(term.is_outside for term in terms)
        if everybody and not outside and checks.are_unremarkable(amounts, columns["due_date"]):
            return
        for index, (row, amount, term) in enumerate(zip(rows, amounts, terms, strict=True)):
            checks.warn_about_amount_and_date(row, amount, columns["due_date"][index])
            if term.is_outside:
                shown = {"period": term.period, "school_year": term.school_year}
                checks.warn("period_outside_school_year", row, "period", **shown)
            if not any(columns[key][index] for key in reached):
                checks.warn("no_notice", row)

    def finish(self) -> None:
        checks = self._checks
        self._numbers.report(checks.findings, "duplicate_school_bill", checks.headers.get("number"))
        warn_double_bills(checks.plan, checks.findings, bill_of)
        warn_shared_contacts(checks, payer_of)


def _read_terms(unit: str, fee_type: str, period: Period, school_year: str) -> _Terms | _Misread:
    """The terms that these cells state together, or the key of the cell that is wrong and why."""
    key = "fee_type"
    try:
        fee, installment = split_installment(fee_type)
        key = "period"
        placed = place_period(period, school_year)
        if installment and period.installment and installment != period.installment:
            raise InvalidValueError("installment_differs", fee=installment, period=period.installment)
    except InvalidValueError as error:
        return _Misread(key, error.with_traceback(None))
    installment = installment or period.installment
    frame = frame_number(unit, fee, school_year, placed, installment)
    return _Terms(
        placed,
        school_year,
        is_outside_school_year(placed, school_year),
        frame,
        _fold_bill(unit, fee, school_year, placed, installment),
        *_encode_terms(fee, school_year, placed, installment),
    )


def _encode_terms(fee_type: str, school_year: str, period: str, installment: str) -> tuple[str, str]:
    """JSON members of the fee, and those of the period with a comma before each."""
    fee = orjson.dumps({"fee_type": fee_type, "school_year": school_year}).decode()[1:-1]
    stated = {key: value for key, value in (("period", period), ("installment", installment)) if value}
    return fee, f",{orjson.dumps(stated).decode()[1:-1]}" if stated else ""


def _encode_recipients(columns: dict[str, list[Any]]) -> list[str]:
    """The JSON of each row's guardians who are named or have a contact. No contact needs escaping."""
    first, second = (
        zip(
            escape_texts(columns[f"{guardian}_name"]),
            columns[f"{guardian}_email"],
            columns[f"{guardian}_whatsapp"],
            strict=True,
        )
        for guardian in ("guardian", "guardian2")
    )
    encoded = [_encode_guardian(*guardian) for guardian in first]
    for index, guardian in enumerate(second):
        if guardian != _NOBODY:
            more = _encode_guardian(*guardian)
            encoded[index] = f"{encoded[index]},{more}" if encoded[index] else more
    return encoded


def _encode_guardian(name: str, emails: Sequence[str], whatsapp: str) -> str:
    """The second address is a recipient of its own."""
    named = f'"name":"{name}",' if name else ""
    email = f'"email":"{emails[0]}",' if emails else ""
    phone = f'"whatsapp":"{whatsapp}",' if whatsapp else ""
    members = f"{named}{email}{phone}"[:-1]
    if len(emails) > 1:
        return f'{{{members}}},{{{named}"email":"{emails[1]}"}}'
    return f"{{{members}}}" if members else ""


def bill_of(draft: dict[str, Any]) -> tuple[Any, ...]:
    """Two invoices that agree in this bill the same student for the same fee of the same period."""
    student = draft["student"]
    unit, period, installment = student.get("unit", ""), draft.get("period", ""), draft.get("installment", "")
    return student["nis"].upper(), _fold_bill(unit, draft["fee_type"], draft["school_year"], period, installment)


def _fold_bill(unit: str, fee_type: str, school_year: str, period: str, installment: str) -> tuple[str, ...]:
    return fold_words(unit), fold_words(fee_type), school_year, period, installment


def payer_of(draft: dict[str, Any]) -> str:
    """Brothers and sisters are one payer where the school gives their family a code."""
    return _name_payer(draft.get("family_code"), draft["payer_code"])


def _name_payer(family: str | None, nis: str) -> str:
    return f"family {family}" if family else nis
