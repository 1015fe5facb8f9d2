"""A biller's own words for e-mail and SMS, its tone per reminder, its choice of WhatsApp templates; and their rules.

Words are one line of plain text with placeholders from a closed list. The bank sends them in its name, so that what a
phisher would write is refused: links, numbers, secrets. Each problem is a code with words in ``texts/*/wordings.py``.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from invoicing.gsm7 import SEGMENT_SEPTETS, count_septets, transliterate
from invoicing.money import MAX_RUPIAH, format_rupiah
from invoicing.occasions import Occasion, Tone
from invoicing.texts import LANGUAGES
from invoicing.typed_text import clean_text


class Part(StrEnum):
    """Where own words stand. An e-mail's facts (amount, account, date) stand beside them in any case."""

    EMAIL_SUBJECT = "email_subject"
    EMAIL_INTRO = "email_intro"
    SMS = "sms"


MAX_LENGTH: Mapping[Part, int] = {Part.EMAIL_SUBJECT: 100, Part.EMAIL_INTRO: 600, Part.SMS: SEGMENT_SEPTETS}
MIN_NAME_SEPTETS = 8
"""What is left of each of the two names in an SMS at the worst."""
TEMPLATE_VARIANTS: Mapping[Occasion, tuple[str, ...]] = {
    Occasion.ISSUED: ("standard", "brief"),
    Occasion.PAID: ("standard", "warm"),
}
"""The approved WhatsApp templates to choose from; an occasion that is not here has one, and a reminder one per tone."""

_DATES = {Occasion.PAID: "paid_on"}
_WORST_FACTS = {
    "amount": format_rupiah(MAX_RUPIAH),
    "due_date": "31 Des 2026",
    "paid_on": "31 Des 2026",
    "days": "9999 hari",
    "biller": "",
    "payer": "",
    "link": "",
}
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
_TYPOGRAPHIC = frozenset("‘’“”–—…•·×°½€£©®™«»¡¿§")
# Phones make a link of any two words with a dot between them.
_LINK = re.compile(r"://|\bwww\b|@|\bwa\s?\.\s?me\b|[^\W_]\.[^\W\d_]{2,}|\d+(?:\.\d+){3}")
_DIGITS = re.compile(r"\d(?:[\s.,()+_*-]*\d){4,}")
_NUMBER_WORDS = (
    "nol kosong satu dua tiga empat lima enam tujuh delapan sembilan zero one two three four five six seven eight nine"
)
_SPELT = "|".join(_NUMBER_WORDS.split())
_SPELT_NUMBER = re.compile(rf"\b(?:{_SPELT})\b(?:\W+(?:{_SPELT})\b){{3}}")
_SECRETS = re.compile(
    r"\b(?:m?-?pin|otp|cvv2?|cvc2?|passw(?:or)?d|passcode|(?:kata ?)?sandi|kode (?:akses|rahasia|verifikasi|aktivasi)"
    r"|(?:access|secret|verification|activation|security) code|user ?(?:id|name)|token|no(?:mor|\.)? ?rek"
    r"|norek|rekening|account number|kartu (?:kredit|debit|atm)|(?:credit|debit|atm) card|log ?in|apk|hadiah|prize)\b"
)
_LEET = str.maketrans("0134578@$!", "oieastbasi")
_SPACED_LETTERS = re.compile(r"\b(?:[^\W\d_][\s._*-]+){2,}[^\W\d_]\b")


@dataclass(frozen=True, slots=True)
class Wording:
    """All empty: the product's own words. Kept with the biller; every earlier version is in the audit log."""

    words: Mapping[str, str] = field(default_factory=dict)
    """By ``name_words``: ``sms.issued.id``."""
    tones: Mapping[int, Tone] = field(default_factory=dict)
    """By a reminder's offset in days; without one it goes by the day: friendly before, neutral on, firm after."""
    templates: Mapping[Occasion, str] = field(default_factory=dict)
    """WhatsApp template variants."""
    version: int = 0
    changed_at: str = ""
    changed_by: str = ""

    def find_words(self, part: Part, occasion: Occasion, language: str) -> str:
        """Empty: the biller has none of its own."""
        return self.words.get(name_words(part, occasion, language), "")


@dataclass(frozen=True, slots=True)
class Problem:
    code: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class SmsFrame:
    """What every SMS of a deployment has beside its words."""

    va_digits: int
    link_septets: int
    """0: it has no link."""


def name_words(part: Part, occasion: Occasion, language: str) -> str:
    return f"{part}.{occasion}.{language}"


def parse_name(name: str) -> tuple[Part, Occasion, str] | None:
    """What ``name_words`` made the name of; None when it is no such name."""
    part, _, rest = name.partition(".")
    occasion, _, language = rest.partition(".")
    if part not in list(Part) or occasion not in list(Occasion) or language not in LANGUAGES:
        return None
    return Part(part), Occasion(occasion), language


