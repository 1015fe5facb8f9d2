"""Sending once: claim, read the invoice again, one provider call, settle. The same for every channel.

A claim is fenced by its owner, so two workers never settle each other's call. Only what the provider surely did not
accept goes back to the queue; what may have been accepted becomes ``unknown`` and is settled later. While the channel
is paused or the upload is held, notices are parked (``store.notices``).
"""

import random
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from invoicing import clock, defects
from invoicing.billers import Biller, BillerState
from invoicing.notice_facts import load_told_invoice
from invoicing.notices import (
    PAYER_CHANNELS,
    UNKNOWN_WINDOW,
    Channel,
    Notice,
    NoticeKind,
    NoticeRef,
    NoticeState,
    find_fallback_time,
    find_obstacle,
    may_have_been_told,
)
from invoicing.reminders import is_paused
from invoicing.sending_hours import find_next_sending_time
from invoicing.store import notices
from invoicing.store.billers import load_biller
from invoicing.store.invoices import load_invoice_of_account
from invoicing.store.suppressions import find_active_reason
from notify import breakers, counting, holding, queues
from notify.laddering import move_on_at_once
from notify.outcomes import (
    AmbiguousError,
    ChannelStoppedError,
    NoAddressError,
    NotSentError,
    NotYetError,
    RefusedError,
    WrongMessageError,
)

MIN_TIME_LEFT = timedelta(seconds=18)
"""A claim is not begun with less of the function's time left: one provider call (12 s at most) and its settling."""
LEASE_MARGIN = timedelta(seconds=15)
"""How much longer a lease lasts than the function that holds it can run, for clocks that differ."""
SUSPENDED_RETRY = timedelta(hours=1)
DEFECT_RETRY = timedelta(hours=1)
"""When the sweeper brings back a notice on which our own code failed; until then its message is redelivered."""

Send = Callable[[Notice, Biller, Mapping[str, Any]], str]
"""A channel's sender: makes exactly one provider call and returns the provider's id of the message.

Raises the errors of ``notify.outcomes``; any other exception means that the provider was not called.
"""

logger = Logger()


class Outcome(StrEnum):
    """What came of one message. ``NOTHING_TO_DO``: the notice is settled, or waits for the sweeper."""

    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"
    SUPPRESSED = "suppressed"
    POSTPONED = "postponed"
    NOTHING_TO_DO = "nothing_to_do"


class NoticeBusyError(Exception):
    """Another worker holds the notice, or there is no time left to claim it: the message must come again."""


class CauseGoneError(Exception):
    """What the notice says is not true any more, or nobody needs to be told (``find_obstacle``, paused reminders)."""

    def __init__(self, reason: str | None) -> None:
        super().__init__(reason)
        self.reason = reason or "invoice_archived"


class AddressSuppressedError(Exception):
    """The address is on the biller's suppression list."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class HeldError(Exception):
    """The biller has stopped the upload's notices."""


class NoticeMissingError(Exception):
    """A message names a notice that does not exist: a defect."""


def process_messages(event: dict[str, Any], context: LambdaContext, send: Send) -> dict[str, Any]:
    """Handle a batch of a channel's queue. Only messages that must come again are reported as failed."""
    find_biller = cache(load_biller)
    failures = []
    for message in event["Records"]:
        time_left = timedelta(milliseconds=context.get_remaining_time_in_millis())
        try:
            ref = queues.read_message(message["body"])
            outcome = send_notice(ref, send, find_biller, time_left)
            logger.info("notice_handled", extra={"notice_id": ref.notice_id, "outcome": outcome})
        except NoticeBusyError:
            logger.info("message_comes_again", extra={"message_id": message["messageId"]})
            failures.append({"itemIdentifier": message["messageId"]})
        except Exception as error:
            logger.error("message_failed", extra={"message_id": message["messageId"], **defects.describe(error)})
            failures.append({"itemIdentifier": message["messageId"]})
    return {"batchItemFailures": failures}


