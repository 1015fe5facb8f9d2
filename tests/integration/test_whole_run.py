"""Promise 2: reprocessing any event or message, any number of times, in any order, changes nothing."""

import random
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import boto3
import pytest

from invoicing import clock
from invoicing.notices import Lane, NoticeRef
from invoicing.settings import get_settings
from invoicing.store import files, uploads
from invoicing.uploads import UploadStatus
from tests.integration import notify_scenario, scenario
from tests.integration.conftest import Aws
from tests.integration.test_checking import BAD, GOOD, deliver, make_workbook, put_file, start
from upload import sweeping

pytestmark = pytest.mark.usefixtures("aws")

Event = Callable[[], object]
MORE = [
    [f"INV-{index}", f"Pelanggan {index}", 10_000 + index, "31/12/2027", f"p{index}@example.com"]
    for index in range(10, 30)
]


@pytest.fixture
def still_clock(monkeypatch: pytest.MonkeyPatch) -> notify_scenario.Clock:
    still = notify_scenario.Clock(scenario.NOW)
    monkeypatch.setattr(clock, "now", still.now)
    return still


def run_once(monkeypatch: pytest.MonkeyPatch) -> list[Event]:
    """One upload from the form to the e-mails; every event that moved it, ready to be delivered again."""
    monkeypatch.setattr("upload.existing.MAX_CHUNK_INVOICES", 5)
    scenario.register(scenario.SHOP)
    upload = start()
    put_file(upload, make_workbook(GOOD + BAD + MORE))
    deliver(upload)
    scenario.release(uploads.load_upload(upload.biller_id, upload.upload_id))
    chunks = [message["Body"] for message in scenario.receive_chunk_messages()]
    assert len(chunks) > 3
    assert scenario.write_chunks(chunks) == []

    refs = [NoticeRef(*item["pk"].split("#"), item["sk"]) for item in scenario.read_table(get_settings().notices_table)]
    records = [notify_scenario.stream_record(ref) for ref in refs]
    notify_scenario.dispatch(*records)
    mails = notify_scenario.receive(lane=Lane.EXPRESS)
    assert len(mails) == len(refs) == len(GOOD + MORE)
    assert notify_scenario.send_bodies(*mails) == []
    done = uploads.load_upload(upload.biller_id, upload.upload_id)
    assert done.status is UploadStatus.DONE

    return [
        partial(deliver, upload),
        *(partial(scenario.write_chunks, [body]) for body in chunks),
        *(partial(notify_scenario.dispatch, record) for record in records),
        *(partial(notify_scenario.send_bodies, body) for body in mails),
        sweeping.sweep_uploads,
        notify_scenario.sweep,
    ]


@pytest.mark.parametrize("seed", range(3))
def test_every_event_twice_in_shuffled_order_changes_no_table_and_sends_nothing(
    monkeypatch: pytest.MonkeyPatch, still_clock: notify_scenario.Clock, seed: int
) -> None:
    events = run_once(monkeypatch) * 2
    tables = scenario.dump_tables()
    mails = len(notify_scenario.mailbox())
    random.Random(seed).shuffle(events)
    for event in events:
        event()
    # What the dispatcher queued again goes through the sender again as well.
    assert notify_scenario.send_bodies(*notify_scenario.receive()) == []
    still_clock.advance(seconds=timedelta(days=1).total_seconds())
    for event in events:
        event()
    assert scenario.dump_tables() == tables
    assert len(notify_scenario.mailbox()) == mails == len(GOOD + MORE)


def test_plan_of_a_released_upload_cannot_be_replaced(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """The writer reads the version that was checked, whoever writes the key after that."""
    scenario.register(scenario.SHOP)
    upload = start()
    put_file(upload, make_workbook(GOOD))
    deliver(upload)
    scenario.release(uploads.load_upload(upload.biller_id, upload.upload_id))
    boto3.client("s3").put_object(
        Bucket=get_settings().inbox_bucket, Key=files.plan_key(upload.biller_id, upload.upload_id), Body=b"{}\n" * 2
    )
    scenario.write_all_chunks()
    assert len(scenario.read_table(get_settings().invoices_table)) == len(GOOD)
