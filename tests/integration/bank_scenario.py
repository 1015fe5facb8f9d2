"""What tests of the bank's calls share: open bills, calls as the transport hands them on, and what the tables say."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import pytest
from ulid import ULID

from invoicing import clock
from invoicing.archiving import ArchiveOutcome, archive_invoice
from invoicing.bank_clients import BankClient
from invoicing.bank_requests import BankRequest, BankService
from invoicing.billers import Biller
from invoicing.errors import InvoiceChangedError, InvoiceNotFoundError, InvoiceStateError
from invoicing.payments import post_payment
from invoicing.postings import BankPayment, OutcomeKind, PaymentChannel
from invoicing.settings import get_settings
from invoicing.store import dynamodb, invoices, notices, payments
from invoicing.virtual_accounts import build_va_number
from tests.integration import scenario
from tests.integration.aws_from_template import Template, forget_process_state
from va_callback.calls import Answer, Service, VerifiedCall
from va_callback.inquiry import answer_inquiry
from va_callback.payment import answer_payment
from va_callback.status import answer_status

CLIENT = BankClient(
    client_id="ocbc",
    bank_code="028",
    partner_id="ocbc",
    public_keys=(),
    secret_arn="arn:none",
    channels_by_id={
        "00001": PaymentChannel.TELLER,
        "00002": PaymentChannel.ATM,
        "00003": PaymentChannel.MOBILE,
        "00009": "satellite",  # type: ignore[dict-item]
    },
)
_ANSWER = {Service.INQUIRY: answer_inquiry, Service.PAYMENT: answer_payment, Service.STATUS: answer_status}
CHILD: dict[str, Any] = {
    "payer_name": "Alya Putri",
    "student": {"nis": "00231", "class_name": "7A"},
    "fee_type": "SPP",
    "period": "2026-07",
    "school_year": "2026/2027",
}


def name_tables(template: Template, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variables of the tables of payments, whichever functions have them."""
    for table in ("Payments", "Requests", "Audit"):
        monkeypatch.setenv(f"{table.upper()}_TABLE", str(template.resolve({"Ref": f"{table}Table"})))
    forget_process_state()


def open_bill(index: int = 0, *, biller: Biller = scenario.SHOP, **changes: Any) -> str:
    """An open invoice with its account, written as the upload writer does; its VA number."""
    settings = get_settings()
    va_number = build_va_number(biller.company_code, index, settings.va_customer_number_digits)
    writes = invoices.build_invoice_writes(
        biller_id=biller.biller_id,
        upload_id="01KAQ0000000000000000000AA",
        row=5 + index,
        bank_code=settings.bank_code,
        va_number=va_number,
        draft=scenario.make_draft(index, **changes),  # type: ignore[arg-type]
        created_at=clock.to_text(clock.now()),
    )
    _, archived = invoices.look_up_numbers(biller.biller_id, [writes[0]["Put"]["Item"]["number"]["S"]], consistent=True)
    for replaced in archived.values():
        writes = invoices.replace_archived(writes, replaced)
    assert dynamodb.commit(writes) is None
    return va_number


def name_account(va_number: str) -> dict[str, str]:
    partner, customer = va_number[:5].rjust(8), va_number[5:]
    return {"partnerServiceId": partner, "customerNo": customer, "virtualAccountNo": partner + customer}


def make_call(
    service: Service,
    body: Mapping[str, Any],
    external_id: str | None = None,
    *,
    client: BankClient = CLIENT,
    channel_id: str = "00002",
    call_id: str | None = None,
) -> VerifiedCall:
    return VerifiedCall(
        service=service,
        client=client,
        external_id=external_id or str(ULID()),
        channel_id=channel_id,
        timestamp="2026-11-23T10:00:00+07:00",
        body=body,
        raw_body=b"",
        call_id=call_id or str(ULID()),
    )


def rupiah(amount: int) -> dict[str, str]:
    return {"value": f"{amount}.00", "currency": "IDR"}


def make_payment_body(va_number: str, amount: int, request_id: str = "pay-1", **changes: Any) -> dict[str, Any]:
    return {
        **name_account(va_number),
        "paymentRequestId": request_id,
        "paidAmount": rupiah(amount),
        "trxDateTime": "2026-11-23T09:59:58+07:00",
        "referenceNo": "REF-77",
    } | changes


def make_inquiry_body(va_number: str, request_id: str = "inq-1", **changes: Any) -> dict[str, Any]:
    return {**name_account(va_number), "inquiryRequestId": request_id} | changes


def answer(call: VerifiedCall) -> Answer:
    return _ANSWER[call.service](call)


def pay(va_number: str, amount: int, request_id: str = "pay-1", external_id: str | None = None, **more: Any) -> Answer:
    return answer(make_call(Service.PAYMENT, make_payment_body(va_number, amount, request_id), external_id, **more))


def inquire(va_number: str, external_id: str | None = None, **more: Any) -> Answer:
    return answer(make_call(Service.INQUIRY, make_inquiry_body(va_number), external_id, **more))


