"""The three calls in the providers' own forms: SES v2 SendEmail, SNS Publish to a number, SendWhatsAppMessage.

A request is read into a ``Submission``; an answer is what an unchanged AWS SDK reads back.
"""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from invoicing.gsm7 import count_segments
from invoicing.notices import Channel
from notify.channels.whatsapp_templates import fill_template

PATHS = {"/v2/email/outbound-emails": Channel.EMAIL, "/v1/whatsapp/send": Channel.WHATSAPP}
WHATSAPP_SENDERS = {"localeinvoice": "OCBC E-Invoice", "localpintukelas": "PintuKelas"}
"""Ids of the numbers that exist here -> names that payers see."""

_SNS_NAMESPACE = "http://sns.amazonaws.com/doc/2010-03-31/"
_NOTICE_KIND = re.compile(r"\d+_\d+_([a-z]+)-[a-z0-9-]+", re.ASCII)
_SENDER_ID = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9]{3,11}")


@dataclass(frozen=True)
class Submission:
    """What one call asks to be sent."""

    channel: Channel
    to: str
    sender: str
    text: str
    reference: str | None = None
    """Our notice, where the provider's call can carry it; an SMS cannot."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """Of an e-mail."""
    subject: str = ""
    html: str = ""
    segments: int = 0
    """SMS that it is sent as."""

    @property
    def kind(self) -> str:
        """Of the notice, where the reference tells it: ``issued``, ``paid``, ..."""
        known = _NOTICE_KIND.fullmatch(self.reference or "")
        return known[1] if known else ""


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    headers: Mapping[str, str]


class CallRefusedError(Exception):
    """The call itself is wrong; the provider says so with this status and code."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


def read_email(body: bytes) -> Submission:
    """Raises CallRefusedError."""
    request = _parse_json(body, "BadRequestException")
    try:
        simple = request["Content"]["Simple"]
        (to,) = request["Destination"]["ToAddresses"]
        tags = {tag["Name"]: tag["Value"] for tag in request.get("EmailTags", [])}
        reference = "_".join(tags[name] for name in ("bank_code", "va_number", "notice_id")) if tags else None
        return Submission(
            channel=Channel.EMAIL,
            to=to,
            sender=request["FromEmailAddress"],
            subject=simple["Subject"]["Data"],
            html=simple["Body"]["Html"]["Data"],
            text=simple["Body"]["Text"]["Data"],
            reference=reference,
            tags=tags,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise CallRefusedError(400, "BadRequestException", f"not a simple e-mail to one address: {error}") from error


def read_sms(body: bytes) -> Submission | None:
    """None for any other call of SNS. Raises CallRefusedError."""
    form = {name: values[0] for name, values in parse_qs(body.decode(errors="replace")).items()}
    if form.get("Action") != "Publish" or "PhoneNumber" not in form:
        return None
    prefix = "MessageAttributes.entry."
    attributes = {
        value: form.get(f"{name.removesuffix('Name')}Value.StringValue", "")
        for name, value in form.items()
        if name.startswith(prefix) and name.endswith(".Name")
    }
    sender, words = attributes.get("AWS.SNS.SMS.SenderID", "NOTICE"), form.get("Message", "")
    if not re.fullmatch(r"\+[1-9][0-9]{6,14}", form["PhoneNumber"]):
        raise CallRefusedError(400, "InvalidParameter", "Invalid parameter: PhoneNumber Reason: not E.164")
    if not _SENDER_ID.fullmatch(sender):
        raise CallRefusedError(400, "InvalidParameter", "Invalid parameter: SenderID")
    if not words:
        raise CallRefusedError(400, "InvalidParameter", "Invalid parameter: Empty message")
    return Submission(Channel.SMS, form["PhoneNumber"], sender, words, segments=count_segments(words))


def read_whatsapp(body: bytes, link_base: str) -> Submission:
    """``link_base``: of the payers' links, with which the templates are registered. Raises CallRefusedError."""
    request = _parse_json(body, "ValidationException")
    sender = WHATSAPP_SENDERS.get(str(request.get("originationPhoneNumberId", "")).removeprefix("phone-number-id-"))
    if sender is None:
        raise CallRefusedError(404, "ResourceNotFoundException", "no such phone number id")
    try:
        message = json.loads(base64.b64decode(request["message"], validate=True))
        # Fails for a template, language or number of parameters that is not registered.
        words = fill_template(message["template"], link_base)
        return Submission(
            Channel.WHATSAPP, message["to"], sender, words, reference=message.get("biz_opaque_callback_data")
        )
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise CallRefusedError(400, "InvalidParametersException", f"not a template message: {error}") from error


def _parse_json(body: bytes, code: str) -> dict[str, Any]:
    try:
        request = json.loads(body)
    except ValueError:
        request = None
    if not isinstance(request, dict):
        raise CallRefusedError(400, code, "no JSON object")
    return request


def answer_accepted(channel: Channel, provider_id: str) -> Answer:
    if channel is Channel.SMS:
        result = f"<PublishResult><MessageId>{escape(provider_id)}</MessageId></PublishResult>"
        return _answer_xml(200, f'<PublishResponse xmlns="{_SNS_NAMESPACE}">{result}{_METADATA}</PublishResponse>')
    member = "MessageId" if channel is Channel.EMAIL else "messageId"
    return _answer_json(200, {member: provider_id})


_METADATA = "<ResponseMetadata><RequestId>local</RequestId></ResponseMetadata>"


def answer_error(channel: Channel, status: int, code: str, message: str) -> Answer:
    if channel is Channel.SMS:
        kind = "Sender" if status < 500 else "Receiver"
        error = f"<Error><Type>{kind}</Type><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
        return _answer_xml(status, f'<ErrorResponse xmlns="{_SNS_NAMESPACE}">{error}</ErrorResponse>')
    return _answer_json(status, {"message": message}, {"x-amzn-ErrorType": code})


THROTTLED = {
    Channel.EMAIL: (429, "TooManyRequestsException", "Maximum sending rate exceeded."),
    Channel.SMS: (429, "Throttled", "Rate exceeded"),
    Channel.WHATSAPP: (429, "ThrottledRequestException", "Rate exceeded"),
}
REFUSED = {
    Channel.EMAIL: (400, "MessageRejected", "Illegal address."),
    Channel.SMS: (400, "InvalidParameter", "Invalid parameter: PhoneNumber Reason: not valid to publish to"),
    Channel.WHATSAPP: (400, "InvalidParametersException", "(#131026) Message undeliverable"),
}
BROKEN = {
    Channel.EMAIL: (500, "InternalFailure", "Internal failure"),
    Channel.SMS: (500, "InternalError", "Internal error"),
    Channel.WHATSAPP: (500, "InternalServiceException", "Internal failure"),
}


def _answer_json(status: int, body: dict[str, str], headers: Mapping[str, str] | None = None) -> Answer:
    return Answer(status, json.dumps(body).encode(), {"Content-Type": "application/json", **(headers or {})})


def _answer_xml(status: int, body: str) -> Answer:
    return Answer(status, body.encode(), {"Content-Type": "text/xml"})
