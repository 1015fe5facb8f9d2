"""WhatsApp by AWS End User Messaging Social: one template message per notice.

An accepted call only means queued there; what Meta makes of it comes as an event (receipts).
"""

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import ClientError

from invoicing import clock
from invoicing.billers import Biller, Module
from invoicing.notices import Notice
from invoicing.settings import get_settings
from notify.channels.calling import SOON, build_config, call_once
from notify.channels.links import build_link
from notify.channels.whatsapp_errors import class_meta_code
from notify.channels.whatsapp_pacing import take_place
from notify.channels.whatsapp_templates import build_template_message
from notify.outcomes import ChannelStoppedError, NoAddressError, NotSentError, ProviderError, WrongMessageError

if TYPE_CHECKING:
    from mypy_boto3_socialmessaging import EndUserMessagingSocialClient

_THROTTLED = {"ThrottledRequestException", "ThrottlingException", "Throttling", "TooManyRequestsException"}
_STOPPED = {"AccessDeniedException", "ResourceNotFoundException"}
"""No permission, or no such sender number: the same for every message."""
_WRONG = {"ValidationException", "InvalidParametersException"}
# Meta's own error, where AWS hands it on: "(#131026) …" or {"error": {"code": 131026, …}}.
_META_CODE = re.compile(r"\(#(\d{1,6})\)|\"code\"\s*:\s*(\d{1,6})\b")
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")


@lru_cache(maxsize=1)
def client() -> "EndUserMessagingSocialClient":
    return boto3.client("socialmessaging", region_name=get_settings().wa_region, config=build_config())


def send_whatsapp_notice(notice: Notice, biller: Biller, invoice: Mapping[str, Any]) -> str:
    """Fill a template and send; returns the message id. Raises the errors of ``notify.outcomes``."""
    if not _E164.fullmatch(notice.recipient):
        raise NoAddressError("invalid_number")
    message = json.dumps(build_message(notice, biller, invoice), ensure_ascii=False).encode()
    sender, version = _find_sender(biller.module), get_settings().whatsapp_api_version
    take_place(notice.recipient)
    return call_once(
        lambda: client().send_whatsapp_message(
            originationPhoneNumberId=sender, message=message, metaApiVersion=version
        )["messageId"],
        _class_error,
    )


def build_message(notice: Notice, biller: Biller, invoice: Mapping[str, Any]) -> dict[str, Any]:
    """The message as Meta's Cloud API takes it."""
    today = clock.today_in(biller.policy.zone)
    link = build_link(notice)
    template = build_template_message(
        notice.kind, biller, invoice, notice.recipient_name, notice.language, today, link, notice.step
    )
    return {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": notice.recipient,
        # Events carry it back.
        "biz_opaque_callback_data": notice.ref.to_text(),
        "type": "template",
        "template": template,
    }


def _find_sender(module: Module) -> str:
    settings = get_settings()
    match module:
        case Module.E_INVOICE:
            return settings.whatsapp_e_invoice_phone_number_id
        case Module.PINTU_KELAS:
            return settings.whatsapp_pintu_kelas_phone_number_id


def _class_error(error: ClientError) -> ProviderError | None:
    code = error.response["Error"]["Code"]
    meta = _META_CODE.search(error.response["Error"].get("Message", ""))
    known = class_meta_code(int(meta[1] or meta[2])) if meta else None
    if known is not None:
        return known
    if code in _THROTTLED or error.response["ResponseMetadata"]["HTTPStatusCode"] == 429:
        return NotSentError("throttled", SOON)
    if code in _STOPPED:
        return ChannelStoppedError(code)
    return WrongMessageError(code) if code in _WRONG else None
