"""SMS as the payer sees them: a pure function of kind, biller, invoice, language, link and day. Always one segment.

The facts (amount, due date, VA number, link) are always whole; names give way to them, the biller's first.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from invoicing import wording
from invoicing.billers import Biller
from invoicing.money import format_rupiah
from invoicing.notices import NoticeKind
from invoicing.texts import text
from notify.channels.gsm7 import SEGMENT_SEPTETS, count_septets, cut, transliterate

MAX_LINK_SEPTETS = 42
"""Longest payer link for which the longest facts still leave both names recognisable."""


def render_sms(
    kind: NoticeKind, biller: Biller, invoice: Mapping[str, Any], language: str, today: date, link: str = ""
) -> str:
    """``invoice`` has the members of InvoiceDraft, and ``va_number``; ``today`` is the day in the biller's zone.

    Raises ValueError for a link that is too long or not of the SMS alphabet: a wrong setting.
    """
    if count_septets(link) > MAX_LINK_SEPTETS or transliterate(link) != link:
        raise ValueError("payer link does not fit an SMS")
    due = date.fromisoformat(invoice["due_date"])
    facts = {
        "amount": format_rupiah(invoice["amount"]),
        "due_date": wording.format_short_date(due, language),
        "va_number": invoice["va_number"],
        "days": wording.format_days(abs((today - due).days), language),
    }
    key = f"sms.{wording.find_occasion(kind, due, today)}"
    end = f" {link}" if link else ""
    room = SEGMENT_SEPTETS - count_septets(text(key, language, biller="", payer="", **facts) + end)
    biller_name, payer = _fit(_write_biller(biller, language), _write_payer(invoice, language), room)
    return text(key, language, biller=biller_name, payer=payer, **facts) + end


def _write_biller(biller: Biller, language: str) -> str:
    return wording.unlink(transliterate(biller.name)) or text(f"notices.sender_name.{biller.module}", language)


def _write_payer(invoice: Mapping[str, Any], language: str) -> str:
    """A name in another script has no letters left: the bill's number stands in."""
    names = (wording.unlink(transliterate(invoice[member])) for member in ("payer_name", "number"))
    return next(filter(None, names), text("sms.payer", language))


def _fit(biller: str, payer: str, room: int) -> tuple[str, str]:
    """The biller's name is cut first, but not below half of the room."""
    biller = cut(biller, max(room - count_septets(payer), room // 2))
    return biller, cut(payer, room - count_septets(biller))
