"""Invoices and VirtualAccounts tables: one transaction writes an invoice, its virtual account and its notices.

| table | pk | sk | item |
| Invoices | biller_id#NUMBER | current | the open or paid invoice; or, of a free number, which one was archived last |
| | | archived#va_number | an archived invoice |
| VirtualAccounts | bank_code#va_number | | the account, and which upload and row made it |

An archive puts a mark in the place of ``current`` instead of deleting it: no function needs a right to delete, and the
lookups that check and writer make anyway tell a corrected invoice which one it replaces (``last_va``). A mark's
``va_number`` is empty, so that nobody who looks for an account's bill takes the mark for it.

The virtual account is the row's idempotency record: it exists with my upload and row, so that row was done, even if the
invoice has been archived since.
"""

import heapq
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from invoicing.errors import InvoiceNotFoundError
from invoicing.invoices import InvoiceDraft, InvoiceStatus, find_payer_key, normalise_number
from invoicing.settings import get_settings
from invoicing.store import bulk, dynamodb
from invoicing.virtual_accounts import VirtualAccountState

STATUS_SHARDS = 8
"""One upload of 100,000 rows must not meet one partition of the by_status index (1,000 writes/s)."""
CURRENT = "current"
_PAGE_SIZE = 50
_ACCOUNT_FACTS = ("va_number", "state", "amount_due", "closed_reason", "paid_by", "biller_id", "bills")


def load_current_invoice(biller_id: str, number: str) -> dict[str, Any] | None:
    """The open or paid invoice of this number, consistently read: InvoiceDraft members, status, va_number, ..."""
    current = dynamodb.load_item(get_settings().invoices_table, _current_key(biller_id, number))
    return None if current is None or current["status"] == InvoiceStatus.ARCHIVED else current


def load_invoice_of_account(biller_id: str, number: str, va_number: str) -> dict[str, Any] | None:
    """The invoice that this virtual account belongs to, current or archived, consistently read."""
    current = load_current_invoice(biller_id, number)
    if current is not None and current["va_number"] == va_number:
        return current
    return load_archived_invoice(biller_id, number, va_number)


def load_archived_invoice(biller_id: str, number: str, va_number: str) -> dict[str, Any] | None:
    """The invoice of this number that was archived with this virtual account, consistently read."""
    key = {"pk": {"S": f"{biller_id}#{normalise_number(number)}"}, "sk": {"S": f"archived#{va_number}"}}
    return dynamodb.load_item(get_settings().invoices_table, key)


def load_current_invoices(biller_id: str, numbers: list[str], *, consistent: bool) -> dict[str, dict[str, Any]]:
    """The open or paid invoices among ``numbers`` (at most 100), by normalised number."""
    return look_up_numbers(biller_id, numbers, consistent=consistent)[0]


def look_up_numbers(
    biller_id: str, numbers: list[str], *, consistent: bool
) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    """What stands under ``numbers`` (at most 100), by normalised number.

    First the open or paid invoices; then, of the numbers that are free again, the VA number of the one archived last.
    """
    if not numbers:
        return {}, {}
    keys = {normalise_number(number): _current_key(biller_id, number) for number in numbers}
    items = dynamodb.batch_get(get_settings().invoices_table, list(keys.values()), consistent=consistent)
    found: dict[str, dict[str, Any]] = {}
    archived: dict[str, str] = {}
    for item in map(dynamodb.from_item, items):
        if item["status"] == InvoiceStatus.ARCHIVED:
            archived[normalise_number(item["number"])] = item["last_va"]
        else:
            found[normalise_number(item["number"])] = item
    return found, archived


