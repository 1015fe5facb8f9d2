"""E-mails as the payer sees them: a pure function of kind, biller, invoice, recipient, language, day and link."""

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
from invoicing.occasions import Occasion, find_occasion
from invoicing.own_wording import Part, fill_words
from invoicing.texts import text

MAX_SUBJECT_NAME = 60
"""Characters of the biller's name, and of what the bill is for, in a subject."""
_TEMPLATES = {Occasion.PAID: "receipt", Occasion.ARCHIVED: "ignore"}
"""All others are a bill."""


@dataclass(frozen=True, slots=True)
class EmailMessage:
    sender_name: str
    subject: str
    html: str
    text: str


def render_email(
    kind: NoticeKind,
    biller: Biller,
    invoice: Mapping[str, Any],
    recipient_name: str,
    language: str,
    today: date,
    link: str = "",
    step: str = "",
) -> EmailMessage:
    """Render a notice. ``invoice`` has the members of InvoiceDraft, and ``va_number`` and ``bank_code``.

    ``today`` is the day in the biller's zone, ``step`` a reminder's: its words go by them. ``link`` is the recipient's
    own, or empty.

    Names and descriptions come from a workbook: they are cleaned here and escaped by the HTML template.
    """
    words = partial(_word, language)
    bill = wording.clean(invoice)
    occasion = find_occasion(kind, bill, today, step, biller.wording.tones)
    facts = _collect_facts(occasion, biller, bill, language, today)
    subject = _write_subject(occasion, biller, facts, language)
    own_intro = biller.wording.find_words(Part.EMAIL_INTRO, occasion, language)
    view = {
        "words": words,
        "language": language,
        "subject": subject,
        "preview": words(f"{occasion.moment}.preview", **facts),
        "title": words(f"{occasion.moment}.title", **facts),
        "intro": fill_words(own_intro, facts) if own_intro else words(f"{occasion}.intro", **facts),
        "sender_name": words(f"sender_name.{biller.module}"),
        "biller": facts["biller"],
        "help_contact": wording.clean(biller.help_contact),
        "recipient_name": wording.clean(recipient_name),
        "link": link,
        "link_words": occasion if occasion in (Occasion.PAID, Occasion.ARCHIVED) else "bill",
        "amount": facts["amount"],
        "due_date": facts["due_date"],
        "valid_until": bill_facts.describe_end(bill, language),
        "va_number": wording.group_va_number(bill["va_number"]),
        "va_number_plain": bill["va_number"],
        "details": _list_details(occasion, bill, language),
        "items": bill_facts.list_items(bill.get("items", []), language),
        "arrears": format_rupiah(bill["arrears"]) if bill.get("arrears") else "",
        "ways": bill_facts.list_ways(bill, language),
        "replaced_note": _describe_replaced(bill, words) if occasion is Occasion.REISSUED else "",
        "payment": wording.describe_payment(bill, language) if occasion is Occasion.PAID else None,
        "replacement": wording.group_va_number(bill.get("replaced_by", "")),
        "replacement_plain": bill.get("replaced_by", ""),
    }
    templates = _load_templates()
    name = _TEMPLATES.get(occasion, "bill")
    return EmailMessage(
        sender_name=words(f"sender_name.{biller.module}"),
        subject=subject,
        html=templates.get_template(f"{name}.html.j2").render(view),
        text=templates.get_template(f"{name}.txt.j2").render(view),
    )


def _collect_facts(
    occasion: Occasion, biller: Biller, bill: Mapping[str, Any], language: str, today: date
) -> dict[str, str]:
    due = date.fromisoformat(bill["due_date"])
    facts = {
        "biller": wording.clean(biller.name),
        "payer": bill["payer_name"],
        "amount": format_rupiah(bill["amount"]),
        "due_date": wording.format_date(due, language),
        "va_number": bill["va_number"],
        "number": bill["number"],
        "what": wording.describe_purpose(bill, language),
        "days": wording.format_days(abs((today - due).days), language),
    }
    if occasion is Occasion.PAID:
        payment = wording.describe_payment(bill, language)
        facts |= {"amount": payment.amount, "paid_on": wording.format_date(payment.day, language)}
    return facts


def _write_subject(occasion: Occasion, biller: Biller, facts: Mapping[str, str], language: str) -> str:
    short = {name: wording.shorten(words, MAX_SUBJECT_NAME) for name, words in facts.items()}
    own = biller.wording.find_words(Part.EMAIL_SUBJECT, occasion, language)
    return fill_words(own, short) if own else _word(language, f"{occasion.moment}.subject", **short)


def _describe_replaced(bill: Mapping[str, Any], words: Any) -> str:
    reversed_payment = bill.get("replaced_because") == "payment_reversed"
    return str(
        words("reissued.note.payment_reversed" if reversed_payment else "reissued.note", va_number=bill["replaces"])
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


def _list_details(occasion: Occasion, bill: Mapping[str, Any], language: str) -> list[tuple[str, str]]:
    """Labels and values of what the bill is about."""
    details = bill_facts.list_details(bill, language)
    if occasion in _TEMPLATES:
        # Of a bill they stand in large print; here they are history.
        due = wording.format_date(date.fromisoformat(bill["due_date"]), language)
        number = "archived.old_number" if occasion is Occasion.ARCHIVED else "va_number"
        facts = [("bill_amount", format_rupiah(bill["amount"])), ("due_date", due), (number, bill["va_number"])]
        details += [(_word(language, label), value) for label, value in facts]
    return details
