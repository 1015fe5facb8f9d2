"""What the providers report of a message afterwards, in their own forms, played back into the deployed product.

SES and WhatsApp events go to their topics. SNS tells the outcome of an SMS in two log groups, so those are written.
"""

import heapq
import json
import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from infra.local.cloud import Cloud
from infra.local.provider_calls import Submission
from infra.local.provider_faults import Fault
from invoicing.notices import Channel

DELIVERED_SECONDS = 1.0
DELAYED_SECONDS = 6.0
BATCH = 10
"""PublishBatch limit (AWS)."""
_SMS_STREAM = "stand-in"

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Step:
    """One event: ``name`` in the provider's words, and when it happens, in seconds after the message was accepted."""

    name: str
    after: float


@dataclass(order=True)
class _Planned:
    due: float
    number: int
    """Of equal times the first planned goes first."""
    target: str = field(compare=False)
    event: str = field(compare=False)
    note: Callable[[], None] = field(compare=False)


_USUAL = {
    Channel.EMAIL: (Step("Send", 0), Step("Delivery", DELIVERED_SECONDS)),
    Channel.WHATSAPP: (
        Step("sent", 0.3),
        Step("delivered", DELIVERED_SECONDS),
        Step("read", 2 * DELIVERED_SECONDS),
    ),
    Channel.SMS: (Step("Message has been accepted by phone", DELIVERED_SECONDS),),
}
_BOUNCED = {
    Channel.EMAIL: (Step("Send", 0), Step("Bounce", DELIVERED_SECONDS)),
    Channel.WHATSAPP: (Step("failed 131026", DELIVERED_SECONDS),),
    Channel.SMS: (Step("Invalid phone number", DELIVERED_SECONDS),),
}
_UNWANTED = {
    Channel.EMAIL: (*_USUAL[Channel.EMAIL], Step("Complaint", 2 * DELIVERED_SECONDS)),
    Channel.WHATSAPP: (Step("failed 131050", DELIVERED_SECONDS),),
    Channel.SMS: (Step("Phone number is opted out", DELIVERED_SECONDS),),
}
_DELAYED = {
    Channel.EMAIL: (
        Step("Send", 0),
        Step("DeliveryDelay", DELIVERED_SECONDS),
        Step("Delivery", DELAYED_SECONDS),
    ),
    Channel.WHATSAPP: (Step("sent", DELIVERED_SECONDS), Step("delivered", DELAYED_SECONDS)),
    Channel.SMS: (Step("Message has been accepted by phone", DELAYED_SECONDS),),
}


def plan_steps(channel: Channel, fault: Fault | None) -> list[tuple[float, Step]]:
    """The events of a message, each with the second in which it arrives."""
    match fault:
        case Fault.NO_RECEIPT | Fault.TIMEOUT_SILENT:
            return []
        case Fault.BOUNCE:
            steps = _BOUNCED[channel]
        case Fault.COMPLAINT:
            steps = _UNWANTED[channel]
        case Fault.DELAY:
            steps = _DELAYED[channel]
        case Fault.RECEIPTS_REVERSED if channel is Channel.SMS:
            # Its two records of success: the carrier took it, the phone took it.
            steps = (Step("Message has been accepted by phone carrier", 0.5), *_USUAL[channel])
        case _:
            steps = _USUAL[channel]
    if fault is Fault.RECEIPTS_REVERSED:
        return [(DELIVERED_SECONDS * (1 + place), step) for place, step in enumerate(reversed(steps))]
    if fault is Fault.RECEIPT_EARLY:
        return [(0, step) for step in steps]
    return [(step.after, step) for step in steps for _ in range(2 if fault is Fault.RECEIPT_TWICE else 1)]


def build_event(message: Submission, provider_id: str, step: Step, accepted: datetime, at: datetime) -> dict[str, Any]:
    match message.channel:
        case Channel.EMAIL:
            return _build_ses(message, provider_id, step.name, accepted, at)
        case Channel.WHATSAPP:
            return _build_whatsapp(message, provider_id, step.name, at)
        case Channel.SMS:
            return _build_sms(message, provider_id, step.name, accepted)
        case Channel.EVENT | Channel.WEBHOOK:
            raise ValueError("nothing is reported of it")


def _build_ses(message: Submission, provider_id: str, name: str, accepted: datetime, at: datetime) -> dict[str, Any]:
    instant = _write_iso(at)
    address = {"emailAddress": message.to}
    details: dict[str, dict[str, Any]] = {
        "Send": {"send": {}},
        "Delivery": {
            "delivery": {
                "timestamp": instant,
                "processingTimeMillis": 1000,
                "recipients": [message.to],
                "smtpResponse": "250 2.6.0 Message received",
                "reportingMTA": "stand-in.example",
            }
        },
        "Bounce": {
            "bounce": {
                "bounceType": "Permanent",
                "bounceSubType": "General",
                "bouncedRecipients": [
                    address | {"action": "failed", "status": "5.1.1", "diagnosticCode": "smtp; 550 5.1.1 user unknown"}
                ],
                "timestamp": instant,
                "feedbackId": f"bounce-{provider_id}",
                "reportingMTA": "dsn; stand-in.example",
            }
        },
        "Complaint": {
            "complaint": {
                "complainedRecipients": [address],
                "timestamp": instant,
                "feedbackId": f"complaint-{provider_id}",
                "complaintFeedbackType": "abuse",
            }
        },
        "DeliveryDelay": {
            "deliveryDelay": {"timestamp": instant, "delayType": "MailboxFull", "delayedRecipients": [address]}
        },
    }
    mail = {
        "timestamp": _write_iso(accepted),
        "messageId": provider_id,
        "source": message.sender,
        "destination": [message.to],
        "headersTruncated": False,
        "tags": {"ses:source-ip": ["127.0.0.1"]} | {name: [value] for name, value in message.tags.items()},
    }
    return {"eventType": name, "mail": mail} | details[name]


