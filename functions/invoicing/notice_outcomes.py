"""What a notice's state comes to, for rates and counts: it arrived, failed, is on its way, or was not to be sent."""

from enum import StrEnum

from invoicing.notices import NoticeState


class Outcome(StrEnum):
    ARRIVED = "arrived"
    SENT = "sent"
    """The provider has it; nothing is known of its arrival."""
    WAITING = "waiting"
    FAILED = "failed"
    NOT_SENT = "not_sent"
    """On purpose."""


_OUTCOMES = {
    NoticeState.QUEUED: Outcome.WAITING,
    NoticeState.CLAIMED: Outcome.WAITING,
    NoticeState.UNKNOWN: Outcome.WAITING,
    NoticeState.SENT: Outcome.SENT,
    NoticeState.DELIVERED: Outcome.ARRIVED,
    NoticeState.READ: Outcome.ARRIVED,
    NoticeState.FAILED: Outcome.FAILED,
    NoticeState.BOUNCED: Outcome.FAILED,
    NoticeState.CANCELLED: Outcome.NOT_SENT,
    NoticeState.SUPPRESSED: Outcome.NOT_SENT,
}


def class_state(state: str) -> Outcome:
    return _OUTCOMES[NoticeState(state)]
