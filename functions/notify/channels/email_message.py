"""E-mails as the payer sees them: a pure function of biller, invoice, recipient, language and kind."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from invoicing import bill_facts, wording
from invoicing.billers import Biller
from invoicing.money import format_rupiah
from invoicing.notices import NoticeKind
from invoicing.texts import text

MAX_SUBJECT_NAME = 60
"""Characters of the biller's name, and of what the bill is for, in a subject."""


@dataclass(frozen=True, slots=True)
class EmailMessage:
    sender_name: str
    subject: str
    html: str
    text: str


def render_email(
    kind: NoticeKind, biller: Biller, invoice: Mapping[str, Any], recipient_name: str, language: str, today: date
) -> EmailMessage:
    """Render a notice. ``invoice`` has the members of InvoiceDraft, and ``va_number`` and ``bank_code``.

    ``today`` is the day in the biller's zone: a reminder's words go by it.

    Names and descriptions come from a workbook: they are cleaned here and escaped by the HTML template.
    """
    words = partial(_word, language)
    bill = wording.clean(invoice)
    biller_name = wording.clean(biller.name)
    amount = format_rupiah(bill["amount"])
    sender_name = words(f"sender_name.{biller.module}")
    due = date.fromisoformat(bill["due_date"])
    occasion = wording.find_occasion(kind, due, today)
    facts = {
        "biller": biller_name,
        "payer": bill["payer_name"],
        "amount": amount,
        "due_date": wording.format_date(due, language),
        "va_number": bill["va_number"],
        "days": wording.format_days(abs((today - due).days), language),
    }
    subject = words(
        f"{occasion}.subject",
        **facts
        | {
            "biller": wording.shorten(biller_name, MAX_SUBJECT_NAME),
            "what": wording.shorten(wording.describe_purpose(bill, language), MAX_SUBJECT_NAME),
        },
    )
    view = {
        "words": words,
        "language": language,
        "subject": subject,
        "preview": words(f"{occasion}.preview", **facts),
        "title": words(f"{occasion}.title", **facts),
        "intro": words(f"{occasion}.intro", **facts),
        "sender_name": sender_name,
        "biller": biller_name,
        "help_contact": wording.clean(biller.help_contact),
        "recipient_name": wording.clean(recipient_name),
        "amount": amount,
        "due_date": facts["due_date"],
        "valid_until": bill_facts.describe_end(bill, language),
        "va_number": wording.group_va_number(bill["va_number"]),
        "va_number_plain": bill["va_number"],
        "details": bill_facts.list_details(bill, language),
        "items": bill_facts.list_items(bill.get("items", []), language),
        "arrears": format_rupiah(bill["arrears"]) if bill.get("arrears") else "",
        "ways": bill_facts.list_ways(bill, language),
    }
    templates = _load_templates()
    return EmailMessage(
        sender_name=sender_name,
        subject=subject,
        html=templates.get_template("bill.html.j2").render(view),
        text=templates.get_template("bill.txt.j2").render(view),
    )


def _word(language: str, key: str, **params: Any) -> str:
    return text(f"notices.{key}", language, **params)


@lru_cache(maxsize=1)
def _load_templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=select_autoescape(enabled_extensions=("html.j2",), default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
