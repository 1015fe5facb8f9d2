"""Events for the bank's core, by EventBridge: one ``PutEvents`` call with one event per notice.

EventBridge delivers at least once, so a call of which nobody knows the end is simply made again: the event's ``id``
stays the same.
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import ClientError

from invoicing import clock
from invoicing.billers import Biller
from invoicing.notices import Notice
from invoicing.settings import get_settings
from notify.announcement import build_announcement
from notify.channels.calling import SOON, build_config, call_once
from notify.outcomes import (
    AmbiguousError,
    ChannelStoppedError,
    NotSentError,
    ProviderError,
    RepeatableError,
    WrongMessageError,
)

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef

SOURCE = "invoicing"
_THROTTLED = {"ThrottlingException", "Throttling", "ThrottledException", "TooManyRequestsException"}
_STOPPED = {"AccessDeniedException", "ResourceNotFoundException", "NotAuthorizedForSourceException"}
"""No permission, or no such bus: the same for every event."""
_WRONG = {"MalformedDetail", "InvalidArgument", "ValidationException"}


@lru_cache(maxsize=1)
def client() -> "EventBridgeClient":
    return boto3.client("events", config=build_config())


def send_event_notice(notice: Notice, biller: Biller, invoice: Mapping[str, Any]) -> str:
    """Put the event; returns EventBridge's id of it. Raises the errors of ``notify.outcomes``."""
    announcement = build_announcement(notice, biller, invoice)
    entry: PutEventsRequestEntryTypeDef = {
        "EventBusName": get_settings().event_bus_name,
        "Source": SOURCE,
        "DetailType": f"Invoice {notice.kind.title()}",
        "Detail": json.dumps(announcement, ensure_ascii=False),
        "Time": clock.from_text(announcement["occurred_at"]),
    }
    try:
        return call_once(lambda: _put(entry), _class_error)
    except AmbiguousError as error:
        raise RepeatableError(error.reason, SOON) from error


def _put(entry: "PutEventsRequestEntryTypeDef") -> str:
    """PutEvents answers 200 even where it took nothing: what became of each entry is in the answer."""
    answer = client().put_events(Entries=[entry])
    (result,) = answer["Entries"]
    if answer["FailedEntryCount"]:
        status = 500 if result["ErrorCode"] == "InternalFailure" else 400
        failure: Any = {
            "Error": {"Code": result["ErrorCode"], "Message": ""},
            "ResponseMetadata": {"HTTPStatusCode": status},
        }
        raise ClientError(failure, "PutEvents")
    return result["EventId"]


def _class_error(error: ClientError) -> ProviderError | None:
    code = error.response["Error"]["Code"]
    if code in _THROTTLED or error.response["ResponseMetadata"]["HTTPStatusCode"] == 429:
        return NotSentError("throttled", SOON)
    if code in _STOPPED:
        return ChannelStoppedError(code)
    return WrongMessageError(code) if code in _WRONG else None
