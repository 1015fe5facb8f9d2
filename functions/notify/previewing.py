"""What a notice will look like, rendered by the very code that the senders use.

Of an invented sample, of a bill that is there, or of one that an upload would make.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from invoicing import clock
from invoicing.billers import Biller, Module
from invoicing.changing_wording import Change, apply_change
from invoicing.errors import InvoiceNotFoundError
from invoicing.gsm7 import count_segments, count_septets
from invoicing.invoices import PlanLine, Recipient
from invoicing.notice_facts import load_issued_invoice, load_reason_of_replaced
from invoicing.notices import PAYER_CHANNELS, Channel, NoticeKind, get_address, mask_address, plan_issued_notices
from invoicing.reminders import format_step
from invoicing.settings import get_settings
from invoicing.store.billers import load_biller
from invoicing.upload_samples import Pick, load_sample
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
    return _render_channels(kind, biller, invoice, dict.fromkeys(PAYER_CHANNELS, name), language, offset)


def preview_upload(biller_id: str, upload_id: str, pick: Pick) -> dict[str, Any]:
    """What the payer of one bill of a checked upload will be sent: ``bill``, ``told``, ``language``, and the messages.

    In the language and to the people that the row, or else the biller, asks for; their addresses masked. ``told`` says
    on which channel each is written to and which follow only if that one fails; only those channels have messages.
    The virtual account gets its number at the release: it is all zeros here.

    Raises BillerNotFoundError, UploadNotFoundError, UploadStateError, FilesExpiredError.
    """
    biller = load_biller(biller_id)
    line = load_sample(biller_id, upload_id, pick)
    draft = line["invoice"]
    invoice = _build_invoice(biller_id, line)
    told: list[dict[str, Any]] = []
    names: dict[Channel, str] = {}
    for notice in plan_issued_notices(biller, draft, invoice["va_number"]):
        if notice.channel not in PAYER_CHANNELS:
            continue
        later = [rung.channel for rung in notice.ladder[1:]]
        told.append(
            {
                "channel": notice.channel,
                "name": notice.recipient_name,
                "address": mask_address(notice.recipient),
                "later": later,
            }
        )
        for channel in (notice.channel, *later):
            names.setdefault(channel, _find_name(draft["recipients"], channel, notice.recipient_name))
    language = draft.get("language") or biller.language
    shown = _render_channels(NoticeKind.ISSUED, biller, invoice, names, language, 0)
    bill = {name: draft[name] for name in ("number", "payer_name", "amount", "due_date")}
    return {"bill": {"row": line["row"], **bill}, "told": told, "language": language, **shown}


def _build_invoice(biller_id: str, line: PlanLine) -> dict[str, Any]:
    """A row as the invoice that it will become."""
    invoice: dict[str, Any] = {**line["invoice"], **_build_account(), "status": "open"}
    if "replaces" in line:
        invoice["replaces"] = line["replaces"]
        invoice["replaced_because"] = load_reason_of_replaced(biller_id, invoice["number"], line["replaces"])
    return invoice


def _find_name(recipients: Sequence[Recipient], channel: Channel, name: str) -> str:
    """Of the first reader on this channel: a ladder's later channels may reach people the first does not."""
    reached = [recipient.get("name", "") for recipient in recipients if get_address(recipient, channel)]
    return name if name in reached or not reached else reached[0]


def build_sample(module: Module, names: Names) -> dict[str, Any]:
    """An invoice of nobody."""
    name = _LONG_NAME if names is Names.LONG else "Alya Putri"
    due = clock.today_in_jakarta() + timedelta(days=7)
    sample: dict[str, Any] = {
        "number": "CONTOH-001",
        **_build_account(),
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


def _build_account() -> dict[str, str]:
    """An account of nobody."""
    settings = get_settings()
    digits = settings.va_company_code_digits + settings.va_customer_number_digits
    return {"bank_code": settings.bank_code, "va_number": "0" * digits}


def _build_sample_payment(invoice: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "status": "paid",
        "paid_at": clock.to_text(clock.now()),
        "paid_via": "va",
        "paid_amount": invoice["amount"],
        "payment": {"payment_id": "contoh", "channel": "6011", "bank_reference": "CONTOH-778899"},
    }


def _render_channels(
    kind: NoticeKind,
    biller: Biller,
    invoice: Mapping[str, Any],
    names: Mapping[Channel, str],
    language: str,
    offset: int,
) -> dict[str, Any]:
    """The messages on the channels of ``names``, which says whom each greets."""
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
    shown: dict[str, Any] = {}
    if Channel.EMAIL in names:
        email = render_email(kind, biller, invoice, names[Channel.EMAIL], language, today, link, step)
        shown[Channel.EMAIL] = {
            "sender": email.sender_name,
            "subject": email.subject,
            "text": email.text,
            "html": email.html,
        }
    if Channel.SMS in names:
        sms = render_sms(kind, biller, invoice, language, today, link, step)
        shown[Channel.SMS] = {"text": sms, "segments": count_segments(sms), "septets": count_septets(sms)}
    if Channel.WHATSAPP in names:
        template = build_template_message(kind, biller, invoice, names[Channel.WHATSAPP], language, today, link, step)
        words = fill_template(template, base or "https://…")
        shown[Channel.WHATSAPP] = {"template": template["name"], "text": words}
    return shown
