"""Phone numbers and e-mail addresses as people type them, brought to the one form that is stored and sent to."""

import re
from collections.abc import Sequence
from typing import Any

from invoicing.typed_text import InvalidValueError, clean_text

MAX_EMAILS = 2
_MAX_ADDRESS, _MAX_LOCAL = 254, 64

# Indonesian mobile numbers: 8, not 80 or 84 (no mobile network), nine to twelve digits after the country code.
_INDONESIAN_MOBILE = re.compile(r"(?:\+?62|0062)?0?(8[1-35-9]\d{7,10})", re.ASCII)
_PHONE_NOISE = str.maketrans("", "", " -.()\u2010\u2011\u2012\u2013\u2014\u2212'")
_PHONE_LABEL = re.compile(r"^(?:tel|hp|wa|whatsapp|telp|phone|no)\s*[.:]\s*", re.IGNORECASE)
_SCIENTIFIC = re.compile(r"(\d)(?:[.,](\d+))?e\+?(\d{1,2})", re.ASCII | re.IGNORECASE)
_LANDLINE = re.compile(r"(?:\+?62|0)[2-79]\d{6,10}", re.ASCII)
_SEVERAL_PHONES = re.compile(r"\+?\d{8,15}(?:[/,;|&]|dan|atau|and|or)\+?\d{8,15}|\+?\d{18,}", re.ASCII | re.IGNORECASE)

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_EMAIL = re.compile(
    rf"({_ATOM}(?:\.{_ATOM})*)@((?:{_LABEL}\.)+(?:[A-Za-z]{{2,63}}|xn--[A-Za-z0-9-]{{1,58}}[A-Za-z0-9]))"
)
# What nearly all addresses look like; possessive, so that a miss costs no more than a hit.
_COMMON_EMAIL = re.compile(r"[a-z0-9_]++(?:[.+-][a-z0-9_]++)*+@(?:[a-z0-9]++[.-])*[a-z0-9]++\.[a-z]{2,24}")
_COMMON_PHONE = re.compile(r"08[1-35-9][0-9]{7,10}")
_DISPLAY_NAME = re.compile(r"[^<>@]*<\s*([^<>]+?)\s*>")


def parse_phone(cell: object) -> str:
    """E.164 of a mobile number: ``08…``, ``8…``, ``62…``, ``+62…``, or any country's with ``+``.

    Excel's numbers are taken as their digits. Landlines are refused: neither WhatsApp nor SMS is sure to reach them.
    Raises InvalidValueError.
    """
    if isinstance(cell, str):
        match = _INDONESIAN_MOBILE.fullmatch(cell)
        return f"+62{match[1]}" if match else _parse_odd_phone(cell)
    if isinstance(cell, bool) or not isinstance(cell, int | float) or cell != cell or not 0 < cell < 10**15:
        raise InvalidValueError("phone_invalid")
    if cell != int(cell):
        raise InvalidValueError("phone_invalid")
    return _parse_odd_phone(str(int(cell)))


def parse_common_phones(cells: Sequence[Any]) -> list[str | None]:
    """What ``parse_phone`` makes of each cell that is written ``08…`` ("" of an empty one); None for the others."""
    is_common = _COMMON_PHONE.fullmatch
    return [
        "" if cell == "" else f"+62{cell[1:]}" if isinstance(cell, str) and is_common(cell) else None for cell in cells
    ]


def _parse_odd_phone(typed: str) -> str:
    text = _PHONE_LABEL.sub("", clean_text(typed))
    scientific = _SCIENTIFIC.fullmatch(text)
    if scientific:
        mantissa = scientific[1] + (scientific[2] or "")
        if len(mantissa) != int(scientific[3]) + 1:
            raise InvalidValueError("phone_digits_lost")
        text = mantissa
    digits = text.replace("(0)", "").translate(_PHONE_NOISE)
    if _SEVERAL_PHONES.fullmatch(digits):
        raise InvalidValueError("phone_several")
    match = _INDONESIAN_MOBILE.fullmatch(digits)
    if match:
        return f"+62{match[1]}"
    if digits.startswith("00"):
        digits = f"+{digits[2:]}"
    if re.fullmatch(r"\+[1-9]\d{6,14}", digits, re.ASCII) and not digits.startswith("+62"):
        return _parse_foreign_phone(digits)
    raise InvalidValueError("phone_landline" if _LANDLINE.fullmatch(digits) else "phone_invalid")


def _parse_foreign_phone(digits: str) -> str:
    # Imported here: its tables cost start-up time that a workbook of Indonesian numbers need not pay.
    import phonenumbers

    try:
        number = phonenumbers.parse(digits)
    except phonenumbers.NumberParseException:
        raise InvalidValueError("phone_invalid") from None
    if not phonenumbers.is_valid_number(number):
        raise InvalidValueError("phone_invalid")
    mobile = (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE)
    if phonenumbers.number_type(number) not in mobile:
        raise InvalidValueError("phone_landline")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def parse_emails(cell: object) -> tuple[str, ...]:
    """One or two addresses separated by comma or semicolon, domain in lower case, the same address once.

    ``mailto:`` and ``Name <address>`` are understood. Raises InvalidValueError; never lets a line break through.
    """
    if not isinstance(cell, str):
        raise InvalidValueError("email_invalid")
    if len(cell) <= _MAX_LOCAL and _COMMON_EMAIL.fullmatch(cell):
        return (cell,)
    match = _EMAIL.fullmatch(cell)
    if match and len(match[1]) <= _MAX_LOCAL and len(cell) <= _MAX_ADDRESS:
        return (f"{match[1]}@{match[2].lower()}",)
    if "\n" in cell.strip() or "\r" in cell.strip():
        raise InvalidValueError("email_line_break")
    parts = [part.strip() for part in re.split(r"[,;]", clean_text(cell))]
    addresses = dict.fromkeys(_parse_odd_email(part) for part in parts if part)
    if len(addresses) > MAX_EMAILS:
        raise InvalidValueError("email_too_many", count=len(addresses), maximum=MAX_EMAILS)
    if not addresses:
        raise InvalidValueError("email_invalid")
    return tuple(addresses)


def parse_common_emails(cells: Sequence[Any]) -> list[tuple[str, ...] | str | None]:
    """What ``parse_emails`` makes of each cell that is one plain address ("" of an empty one); None for the others."""
    is_common = _COMMON_EMAIL.fullmatch
    return [
        "" if cell == "" else (cell,) if isinstance(cell, str) and len(cell) <= _MAX_LOCAL and is_common(cell) else None
        for cell in cells
    ]


def _parse_odd_email(part: str) -> str:
    display = _DISPLAY_NAME.fullmatch(part)
    address = (display[1] if display else part).removeprefix("mailto:").rstrip(".")
    local, _, domain = address.rpartition("@")
    if not local.isascii():
        raise InvalidValueError("email_non_ascii")
    if not domain.isascii():
        try:
            domain = domain.encode("idna").decode()
        except UnicodeError:
            raise InvalidValueError("email_invalid") from None
    match = _EMAIL.fullmatch(f"{local}@{domain}")
    if not match or len(local) > _MAX_LOCAL or len(local) + 1 + len(domain) > _MAX_ADDRESS:
        raise InvalidValueError("email_invalid")
    return f"{local}@{domain.lower()}"
