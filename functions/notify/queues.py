"""The channels' queues, one per lane: each message names one notice. A lost message is brought back by the sweeper.

Messages carry their biller as group: SQS then serves billers in turn, so that one's many do not delay another's few.
"""

import json
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TYPE_CHECKING

import boto3
from aws_lambda_powertools import Logger
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from invoicing import defects
from invoicing.notices import Channel, Lane, Notice, NoticeRef
from invoicing.settings import get_settings

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

MAX_BATCH_ENTRIES = 10
"""SendMessageBatch limit (AWS)."""
THREADS = 8
"""A large upload's notices are a hundred requests, and those of everybody else are behind them in the stream."""
_TRIES = 3

logger = Logger()


@lru_cache(maxsize=1)
def client() -> "SQSClient":
    config = Config(retries={"mode": "standard", "total_max_attempts": 3}, connect_timeout=2, read_timeout=10)
    return boto3.client("sqs", config=config)


def enqueue(notices: Iterable[Notice]) -> int:
    """Put notices into their queues, ten per request; returns how many were taken."""
    by_queue: dict[tuple[Channel, Lane], list[Notice]] = {}
    for notice in notices:
        by_queue.setdefault((notice.channel, notice.lane), []).append(notice)
    batches = [
        (find_queue_url(*queue), waiting[start : start + MAX_BATCH_ENTRIES])
        for queue, waiting in by_queue.items()
        for start in range(0, len(waiting), MAX_BATCH_ENTRIES)
    ]
    if len(batches) <= THREADS:
        return sum(_send_batch(*batch) for batch in batches)
    with ThreadPoolExecutor(THREADS) as pool:
        return sum(pool.map(_send_batch, *zip(*batches, strict=True)))


def read_message(body: str) -> NoticeRef:
    """Raises ValueError, KeyError or TypeError when it is no message of ours."""
    message = json.loads(body)
    return NoticeRef(message["bank_code"], message["va_number"], message["notice_id"])


def find_queue_url(channel: Channel, lane: Lane) -> str:
    settings = get_settings()
    match channel, lane:
        case Channel.EMAIL, Lane.EXPRESS:
            return settings.email_express_queue_url
        case Channel.EMAIL, _:
            return settings.email_queue_url
        case Channel.WHATSAPP, Lane.EXPRESS:
            return settings.whatsapp_express_queue_url
        case Channel.WHATSAPP, _:
            return settings.whatsapp_queue_url
        case Channel.SMS, Lane.EXPRESS:
            return settings.sms_express_queue_url
        case Channel.SMS, _:
            return settings.sms_queue_url
        case Channel.EVENT, _:
            return settings.event_queue_url
        case Channel.WEBHOOK, _:
            return settings.webhook_queue_url


def _send_batch(url: str, notices: Sequence[Notice]) -> int:
    """Send up to ten messages and those again that SQS did not take; returns how many it took."""
    entries: list[SendMessageBatchRequestEntryTypeDef] = [
        {"Id": str(index), "MessageBody": _write_message(notice.ref), "MessageGroupId": notice.biller_id}
        for index, notice in enumerate(notices)
    ]
    for _ in range(_TRIES):
        try:
            answer = client().send_message_batch(QueueUrl=url, Entries=entries)
        except (BotoCoreError, ClientError) as error:
            logger.error("queue_unreachable", extra={"notices": len(entries), **defects.describe(error)})
            break
        failed = {failure["Id"] for failure in answer.get("Failed", [])}
        entries = [entry for entry in entries if entry["Id"] in failed]
        if not entries:
            break
    for entry in entries:
        logger.error("notice_left_to_sweeper", extra={"notice_id": notices[int(entry["Id"])].ref.notice_id})
    return len(notices) - len(entries)


def _write_message(ref: NoticeRef) -> str:
    return json.dumps({"bank_code": ref.bank_code, "va_number": ref.va_number, "notice_id": ref.notice_id})
