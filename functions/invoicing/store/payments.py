"""Payments table: ``pk = payment id``, ``sk = posting``, or ``attempt#day#client#external id`` of a refused attempt.

The posting's key is what makes a payment count once for ever. A payment id is ``bank_code#id`` by the bank's own id, or
``outside#...`` for money that did not come through the account. Indexes: by_day (of a biller, sharded), by_va, and
by_reference (the bank's reference, sparse); all of them may lag behind by moments.
"""

import heapq
import zlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from invoicing import clock
from invoicing.bank_requests import BankRequest
from invoicing.postings import Approval, BankPayment, PaymentKind, PostingState
from invoicing.settings import get_settings
from invoicing.store import bulk, dynamodb
from invoicing.verdicts import Verdict

DAY_SHARDS = 8
UNKNOWN_BILLER = "unknown"
"""In the place of a biller's id: attempts on numbers that nobody has."""
_POSTING = "posting"


def locate_posting(bank_code: str, payment_request_id: str) -> tuple[str, dynamodb.Item]:
    """Table and key, for a read together with other items."""
    return get_settings().payments_table, {"pk": {"S": f"{bank_code}#{payment_request_id}"}, "sk": {"S": _POSTING}}


def load_posting(bank_code: str, payment_request_id: str) -> dict[str, Any] | None:
    """Consistently read."""
    table, key = locate_posting(bank_code, payment_request_id)
    return dynamodb.load_together({table: key}).get(table)


def build_posting_write(
    payment: BankPayment,
    invoice: Mapping[str, Any],
    *,
    giro_account: str,
    accepted_at: str,
    via: BankRequest | Approval,
) -> dict[str, Any]:
    """A transaction member that posts a payment, only if this payment was never posted."""
    item = {
        **_build_record(payment, accepted_at, _POSTING, invoice["biller_id"]),
        "state": PostingState.POSTED,
        **_describe_bill(invoice),
        "accepted_at": accepted_at,
        "giro_account": giro_account,
    }
    if isinstance(via, BankRequest):
        item |= {"call_id": via.call_id, "client_id": via.client_id}
    else:
        item |= {"recorded_by": via.recorded_by, "approved_by": via.approved_by, "note": via.reason}
    return dynamodb.build_put(get_settings().payments_table, dynamodb.to_item(item))


def build_outside_posting_write(
    invoice: Mapping[str, Any], payment: Mapping[str, Any], *, giro_account: str, accepted_at: str
) -> dict[str, Any]:
    """A transaction member that posts money which came outside the account, only if its ``payment_id`` is free."""
    payment_id = payment["payment_id"]
    item = {
        "pk": payment_id,
        "sk": _POSTING,
        "kind": PaymentKind.OUTSIDE,
        "state": PostingState.POSTED,
        "biller_id": invoice["biller_id"],
        "va_number": invoice["va_number"],
        "amount": invoice["amount"],
        **_describe_bill(invoice),
        "accepted_at": accepted_at,
        "giro_account": giro_account,
        **payment,
        **_build_day_key(invoice["biller_id"], payment_id, payment_id, accepted_at, _POSTING),
        "by_va_pk": f"{invoice['bank_code']}#{invoice['va_number']}",
        "by_va_sk": accepted_at,
    }
    return dynamodb.build_put(get_settings().payments_table, dynamodb.to_item(item))


def build_reversed_write(payment_id: str, biller_id: str, *, at: str, reversal: Mapping[str, Any]) -> dict[str, Any]:
    """A transaction member that marks a biller's posting as reversed, only if it is not."""
    values = {
        ":reversed": PostingState.REVERSED,
        ":posted": PostingState.POSTED,
        ":biller": biller_id,
        ":at": at,
        ":reversal": reversal,
    }
    return {
        "Update": {
            "TableName": get_settings().payments_table,
            "Key": {"pk": {"S": payment_id}, "sk": {"S": _POSTING}},
            "UpdateExpression": "SET #state = :reversed, reversed_at = :at, reversal = :reversal",
            "ConditionExpression": "#state = :posted AND biller_id = :biller",
            "ExpressionAttributeNames": {"#state": "state"},
            "ExpressionAttributeValues": dynamodb.to_item(values),
        }
    }


