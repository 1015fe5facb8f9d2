"""Bodies of calls 24, 25 and 26 (ASPI, "Virtual Account"): what is used or echoed is checked, the rest is ignored.

By hand rather than with pydantic: the codes ask for every mandatory field before any format, fields are echoed as they
came, and a payment has a tenth of a millisecond for all of it.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from invoicing import clock
from invoicing.settings import get_settings
from va_callback.strict_json import write_decimal

Body = Mapping[str, Any]

_MAX_CUSTOMER_NUMBER = 20
IDS = {"partnerServiceId": 8, "customerNo": _MAX_CUSTOMER_NUMBER, "virtualAccountNo": 28}
"""What names a virtual account in every call, with the longest form of each."""
MAX_REQUEST_ID = 128
MAX_NAME = 255
_MAX_DATE = 64
_MAX_ADDITIONAL_INFO = 4096
_MAX_BILLS, _MAX_FREE_TEXTS = 24, 25
_ECHOED_TEXTS = {
    "virtualAccountName": MAX_NAME,
    "virtualAccountEmail": 255,
    "virtualAccountPhone": 30,
    "trxId": 64,
    "referenceNo": 64,
    "journalNum": 6,
}
_BILL_TEXTS = {
    "billCode": 2,
    "billNo": 18,
    "billName": 20,
    "billShortName": 10,
    "billSubCompany": 5,
    "billAmountLabel": 25,
    "billAmountValue": 25,
}
_NOT_TEXT = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
_DIGITS = re.compile("[0-9]+")
_AMOUNT = re.compile(r"([0-9]{1,16})\.([0-9]{2})")
_CURRENCY = re.compile("[A-Z]{3}")
_PAID_BILLS = re.compile("[0-9A-Fa-f]{1,6}")


class BodyError(Exception):
    """A field is missing or not of its form."""

    def __init__(self, field: str, *, is_missing: bool = False) -> None:
        super().__init__(field)
        self.field = field
        self.is_missing = is_missing


@dataclass(frozen=True, slots=True)
class InquiryBody:
    va_number: str
    inquiry_request_id: str


@dataclass(frozen=True, slots=True)
class StatusBody:
    va_number: str
    payment_request_id: str


@dataclass(frozen=True, slots=True)
class Amount:
    rupiah: int | None
    """None: not a whole number of rupiah."""
    stated: str


@dataclass(frozen=True, slots=True)
class PaymentBody:
    va_number: str
    payment_request_id: str
    paid: Amount
    channel_code: str
    """Empty: not told."""
    source_bank: str | None
    bank_reference: str | None
    transaction_at: str | None
    echo: dict[str, Any]
    """Members of the answer that are as they were received, but for the bills."""
    bills: list[dict[str, Any]]


def parse_inquiry(body: Body) -> InquiryBody:
    """Raises BodyError."""
    _require(body, (*IDS, "inquiryRequestId"))
    va_number = read_va_number(body)
    _check_text(body, "inquiryRequestId", MAX_REQUEST_ID)
    if _is_given(body.get("amount")):
        _read_amount(body, "amount")
    _read_digits(body, "channelCode", 4)
    return InquiryBody(va_number, body["inquiryRequestId"])


def parse_status(body: Body) -> StatusBody:
    """A payment has the id of the inquiry before it, if there was one. Raises BodyError."""
    _require(body, IDS)
    name = "paymentRequestId" if _is_given(body.get("paymentRequestId")) else "inquiryRequestId"
    _require(body, (name,))
    va_number = read_va_number(body)
    for given in ("inquiryRequestId", "paymentRequestId"):
        if _is_given(body.get(given)):
            _check_text(body, given, MAX_REQUEST_ID)
    return StatusBody(va_number, body[name])


def parse_payment(body: Body) -> PaymentBody:
    """Raises BodyError."""
    _require(body, (*IDS, "paymentRequestId", "paidAmount"))
    _require_amount(body, "paidAmount")
    va_number = read_va_number(body)
    _check_text(body, "paymentRequestId", MAX_REQUEST_ID)
    paid = _read_amount(body, "paidAmount")
    echo = {name: body[name] for name in IDS}
    echo["virtualAccountName"] = ""
    echo["paymentRequestId"] = body["paymentRequestId"]
    echo["paidAmount"] = _echo_amount(body["paidAmount"])
    for name, length in _ECHOED_TEXTS.items():
        if _is_given(body.get(name)):
            _check_text(body, name, length)
            echo[name] = body[name]
    if _is_given(body.get("totalAmount")):
        _require_amount(body, "totalAmount")
        _read_amount(body, "totalAmount")
        echo["totalAmount"] = _echo_amount(body["totalAmount"])
    _echo_matching(body, "paidBills", _PAID_BILLS, echo)
    trx_date_time = body.get("trxDateTime")
    # Dates of bodies only inform: one in another form is kept as it is, one that is no text is left out.
    if isinstance(trx_date_time, str) and len(trx_date_time) <= _MAX_DATE and not _NOT_TEXT.search(trx_date_time):
        echo["trxDateTime"] = trx_date_time
    payment_type = _read_digits(body, "paymentType", 1)
    if payment_type:
        echo["paymentType"] = payment_type
    if _is_given(body.get("flagAdvise")):
        if body["flagAdvise"] not in ("Y", "N"):
            raise BodyError("flagAdvise")
        echo["flagAdvise"] = body["flagAdvise"]
    if _is_given(body.get("freeTexts")):
        echo["freeTexts"] = _read_free_texts(body["freeTexts"])
    source_bank = None
    if _is_given(body.get("sourceBankCode")):
        _check_text(body, "sourceBankCode", 11)
        source_bank = body["sourceBankCode"].strip()
    return PaymentBody(
        va_number=va_number,
        payment_request_id=body["paymentRequestId"],
        paid=paid,
        channel_code=_read_digits(body, "channelCode", 4),
        source_bank=source_bank or None,
        bank_reference=echo.get("referenceNo"),
        transaction_at=_read_instant(echo.get("trxDateTime", "")),
        echo=echo,
        bills=_read_bills(body.get("billDetails")),
    )


def read_additional_info(body: Body) -> dict[str, Any] | None:
    """The object to echo; None: there is none. Raises BodyError for what cannot be written as JSON again."""
    return _read_info(body, "additionalInfo") if _is_given(body.get("additionalInfo")) else None


def echo_ids(body: Body, request_id_names: Iterable[str]) -> dict[str, str]:
    """The fields that every answer holds, of a body of which nothing is known; empty where they cannot be echoed."""
    lengths = {**IDS, "virtualAccountName": MAX_NAME, **dict.fromkeys(request_id_names, MAX_REQUEST_ID)}
    return {name: body[name] if _is_text(body.get(name), length) else "" for name, length in lengths.items()}


def _is_given(value: Any) -> bool:
    return value is not None and value != "" and value != {} and value != []


def _is_text(value: Any, length: int) -> bool:
    return isinstance(value, str) and len(value) <= length and not _NOT_TEXT.search(value)


def _require(body: Body, names: Iterable[str]) -> None:
    for name in names:
        value = body.get(name)
        if not _is_given(value) or (isinstance(value, str) and value.isspace()):
            raise BodyError(name, is_missing=True)


def _require_amount(body: Body, name: str) -> None:
    amount = body[name]
    if not isinstance(amount, dict):
        raise BodyError(name)
    for member in ("value", "currency"):
        if not _is_given(amount.get(member)):
            raise BodyError(f"{name}.{member}", is_missing=True)


def _check_text(body: Body, name: str, length: int) -> None:
    if not _is_text(body[name], length):
        raise BodyError(name)


def read_va_number(body: Body) -> str:
    """The number as we write it, from three fields that banks pad with spaces or zeros, each in its own way.

    All of ``IDS`` must be there. Raises BodyError.
    """
    digits = {}
    for name, length in IDS.items():
        value = body[name]
        if not isinstance(value, str) or len(value) > length:
            raise BodyError(name)
        digits[name] = value.replace(" ", "")
        if not _DIGITS.fullmatch(digits[name]):
            raise BodyError(name)
    whole = (digits["partnerServiceId"] + digits["customerNo"]).lstrip("0")
    if digits["virtualAccountNo"].lstrip("0") != whole:
        raise BodyError("virtualAccountNo")
    # Numbers have one length, so that zeros before them say nothing.
    settings = get_settings()
    return whole.rjust(settings.va_company_code_digits + settings.va_customer_number_digits, "0")


def _read_amount(body: Body, name: str) -> Amount:
    amount = body[name]
    if not isinstance(amount, dict):
        raise BodyError(name)
    value, currency = amount.get("value"), amount.get("currency")
    match = _AMOUNT.fullmatch(value) if isinstance(value, str) else None
    if not match:
        raise BodyError(f"{name}.value")
    if not isinstance(currency, str) or not _CURRENCY.fullmatch(currency):
        raise BodyError(f"{name}.currency")
    is_whole = match[2] == "00" and currency == "IDR"
    return Amount(int(match[1]) if is_whole else None, f"{value} {currency}")


def _echo_amount(amount: Mapping[str, str]) -> dict[str, str]:
    return {"value": amount["value"], "currency": amount["currency"]}


def _read_digits(body: Body, name: str, length: int) -> str:
    """Digits, which some send as a number and some as text; empty when there are none."""
    value = body.get(name)
    if not _is_given(value):
        return ""
    digits = str(value) if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**15 else value
    if not isinstance(digits, str) or len(digits) > length or not _DIGITS.fullmatch(digits):
        raise BodyError(name)
    return digits


def _echo_matching(body: Body, name: str, pattern: re.Pattern[str], echo: dict[str, Any]) -> None:
    value = body.get(name)
    if not _is_given(value):
        return
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise BodyError(name)
    echo[name] = value


def _read_instant(text: str) -> str | None:
    """UTC; a time without offset is Jakarta's. None: not readable."""
    try:
        instant = datetime.fromisoformat(text)
        local = instant if instant.tzinfo else instant.replace(tzinfo=clock.JAKARTA)
        return clock.to_text(local.astimezone(UTC))
    except (ValueError, OverflowError):
        return None


