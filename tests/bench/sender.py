"""Sending through the real handlers, with DynamoDB and SQS answered in the process and counted."""

import json
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson
import urllib3
from botocore.awsrequest import AWSPreparedRequest

from invoicing import clock
from invoicing.notices import Channel, Lane, NoticeKind, PlannedNotice, build_notice_id
from invoicing.settings import get_settings
from invoicing.store import billers, dynamodb, invoices, notices
from notify import dispatch_handler, queues, send_email_handler, send_sms_handler, send_whatsapp_handler
from tests.bench.answers import answer_with, read_target, set_environment
from tests.integration.aws_from_template import REGION, Template
from tests.integration.scenario import SHOP, FakeContext, make_draft, make_sqs_event

HANDLERS = {
    Channel.EMAIL: send_email_handler,
    Channel.SMS: send_sms_handler,
    Channel.WHATSAPP: send_whatsapp_handler,
}
ENDPOINTS = {
    Channel.EMAIL: "AWS_ENDPOINT_URL_SESV2",
    Channel.SMS: "AWS_ENDPOINT_URL_SNS",
    Channel.WHATSAPP: "AWS_ENDPOINT_URL_SOCIALMESSAGING",
}
PHONES = {"WhatsAppEInvoicePhoneNumberId": "localeinvoice", "WhatsAppPintuKelasPhoneNumberId": "localpintukelas"}
WRITES = ("PutItem", "UpdateItem", "TransactWriteItems")
_FAILED = {"__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException", "message": "no"}
_SET, _REMOVE = re.compile(r"(#?\w+) = (:\w+)"), re.compile(r"#?\w+")


class FakeTables:
    """Enough of DynamoDB for a notice's way: items by key, the senders' updates and conditions on state and owner."""

    def __init__(self) -> None:
        self.items: dict[tuple[str, str], dict[str, Any]] = {}
        self.requests: Counter[str] = Counter()

    def put(self, table: str, item: dict[str, Any]) -> None:
        self.items[table, _name(item)] = item

    def answer(self, request: AWSPreparedRequest) -> bytes:
        target, asked = read_target(request), orjson.loads(request.body)
        self.requests[target] += 1
        match target:
            case "GetItem":
                item = self.items.get((asked["TableName"], _name(asked["Key"])))
                return orjson.dumps({"Item": item} if item else {})
            case "UpdateItem":
                return orjson.dumps(self._update(asked))
            case "Query":
                return b'{"Items":[],"Count":0,"ScannedCount":0}'
        raise NotImplementedError(target)

    def _update(self, asked: dict[str, Any]) -> dict[str, Any]:
        key, names, values = asked["Key"], asked["ExpressionAttributeNames"], asked["ExpressionAttributeValues"]
        item = self.items.setdefault((asked["TableName"], _name(key)), dict(key))
        if "state" in names.values():
            allowed = {value["S"] for name, value in values.items() if name.startswith(":from_")}
            owned = ":is_claimed_by" not in values or item.get("claimed_by") == values[":is_claimed_by"]
            if item["state"]["S"] not in allowed or not owned:
                raise RuntimeError("a condition failed, which nothing here should make happen")
        parts = re.split(r" ?\b(SET|REMOVE|ADD) ", asked["UpdateExpression"])[1:]
        for verb, text in zip(parts[::2], parts[1::2], strict=True):
            if verb == "SET":
                item |= {names.get(name, name): values[value] for name, value in _SET.findall(text)}
            elif verb == "REMOVE":
                for name in _REMOVE.findall(text):
                    item.pop(names.get(name, name), None)
            elif "attempt" in names.values():
                item["attempt"] = {"N": str(int(item.get("attempt", {"N": "0"})["N"]) + 1)}
        return {"Attributes": item}


def _name(key: dict[str, Any]) -> str:
    return f"{key['pk']['S']}/{key['sk']['S'] if 'sk' in key else ''}"


class FakeQueues:
    """Takes what the dispatcher sends."""

    def __init__(self) -> None:
        self.requests = 0
        self.bodies: dict[str, list[str]] = {}

    def answer(self, request: AWSPreparedRequest) -> bytes:
        asked = orjson.loads(request.body)
        self.requests += 1
        self.bodies.setdefault(asked["QueueUrl"], []).extend(entry["MessageBody"] for entry in asked["Entries"])
        done = [{"Id": entry["Id"], "MessageId": "m", "MD5OfMessageBody": "x"} for entry in asked["Entries"]]
        return orjson.dumps({"Successful": done})


