"""Delivery events of SES, WhatsApp (AWS End User Messaging Social) and SMS (SNS logs), read into one form.

Events are untrusted: sizes and types are checked, and only codes are kept of what providers say, never their texts,
which may quote an address.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from invoicing import clock
from invoicing.notices import Channel, NoticeRef, NoticeState, SuppressionReason
from invoicing.settings import get_settings

MAX_BODY = 262_144
"""Characters of a queue message; SNS takes no more (AWS)."""
MAX_RECEIPTS = 100
"""Statuses in one WhatsApp event."""

_ID = re.compile(r"[\x21-\x7e]{1,256}")
_CODE = re.compile(r"[A-Za-z]{1,40}")


class EventUnreadableError(Exception):
    """Not an event as its provider documents it. ``str(error)`` says what is wrong and quotes nothing."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What one event says of one message."""

    channel: Channel
    ref: NoticeRef | None
    """None: the event did not carry our reference, the notice must be found by ``provider_id``."""
    provider_id: str
    state: NoticeState
    at: str
    """When it happened, as the provider says but never in the future; UTC."""
    reason: str | None = None
    """Code, for failed and bounced."""
    suppress: SuppressionReason | None = None
    """The address must get no more notices."""
    is_complaint: bool = False
    """The recipient called it unwanted; that it was delivered follows from it."""


def read_receipts(body: str) -> list[Receipt]:
    """The receipts in a message of the receipts queue; none for events that report nothing on a message of ours.

    Raises EventUnreadableError.
    """
    if len(body) > MAX_BODY:
        raise EventUnreadableError("message too long")
    envelope = _parse(body)
    settings = get_settings()
    # SNS writes the topic, and the topic's policy says who may publish to it.
    topic = envelope.get("TopicArn")
    event = _parse(_get_text(envelope, "Message", MAX_BODY))
    if topic == settings.ses_events_topic:
        return _read_ses(event)
    if topic == settings.whatsapp_events_topic:
        return _read_whatsapp(event)
    if topic == settings.sms_events_topic:
        return _read_sms(event)
    raise EventUnreadableError("unknown topic")


def _read_ses(event: Mapping[str, Any]) -> list[Receipt]:
    mail = _get_mapping(event, "mail")
    tags = mail.get("tags", {})
    common: dict[str, Any] = {
        "channel": Channel.EMAIL,
        "ref": _read_ses_ref(tags if isinstance(tags, Mapping) else {}),
        "provider_id": _get_id(mail, "messageId"),
    }
    match event.get("eventType"):
        case "Send":
            return [Receipt(**common, state=NoticeState.SENT, at=_read_iso(mail))]
        case "Delivery":
            return [Receipt(**common, state=NoticeState.DELIVERED, at=_read_iso(_get_mapping(event, "delivery")))]
        case "Bounce":
            return [_read_bounce(_get_mapping(event, "bounce"), common)]
        case "Complaint":
            return _read_complaint(_get_mapping(event, "complaint"), common)
        case "Reject":
            return [Receipt(**common, state=NoticeState.FAILED, at=_read_iso(mail), reason="rejected")]
        case "Rendering Failure":
            return [Receipt(**common, state=NoticeState.FAILED, at=_read_iso(mail), reason="rendering_failure")]
        case _:
            # DeliveryDelay: SES goes on trying, and says in the end what came of it.
            return []


def _read_ses_ref(tags: Mapping[str, Any]) -> NoticeRef | None:
    """The three tags that ``channels.email`` sets; SES gives each as a list."""
    values = [tags.get(name) for name in ("bank_code", "va_number", "notice_id")]
    if not all(isinstance(value, list) and len(value) == 1 and isinstance(value[0], str) for value in values):
        return None
    return _read_ref(NoticeRef(*(value[0] for value in values)).to_text())  # type: ignore[index]


