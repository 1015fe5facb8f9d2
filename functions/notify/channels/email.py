"""E-mail by SES v2: one ``send_email`` call per notice, never repeated by the SDK (it has no idempotency token)."""

import re
from collections.abc import Mapping
from datetime import timedelta
from email.utils import formataddr
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
)

from invoicing.billers import Biller
from invoicing.notices import Notice
from invoicing.settings import get_settings
from notify.channels.email_message import EmailMessage, render_email
from notify.outcomes import AmbiguousError, NotSentError, ProviderError, RefusedError

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sesv2.type_defs import SendEmailRequestTypeDef

SOON = timedelta(seconds=30)
PAUSED = timedelta(minutes=15)
NEXT_QUOTA = timedelta(hours=1)
"""SES counts the daily quota over the last 24 hours, so that some of it comes back every hour."""

_THROTTLED = {"TooManyRequestsException", "ThrottlingException", "Throttling"}
# The account, or what we set up in it: nothing is wrong with the message, and somebody must mend it first.
_STOPPED = {
    "LimitExceededException",
    "SendingPausedException",
    "AccountSuspendedException",
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
    config = Config(retries={"total_max_attempts": 1, "mode": "standard"}, connect_timeout=2, read_timeout=10)
    return boto3.client("sesv2", config=config)


def send_email_notice(notice: Notice, biller: Biller, invoice: Mapping[str, Any]) -> str:
    """Render and send; returns SES's message id. Raises the errors of ``notify.outcomes``."""
    if not _ADDRESS.fullmatch(notice.recipient):
        raise RefusedError("invalid_address")
    message = render_email(notice.kind, biller, invoice, notice.recipient_name, notice.language)
    return _call_ses(_build_request(notice, message))


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


def _call_ses(request: "SendEmailRequestTypeDef") -> str:
    try:
        return client().send_email(**request)["MessageId"]
    except ClientError as error:
        known = _class_error(error)
        if known is None:
            raise
        raise known from error
    except (ParamValidationError, NoCredentialsError):
        raise
    except (ConnectTimeoutError, EndpointConnectionError) as error:
        raise NotSentError("provider_unreachable", SOON) from error
    except Exception as error:
        # Read time-out, broken connection, unreadable answer: SES may have accepted it.
        raise AmbiguousError(type(error).__name__) from error


def _class_error(error: ClientError) -> ProviderError | None:
    """What an error answer of SES means; None for a defect of ours (permission, signature): surely not sent."""
    code = error.response["Error"]["Code"]
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    if code in _THROTTLED or status == 429:
        is_daily = "daily" in error.response["Error"].get("Message", "").lower()
        return NotSentError("daily_quota", NEXT_QUOTA) if is_daily else NotSentError("throttled", SOON)
    if code in _STOPPED or _UNVERIFIED in error.response["Error"].get("Message", ""):
        return NotSentError(code, PAUSED)
    if code in _PERMANENT:
        return RefusedError(code)
    return AmbiguousError(code) if status >= 500 else None
