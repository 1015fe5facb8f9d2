"""A biller stops an upload's unsent notices by one small write, sees how many went, and lets them go again."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest

from invoicing import clock, notice_holds, uploading
from invoicing.notices import Lane, NoticeKind, NoticeRef
from invoicing.settings import get_settings
from invoicing.store import dynamodb, notices
from invoicing.uploads import Upload
from notify import holding, sweeping
from notify.command_handler import handle
from tests.integration import notify_scenario as notify
from tests.integration import scenario

pytestmark = pytest.mark.usefixtures("aws")

SHOP = scenario.SHOP.biller_id


@pytest.fixture(autouse=True)
def time(monkeypatch: pytest.MonkeyPatch) -> notify.Clock:
    time = notify.Clock(scenario.NOW)
    monkeypatch.setattr(clock, "now", time.now)
    return time


@pytest.fixture
def upload(aws: Any, tmp_path: Path) -> Upload:
    """Written: six invoices with one e-mail each; the messages of all are in the queue."""
    scenario.register(scenario.SHOP, scenario.SCHOOL)
    drafts = [scenario.make_draft(index, recipients=[{"email": f"p{index}@example.com"}]) for index in range(6)]
    released = scenario.release(scenario.make_waiting_upload(tmp_path, drafts))
    scenario.write_all_chunks()
    for ref in list_refs(released):
        notify.dispatch(notify.stream_record(ref))
    return released


def list_refs(upload: Upload) -> list[NoticeRef]:
    items = boto3.client("dynamodb").scan(TableName=get_settings().notices_table)["Items"]
    return [notices.read_notice(item).ref for item in items if item["upload_id"]["S"] == upload.upload_id]


def receive() -> list[str]:
    """A small upload's notices take the express lane."""
    return notify.receive(lane=Lane.EXPRESS)


def command(operation: str, upload: Upload, biller_id: str = SHOP, **members: Any) -> dict[str, Any]:
    payload = {"operation": operation, "biller_id": biller_id, "user_id": "budi", "upload_id": upload.upload_id}
    return handle(payload | members, scenario.FakeContext())


def count(upload: Upload) -> dict[str, int]:
    return {name: value for name, value in command("count_notices", upload).items() if name != "held"}


def list_audit() -> list[tuple[str, str, str]]:
    items = boto3.client("dynamodb").scan(TableName=get_settings().audit_table)["Items"]
    entries = sorted((dynamodb.from_item(item) for item in items), key=lambda entry: entry["sk"])
    return [(entry["action"], entry["subject"], entry["user_id"]) for entry in entries]


def test_hold_is_one_transaction_of_two_items_however_many_notices_there_are(upload: Upload) -> None:
    writes: list[str] = []
    events = dynamodb.client().meta.events
    for name in ("PutItem", "UpdateItem", "TransactWriteItems", "BatchWriteItem"):
        events.register(f"before-call.dynamodb.{name}", lambda model, **_: writes.append(model.name))
    notice_holds.hold_notices(SHOP, upload.upload_id, by="budi")
    assert writes == ["TransactWriteItems"]


def test_held_notices_do_not_leave_and_go_once_when_resumed(upload: Upload, time: notify.Clock) -> None:
    messages = receive()
    notify.send_bodies(*messages[:2])
    held = command("hold_notices", upload, reason="Salah jatuh tempo")
    assert (held["is_held"], held["held_by"], held["reason"]) == (True, "budi", "Salah jatuh tempo")
    assert command("count_notices", upload)["held"] is True
    time.advance(seconds=3)
    # Messages delivered twice, and a sweeper that looks, change nothing.
    notify.send_bodies(*messages[2:], *messages[2:])
    assert len(notify.mailbox()) == 2
    assert count(upload) == {"written": 6, "went": 2, "waiting": 4, "ended": 0, "parked": 4}
    attempts = [notify.load(ref).attempt for ref in list_refs(upload)]
    assert sorted(attempts) == [0, 0, 0, 0, 1, 1]
    time.advance(hours=5)
    assert notify.sweep() == {}

    assert command("resume_notices", upload)["is_held"] is False
    time.advance(seconds=30)
    assert notify.sweep() == {"enqueued": 4}
    notify.send_bodies(*receive())
    assert count(upload) == {"written": 6, "went": 6, "waiting": 0, "ended": 0, "parked": 0}
    assert len(notify.mailbox()) == 6
    assert list_audit() == [("hold_notices", upload.upload_id, "budi"), ("resume_notices", upload.upload_id, "budi")]


