"""When the notices of a released upload leave, and what a checker is told about it before: by the real handlers."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from invoicing import clock, uploading
from invoicing.billers import Biller
from invoicing.notice_policy import NoticePolicy, Zone
from invoicing.notices import Channel, NoticeRef
from invoicing.settings import get_settings
from invoicing.store import dynamodb
from invoicing.uploads import Upload
from tests.integration import notify_scenario, scenario
from upload import command_handler

pytestmark = pytest.mark.usefixtures("aws")

MORNING = "2026-11-24T01:00:00.000Z"
"""08:00 in Jakarta on the Tuesday after NIGHT."""
NIGHT = datetime.fromisoformat("2026-11-23T14:30:00Z")
"""Monday, 21:30 in Jakarta."""


@pytest.fixture
def night(monkeypatch: pytest.MonkeyPatch) -> notify_scenario.Clock:
    """The present is a Monday night, until the test moves it."""
    present = notify_scenario.Clock(NIGHT)
    monkeypatch.setattr(clock, "now", present.now)
    return present


@pytest.fixture
def waiting(night: notify_scenario.Clock, tmp_path: Path) -> Upload:
    return make_waiting(tmp_path, scenario.SHOP)


def make_waiting(folder: Path, biller: Biller) -> Upload:
    scenario.register(biller)
    drafts = [scenario.make_draft(index) for index in range(3)]
    return scenario.make_waiting_upload(folder, drafts, biller=biller)


def command(upload: Upload, operation: str, user_id: str = scenario.CHECKER, **members: Any) -> dict[str, Any]:
    ids = {"biller_id": upload.biller_id, "upload_id": upload.upload_id, "user_id": user_id}
    return command_handler.handle({"operation": operation, **ids, **members}, scenario.FakeContext())


def read_notices() -> list[dict[str, Any]]:
    return scenario.read_table(get_settings().notices_table)


def list_starts() -> list[str | None]:
    notices = read_notices()
    assert len(notices) == 6
    assert all(notice["due_at"] == notice.get("not_before", notice["due_at"]) for notice in notices)
    return sorted({notice.get("not_before") for notice in notices}, key=str)


def test_release_in_quiet_hours_defers_every_notice_to_next_morning(waiting: Upload) -> None:
    answer = command(waiting, "release")
    assert answer["notices_from"] == MORNING
    scenario.write_all_chunks()
    assert list_starts() == [MORNING]
    assert command(waiting, "describe")["notices_from"] == MORNING


def test_release_in_working_hours_sends_at_once(waiting: Upload, night: notify_scenario.Clock) -> None:
    night.advance(hours=-2)
    assert "notices_from" not in command(waiting, "release")
    scenario.write_all_chunks()
    assert list_starts() == [None]


def test_send_now_beats_quiet_hours(waiting: Upload) -> None:
    assert "notices_from" not in command(waiting, "release", send="now")
    scenario.write_all_chunks()
    assert list_starts() == [None]


def test_chosen_instant_holds_even_in_quiet_hours(waiting: Upload) -> None:
    assert command(waiting, "release", send="2026-11-23T23:00:00+07:00")["notices_from"] == "2026-11-23T16:00:00.000Z"
    scenario.write_all_chunks()
    assert list_starts() == ["2026-11-23T16:00:00.000Z"]


def test_hours_are_those_of_the_billers_zone(night: notify_scenario.Clock, tmp_path: Path) -> None:
    upload = make_waiting(tmp_path, replace(scenario.SHOP, policy=NoticePolicy(zone=Zone.WIT)))
    assert command(upload, "release")["notices_from"] == "2026-11-23T23:00:00.000Z"


def test_automatic_release_respects_hours(waiting: Upload) -> None:
    assert uploading.release_automatically(waiting, scenario.SHOP).notices_from == MORNING


@pytest.mark.parametrize("send", ["soon", "2026-11-23T14:29:59Z", "2026-12-24T00:00:00Z", "2026-11-24T09:00:00"])
def test_impossible_time_is_refused_in_both_languages_and_nothing_is_released(waiting: Upload, send: str) -> None:
    error = command(waiting, "release", send=send)["error"]
    assert error["code"] == "sending_time"
    assert all(f'"{send}"' in words for words in error["message"].values())
    assert command(waiting, "describe")["status"] == "waiting"


def test_stored_policy_out_of_range_is_named_and_releases_nothing(waiting: Upload) -> None:
    dynamodb.client().update_item(
        TableName=get_settings().billers_table,
        Key={"pk": {"S": waiting.biller_id}},
        UpdateExpression="SET policy.quiet_from = :time",
        ExpressionAttributeValues={":time": {"S": "25:00"}},
    )
    error = command(waiting, "release")["error"]
    assert error["code"] == "notice_policy"
    assert all("quiet_from = 25:00" in words for words in error["message"].values())
    assert scenario.receive_chunk_messages() == []


def test_overlong_time_is_no_command(waiting: Upload) -> None:
    assert command(waiting, "release", send="9" * 41)["error"]["code"] == "bad_command"


@pytest.mark.parametrize("again", [{"send": "now"}, {"send": "2026-11-23T23:30:00+07:00"}, {}])
def test_repeated_release_keeps_the_first_choice(
    waiting: Upload, night: notify_scenario.Clock, again: dict[str, str]
) -> None:
    chosen = command(waiting, "release", send="2026-11-24T10:00:00+07:00")["notices_from"]
    # By now one of the repeats names a time that has passed.
    night.advance(hours=3)
    assert command(waiting, "release", **again)["notices_from"] == chosen
    scenario.write_all_chunks()
    assert list_starts() == [chosen]


def test_redelivery_after_the_time_has_come_leaves_existing_notices_alone(
    waiting: Upload, night: notify_scenario.Clock
) -> None:
    command(waiting, "release")
    bodies = [message["Body"] for message in scenario.receive_chunk_messages()]
    assert scenario.write_chunks(bodies) == []
    before = read_notices()
    night.advance(hours=14)
    # As if its result had been lost: the chunk is written from the start.
    forget_results(waiting)
    assert scenario.write_chunks(bodies) == []
    assert read_notices() == before


def forget_results(upload: Upload) -> None:
    key = {"pk": {"S": f"{upload.biller_id}#{upload.upload_id}"}, "sk": {"S": "chunk#00000"}}
    dynamodb.client().delete_item(TableName=get_settings().uploads_table, Key=key)
    dynamodb.client().update_item(
        TableName=get_settings().uploads_table,
        Key={"pk": {"S": upload.biller_id}, "sk": {"S": upload.upload_id}},
        UpdateExpression="SET #status = :writing",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={":writing": {"S": "writing"}},
    )


def test_chunk_written_after_the_time_has_come_is_not_deferred(waiting: Upload, night: notify_scenario.Clock) -> None:
    command(waiting, "release")
    night.advance(hours=14)
    scenario.write_all_chunks()
    assert list_starts() == [None]


def test_deferred_notices_pass_by_the_dispatcher_and_leave_with_the_sweeper(
    waiting: Upload, night: notify_scenario.Clock
) -> None:
    command(waiting, "release")
    scenario.write_all_chunks()
    records = [{"eventName": "INSERT", "dynamodb": {"NewImage": dynamodb.to_item(item)}} for item in read_plain()]
    notify_scenario.dispatch(*records)
    assert notify_scenario.receive() == []
    assert notify_scenario.sweep() == {}
    night.instant = datetime.fromisoformat(MORNING) + timedelta(seconds=1)
    assert notify_scenario.sweep() == {"enqueued": 6}


def read_plain() -> list[dict[str, Any]]:
    """Notices with whole numbers as the stream's images have them."""
    return [
        {name: value if isinstance(value, str) else int(value) for name, value in notice.items()}
        for notice in read_notices()
    ]


