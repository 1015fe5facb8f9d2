"""Report queue -> one report made, or one biller's summary counted anew."""

from typing import Any

import orjson
from aws_lambda_powertools import Logger

from invoicing import clock, defects
from invoicing.errors import ReportNotFoundError
from invoicing.settings import get_settings
from invoicing.store import reports
from invoicing.summaries import refresh_summary
from report.building import make_report

logger = Logger(utc=True)


@logger.inject_lambda_context
def handle(event: dict[str, Any], _context: object) -> dict[str, Any]:
    failures = []
    for message in event["Records"]:
        is_last = int(message["attributes"]["ApproximateReceiveCount"]) >= get_settings().report_max_receives
        try:
            _process_message(orjson.loads(message["body"]), is_last=is_last)
        except Exception as error:
            logger.error("report_failed", extra={"message_id": message["messageId"], **defects.describe(error)})
            failures.append({"itemIdentifier": message["messageId"]})
    return {"batchItemFailures": failures}


def _process_message(message: dict[str, Any], *, is_last: bool) -> None:
    biller_id = message["biller_id"]
    if message["task"] == "summary":
        refresh_summary(biller_id)
        logger.info("summary_counted", extra={"biller_id": biller_id})
        return
    try:
        report = reports.load_report(biller_id, message["report_id"])
    except ReportNotFoundError:
        logger.warning("report_unknown", extra={"biller_id": biller_id, "report_id": message["report_id"]})
        return
    # A killed function cannot say that it failed: before its last try that is written down, and undone by success.
    if is_last:
        reports.fail_report(report, clock.now(), "failed")
    made = make_report(report, last_try=is_last)
    facts = {"biller_id": biller_id, "report_id": report.report_id, "kind": report.order.kind, "made": made}
    logger.info("report_made", extra=facts)