def load_invoices_of_number(biller_id: str, number: str) -> list[dict[str, Any]]:
    """Every invoice that ever had this number, consistently read: the open or paid one first, then archived ones."""
    pages = (
        dynamodb.client()
        .get_paginator("query")
        .paginate(
            TableName=get_settings().invoices_table,
            KeyConditionExpression="pk = :number",
            ExpressionAttributeValues={":number": {"S": f"{biller_id}#{normalise_number(number)}"}},
            ConsistentRead=True,
        )
    )
    items = [dynamodb.from_item(item) for page in pages for item in page["Items"]]
    invoices = [item for item in items if item["sk"] != CURRENT or item["status"] != InvoiceStatus.ARCHIVED]
    return sorted(invoices, key=lambda invoice: (invoice["sk"] == CURRENT, invoice["created_at"]), reverse=True)


def load_invoices_of_accounts(accounts: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The invoices of these virtual accounts of one biller (at most 50), by VA number, archived ones too."""
    wanted = {account["va_number"] for account in accounts}
    keys: dict[tuple[str, str], Any] = {}
    for account in accounts:
        for bill in account["bills"]:
            pk = f"{account['biller_id']}#{normalise_number(bill['number'])}"
            for sk in (CURRENT, f"archived#{account['va_number']}"):
                keys[pk, sk] = {"pk": {"S": pk}, "sk": {"S": sk}}
    items = dynamodb.batch_get(get_settings().invoices_table, list(keys.values()), consistent=True) if keys else []
    return {item["va_number"]: item for item in map(dynamodb.from_item, items) if item["va_number"] in wanted}


def load_virtual_accounts(bank_code: str, va_numbers: list[str]) -> dict[str, dict[str, Any]]:
    """The accounts that exist among ``va_numbers`` (at most 100), consistently read, by VA number."""
    keys = [account_key(bank_code, va_number) for va_number in va_numbers]
    items = dynamodb.batch_get(get_settings().virtual_accounts_table, keys, consistent=True)
    return {item["va_number"]: item for item in map(dynamodb.from_item, items)}


def load_virtual_accounts_in_bulk(bank_code: str, va_numbers: list[str]) -> dict[str, dict[str, Any]]:
    """The same of any number of accounts, for a reader of very many: what tells whether and by what each is paid."""
    keys = [account_key(bank_code, va_number) for va_number in va_numbers]
    items = bulk.get_items(get_settings().virtual_accounts_table, keys, members=_ACCOUNT_FACTS, consistent=True)
    return {item["va_number"]: item for item in map(dynamodb.from_item, items)}


def list_open_payer_invoices(biller_id: str, payer_key: str) -> list[dict[str, Any]]:
    """A payer's open invoices (``find_payer_key``) by due date, of the 50 latest in each shard; the index may lag."""
    found: list[dict[str, Any]] = []
    for shard in range(STATUS_SHARDS):
        answer = dynamodb.client().query(
            TableName=get_settings().invoices_table,
            IndexName="by_payer",
            KeyConditionExpression="by_payer_pk = :payer",
            ExpressionAttributeValues={":payer": {"S": f"{biller_id}#{payer_key}#{shard}"}},
            ScanIndexForward=False,
            Limit=_PAGE_SIZE,
        )
        found += map(dynamodb.from_item, answer["Items"])
    open_ones = [invoice for invoice in found if invoice["status"] == InvoiceStatus.OPEN]
    return sorted(open_ones, key=lambda invoice: str(invoice["by_payer_sk"]))


def build_invoice_writes(
    *,
    biller_id: str,
    upload_id: str,
    row: int,
    bank_code: str,
    va_number: str,
    draft: InvoiceDraft,
    created_at: str,
    notices_from: str | None = None,
) -> list[dict[str, Any]]:
    """Transaction members that create an invoice and its virtual account, each only if its key is free.

    ``notices_from``: when its first notices leave, if that is later; no reminder goes before them.
    """
    settings = get_settings()
    number = normalise_number(draft["number"])
    due_date = draft["due_date"]
    invoice = {
        "pk": f"{biller_id}#{number}",
        "sk": CURRENT,
        "biller_id": biller_id,
        "status": InvoiceStatus.OPEN,
        "bank_code": bank_code,
        "va_number": va_number,
        "upload_id": upload_id,
        "row": row,
        "created_at": created_at,
        "notices_from": notices_from,
        "by_status_pk": build_status_key(biller_id, InvoiceStatus.OPEN, compute_shard(number)),
        "by_status_sk": f"{due_date}#{number}",
        **draft,
    }
    payer = find_payer_key(draft)
    if payer is not None:
        shard = compute_shard(number)
        invoice |= {"by_payer_pk": f"{biller_id}#{payer}#{shard}", "by_payer_sk": f"{due_date}#{number}"}
    account = {
        "pk": f"{bank_code}#{va_number}",
        "bank_code": bank_code,
        "va_number": va_number,
        "biller_id": biller_id,
        "state": VirtualAccountState.OPEN,
        "amount_due": draft["amount"],
        "bills": [{"number": draft["number"], "amount": draft["amount"]}],
        "valid_until": draft.get("valid_until"),
        "upload_id": upload_id,
        "row": row,
        "created_at": created_at,
    }
    return [
        dynamodb.build_put(settings.invoices_table, dynamodb.to_item(invoice)),
        dynamodb.build_put(settings.virtual_accounts_table, dynamodb.to_item(account)),
    ]


def locate_account(bank_code: str, va_number: str) -> tuple[str, dynamodb.Item]:
    """Table and key, for a read together with other items."""
    return get_settings().virtual_accounts_table, account_key(bank_code, va_number)


def locate_current(biller_id: str, number: str) -> tuple[str, dynamodb.Item]:
    """Table and key of the open or paid invoice of this number."""
    return get_settings().invoices_table, _current_key(biller_id, number)


def build_paid_writes(
    invoice: Mapping[str, Any], payment: Mapping[str, Any], *, paid_at: str, paid_via: str
) -> list[dict[str, Any]]:
    """Transaction members that mark an invoice and its account as paid in full, each only while it is open.

    The amount must still be what was read, and so must the recipients, to whom receipts go.

    Args:
        payment: what the invoice keeps of it; ``payment_id`` at least.
    """
    settings, amount = get_settings(), invoice["amount"]
    number = normalise_number(invoice["number"])
    account_values = {
        ":open": VirtualAccountState.OPEN,
        ":paid": VirtualAccountState.PAID,
        ":at": paid_at,
        ":by": payment["payment_id"],
        ":amount": amount,
    }
    invoice_values = {
        ":open": InvoiceStatus.OPEN,
        ":paid": InvoiceStatus.PAID,
        ":by_status": build_status_key(invoice["biller_id"], InvoiceStatus.PAID, compute_shard(number)),
        ":at": paid_at,
        ":via": paid_via,
        ":amount": amount,
        ":va_number": invoice["va_number"],
        ":payment": dict(payment),
        ":recipients": invoice["recipients"],
    }
    account = {
        "TableName": settings.virtual_accounts_table,
        "Key": account_key(invoice["bank_code"], invoice["va_number"]),
        "UpdateExpression": "SET #state = :paid, paid_at = :at, paid_by = :by, paid_amount = :amount",
        "ConditionExpression": "#state = :open AND amount_due = :amount",
        "ExpressionAttributeNames": {"#state": "state"},
        "ExpressionAttributeValues": dynamodb.to_item(account_values),
    }
    current = {
        "TableName": settings.invoices_table,
        "Key": _current_key(invoice["biller_id"], number),
        "UpdateExpression": (
            "SET #status = :paid, by_status_pk = :by_status, paid_at = :at, paid_amount = :amount, paid_via = :via, "
            "payment = :payment"
        ),
        "ConditionExpression": (
            "#status = :open AND va_number = :va_number AND amount = :amount AND recipients = :recipients"
        ),
        "ExpressionAttributeNames": {"#status": "status"},
        "ExpressionAttributeValues": dynamodb.to_item(invoice_values),
    }
    return [{"Update": account}, {"Update": current}]


def mark_inquired(bank_code: str, va_number: str, at: str) -> bool:
    """Note on an open account when the bank last asked about it; False when it is open no more."""
    return dynamodb.update_if(
        get_settings().virtual_accounts_table,
        account_key(bank_code, va_number),
        "SET inquired_at = :at",
        "#state = :open",
        {":at": at, ":open": VirtualAccountState.OPEN},
        names={"#state": "state"},
    )


def replace_archived(writes: list[dict[str, Any]], replaces: str) -> list[dict[str, Any]]:
    """``writes`` of ``build_invoice_writes`` for a number whose last invoice, of VA ``replaces``, is archived.

    They succeed only as long as that is so; the two invoices then name each other.
    """
    put, *others = writes
    item = put["Put"]["Item"]
    take_number = {
        "TableName": put["Put"]["TableName"],
        "Item": item | {"replaces": {"S": replaces}},
        "ConditionExpression": "#status = :archived AND last_va = :replaces",
        "ExpressionAttributeNames": {"#status": "status"},
        "ExpressionAttributeValues": dynamodb.to_item(
            {":archived": InvoiceStatus.ARCHIVED, ":replaces": replaces},
        ),
    }
    link = {
        "TableName": put["Put"]["TableName"],
        "Key": {"pk": item["pk"], "sk": {"S": f"archived#{replaces}"}},
        "UpdateExpression": "SET replaced_by = :va",
        "ConditionExpression": "attribute_exists(pk)",
        "ExpressionAttributeValues": {":va": item["va_number"]},
    }
    return [{"Put": take_number}, *others, {"Update": link}]


def list_open_invoices(
    biller_id: str, shard: int, first: date, last: date, after: str | None
) -> Iterator[list[dict[str, Any]]]:
    """Open invoices of one shard that are due from ``first`` to ``last``, by due date and number, in pages.

    ``after``: the ``by_status_sk`` of an earlier answer's last invoice, which comes again. The index may lag behind by
    moments, so whoever acts on an invoice states what it relies on, or looks again.
    """
    pages = (
        dynamodb.client()
        .get_paginator("query")
        .paginate(
            TableName=get_settings().invoices_table,
            IndexName="by_status",
            KeyConditionExpression="by_status_pk = :status AND by_status_sk BETWEEN :from AND :to",
            ExpressionAttributeValues=dynamodb.to_item(
                {
                    ":status": build_status_key(biller_id, InvoiceStatus.OPEN, shard),
                    ":from": after or f"{first}#",
                    # The first text that is greater than any of the last day's.
                    ":to": f"{last + timedelta(days=1)}",
                }
            ),
            PaginationConfig={"PageSize": _PAGE_SIZE},
        )
    )
    for page in pages:
        yield [dynamodb.from_item(item) for item in page["Items"]]


def walk_status(
    biller_id: str, status: InvoiceStatus, first: date | None, last: date | None, members: Sequence[str]
) -> Iterator[bulk.RawItem]:
    """Raw items of a biller's invoices of one status, by due date and number over all shards; ``members`` of each.

    The index may lag behind by moments.
    """
    condition, values = "by_status_pk = :status", {}
    if first or last:
        condition += " AND by_status_sk BETWEEN :from AND :to"
        # The first text that is greater than any of the last day's.
        end = f"{last + timedelta(days=1)}" if last else "~"
        values = {":from": {"S": f"{first or 0}"}, ":to": {"S": end}}

    def read_shard(shard: int) -> Iterator[bulk.RawItem]:
        key = {":status": {"S": build_status_key(biller_id, status, shard)}}
        pages = bulk.query_pages(
            get_settings().invoices_table,
            condition,
            values | key,
            index="by_status",
            members=(*members, "by_status_sk"),
        )
        for items, _ in pages:
            yield from items

    return heapq.merge(*map(read_shard, range(STATUS_SHARDS)), key=_read_sort_key)


def _read_sort_key(item: bulk.RawItem) -> str:
    key: str = item["by_status_sk"]["S"]
    return key


@dataclass(frozen=True, slots=True)
class Span:
    """Which positions (``{due date}#{NUMBER}...``) a list goes through, and in which direction."""

    first: date
    last: date
    after: str | None = None
    """The position of the last one seen; it does not come again."""
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """The next invoices of one partition of an index, in its order."""

    invoices: list[dict[str, Any]]
    more: bool


def read_status_page(biller_id: str, status: InvoiceStatus, shard: int, span: Span, limit: int) -> Page:
    """At most ``limit`` invoices of one shard of a status, by due date and number, in one request."""
    return _read_page("by_status", build_status_key(biller_id, status, shard), span, limit)


def read_payer_page(biller_id: str, payer_key: str, shard: int, span: Span, limit: int) -> Page:
    """The same of one payer (``find_payer_key``), in every status."""
    return _read_page("by_payer", f"{biller_id}#{payer_key}#{shard}", span, limit)


def _read_page(index: str, partition: str, span: Span, limit: int) -> Page:
    # The high end is the first text that is greater than any of the last day's.
    low, high = span.after or f"{span.first}#", f"{span.last + timedelta(days=1)}"
    if span.after is not None and span.descending:
        low, high = f"{span.first}#", span.after
    if low > high:
        return Page([], more=False)
    answer = dynamodb.client().query(
        TableName=get_settings().invoices_table,
        IndexName=index,
        KeyConditionExpression=f"{index}_pk = :partition AND {index}_sk BETWEEN :low AND :high",
        ExpressionAttributeValues=dynamodb.to_item({":partition": partition, ":low": low, ":high": high}),
        ScanIndexForward=not span.descending,
        # One more, because the one seen last comes again.
        Limit=limit + 1,
    )
    found = [dynamodb.from_item(item) for item in answer["Items"]]
    return Page([item for item in found if item[f"{index}_sk"] != span.after], "LastEvaluatedKey" in answer)


def pause_reminders(biller_id: str, number: str, pause: Mapping[str, str]) -> None:
    """Note on an invoice that it gets no reminders. Raises InvoiceNotFoundError."""
    _update_current(
        biller_id,
        number,
        "SET reminders_paused = :pause REMOVE reminders_resumed ADD revision :one",
        {":pause": pause, ":one": 1},
    )


def resume_reminders(biller_id: str, number: str, resumption: Mapping[str, str]) -> None:
    """The opposite. Raises InvoiceNotFoundError."""
    _update_current(
        biller_id,
        number,
        "SET reminders_resumed = :resumption REMOVE reminders_paused ADD revision :one",
        {":resumption": resumption, ":one": 1},
    )


def compute_shard(number: str) -> int:
    """The shard of the by_status and by_payer indexes that a normalised number belongs to, for ever.

    by_payer needs shards as well: a file may hold one placeholder code in every row, and an index that throttles
    throttles its table.
    """
    return zlib.crc32(number.encode()) % STATUS_SHARDS


def build_status_key(biller_id: str, status: InvoiceStatus, shard: int) -> str:
    return f"{biller_id}#{status}#{shard}"


def _update_current(biller_id: str, number: str, expression: str, values: Mapping[str, Any]) -> None:
    is_updated = dynamodb.update_if(
        get_settings().invoices_table,
        _current_key(biller_id, number),
        expression,
        "attribute_exists(pk) AND #status <> :archived",
        {**values, ":archived": InvoiceStatus.ARCHIVED},
        names={"#status": "status"},
    )
    if not is_updated:
        raise InvoiceNotFoundError(number)


def _current_key(biller_id: str, number: str) -> Any:
    return {"pk": {"S": f"{biller_id}#{normalise_number(number)}"}, "sk": {"S": CURRENT}}


def account_key(bank_code: str, va_number: str) -> Any:
    return {"pk": {"S": f"{bank_code}#{va_number}"}}
