"""The queues of the report function: reports and summaries to make; and reports to tell of by e-mail.

Messages carry their biller as group: SQS then serves billers in turn. The report queue delays each by some seconds
(template): a report shows the instant at which it was asked for, and by then the indexes show all of that instant.
"""

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import boto3
import orjson
from botocore.config import Config

from invoicing.settings import get_settings

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


@lru_cache(maxsize=1)
def client() -> "SQSClient":
    config = Config(retries={"mode": "standard", "total_max_attempts": 5}, connect_timeout=2, read_timeout=10)
    return boto3.client("sqs", config=config)


def send_report(biller_id: str, report_id: str) -> None:
    message = {"task": "report", "biller_id": biller_id, "report_id": report_id}
    _send(get_settings().report_queue_url, biller_id, message)


def send_summary(biller_id: str) -> None:
    _send(get_settings().report_queue_url, biller_id, {"task": "summary", "biller_id": biller_id})


def send_report_mail(biller_id: str, report_id: str) -> None:
    _send(get_settings().report_mail_queue_url, biller_id, {"biller_id": biller_id, "report_id": report_id})


def _send(url: str, biller_id: str, message: dict[str, Any]) -> None:
    client().send_message(QueueUrl=url, MessageBody=orjson.dumps(message).decode(), MessageGroupId=biller_id)