def test_hold_is_heard_of_within_two_seconds(upload: Upload, time: notify.Clock) -> None:
    first, second, third = receive()[:3]
    notify.send_bodies(first)
    command("hold_notices", upload)
    time.advance(seconds=1)
    notify.send_bodies(second)
    time.advance(seconds=1)
    notify.send_bodies(third)
    assert len(notify.mailbox()) == 2


def test_holding_and_resuming_twice_change_nothing_and_are_told_once(upload: Upload) -> None:
    assert command("hold_notices", upload) == command("hold_notices", upload)
    assert command("resume_notices", upload) == command("resume_notices", upload)
    assert [action for action, *_ in list_audit()] == ["hold_notices", "resume_notices"]


def test_notices_held_again_while_being_let_go_stay(upload: Upload, time: notify.Clock) -> None:
    command("hold_notices", upload)
    notify.send_bodies(*receive())
    command("resume_notices", upload)
    command("hold_notices", upload)
    time.advance(minutes=5)
    assert notify.sweep() == {}
    assert count(upload)["parked"] == 6


def test_deferred_and_late_notices_are_stopped_when_their_turn_comes(upload: Upload, time: notify.Clock) -> None:
    receive()
    command("hold_notices", upload)
    time.advance(minutes=16)
    # The sweeper brings those whose messages were lost.
    assert notify.sweep() == {"enqueued": 6}
    notify.send_bodies(*receive())
    assert count(upload)["parked"] == 6
    assert notify.mailbox() == []


def test_archived_invoices_of_a_held_upload_are_cancelled_when_it_is_resumed(
    upload: Upload, time: notify.Clock
) -> None:
    command("hold_notices", upload)
    notify.send_bodies(*receive())
    table = boto3.resource("dynamodb").Table(get_settings().invoices_table)
    for index in range(6):
        table.update_item(
            Key={"pk": f"{SHOP}#INV-{index:04d}", "sk": "current"},
            UpdateExpression="SET #s = :archived",
            ExpressionAttributeNames={"#s": "status"},
            ExpressionAttributeValues={":archived": "archived"},
        )
    command("resume_notices", upload)
    time.advance(minutes=1)
    notify.sweep()
    notify.send_bodies(*receive())
    assert count(upload) == {"written": 6, "went": 0, "waiting": 0, "ended": 6, "parked": 0}
    assert notify.mailbox() == []


def test_hold_stops_one_upload_and_no_receipt(upload: Upload) -> None:
    notice_holds.hold_notices(SHOP, upload.upload_id, by="budi")
    (other,) = notify.issue(50, channels=["email"])
    notify.send(other)
    assert len(notify.mailbox()) == 1
    notice = notify.load(list_refs(upload)[0])
    held = {kind for kind in NoticeKind if holding.is_held(replace(notice, kind=kind))}
    assert held == {NoticeKind.ISSUED, NoticeKind.REMINDER}


def test_resumed_lot_is_forgotten_once_it_is_empty(upload: Upload, time: notify.Clock) -> None:
    command("hold_notices", upload)
    notify.send_bodies(*receive())
    command("resume_notices", upload)
    notify.sweep()
    assert notices.count_lot(notices.name_hold_lot(upload.upload_id)) == 0
    assert len(sweeping.notice_holds.list_resumed(10)) == 1
    time.advance(minutes=11)
    notify.sweep()
    assert sweeping.notice_holds.list_resumed(10) == []


def test_other_billers_and_unwritten_uploads_are_refused(upload: Upload, tmp_path: Path) -> None:
    other = scenario.SCHOOL.biller_id
    for operation in ("hold_notices", "resume_notices", "count_notices"):
        assert command(operation, upload, other)["error"]["code"] == "upload_not_found"
    assert command("resume_notices", upload)["error"]["code"] == "upload_state"
    started, _ = uploading.start_upload(SHOP, "siti", "x.xlsx")
    assert command("hold_notices", started)["error"]["code"] == "upload_state"
    assert count(started)["written"] == 0