def ask_status(va_number: str, request_id: str, external_id: str | None = None, **changes: Any) -> Answer:
    body = make_inquiry_body(va_number, request_id, paymentRequestId=request_id) | changes
    return answer(make_call(Service.STATUS, body, external_id))


def post(va_number: str, amount: int, request_id: str) -> bool:
    """What the webhook does for a payment, without its signed call; whether it was posted."""
    told = BankPayment("028", request_id, va_number, amount, PaymentChannel.ATM)
    call = BankRequest("bank", BankService.PAYMENT, str(ULID()), clock.today_in_jakarta(), str(ULID()))
    return post_payment(told, call).kind is OutcomeKind.POSTED


def read_code(answered: Answer, service: Service = Service.PAYMENT) -> str:
    return f"{answered.http_status}{service}{answered.case}"


def read_data(answered: Answer) -> dict[str, Any]:
    data: dict[str, Any] = answered.members["virtualAccountData"]
    return data


def archive(biller: Biller, number: str, va_number: str) -> bool:
    """As a clerk does who knows that the bank has just asked about it; False: it cannot be archived any more."""
    with suppress(InvoiceStateError, InvoiceNotFoundError, InvoiceChangedError):
        archived = archive_invoice(
            biller.biller_id, number, by="siti", reason="-", va_number=va_number, confirmed=True, notify=False
        )
        return archived.outcome is ArchiveOutcome.ARCHIVED
    return False


def close_account(va_number: str, reason: str) -> None:
    settings = get_settings()
    dynamodb.client().update_item(
        TableName=settings.virtual_accounts_table,
        Key={"pk": {"S": f"{settings.bank_code}#{va_number}"}},
        UpdateExpression="SET #state = :closed, closed_reason = :reason",
        ExpressionAttributeNames={"#state": "state"},
        ExpressionAttributeValues=dynamodb.to_item({":closed": "closed", ":reason": reason}),
    )


def suspend(biller: Biller) -> None:
    dynamodb.client().update_item(
        TableName=get_settings().billers_table,
        Key={"pk": {"S": biller.biller_id}},
        UpdateExpression="SET #state = :suspended",
        ExpressionAttributeNames={"#state": "state"},
        ExpressionAttributeValues={":suspended": {"S": "suspended"}},
    )


def read_items(table: str) -> list[dict[str, Any]]:
    """All items of a table, consistently read."""
    pages = dynamodb.client().get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    return [dynamodb.from_item(item) for page in pages for item in page["Items"]]


def read_postings() -> list[dict[str, Any]]:
    return [item for item in read_items(get_settings().payments_table) if item["sk"] == "posting"]


def read_attempts() -> list[dict[str, Any]]:
    return [item for item in read_items(get_settings().payments_table) if item["sk"] != "posting"]


def load_invoice(account: Mapping[str, Any]) -> dict[str, Any]:
    """The invoice of an account, current or archived; there is exactly one."""
    pk = f"{account['biller_id']}#{account['bills'][0]['number']}"
    table = get_settings().invoices_table
    keys = [{"pk": {"S": pk}, "sk": {"S": sk}} for sk in ("current", f"archived#{account['va_number']}")]
    answered = dynamodb.client().batch_get_item(RequestItems={table: {"Keys": keys, "ConsistentRead": True}})
    found = [dynamodb.from_item(item) for item in answered["Responses"][table]]
    (invoice,) = [item for item in found if item["va_number"] == account["va_number"]]
    return invoice


def assert_money_agrees(va_number: str) -> dict[str, Any] | None:
    """Account, invoice, posting and receipts of one account tell the same; the answer is the posting, if any."""
    bank_code = get_settings().bank_code
    postings = [item for item in payments.list_payments_of_account(bank_code, va_number) if item["sk"] == "posting"]
    account = invoices.load_virtual_accounts(bank_code, [va_number])[va_number]
    receipts = [item for item in notices.list_records(bank_code, va_number) if item["kind"] == "paid"]
    invoice = load_invoice(account)
    if not postings:
        assert account["state"] != "paid"
        assert invoice["status"] != "paid"
        assert "paid_at" not in invoice
        assert receipts == []
        return None
    (posting,) = postings
    assert (account["state"], account["paid_by"], account["paid_amount"]) == (
        "paid",
        posting["payment_id"],
        posting["amount"],
    )
    assert (invoice["status"], invoice["sk"], invoice["paid_via"]) == ("paid", "current", "va")
    assert invoice["payment"]["payment_id"] == posting["payment_id"]
    assert invoice["by_status_pk"].split("#")[1] == "paid"
    assert posting["amount"] == account["amount_due"] == invoice["amount"] == invoice["paid_amount"]
    assert posting["accepted_at"] == account["paid_at"] == invoice["paid_at"]
    addresses = {recipient["email"] for recipient in invoice["recipients"] if "email" in recipient}
    assert {receipt["recipient"] for receipt in receipts if receipt["channel"] == "email"} == addresses
    return posting
