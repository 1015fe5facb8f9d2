"""Rows of module Pintu Kelas: one row is one bill of one student, numbered from what it bills."""

from functools import lru_cache
from typing import Any, NamedTuple

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
from upload.plan_lines import Planned

_REQUIRED = ("nis", "payer_name", "class_name", "fee_type", "period", "school_year", "due_date")
_TERMS = ("fee_type", "period", "school_year")
_IDENTITY = ("number", "unit", "nis", *_TERMS)
_BILL = ("nis", "payer_name", "class_name", "amount", "due_date")
_NOBODY = ("", "", "")
_GUARDIANS = (
    "guardian_name",
    "guardian_email",
    "guardian_whatsapp",
    "guardian2_name",
    "guardian2_email",
    "guardian2_whatsapp",
)
_EXTRA_KEYS = ("family_code", "description", "arrears")
_STUDENT_KEYS = ("nisn", "major", "unit")
_CONTACTS = {Channel.EMAIL: "email", Channel.WHATSAPP: "whatsapp"}


class _Terms(NamedTuple):
    """What a row bills, normalised, and how its number is made."""

    fee_type: str
    period: str
    school_year: str
    installment: str
    is_outside: bool
    """The month lies outside the school year."""
    number_frame: NumberFrame


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
        bad_rows = self._checks.findings.bad_rows
        extra_keys = [key for key in _EXTRA_KEYS if batch.has_values(key)]
        student_keys = [key for key in _STUDENT_KEYS if batch.has_values(key)]
        columns = map(batch.zip_columns, (_BILL, _GUARDIANS, extra_keys, student_keys))
        planned: list[Planned] = []
        rows = zip(batch.rows, terms, numbers, *columns, strict=True)
        for position, (row, term, number, bill, guardians, extras, details) in enumerate(rows):
            if term is None or row in bad_rows:
                continue
            nis, name, class_name, amount, due_date = bill
            recipients, contacts = _list_recipients(guardians)
            student = {"nis": nis, "class_name": class_name}
            draft: dict[str, Any] = {
                "number": number,
                "payer_name": name,
                "payer_code": nis,
                "amount": amount,
                "due_date": due_date,
                "recipients": recipients,
                "fee_type": term.fee_type,
                "school_year": term.school_year,
                "student": student,
            }
            if details:
                student.update((key, value) for key, value in zip(student_keys, details, strict=True) if value)
            for key, value in zip(extra_keys, extras, strict=True):
                if value:
                    draft[key] = value
            if term.period:
                draft["period"] = term.period
            if term.installment:
                draft["installment"] = term.installment
            if reductions.get(position):
                draft["discount"] = reductions[position]
                draft["amount"] -= reductions[position]
            self._warn(row, draft, term)
            planned.append((row, draft, bill_of(draft), payer_of(draft), contacts, []))
        self._checks.plan.add(planned)

    def _warn(self, row: int, draft: dict[str, Any], term: _Terms) -> None:
        checks = self._checks
        checks.warn_about_amount_and_date(row, draft["amount"], draft["due_date"])
        if term.is_outside:
            shown = {"period": term.period, "school_year": term.school_year}
            checks.warn("period_outside_school_year", row, "period", **shown)
        for recipient in draft["recipients"]:
            if not self._active_contacts.isdisjoint(recipient):
                return
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
    return _Terms(fee, placed, school_year, installment, is_outside_school_year(placed, school_year), frame)


def _list_recipients(guardians: tuple[Any, ...]) -> tuple[list[dict[str, str]], list[str]]:
    """The guardians who are named or have a contact, and all their contacts."""
    recipients = []
    contacts: list[str] = []
    name, emails, whatsapp = guardians[:3]
    second = guardians[3:]
    while True:
        recipient = {"name": name} if name else {}
        if emails:
            recipient["email"] = emails[0]
            contacts += emails
        if whatsapp:
            recipient["whatsapp"] = whatsapp
            contacts.append(whatsapp)
        if recipient:
            recipients.append(recipient)
        if len(emails) > 1:
            recipients.append({"name": name, "email": emails[1]} if name else {"email": emails[1]})
        if second == _NOBODY:
            return recipients, contacts
        name, emails, whatsapp = second
        second = _NOBODY


def bill_of(draft: dict[str, Any]) -> tuple[Any, ...]:
    """Two invoices that agree in this bill the same student for the same fee of the same period."""
    student = draft["student"]
    return (
        student["nis"].upper(),
        fold_words(student.get("unit", "")),
        fold_words(draft["fee_type"]),
        draft["school_year"],
        draft.get("period"),
        draft.get("installment"),
    )


def payer_of(draft: dict[str, Any]) -> str:
    """Brothers and sisters are one payer where the school gives their family a code."""
    family: str | None = draft.get("family_code")
    return f"family {family}" if family else draft["payer_code"]
