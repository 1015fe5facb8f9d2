"""Service 24: the bank asks what a virtual account has to pay."""

from typing import Any

from invoicing.bill_labels import (
    cut,
    label_bill,
    label_bill_shortly,
    label_due_date,
    label_number,
    label_payer,
    label_valid_until,
)
from invoicing.errors import StoreBusyError
from invoicing.inquiries import PayableBill, inquire_bill
from invoicing.typed_text import clean_text
from va_callback.answers import CASES, answer_busy, build_answer, echo_call, read_request, refuse_body
from va_callback.bodies import BodyError, parse_inquiry
from va_callback.calls import Answer, Service, VerifiedCall

_CLOSED_AMOUNT = "C"
_ONLY_BILL = "01"
_MAX_FREE_TEXT, _MAX_DESCRIPTION = 32, 18
_LANGUAGES = {"english": "en", "indonesia": "id"}


def answer_inquiry(call: VerifiedCall) -> Answer:
    try:
        body = parse_inquiry(call.body)
        found = inquire_bill(call.client.bank_code, body.va_number, read_request(call))
    except BodyError as error:
        return refuse_body(call, error)
    except StoreBusyError:
        return answer_busy()
    data: dict[str, Any] = dict(echo_call(call))
    if found.bill:
        data |= _describe_bill(found.bill, call.client.sub_company)
    return build_answer(Service.INQUIRY, CASES[found.verdict], data, found.verdict)


def format_amount(rupiah: int) -> dict[str, str]:
    return {"value": f"{rupiah}.00", "currency": "IDR"}


def _describe_bill(found: PayableBill, sub_company: str) -> dict[str, Any]:
    invoice = found.invoice
    amount = format_amount(found.account["amount_due"])
    return {
        "virtualAccountName": label_payer(invoice),
        "totalAmount": amount,
        "subCompany": sub_company,
        "billDetails": [
            {
                "billCode": _ONLY_BILL,
                "billNo": label_number(invoice, 18),
                "billName": label_bill(invoice, "id", 20),
                "billShortName": label_bill_shortly(invoice, "id", 10),
                "billDescription": {
                    name: label_bill(invoice, language, _MAX_DESCRIPTION) for name, language in _LANGUAGES.items()
                },
                "billSubCompany": sub_company,
                "billAmount": amount,
            }
        ],
        "freeTexts": _write_free_texts(found),
        "virtualAccountTrxType": _CLOSED_AMOUNT,
    }


def _write_free_texts(found: PayableBill) -> list[dict[str, str]]:
    invoice = found.invoice
    lines = [
        dict.fromkeys(_LANGUAGES, cut(clean_text(found.biller.name), _MAX_FREE_TEXT)),
        {name: label_bill(invoice, language, _MAX_FREE_TEXT) for name, language in _LANGUAGES.items()},
        dict.fromkeys(_LANGUAGES, label_number(invoice, _MAX_FREE_TEXT)),
        {name: label_due_date(invoice, language) for name, language in _LANGUAGES.items()},
    ]
    if "valid_until" in invoice:
        lines.append({name: label_valid_until(invoice, language) for name, language in _LANGUAGES.items()})
    return lines
