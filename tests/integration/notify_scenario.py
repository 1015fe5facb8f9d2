"""What tests of the notice path share: issued invoices, the three real handlers, the mailbox, SES faults."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import boto3
from moto.core import DEFAULT_ACCOUNT_ID
from moto.ses.models import ses_backends

from invoicing import clock
from invoicing.billers import Biller
from invoicing.notices import Notice, NoticeRef, plan_issued_notices
from invoicing.settings import get_settings
from invoicing.store import dynamodb, invoices, notices
from notify import dispatch_handler, queues, send_email_handler, sweep_handler
from notify.channels import email
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


def va_number(index: int) -> str:
    return f"88081{index:011d}"


def issue(
    index: int = 0, *, biller: Biller = scenario.SHOP, not_before: str | None = None, **changes: Any
) -> list[NoticeRef]:
    """Write an invoice with its notices as the upload writer does; the notices' names."""
    bank_code = get_settings().bank_code
    recipients = [{"name": "Ibu Sari", "email": f"sari{index}@example.com"}]
    draft: Any = scenario.make_draft(index, **({"recipients": recipients} | changes))
    facts: dict[str, Any] = {
        "bank_code": bank_code,
        "va_number": va_number(index),
        "biller_id": biller.biller_id,
        "upload_id": "01JD0000000000000000000000",
        "created_at": clock.to_text(clock.now()),
    }
    writes = invoices.build_invoice_writes(row=index, draft=draft, **facts)
    planned = plan_issued_notices(biller, draft, va_number(index))
    for notice in planned:
        item = notices.notice_item(notice, number=draft["number"], not_before=not_before, **facts)
        writes.append(dynamodb.build_put(get_settings().notices_table, dynamodb.to_item(item)))
    assert invoices.commit(writes) is None
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
    """Run the real send handler on one message per ref; the ids of the messages that must come again."""
    return send_bodies(*map(body, refs), milliseconds_left=milliseconds_left)


def send_bodies(*bodies: str, milliseconds_left: int = 60_000) -> list[str]:
    context = scenario.FakeContext()
    context.get_remaining_time_in_millis = lambda: milliseconds_left  # type: ignore[method-assign]
    answer = send_email_handler.handle(scenario.make_sqs_event(list(bodies)), context)
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def sweep(milliseconds_left: int = 60_000) -> dict[str, int]:
    context = scenario.FakeContext()
    context.get_remaining_time_in_millis = lambda: milliseconds_left  # type: ignore[method-assign]
    return sweep_handler.handle({}, context)


def receive() -> list[str]:
    """The bodies of all messages in the e-mail queue, taken off it."""
    sqs, url, bodies = boto3.client("sqs"), get_settings().email_queue_url, []
    while batch := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for message in batch:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        bodies += [message["Body"] for message in batch]
    return bodies


def mailbox() -> list[Any]:
    """What SES accepted."""
    return ses_backends[DEFAULT_ACCOUNT_ID][REGION].sent_messages


@contextmanager
def ses_does(*acts: Callable[[], Any]) -> Iterator[list[dict[str, Any]]]:
    """Let SES answer the next calls with these acts (an answer to give, or an exception); yields the calls made."""
    calls: list[dict[str, Any]] = []
    waiting = list(acts)

    def answer(params: dict[str, Any], **_: Any) -> Any:
        calls.append(json.loads(params["body"]))
        return waiting.pop(0)() if waiting else None

    events = email.client().meta.events
    events.register("before-call.sesv2.SendEmail", answer)
    try:
        yield calls
    finally:
        events.unregister("before-call.sesv2.SendEmail", answer)


def refuse(status: int, code: str, message: str = "") -> Callable[[], Any]:
    parsed = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return lambda: (SimpleNamespace(status_code=status), parsed)


def fail(error: BaseException) -> Callable[[], Any]:
    def act() -> Any:
        raise error

    return act


@contextmanager
def after_ses_accepted(act: Callable[[], Any]) -> Iterator[None]:
    """Do something when SES has accepted a message and its answer is on the way."""

    def run(**_: Any) -> None:
        act()

    events = email.client().meta.events
    events.register("after-call.sesv2.SendEmail", run)
    try:
        yield
    finally:
        events.unregister("after-call.sesv2.SendEmail", run)


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
