"""Report mail queue -> one e-mail that the report of a schedule is ready: claim, one call per address, record."""

from datetime import timedelta
from typing import Any

import orjson
from aws_lambda_powertools import Logger

from invoicing import clock, defects
from invoicing.errors import ReportNotFoundError
from invoicing.store import reports
from invoicing.store.billers import load_biller
from notify.channels.report_mail import send_report_mail

logger = Logger(utc=True)

CLAIM_LIFE = timedelta(minutes=2)
"""Over the function's timeout: a claim so old belongs to nobody who still runs."""


@logger.inject_lambda_context
def handle(event: dict[str, Any], _context: object) -> dict[str, Any]:
    failures = []
    for message in event["Records"]:
        try:
            _process_message(orjson.loads(message["body"]))
        except Exception as error:
            logger.error("report_mail_failed", extra={"message_id": message["messageId"], **defects.describe(error)})
            failures.append({"itemIdentifier": message["messageId"]})
    return {"batchItemFailures": failures}


def _process_message(message: dict[str, Any]) -> None:
    """A run that dies between the call and the record sends again: a second mail about a report does no harm."""
    try:
        report = reports.load_report(message["biller_id"], message["report_id"])
    except ReportNotFoundError:
        logger.warning("report_unknown", extra={"report_id": message["report_id"]})
        return
    now = clock.now()
    if report.mailed_at:
        return
    if not reports.claim_mail(report, now, now - CLAIM_LIFE):
        raise RuntimeError("another run has the claim: look again when it is old")
    refused = send_report_mail(report, load_biller(report.biller_id))
    reports.record_mail(report, clock.now())
    logger.info("report_mailed", extra={"report_id": report.report_id, "refused": refused})
