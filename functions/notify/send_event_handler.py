"""Messages of the event queue -> events on the bus of the bank's core."""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from notify.channels.event import send_event_notice
from notify.sending import process_messages

logger = Logger()


@logger.inject_lambda_context
def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return process_messages(event, context, send_event_notice)
