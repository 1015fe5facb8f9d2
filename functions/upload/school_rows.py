"""Rows of module Pintu Kelas: one row is one bill of one student, numbered from what it bills."""

from functools import lru_cache
from typing import Any, NamedTuple

from invoicing.modules.school_terms import (
    Period,
    derive_number,
    is_outside_school_year,
    place_period,
    split_installment,
)
from invoicing.money import format_rupiah, take_share
from invoicing.notices import Channel
from invoicing.typed_text import InvalidValueError
from upload.batches import Batch, Checks
from upload.duplicates import NumberRegister, list_contacts, warn_double_bills, warn_shared_contacts

_REQUIRED = ("nis", "payer_name", "class_name", "fee_type", "period", "school_year", "due_date")
_IDENTITY = ("number", "unit", "nis", "fee_type", "period", "school_year")
_BILL = ("payer_name", "class_name", "amount", "discount", "due_date")
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
    """What a row bills, normalised."""

    number: str
    fee_type: str
    period: str
    school_year: str
    installment: str


class SchoolRows:
    def __init__(self, checks: Checks) -> None:
        self._checks = checks
        self._numbers = NumberRegister()
        self._split = lru_cache(10_000)(split_installment)
        self._place = lru_cache(10_000)(place_period)

    def check_batch(self, batch: Batch) -> None:
        for key in _REQUIRED:
            for position in batch.find_empty(key):
                batch.add("missing_value", position, key)
        for position in batch.find_empty("amount"):
            batch.add("no_tariff", position, "amount")
        for position in batch.find_without_contact():
            batch.add_missing_contact(position)
        terms = self._read_terms(batch)
        reductions = self._read_reductions(batch)
        self._numbers.add_batch(batch.rows, [entry.number if entry else "" for entry in terms])
        batch.report(self._checks.findings)
        self._plan(batch, terms, reductions)

    def _read_terms(self, batch: Batch) -> list[_Terms | None]:
        """None where a cell that the terms need is empty or unreadable."""
        terms: list[_Terms | None] = []
        for position, values in enumerate(batch.zip_columns(_IDENTITY)):
            number, unit, nis, fee_type, period, school_year = values
            readable = isinstance(period, Period) and all(isinstance(value, str) for value in (number, unit, nis))
            if not (readable and nis and isinstance(fee_type, str) and fee_type and isinstance(school_year, str)):
                terms.append(None)
                continue
            key = "fee_type"
            try:
                fee, installment = self._split(fee_type)
                key = "period"
                placed = self._place(period, school_year)
                if installment and period.installment and installment != period.installment:
                    raise InvalidValueError("installment_differs", fee=installment, period=period.installment)
            except InvalidValueError as error:
                batch.add(error.code, position, key, **error.params)
                terms.append(None)
                continue
            installment = installment or period.installment
            if not number:
                number = derive_number(unit, nis, fee, school_year, placed, installment)
            terms.append(_Terms(number, fee, placed, school_year, installment))
        return terms

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

    def _plan(self, batch: Batch, terms: list[_Terms | None], reductions: dict[int, int]) -> None:
        bad_rows = self._checks.findings.bad_rows
        extra_keys = [key for key in _EXTRA_KEYS if batch.has_values(key)]
        student_keys = [key for key in _STUDENT_KEYS if batch.has_values(key)]
        columns = (("nis", *_BILL), _GUARDIANS, extra_keys, student_keys)
        rows = zip(batch.rows, terms, *map(batch.zip_columns, columns), strict=True)
        for position, (row, term, bill, guardians, extras, student) in enumerate(rows):
            if term is None or row in bad_rows:
                continue
            nis, name, class_name, amount, _, due_date = bill
            discount = reductions.get(position, 0)
            draft: dict[str, Any] = {
                "number": term.number,
                "payer_name": name,
                "payer_code": nis,
                "amount": amount - discount,
                "due_date": due_date,
                "recipients": _list_recipients(guardians),
                "fee_type": term.fee_type,
                "school_year": term.school_year,
                "student": {"nis": nis, "class_name": class_name}
                | {key: value for key, value in zip(student_keys, student, strict=True) if value},
            }
            draft |= {key: value for key, value in zip(extra_keys, extras, strict=True) if value}
            if term.period:
                draft["period"] = term.period
            if term.installment:
                draft["installment"] = term.installment
            if discount:
                draft["discount"] = discount
            self._add(row, draft)

    def _add(self, row: int, draft: dict[str, Any]) -> None:
        checks = self._checks
        checks.warn_about_amount_and_date(row, draft["amount"], draft["due_date"], late=False)
        period, school_year = draft.get("period", ""), draft["school_year"]
        if self._is_outside(period, school_year):
            checks.warn("period_outside_school_year", row, "period", late=False, period=period, school_year=school_year)
        recipients = draft["recipients"]
        if not any(_CONTACTS.get(channel) in recipient for channel in checks.channels for recipient in recipients):
            checks.warn("no_notice", row, late=False)
        contacts = list(dict.fromkeys(list_contacts(draft)))
        checks.plan.add(row, draft, bill=bill_of(draft), payer=payer_of(draft), contacts=contacts)

    @staticmethod
    @lru_cache(10_000)
    def _is_outside(period: str, school_year: str) -> bool:
        return is_outside_school_year(period, school_year)

    def finish(self) -> None:
        checks = self._checks
        self._numbers.report(checks.findings, "duplicate_school_bill", checks.headers.get("number"))
        warn_double_bills(checks.plan, checks.findings, bill_of)
        warn_shared_contacts(checks.plan, checks.findings, payer_of)


def _list_recipients(guardians: tuple[Any, ...]) -> list[dict[str, str]]:
    recipients = []
    for name, emails, whatsapp in (guardians[:3], guardians[3:]):
        recipient = {"name": name} if name else {}
        if emails:
            recipient["email"] = emails[0]
        if whatsapp:
            recipient["whatsapp"] = whatsapp
        if recipient:
            recipients.append(recipient)
        if len(emails) > 1:
            recipients.append({"name": name, "email": emails[1]} if name else {"email": emails[1]})
    return recipients


def bill_of(draft: dict[str, Any]) -> tuple[Any, ...]:
    """Two invoices that agree in this bill the same student for the same fee of the same period."""
    student = draft["student"]
    return (
        student.get("unit", "").casefold(),
        student["nis"].casefold(),
        "".join(filter(str.isalnum, draft["fee_type"].casefold())),
        draft["school_year"],
        draft.get("period", ""),
        draft.get("installment", ""),
    )


def payer_of(draft: dict[str, Any]) -> str:
    """Brothers and sisters are one payer where the school gives their family a code."""
    family: str | None = draft.get("family_code")
    return f"family {family}" if family else draft["payer_code"]
