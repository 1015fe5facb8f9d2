"""Reconciliations table; the only place that builds its keys and conditions.

| pk | sk | item |
| bank_code | format | how the bank writes its settlement file |
| bank_code#file#SHA-256 | file | a file: what it held, what came of it |
| bank_code#va_number | settled | the line that is this account's settlement |
| | line#identity#occurrence | any other line, of whatever file held it first |
| | missing_there | our payment that no file has held so far |

Items that somebody, or a later file, must settle have ``by_state_pk = bank_code#result`` and ``by_state_sk`` (index
by_state, sparse); files have ``bank_code#files``.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from botocore.exceptions import ClientError

from invoicing.reconciliation import ATTENTION, SETTLES, Finding, Result
from invoicing.settings import get_settings
from invoicing.settlements import SettlementFormat
from invoicing.store import audit, bulk, dynamodb

PAGE_SIZE = 50
_SETTLED = "settled"
_MISSING = "missing_there"


# --- the bank's form -----------------------------------------------------------------------------------------------


def load_format(bank_code: str) -> SettlementFormat:
    """The bank's own form, or the default."""
    record = _load(bank_code, "format")
    return SettlementFormat.from_record(record["form"]) if record else SettlementFormat()


def save_format(bank_code: str, form: SettlementFormat, *, user_id: str, at: str) -> None:
    before = _load(bank_code, "format")
    item = {"pk": bank_code, "sk": "format", "form": form.as_record(), "set_by": user_id, "set_at": at}
    put = {"Put": {"TableName": get_settings().reconciliations_table, "Item": dynamodb.to_item(item)}}
    entry = audit.build_audit_write(
        audit.BANK,
        user_id=user_id,
        action="set_settlement_format",
        subject=bank_code,
        at=at,
        before=before["form"] if before else None,
        after=form.as_record(),
    )
    dynamodb.client().transact_write_items(TransactItems=cast(Any, [put, entry]))


# --- files ---------------------------------------------------------------------------------------------------------


