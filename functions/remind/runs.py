"""Messages of the reminder queue: one biller's reminders of one local day, from the start or from where a run stopped.

Messages carry their biller as group: SQS then serves billers in turn.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from invoicing.reminders import DueRange
from invoicing.settings import get_settings

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

MAX_BATCH_ENTRIES = 10
"""SendMessageBatch limit (AWS)."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where a run goes on. The ranges stay those of its start, whatever becomes of the biller's settings meanwhile."""

    ranges: tuple[DueRange, ...]
    """What is left, the one that was begun first."""
    shard: int
    after: str | None
    """``by_status_sk`` of the last invoice done in this shard."""


@dataclass(frozen=True, slots=True)
class Run:
    biller_id: str
    day: date
    """Local date in the biller's zone."""
    position: Position | None = None


@lru_cache(maxsize=1)
def client() -> "SQSClient":
    config = Config(retries={"mode": "standard", "total_max_attempts": 5}, connect_timeout=2, read_timeout=10)
    return boto3.client("sqs", config=config)


def send_runs(runs: Iterable[Run]) -> int:
    """Queue runs, ten per request; how many. Raises RuntimeError when SQS refuses some; sending again is safe."""
    waiting, sent = iter(runs), 0
    while batch := list(islice(waiting, MAX_BATCH_ENTRIES)):
        answer = client().send_message_batch(
            QueueUrl=get_settings().reminder_queue_url,
            Entries=[
                {"Id": str(index), "MessageBody": write_run(run), "MessageGroupId": run.biller_id}
                for index, run in enumerate(batch)
            ],
        )
        if answer.get("Failed"):
            raise RuntimeError(f"{len(answer['Failed'])} of {len(batch)} reminder runs were not taken")
        sent += len(batch)
    return sent


def write_run(run: Run) -> str:
    message: dict[str, object] = {"biller_id": run.biller_id, "day": run.day.isoformat()}
    if run.position:
        message["position"] = {
            "ranges": [[step.offset, step.first.isoformat(), step.last.isoformat()] for step in run.position.ranges],
            "shard": run.position.shard,
            "after": run.position.after,
        }
    return json.dumps(message)


def read_run(body: str) -> Run:
    """Raises ValueError, KeyError or TypeError when it is no message of ours."""
    message = json.loads(body)
    position = None
    if "position" in message:
        given = message["position"]
        ranges = (
            DueRange(offset, date.fromisoformat(first), date.fromisoformat(last))
            for offset, first, last in given["ranges"]
        )
        position = Position(tuple(ranges), given["shard"], given["after"])
    return Run(message["biller_id"], date.fromisoformat(message["day"]), position)
