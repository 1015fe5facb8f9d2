"""What tests of the notice path share: issued invoices, the real handlers, what each provider took, its faults."""

import base64
import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import boto3
from botocore.awsrequest import AWSResponse
from moto.core import DEFAULT_ACCOUNT_ID
from moto.ses.models import ses_backends
from moto.sns.models import sns_backends

from invoicing import clock
from invoicing.billers import Biller
from invoicing.notices import Channel, Lane, Notice, NoticeRef, plan_issued_notices
from invoicing.settings import get_settings
from invoicing.store import dynamodb, invoices, notices, webhook_secrets
from notify import (
    dispatch_handler,
    queues,
    send_email_handler,
    send_event_handler,
    send_sms_handler,
    send_webhook_handler,
    send_whatsapp_handler,
    sweep_handler,
)
from notify.channels import email, event, sms, whatsapp
from tests.integration import scenario
from tests.integration.aws_from_template import REGION


class Clock:
    """The present, as the test sets it."""

    def __init__(self, start: datetime) -> None:
        self.instant = start

    def now(self) -> datetime:
        return self.instant

    def advance(self, **delta: float) -> None:
        self.instant += timedelta(**delta)


PHONE = "+6281234567890"


@dataclass(frozen=True)
class Provider:
    """One channel as the tests drive and watch it."""

    channel: Channel
    handler: Any
    client: Callable[[], Any]
    call: str
    """Service and operation, as botocore names its events."""
    read_call: Callable[[Any], dict[str, Any]]
    """Body of a request -> what was asked for."""
    mailbox: Callable[[], list[Any]]
    """What the provider accepted."""


_accepted_whatsapp: list[dict[str, Any]] = []


class _RawAnswer:
    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self._content


def stand_in_for_whatsapp() -> None:
    """Let this test's WhatsApp client meet a provider that accepts everything: moto has none."""
    _accepted_whatsapp.clear()

    def accept(request: Any, **_: Any) -> AWSResponse:
        _accepted_whatsapp.append(_read_whatsapp(request.body))
        content = json.dumps({"messageId": str(uuid.uuid4())}).encode()
        return AWSResponse(request.url, 200, {"Content-Type": "application/json"}, _RawAnswer(content))

    whatsapp.client().meta.events.register("before-send.socialmessaging.SendWhatsAppMessage", accept)


def _read_whatsapp(request_body: Any) -> dict[str, Any]:
    request = json.loads(request_body)
    return request | {"message": json.loads(base64.b64decode(request["message"]))}


EMAIL = Provider(
    Channel.EMAIL,
    send_email_handler,
    email.client,
    "sesv2.SendEmail",
    json.loads,
    lambda: list(ses_backends[DEFAULT_ACCOUNT_ID][REGION].sent_messages),
)
SMS = Provider(
    Channel.SMS,
    send_sms_handler,
    sms.client,
    "sns.Publish",
    dict,
    lambda: list(sns_backends[DEFAULT_ACCOUNT_ID][REGION].sms_messages.values()),
)
WHATSAPP = Provider(
    Channel.WHATSAPP,
    send_whatsapp_handler,
    whatsapp.client,
    "socialmessaging.SendWhatsAppMessage",
    _read_whatsapp,
    lambda: list(_accepted_whatsapp),
)
CORE_QUEUE = "core"
"""Where a rule brings the events, once a test has asked for it (``listen_to_events``)."""


def listen_to_events() -> None:
    sqs, events, bus = boto3.client("sqs"), boto3.client("events"), get_settings().event_bus_name
    url = sqs.create_queue(QueueName=CORE_QUEUE)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name="core", EventBusName=bus, EventPattern=json.dumps({"source": ["invoicing"]}))
    events.put_targets(Rule="core", EventBusName=bus, Targets=[{"Id": "core", "Arn": arn}])


def _read_core_queue() -> list[dict[str, Any]]:
    sqs, found = boto3.client("sqs"), []
    url = sqs.get_queue_url(QueueName=CORE_QUEUE)["QueueUrl"]
    while batch := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0).get("Messages"):
        seen = {message["MessageId"] for message in found}
        new = [message for message in batch if message["MessageId"] not in seen]
        if not new:
            break
        found += new
    return [json.loads(message["Body"]) for message in found]


EVENT = Provider(Channel.EVENT, send_event_handler, event.client, "eventbridge.PutEvents", json.loads, _read_core_queue)
# Its receiver is a program of the test; what fails before the call is the key of its secret.
WEBHOOK = Provider(Channel.WEBHOOK, send_webhook_handler, webhook_secrets.client, "kms.Decrypt", json.loads, lambda: [])
PROVIDERS = {provider.channel: provider for provider in (EMAIL, SMS, WHATSAPP, EVENT, WEBHOOK)}


def provider_of(ref: NoticeRef) -> Provider:
    return PROVIDERS[Channel(ref.notice_id.split("-")[1])]


def va_number(index: int) -> str:
    return f"88081{index:011d}"


