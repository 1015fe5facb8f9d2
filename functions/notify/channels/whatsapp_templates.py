"""The WhatsApp templates that must be registered, and the parameters of a message made from one.

Meta approves each template in each language by hand; a message only names it and fills its numbered placeholders.
``python -m notify.channels.whatsapp_templates [PAYER_LINK_BASE]`` prints all of them for registration, as JSON; with
the base of the payers' links, those with a button that opens the payer's page.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from invoicing import wording
from invoicing.billers import Biller
from invoicing.money import format_rupiah
from invoicing.notices import NoticeKind
from invoicing.occasions import Occasion, find_occasion
from invoicing.own_wording import TEMPLATE_VARIANTS
from invoicing.texts import LANGUAGES, text

VERSION = 2
"""Part of every name: raise it with any change of words, and deploy only when the new templates are approved."""
STANDARD = "standard"
"""The variant of a biller that chose none."""
_BILL = ("name", "biller", "payer", "what", "amount", "due_date", "va_number")
_PARAMETERS: Mapping[Occasion, tuple[str, ...]] = {
    Occasion.REISSUED: (*_BILL, "replaced"),
    Occasion.PAID: ("name", "biller", "payer", "what", "amount", "paid_on", "paid_by", "reference", "va_number"),
    Occasion.ARCHIVED: ("name", "biller", "payer", "what", "amount", "va_number", "replacement"),
}
MAX_WORDS = 60
"""Characters of a name or of what the bill is for. With them the longest message stays under Meta's 1,024."""

_EXAMPLES = {
    "name": ("Ibu Sari", "Ibu Sari"),
    "biller": ("Toko Sinar Jaya", "Toko Sinar Jaya"),
    "payer": ("Alya Putri", "Alya Putri"),
    "what": ("SPP Juli 2026", "SPP July 2026"),
    "amount": ("Rp1.500.000", "Rp1.500.000"),
    "due_date": ("31 Juli 2026", "31 July 2026"),
    "va_number": ("8808100000000017", "8808100000000017"),
    "replaced": ("8808100000000009", "8808100000000009"),
    "replacement": ("8808100000000025", "8808100000000025"),
    "paid_on": ("30 Juli 2026 pukul 10.15 WIB", "30 July 2026, 10:15 WIB (Jakarta time)"),
    "paid_by": ("Virtual Account OCBC", "OCBC Virtual Account"),
    "reference": ("20260730101500017", "20260730101500017"),
}
_EXAMPLE_TOKEN = "Zm9vYmFyYmF6cXV4cXV1eA"  # noqa: S105 - of nobody


def list_parameters(occasion: Occasion) -> tuple[str, ...]:
    """In the order of their first use, so ``{{1}}`` is the recipient's name."""
    return _PARAMETERS.get(occasion, _BILL)


def name_template(occasion: Occasion, variant: str = STANDARD, *, has_link: bool = False) -> str:
    parts = ["bill", occasion, "" if variant == STANDARD else variant, "link" if has_link else "", str(VERSION)]
    return "_".join(part for part in parts if part)


def build_template_message(
    kind: NoticeKind,
    biller: Biller,
    invoice: Mapping[str, Any],
    recipient_name: str,
    language: str,
    today: date,
    link: str = "",
    step: str = "",
) -> dict[str, Any]:
    """The ``template`` member of a message. ``invoice`` has the members of InvoiceDraft, and ``va_number``.

    ``today`` is the day in the biller's zone; of ``link`` only the end is sent, the rest is registered.
    """
    occasion = find_occasion(kind, invoice, today, step, biller.wording.tones)
    facts = _collect_facts(occasion, invoice, language, today) | {
        "name": recipient_name or text("whatsapp.nobody", language),
        "biller": biller.name,
    }
    parameters = [_write_parameter(clean_parameter(facts[name])) for name in list_parameters(occasion)]
    components: list[dict[str, Any]] = [{"type": "body", "parameters": parameters}]
    if link:
        token = _write_parameter(link.rpartition("/")[2])
        components.append({"type": "button", "sub_type": "url", "index": "0", "parameters": [token]})
    variant = biller.wording.templates.get(occasion, STANDARD)
    if variant not in TEMPLATE_VARIANTS.get(occasion, ()):
        # Chosen when it was still among the approved ones.
        variant = STANDARD
    return {
        "name": name_template(occasion, variant, has_link=bool(link)),
        "language": {"code": language},
        "components": components,
    }


