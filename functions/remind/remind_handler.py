"""Reminder queue -> the notices of one biller's reminders; what one invocation cannot do is queued to go on."""

from datetime import timedelta
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from invoicing import defects
from remind.planning import plan_reminders
from remind.runs import read_run, send_runs

logger = Logger(utc=True)


@logger.inject_lambda_context
def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    failures = []
    for message in event["Records"]:
        try:
            _process_message(message["body"], context)
        except Exception as error:
            logger.error("run_failed", extra={"message_id": message["messageId"], **defects.describe(error)})
            failures.append({"itemIdentifier": message["messageId"]})
    return {"batchItemFailures": failures}


def _process_message(body: str, context: LambdaContext) -> None:
    run = read_run(body)
    written, rest = plan_reminders(run, lambda: timedelta(milliseconds=context.get_remaining_time_in_millis()))
    if rest:
        send_runs([rest])
    facts = {"biller_id": run.biller_id, "day": run.day.isoformat(), "written": written, "goes_on": rest is not None}
    logger.info("reminders_planned", extra=facts)
