"""SMS as the payer sees them: a pure function of kind, biller, invoice, language, link and day. Always one segment.

The facts (amount, dates, VA number, link) are always whole. Where the names find little room, the product's words
give way to their brief form, then the names, the biller's first.
"""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from invoicing import wording
from invoicing.billers import Biller
from invoicing.gsm7 import SEGMENT_SEPTETS, count_septets, cut, transliterate
from invoicing.money import format_rupiah
from invoicing.notices import NoticeKind
from invoicing.occasions import Occasion, find_occasion
from invoicing.own_wording import MIN_NAME_SEPTETS, Part, fill_words
from invoicing.payer_links import TOKEN_LENGTH
from invoicing.texts import text

MAX_BASE_SEPTETS = 28
"""Longest ``PayerLinkBase``: with it the longest facts still leave both names recognisable."""
GOOD_NAMES_SEPTETS = 40
"""With so much room for both names the product's words stay in full."""
MAX_LINK_SEPTETS = MAX_BASE_SEPTETS + 1 + TOKEN_LENGTH


def render_sms(
    kind: NoticeKind,
    biller: Biller,
    invoice: Mapping[str, Any],
    language: str,
    today: date,
    link: str = "",
    step: str = "",
) -> str:
    """``invoice`` has the members of InvoiceDraft, and ``va_number``; ``today`` is the day in the biller's zone.

    Raises ValueError for a link that is too long or not of the SMS alphabet: a wrong setting.
    """
    if count_septets(link) > MAX_LINK_SEPTETS or transliterate(link) != link:
        raise ValueError("payer link does not fit an SMS")
    occasion = find_occasion(kind, invoice, today, step, biller.wording.tones)
    facts = _collect_facts(occasion, invoice, language, today) | {"link": link}
    biller_name, payer = _write_biller(biller, language), _write_payer(invoice, language)
    whole = count_septets(biller_name + payer)
    forms: list[tuple[Callable[[str, str], str], int]] = [
        (lambda *names: _fill(f"sms.{occasion}", language, facts, *names), min(whole, GOOD_NAMES_SEPTETS)),
        (lambda *names: _fill(f"sms.{occasion.moment}.brief", language, facts, *names), 0),
    ]
    own = biller.wording.find_words(Part.SMS, occasion, language)
    if own:
        # They were checked to leave the names recognisable; a longer link may have come since.
        forms.insert(0, (lambda *names: _fill_own(own, facts, *names), min(whole, 2 * MIN_NAME_SEPTETS)))
    for form, least in forms:
        room = SEGMENT_SEPTETS - count_septets(form("", ""))
        if room >= least:
            break
    return form(*_fit(biller_name, payer, room))


def _collect_facts(occasion: Occasion, invoice: Mapping[str, Any], language: str, today: date) -> dict[str, str]:
    due = date.fromisoformat(invoice["due_date"])
    facts = {
        "amount": format_rupiah(invoice["amount"]),
        "due_date": wording.format_short_date(due, language),
        "va_number": invoice["va_number"],
        "days": wording.format_days(abs((today - due).days), language),
        "replacement": "",
        "reference": "",
    }
    if occasion is Occasion.PAID:
        payment = wording.describe_payment(invoice, language)
        reference = wording.unlink(transliterate(payment.reference))
        facts |= {"amount": payment.amount, "paid_on": wording.format_short_date(payment.day, language)}
        if reference:
            facts["reference"] = text("sms.paid.reference", language, reference=reference)
    if occasion is Occasion.ARCHIVED and "replaced_by" in invoice:
        facts["replacement"] = text("sms.archived.replacement", language, va_number=invoice["replaced_by"])
    return facts


def _fill(key: str, language: str, facts: Mapping[str, str], biller: str, payer: str) -> str:
    link = facts["link"]
    return text(key, language, biller=biller, payer=payer, **facts) + (f" {link}" if link else "")


def _fill_own(words: str, facts: Mapping[str, str], biller: str, payer: str) -> str:
    if not facts["link"]:
        words = words.replace(" {link}", "").replace("{link} ", "").replace("{link}", "")
    elif "{link}" not in words:
        words += " {link}"
    return fill_words(words, {**facts, "biller": biller, "payer": payer})


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
