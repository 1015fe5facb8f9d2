"""DynamoDB write units of every write that a client sends, computed from the real items by AWS's published rules.

An item's size is the UTF-8 length of its names plus its values; a write costs one unit per started KB of the larger of
the item before and after, twice that in a transaction. An index entry (the attributes projected into it) costs again,
but only when it changes: one write to put, change or delete it, two when its key moves; never doubled.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import boto3
import orjson

from tests.integration.aws_from_template import Template

Item = Mapping[str, Any]
TABLE = "(table)"


@dataclass(frozen=True, slots=True)
class Index:
    name: str
    keys: tuple[str, ...]
    all_attributes: bool
    others: tuple[str, ...] = ()
    """Attributes projected besides the keys."""

    def project(self, item: Item | None, table_keys: tuple[str, ...]) -> Item | None:
        """The index entry of an item; None when the item lacks a key of the index (sparse)."""
        if item is None or any(key not in item for key in self.keys):
            return None
        if self.all_attributes:
            return item
        others = (name for name in self.others if name in item)
        return {name: item[name] for name in (*table_keys, *self.keys, *others)}


@dataclass(frozen=True, slots=True)
class Table:
    """A table of template.yaml under its physical name."""

    logical_id: str
    name: str
    keys: tuple[str, ...]
    indexes: tuple[Index, ...]


@dataclass(slots=True)
class Tally:
    writes: int = 0
    units: int = 0
    bytes: int = 0
    largest: int = 0

    def add(self, size: int, *, factor: int = 1) -> None:
        self.writes += 1
        self.units += factor * math.ceil(size / 1024)
        self.bytes += size
        self.largest = max(self.largest, size)


def list_tables(template: Template) -> list[Table]:
    tables = []
    for logical_id, properties in template.find("AWS::DynamoDB::Table").items():
        indexes = tuple(
            Index(
                index["IndexName"],
                _read_keys(index),
                index["Projection"]["ProjectionType"] == "ALL",
                tuple(index["Projection"].get("NonKeyAttributes", ())),
            )
            for index in properties.get("GlobalSecondaryIndexes", [])
        )
        tables.append(Table(logical_id, template.resolve({"Ref": logical_id}), _read_keys(properties), indexes))
    return tables


def _read_keys(properties: dict[str, Any]) -> tuple[str, ...]:
    return tuple(key["AttributeName"] for key in properties["KeySchema"])


def measure_item(item: Item) -> int:
    return sum(len(name.encode()) + _measure_value(value) for name, value in item.items())


def _measure_value(attribute: Any) -> int:
    ((kind, value),) = attribute.items()
    match kind:
        case "S":
            return len(value.encode())
        case "N":
            digits = value.lstrip("-").replace(".", "").strip("0")
            return math.ceil(len(digits) / 2) + 1 + value.startswith("-")
        case "M":
            return 3 + len(value) + measure_item(value)
        case "L":
            return 3 + len(value) + sum(map(_measure_value, value))
        case "BOOL" | "NULL":
            return 1
    raise TypeError(f"no size rule for attribute type {kind}")


@dataclass
class WriteMeter:
    """Watches clients: requests per phase, and the units of each write per phase, table and index."""

    tables: dict[str, Table]
    phase: str = ""
    requests: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """By phase, service and operation."""
    tallies: dict[tuple[str, str, str], Tally] = field(default_factory=lambda: defaultdict(Tally))
    """By phase, table's logical id and index name (or TABLE)."""
    items: dict[tuple[str, tuple[str, ...]], Item] = field(default_factory=dict)
    """Every item as its last write left it."""

    def watch(self, client: Any) -> None:
        client.meta.events.register("before-call", self._note_request)
        client.meta.events.register("after-call", self._note_answer)

    def _note_request(self, model: Any, params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        self.requests[self.phase, model.service_model.service_name, model.name] += 1
        context["bench_body"] = params["body"]

    def _note_answer(self, model: Any, http_response: Any, context: dict[str, Any], **_: Any) -> None:
        if model.service_model.service_name != "dynamodb" or http_response.status_code != 200:
            return
        request = orjson.loads(context["bench_body"])
        match model.name:
            case "PutItem" | "UpdateItem":
                self._note_write(request, in_transaction=False)
            case "TransactWriteItems":
                for member in request["TransactItems"]:
                    ((_, write),) = member.items()
                    self._note_write(write, in_transaction=True)
            case "DeleteItem" | "BatchWriteItem":
                raise NotImplementedError(f"the main path now uses {model.name}: teach the meter its units")

    def _note_write(self, write: dict[str, Any], *, in_transaction: bool) -> None:
        table = self.tables[write["TableName"]]
        given = write.get("Item") or write["Key"]
        key = {name: given[name] for name in table.keys}
        after = write.get("Item") or boto3.client("dynamodb").get_item(TableName=table.name, Key=key)["Item"]
        place = (table.name, tuple(value["S"] for value in key.values()))
        before = self.items.get(place)
        self.items[place] = after
        size = max(measure_item(after), measure_item(before) if before else 0)
        self.tallies[self.phase, table.logical_id, TABLE].add(size, factor=2 if in_transaction else 1)
        for index, entry_size in self._list_index_writes(table, before, after):
            self.tallies[self.phase, table.logical_id, index.name].add(entry_size)

    def _list_index_writes(self, table: Table, before: Item | None, after: Item) -> Iterator[tuple[Index, int]]:
        for index in table.indexes:
            old, new = index.project(before, table.keys), index.project(after, table.keys)
            if old == new:
                continue
            if old and new and all(old[key] == new[key] for key in index.keys):
                yield index, max(measure_item(old), measure_item(new))
                continue
            for entry in (old, new):
                if entry:
                    yield index, measure_item(entry)
