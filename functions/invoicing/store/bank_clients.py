"""BankClients table: ``pk = clients``, ``sk = client id``; beside it ``pk = partners``, ``sk = partner id``.

A handful of items, each read once a minute and process: one partition carries them, and one query lists them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import lru_cache
from typing import Any

from invoicing import clock
from invoicing.bank_clients import BankClient, describe_client, read_members
from invoicing.errors import BankClientExistsError, BankClientNotFoundError
from invoicing.settings import get_settings
from invoicing.store import dynamodb
from invoicing.store.audit import BANK, build_audit_write
from invoicing.store.short_cache import ShortCache
from invoicing.store.transactions import commit_all

_OWN = ("client_id", "version")
"""Members that are no settings."""


def find_client(client_id: str) -> BankClient | None:
    """The client of this X-CLIENT-KEY, at most a minute old."""
    return _get_cache().get(client_id)


def find_newer_client(client_id: str) -> BankClient | None:
    """The client if it has changed since it was loaded; asked of the table every few seconds at most."""
    return _get_cache().get_newer(client_id)


def find_client_of_partner(partner_id: str) -> BankClient | None:
    """The client of this X-PARTNER-ID, at most a minute old."""
    client_id = _get_partner_cache().get(partner_id) or _get_partner_cache().get_newer(partner_id)
    return find_client(client_id) if client_id else None


def load_client(client_id: str) -> BankClient:
    """The client as it is now. Raises BankClientNotFoundError."""
    client = _fetch_client(client_id)
    if client is None:
        raise BankClientNotFoundError(client_id)
    return client


def list_clients() -> Iterator[BankClient]:
    pages = (
        dynamodb.client()
        .get_paginator("query")
        .paginate(
            TableName=get_settings().bank_clients_table,
            KeyConditionExpression="pk = :clients",
            ExpressionAttributeValues={":clients": {"S": "clients"}},
        )
    )
    for page in pages:
        yield from (_read_client(dynamodb.from_item(item)) for item in page["Items"])


def add_client(client: BankClient, *, user_id: str) -> None:
    """Raises BankClientExistsError for a client id or a partner id that is taken."""
    table = get_settings().bank_clients_table
    partner = {"pk": "partners", "sk": client.partner_id, "client_id": client.client_id}
    writes = [
        dynamodb.build_put(table, dynamodb.to_item(_build_record(client))),
        dynamodb.build_put(table, dynamodb.to_item(partner)),
        _build_audit("create_bank_client", client, user_id, before={}),
    ]
    refused = commit_all(writes)
    if refused:
        raise BankClientExistsError(client.client_id if 0 in refused else client.partner_id)


def replace_client(
    before: BankClient,
    after: BankClient,
    *,
    action: str,
    user_id: str,
    reason: str,
    also: Sequence[dict[str, Any]] = (),
) -> bool:
    """Write all settings of the client if it is still as ``before``; False if somebody else changed it.

    Its id and its partner id never change. ``also``: more transaction members; False too when one of theirs fails.
    """
    if (before.client_id, before.partner_id) != (after.client_id, after.partner_id):
        raise ValueError("a bank client keeps its ids")
    record = _build_record(after, version=before.version + 1)
    put = {
        "Put": {
            "TableName": get_settings().bank_clients_table,
            "Item": dynamodb.to_item(record),
            "ConditionExpression": "version = :version",
            "ExpressionAttributeValues": {":version": {"N": str(before.version)}},
        }
    }
    old, new = _describe(before), _describe(after)
    changes = {name: value for name, value in old.items() if value != new[name]}
    return not commit_all([put, _build_audit(action, after, user_id, before=changes, reason=reason), *also])


def _build_audit(
    action: str, client: BankClient, user_id: str, *, before: dict[str, Any], reason: str | None = None
) -> dict[str, Any]:
    after = _describe(client)
    return build_audit_write(
        BANK,
        user_id=user_id,
        action=action,
        subject=client.client_id,
        at=clock.to_text(clock.now()),
        before=before or None,
        after={name: after[name] for name in before} or after,
        reason=reason,
    )


def _describe(client: BankClient) -> dict[str, Any]:
    """Its settings as they are audited."""
    return {name: value for name, value in describe_client(client).items() if name not in _OWN}


def _build_record(client: BankClient, version: int = 0) -> dict[str, Any]:
    settings = {name: value for name, value in asdict(client).items() if name not in _OWN}
    return {"pk": "clients", "sk": client.client_id, "version": version, **settings}


def _fetch_client(client_id: str) -> BankClient | None:
    record = _fetch("clients", client_id)
    return _read_client(record) if record else None


def _fetch_partner(partner_id: str) -> str | None:
    record = _fetch("partners", partner_id)
    return record["client_id"] if record else None


def _fetch(kind: str, name: str) -> dict[str, Any] | None:
    answer = dynamodb.client().get_item(
        TableName=get_settings().bank_clients_table, Key={"pk": {"S": kind}, "sk": {"S": name}}, ConsistentRead=True
    )
    return dynamodb.from_item(answer["Item"]) if "Item" in answer else None


@lru_cache(maxsize=1)
def _get_cache() -> ShortCache[BankClient | None]:
    return ShortCache(_fetch_client)


@lru_cache(maxsize=1)
def _get_partner_cache() -> ShortCache[str | None]:
    return ShortCache(_fetch_partner)


def _read_client(record: dict[str, Any]) -> BankClient:
    """A setting that the product has got since the client was stored has its default."""
    return BankClient(client_id=record["sk"], **read_members(record))
