"""E-mail by SES v2: one ``send_email`` call per notice, never repeated by the SDK (it has no idempotency token)."""

import re
from collections.abc import Mapping
from datetime import timedelta
from email.utils import formataddr
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import ClientError

from invoicing import clock
from invoicing.billers import Biller
from invoicing.notices import Notice
from invoicing.settings import get_settings
from notify.channels.calling import SOON, build_config, call_once
from notify.channels.email_message import EmailMessage, render_email
from notify.channels.links import build_link
from notify.outcomes import ChannelStoppedError, NoAddressError, NotSentError, ProviderError, RefusedError

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sesv2.type_defs import SendEmailRequestTypeDef

NEXT_QUOTA = timedelta(hours=1)
"""SES counts the daily quota over the last 24 hours, so that some of it comes back every hour."""

_THROTTLED = {"TooManyRequestsException", "ThrottlingException", "Throttling"}
# The account, or what we set up in it: nothing is wrong with the message, and somebody must mend it first.
_STOPPED = {
    "LimitExceededException",
    "SendingPausedException",
    "AccountSuspendedException",
    "AccessDeniedException",
    "AccessDenied",
    "NotFoundException",
    "MailFromDomainNotVerifiedException",
}
_PERMANENT = {"MessageRejected", "BadRequestException"}
_UNVERIFIED = "not verified"
"""In the words of MessageRejected when our sender's identity has lapsed, or the account is in the sandbox."""
# Stricter than RFC 5321 on purpose: nothing that could end a header or name a second recipient.
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,189}")


@lru_cache(maxsize=1)
def client() -> "SESV2Client":
    return boto3.client("sesv2", config=build_config())


def send_email_notice(notice: Notice, biller: Biller, invoice: Mapping[str, Any]) -> str:
    """Render and send; returns SES's message id. Raises the errors of ``notify.outcomes``."""
    if not _ADDRESS.fullmatch(notice.recipient):
        raise NoAddressError("invalid_address")
    today = clock.today_in(biller.policy.zone)
    link = build_link(notice)
    message = render_email(
        notice.kind, biller, invoice, notice.recipient_name, notice.language, today, link, notice.step
    )
    request = _build_request(notice, message)
    return call_once(lambda: client().send_email(**request)["MessageId"], class_error)


def _build_request(notice: Notice, message: EmailMessage) -> "SendEmailRequestTypeDef":
    settings = get_settings()
    return {
        "FromEmailAddress": formataddr((message.sender_name, settings.email_sender_address)),
        "Destination": {"ToAddresses": [notice.recipient]},
        "Content": {
            "Simple": {
                "Subject": {"Data": message.subject, "Charset": "UTF-8"},
                "Body": {
                    "Text": {"Data": message.text, "Charset": "UTF-8"},
                    "Html": {"Data": message.html, "Charset": "UTF-8"},
                },
            }
        },
        "ConfigurationSetName": settings.email_configuration_set,
        # Delivery events carry the tags back: together they are the notice's key.
        "EmailTags": [
            {"Name": "notice_id", "Value": notice.ref.notice_id},
            {"Name": "va_number", "Value": notice.ref.va_number},
            {"Name": "bank_code", "Value": notice.ref.bank_code},
        ],
    }


def class_error(error: ClientError) -> ProviderError | None:
    code = error.response["Error"]["Code"]
    if code in _THROTTLED or error.response["ResponseMetadata"]["HTTPStatusCode"] == 429:
        is_daily = "daily" in error.response["Error"].get("Message", "").lower()
        return NotSentError("daily_quota", NEXT_QUOTA) if is_daily else NotSentError("throttled", SOON)
    if code in _STOPPED or _UNVERIFIED in error.response["Error"].get("Message", ""):
        return ChannelStoppedError(code)
    return RefusedError(code) if code in _PERMANENT else None
