"""The alphabet of SMS (3GPP TS 23.038): what a message costs in it, and any text written in it.

One character outside of it turns the whole message to UCS-2, of which a segment holds 70 instead of 160.
"""

import unicodedata

from invoicing.typed_text import clean_text

SEGMENT_SEPTETS = 160
_PART_SEPTETS, _SEGMENT_UNITS, _PART_UNITS = 153, 70, 67
"""A message of several parts spends six bytes of each on their order."""

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = frozenset("^{}\\[~]|€\f")
"""Sent as an escape and a basic character: two septets."""

_STAND_INS = str.maketrans(
    {
        **dict.fromkeys("‘’‚‛′ʻʼ`´", "'"),
        **dict.fromkeys("“”„‟″«»", '"'),
        **dict.fromkeys("‐‑‒–—―−", "-"),
        **dict.fromkeys("•·∙●", "-"),
        **dict.fromkeys("đĐðÐ", "d"),
        **dict.fromkeys("łŁ", "l"),
        "…": "...",
        "×": "x",
        "÷": "/",
        "ı": "i",
        "œ": "oe",
        "Œ": "OE",
        "þ": "th",
        "Þ": "Th",
        "₫": "d",
        "ẞ": "SS",
    }
)


def transliterate(text: str) -> str:
    """The text on one line of basic and extension characters: accents that it lacks fall off (``ū`` -> ``u``).

    Letters of scripts that have no Latin form here are left out, so that the answer may be empty.
    """
    return clean_text("".join(_write(char) for char in clean_text(text).translate(_STAND_INS)))


def _write(char: str) -> str:
    if char in _BASIC or char in _EXTENSION:
        return char
    return "".join(part for part in unicodedata.normalize("NFKD", char) if part in _BASIC or part in _EXTENSION)


def count_septets(text: str) -> int:
    """Of a text that is written in the alphabet."""
    return len(text) + sum(char in _EXTENSION for char in text)


def cut(text: str, septets: int) -> str:
    """The text's beginning that costs at most ``septets``; a dot shows that something is missing."""
    if count_septets(text) <= septets:
        return text
    kept, left = "", septets - 1
    for char in text:
        left -= 2 if char in _EXTENSION else 1
        if left < 0:
            break
        kept += char
    return f"{kept.rstrip(' .-,')}." if septets > 0 else ""


def count_segments(text: str) -> int:
    """How many SMS a text is sent, and paid, as. An escaped character or a surrogate pair never straddles two parts."""
    if all(char in _BASIC or char in _EXTENSION for char in text):
        costs, segment, part = [2 if char in _EXTENSION else 1 for char in text], SEGMENT_SEPTETS, _PART_SEPTETS
    else:
        costs, segment, part = [2 if ord(char) > 0xFFFF else 1 for char in text], _SEGMENT_UNITS, _PART_UNITS
    if sum(costs) <= segment:
        return 1
    parts, used = 1, 0
    for cost in costs:
        if used + cost > part:
            parts, used = parts + 1, 0
        used += cost
    return parts