def _collect_facts(occasion: Occasion, invoice: Mapping[str, Any], language: str, today: date) -> dict[str, str]:
    due = date.fromisoformat(invoice["due_date"])
    due_words = wording.format_date(due, language)
    if occasion.moment == "reminder_after":
        # Beside the date and not in the words: all reminders take the same parameters.
        days = wording.format_days((today - due).days, language)
        due_words = text("whatsapp.overdue", language, due_date=due_words, days=days)
    facts = {
        "payer": invoice["payer_name"],
        "what": wording.describe_purpose(invoice, language),
        "amount": format_rupiah(invoice["amount"]),
        "due_date": due_words,
        "va_number": invoice["va_number"],
        "replaced": invoice.get("replaces", ""),
        "replacement": invoice.get("replaced_by") or text("whatsapp.no_replacement", language),
    }
    if occasion is Occasion.PAID:
        payment = wording.describe_payment(invoice, language)
        facts |= {"amount": payment.amount, "paid_on": payment.instant}
        facts |= {"paid_by": payment.way, "reference": payment.reference}
    return facts


def _write_parameter(words: str) -> dict[str, str]:
    return {"type": "text", "text": words}


def clean_parameter(words: str) -> str:
    """What Meta accepts as a parameter: never empty, no line break, tab or run of spaces; and no link of its own."""
    return wording.shorten(wording.unlink(words), MAX_WORDS) or "-"


def build_templates(link_base: str = "") -> list[dict[str, Any]]:
    """Every template in every language, as CreateWhatsAppMessageTemplate and Meta's own API take them."""
    return [
        _build_template(occasion, variant, language, link_base)
        for occasion, variant in _list_variants()
        for language in LANGUAGES
    ]


def _list_variants() -> Iterator[tuple[Occasion, str]]:
    for occasion in Occasion:
        for variant in TEMPLATE_VARIANTS.get(occasion, (STANDARD,)):
            yield occasion, variant


def _build_template(occasion: Occasion, variant: str, language: str, link_base: str) -> dict[str, Any]:
    names = list_parameters(occasion)
    numbers = {name: f"{{{{{number}}}}}" for number, name in enumerate(names, start=1)}
    key = f"whatsapp.{occasion}" if variant == STANDARD else f"whatsapp.{occasion}.{variant}"
    examples = [_EXAMPLES[name][LANGUAGES.index(language)] for name in names]
    components = [
        {"type": "BODY", "text": text(key, language, **numbers), "example": {"body_text": [examples]}},
        {"type": "FOOTER", "text": text("whatsapp.footer", language)},
    ]
    if link_base:
        url = f"{link_base.rstrip('/')}/"
        button = {
            "type": "URL",
            "text": text("whatsapp.button", language),
            "url": f"{url}{{{{1}}}}",
            "example": [f"{url}{_EXAMPLE_TOKEN}"],
        }
        components.append({"type": "BUTTONS", "buttons": [button]})
    return {
        "name": name_template(occasion, variant, has_link=bool(link_base)),
        "language": language,
        "category": "UTILITY",
        "parameter_format": "POSITIONAL",
        "components": components,
    }


def fill_template(message: Mapping[str, Any], link_base: str = "https://…") -> str:
    """The words that the reader of a message made by ``build_template_message`` sees, its button as last line."""
    has_link = len(message["components"]) > 1
    (built,) = (
        built
        for built in build_templates(link_base if has_link else "")
        if (built["name"], built["language"]) == (message["name"], message["language"]["code"])
    )
    values = [[parameter["text"] for parameter in component["parameters"]] for component in message["components"]]
    body, footer, *buttons = built["components"]
    if len(values[0]) != len(body["example"]["body_text"][0]):
        raise ValueError("not the number of parameters that is registered")
    parts = [_fill(body["text"], values[0]), footer["text"]]
    for button in (button for component in buttons for button in component["buttons"]):
        parts.append(f"[{button['text']}] {_fill(button['url'], values[1])}")
    return "\n\n".join(parts)


def _fill(words: str, values: list[str]) -> str:
    return re.sub(r"\{\{(\d+)\}\}", lambda match: values[int(match[1]) - 1], words)


if __name__ == "__main__":
    json.dump(build_templates(*sys.argv[1:2]), sys.stdout, ensure_ascii=False, indent=2)
    sys.stdout.write("\n")
