"""Changes table: what one person proposed and a second one decides. ``pk = biller_id``, ``bank`` or ``bank#clients``,
``sk = change id``.

The index ``undecided`` is sparse: a decided change leaves it, and those of bank clients have a list of their own.
"""

from dataclasses import asdict
from typing import Any

from invoicing.changes import BANK_CLIENT_KINDS, Change, ChangeKind, ChangeState
from invoicing.errors import ChangeNotFoundError
from invoicing.settings import get_settings
from invoicing.store import dynamodb
from invoicing.store.transactions import commit_all

_UNDECIDED = "undecided"


def create_change(change: Change, audit: list[dict[str, Any]]) -> None:
    """Raises StoreBusyError: nothing was proposed."""
    record = asdict(change)
    item = {"pk": record.pop("owner"), "sk": record.pop("change_id"), **record}
    if change.kind not in BANK_CLIENT_KINDS:
        item["undecided_pk"] = _UNDECIDED
    if commit_all([dynamodb.build_put(get_settings().changes_table, dynamodb.to_item(item)), *audit]):
        raise RuntimeError(f"{change.change_id} is taken, which a new ULID rules out")


def load_change(owner: str, change_id: str) -> Change:
    """Raises ChangeNotFoundError, for another owner's too."""
    record = dynamodb.load_item(get_settings().changes_table, _key(owner, change_id))
    if record is None:
        raise ChangeNotFoundError(change_id)
    return _read_change(record)


def list_changes(owner: str, after: str | None, limit: int) -> tuple[list[Change], str | None]:
    """A page of the owner's changes, decided ones too, newest first; and the id to go on after, if there is more."""
    position: Any = {} if after is None else {"ExclusiveStartKey": _key(owner, after)}
    answer = dynamodb.client().query(
        TableName=get_settings().changes_table,
        KeyConditionExpression="pk = :owner",
        ExpressionAttributeValues={":owner": {"S": owner}},
        ScanIndexForward=False,
        Limit=limit,
        **position,
    )
    return _read_page(answer)


def list_undecided(after: tuple[str, str] | None, limit: int) -> tuple[list[Change], str | None]:
    """A page of what waits for a decision, of the bank and all billers, oldest first; ``after``: owner and id."""
    position: Any = {}
    if after is not None:
        position = {"ExclusiveStartKey": {**_key(*after), "undecided_pk": {"S": _UNDECIDED}}}
    answer = dynamodb.client().query(
        TableName=get_settings().changes_table,
        IndexName="undecided",
        KeyConditionExpression="undecided_pk = :undecided",
        ExpressionAttributeValues={":undecided": {"S": _UNDECIDED}},
        Limit=limit,
        **position,
    )
    return _read_page(answer)


def decide_change(change: Change, state: ChangeState, by: str, at: str, also: list[dict[str, Any]]) -> bool:
    """Record a decision with what it brings about (``also``: transaction members), by another person than proposed it.

    False when it was decided meanwhile, or what it would change has changed.
    """
    update = {
        "Update": {
            "TableName": get_settings().changes_table,
            "Key": _key(change.owner, change.change_id),
            "UpdateExpression": "SET #state = :state, decided_by = :by, decided_at = :at REMOVE undecided_pk",
            "ConditionExpression": "#state = :proposed AND proposed_by <> :by",
            "ExpressionAttributeNames": {"#state": "state"},
            "ExpressionAttributeValues": dynamodb.to_item(
                {":state": state, ":by": by, ":at": at, ":proposed": ChangeState.PROPOSED}
            ),
        }
    }
    return not commit_all([update, *also])


def build_outcome(change: Change, state: ChangeState, at: str) -> dict[str, Any]:
    """A transaction member: what became of an approved change of a bank client, once, and only if two people stand."""
    return {
        "Update": {
            "TableName": get_settings().changes_table,
            "Key": _key(change.owner, change.change_id),
            "UpdateExpression": "SET #state = :state, carried_out_at = :at",
            "ConditionExpression": "#state = :approved AND decided_by <> proposed_by",
            "ExpressionAttributeNames": {"#state": "state"},
            "ExpressionAttributeValues": dynamodb.to_item(
                {":state": state, ":at": at, ":approved": ChangeState.APPROVED}
            ),
        }
    }


def _key(owner: str, change_id: str) -> Any:
    return {"pk": {"S": owner}, "sk": {"S": change_id}}


def _read_page(answer: Any) -> tuple[list[Change], str | None]:
    found = [_read_change(dynamodb.from_item(item)) for item in answer["Items"]]
    return found, found[-1].change_id if "LastEvaluatedKey" in answer else None


def _read_change(record: dict[str, Any]) -> Change:
    return Change(
        owner=record["pk"],
        change_id=record["sk"],
        kind=ChangeKind(record["kind"]),
        before=record.get("before", ""),
        after=record["after"],
        reason=record["reason"],
        proposed_by=record["proposed_by"],
        proposed_at=record["proposed_at"],
        state=ChangeState(record["state"]),
        decided_by=record.get("decided_by"),
        decided_at=record.get("decided_at"),
        carried_out_at=record.get("carried_out_at"),
    )