def _build_whatsapp(message: Submission, provider_id: str, name: str, at: datetime) -> dict[str, Any]:
    status, _, code = name.partition(" ")
    entry: dict[str, Any] = {
        # Meta's own id; the call was answered with AWS's.
        "id": f"wamid.{provider_id}",
        "status": status,
        "timestamp": str(int(at.timestamp())),
        "recipient_id": message.to.removeprefix("+"),
        "biz_opaque_callback_data": message.reference,
    }
    if code:
        entry["errors"] = [{"code": int(code), "title": "Message undeliverable"}]
    value = {"messaging_product": "whatsapp", "metadata": {"phone_number_id": "1"}, "statuses": [entry]}
    webhook = {"id": "1", "changes": [{"value": value, "field": "messages"}]}
    return {
        "context": {"MetaWabaIds": [], "MetaPhoneNumberIds": []},
        "whatsAppWebhookEntry": json.dumps(webhook),
        "aws_account_id": "000000000000",
        "message_timestamp": _write_iso(at),
        "messageId": provider_id,
    }


def _build_sms(message: Submission, provider_id: str, outcome: str, accepted: datetime) -> dict[str, Any]:
    return {
        "notification": {"messageId": provider_id, "timestamp": _write_iso(accepted)[:-1].replace("T", " ")},
        "delivery": {
            "phoneCarrier": "stand-in",
            "destination": message.to,
            "smsType": "Transactional",
            "providerResponse": outcome,
            "dwellTimeMs": 599,
        },
        "status": "SUCCESS" if outcome.startswith("Message has been") else "FAILURE",
    }


def _write_iso(instant: datetime) -> str:
    return f"{instant:%Y-%m-%dT%H:%M:%S}.{instant.microsecond // 1000:03d}Z"


class Playback:
    """Brings events to the product in time, from one thread; those of one moment together."""

    def __init__(self) -> None:
        self._waiting: list[_Planned] = []
        self._changed = threading.Condition()
        self._numbers = count()
        self._is_over = False

    def plan(self, message: Submission, provider_id: str, fault: Fault | None, note: Callable[[str], None]) -> None:
        """Plan all events of a message accepted now; ``note`` is told the name of each that has left."""
        accepted, now = time.time(), time.monotonic()
        with self._changed:
            for arrives, step in plan_steps(message.channel, fault):
                at = datetime.fromtimestamp(accepted + step.after, UTC)
                event = build_event(message, provider_id, step, datetime.fromtimestamp(accepted, UTC), at)
                planned = _Planned(
                    due=now + arrives,
                    number=next(self._numbers),
                    target=_name_target(message.channel, event),
                    event=json.dumps(event),
                    note=lambda name=step.name: note(name),  # type: ignore[misc]
                )
                heapq.heappush(self._waiting, planned)
            self._changed.notify()

    @contextmanager
    def run(self, cloud: Cloud) -> Iterator[None]:
        """Play into this cloud for the length of the block."""
        region, account = cloud.outputs["SmsEventsTopic"].split(":")[3:5]
        log_group = f"sns/{region}/{account}/DirectPublishToPhoneNumber"
        for suffix in ("", "/Failure"):
            cloud.client("logs").create_log_stream(logGroupName=log_group + suffix, logStreamName=_SMS_STREAM)
        thread = threading.Thread(target=self._play, args=(cloud, log_group), name="provider-events")
        thread.start()
        try:
            yield
        finally:
            with self._changed:
                self._is_over = True
                self._changed.notify()
            thread.join()

    def _play(self, cloud: Cloud, log_group: str) -> None:
        while (due := self._wait_for_due()) is not None:
            by_target = defaultdict(list)
            for planned in due:
                by_target[planned.target].append(planned)
            for target, events in by_target.items():
                for start in range(0, len(events), BATCH):
                    _deliver(cloud, log_group, target, events[start : start + BATCH])

    def _wait_for_due(self) -> list[_Planned] | None:
        """None when it is over."""
        with self._changed:
            while not self._is_over:
                wait = self._waiting[0].due - time.monotonic() if self._waiting else None
                if wait is not None and wait <= 0:
                    now = time.monotonic()
                    due = []
                    while self._waiting and self._waiting[0].due <= now:
                        due.append(heapq.heappop(self._waiting))
                    return due
                self._changed.wait(wait)
            return None


def _name_target(channel: Channel, event: dict[str, Any]) -> str:
    """An output of the stack for a topic, or the end of a log group's name."""
    match channel:
        case Channel.EMAIL:
            return "SesEventsTopic"
        case Channel.WHATSAPP:
            return "WhatsAppEventsTopic"
        case Channel.SMS:
            return "" if event["status"] == "SUCCESS" else "/Failure"
        case Channel.EVENT | Channel.WEBHOOK:
            raise ValueError("nothing is reported of it")


def _deliver(cloud: Cloud, log_group: str, target: str, events: list[_Planned]) -> None:
    try:
        if target in cloud.outputs:
            entries = [{"Id": str(index), "Message": planned.event} for index, planned in enumerate(events)]
            cloud.client("sns").publish_batch(TopicArn=cloud.outputs[target], PublishBatchRequestEntries=entries)
        else:
            records = [{"timestamp": int(time.time() * 1000), "message": planned.event} for planned in events]
            cloud.client("logs").put_log_events(
                logGroupName=log_group + target, logStreamName=_SMS_STREAM, logEvents=records
            )
    except (BotoCoreError, ClientError):
        # A provider's events get lost too; the product must live with it.
        logger.exception("events not delivered")
        return
    for planned in events:
        planned.note()
