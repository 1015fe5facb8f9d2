"""Text as people type or paste it into cells, and the error for a value that cannot be read."""

import re
import unicodedata
from typing import Any

from invoicing.errors import InvoicingError

# Zero-width, bidirectional override, soft hyphen, controls that are not white space, lone surrogates.
_INVISIBLE = re.compile(
    "[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ud800-\udfff]"
)
_DASHES = frozenset("-\u2010\u2011\u2012\u2013\u2014\u2015\u2212_")


class InvalidValueError(InvoicingError):
    """A typed value cannot be read. ``code`` names the text that explains it, ``params`` fill that text."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.code = code
        self.params = params


def clean_text(text: str) -> str:
    """The text as a person sees it: NFC, no invisible characters, every run of white space one space."""
    if text.isascii():
        if text.isprintable() and "  " not in text and text.strip() == text:
            return text
    else:
        text = unicodedata.normalize("NFC", text)
    return " ".join(_INVISIBLE.sub("", text).split())


def is_blank(text: str) -> bool:
    """True for cleaned text that says "nothing here": empty, or only dashes."""
    return not text or _DASHES.issuperset(text)