def _read_free_texts(given: Any) -> list[dict[str, str]]:
    if not isinstance(given, list) or len(given) > _MAX_FREE_TEXTS:
        raise BodyError("freeTexts")
    return [_read_both_languages(element, "freeTexts", 32) for element in given]


def _read_both_languages(given: Any, name: str, length: int) -> dict[str, str]:
    if not isinstance(given, dict):
        raise BodyError(name)
    words = {language: given[language] for language in ("english", "indonesia") if given.get(language) is not None}
    if not all(_is_text(word, length) for word in words.values()):
        raise BodyError(name)
    return words


def _read_bills(given: Any) -> list[dict[str, Any]]:
    if not _is_given(given):
        return []
    if not isinstance(given, list) or len(given) > _MAX_BILLS:
        raise BodyError("billDetails")
    return [_read_bill(bill) for bill in given]


def _read_info(given: Mapping[str, Any], name: str) -> dict[str, Any]:
    info = given["additionalInfo"]
    try:
        if not isinstance(info, dict) or len(orjson.dumps(info, default=write_decimal)) > _MAX_ADDITIONAL_INFO:
            raise BodyError(name)
    except TypeError:
        raise BodyError(name) from None
    return info


def _read_bill(given: Any) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise BodyError("billDetails")
    bill: dict[str, Any] = {}
    for name, length in _BILL_TEXTS.items():
        if _is_given(given.get(name)):
            if not _is_text(given[name], length):
                raise BodyError(f"billDetails.{name}")
            bill[name] = given[name]
    if _is_given(given.get("billDescription")):
        bill["billDescription"] = _read_both_languages(given["billDescription"], "billDetails.billDescription", 18)
    if _is_given(given.get("billAmount")):
        _read_amount(given, "billAmount")
        bill["billAmount"] = _echo_amount(given["billAmount"])
    if _is_given(given.get("additionalInfo")):
        bill["additionalInfo"] = _read_info(given, "billDetails.additionalInfo")
    reference = _read_digits(given, "billReferenceNo", 15)
    if reference:
        bill["billReferenceNo"] = given["billReferenceNo"]
        bill["billerReferenceId"] = reference
    return bill