def issue(
    index: int = 0,
    *,
    biller: Biller = scenario.SHOP,
    not_before: str | None = None,
    lane: Lane = Lane.BULK,
    **changes: Any,
) -> list[NoticeRef]:
    """Write an invoice with its notices as the upload writer does; the notices' names."""
    bank_code = get_settings().bank_code
    recipients = [{"name": "Ibu Sari", "email": f"sari{index}@example.com", "sms": PHONE, "whatsapp": PHONE}]
    draft: Any = scenario.make_draft(index, **({"recipients": recipients} | changes))
    facts: dict[str, Any] = {
        "bank_code": bank_code,
        "va_number": va_number(index),
        "biller_id": biller.biller_id,
        "upload_id": "01JD0000000000000000000000",
        "created_at": clock.to_text(clock.now()),
    }
    writes = invoices.build_invoice_writes(row=index, draft=draft, **facts)
    planned = plan_issued_notices(biller, draft, va_number(index), lane)
    for notice in planned:
        item = notices.notice_item(notice, number=draft["number"], not_before=not_before, **facts)
        writes.append(dynamodb.build_put(get_settings().notices_table, dynamodb.to_item(item)))
    assert dynamodb.commit(writes) is None
    return [NoticeRef(bank_code, va_number(index), notice.notice_id) for notice in planned]


def load(ref: NoticeRef) -> Notice:
    (item,) = notices.load_notice_items([ref])
    return notices.read_notice(item)


def stored(ref: NoticeRef) -> dict[str, Any]:
    (item,) = notices.load_notice_items([ref])
    return dynamodb.from_item(item)


def stream_record(ref: NoticeRef, name: str = "INSERT") -> dict[str, Any]:
    (item,) = notices.load_notice_items([ref])
    return {"eventID": f"event-{ref.notice_id}", "eventName": name, "dynamodb": {"NewImage": item}}


def dispatch(*records: dict[str, Any]) -> dict[str, Any]:
    return dispatch_handler.handle({"Records": list(records)}, scenario.FakeContext())


def body(ref: NoticeRef) -> str:
    return json.dumps({"bank_code": ref.bank_code, "va_number": ref.va_number, "notice_id": ref.notice_id})


def send(*refs: NoticeRef, milliseconds_left: int = 60_000) -> list[str]:
    """Run the real handler of the refs' channel on one message each; the ids of the messages that must come again."""
    (provider,) = {provider_of(ref).channel: provider_of(ref) for ref in refs}.values()
    return send_bodies(*map(body, refs), milliseconds_left=milliseconds_left, provider=provider)


def send_bodies(*bodies: str, milliseconds_left: int = 60_000, provider: Provider = EMAIL) -> list[str]:
    context = scenario.FakeContext()
    context.get_remaining_time_in_millis = lambda: milliseconds_left  # type: ignore[method-assign]
    answer = provider.handler.handle(scenario.make_sqs_event(list(bodies)), context)
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def sweep(milliseconds_left: int = 60_000) -> dict[str, int]:
    context = scenario.FakeContext()
    context.get_remaining_time_in_millis = lambda: milliseconds_left  # type: ignore[method-assign]
    return sweep_handler.handle({}, context)


def receive_messages(channel: Channel = Channel.EMAIL, lane: Lane = Lane.BULK) -> list[dict[str, Any]]:
    """All messages of a queue, taken off it."""
    sqs, url, messages = boto3.client("sqs"), queues.find_queue_url(channel, lane), []
    while batch := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"]).get("Messages"):
        for message in batch:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        messages += batch
    return messages


def receive(channel: Channel = Channel.EMAIL, lane: Lane = Lane.BULK) -> list[str]:
    return [message["Body"] for message in receive_messages(channel, lane)]


def mailbox() -> list[Any]:
    """What SES accepted."""
    return EMAIL.mailbox()


@contextmanager
def provider_does(provider: Provider, *acts: Callable[[], Any]) -> Iterator[list[dict[str, Any]]]:
    """Let a provider answer the next calls with these acts (an answer to give, or an exception); yields the calls."""
    calls: list[dict[str, Any]] = []
    waiting = list(acts)

    def answer(params: dict[str, Any], **_: Any) -> Any:
        calls.append(provider.read_call(params["body"]))
        return waiting.pop(0)() if waiting else None

    events = provider.client().meta.events
    events.register(f"before-call.{provider.call}", answer)
    try:
        yield calls
    finally:
        events.unregister(f"before-call.{provider.call}", answer)


@contextmanager
def ses_does(*acts: Callable[[], Any]) -> Iterator[list[dict[str, Any]]]:
    with provider_does(EMAIL, *acts) as calls:
        yield calls


def refuse(status: int, code: str, message: str = "") -> Callable[[], Any]:
    parsed = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return lambda: (SimpleNamespace(status_code=status), parsed)


def fail(error: BaseException) -> Callable[[], Any]:
    def act() -> Any:
        raise error

    return act


@contextmanager
def after_accepted(provider: Provider, act: Callable[[], Any]) -> Iterator[None]:
    """Do something when the provider has accepted a message and its answer is on the way."""

    def run(**_: Any) -> None:
        act()

    events = provider.client().meta.events
    events.register(f"after-call.{provider.call}", run)
    try:
        yield
    finally:
        events.unregister(f"after-call.{provider.call}", run)


@contextmanager
def after_ses_accepted(act: Callable[[], Any]) -> Iterator[None]:
    with after_accepted(EMAIL, act):
        yield


@contextmanager
def queue_answers(*acts: Callable[[dict[str, Any]], Any]) -> Iterator[list[int]]:
    """Let SQS answer the next batches with these acts; yields how many messages each call held."""
    sizes: list[int] = []
    waiting = list(acts)

    def answer(params: dict[str, Any], **_: Any) -> Any:
        request = json.loads(params["body"])
        sizes.append(len(request["Entries"]))
        return waiting.pop(0)(request) if waiting else None

    events = queues.client().meta.events
    events.register("before-call.sqs.SendMessageBatch", answer)
    try:
        yield sizes
    finally:
        events.unregister("before-call.sqs.SendMessageBatch", answer)
