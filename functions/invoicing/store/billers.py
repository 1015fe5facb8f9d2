"""Billers table: one item per biller, key ``pk = biller_id``."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from invoicing.billers import (
    Biller,
    BillerState,
    Contact,
    Module,
    OnErrors,
    OutsidePayments,
    Registration,
    ReleaseMode,
    WebhookSubscription,
)
from invoicing.errors import BillerNotActiveError, BillerNotFoundError, CompanyCodeError, CompanyCodeTakenError
from invoicing.notice_policy import FallbackLadder, NoticePolicy, Zone
from invoicing.notices import Channel, NoticeKind
from invoicing.occasions import Occasion, Tone
from invoicing.own_wording import Wording
from invoicing.settings import get_settings
from invoicing.store import bulk, dynamodb
from invoicing.store.audit import build_audit_write
from invoicing.store.transactions import commit_all

_FAILED = "ConditionalCheckFailed"


def load_biller(biller_id: str) -> Biller:
    """Raises BillerNotFoundError."""
    record = dynamodb.load_item(get_settings().billers_table, {"pk": {"S": biller_id}})
    if record is None:
        raise BillerNotFoundError(biller_id)
    return _read_biller(record)


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


def load_active_biller(biller_id: str) -> Biller:
    """Raises BillerNotFoundError, BillerNotActiveError."""
    biller = load_biller(biller_id)
    if biller.state is not BillerState.ACTIVE:
        raise BillerNotActiveError(biller_id)
    return biller


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
    return dynamodb.update_if(
        get_settings().billers_table,
        {"pk": {"S": biller_id}},
        "SET reminded_until = :day",
        "attribute_exists(pk) AND (attribute_not_exists(reminded_until) OR reminded_until < :day)",
        {":day": day.isoformat()},
    )


def save_wording(biller_id: str, wording: Wording, before: Wording) -> bool:
    """Replace ``before`` and record it in one transaction; False when ``before`` is no longer what is stored."""
    old, new = _write_wording(before), _write_wording(wording)
    changed = [name for name in ("words", "tones", "templates") if old[name] != new[name]]
    update = {
        "TableName": get_settings().billers_table,
        "Key": {"pk": {"S": biller_id}},
        "UpdateExpression": "SET wording = :wording",
        "ConditionExpression": "wording.version = :version"
        if before.version
        else "attribute_exists(pk) AND attribute_not_exists(wording)",
        "ExpressionAttributeValues": dynamodb.to_item(
            {":wording": new, **({":version": before.version} if before.version else {})}
        ),
    }
    entry = build_audit_write(
        biller_id,
        user_id=wording.changed_by,
        action="change_wording",
        subject=biller_id,
        at=wording.changed_at,
        before={name: old[name] for name in changed} | {"version": before.version},
        after={name: new[name] for name in changed} | {"version": wording.version},
    )
    return not commit_all([{"Update": update}, entry])


def list_billers(state: BillerState, after: str | None, limit: int) -> tuple[list[Biller], str | None]:
    """A page of the billers in this state by id, from the same index; and the id to go on after, if there is more."""
    position: Any = {} if after is None else {"ExclusiveStartKey": {"pk": {"S": after}, "state": {"S": state}}}
    answer = dynamodb.client().query(
        TableName=get_settings().billers_table,
        IndexName="by_state",
        KeyConditionExpression="#state = :state",
        ExpressionAttributeNames={"#state": "state"},
        ExpressionAttributeValues={":state": {"S": state}},
        Limit=limit,
        **position,
    )
    found = [_read_biller(dynamodb.from_item(item)) for item in answer["Items"]]
    return found, found[-1].biller_id if "LastEvaluatedKey" in answer else None


def register_biller(biller: Biller, audit: Sequence[dict[str, Any]] = ()) -> bool:
    """Create the biller and its VA counter in one transaction; False when it is registered already.

    The counter's key makes the company code unique within the bank, and codes of one length are no prefixes of each
    other: two billers can never share VA numbers. Raises CompanyCodeError for a code of another form,
    CompanyCodeTakenError for one that another biller has or had.
    """
    settings = get_settings()
    check_company_code(biller.company_code)
    record = build_record(biller)
    counter = {"pk": f"{settings.bank_code}#{biller.company_code}", "next": 0, "biller_id": biller.biller_id}
    refused = commit_all(
        [
            dynamodb.build_put(settings.billers_table, dynamodb.to_item(record)),
            dynamodb.build_put(settings.counters_table, dynamodb.to_item(counter)),
            *audit,
        ]
    )
    if refused and 0 not in refused:
        raise CompanyCodeTakenError(biller.company_code)
    return not refused


def build_record(biller: Biller) -> dict[str, Any]:
    """What is stored of a biller when it is registered."""
    return {
        "pk": biller.biller_id,
        "name": biller.name,
        "module": biller.module,
        "state": biller.state,
        "company_code": biller.company_code,
        "giro_account": biller.giro_account,
        "release": biller.release,
        "on_errors": biller.on_errors,
        "outside_payments": biller.outside_payments,
        "channels": list(biller.channels),
        "language": biller.language,
        "policy": {name: value for name, value in asdict(biller.policy).items() if value is not None},
        "help_contact": biller.help_contact,
        "registration": _write_registration(biller.registration),
        "issued_events": biller.issued_events or None,
    }


def correct_registration(seen: Biller, corrected: Biller, audit: Sequence[dict[str, Any]]) -> bool:
    """Replace the particulars of a biller that waits for approval; False when it was approved or corrected since."""
    registration = seen.registration
    members = {
        "name": corrected.name,
        "giro_account": corrected.giro_account,
        "channels": list(corrected.channels),
        "language": corrected.language,
        "policy": asdict(corrected.policy),
        "help_contact": corrected.help_contact,
        "registration": _write_registration(corrected.registration),
    }
    names = {f"#{name}": name for name in members} | {"#state": "state"}
    values = {f":{name}": value for name, value in members.items()} | {
        ":registered": BillerState.REGISTERED,
        ":seen": registration.registered_at if registration else "",
    }
    expression = "SET " + ", ".join(f"#{name} = :{name}" for name in members)
    condition = "#state = :registered AND #registration.registered_at = :seen"
    return _change(seen.biller_id, expression, condition, names, values, audit)


def check_company_code(company_code: str) -> None:
    """Raises CompanyCodeError for a code that has not exactly the bank's number of digits."""
    if not re.fullmatch(rf"[0-9]{{{get_settings().va_company_code_digits}}}", company_code):
        raise CompanyCodeError(company_code)


