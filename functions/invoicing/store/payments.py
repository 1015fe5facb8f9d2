"""Payments table, as far as reports and reconciliation read it; shapes in the table's own slice.

| pk | sk | item |
| bank_code#payment_request_id | posting | money posted to a virtual account |
| | attempt#day#client#external_id | a call that was refused: no money |
| outside#bank_code#va_number | posting | money that the biller took itself |
"""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from invoicing.settings import get_settings
from invoicing.store import bulk, dynamodb

DAY_SHARDS = 8
POSTING = "posting"


def list_payments_of_day(biller_id: str, day: date) -> Iterator[dict[str, Any]]:
    """Postings and refused attempts (told apart by ``sk``) of one local day of Jakarta, by time.

    The index may lag behind by moments.
    """

    def read_shard(shard: int) -> Iterator[bulk.RawItem]:
        values = dynamodb.to_item({":day": f"{biller_id}#{day}#{shard}"})
        for items, _ in bulk.query_pages(get_settings().payments_table, "by_day_pk = :day", values, index="by_day"):
            yield from items

    merged = heapq.merge(*map(read_shard, range(DAY_SHARDS)), key=_read_sort_key)
    return map(dynamodb.from_item, merged)


def load_postings(payment_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The postings among these payments, consistently read, by payment id."""
    keys = [{"pk": {"S": payment_id}, "sk": {"S": POSTING}} for payment_id in dict.fromkeys(payment_ids)]
    items = bulk.get_items(get_settings().payments_table, keys, consistent=True)
    return {record["pk"]: record for record in map(dynamodb.from_item, items)}


def is_posting(payment: Mapping[str, Any]) -> bool:
    return bool(payment["sk"] == POSTING)


def _read_sort_key(item: bulk.RawItem) -> str:
    key: str = item["by_day_sk"]["S"]
    return key