def begin_file(bank_code: str, file_hash: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    """The file's record, made if this content has not been seen before."""
    key = f"{bank_code}#file#{file_hash}"
    item = {"pk": key, "sk": "file", "state": "reading", "by_state_pk": f"{bank_code}#files", **facts}
    item["by_state_sk"] = f"{facts['received_at']}#{file_hash}"
    if _put_new(item):
        return item
    return _load(key, "file") or item


def finish_file(bank_code: str, file_hash: str, state: str, values: Mapping[str, Any]) -> bool:
    """False when another run is done with it."""
    assignments = ", ".join(f"#{name} = :{name}" for name in values)
    names = {f"#{name}": name for name in (*values, "state")}
    given = {f":{name}": value for name, value in values.items()}
    return _update(
        f"{bank_code}#file#{file_hash}",
        "file",
        f"SET #state = :state, {assignments}" + (" REMOVE refusal" if "refusal" not in values else ""),
        "#state <> :done",
        {**given, ":state": state, ":done": "done"},
        names=names,
    )


def load_file(bank_code: str, file_hash: str) -> dict[str, Any] | None:
    return _load(f"{bank_code}#file#{file_hash}", "file")


def list_files(bank_code: str, before: str | None) -> tuple[list[dict[str, Any]], str | None]:
    """A page, newest first, and the mark to go on before."""
    return _list_by_state(f"{bank_code}#files", before, descending=True)


# --- lines ---------------------------------------------------------------------------------------------------------


def load_settlements(bank_code: str, va_numbers: Sequence[str]) -> dict[str, dict[str, Any]]:
    """VA number -> its settlement, consistently read."""
    keys = [{"pk": {"S": f"{bank_code}#{va_number}"}, "sk": {"S": _SETTLED}} for va_number in va_numbers]
    items = bulk.get_items(get_settings().reconciliations_table, keys, consistent=True)
    return {record["va_number"]: record for record in map(dynamodb.from_item, items)}


def keep_finding(bank_code: str, finding: Finding, *, file_hash: str, day: str, at: str) -> str | None:
    """Keep a line unless it is kept already; the file that held it first when that is another one.

    Raises SettlementTakenError when meanwhile another line became the account's settlement: look again.
    """
    line = finding.line
    is_settlement = finding.result in SETTLES
    sort_key = _SETTLED if is_settlement else f"line#{finding.line_id}"
    posting, account = finding.posting or {}, finding.account or {}
    item: dict[str, Any] = {
        "pk": f"{bank_code}#{line.va_number}",
        "sk": sort_key,
        "va_number": line.va_number,
        "line_id": finding.line_id,
        "result": finding.result,
        "reason": finding.reason or None,
        "state": "open" if finding.result in ATTENTION else "settled",
        "kind": line.kind,
        "amount": line.amount,
        "our_amount": posting.get("amount"),
        "payment_id": posting.get("payment_id"),
        "biller_id": account.get("biller_id"),
        "number": account["bills"][0]["number"] if "bills" in account else None,
        "paid_at": line.paid_at,
        "reference": line.reference or None,
        "request_id": line.request_id or None,
        "file_hash": file_hash,
        "place": line.place,
        "day": day,
        "found_at": at,
        **_attention(bank_code, finding.result, day, line.va_number, sort_key),
    }
    if _put_new(item):
        return None
    kept = _load(item["pk"], sort_key) or item
    if kept["line_id"] != finding.line_id:
        raise SettlementTakenError
    return None if kept["file_hash"] == file_hash else str(kept["file_hash"])


class SettlementTakenError(Exception):
    """Another line was found to be the account's settlement at the same moment."""


def _attention(bank_code: str, result: Result, day: str, va_number: str, sort_key: str) -> dict[str, str]:
    if result not in ATTENTION:
        return {}
    return {"by_state_pk": f"{bank_code}#{result}", "by_state_sk": f"{day}#{va_number}#{sort_key}"}


# --- our payments that the bank's files lack -------------------------------------------------------------------------


def keep_waiting(bank_code: str, posting: Mapping[str, Any], *, day: str, at: str) -> bool:
    """Note a payment that its day's file does not hold; False when it is noted already."""
    va_number = posting["va_number"]
    item = {
        "pk": f"{bank_code}#{va_number}",
        "sk": _MISSING,
        "va_number": va_number,
        "result": Result.WAITING,
        "state": "open",
        "our_amount": posting["amount"],
        "payment_id": posting["payment_id"],
        "biller_id": posting["biller_id"],
        "number": posting.get("number"),
        "paid_at": posting.get("transaction_at") or posting["accepted_at"],
        "reference": posting.get("bank_reference"),
        "day": day,
        "found_at": at,
        **_attention(bank_code, Result.WAITING, day, va_number, _MISSING),
    }
    return _put_new(item)


def list_waiting(bank_code: str, result: Result) -> Iterator[dict[str, Any]]:
    """Our payments that wait, or are missing, longest first."""
    values = dynamodb.to_item({":key": f"{bank_code}#{result}"})
    pages = bulk.query_pages(get_settings().reconciliations_table, "by_state_pk = :key", values, index="by_state")
    for items, _ in pages:
        yield from map(dynamodb.from_item, items)


def move_waiting(record: Mapping[str, Any], result: Result | None, at: str) -> bool:
    """Say that a waiting payment is missing for certain (``result``), or that a file held it after all (None)."""
    bank_code = record["pk"].partition("#")[0]
    if result is None:
        return _update(
            record["pk"],
            _MISSING,
            "SET #state = :settled, settled_at = :at REMOVE by_state_pk, by_state_sk",
            "#state = :open",
            {":settled": "settled", ":open": "open", ":at": at},
            names={"#state": "state"},
        )
    return _update(
        record["pk"],
        _MISSING,
        "SET #result = :result, by_state_pk = :key",
        "#state = :open AND #result = :seen",
        {":result": result, ":seen": record["result"], ":key": f"{bank_code}#{result}", ":open": "open"},
        names={"#state": "state", "#result": "result"},
    )


# --- what people do with lines -------------------------------------------------------------------------------------


def list_attention(bank_code: str, result: Result, after: str | None) -> tuple[list[dict[str, Any]], str | None]:
    """A page of lines that somebody must settle, oldest first, and the mark to go on after."""
    return _list_by_state(f"{bank_code}#{result}", after, descending=False)


def load_line(bank_code: str, va_number: str, line_id: str) -> dict[str, Any] | None:
    """By the ``sk`` that a list gave."""
    return _load(f"{bank_code}#{va_number}", line_id)


def move_line(
    record: Mapping[str, Any],
    state: str,
    values: Mapping[str, Any],
    *,
    user_id: str,
    at: str,
    reason: str | None = None,
    keeps_attention: bool = False,
) -> bool:
    """Move a line on from the state it was read in, with an audit entry; False when somebody else moved it."""
    before = {name: record.get(name) for name in ("state", "proposed_by") if record.get(name) is not None}
    expression = "SET " + ", ".join(f"#{name} = :{name}" for name in {"state": state, **values})
    if not keeps_attention:
        expression += " REMOVE by_state_pk, by_state_sk"
    update = {
        "Update": {
            "TableName": get_settings().reconciliations_table,
            "Key": _key(record["pk"], record["sk"]),
            "UpdateExpression": expression,
            "ConditionExpression": "#state = :seen",
            "ExpressionAttributeNames": {f"#{name}": name for name in {"state", *values}},
            "ExpressionAttributeValues": dynamodb.to_item(
                {":state": state, ":seen": record["state"], **{f":{name}": value for name, value in values.items()}}
            ),
        }
    }
    entry = audit.build_audit_write(
        record.get("biller_id") or audit.BANK,
        user_id=user_id,
        action=f"settle_line_{state}",
        subject=record["va_number"],
        at=at,
        before=before,
        after={"state": state, "line": record["sk"]},
        reason=reason,
    )
    try:
        dynamodb.client().transact_write_items(TransactItems=cast(Any, [update, entry]))
    except ClientError as error:
        codes = dynamodb.read_cancellation_codes(error)
        if codes is None or codes[0] != "ConditionalCheckFailed":
            raise
        return False
    return True


def _list_by_state(key: str, mark: str | None, *, descending: bool) -> tuple[list[dict[str, Any]], str | None]:
    condition, values = "by_state_pk = :key", {":key": key}
    if mark:
        condition += f" AND by_state_sk {'<' if descending else '>'} :mark"
        values[":mark"] = mark
    pages = bulk.query_pages(
        get_settings().reconciliations_table,
        condition,
        dynamodb.to_item(values),
        index="by_state",
        limit=PAGE_SIZE,
        descending=descending,
    )
    items, more = next(pages)
    records = list(map(dynamodb.from_item, items))
    return records, records[-1]["by_state_sk"] if more and records else None


def _put_new(item: Mapping[str, Any]) -> bool:
    return dynamodb.put_new(get_settings().reconciliations_table, dynamodb.to_item(item))


def _update(
    pk: str, sk: str, expression: str, condition: str, values: Mapping[str, Any], *, names: Mapping[str, str]
) -> bool:
    table = get_settings().reconciliations_table
    return dynamodb.update_if(table, _key(pk, sk), expression, condition, values, names=names)


def _load(pk: str, sk: str) -> dict[str, Any] | None:
    return dynamodb.load_item(get_settings().reconciliations_table, _key(pk, sk))


def _key(pk: str, sk: str) -> Any:
    return {"pk": {"S": pk}, "sk": {"S": sk}}
