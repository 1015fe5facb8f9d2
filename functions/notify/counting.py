"""Counts that alarms watch, written to the log in CloudWatch's embedded metric format."""

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from invoicing.notices import Channel


def count_sent(channel: Channel) -> None:
    """Reports "no receipt" beside it, since an alarm cannot compare with a metric that has no data at all."""
    _count(channel, NoticesSent=1, ReceiptsReceived=0)


def count_receipts(channel: Channel, receipts: int) -> None:
    _count(channel, ReceiptsReceived=receipts)


def count_stopped(channel: Channel) -> None:
    """The provider takes nothing on this channel until a person mends it."""
    _count(channel, ChannelStopped=1)


def count_wrong_message(channel: Channel) -> None:
    """The provider refused what we wrote."""
    _count(channel, WrongMessage=1)


def _count(channel: Channel, **values: int) -> None:
    # Namespace and service are the deployment's, from the environment.
    metrics = EphemeralMetrics()
    metrics.add_dimension(name="channel", value=channel)
    for name, value in values.items():
        metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)
    metrics.flush_metrics()
