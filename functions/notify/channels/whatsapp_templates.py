"""The WhatsApp templates that must be registered, and the parameters of a message made from one.

Meta approves each template in each language by hand; a message only names it and fills its numbered placeholders.
``python -m notify.channels.whatsapp_templates`` prints all of them for registration, as JSON.
"""

import json
import re
import sys
from collections.abc import Mapping
from datetime import date
from typing import Any

from invoicing import wording
from invoicing.billers import Biller
from invoicing.money import format_rupiah
from invoicing.notices import NoticeKind
from invoicing.texts import LANGUAGES, text
from invoicing.wording import Occasion

VERSION = 1
"""Part of every name: raise it with any change of words, and deploy only when the new templates are approved."""
PARAMETERS = ("name", "biller", "payer", "what", "amount", "due_date", "va_number")
"""In the order of their first use, so ``{{1}}`` is the recipient's name."""
MAX_WORDS = 60
"""Characters of a name or of what the bill is for. With them the longest message stays under Meta's 1,024."""

_EXAMPLES = {
    "id": ("Ibu Sari", "Toko Sinar Jaya", "Alya Putri", "SPP Juli 2026", "Rp1.500.000", "31 Juli 2026"),
    "en": ("Ibu Sari", "Toko Sinar Jaya", "Alya Putri", "SPP July 2026", "Rp1.500.000", "31 July 2026"),
}
_EXAMPLE_VA_NUMBER = "8808100000000017"


def name_template(occasion: Occasion) -> str:
    return f"bill_{occasion}_{VERSION}"


def build_template_message(
    kind: NoticeKind, biller: Biller, invoice: Mapping[str, Any], recipient_name: str, language: str, today: date
) -> dict[str, Any]:
    """The ``template`` member of a message. ``invoice`` has the members of InvoiceDraft, and ``va_number``.

    ``today`` is the day in the biller's zone.
    """
    due = date.fromisoformat(invoice["due_date"])
    occasion = wording.find_occasion(kind, due, today)
    due_words = wording.format_date(due, language)
    if occasion is Occasion.REMINDER_AFTER:
        # Beside the date and not in the words: all templates take the same parameters.
        days = wording.format_days((today - due).days, language)
        due_words = text("whatsapp.overdue", language, due_date=due_words, days=days)
    facts = {
        "name": recipient_name or text("whatsapp.nobody", language),
        "biller": biller.name,
        "payer": invoice["payer_name"],
        "what": wording.describe_purpose(invoice, language),
        "amount": format_rupiah(invoice["amount"]),
        "due_date": due_words,
        "va_number": invoice["va_number"],
    }
    parameters = [{"type": "text", "text": clean_parameter(facts[name])} for name in PARAMETERS]
    return {
        "name": name_template(occasion),
        "language": {"code": language},
        "components": [{"type": "body", "parameters": parameters}],
    }


def clean_parameter(words: str) -> str:
    """What Meta accepts as a parameter: never empty, no line break, tab or run of spaces; and no link of its own."""
    return wording.shorten(wording.unlink(words), MAX_WORDS) or "-"


def build_templates() -> list[dict[str, Any]]:
    """Every template in every language, as CreateWhatsAppMessageTemplate and Meta's own API take them."""
    return [_build_template(occasion, language) for occasion in Occasion for language in LANGUAGES]


def _build_template(occasion: Occasion, language: str) -> dict[str, Any]:
    numbers = {name: f"{{{{{number}}}}}" for number, name in enumerate(PARAMETERS, start=1)}
    return {
        "name": name_template(occasion),
        "language": language,
        "category": "UTILITY",
        "parameter_format": "POSITIONAL",
        "components": [
            {
                "type": "BODY",
                "text": text(f"whatsapp.{occasion}", language, **numbers),
                "example": {"body_text": [[*_EXAMPLES[language], _EXAMPLE_VA_NUMBER]]},
            },
            {"type": "FOOTER", "text": text("whatsapp.footer", language)},
        ],
    }


def fill_template(message: Mapping[str, Any]) -> str:
    """The words that the reader of a message made by ``build_template_message`` sees."""
    (built,) = (
        built
        for built in build_templates()
        if (built["name"], built["language"]) == (message["name"], message["language"]["code"])
    )
    values = [parameter["text"] for parameter in message["components"][0]["parameters"]]
    body, footer = (component["text"] for component in built["components"])
    return re.sub(r"\{\{(\d+)\}\}", lambda match: values[int(match[1]) - 1], body) + f"\n\n{footer}"


if __name__ == "__main__":
    json.dump(build_templates(), sys.stdout, ensure_ascii=False, indent=2)
    sys.stdout.write("\n")
