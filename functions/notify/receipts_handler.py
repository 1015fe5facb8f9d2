"""Messages of the receipts queue (providers' delivery events) -> states of notices, suppressed addresses."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from invoicing import clock, defects
from invoicing.notices import Channel
from notify import counting
from notify.receipt_events import Receipt, read_receipts
from notify.receipts import NoticeUnknownError, apply_receipt

PATIENCE = timedelta(minutes=5)
"""How long an event may wait for its notice to be settled with the provider's id; later it is somebody else's."""

logger = Logger()


@logger.inject_lambda_context
def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    failures = []
    received: Counter[Channel] = Counter()
    for message in event["Records"]:
        message_id = message["messageId"]
        try:
            is_done = _handle_message(message, received)
        except Exception as error:
            logger.error("receipt_failed", extra={"message_id": message_id, **defects.describe(error)})
            is_done = False
        if not is_done:
            failures.append({"itemIdentifier": message_id})
    for channel, receipts in received.items():
        counting.count_receipts(channel, receipts)
    return {"batchItemFailures": failures}


def _handle_message(message: dict[str, Any], received: Counter[Channel]) -> bool:
    """Apply every receipt of the message; False when it must come again for one whose notice is not there yet."""
    is_done = True
    receipts = read_receipts(message["body"])
    if not receipts:
        logger.info("event_without_receipt", extra={"message_id": message["messageId"]})
    for receipt in receipts:
        try:
            ref = apply_receipt(receipt)
        except NoticeUnknownError:
            is_done = not _may_be_early(message, receipt) and is_done
            continue
        received[receipt.channel] += 1
        logger.info(
            "receipt_applied",
            extra={"notice_id": ref.notice_id, "state": receipt.state, "reason": receipt.reason},
        )
    return is_done


def _may_be_early(message: dict[str, Any], receipt: Receipt) -> bool:
    """By the age of the message in our queue; the provider's own times are not to be trusted with that."""
    sent_at = datetime.fromtimestamp(int(message["attributes"]["SentTimestamp"]) / 1000, UTC)
    is_early = clock.now() - sent_at < PATIENCE
    logger.info(
        "receipt_early" if is_early else "receipt_of_nobody",
        extra={"message_id": message["messageId"], "channel": receipt.channel, "state": receipt.state},
    )
    return is_early
