"""Counts of answered payments that alarms and dashboards watch, in CloudWatch's embedded metric format."""

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from invoicing import defects
from invoicing.postings import Outcome, OutcomeKind

logger = Logger()


def count(outcome: Outcome, case: str, call_id: str) -> None:
    """One payment was answered with this case code. Never raises: money may be posted, and the bank must hear so."""
    try:
        _count_outcome(outcome, case, call_id)
    except Exception as error:
        logger.error("payment_not_counted", extra={"call_id": call_id, **defects.describe(error)})


def _count_outcome(outcome: Outcome, case: str, call_id: str) -> None:
    match outcome.kind:
        case OutcomeKind.POSTED:
            _count(case, PaymentsAccepted=1)
        case OutcomeKind.INCONSISTENT:
            # The bank told two things of one payment: somebody has to look.
            logger.warning("inconsistent_payment", extra={"call_id": call_id})
            _count(case, InconsistentPayments=1)
        case OutcomeKind.REPLAYED | OutcomeKind.REPEATED:
            _count(case, PaymentsRepeated=1)
        case _:
            _count(case, PaymentsRefused=1)


def _count(case: str, **values: int) -> None:
    # Namespace and service are the deployment's, from the environment.
    metrics = EphemeralMetrics()
    metrics.add_dimension(name="case", value=case)
    for name, value in values.items():
        metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)
    metrics.flush_metrics()