def _read_bounce(bounce: Mapping[str, Any], common: dict[str, Any]) -> Receipt:
    kind, detail = _get_code(bounce, "bounceType"), _get_code(bounce, "bounceSubType")
    facts = common | {"at": _read_iso(bounce), "reason": f"bounce_{kind}_{detail}"}
    if kind == "permanent":
        return Receipt(**facts, state=NoticeState.BOUNCED, suppress=SuppressionReason.BOUNCE)
    return Receipt(**facts, state=NoticeState.FAILED)


def _read_complaint(complaint: Mapping[str, Any], common: dict[str, Any]) -> list[Receipt]:
    if complaint.get("complaintFeedbackType") == "not-spam":
        return []
    facts = common | {"at": _read_iso(complaint), "suppress": SuppressionReason.COMPLAINT}
    if complaint.get("complaintSubType"):
        # OnAccountSuppressionList: SES sent nothing, because of a complaint in the past.
        return [Receipt(**facts, state=NoticeState.BOUNCED, reason="complained_before")]
    return [Receipt(**facts, state=NoticeState.DELIVERED, is_complaint=True)]


_WHATSAPP_STATES = {
    "sent": NoticeState.SENT,
    "delivered": NoticeState.DELIVERED,
    "read": NoticeState.READ,
    "failed": NoticeState.FAILED,
}
_WHATSAPP_SUPPRESSIONS = {131026: SuppressionReason.NO_WHATSAPP, 131050: SuppressionReason.OPTED_OUT}
"""Error codes of Meta that hold for the number, whatever is sent to it."""


def _read_whatsapp(event: Mapping[str, Any]) -> list[Receipt]:
    # The entry of Meta's webhook is a JSON text within the JSON.
    entry = _parse(_get_text(event, "whatsAppWebhookEntry", MAX_BODY))
    receipts = []
    for change in _get_list(entry, "changes"):
        if not isinstance(change, Mapping) or change.get("field") != "messages":
            # News about templates, the account, ...
            continue
        value = _get_mapping(change, "value")
        # Without statuses it holds messages that people wrote to us.
        for status in _get_list(value, "statuses") if "statuses" in value else []:
            receipts += _read_whatsapp_status(status)
    if len(receipts) > MAX_RECEIPTS:
        raise EventUnreadableError("too many statuses")
    return receipts


def _read_whatsapp_status(status: Any) -> list[Receipt]:
    if not isinstance(status, Mapping):
        raise EventUnreadableError("status is no object")
    state = _WHATSAPP_STATES.get(_get_text(status, "status", 40))
    if state is None:
        return []
    reference = status.get("biz_opaque_callback_data")
    receipt: dict[str, Any] = {
        "channel": Channel.WHATSAPP,
        "ref": _read_ref(reference) if isinstance(reference, str) else None,
        "provider_id": _get_id(status, "id"),
        "at": _read_seconds(status.get("timestamp")),
    }
    if state is not NoticeState.FAILED:
        return [Receipt(**receipt, state=state)]
    errors = status.get("errors")
    error = errors[0] if isinstance(errors, list) and errors else None
    code = error.get("code") if isinstance(error, Mapping) else None
    if not isinstance(code, int) or not 0 <= code < 10_000_000:
        return [Receipt(**receipt, state=state, reason="whatsapp_no_code")]
    suppress = _WHATSAPP_SUPPRESSIONS.get(code)
    state = NoticeState.BOUNCED if suppress else state
    return [Receipt(**receipt, state=state, reason=f"whatsapp_{code}", suppress=suppress)]


_SMS_FAILURES = {
    "Blocked as spam by phone carrier": "spam",
    "Destination is on a blocked list": "blocked",
    "Invalid phone number": "invalid_number",
    "Message body is invalid": "invalid_message",
    "Phone carrier has blocked this message": "carrier_blocked",
    "Phone carrier is currently unreachable/unavailable": "carrier_unreachable",
    "Phone has blocked SMS": "phone_blocked",
    "Phone is on a blocked list": "blocked",
    "Phone is currently unreachable/unavailable": "phone_unreachable",
    "Phone number is opted out": "opted_out",
    "This delivery would exceed max price": "price",
    "Unknown error attempting to reach phone": "unknown",
}
"""``providerResponse`` of SNS, which is free text, as a code."""
_ON_THE_PHONE = {"Message has been accepted by phone", "Message has been delivered"}
"""What SNS says where carriers report handsets; otherwise a success only means that the carrier took the message."""


