"""Reconciliations table; the only place that builds its keys and conditions.

| pk | sk | item |
| bank_code | format | how the bank writes its settlement file |
| bank_code#file#SHA-256 | file | a file: what it held, what came of it |
| bank_code#va_number | settled | the line that is this account's settlement, also before the payment is known here |
| | line#identity#occurrence | any other line, of whatever file held it first |
| | missing_there | our payment that no file has held so far |

``settled`` is what keeps a payment from being missed at the bank: no account is ``missing_here`` and ``missing_there``.
It is ``freed`` when its money went elsewhere before the bill was paid: then it stands for nothing and is taken again.

Items that somebody, or a later file, must settle have ``by_state_pk = bank_code#result`` and ``by_state_sk`` (index
by_state, sparse); files have ``bank_code#files``.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from invoicing.errors import ChangedMeanwhileError
from invoicing.reconciliation import ATTENTION, SETTLES, Finding, Known, Result
from invoicing.settings import get_settings
from invoicing.settlements import SettlementFormat
from invoicing.store import audit, bulk, dynamodb, transactions

PAGE_SIZE = 50
_SETTLED = "settled"
_MISSING = "missing_there"
_FREED = "freed"


# --- the bank's form -----------------------------------------------------------------------------------------------


def load_format(bank_code: str) -> SettlementFormat:
    """The bank's own form, or the default."""
    record = _load(bank_code, "format")
    return SettlementFormat.from_record(record["form"]) if record else SettlementFormat()


def save_format(bank_code: str, form: SettlementFormat, *, user_id: str, at: str) -> None:
    """Raises ChangedMeanwhileError when somebody else set it since it was read here."""
    before = _load(bank_code, "format")
    is_as_read: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"}
    if before:
        is_as_read = {
            "ConditionExpression": "set_at = :seen",
            "ExpressionAttributeValues": {":seen": {"S": before["set_at"]}},
        }
    item = {"pk": bank_code, "sk": "format", "form": form.as_record(), "set_by": user_id, "set_at": at}
    put = {
        "Put": {
            "TableName": get_settings().reconciliations_table,
            "Item": dynamodb.to_item(item),
            **is_as_read,
        }
    }
    entry = audit.build_audit_write(
        audit.BANK,
        user_id=user_id,
        action="set_settlement_format",
        subject=bank_code,
        at=at,
        before=before["form"] if before else None,
        after=form.as_record(),
    )
    if transactions.commit_all([put, entry]):
        raise ChangedMeanwhileError(bank_code)


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


def load_kept(bank_code: str, line_ids: Mapping[str, Sequence[str]]) -> dict[str, dict[str, dict[str, Any]]]:
    """VA number -> what is kept of the account among its settlement and these lines, by ``sk``; consistently read."""
    keys = [
        {"pk": {"S": f"{bank_code}#{va_number}"}, "sk": {"S": sort_key}}
        for va_number, own in line_ids.items()
        for sort_key in (_SETTLED, *map(_name_other, own))
    ]
    kept: dict[str, dict[str, dict[str, Any]]] = {va_number: {} for va_number in line_ids}
    for item in bulk.get_items(get_settings().reconciliations_table, keys, consistent=True):
        record = dynamodb.from_item(item)
        if record["state"] != _FREED:
            kept[record["va_number"]][record["sk"]] = record
    return kept


def build_known(
    account: Mapping[str, Any] | None, posting: Mapping[str, Any] | None, kept: Mapping[str, dict[str, Any]]
) -> Known:
    """What is known of an account, from what ``load_kept`` found."""
    lines = {record["line_id"]: record for sort_key, record in kept.items() if sort_key != _SETTLED}
    return Known(account, posting, kept.get(_SETTLED), lines)


def keep_findings(bank_code: str, findings: Iterable[tuple[Finding, str]], *, file_hash: str, at: str) -> bool:
    """Keep new lines, each with its settlement day; False when meanwhile another run kept some of them: look again.

    Raises BusyError; what was kept by then stays.
    """
    changes = [[_build_line_write(bank_code, finding, file_hash, day, at)] for finding, day in findings]
    return all(transactions.commit_each(changes))