def change_state(
    biller: Biller, state: BillerState, registration: Registration | None, audit: Sequence[dict[str, Any]]
) -> bool:
    """Move a biller on from the state in which it was read; False when it has moved meanwhile."""
    values: dict[str, Any] = {":state": state, ":seen": biller.state}
    expression, names = "SET #state = :state", {"#state": "state"}
    if registration is not None:
        expression += ", registration = :registration"
        values[":registration"] = _write_registration(registration)
    return _change(biller.biller_id, expression, "#state = :seen", names, values, audit)


def change_settings(biller: Biller, members: Mapping[str, Any], audit: Sequence[dict[str, Any]]) -> bool:
    """Set these attributes of a biller whose settings are still those that were read; False when they are not."""
    names = {f"#{name}": name for name in members} | {"#version": "version"}
    values = {f":{name}": value for name, value in members.items()} | {":next": biller.version + 1}
    expression = "SET " + ", ".join([f"#{name} = :{name}" for name in members] + ["#version = :next"])
    if biller.version:
        condition, values[":seen"] = "#version = :seen", biller.version
    else:
        condition = "attribute_exists(pk) AND attribute_not_exists(#version)"
    return _change(biller.biller_id, expression, condition, names, values, audit)


def build_value_change(biller_id: str, name: str, before: str, after: str) -> list[dict[str, Any]]:
    """Transaction members that change one value that takes two people, if it is still the one that was seen.

    A company code must be free, or have been this biller's before: its counter goes on where it was.
    """
    settings = get_settings()
    change = {
        "Update": {
            "TableName": settings.billers_table,
            "Key": {"pk": {"S": biller_id}},
            "UpdateExpression": "SET #name = :after",
            "ConditionExpression": "#name = :before",
            "ExpressionAttributeNames": {"#name": name},
            "ExpressionAttributeValues": dynamodb.to_item({":before": before, ":after": after}),
        }
    }
    if name != "company_code":
        return [change]
    counter = {
        "Update": {
            "TableName": settings.counters_table,
            "Key": {"pk": {"S": f"{settings.bank_code}#{after}"}},
            "UpdateExpression": "SET #next = if_not_exists(#next, :zero), biller_id = :biller",
            "ConditionExpression": "attribute_not_exists(pk) OR biller_id = :biller",
            "ExpressionAttributeNames": {"#next": "next"},
            "ExpressionAttributeValues": dynamodb.to_item({":zero": 0, ":biller": biller_id}),
        }
    }
    return [change, counter]


