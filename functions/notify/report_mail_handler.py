"""Report mail queue -> the e-mail that the report of a schedule is ready, once to each address: claim, call, record."""

from collections import Counter
from datetime import timedelta
from typing import Any

import orjson
from aws_lambda_powertools import Logger

from invoicing import clock, defects
from invoicing.billers import Biller
from invoicing.errors import ReportNotFoundError
from invoicing.reports import MailOutcome, Report
from invoicing.store import reports
from invoicing.store.billers import load_biller
from notify.channels.report_mail import send_report_mail
from notify.outcomes import AmbiguousError, NotSentError, RefusedError

logger = Logger(utc=True)

CLAIM_LIFE = timedelta(minutes=2)
"""Over the function's timeout: a claim so old belongs to nobody who still runs."""
_CALL_MILLISECONDS = 14_000
"""What a call and its record may take; with less left, the next address waits for the message's next delivery."""


class _NotAllToldError(Exception):
    """Some addresses are to be told by the message's next delivery."""


@logger.inject_lambda_context
def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    failures = []
    for message in event["Records"]:
        try:
            _process_message(orjson.loads(message["body"]), context)
        except Exception as error:
            logger.error("report_mail_failed", extra={"message_id": message["messageId"], **defects.describe(error)})
            failures.append({"itemIdentifier": message["messageId"]})
    return {"batchItemFailures": failures}


def _process_message(message: dict[str, Any], context: Any) -> None:
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
    # As the run left it that had the claim before.
    report = reports.load_report(report.biller_id, report.report_id)
    outcomes = _tell_addresses(report, load_biller(report.biller_id), context)
    reports.record_mail(report, clock.now())
    logger.info("report_mailed", extra={"report_id": report.report_id, "outcomes": Counter(outcomes.values())})


def _tell_addresses(report: Report, biller: Biller, context: Any) -> dict[str, str]:
    """Each address that was not told yet; what one comes to neither keeps the others waiting nor tells them again.

    Raises _NotAllToldError when some are left. A run that dies between a call and its record tells that one address
    again: a second mail about a report does no harm.
    """
    outcomes, is_left = dict(report.mail_outcomes), False
    for place, address in enumerate(report.send_to):
        before = outcomes.get(str(place))
        if before in (MailOutcome.TOLD, MailOutcome.REFUSED):
            continue
        if context.get_remaining_time_in_millis() < _CALL_MILLISECONDS:
            raise _NotAllToldError
        try:
            send_report_mail(report, address, biller)
        except RefusedError:
            outcome = MailOutcome.REFUSED
        except AmbiguousError:
            # It may have arrived: once more, as with a payer's e-mail, and not with every delivery of the message.
            outcome = MailOutcome.TOLD if before == MailOutcome.UNKNOWN else MailOutcome.UNKNOWN
        except NotSentError as error:
            logger.info("report_mail_not_sent", extra={"report_id": report.report_id, "reason": error.reason})
            is_left = True
            continue
        else:
            outcome = MailOutcome.TOLD
        is_left = is_left or outcome is MailOutcome.UNKNOWN
        outcomes[str(place)] = outcome
        if not reports.record_mail_outcomes(report, outcomes):
            raise _NotAllToldError
    if is_left:
        raise _NotAllToldError
    return outcomes
