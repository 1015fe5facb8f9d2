"""Counts that alarms watch, written to the log in CloudWatch's embedded metric format."""

from aws_lambda_powertools.metrics import MetricUnit, single_metric

from invoicing.notices import Channel


def count_stopped(channel: Channel) -> None:
    """The provider takes nothing on this channel until a person mends it."""
    _count("ChannelStopped", channel)


def count_wrong_message(channel: Channel) -> None:
    """The provider refused what we wrote."""
    _count("WrongMessage", channel)


def _count(name: str, channel: Channel) -> None:
    # Namespace and service are the deployment's, from the environment.
    with single_metric(name=name, unit=MetricUnit.Count, value=1) as metric:
        metric.add_dimension(name="channel", value=channel)