def _change(
    biller_id: str,
    expression: str,
    condition: str,
    names: Mapping[str, str],
    values: Mapping[str, Any],
    audit: Sequence[dict[str, Any]],
) -> bool:
    update = {
        "Update": {
            "TableName": get_settings().billers_table,
            "Key": {"pk": {"S": biller_id}},
            "UpdateExpression": expression,
            "ConditionExpression": condition,
            "ExpressionAttributeNames": dict(names),
            "ExpressionAttributeValues": dynamodb.to_item(values),
        }
    }
    return not commit_all([update, *audit])


def _write_registration(registration: Registration | None) -> dict[str, Any] | None:
    return None if registration is None else asdict(registration)


def _read_registration(record: dict[str, Any] | None) -> Registration | None:
    return None if record is None else Registration(**{**record, "contact": Contact(**record["contact"])})


def _read_policy(record: dict[str, Any]) -> NoticePolicy:
    members = dict(record)
    if "zone" in members:
        members["zone"] = Zone(members["zone"])
    if "reminder_offsets" in members:
        members["reminder_offsets"] = tuple(members["reminder_offsets"])
    if "fallback" in members:
        given = members["fallback"]
        order = tuple(Channel(channel) for channel in given["order"])
        members["fallback"] = FallbackLadder(given["is_on"], order, tuple(given["minutes"]))
    return NoticePolicy(**members)


def _write_wording(wording: Wording) -> dict[str, Any]:
    return asdict(wording) | {"tones": {str(offset): tone for offset, tone in wording.tones.items()}}


def _read_wording(record: dict[str, Any]) -> Wording:
    return Wording(
        words=record["words"],
        tones={int(offset): Tone(tone) for offset, tone in record["tones"].items()},
        templates={Occasion(occasion): variant for occasion, variant in record["templates"].items()},
        version=record["version"],
        changed_at=record["changed_at"],
        changed_by=record["changed_by"],
    )


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
        outside_payments=OutsidePayments(record.get("outside_payments", OutsidePayments.BY_TWO)),
        channels=tuple(Channel(channel) for channel in record["channels"]),
        language=record["language"],
        policy=_read_policy(record.get("policy", {})),
        reminded_until=date.fromisoformat(record["reminded_until"]) if "reminded_until" in record else None,
        help_contact=record.get("help_contact", ""),
        version=record.get("version", 0),
        registration=_read_registration(record.get("registration")),
        wording=_read_wording(record["wording"]) if "wording" in record else Wording(),
        webhooks=tuple(
            WebhookSubscription(endpoint_id, tuple(map(NoticeKind, kinds)))
            for endpoint_id, kinds in sorted(record.get("webhooks", {}).items())
        ),
        issued_events=record.get("issued_events", False),
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
