"""Billers table: one item per biller, key ``pk = biller_id``."""

import re
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date
from typing import Any, cast

from botocore.exceptions import ClientError

from invoicing.billers import Biller, BillerState, Module, OnErrors, ReleaseMode
from invoicing.errors import BillerNotFoundError, CompanyCodeError
from invoicing.notice_policy import NoticePolicy, Zone
from invoicing.notices import Channel
from invoicing.settings import get_settings
from invoicing.store import bulk, dynamodb


def load_biller(biller_id: str) -> Biller:
    """Raises BillerNotFoundError."""
    answer = dynamodb.client().get_item(
        TableName=get_settings().billers_table, Key={"pk": {"S": biller_id}}, ConsistentRead=True
    )
    if "Item" not in answer:
        raise BillerNotFoundError(biller_id)
    return _read_biller(dynamodb.from_item(answer["Item"]))


def locate_biller(biller_id: str) -> tuple[str, dynamodb.Item]:
    """Table and key, for a read together with other items; ``read_biller`` reads what was found."""
    return get_settings().billers_table, {"pk": {"S": biller_id}}


def read_biller(record: dict[str, Any]) -> Biller:
    return _read_biller(record)


def has_company_code(bank_code: str, company_code: str) -> bool:
    """Whether any biller of the bank has this company code."""
    answer = dynamodb.client().get_item(
        TableName=get_settings().counters_table, Key={"pk": {"S": f"{bank_code}#{company_code}"}}
    )
    return "Item" in answer


def list_active_billers() -> Iterator[Biller]:
    """Active billers by id, from an index that may lag behind by moments."""
    pages = (
        dynamodb.client()
        .get_paginator("query")
        .paginate(
            TableName=get_settings().billers_table,
            IndexName="by_state",
            KeyConditionExpression="#state = :active",
            ExpressionAttributeNames={"#state": "state"},
            ExpressionAttributeValues={":active": {"S": BillerState.ACTIVE}},
        )
    )
    for page in pages:
        yield from (_read_biller(dynamodb.from_item(item)) for item in page["Items"])


def record_reminded(biller_id: str, day: date) -> bool:
    """All reminders up to this local day are planned; False when a later day, or this one, is recorded already."""
    try:
        dynamodb.client().update_item(
            TableName=get_settings().billers_table,
            Key={"pk": {"S": biller_id}},
            UpdateExpression="SET reminded_until = :day",
            ConditionExpression=(
                "attribute_exists(pk) AND (attribute_not_exists(reminded_until) OR reminded_until < :day)"
            ),
            ExpressionAttributeValues={":day": {"S": day.isoformat()}},
        )
    except ClientError as error:
        if not dynamodb.is_condition_failed(error):
            raise
        return False
    return True


def register_biller(biller: Biller) -> bool:
    """Create the biller and its VA counter in one transaction; False when it is registered already.

    The counter's key makes the company code unique within the bank, and codes of one length are no prefixes of each
    other: two billers can never share VA numbers. Raises CompanyCodeError for a code of another form.
    """
    settings = get_settings()
    if not re.fullmatch(rf"[0-9]{{{settings.va_company_code_digits}}}", biller.company_code):
        raise CompanyCodeError(biller.company_code)
    record = {
        "pk": biller.biller_id,
        "name": biller.name,
        "module": biller.module,
        "state": biller.state,
        "company_code": biller.company_code,
        "giro_account": biller.giro_account,
        "release": biller.release,
        "on_errors": biller.on_errors,
        "channels": list(biller.channels),
        "language": biller.language,
        "policy": {name: value for name, value in asdict(biller.policy).items() if value is not None},
        "help_contact": biller.help_contact,
    }
    counter = {"pk": f"{settings.bank_code}#{biller.company_code}", "next": 0, "biller_id": biller.biller_id}
    try:
        dynamodb.client().transact_write_items(
            TransactItems=cast(
                Any,
                [
                    dynamodb.build_put(table, dynamodb.to_item(item))
                    for table, item in ((settings.billers_table, record), (settings.counters_table, counter))
                ],
            )
        )
    except ClientError as error:
        codes = dynamodb.read_cancellation_codes(error)
        if codes is None or codes[0] != "ConditionalCheckFailed":
            raise
        return False
    return True


def _read_policy(record: dict[str, Any]) -> NoticePolicy:
    members = dict(record)
    if "zone" in members:
        members["zone"] = Zone(members["zone"])
    if "reminder_offsets" in members:
        members["reminder_offsets"] = tuple(members["reminder_offsets"])
    return NoticePolicy(**members)


def _read_biller(record: dict[str, Any]) -> Biller:
    return Biller(
        biller_id=record["pk"],
        name=record["name"],
        module=Module(record["module"]),
        state=BillerState(record["state"]),
        company_code=record["company_code"],
        giro_account=record["giro_account"],
        release=ReleaseMode(record["release"]),
        on_errors=OnErrors(record["on_errors"]),
        channels=tuple(Channel(channel) for channel in record["channels"]),
        language=record["language"],
        policy=_read_policy(record.get("policy", {})),
        reminded_until=date.fromisoformat(record["reminded_until"]) if "reminded_until" in record else None,
        help_contact=record.get("help_contact", ""),
    )


def list_biller_ids() -> Iterator[str]:
    """Ids of all billers, whatever their state, from an index that may lag behind by moments."""
    for state in BillerState:
        pages = bulk.query_pages(
            get_settings().billers_table,
            "#state = :state",
            {":state": {"S": state}},
            index="by_state",
            members=("pk",),
            names={"#state": "state"},
        )
        for items, _ in pages:
            yield from (item["pk"]["S"] for item in items)