def _build_line_write(bank_code: str, finding: Finding, file_hash: str, day: str, at: str) -> dict[str, Any]:
    line = finding.line
    sort_key = _SETTLED if finding.is_settlement else _name_other(finding.line_id)
    item = {
        "pk": f"{bank_code}#{line.va_number}",
        "sk": sort_key,
        "va_number": line.va_number,
        "line_id": finding.line_id,
        "kind": line.kind,
        "amount": line.amount,
        "paid_at": line.paid_at,
        "reference": line.reference or None,
        "request_id": line.request_id or None,
        "file_hash": file_hash,
        "place": line.place,
        "day": day,
        "found_at": at,
        **_describe_finding(finding),
        **_attention(bank_code, finding.result, day, line.va_number, sort_key),
    }
    put = dynamodb.build_put(get_settings().reconciliations_table, dynamodb.to_item(item))
    if finding.is_settlement:
        put["Put"] |= {
            "ConditionExpression": "attribute_not_exists(pk) OR #state = :freed",
            "ExpressionAttributeNames": {"#state": "state"},
            "ExpressionAttributeValues": {":freed": {"S": _FREED}},
        }
    return put


def _describe_finding(finding: Finding) -> dict[str, Any]:
    return {
        "result": finding.result,
        "reason": finding.reason or None,
        "state": "open" if finding.result in ATTENTION else "settled",
        "our_amount": finding.our_amount,
        "payment_id": finding.payment_id,
        "biller_id": finding.biller_id,
        "number": finding.number,
    }


def list_missing_here(bank_code: str) -> Iterator[dict[str, Any]]:
    """Settlements of bills that were not paid here when they were found."""
    return _walk_state(f"{bank_code}#{Result.MISSING_HERE}")


def judge_settlement_again(record: Mapping[str, Any], finding: Finding, at: str) -> dict[str, Any] | None:
    """Say what a settlement that was ``missing_here`` has become; the record, None when somebody else moved it."""
    bank_code = record["pk"].partition("#")[0]
    described = {**_describe_finding(finding), "judged_at": at}
    attention = _attention(bank_code, finding.result, record["day"], record["va_number"], _SETTLED)
    values = {name: value for name, value in {**described, **attention}.items() if value is not None}
    removed = [name for name in ("reason", "by_state_pk", "by_state_sk") if name not in values]
    expression = "SET " + ", ".join(f"#{name} = :{name}" for name in values)
    if removed:
        expression += " REMOVE " + ", ".join(f"#{name}" for name in removed)
    seen = {":missing": Result.MISSING_HERE, ":open": "open", ":proposed": "proposed"}
    moved = _update(
        record["pk"],
        _SETTLED,
        expression,
        "#result = :missing AND #state IN (:open, :proposed)",
        {f":{name}": value for name, value in values.items()} | seen,
        names={f"#{name}": name for name in (*values, *removed)},
    )
    kept = {name: value for name, value in record.items() if name not in removed}
    return {**kept, **values} if moved else None


def _name_other(line_id: str) -> str:
    return f"line#{line_id}"


def _attention(bank_code: str, result: Result, day: str, va_number: str, sort_key: str) -> dict[str, str]:
    if result not in ATTENTION:
        return {}
    return {"by_state_pk": f"{bank_code}#{result}", "by_state_sk": f"{day}#{va_number}#{sort_key}"}


# --- our payments that the bank's files lack -------------------------------------------------------------------------


def load_waiting(bank_code: str, va_numbers: Sequence[str]) -> tuple[set[str], dict[str, dict[str, Any]]]:
    """Which accounts have their settlement, and what is noted of payments that wait or are missing, by VA number."""
    keys = [
        {"pk": {"S": f"{bank_code}#{va_number}"}, "sk": {"S": sort_key}}
        for va_number in va_numbers
        for sort_key in (_SETTLED, _MISSING)
    ]
    settled: set[str] = set()
    noted: dict[str, dict[str, Any]] = {}
    for item in bulk.get_items(get_settings().reconciliations_table, keys, consistent=True):
        record = dynamodb.from_item(item)
        if record["sk"] == _MISSING:
            noted[record["va_number"]] = record
        elif record["state"] != _FREED and record["result"] in SETTLES:
            settled.add(record["va_number"])
    return settled, noted