def fill_words(words: str, facts: Mapping[str, str]) -> str:
    """Own words with their facts; nothing else in braces means anything."""
    return _PLACEHOLDER.sub(lambda match: facts[match[1]], words)


def list_placeholders(part: Part, occasion: Occasion) -> frozenset[str]:
    """All that own words may name."""
    names = {"payer", "biller", "amount", "va_number", "due_date", _DATES.get(occasion, "due_date")}
    if occasion.startswith(("reminder_before", "reminder_after")):
        names.add("days")
    if part is Part.SMS:
        # An SMS holds no fact of open length but names, which give way.
        return frozenset(names | {"link"})
    return frozenset(names | {"number", "what"})


def list_required(part: Part, occasion: Occasion) -> frozenset[str]:
    """What own words may not leave out."""
    match part:
        case Part.EMAIL_SUBJECT | Part.EMAIL_INTRO:
            return frozenset({"biller"})
        case Part.SMS if occasion is Occasion.ARCHIVED:
            return frozenset({"biller", "va_number"})
        case Part.SMS:
            return frozenset({"biller", "amount", "va_number", _DATES.get(occasion, "due_date")})


def find_problems(part: Part, occasion: Occasion, words: str, frame: SmsFrame) -> list[Problem]:
    """Why these words cannot be used; none: they can."""
    problems = list(_find_wrong_placeholders(part, occasion, words))
    plain = _PLACEHOLDER.sub(" ", words)
    if len(words) > MAX_LENGTH[part]:
        problems.append(Problem("too_long", str(MAX_LENGTH[part])))
    if clean_text(words) != words:
        problems.append(Problem("not_plain"))
    strange = "".join(dict.fromkeys(char for char in plain if not _is_allowed(char)))
    if strange:
        problems.append(Problem("character", strange[:10]))
    # Also as it reads where a placeholder is empty: "P{link}IN".
    problems += dict.fromkeys([*_find_phishing(plain), *_find_phishing(_PLACEHOLDER.sub("", words))])
    if part is Part.SMS and not problems:
        missing = count_worst_septets(words, frame) + 2 * MIN_NAME_SEPTETS - SEGMENT_SEPTETS
        if transliterate(words) != words:
            problems.append(Problem("sms_alphabet"))
        elif missing > 0:
            problems.append(Problem("sms_too_long", str(missing)))
    return problems


def count_worst_septets(words: str, frame: SmsFrame) -> int:
    """What an SMS of these words costs with the longest facts and without names."""
    facts = _WORST_FACTS | {"va_number": "0" * frame.va_digits}
    filled = _PLACEHOLDER.sub(lambda match: facts[match[1]], words)
    # A link stands where the words put it, else at the end behind a space.
    apart = 1 if frame.link_septets and "{link}" not in words else 0
    return count_septets(filled) + frame.link_septets + apart


def _find_wrong_placeholders(part: Part, occasion: Occasion, words: str) -> Iterator[Problem]:
    used = _PLACEHOLDER.findall(words)
    allowed = list_placeholders(part, occasion)
    for name in dict.fromkeys(used):
        if name not in allowed:
            yield Problem("placeholder_unknown", f"{{{name}}}")
    if part is Part.SMS and len(used) > len(set(used)):
        yield Problem("placeholder_twice")
    if set("{}") & set(_PLACEHOLDER.sub("", words)):
        yield Problem("brace")
    missing = list_required(part, occasion) - set(used)
    if missing:
        yield Problem("fact_missing", ", ".join(sorted(f"{{{name}}}" for name in missing)))


def _is_allowed(char: str) -> bool:
    """Latin letters and usual punctuation: no letter of another script that looks like one of ours."""
    if char.isascii():
        return char.isprintable() and char not in "<>`"
    return (
        char in _TYPOGRAPHIC
        or unicodedata.name(char, "").startswith("LATIN SMALL LETTER")
        or (unicodedata.name(char, "").startswith("LATIN CAPITAL LETTER"))
    )


def _find_phishing(plain: str) -> Iterator[Problem]:
    seen = unicodedata.normalize("NFKC", plain).casefold()
    link = _LINK.search(seen)
    if link:
        yield Problem("link", link[0])
    digits = _DIGITS.search(seen) or _SPELT_NUMBER.search(seen)
    if digits:
        yield Problem("number", digits[0])
    # "P I N", "P.I.N", "0TP": read as a person reads them. Accents are no disguise either.
    bare = "".join(char for char in unicodedata.normalize("NFKD", seen) if not unicodedata.combining(char))
    joined = _SPACED_LETTERS.sub(lambda match: re.sub(r"[\s._*-]", "", match[0]), bare)
    for reading in (bare, joined, bare.translate(_LEET), joined.translate(_LEET)):
        secret = _SECRETS.search(reading)
        if secret:
            yield Problem("phishing", secret[0])
            return
