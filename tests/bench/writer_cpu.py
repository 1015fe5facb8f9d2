"""CPU of the writer, with AWS answered in the process; and what boto3 alone needs for the very same transactions."""

import time
from pathlib import Path
from statistics import median
from typing import Any

import orjson
from botocore.awsrequest import AWSPreparedRequest

from tests.bench.answers import answer_with, read_target, set_environment
from tests.bench.profiling import print_profile
from tests.integration.scenario import FakeContext, make_sqs_event

ROUNDS = 7


class FakeAws:
    """One released upload: its items, its plan, an empty answer to each write. Keeps the transactions sent to it."""

    def __init__(self, items: dict[str, Any], plan: bytes) -> None:
        self._items = {table: orjson.dumps({"Item": item}) for table, item in items.items()}
        self._plan = plan
        self.transactions: list[bytes] = []

    def answer_dynamodb(self, request: AWSPreparedRequest) -> bytes:
        match read_target(request):
            case "GetItem":
                return self._items[orjson.loads(request.body)["TableName"]]
            case "TransactWriteItems":
                self.transactions.append(request.body)
                return b"{}"
            case "PutItem":
                return b"{}"
            case "Query":
                return b'{"Items":[],"Count":0,"ScannedCount":0}'
        raise NotImplementedError(read_target(request))

    def answer_s3(self, request: AWSPreparedRequest) -> bytes:
        wanted = request.headers["Range"]
        start, _, end = (wanted.decode() if isinstance(wanted, bytes) else wanted).removeprefix("bytes=").partition("-")
        return self._plan[int(start) : int(end) + 1]


def measure_writer(folder: Path, *, profile: bool) -> dict[str, Any]:
    """Seconds of CPU per invoice and per item (a member of a transaction), of all and of its parts."""
    from invoicing.store import dynamodb, files
    from upload import write_handler

    kept = orjson.loads((folder / "writer.json").read_bytes())
    set_environment(kept["environment"])
    upload = next(item for item in kept["items"].values() if "chunk_bounds" in item)
    aws = FakeAws(kept["items"], (folder / "plan.ndjson").read_bytes())
    answer_with(dynamodb.client(), aws.answer_dynamodb)
    answer_with(files.client(), aws.answer_s3)
    chunks = len(upload["chunk_bounds"]["L"]) - 1
    ids = {"biller_id": upload["pk"]["S"], "upload_id": upload["sk"]["S"]}
    events = [make_sqs_event([orjson.dumps({**ids, "chunk": index}).decode()]) for index in range(chunks)]

    def write_all() -> None:
        aws.transactions.clear()
        for event in events:
            if write_handler.handle(event, FakeContext())["batchItemFailures"]:
                raise RuntimeError("a chunk was not written")

    cpu = _measure(write_all)
    if profile:
        print_profile("writer", write_all)
    sent = list(aws.transactions)
    requests = [orjson.loads(body) for body in sent]

    def send_alone() -> None:
        for request in requests:
            dynamodb.client().transact_write_items(**request)

    boto = _measure(send_alone)
    serialise = _measure(lambda: [orjson.dumps(request) for request in requests])
    return {
        "invoices": _count_invoices(upload),
        "items": sum(len(request["TransactItems"]) for request in requests),
        "transactions": len(sent),
        "bytes": sum(map(len, sent)),
        "cpu": cpu,
        "boto": boto,
        "serialise": serialise,
    }


def _count_invoices(upload: dict[str, Any]) -> int:
    return int(upload["chunk_bounds"]["L"][-1]["L"][1]["N"])


def _measure(work: Any) -> float:
    """Median CPU seconds; the first run, which imports and connects, is not counted."""
    work()
    taken = []
    for _ in range(ROUNDS):
        before = time.process_time()
        work()
        taken.append(time.process_time() - before)
    return median(taken)
