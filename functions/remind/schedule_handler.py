"""Every hour: billers whose reminders of the day are still to be planned -> the reminder queue."""

from typing import Any

from aws_lambda_powertools import Logger

from invoicing import clock
from invoicing.store.billers import list_active_billers
from remind.runs import send_runs
from remind.scheduling import choose_runs

logger = Logger(utc=True)


@logger.inject_lambda_context
def handle(_event: dict[str, Any], _context: object) -> dict[str, int]:
    """The event says nothing; running twice in an hour, or not at all, is harmless."""
    sent = send_runs(choose_runs(list_active_billers(), clock.now()))
    logger.info("reminder_runs_queued", extra={"runs": sent})
    return {"runs": sent}
