"""Users table: ``pk = user_id``, and an index by biller.

| pk | by_biller_pk | item |
| user id (Cognito sub, or client id of a program) | biller_id, or ``bank`` | the user |
| biller_id#admins | | how many active admins the biller has |
| biller_id#program#1, #2 | | which program holds this place, if any |

Counting admins and holding places in items makes "the last admin" and "two at a time" conditions of the transaction,
whoever else changes users at the same moment.
"""

from typing import Any

from invoicing.errors import LastAdminError, TooManyProgramsError, UserNotFoundError, UserStateError
from invoicing.roles import Role, User, UserKind, UserState
from invoicing.settings import get_settings
from invoicing.store import dynamodb
from invoicing.store.transactions import commit_all

BANK = "bank"
"""In the place of a biller id: users of the bank."""
_SLOTS = (1, 2)
_FAILED = "ConditionalCheckFailed"


def load_user(user_id: str) -> User:
    """Consistently read, so that a user disabled a moment ago is out. Raises UserNotFoundError."""
    record = dynamodb.load_item(get_settings().users_table, {"pk": {"S": user_id}})
    # The table holds more than users; only they have roles.
    if record is None or "roles" not in record:
        raise UserNotFoundError(user_id)
    return _read_user(record)


def list_users(biller_id: str | None, after: str | None, limit: int) -> tuple[list[User], str | None]:
    """A page by user id, from an index that may lag behind by moments; and the id to go on after, if there is more."""
    partition = biller_id or BANK
    position: Any = (
        {} if after is None else {"ExclusiveStartKey": {"pk": {"S": after}, "by_biller_pk": {"S": partition}}}
    )
    answer = dynamodb.client().query(
        TableName=get_settings().users_table,
        IndexName="by_biller",
        KeyConditionExpression="by_biller_pk = :biller",
        ExpressionAttributeValues={":biller": {"S": partition}},
        Limit=limit,
        **position,
    )
    found = [_read_user(dynamodb.from_item(item)) for item in answer["Items"]]
    return found, found[-1].user_id if "LastEvaluatedKey" in answer else None


def create_user(user: User, audit: list[dict[str, Any]]) -> bool:
    """Put a new user, with these audit entries; False when there is one of this id."""
    refused = commit_all([_build_put(user), *_count_admin(user, int(_is_admin(user))), *audit])
    if refused and 0 not in refused:
        raise UserStateError(user.user_id)
    return not refused


def replace_user(before: User, after: User, audit: list[dict[str, Any]]) -> None:
    """Change roles or state of a user that is still as it was read. Raises UserStateError, LastAdminError."""
    update = {
        "Update": {
            "TableName": get_settings().users_table,
            "Key": {"pk": {"S": before.user_id}},
            "UpdateExpression": "SET #roles = :roles, #state = :state",
            "ConditionExpression": "#roles = :old_roles AND #state = :old_state",
            "ExpressionAttributeNames": {"#roles": "roles", "#state": "state"},
            "ExpressionAttributeValues": dynamodb.to_item(
                {
                    ":roles": sorted(after.roles),
                    ":state": after.state,
                    ":old_roles": sorted(before.roles),
                    ":old_state": before.state,
                }
            ),
        }
    }
    refused = commit_all([update, *_count_admin(after, int(_is_admin(after)) - int(_is_admin(before))), *audit])
    if refused == [1]:
        raise LastAdminError(before.user_id)
    if refused:
        raise UserStateError(before.user_id)


def find_free_slot(biller_id: str) -> int:
    """A place for a program. Raises TooManyProgramsError."""
    keys = [_slot_key(biller_id, slot) for slot in _SLOTS]
    items = dynamodb.batch_get(get_settings().users_table, keys, consistent=True)
    taken = {item["pk"]["S"] for item in items if "client_id" in item}
    for slot, key in zip(_SLOTS, keys, strict=True):
        if key["pk"]["S"] not in taken:
            return slot
    raise TooManyProgramsError(biller_id)


