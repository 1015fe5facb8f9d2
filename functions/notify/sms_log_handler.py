"""SNS's delivery logs of SMS (CloudWatch Logs subscription) -> topic of SMS events.

SNS reports the outcome of an SMS in two log groups and nowhere else. What is passed on is what a receipt needs: the
phone number stays in the log.
"""

import base64
import json
import zlib
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config

from invoicing import defects
from invoicing.settings import get_settings

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sns.type_defs import PublishBatchRequestEntryTypeDef

MAX_LOG_BYTES = 16 * 1024 * 1024
"""Of one delivery, unpacked: CloudWatch Logs packs at most 1 MB of records (AWS)."""
MAX_BATCH_ENTRIES = 10
"""PublishBatch limit (AWS)."""

logger = Logger()


class LogTooLargeError(Exception):
    """More bytes than CloudWatch Logs ever delivers at once."""


class NotPublishedError(Exception):
    """SNS did not take every event. Lambda brings the whole delivery again, and receipts may come twice."""


@lru_cache(maxsize=1)
def client() -> "SNSClient":
    config = Config(retries={"mode": "standard", "total_max_attempts": 3}, connect_timeout=2, read_timeout=5)
    return boto3.client("sns", config=config)


@logger.inject_lambda_context
def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    log = _unpack(event["awslogs"]["data"])
    # CloudWatch Logs also sends control messages, to see whether we are there.
    records = log["logEvents"] if log["messageType"] == "DATA_MESSAGE" else []
    messages = [message for record in records if (message := _read_record(record))]
    for start in range(0, len(messages), MAX_BATCH_ENTRIES):
        _publish(messages[start : start + MAX_BATCH_ENTRIES])
    logger.info("sms_events_published", extra={"records": len(records), "published": len(messages)})
    return {"published": len(messages)}


def _unpack(data: str) -> dict[str, Any]:
    """Raises LogTooLargeError."""
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    content = unpacker.decompress(base64.b64decode(data), MAX_LOG_BYTES)
    if unpacker.unconsumed_tail:
        raise LogTooLargeError
    log: dict[str, Any] = json.loads(content)
    return log


def _read_record(record: dict[str, Any]) -> str | None:
    """The event to publish; None, and a line in the log, for a record that is no outcome of an SMS."""
    try:
        entry = json.loads(record["message"])
        notification, delivery = entry["notification"], entry["delivery"]
        outcome = {
            "notification": {name: str(notification[name])[:100] for name in ("messageId", "timestamp")},
            "delivery": {"providerResponse": str(delivery["providerResponse"])[:1_000]},
            "status": str(entry["status"])[:20],
        }
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        logger.error("sms_log_record_skipped", extra={"record_id": record.get("id"), **defects.describe(error)})
        return None
    return json.dumps(outcome)


def _publish(messages: list[str]) -> None:
    entries: list[PublishBatchRequestEntryTypeDef] = [
        {"Id": str(index), "Message": message} for index, message in enumerate(messages)
    ]
    answer = client().publish_batch(TopicArn=get_settings().sms_events_topic, PublishBatchRequestEntries=entries)
    if answer.get("Failed"):
        raise NotPublishedError(f"{len(answer['Failed'])} of {len(entries)}")