@pytest.mark.parametrize(("send", "mails"), [("in_hours", 0), ("now", 6), ("2026-11-23T20:00:00+07:00", 6)])
def test_backlog_that_reaches_quiet_hours_is_held_until_morning_unless_a_time_was_chosen(
    waiting: Upload, night: notify_scenario.Clock, send: str, mails: int
) -> None:
    night.instant = datetime.fromisoformat("2026-11-23T12:59:00Z")
    command(waiting, "release", send=send)
    scenario.write_all_chunks()
    night.advance(minutes=2)
    assert notify_scenario.send(*list_refs()) == []
    assert len(notify_scenario.mailbox()) == mails
    if mails == 0:
        assert list_starts() == [MORNING]
    night.instant = datetime.fromisoformat(MORNING)
    notify_scenario.sweep()
    notify_scenario.send(*list_refs())
    assert len(notify_scenario.mailbox()) == 6


def list_refs() -> list[NoticeRef]:
    return [NoticeRef(*notice["pk"].split("#"), notice["sk"]) for notice in read_notices()]


def test_waiting_upload_shows_cost_and_time_from_the_next_allowed_moment(
    night: notify_scenario.Clock, tmp_path: Path
) -> None:
    biller = replace(scenario.SHOP, channels=(Channel.EMAIL, Channel.SMS))
    scenario.register(biller)
    drafts = [
        scenario.make_draft(index, recipients=[{"email": f"p{index}@example.com", "sms": f"+62811000{index:04d}"}])
        for index in range(41)
    ]
    upload = scenario.make_waiting_upload(tmp_path, drafts, biller=biller)
    view = command(upload, "describe")
    assert view["sending"] == {
        "notices": {"email": 41, "sms": 41},
        "cost": {"email": 0, "sms": 41 * 350, "total": 41 * 350},
        "rate": {"email": 14, "sms": 20},
        "starts_at": MORNING,
        "finishes_at": "2026-11-24T01:00:03.000Z",
    }
    assert "notices_from" not in view
    assert "sending" not in command(upload, "release")
    scenario.write_all_chunks()
    assert len(read_notices()) == 82
