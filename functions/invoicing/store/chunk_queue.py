"""The queue of chunk messages: each names a byte range of a plan that a writer turns into invoices."""

from functools import lru_cache
from typing import TYPE_CHECKING

import boto3
import orjson
from botocore.config import Config

from invoicing.settings import get_settings
from invoicing.uploads import Chunk

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

MAX_BATCH_ENTRIES = 10
"""SendMessageBatch limit (AWS)."""


@lru_cache(maxsize=1)
def client() -> "SQSClient":
    config = Config(retries={"mode": "standard", "total_max_attempts": 5}, connect_timeout=2, read_timeout=10)
    return boto3.client("sqs", config=config)


def send_chunks(biller_id: str, upload_id: str, chunks: list[Chunk]) -> None:
    """Send one message per chunk, ten per request. Raises RuntimeError when SQS refuses some; sending again is safe."""
    for offset in range(0, len(chunks), MAX_BATCH_ENTRIES):
        answer = client().send_message_batch(
            QueueUrl=get_settings().chunk_queue_url,
            Entries=[
                {
                    "Id": str(chunk.index),
                    "MessageBody": orjson.dumps(
                        {"biller_id": biller_id, "upload_id": upload_id, "chunk": chunk.index}
                    ).decode(),
                }
                for chunk in chunks[offset : offset + MAX_BATCH_ENTRIES]
            ],
        )
        if answer.get("Failed"):
            raise RuntimeError(f"{len(answer['Failed'])} chunk messages of upload {upload_id} were not taken")
