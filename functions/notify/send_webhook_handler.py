"""Messages of the webhook queue -> signed calls of billers' own programs."""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from notify.channels.webhook import send_webhook_notice
from notify.sending import process_messages

logger = Logger()


@logger.inject_lambda_context
def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return process_messages(event, context, send_webhook_notice)