def keep_waiting(bank_code: str, posting: Mapping[str, Any], *, day: str, at: str) -> dict[str, Any] | None:
    """Note a payment that its day's file does not hold; None when another run has noted it."""
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
    return item if _put_new(item) else None


def list_waiting(bank_code: str, result: Result) -> Iterator[dict[str, Any]]:
    """Our payments that wait, or are missing, longest first; the index may lag behind by moments."""
    return _walk_state(f"{bank_code}#{result}")


def _walk_state(key: str) -> Iterator[dict[str, Any]]:
    values = dynamodb.to_item({":key": key})
    pages = bulk.query_pages(get_settings().reconciliations_table, "by_state_pk = :key", values, index="by_state")
    for items, _ in pages:
        yield from map(dynamodb.from_item, items)


def move_waiting(record: Mapping[str, Any], result: Result | None, at: str) -> bool:
    """Say that a waiting payment is missing for certain (``result``), or no more: a file held it, or it went back."""
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
    expression = "SET " + ", ".join(f"#{name} = :{name}" for name in ("state", *values))
    if not keeps_attention:
        expression += " REMOVE by_state_pk, by_state_sk"
    update = {
        "Update": {
            "TableName": get_settings().reconciliations_table,
            "Key": _key(record["pk"], record["sk"]),
            "UpdateExpression": expression,
            # The line may have been judged anew by a file that came meanwhile.
            "ConditionExpression": "#state = :seen AND #result = :result",
            "ExpressionAttributeNames": {f"#{name}": name for name in {"state", "result", *values}},
            "ExpressionAttributeValues": dynamodb.to_item(
                {
                    ":state": state,
                    ":seen": record["state"],
                    ":result": record["result"],
                    **{f":{name}": value for name, value in values.items()},
                }
            ),
        }
    }
    entry = _build_move_audit(record, state, user_id=user_id, at=at, reason=reason)
    return not transactions.commit_all([update, entry])


def free_settlement(
    record: Mapping[str, Any], values: Mapping[str, Any], *, user_id: str, at: str, reason: str
) -> str | None:
    """Resolve a settlement whose bill was not paid: it becomes one of the other lines, and the account has none.

    Its new ``sk``; None when somebody else moved it.
    """
    sort_key = _name_other(record["line_id"])
    kept = {name: value for name, value in record.items() if name not in ("by_state_pk", "by_state_sk")}
    item = {**kept, **values, "sk": sort_key, "state": "resolved"}
    table = get_settings().reconciliations_table
    free = {
        "Update": {
            "TableName": table,
            "Key": _key(record["pk"], _SETTLED),
            "UpdateExpression": "SET #state = :freed REMOVE by_state_pk, by_state_sk",
            "ConditionExpression": "#state = :seen AND #result = :missing AND line_id = :line",
            "ExpressionAttributeNames": {"#state": "state", "#result": "result"},
            "ExpressionAttributeValues": dynamodb.to_item(
                {
                    ":freed": _FREED,
                    ":seen": record["state"],
                    ":missing": Result.MISSING_HERE,
                    ":line": record["line_id"],
                }
            ),
        }
    }
    writes = [
        free,
        dynamodb.build_put(table, dynamodb.to_item(item)),
        _build_move_audit(record, "resolved", user_id=user_id, at=at, reason=reason),
    ]
    return None if transactions.commit_all(writes) else sort_key


def _build_move_audit(
    record: Mapping[str, Any], state: str, *, user_id: str, at: str, reason: str | None
) -> dict[str, Any]:
    before = {name: record.get(name) for name in ("state", "proposed_by") if record.get(name) is not None}
    return audit.build_audit_write(
        record.get("biller_id") or audit.BANK,
        user_id=user_id,
        action=f"settle_line_{state}",
        subject=record["va_number"],
        at=at,
        before=before,
        after={"state": state, "line": record["sk"]},
        reason=reason,
    )


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
