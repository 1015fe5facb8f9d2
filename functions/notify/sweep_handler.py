"""Every minute: notices that are due or stuck -> their channels' queues."""

from datetime import timedelta
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from notify.sweeping import sweep

logger = Logger()


@logger.inject_lambda_context
def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """The event says nothing; running twice in one minute, or not at all, is harmless."""
    done = dict(sweep(lambda: timedelta(milliseconds=context.get_remaining_time_in_millis())))
    logger.info("notices_swept", extra={"done": done})
    return done
