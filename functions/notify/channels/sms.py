"""SMS by SNS: one ``publish`` to the phone number per notice. What became of it, SNS only logs."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import ClientError

from invoicing import clock
from invoicing.billers import Biller
from invoicing.notices import Notice
from invoicing.settings import get_settings
from notify.channels.calling import SOON, build_config, call_once
from notify.channels.links import build_link
from notify.channels.sms_message import render_sms
from notify.outcomes import (
    ChannelStoppedError,
    NoAddressError,
    NotSentError,
    ProviderError,
    RefusedError,
    WrongMessageError,
)

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sns.type_defs import PublishInputTypeDef

_THROTTLED = {"Throttled", "ThrottledException", "Throttling", "ThrottlingException", "TooManyRequestsException"}
_STOPPED = {"AuthorizationError", "AccessDenied", "AccessDeniedException", "ParameterValueInvalid"}
"""No permission, or a sender id or highest price that SNS does not take: the same for every message."""
_SPENT = re.compile(r"quota|spend", re.IGNORECASE)
_NUMBER = re.compile(r"phone\s*number|opted out|destination", re.IGNORECASE)
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")


@lru_cache(maxsize=1)
def client() -> "SNSClient":
    return boto3.client("sns", config=build_config())


def send_sms_notice(notice: Notice, biller: Biller, invoice: Mapping[str, Any]) -> str:
    """Render and send; returns SNS's message id. Raises the errors of ``notify.outcomes``."""
    if not _E164.fullmatch(notice.recipient):
        raise NoAddressError("invalid_number")
    settings = get_settings()
    today = clock.today_in(biller.policy.zone)
    link = build_link(notice)
    words = render_sms(notice.kind, biller, invoice, notice.language, today, link, notice.step)
    request: PublishInputTypeDef = {
        "PhoneNumber": notice.recipient,
        "Message": words,
        "MessageAttributes": {
            "AWS.SNS.SMS.SenderID": {"DataType": "String", "StringValue": settings.sms_sender_id},
            "AWS.SNS.SMS.SMSType": {"DataType": "String", "StringValue": "Transactional"},
            "AWS.SNS.SMS.MaxPrice": {"DataType": "Number", "StringValue": settings.sms_max_price},
        },
    }
    return call_once(lambda: client().publish(**request)["MessageId"], _class_error)


def _class_error(error: ClientError) -> ProviderError | None:
    code, words = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
    if code in _STOPPED:
        return ChannelStoppedError(code)
    if code in _THROTTLED or error.response["ResponseMetadata"]["HTTPStatusCode"] == 429:
        # The month's money is spent: waiting seconds does not help.
        return ChannelStoppedError("spend_limit") if _SPENT.search(words) else NotSentError("throttled", SOON)
    if code in ("InvalidParameter", "ValidationException"):
        return RefusedError("invalid_number") if _NUMBER.search(words) else WrongMessageError(code)
    return RefusedError("opted_out") if code == "OptedOut" else None
