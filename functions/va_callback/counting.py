"""Counts that alarms watch, written to the log in CloudWatch's embedded metric format."""

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit


def count_not_kept() -> None:
    """A call was answered, and the table that disputes are settled from does not have it."""
    _count("BankCallsNotKept")


def count_unauthorized() -> None:
    """A call was refused for who made it: unknown, a wrong signature, token, clock or address."""
    _count("BankCallsUnauthorized")


def _count(name: str) -> None:
    # Namespace and service are the deployment's, from the environment.
    metrics = EphemeralMetrics()
    metrics.add_metric(name=name, unit=MetricUnit.Count, value=1)
    metrics.flush_metrics()
