"""SignInAttempts table: how often something was tried within its window. ``pk = what#hash``; forgotten by TTL."""

from invoicing.errors import TooManyAttemptsError
from invoicing.settings import get_settings
from invoicing.store import dynamodb


def count_attempt(key: str, limit: int, window_seconds: int, now: int) -> None:
    """Count before the attempt is made, so that no number at once gets past. Raises TooManyAttemptsError.

    ``now``: seconds since 1970. The window begins with its first attempt.
    """
    # A window that ends between the two tries, or another first attempt, is met by the second round.
    for _ in range(2):
        if _count_within(key, limit, now) or _begin_window(key, now, window_seconds):
            return
    raise TooManyAttemptsError(key.partition("#")[0])


def forget_attempts(key: str, now: int) -> None:
    """A success ends the window, whatever else was counted in it."""
    dynamodb.client().update_item(
        TableName=get_settings().sign_in_attempts_table,
        Key={"pk": {"S": key}},
        UpdateExpression="SET expires_at = :now",
        ExpressionAttributeValues=dynamodb.to_item({":now": now}),
    )


def _count_within(key: str, limit: int, now: int) -> bool:
    return _update(
        key,
        "SET attempts = attempts + :one",
        "expires_at > :now AND attempts < :limit",
        {":one": 1, ":limit": limit, ":now": now},
    )


def _begin_window(key: str, now: int, window_seconds: int) -> bool:
    return _update(
        key,
        "SET attempts = :one, expires_at = :end",
        "attribute_not_exists(pk) OR expires_at <= :now",
        {":one": 1, ":end": now + window_seconds, ":now": now},
    )


def _update(key: str, expression: str, condition: str, values: dict[str, int]) -> bool:
    try:
        dynamodb.client().update_item(
            TableName=get_settings().sign_in_attempts_table,
            Key={"pk": {"S": key}},
            UpdateExpression=expression,
            ConditionExpression=condition,
            ExpressionAttributeValues=dynamodb.to_item(values),
        )
    except dynamodb.client().exceptions.ConditionalCheckFailedException:
        return False
    return True
