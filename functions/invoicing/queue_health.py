"""The stack's queues as the bank's officers see them: how much waits, for how long, and what nobody could process.

A dead letter is a message that failed every time; after the cause is mended, ``redrive_dead_letters`` lets all of a
queue's be tried again, by SQS's own move. Handlers are safe to run twice on a message, so this is too. An event that a
function took from no queue and failed on is no such message: an operator gives it to the function again.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from invoicing import clock
from invoicing.errors import QueueNotFoundError, RedriveError
from invoicing.settings import get_settings
from invoicing.store.audit import BANK, add_audit_entry

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class QueueHealth:
    name: str
    waiting: int
    under_way: int
    """Taken by a worker that has not ended yet."""
    later: int
    """Sent to be seen only after a while."""
    dead: int
    """In its dead-letter queue, which other queues may share."""


@lru_cache(maxsize=1)
def client() -> "SQSClient":
    config = Config(
        retries={"mode": "standard", "total_max_attempts": 3},
        connect_timeout=2,
        read_timeout=5,
        max_pool_connections=_AT_ONCE,
    )
    return boto3.client("sqs", config=config)


def list_queues() -> list[QueueHealth]:
    """All queues of the stack that have a dead-letter queue; the counts are SQS's own approximations."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(_describe, get_settings().watched_queues.items()))


def count_failed_events() -> dict[str, int]:
    """By name, how many events a function failed on every time; nothing moves them back."""
    queues = get_settings().failed_event_queues
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        counts = pool.map(_count_messages, queues.values())
        return dict(zip(queues, counts, strict=True))


def redrive_dead_letters(name: str, *, by: str) -> None:
    """Let the dead letters of a queue, and of those it shares them with, be tried again; on record first.

    Raises QueueNotFoundError, RedriveError (there are none, or they are being moved already).
    """
    if name not in get_settings().watched_queues:
        raise QueueNotFoundError(name)
    _, url = get_settings().watched_queues[name]
    dead = _read(url, "QueueArn", "ApproximateNumberOfMessages")
    count = int(dead["ApproximateNumberOfMessages"])
    if count == 0:
        raise RedriveError("empty")
    add_audit_entry(
        BANK, user_id=by, action="redrive_dead_letters", subject=name, at=clock.to_text(clock.now()), reason=str(count)
    )
    try:
        client().start_message_move_task(SourceArn=dead["QueueArn"])
    except client().exceptions.UnsupportedOperation as error:
        raise RedriveError("moving") from error


def _describe(queue: tuple[str, tuple[str, str]]) -> QueueHealth:
    name, (url, dead_url) = queue
    attributes = _read(
        url,
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesNotVisible",
        "ApproximateNumberOfMessagesDelayed",
    )
    return QueueHealth(
        name=name,
        waiting=int(attributes["ApproximateNumberOfMessages"]),
        under_way=int(attributes["ApproximateNumberOfMessagesNotVisible"]),
        later=int(attributes["ApproximateNumberOfMessagesDelayed"]),
        dead=_count_messages(dead_url),
    )


def _count_messages(url: str) -> int:
    return int(_read(url, "ApproximateNumberOfMessages")["ApproximateNumberOfMessages"])


def _read(url: str, *names: Any) -> Mapping[str, str]:
    answer = client().get_queue_attributes(QueueUrl=url, AttributeNames=list(names))
    return {str(name): value for name, value in answer["Attributes"].items()}