def build_attempt_write(
    payment: BankPayment,
    verdict: Verdict,
    request: BankRequest,
    refused_at: str,
    account: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """A transaction member that records a refused attempt; it holds no money."""
    item = _build_attempt(payment, verdict, request, refused_at, account)
    return dynamodb.build_put(get_settings().payments_table, item)


def record_attempt(
    payment: BankPayment,
    verdict: Verdict,
    request: BankRequest,
    refused_at: str,
    account: Mapping[str, Any] | None,
) -> None:
    """The same by itself, for a call whose id was used before; the first attempt of an id stays."""
    item = _build_attempt(payment, verdict, request, refused_at, account)
    dynamodb.put_new(get_settings().payments_table, item)


def list_attempts(bank_code: str, payment_request_id: str) -> list[dict[str, Any]]:
    """Refused attempts of one payment, latest first, consistently read."""
    pages = (
        dynamodb.client()
        .get_paginator("query")
        .paginate(
            TableName=get_settings().payments_table,
            KeyConditionExpression="pk = :payment AND begins_with(sk, :attempt)",
            ExpressionAttributeValues={
                ":payment": {"S": f"{bank_code}#{payment_request_id}"},
                ":attempt": {"S": "attempt#"},
            },
            ConsistentRead=True,
        )
    )
    attempts = [dynamodb.from_item(item) for page in pages for item in page["Items"]]
    return sorted(attempts, key=lambda attempt: str(attempt["refused_at"]), reverse=True)


def list_payments_of_day(biller_id: str, day: date) -> Iterator[dict[str, Any]]:
    """Postings and refused attempts of one day of Jakarta in the order of their time; ``sk`` tells them apart."""
    shards = (
        _query_index("by_day", f"{biller_id}#{day}#{shard}", "by_day_pk", forward=True) for shard in range(DAY_SHARDS)
    )
    return heapq.merge(*shards, key=lambda record: str(record["by_day_sk"]))


def list_payments_of_account(bank_code: str, va_number: str, *, oldest_first: bool = False) -> Iterator[dict[str, Any]]:
    """Postings and refused attempts of one virtual account, latest first unless asked otherwise."""
    return _query_index("by_va", f"{bank_code}#{va_number}", "by_va_pk", forward=oldest_first)


def list_payments_by_reference(bank_code: str, bank_reference: str) -> Iterator[dict[str, Any]]:
    """Postings and refused attempts that the bank gave this reference, latest first."""
    return _query_index("by_reference", f"{bank_code}#{bank_reference}", "by_reference_pk", forward=False)


def load_postings(payment_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The postings among these payments, consistently read, by payment id."""
    keys = [{"pk": {"S": payment_id}, "sk": {"S": _POSTING}} for payment_id in dict.fromkeys(payment_ids)]
    items = bulk.get_items(get_settings().payments_table, keys, consistent=True)
    return {record["pk"]: record for record in map(dynamodb.from_item, items)}


def is_posting(payment: Mapping[str, Any]) -> bool:
    return bool(payment["sk"] == _POSTING)


def _query_index(index: str, value: str, attribute: str, *, forward: bool) -> Iterator[dict[str, Any]]:
    pages = bulk.query_pages(
        get_settings().payments_table,
        "#key = :key",
        {":key": {"S": value}},
        index=index,
        descending=not forward,
        names={"#key": attribute},
    )
    for items, _ in pages:
        yield from map(dynamodb.from_item, items)


def _build_attempt(
    payment: BankPayment,
    verdict: Verdict,
    request: BankRequest,
    refused_at: str,
    account: Mapping[str, Any] | None,
) -> dynamodb.Item:
    sk = f"attempt#{request.day}#{request.client_id}#{request.external_id}"
    known = account or {"biller_id": UNKNOWN_BILLER}
    item = {
        **_build_record(payment, refused_at, sk, known["biller_id"]),
        "verdict": verdict,
        "number": known["bills"][0]["number"] if "bills" in known else None,
        "upload_id": known.get("upload_id"),
        "refused_at": refused_at,
        "call_id": request.call_id,
        "client_id": request.client_id,
    }
    return dynamodb.to_item(item)


def _build_record(payment: BankPayment, at: str, sk: str, biller_id: str) -> dict[str, Any]:
    """What a posting and an attempt have in common: the payment as told, and the keys of the indexes."""
    return {
        "pk": payment.payment_id,
        "sk": sk,
        "payment_id": payment.payment_id,
        "kind": PaymentKind.VA,
        "biller_id": biller_id,
        "va_number": payment.va_number,
        "amount": payment.amount,
        "stated_amount": payment.stated_amount,
        "channel": payment.channel,
        "bank_reference": payment.bank_reference,
        "source_bank": payment.source_bank,
        "transaction_at": payment.transaction_at,
        **_build_day_key(biller_id, payment.va_number, payment.payment_id, at, sk),
        "by_va_pk": f"{payment.bank_code}#{payment.va_number}",
        "by_va_sk": at,
        "by_reference_pk": f"{payment.bank_code}#{payment.bank_reference}" if payment.bank_reference else None,
        "by_reference_sk": at if payment.bank_reference else None,
    }


def _describe_bill(invoice: Mapping[str, Any]) -> dict[str, Any]:
    """What reports group postings by; no name and no contact."""
    return {
        "number": invoice["number"],
        "upload_id": invoice["upload_id"],
        "class_name": invoice.get("student", {}).get("class_name"),
        "fee_type": invoice.get("fee_type"),
        "due_date": invoice["due_date"],
    }


def _build_day_key(biller_id: str, spread_by: str, payment_id: str, at: str, sk: str) -> dict[str, str]:
    day = clock.from_text(at).astimezone(clock.JAKARTA).date()
    shard = zlib.crc32(spread_by.encode()) % DAY_SHARDS
    return {"by_day_pk": f"{biller_id}#{day}#{shard}", "by_day_sk": f"{at}#{payment_id}#{sk}"}
