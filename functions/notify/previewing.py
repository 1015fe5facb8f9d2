"""What a notice will look like, rendered by the very code that the senders use; for a sample or a real invoice."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from invoicing import clock
from invoicing.billers import Biller, Module
from invoicing.changing_wording import Change, apply_change
from invoicing.errors import InvoiceNotFoundError
from invoicing.gsm7 import count_segments, count_septets
from invoicing.notice_facts import load_issued_invoice
from invoicing.notices import Channel, NoticeKind
from invoicing.reminders import format_step
from invoicing.settings import get_settings
from invoicing.store.billers import load_biller
from notify.channels.whatsapp_templates import build_template_message, fill_template

SAMPLE_TOKEN = "contoh-tautan-pembayar"  # noqa: S105 - opens nothing
"""A real payer's link opens that payer's page: it is never shown, not even of a real invoice."""


class Names(StrEnum):
    """Of the sample's biller, payer and recipient."""

    SHORT = "short"
    LONG = "long"


_LONG_BILLER = "Perkumpulan Yayasan Pendidikan dan Kesejahteraan Nusantara Sejahtera Bersama"
_LONG_NAME = "Raden Ajeng Muhammad Alexandria Putri Kusumawardhani Wijayakusuma Hadiningrat"


def preview_notice(
    biller_id: str,
    kind: NoticeKind,
    language: str,
    *,
    offset: int = 0,
    names: Names = Names.SHORT,
    number: str | None = None,
    change: Change | None = None,
) -> dict[str, Any]:
    """Every channel's message: ``email`` (subject, html, text), ``sms`` (text, segments, septets), ``whatsapp`` (text).

    Args:
        offset: of a reminder, in days from the due date.
        number: of a real open or paid invoice; without it a sample's.
        change: to the biller's wording, as if it were stored.

    Raises BillerNotFoundError, InvoiceNotFoundError, WordingError.
    """
    biller = load_biller(biller_id)
    if change is not None:
        biller = replace(biller, wording=apply_change(biller.wording, change))
    if number is None:
        invoice = build_sample(biller.module, names)
        if names is Names.LONG:
            biller = replace(biller, name=_LONG_BILLER)
    else:
        found = load_issued_invoice(biller_id, number)
        if found is None:
            raise InvoiceNotFoundError(number)
        invoice = found
    if kind is NoticeKind.PAID and "payment" not in invoice:
        invoice |= _build_sample_payment(invoice)
    name = next((recipient["name"] for recipient in invoice["recipients"] if recipient.get("name")), "")
    return _render_channels(kind, biller, invoice, name, language, offset)


def build_sample(module: Module, names: Names) -> dict[str, Any]:
    """An invoice of nobody."""
    name = _LONG_NAME if names is Names.LONG else "Alya Putri"
    due = clock.today_in_jakarta() + timedelta(days=7)
    sample: dict[str, Any] = {
        "number": "CONTOH-001",
        "bank_code": get_settings().bank_code,
        "va_number": "0" * (get_settings().va_company_code_digits + get_settings().va_customer_number_digits),
        "status": "open",
        "payer_name": name,
        "amount": 9_999_999_999_999 if names is Names.LONG else 1_500_000,
        "due_date": due.isoformat(),
        "recipients": [{"name": name if names is Names.LONG else "Ibu Sari"}],
    }
    if module is Module.PINTU_KELAS:
        sample |= {
            "student": {"nis": "00231", "class_name": "7A"},
            "fee_type": "SPP",
            "period": due.isoformat()[:7],
        }
    return sample


def _build_sample_payment(invoice: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "status": "paid",
        "paid_at": clock.to_text(clock.now()),
        "paid_via": "va",
        "paid_amount": invoice["amount"],
        "payment": {"payment_id": "contoh", "channel": "6011", "bank_reference": "CONTOH-778899"},
    }


def _render_channels(
    kind: NoticeKind, biller: Biller, invoice: Mapping[str, Any], name: str, language: str, offset: int
) -> dict[str, Any]:
    # Rendering e-mails is slow to import, and most commands need none.
    from notify.channels.email_message import render_email
    from notify.channels.sms_message import render_sms

    base = get_settings().payer_link_base.rstrip("/")
    link = f"{base}/{SAMPLE_TOKEN}" if base else ""
    is_reminder = kind is NoticeKind.REMINDER
    today = clock.today_in(biller.policy.zone)
    if is_reminder:
        today = date.fromisoformat(invoice["due_date"]) + timedelta(days=offset)
    step = format_step(offset) if is_reminder else ""
    email = render_email(kind, biller, invoice, name, language, today, link, step)
    sms = render_sms(kind, biller, invoice, language, today, link, step)
    template = build_template_message(kind, biller, invoice, name, language, today, link, step)
    return {
        Channel.EMAIL: {
            "sender": email.sender_name,
            "subject": email.subject,
            "text": email.text,
            "html": email.html,
        },
        Channel.SMS: {"text": sms, "segments": count_segments(sms), "septets": count_septets(sms)},
        Channel.WHATSAPP: {"template": template["name"], "text": fill_template(template, base or "https://…")},
    }
