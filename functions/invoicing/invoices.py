"""Invoices: the bill as the biller states it (a draft, from a workbook row) and as it is stored."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NotRequired, TypedDict


class InvoiceStatus(StrEnum):
    """The document's life. Money is in the payment, delivery in the notices; overdue is derived."""

    OPEN = "open"
    PAID = "paid"
    ARCHIVED = "archived"


class Recipient(TypedDict):
    """Somebody who gets notices of an invoice: a customer, a guardian, a second address."""

    name: NotRequired[str]
    email: NotRequired[str]
    whatsapp: NotRequired[str]
    """E.164, e.g. ``+6281234567890``."""
    sms: NotRequired[str]


class LineItem(TypedDict):
    """One product row. Money is whole rupiah; ``quantity`` is a plain decimal text (``2``, ``1.5``)."""

    name: str
    quantity: str
    unit_price: int
    discount: NotRequired[int]
    tax: NotRequired[int]
    total: int
    """quantity x unit price - discount + tax, rounded half up to whole rupiah."""


class Student(TypedDict):
    nis: str
    class_name: str
    nisn: NotRequired[str]
    major: NotRequired[str]
    unit: NotRequired[str]


class InvoiceDraft(TypedDict):
    """What one invoice of a workbook says; the ``invoice`` member of a plan line. Empty fields are absent."""

    number: str
    payer_name: str
    amount: int
    """Whole rupiah due."""
    due_date: str
    """Local date of Asia/Jakarta, ``YYYY-MM-DD``."""
    recipients: list[Recipient]
    payer_code: NotRequired[str]
    """The biller's own key of the payer: customer code, or NIS for a student."""
    family_code: NotRequired[str]
    valid_until: NotRequired[str]
    """Last instant at which the VA may be paid, UTC, ``YYYY-MM-DDTHH:MM:SSZ``; absent: no end."""
    issue_date: NotRequired[str]
    """Local date; absent: the day on which the invoice was created."""
    description: NotRequired[str]
    items: NotRequired[list[LineItem]]
    language: NotRequired[str]
    """``id`` or ``en``; absent: the biller's default."""
    channels: NotRequired[list[str]]
    """Channels this row asks for; absent: the biller's channels."""
    branch: NotRequired[str]
    internal_note: NotRequired[str]
    erp_reference: NotRequired[str]
    student: NotRequired[Student]
    fee_type: NotRequired[str]
    period: NotRequired[str]
    """Normalised: ``2026-07``, ``S1``, ``S2``, or the trimmed text for a one-off."""
    school_year: NotRequired[str]
    """``2026/2027``."""
    installment: NotRequired[str]
    """``2/3``: the second of three; each instalment is an invoice of its own."""
    discount: NotRequired[int]
    """Rupiah taken off the listed fee; ``amount`` is already net of it."""
    arrears: NotRequired[int]
    """Earlier debt, shown for information only: never part of ``amount``."""


class PlanLine(TypedDict):
    """One line of ``plans/{biller}/{upload}.ndjson``."""

    row: int
    """Excel row of the invoice's first row."""
    more_rows: NotRequired[list[int]]
    """The other workbook rows that were merged into it (product rows)."""
    replaces: NotRequired[str]
    """VA number of the archived invoice that had its number when the plan was made."""
    invoice: InvoiceDraft


def normalise_number(number: str) -> str:
    """The form under which an invoice number is unique within a biller: case does not make another invoice."""
    return number.upper()


def find_payer_key(invoice: Mapping[str, Any]) -> str | None:
    """Who pays, within a biller: a family is one payer to a school; else the biller's own customer code or NIS."""
    if "family_code" in invoice:
        return f"family:{invoice['family_code']}"
    return f"payer:{invoice['payer_code']}" if "payer_code" in invoice else None


def has_expired(invoice: Mapping[str, Any], now: str) -> bool:
    """Whether its virtual account can no longer be paid at ``now``, a text of ``clock.to_text``."""
    # Whole seconds are written without a fraction, so they are compared without one: the last second still counts.
    return "valid_until" in invoice and invoice["valid_until"][:19] < now[:19]


def list_differences(draft: InvoiceDraft, stored: Mapping[str, Any]) -> list[str]:
    """Names of the draft members in which a stored invoice says something else; empty: the same bill."""
    return [
        member
        for member in sorted(InvoiceDraft.__annotations__)
        if member != "number" and draft.get(member) != stored.get(member)
    ]
