"""New notices (DynamoDB stream of the Notices table) -> their channels' queues.

Never fails a batch for one record: a poisoned record would block its shard until it is too old. What is skipped here
is found by the sweeper.
"""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from invoicing import clock, defects
from invoicing.notices import Notice, NoticeState
from invoicing.store import notices
from notify import queues

logger = Logger()


@logger.inject_lambda_context
def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    now = clock.to_text(clock.now())
    ready = [notice for record in event["Records"] if (notice := _read_record(record)) and _is_ready(notice, now)]
    taken = queues.enqueue(ready)
    logger.info("notices_dispatched", extra={"records": len(event["Records"]), "ready": len(ready), "taken": taken})
    return {"batchItemFailures": []}


def _read_record(record: dict[str, Any]) -> Notice | None:
    try:
        if record["eventName"] != "INSERT":
            return None
        return notices.read_notice(record["dynamodb"]["NewImage"])
    except Exception as error:
        logger.error("stream_record_skipped", extra={"event_id": record.get("eventID"), **defects.describe(error)})
        return None


def _is_ready(notice: Notice, now: str) -> bool:
    """Deferred notices are the sweeper's: SQS cannot wait longer than 15 minutes."""
    return notice.state is NoticeState.QUEUED and (notice.not_before is None or notice.not_before <= now)