def send_notice(ref: NoticeRef, send: Send, find_biller: Callable[[str], Biller], time_left: timedelta) -> Outcome:
    """Send one notice if it is still queued and still has a cause.

    Raises NoticeBusyError when its message must come again, and whatever our own code fails with.
    """
    if time_left < MIN_TIME_LEFT:
        raise NoticeBusyError
    trial = breakers.begin_call(ref.channel)
    if trial is None:
        # Before the claim: one write, and no attempt.
        parked = notices.park_queued(ref, clock.now(), notices.name_pause_lot(ref.channel), "channel_paused")
        return Outcome.POSTPONED if parked else Outcome.NOTHING_TO_DO
    try:
        return _claim_and_send(ref, send, find_biller, time_left, trial)
    finally:
        trial.end()


def _claim_and_send(
    ref: NoticeRef, send: Send, find_biller: Callable[[str], Biller], time_left: timedelta, trial: breakers.Trial
) -> Outcome:
    owner = uuid.uuid4().hex
    now = clock.now()
    claim = notices.claim_notice(ref, owner, now, now + time_left + LEASE_MARGIN)
    if claim.notice is None:
        raise NoticeMissingError(ref.notice_id)
    if not claim.won:
        return _yield_to(claim.notice, now)
    try:
        provider_id = _call_provider(claim.notice, send, find_biller)
    except NotSentError as error:
        outcome = _postpone(claim.notice, owner, error)
        trial.fail(error)
        return outcome
    except RefusedError as error:
        outcome = _fail(claim.notice, owner, error)
        if not isinstance(error, NoAddressError):
            trial.succeed()
        return outcome
    except AmbiguousError as error:
        now = clock.now()
        notices.mark_unknown(ref, owner, now, now + UNKNOWN_WINDOW, error.reason)
        trial.fail(error)
        return Outcome.UNKNOWN
    except (CauseGoneError, AddressSuppressedError, NotYetError, HeldError) as error:
        return _withhold(claim.notice, owner, error)
    except Exception:
        # Our own code failed before the provider was called: freed, so that the redelivered message tries again and
        # ends in the dead-letter queue if that does not help.
        now = clock.now()
        notices.return_to_queue(ref, owner, now, now + DEFECT_RETRY, "defect", hold=False)
        raise
    if not _settle_accepted(claim.notice, owner, provider_id):
        # Our lease ran out and another worker took over.
        logger.warning("sent_but_settled_by_other", extra={"notice_id": ref.notice_id})
    counting.count_sent(claim.notice.channel)
    trial.succeed()
    return Outcome.SENT


def _call_provider(notice: Notice, send: Send, find_biller: Callable[[str], Biller]) -> str:
    if holding.is_held(notice):
        raise HeldError
    biller = find_biller(notice.biller_id)
    if notice.channel not in PAYER_CHANNELS:
        return send(notice, biller, _load_announced_invoice(notice))
    if biller.state is not BillerState.ACTIVE:
        raise NotYetError("biller_not_active", clock.now() + SUSPENDED_RETRY)
    if notice.in_hours:
        # Deferred in time or not at all, and yet late: a backlog, a throttled provider, a chunk written again.
        now = clock.now()
        allowed = find_next_sending_time(biller.policy, now)
        if allowed > now:
            raise NotYetError("quiet_hours", allowed)
    invoice = load_told_invoice(notice)
    obstacle = find_obstacle(notice, invoice, clock.to_text(clock.now()))
    if invoice is None or obstacle:
        raise CauseGoneError(obstacle)
    if notice.kind is NoticeKind.REMINDER and is_paused(notice.biller_id, invoice, biller.policy):
        raise CauseGoneError("reminders_paused")
    if notice.kind is NoticeKind.ARCHIVED and notice.channel in PAYER_CHANNELS:
        records = notices.list_records(notice.ref.bank_code, notice.ref.va_number)
        if not may_have_been_told(notice, invoice, records):
            raise CauseGoneError("never_told")
    suppressed = find_active_reason(notice.biller_id, notice.channel, notice.recipient)
    if suppressed:
        raise AddressSuppressedError(suppressed)
    return send(notice, biller, invoice)