def create_program(program: User, audit: list[dict[str, Any]]) -> None:
    """Put a program into a free place of its biller. Raises TooManyProgramsError, also when others were faster."""
    biller_id = program.biller_id or BANK
    if commit_all([_build_put(program), _hold_slot(biller_id, program.user_id), *audit]):
        raise TooManyProgramsError(biller_id)


def end_program(program: User, audit: list[dict[str, Any]]) -> None:
    """Disable a program and free its place. Raises UserStateError when somebody else just did."""
    table, biller_id = get_settings().users_table, program.biller_id or BANK
    keys = [_slot_key(biller_id, slot) for slot in _SLOTS]
    items = dynamodb.batch_get(table, keys, consistent=True)
    held = [item["pk"]["S"] for item in items if item.get("client_id", {}).get("S") == program.user_id]
    disable = {
        "Update": {
            "TableName": table,
            "Key": {"pk": {"S": program.user_id}},
            "UpdateExpression": "SET #state = :disabled",
            "ConditionExpression": "#state = :active",
            "ExpressionAttributeNames": {"#state": "state"},
            "ExpressionAttributeValues": dynamodb.to_item(
                {":disabled": UserState.DISABLED, ":active": UserState.ACTIVE}
            ),
        }
    }
    frees = [
        {
            "Update": {
                "TableName": table,
                "Key": {"pk": {"S": pk}},
                "UpdateExpression": "REMOVE client_id",
                "ConditionExpression": "client_id = :client",
                "ExpressionAttributeValues": {":client": {"S": program.user_id}},
            }
        }
        for pk in held
    ]
    if commit_all([disable, *frees, *audit]):
        raise UserStateError(program.user_id)


def _hold_slot(biller_id: str, client_id: str) -> dict[str, Any]:
    return {
        "Update": {
            "TableName": get_settings().users_table,
            "Key": _slot_key(biller_id, find_free_slot(biller_id)),
            "UpdateExpression": "SET client_id = :client",
            "ConditionExpression": "attribute_not_exists(client_id)",
            "ExpressionAttributeValues": {":client": {"S": client_id}},
        }
    }


def _is_admin(user: User) -> bool:
    return Role.BILLER_ADMIN in user.roles and user.state is UserState.ACTIVE


def _count_admin(user: User, change: int) -> list[dict[str, Any]]:
    """Move the count of the biller's active admins; never below one by taking one away."""
    if change == 0:
        return []
    update: dict[str, Any] = {
        "TableName": get_settings().users_table,
        "Key": {"pk": {"S": f"{user.biller_id}#admins"}},
        "UpdateExpression": "ADD admins :change",
        "ExpressionAttributeValues": dynamodb.to_item({":change": change}),
    }
    if change < 0:
        update["ConditionExpression"] = "admins > :one"
        update["ExpressionAttributeValues"] |= dynamodb.to_item({":one": 1})
    return [{"Update": update}]


def _slot_key(biller_id: str, slot: int) -> Any:
    return {"pk": {"S": f"{biller_id}#program#{slot}"}}


def _build_put(user: User) -> dict[str, Any]:
    record = {
        "pk": user.user_id,
        "by_biller_pk": user.biller_id or BANK,
        "biller_id": user.biller_id,
        "roles": sorted(user.roles),
        "state": user.state,
        "kind": user.kind,
        "name": user.name,
        "email": user.email or None,
        "created_at": user.created_at,
        "created_by": user.created_by,
    }
    return dynamodb.build_put(get_settings().users_table, dynamodb.to_item(record))


def _read_user(record: dict[str, Any]) -> User:
    return User(
        user_id=record["pk"],
        biller_id=record.get("biller_id"),
        roles=frozenset(Role(role) for role in record["roles"]),
        state=UserState(record["state"]),
        kind=UserKind(record["kind"]),
        name=record.get("name", ""),
        email=record.get("email", ""),
        created_at=record["created_at"],
        created_by=record["created_by"],
    )
