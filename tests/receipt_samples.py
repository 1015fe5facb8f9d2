"""Delivery events as the providers document them, wrapped as SNS puts them into the queue."""

import json
from typing import Any

from invoicing.notices import NoticeRef

TOPICS = {
    "SES_EVENTS_TOPIC": "arn:aws:sns:ap-southeast-3:123456789012:ses-events",
    "WHATSAPP_EVENTS_TOPIC": "arn:aws:sns:ap-southeast-3:123456789012:whatsapp-events",
    "SMS_EVENTS_TOPIC": "arn:aws:sns:ap-southeast-3:123456789012:sms-events",
}
ADDRESS, PHONE = "sari0@example.com", "+6281234567890"
SECONDS = 1_795_402_800
AT = "2026-11-23T03:00:00.000Z"


def envelope(topic: str, event: Any) -> str:
    return json.dumps(
        {
            "Type": "Notification",
            "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
            "TopicArn": topic,
            "Message": event if isinstance(event, str) else json.dumps(event),
            "Timestamp": AT,
            "SignatureVersion": "1",
            "Signature": "EXAMPLE",
            "SigningCertURL": "https://sns.example.com/key.pem",
            "UnsubscribeURL": "https://sns.example.com/unsubscribe",
        }
    )


def ses_event(ref: NoticeRef | None, kind: str, at: str = AT, *, message_id: str = "ses-1", **changes: Any) -> Any:
    tags: dict[str, Any] = {"ses:configuration-set": ["receipts"], "ses:source-ip": ["192.0.2.1"]}
    if ref:
        tags |= {"notice_id": [ref.notice_id], "va_number": [ref.va_number], "bank_code": [ref.bank_code]}
    details: dict[str, Any] = {
        "Send": {"send": {}},
        "Delivery": {"delivery": {"timestamp": at, "recipients": [ADDRESS], "smtpResponse": f"250 ok {ADDRESS}"}},
        "Bounce": {
            "bounce": {
                "bounceType": "Permanent",
                "bounceSubType": "General",
                "bouncedRecipients": [{"emailAddress": ADDRESS, "diagnosticCode": f"smtp; 550 no user {ADDRESS}"}],
                "timestamp": at,
                "feedbackId": "0100017e",
            }
        },
        "Complaint": {
            "complaint": {
                "complainedRecipients": [{"emailAddress": ADDRESS}],
                "timestamp": at,
                "feedbackId": "0100017f",
                "complaintFeedbackType": "abuse",
            }
        },
        "Reject": {"reject": {"reason": "Bad content"}},
        "Rendering Failure": {"failure": {"errorMessage": f"for {ADDRESS}", "templateName": "none"}},
        "DeliveryDelay": {"deliveryDelay": {"timestamp": at, "delayType": "MailboxFull"}},
    }[kind]
    for section, values in changes.items():
        details[section] = details[section] | values
    mail = {
        "timestamp": at,
        "messageId": message_id,
        "source": "notifikasi@example.com",
        "destination": [ADDRESS],
        "commonHeaders": {"subject": "Tagihan Ibu Sari", "to": [ADDRESS]},
        "tags": tags,
    }
    return {"eventType": kind, "mail": mail} | details


def whatsapp_status(
    ref: NoticeRef | None, status: str, seconds: int = SECONDS, *, message_id: str = "wamid.1", code: int | None = None
) -> Any:
    entry: dict[str, Any] = {
        "id": message_id,
        "status": status,
        "timestamp": str(seconds),
        "recipient_id": PHONE.removeprefix("+"),
        "pricing": {"billable": True, "category": "utility"},
    }
    if ref:
        entry["biz_opaque_callback_data"] = ref.to_text()
    if code is not None:
        details = {"details": f"Message undeliverable to {PHONE}"}
        entry["errors"] = [{"code": code, "title": "Undeliverable", "error_data": details}]
    return entry


def whatsapp_event(*statuses: Any, field: str = "messages", value: Any = None) -> Any:
    value = value or {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "622150000000", "phone_number_id": "106540352242922"},
        "statuses": list(statuses),
    }
    return {
        "context": {
            "MetaWabaIds": [{"wabaId": "102290129340398", "arn": "arn:aws:social-messaging:region:account:waba/1"}],
            "MetaPhoneNumberIds": [{"metaPhoneNumberId": "106540352242922"}],
        },
        "whatsAppWebhookEntry": json.dumps({"id": "102290129340398", "changes": [{"value": value, "field": field}]}),
        "aws_account_id": "123456789012",
        "message_timestamp": AT,
        "messageId": "6d69f07a-c317-4278-9d5c-6a84078419ec",
    }


def sms_event(
    message_id: str, answer: str = "Message has been accepted by phone carrier", *, at: str = "2026-11-23 03:00:00.000"
) -> Any:
    return {
        "notification": {"messageId": message_id, "timestamp": at},
        "delivery": {
            "phoneCarrier": "Telkomsel",
            "mnc": 10,
            "mcc": 510,
            "destination": PHONE,
            "priceInUSD": 0.03,
            "smsType": "Transactional",
            "providerResponse": answer,
            "dwellTimeMs": 599,
        },
        "status": "SUCCESS" if answer.startswith("Message has been") else "FAILURE",
    }
