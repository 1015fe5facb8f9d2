"""Requests table: ``pk = bank#{client}#{service}#{day of Jakarta}#{external id}``, one item per call that was answered.

Its key is what makes an id count once a day; it is written with what the call did, or not at all. Items expire after
their day (TTL), so they hold nothing that is not kept elsewhere.
"""

from typing import Any

from invoicing import clock
from invoicing.bank_requests import BankRequest
from invoicing.settings import get_settings
from invoicing.store import dynamodb

_KEPT_SECONDS = 3 * 24 * 3600


def locate_request(request: BankRequest) -> tuple[str, dynamodb.Item]:
    """Table and key."""
    return get_settings().requests_table, {"pk": {"S": _build_pk(request)}}


def build_request_write(request: BankRequest, at: str, facts: dict[str, Any]) -> dict[str, Any]:
    """A transaction member that marks the call's id as used, only if it is free.

    ``facts``: what a repetition must be compared with, and what it is answered.
    """
    return dynamodb.build_put(get_settings().requests_table, _build_item(request, at, facts))


def create_request(request: BankRequest, at: str, facts: dict[str, Any]) -> bool:
    """The same by itself, for calls that change nothing else; False when the id was used already."""
    return dynamodb.put_new(get_settings().requests_table, _build_item(request, at, facts))


def load_request(request: BankRequest) -> dict[str, Any] | None:
    """What this id was used for today, consistently read."""
    table, key = locate_request(request)
    return dynamodb.load_together({table: key}).get(table)


def _build_pk(request: BankRequest) -> str:
    return f"bank#{request.client_id}#{request.service}#{request.day}#{request.external_id}"


def _build_item(request: BankRequest, at: str, facts: dict[str, Any]) -> dynamodb.Item:
    item = {
        "pk": _build_pk(request),
        "call_id": request.call_id,
        "at": at,
        "expires_at": int(clock.from_text(at).timestamp()) + _KEPT_SECONDS,
        **facts,
    }
    return dynamodb.to_item(item)
