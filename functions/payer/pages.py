"""The payer's pages as HTML: what ``bill_facts`` and ``wording`` say of a bill, in one of two languages."""

from collections.abc import Mapping
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import segno

from invoicing import bill_facts, clock, wording
from invoicing.money import format_rupiah
from invoicing.payer_bills import BillState, FamilyBill, PayerBill, list_family_bills
from invoicing.payer_links import build_payer_link
from invoicing.settings import get_settings
from invoicing.texts import LANGUAGES, text
from webpages.assets import load_assets
from webpages.templates import load_templates

_FOLDER = Path(__file__).parent
STATIC = _FOLDER / "static"
_WATCHED = {BillState.OPEN, BillState.OVERDUE}
"""States in which the page looks whether the bill was paid meanwhile."""


def render_bill(token: str, bill: PayerBill, language: str | None) -> str:
    """The page of a bill; ``language`` is the reader's choice, else the bill's own."""
    chosen = language or choose_language(bill)
    words = partial(_word, chosen)
    invoice = wording.clean(bill.invoice)
    biller = wording.clean(bill.biller.name)
    due = date.fromisoformat(invoice["due_date"])
    return _render(
        "bill.html.j2",
        chosen,
        token=token,
        title=words("title", biller=biller),
        sender_name=text(f"notices.sender_name.{bill.biller.module}", chosen),
        biller=biller,
        help_contact=wording.clean(bill.biller.help_contact),
        state=bill.state,
        state_note=describe_state(bill, invoice, chosen),
        is_watched=bill.state in _WATCHED,
        payable=bill.state in _WATCHED,
        amount=format_rupiah(invoice["amount"]),
        amount_plain=str(invoice["amount"]),
        due_date=wording.format_date(due, chosen),
        valid_until=bill_facts.describe_end(invoice, chosen),
        va_number=wording.group_va_number(invoice["va_number"]),
        va_number_plain=invoice["va_number"],
        details=bill_facts.list_details(invoice, chosen),
        items=bill_facts.list_items(invoice.get("items", []), chosen),
        arrears=format_rupiah(invoice["arrears"]) if invoice.get("arrears") else "",
        ways=bill_facts.list_ways(invoice, chosen),
        family=[_show_family_bill(other, chosen) for other in list_family_bills(bill)],
        qr=draw_link(bill),
    )


def render_dead_link(language: str, root: str) -> str:
    return _render_message("dead_link", language, root)


def render_failure(language: str, root: str) -> str:
    return _render_message("failure", language, root)


def render_dismissed(language: str, root: str) -> str:
    return _render_message("dismissed", language, root)


def choose_language(bill: PayerBill) -> str:
    language = bill.invoice.get("language") or bill.biller.language
    return language if language in LANGUAGES else LANGUAGES[0]


def describe_state(bill: PayerBill, invoice: Mapping[str, Any], language: str) -> str:
    """What the bill's state means for its payer, in a sentence."""
    facts: dict[str, Any] = {"biller": wording.clean(bill.biller.name)}
    key: str = bill.state
    match bill.state:
        case BillState.OPEN | BillState.OVERDUE:
            due = date.fromisoformat(invoice["due_date"])
            days = abs((clock.today_in_jakarta() - due).days)
            key = "due_today" if days == 0 else key
            facts |= {"due_date": wording.format_date(due, language), "days": wording.format_days(days, language)}
        case BillState.PAID:
            facts["instant"] = wording.format_instant(clock.from_text(invoice["paid_at"]), language)
        case BillState.EXPIRED:
            facts["instant"] = bill_facts.describe_end(invoice, language)
        case BillState.ARCHIVED:
            key = "replaced" if invoice.get("replaced_by") else key
    return _word(language, f"state.{key}.note", **facts)


def draw_link(bill: PayerBill) -> str:
    """A QR code that opens this page, as a data address of an SVG picture; empty where links have no base."""
    link = build_payer_link(bill.invoice["bank_code"], bill.invoice["va_number"], bill.address)
    return segno.make(link, micro=False, error="m").svg_data_uri(scale=4, border=2) if link else ""


def _show_family_bill(other: FamilyBill, language: str) -> dict[str, Any]:
    invoice = wording.clean(other.invoice)
    return {
        "payer": invoice["payer_name"],
        "what": wording.describe_purpose(invoice, language),
        "amount": format_rupiah(invoice["amount"]),
        "due_date": wording.format_short_date(date.fromisoformat(invoice["due_date"]), language),
        "va_number": wording.group_va_number(invoice["va_number"]),
        "token": other.token,
    }


def _render_message(key: str, language: str, root: str) -> str:
    words = partial(_word, language)
    return _render(
        "message.html.j2", language, root=root, title=words(f"{key}.title"), paragraphs=words(f"{key}.text").split("\n")
    )


def _render(template: str, language: str, *, root: str = "", **view: Any) -> str:
    names = {plain: asset.name for plain, asset in load_assets(STATIC).items()}
    words = partial(_word, language)
    page = load_templates(_FOLDER / "templates").get_template(template)
    phone = get_settings().help_phone
    return page.render(
        help_phone=phone, words=words, language=language, languages=LANGUAGES, root=root, assets=names, **view
    )


def _word(language: str, key: str, **params: Any) -> str:
    return text(f"payer.{key}", language, **params)
