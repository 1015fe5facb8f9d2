"""Users table: ``pk = user_id``, and an index by biller.

| pk | by_biller_pk | item |
| user id (Cognito sub, or client id of a program) | biller_id, or ``bank`` | the user |
"""

from typing import Any

from invoicing.errors import UserNotFoundError
from invoicing.roles import Role, User, UserKind, UserState
from invoicing.settings import get_settings
from invoicing.store import dynamodb

BANK = "bank"
"""In the place of a biller id: users of the bank."""


def load_user(user_id: str) -> User:
    """Consistently read, so that a user disabled a moment ago is out. Raises UserNotFoundError."""
    answer = dynamodb.client().get_item(
        TableName=get_settings().users_table, Key={"pk": {"S": user_id}}, ConsistentRead=True
    )
    # The table holds more than users; only they have roles.
    if "roles" not in answer.get("Item", {}):
        raise UserNotFoundError(user_id)
    return _read_user(dynamodb.from_item(answer["Item"]))


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
