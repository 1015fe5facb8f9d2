"""What a bill says, as labels and words in the payer's language: the same in an e-mail, on the payer's page, in a PDF.

``bill`` has the members of InvoiceDraft, ``va_number`` and ``bank_code``, cleaned by ``wording.clean``.
"""

from collections.abc import Mapping
from datetime import date
from functools import partial
from typing import Any

from invoicing import clock, wording
from invoicing.money import format_rupiah
from invoicing.texts import text

MAX_ITEMS = 30
"""Product rows listed; the rest is summed up, since mail programs cut messages above about 100 KB."""
_PAYMENT_WAYS = {"mobile": 4, "internet": 4, "atm": 3, "other": 4}


def describe_end(bill: Mapping[str, Any], language: str) -> str:
    if "valid_until" not in bill:
        return ""
    return wording.format_instant(clock.from_text(bill["valid_until"]), language)


def list_details(bill: Mapping[str, Any], language: str) -> list[tuple[str, str]]:
    """Labels and values of what the bill is about, without those that are empty."""
    words = partial(_word, language)
    student = bill.get("student")
    if student:
        class_parts = (student.get("unit"), student["class_name"], student.get("major"))
        installment = bill.get("installment", "").split("/")
        details = [
            ("student", bill["payer_name"]),
            ("nis", student["nis"]),
            ("class_name", " · ".join(part for part in class_parts if part)),
            ("fee_type", bill.get("fee_type", "")),
            ("period", wording.format_period(bill.get("period", ""), language)),
            ("school_year", bill.get("school_year", "")),
            (
                "installment_label",
                words("installment", part=installment[0], parts=installment[1]) if len(installment) == 2 else "",
            ),
        ]
    else:
        details = [("payer", bill["payer_name"])]
    issued = bill.get("issue_date")
    details += [
        ("description", bill.get("description", "")),
        ("number", bill["number"]),
        ("issue_date", wording.format_date(date.fromisoformat(issued), language) if issued else ""),
        ("discount", format_rupiah(bill["discount"]) if bill.get("discount") else ""),
    ]
    return [(words(label), value) for label, value in details if value]


def list_items(items: list[dict[str, Any]], language: str) -> list[dict[str, str]]:
    """Product rows as name, note and total; what exceeds ``MAX_ITEMS`` becomes one row with the sum."""
    words = partial(_word, language)
    rows = []
    for item in items[:MAX_ITEMS]:
        quantity = wording.format_quantity(item["quantity"], language)
        notes = [words("item.count", quantity=quantity, unit_price=format_rupiah(item["unit_price"]))]
        notes += [
            words(f"item.{change}", amount=format_rupiah(item[change]))
            for change in ("discount", "tax")
            if item.get(change)
        ]
        rows.append({"name": item["name"], "note": ", ".join(notes), "total": format_rupiah(item["total"])})
    rest = items[MAX_ITEMS:]
    if rest:
        total = format_rupiah(sum(item["total"] for item in rest))
        rows.append({"name": words("item.more_total"), "note": words("item.more", count=len(rest)), "total": total})
    return rows


def list_ways(bill: Mapping[str, Any], language: str) -> list[tuple[str, list[str]]]:
    """Ways to pay, each with its steps."""
    words = partial(_word, language)
    facts = {"va_number": bill["va_number"], "amount": format_rupiah(bill["amount"]), "bank_code": bill["bank_code"]}
    return [
        (words(f"pay.{way}.title"), [words(f"pay.{way}.{step}", **facts) for step in range(1, steps + 1)])
        for way, steps in _PAYMENT_WAYS.items()
    ]


def _word(language: str, key: str, **params: Any) -> str:
    return text(f"notices.{key}", language, **params)