def become_product() -> tuple[FakeTables, FakeQueues]:
    """All functions' variables, one biller, and AWS answered in the process."""
    template = Template(**PHONES)
    environment = {"AWS_DEFAULT_REGION": REGION}
    for function in template.find("AWS::Serverless::Function"):
        environment |= template.read_environment(function)
    set_environment(environment)
    tables, taken = FakeTables(), FakeQueues()
    answer_with(dynamodb.client(), tables.answer)
    answer_with(queues.client(), taken.answer)
    # botocore would check the digest of each body.
    queues.client().meta.events.unregister("before-parse.sqs.SendMessageBatch")
    record = billers.build_record(SHOP)
    tables.put(get_settings().billers_table, dict(dynamodb.to_item(record)))
    return tables, taken


def issue(tables: FakeTables, index: int, channel: Channel, lane: Lane = Lane.BULK) -> dict[str, Any]:
    """An invoice with one notice on this channel; the notice's item."""
    va_number = f"88081{index:011d}"
    address = f"payer{index}@example.com" if channel is Channel.EMAIL else f"+6281{index:09d}"
    draft: Any = make_draft(index, recipients=[{"name": "Ibu Sari", channel.value: address}])
    facts: dict[str, Any] = {
        "bank_code": "028",
        "va_number": va_number,
        "biller_id": SHOP.biller_id,
        "upload_id": "01JD0000000000000000000000",
        "created_at": clock.to_text(clock.now()),
    }
    for write in invoices.build_invoice_writes(row=index, draft=draft, **facts):
        tables.put(write["Put"]["TableName"], write["Put"]["Item"])
    notice_id = build_notice_id(va_number, NoticeKind.ISSUED, channel, address)
    planned = PlannedNotice(notice_id, NoticeKind.ISSUED, channel, address, "Ibu Sari", "id", lane)
    item = dict(dynamodb.to_item(notices.notice_item(planned, number=draft["number"], **facts)))
    tables.put(get_settings().notices_table, item)
    return item


def dispatch(items: list[dict[str, Any]]) -> None:
    records = [{"eventName": "INSERT", "dynamodb": {"NewImage": item}} for item in items]
    dispatch_handler.handle({"Records": records}, FakeContext())


def count_dispatch(number: int, batch: int) -> dict[str, Any]:
    """SQS requests for notices on three channels in turn, in stream batches of this size, and the CPU per notice."""
    tables, taken = become_product()
    channels = list(HANDLERS)
    items = [issue(tables, index, channels[index % len(channels)]) for index in range(number)]
    started = time.process_time()
    for start in range(0, number, batch):
        dispatch(items[start : start + batch])
    return {
        "requests": taken.requests,
        "messages": sum(map(len, taken.bodies.values())),
        "cpu": (time.process_time() - started) / number,
    }


def drain_channel(name: str, number: int) -> dict[str, Any]:
    """Dispatch and send so many notices, one worker, every provider call answered by the stand-in over HTTP."""
    channel = Channel(name)
    with run_stand_in() as address:
        tables, taken = become_product()
        set_environment({ENDPOINTS[channel]: address})
        items = [issue(tables, index, channel) for index in range(number)]
        for start in range(0, number, 1_000):
            dispatch(items[start : start + 1_000])
        (bodies,) = taken.bodies.values()
        # Imports and connections are made before anything is measured.
        _send(channel, bodies[:10])
        tables.requests.clear()
        cpu, wall = time.process_time(), time.perf_counter()
        for start in range(10, number, 10):
            _send(channel, bodies[start : start + 10])
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        received = json.loads(urllib3.request("GET", f"{address}/messages.json", timeout=60).data)["received"]
    states = Counter(item["state"]["S"] for item in items)
    return {
        "sent": states["sent"],
        "calls": sum(entry["requests"] for entry in received),
        "most_calls": max(entry["requests"] for entry in received),
        "writes": sum(tables.requests[write] for write in WRITES) / (number - 10),
        "reads": (tables.requests["GetItem"] + tables.requests["Query"]) / (number - 10),
        "cpu": cpu / (number - 10),
        "rate": (number - 10) / wall,
    }


def _send(channel: Channel, bodies: list[str]) -> None:
    if HANDLERS[channel].handle(make_sqs_event(bodies), FakeContext())["batchItemFailures"]:
        raise RuntimeError("a notice was not sent")


@contextmanager
def run_stand_in() -> Iterator[str]:
    """The address of the providers' stand-in, in a process of its own so that its CPU is not ours."""
    command = [sys.executable, "-m", "tests.bench.jobs", "stand_in"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        try:
            yield process.stdout.readline().strip()
        finally:
            process.stdin.close()
            process.stdout.read()
