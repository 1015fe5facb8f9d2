"""Chunk queue -> write each message's chunk; a failed message is reported alone and delivered again."""

from typing import Any

import orjson
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from invoicing import defects
from invoicing.settings import get_settings
from upload.writing import write_chunk

logger = Logger(utc=True)
# A message that fails alone in its batch is reported, not raised: its receive count must go on counting.
processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


def write_record(record: SQSRecord) -> None:
    message = orjson.loads(record.body)
    ids = {"upload_id": message["upload_id"], "chunk": message["chunk"]}
    received = int(record.attributes.approximate_receive_count)
    try:
        write_chunk(
            message["biller_id"],
            message["upload_id"],
            message["chunk"],
            is_last_try=received >= get_settings().chunk_max_receives,
        )
    except Exception as error:
        logger.error("chunk not written", extra={**ids, "received": received, **defects.describe(error)})
        raise
    logger.info("chunk written", extra=ids)


@logger.inject_lambda_context
def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return dict(
        process_partial_response(event=event, record_handler=write_record, processor=processor, context=context)
    )
