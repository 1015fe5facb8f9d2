"""Every hour: report schedules whose time has come -> the report queue."""

from typing import Any

from aws_lambda_powertools import Logger

from invoicing import clock, defects
from invoicing.reporting import run_schedule
from invoicing.store.reports import list_due_schedules

logger = Logger(utc=True)


@logger.inject_lambda_context
def handle(_event: dict[str, Any], _context: object) -> dict[str, int]:
    """The event says nothing; running twice in an hour, or not at all, is harmless. One bad schedule stops no other."""
    queued = failed = 0
    for schedule in list_due_schedules(clock.now()):
        try:
            queued += run_schedule(schedule)
        except Exception as error:
            failed += 1
            logger.error("schedule_failed", extra={"schedule_id": schedule.schedule_id, **defects.describe(error)})
    logger.info("scheduled_reports_queued", extra={"queued": queued, "failed": failed})
    return {"queued": queued, "failed": failed}