def _load_announced_invoice(notice: Notice) -> Mapping[str, Any]:
    """What programs are told stays true whatever became of the invoice, so only one that is gone ends it."""
    invoice = load_invoice_of_account(notice.biller_id, notice.number, notice.ref.va_number)
    if invoice is None:
        raise CauseGoneError("invoice_gone")
    return invoice


def _settle_accepted(notice: Notice, owner: str, provider_id: str) -> bool:
    if notice.channel is Channel.WEBHOOK:
        # Its receiver answered by itself: nobody will report a delivery.
        return notices.settle_delivered(notice.ref, owner, clock.now())
    now = clock.now()
    look_again_at = find_fallback_time(notice, NoticeState.SENT, now)
    return notices.settle_sent(notice.ref, owner, now, provider_id, look_again_at)


def _withhold(
    notice: Notice, owner: str, error: CauseGoneError | AddressSuppressedError | NotYetError | HeldError
) -> Outcome:
    """The provider was not called on purpose: never, or not yet."""
    now, ref = clock.now(), notice.ref
    match error:
        case CauseGoneError():
            notices.settle_cancelled(ref, owner, now, error.reason)
            return Outcome.CANCELLED
        case AddressSuppressedError():
            look_again_at = find_fallback_time(notice, NoticeState.SUPPRESSED, now)
            if notices.settle_suppressed(ref, owner, now, error.reason, look_again_at) and look_again_at:
                move_on_at_once(ref)
            return Outcome.SUPPRESSED
        case NotYetError():
            notices.return_to_queue(ref, owner, now, error.until, error.reason, hold=True, is_attempt=False)
            return Outcome.POSTPONED
        case HeldError():
            notices.park_claimed(ref, owner, now, notices.name_hold_lot(notice.upload_id), "held")
            return Outcome.POSTPONED


def _fail(notice: Notice, owner: str, error: RefusedError) -> Outcome:
    if isinstance(error, WrongMessageError):
        logger.error("message_refused_as_wrong", extra={"channel": notice.channel, "reason": error.reason})
        counting.count_wrong_message(notice.channel)
    now = clock.now()
    look_again_at = find_fallback_time(notice, NoticeState.FAILED, now)
    if notices.settle_failed(notice.ref, owner, now, error.reason, look_again_at) and look_again_at:
        move_on_at_once(notice.ref)
    return Outcome.FAILED


def _yield_to(notice: Notice, now: datetime) -> Outcome:
    """What becomes of the message when somebody else has, or had, the notice."""
    if notice.state is not NoticeState.CLAIMED or notice.claimed_by is None or notice.lease_until is None:
        return Outcome.NOTHING_TO_DO
    if notice.lease_until > clock.to_text(now):
        raise NoticeBusyError
    # Its owner died somewhere between claim and settle.
    notices.mark_unknown(notice.ref, notice.claimed_by, now, now + UNKNOWN_WINDOW, "lease_expired")
    return Outcome.UNKNOWN


def _postpone(notice: Notice, owner: str, error: NotSentError) -> Outcome:
    """Waiting never happens in the queue: the message is acknowledged, the sweeper brings the notice back.

    The delay grows with each attempt up to the error's longest and is jittered, so that a throttled crowd spreads out.
    """
    if isinstance(error, ChannelStoppedError):
        logger.error("channel_stopped", extra={"channel": notice.channel, "reason": error.reason})
        counting.count_stopped(notice.channel)
    grown = min(error.retry_after * error.growth ** min(notice.attempt - 1, 10), error.longest_retry)
    delay = grown * random.uniform(0.8, 1.2)  # noqa: S311 - jitter, no secret
    now = clock.now()
    notices.return_to_queue(notice.ref, owner, now, now + delay, error.reason, hold=True)
    return Outcome.POSTPONED