def _read_sms(event: Mapping[str, Any]) -> list[Receipt]:
    notification, delivery = _get_mapping(event, "notification"), _get_mapping(event, "delivery")
    answer = _get_text(delivery, "providerResponse", 1_000)
    facts: dict[str, Any] = {
        "channel": Channel.SMS,
        # An SMS carries no reference.
        "ref": None,
        "provider_id": _get_id(notification, "messageId"),
        "at": _read_iso(notification),
    }
    match event.get("status"):
        case "SUCCESS":
            return [Receipt(**facts, state=NoticeState.DELIVERED if answer in _ON_THE_PHONE else NoticeState.SENT)]
        case "FAILURE":
            code = _SMS_FAILURES.get(answer, "other")
            if code == "opted_out":
                facts |= {"suppress": SuppressionReason.OPTED_OUT}
            state = NoticeState.BOUNCED if code == "opted_out" else NoticeState.FAILED
            return [Receipt(**facts, state=state, reason=f"sms_{code}")]
        case _:
            raise EventUnreadableError("unknown status")


def _read_ref(text: str) -> NoticeRef | None:
    """None also for another bank's notices: none of them is ours to change."""
    try:
        ref = NoticeRef.from_text(text)
    except ValueError:
        return None
    return ref if ref.bank_code == get_settings().bank_code else None


def _parse(text: str) -> Mapping[str, Any]:
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        raise EventUnreadableError("no JSON") from None
    if not isinstance(parsed, Mapping):
        raise EventUnreadableError("no JSON object")
    return parsed


def _get_mapping(parent: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = parent.get(name)
    if not isinstance(value, Mapping):
        raise EventUnreadableError(f"{name} is no object")
    return value


def _get_list(parent: Mapping[str, Any], name: str) -> list[Any]:
    value = parent.get(name)
    if not isinstance(value, list) or len(value) > MAX_RECEIPTS:
        raise EventUnreadableError(f"{name} is no list or too long")
    return value


def _get_text(parent: Mapping[str, Any], name: str, most: int) -> str:
    value = parent.get(name)
    if not isinstance(value, str) or len(value) > most:
        raise EventUnreadableError(f"{name} is no text or too long")
    return value


def _get_id(parent: Mapping[str, Any], name: str) -> str:
    value = _get_text(parent, name, 256)
    if not _ID.fullmatch(value):
        raise EventUnreadableError(f"{name} is no id")
    return value


def _get_code(parent: Mapping[str, Any], name: str) -> str:
    value = parent.get(name)
    return value.lower() if isinstance(value, str) and _CODE.fullmatch(value) else "other"


def _read_iso(parent: Mapping[str, Any]) -> str:
    """``timestamp``: ``2026-11-23T03:00:00.123Z``, or SNS's ``2026-11-23 03:00:00.123``, UTC both."""
    try:
        instant = datetime.fromisoformat(_get_text(parent, "timestamp", 40))
    except ValueError:
        raise EventUnreadableError("timestamp is no time") from None
    return _write_instant(instant if instant.tzinfo else instant.replace(tzinfo=UTC))


def _read_seconds(value: Any) -> str:
    """Seconds since 1970, as text or number."""
    text = str(value)
    if not re.fullmatch(r"[0-9]{9,11}", text):
        raise EventUnreadableError("timestamp is no time")
    return _write_instant(datetime.fromtimestamp(int(text), UTC))


def _write_instant(instant: datetime) -> str:
    try:
        return clock.to_text(min(instant, clock.now()))
    except OverflowError:
        raise EventUnreadableError("timestamp is no time") from None
