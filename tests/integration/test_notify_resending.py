"""Sending again on purpose: one notice, an invoice's, all that failed; webhooks replayed. Through the real commands."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import boto3
import pytest

from infra.local.webhook_receiver import Receiver
from invoicing import clock, resending
from invoicing.amending import correct_recipient, extend_due_date
from invoicing.notices import Lane, NoticeKind, NoticeRef, NoticeState, SuppressionReason, plan_reminder_notices
from invoicing.resending import Obstacle
from invoicing.settings import get_settings
from invoicing.store import dynamodb, notices
from invoicing.store import suppressions as suppressions_store
from invoicing.store.billers import load_biller
from invoicing.store.invoices import load_current_invoice
from invoicing.suppressions import suppress_address
from invoicing.texts import LANGUAGES, text
from notify.command_handler import handle
from tests.integration import faults, scenario
from tests.integration import notify_scenario as notify
from tests.integration import webhook_scenario as program
from tests.integration.conftest import Aws

pytestmark = pytest.mark.usefixtures("aws")

BILLER_ID = scenario.SHOP.biller_id
TODAY = "2026-11-23"


@pytest.fixture(autouse=True)
def time(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> notify.Clock:
    time = notify.Clock(scenario.NOW)
    monkeypatch.setattr(clock, "now", time.now)
    scenario.register(scenario.SHOP, scenario.SCHOOL)
    notify.stand_in_for_whatsapp()
    return time


def command(operation: str, biller_id: str = BILLER_ID, **members: Any) -> dict[str, Any]:
    return handle(
        {"operation": operation, "biller_id": biller_id, "user_id": "siti", **members}, scenario.FakeContext()
    )


def resend(ref: NoticeRef, request_id: str = "r1", **members: Any) -> dict[str, Any]:
    members = {"va_number": ref.va_number, "notice_id": ref.notice_id} | members
    return command("resend_notice", request_id=request_id, **members)


def reason_of(answer: dict[str, Any]) -> str:
    assert answer["error"]["code"] == "notice_not_resendable", answer
    assert set(answer["error"]["message"]) == set(LANGUAGES)
    return str(answer["error"]["detail"])


def at(ref: NoticeRef, notice_id: str) -> NoticeRef:
    return NoticeRef(ref.bank_code, ref.va_number, notice_id)


def fail(*refs: NoticeRef) -> None:
    with notify.ses_does(*[notify.refuse(400, "MessageRejected")] * len(refs)):
        notify.send(*refs)


def change_invoice(index: int = 0, **values: Any) -> None:
    table = boto3.resource("dynamodb").Table(get_settings().invoices_table)
    key = {"pk": f"{BILLER_ID}#INV-{index:04d}", "sk": "current"}
    table.put_item(Item=table.get_item(Key=key)["Item"] | values)


def test_resend_is_a_new_linked_notice_in_the_express_lane_with_an_audit_entry(time: notify.Clock) -> None:
    (ref,) = notify.issue(channels=["email"])
    notify.send(ref)
    time.advance(hours=1)

    new = at(ref, resend(ref)["notice_id"])
    item = notify.stored(new)
    assert (item["resend_of"], item["sequence"], item["requested_by"]) == (ref.notice_id, 2, "siti")
    assert (notify.load(new).lane, notify.load(new).state) == (Lane.EXPRESS, NoticeState.QUEUED)
    assert notify.load(ref).state is NoticeState.SENT
    notify.send(new)
    assert len(notify.mailbox()) == 2
    (entry,) = scenario.read_table(get_settings().audit_table)
    assert (entry["action"], entry["user_id"], entry["subject"]) == ("resend_notice", "siti", ref.va_number)
    assert "example.com" not in str(entry)


def test_request_repeated_sends_nothing_more_and_answers_the_same(time: notify.Clock) -> None:
    (ref,) = notify.issue(channels=["email"])
    notify.send(ref)
    first = resend(ref)
    new = at(ref, first["notice_id"])
    assert resend(ref) == first
    notify.send(new)
    assert resend(ref) == first
    # By way of the new notice too: it is the same message.
    assert resend(new) == first
    second = resend(new, "r2")
    assert second != first
    item = notify.stored(at(ref, second["notice_id"]))
    assert (item["resend_of"], item["sequence"]) == (ref.notice_id, 3)


def test_two_requests_at_once_make_two_notices_or_are_told_that_one_is_under_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (ref,) = notify.issue(channels=["email"])
    notify.send(ref)
    real = notices.create_resend

    def lose(*given: Any) -> bool:
        monkeypatch.setattr(notices, "create_resend", real)
        assert "notice_id" in resend(ref, "other")
        return real(*given)

    monkeypatch.setattr(notices, "create_resend", lose)
    assert reason_of(resend(ref)) == Obstacle.UNDER_WAY
    assert len(notices.list_records(ref.bank_code, ref.va_number)) == 2


def test_same_request_at_once_makes_one_notice(monkeypatch: pytest.MonkeyPatch) -> None:
    (ref,) = notify.issue(channels=["email"])
    notify.send(ref)
    real, answers = notices.create_resend, []

    def lose(*given: Any) -> bool:
        monkeypatch.setattr(notices, "create_resend", real)
        answers.append(resend(ref))
        return real(*given)

    monkeypatch.setattr(notices, "create_resend", lose)
    assert resend(ref) == answers[0]


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"status": "paid"}, Obstacle.INVOICE_PAID),
        ({"status": "archived"}, Obstacle.INVOICE_ARCHIVED),
        ({"va_number": "8808199999999999"}, Obstacle.INVOICE_ARCHIVED),
        ({"valid_until": "2026-11-01T00:00:00Z"}, Obstacle.INVOICE_EXPIRED),
        ({"recipients": [{"email": "new@example.com"}]}, Obstacle.RECIPIENT_REMOVED),
    ],
)
def test_bill_that_must_not_be_asked_for_again_is_refused_and_nothing_is_written(
    values: dict[str, Any], reason: str
) -> None:
    (ref,) = notify.issue(channels=["email"])
    notify.send(ref)
    change_invoice(**values)
    before = scenario.dump_tables()

    assert reason_of(resend(ref)) == reason
    assert scenario.dump_tables() == before


def test_reminder_of_a_due_date_put_off_since_is_refused_and_nothing_is_written(time: notify.Clock) -> None:
    (ref,) = notify.issue(channels=["email"])
    notify.send(ref)
    table = boto3.resource("dynamodb").Table(get_settings().notices_table)
    table.put_item(Item=notify.stored(ref) | {"kind": "reminder"})
    time.advance(hours=1)
    change_invoice(extended_at=clock.to_text(clock.now()))
    before = scenario.dump_tables()

    assert reason_of(resend(ref)) == Obstacle.DUE_DATE_EXTENDED
    assert scenario.dump_tables() == before


def test_suppressed_address_is_refused_until_lifted(time: notify.Clock) -> None:
    (ref,) = notify.issue(channels=["email"])
    notify.send(ref)
    suppress_address(notify.load(ref), SuppressionReason.BOUNCE, clock.to_text(clock.now()))
    assert reason_of(resend(ref)) == Obstacle.SUPPRESSED

    suppression_id = suppressions_store.build_suppression_id(BILLER_ID, notify.load(ref).channel, "sari0@example.com")
    time.advance(minutes=1)
    command("lift_suppression", suppression_id=suppression_id)
    assert "notice_id" in resend(ref)


def test_notice_still_under_way_is_refused() -> None:
    (ref,) = notify.issue(channels=["email"])
    assert reason_of(resend(ref)) == Obstacle.UNDER_WAY


def test_nobody_is_written_to_without_end() -> None:
    (ref,) = notify.issue(channels=["email"])
    notify.send(ref)
    for number in range(resending.MAX_SENDS - 1):
        notify.send(at(ref, resend(ref, f"r{number}")["notice_id"]))
    assert reason_of(resend(ref, "last")) == Obstacle.TOO_OFTEN


def test_notice_of_another_biller_and_none_look_the_same() -> None:
    (ref,) = notify.issue(channels=["email"])
    answers = [
        command("resend_notice", scenario.SCHOOL.biller_id, request_id="r", va_number=ref.va_number, notice_id=notice)
        for notice in (ref.notice_id, "issued-email-0000000000000000")
    ]
    assert [answer["error"]["code"] for answer in answers] == ["notice_not_found"] * 2


def test_bill_goes_again_to_everybody_who_was_sent_it_but_whom_it_must_not(time: notify.Clock) -> None:
    email, whatsapp, sms = notify.issue(channels=["email", "whatsapp", "sms"])
    notify.send(email)
    notify.send(sms)
    suppress_address(notify.load(sms), SuppressionReason.OPTED_OUT, clock.to_text(clock.now()))

    answer = command("resend_invoice", va_number=email.va_number, request_id="r1")
    assert answer["skipped"] == {whatsapp.notice_id: "under_way", sms.notice_id: "suppressed"}
    (new,) = answer["resent"]
    assert notify.stored(at(email, new))["resend_of"] == email.notice_id
    assert command("resend_invoice", va_number=email.va_number, request_id="r1") == answer
    change_invoice(status="paid")
    assert reason_of(command("resend_invoice", va_number=email.va_number, request_id="r2")) == Obstacle.INVOICE_PAID


def run_batches(operation: str, **members: Any) -> list[dict[str, Any]]:
    """Every batch to the end."""
    batches, position = [], {}
    while True:
        batches.append(command(operation, **members, **position))
        assert "error" not in batches[-1], batches[-1]
        if "cursor" not in batches[-1]:
            return batches
        position = {"cursor": batches[-1]["cursor"]}


@pytest.fixture
def failed() -> list[NoticeRef]:
    """Seven failed notices, one of them sent again since, and three that went well."""
    refs = [notify.issue(index, channels=["email"])[0] for index in range(10)]
    fail(*refs[:7])
    notify.send(*refs[7:])
    notify.send(at(refs[0], resend(refs[0], "by-hand")["notice_id"]))
    return refs


@pytest.mark.parametrize("batch_resends", [100, 2])
def test_all_that_failed_in_a_period_go_again_once_in_batches(
    failed: list[NoticeRef], monkeypatch: pytest.MonkeyPatch, batch_resends: int
) -> None:
    monkeypatch.setattr(resending, "BATCH_RESENDS", batch_resends)
    monkeypatch.setattr(resending, "_PAGE", 1)
    period = {"first_day": TODAY, "last_day": TODAY, "request_id": "all"}
    batches = run_batches("resend_failed_of_period", **period)

    assert sum(batch["resent"] for batch in batches) == 6
    assert sum(batch["skipped"].get("sent_since", 0) for batch in batches) == 1
    assert len(batches) == (1 if batch_resends == 100 else 4)
    count = len(scenario.read_table(get_settings().notices_table))
    assert count == 10 + 1 + 6
    # Repeated from the beginning, it makes nothing more.
    run_batches("resend_failed_of_period", **period)
    assert len(scenario.read_table(get_settings().notices_table)) == count


def test_batch_killed_at_any_write_is_finished_by_its_repetition(failed: list[NoticeRef]) -> None:
    period = {"first_day": TODAY, "last_day": TODAY, "request_id": "all"}
    kill = faults.CallCounter([dynamodb.client()], faults.kill, 20, after=True)
    with kill.installed(), pytest.raises(faults.Killed):
        run_batches("resend_failed_of_period", **period)
    run_batches("resend_failed_of_period", **period)
    assert len(scenario.read_table(get_settings().notices_table)) == 10 + 1 + 6


def test_failed_again_is_sent_again_by_a_new_request_only(time: notify.Clock) -> None:
    (ref,) = notify.issue(channels=["email"])
    fail(ref)
    period = {"first_day": TODAY, "last_day": TODAY}
    run_batches("resend_failed_of_period", **period, request_id="first")
    (new,) = [record["sk"] for record in notices.list_records("028", ref.va_number) if "resend_of" in record]
    fail(at(ref, new))

    run_batches("resend_failed_of_period", **period, request_id="first")
    assert len(notices.list_records("028", ref.va_number)) == 2
    run_batches("resend_failed_of_period", **period, request_id="second")
    assert len(notices.list_records("028", ref.va_number)) == 3


def test_failed_notices_of_an_upload_go_again_and_no_other_uploads(tmp_path: Path, time: notify.Clock) -> None:
    drafts = [scenario.make_draft(index, recipients=[{"email": f"p{index}@example.com"}]) for index in (20, 21)]
    upload = scenario.release(scenario.make_waiting_upload(tmp_path, drafts))
    scenario.write_all_chunks()
    written = scenario.read_table(get_settings().notices_table)
    (other,) = notify.issue(9, channels=["email"])
    fail(other, *(NoticeRef("028", item["pk"].partition("#")[2], item["sk"]) for item in written))

    (batch,) = run_batches("resend_failed_of_upload", upload_id=upload.upload_id, request_id="r")
    assert (batch["resent"], batch["skipped"]) == (2, {})
    assert len(notices.list_records("028", other.va_number)) == 1
    other_biller = scenario.SCHOOL.biller_id
    answer = command("resend_failed_of_upload", other_biller, upload_id=upload.upload_id, request_id="r")
    assert answer["error"]["code"] == "upload_not_found"


def correct(time: notify.Clock, address: str, index: int = 0) -> NoticeRef:
    """Give the invoice's recipient another address; the bill that goes there."""
    time.advance(hours=1)
    before = {record["sk"] for record in notices.list_records("028", notify.va_number(index))}
    correct_recipient(BILLER_ID, f"INV-{index:04d}", 0, {"email": address}, by="siti")
    (new,) = {record["sk"] for record in notices.list_records("028", notify.va_number(index))} - before
    return NoticeRef("028", notify.va_number(index), new)


def remind(time: notify.Clock, step: str = "-3") -> NoticeRef:
    """Write a step's reminder as the planner does."""
    time.advance(hours=1)
    invoice: Any = load_current_invoice(BILLER_ID, "INV-0000")
    (planned,) = plan_reminder_notices(load_biller(BILLER_ID), invoice, invoice["va_number"], step)
    facts = {name: invoice[name] for name in ("bank_code", "va_number", "biller_id", "number", "upload_id")}
    assert notices.create_notice(notices.notice_item(planned, created_at=clock.to_text(clock.now()), **facts))
    return NoticeRef("028", invoice["va_number"], planned.notice_id)


def test_bill_to_a_corrected_contact_is_sent_again_as_often_as_any_other(time: notify.Clock) -> None:
    (old,) = notify.issue(channels=["email"])
    notify.send(old)
    new = correct(time, "new@example.com")
    time.advance(hours=1)
    fail(new)

    again = at(new, resend(new)["notice_id"])
    notify.send(again)
    assert notify.load(again).state is NoticeState.SENT
    assert (notify.load(again).recipient, notify.load(again).resend_of) == ("new@example.com", new.notice_id)
    for number in range(resending.MAX_SENDS - 2):
        notify.send(at(new, resend(new, f"again-{number}")["notice_id"]))
    assert reason_of(resend(new, "last")) == Obstacle.TOO_OFTEN
    assert reason_of(resend(old)) == Obstacle.RECIPIENT_REMOVED


def test_resends_take_no_correction_its_notices_ids(time: notify.Clock) -> None:
    """An address that was wrong, then right after all: its bill was sent three times before, its next is the third."""
    (first,) = notify.issue(channels=["email"])
    notify.send(first)
    for request in ("r1", "r2"):
        notify.send(at(first, resend(first, request)["notice_id"]))
    correct(time, "wrong@example.com")

    back = correct(time, "sari0@example.com")
    time.advance(hours=1)
    fail(back)
    # One message to one person: it goes once more, whichever of its notices is named, and follows the latest.
    again = at(back, resend(first, "r3")["notice_id"])
    assert resend(back, "r3") == {"notice_id": again.notice_id}
    notify.send(again)
    answer = command("resend_invoice", va_number=back.va_number, request_id="r4")
    assert len(answer["resent"]) == 1


def test_reminder_of_an_extended_due_date_is_sent_again_and_the_old_ones_is_not(time: notify.Clock) -> None:
    (bill,) = notify.issue(channels=["email"])
    notify.send(bill)
    old = remind(time)
    notify.send(old)
    for request in ("r1", "r2"):
        notify.send(at(old, resend(old, request)["notice_id"]))
    time.advance(hours=1)
    extend_due_date(BILLER_ID, "INV-0000", due_date=date(2027, 1, 20), by="siti")

    # The old date's resends have not taken its id, nor does it count as one of theirs.
    new = remind(time)
    fail(new)
    again = at(new, resend(new)["notice_id"])
    notify.send(again)
    assert (notify.load(again).kind, notify.load(again).resend_of) == (NoticeKind.REMINDER, new.notice_id)
    assert reason_of(resend(old, "r3")) == Obstacle.DUE_DATE_EXTENDED


def test_batch_goes_on_past_what_cannot_be_sent_again_and_says_so(
    failed: list[NoticeRef], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One notice is a record that nobody can read, another meets others' resends without end."""
    table = boto3.resource("dynamodb").Table(get_settings().notices_table)
    unread = notify.stored(failed[1])
    table.put_item(Item={name: value for name, value in unread.items() if name != "language"})
    real, contended = notices.create_resend, failed[2].va_number
    monkeypatch.setattr(notices, "create_resend", lambda item, audit: contended not in item["pk"] and real(item, audit))

    (batch,) = run_batches("resend_failed_of_period", first_day=TODAY, last_day=TODAY, request_id="all")
    assert (batch["resent"], batch["skipped"]) == (4, {"sent_since": 1, "defect": 1, "busy": 1})
    assert batch["unreadable"] == [f"{failed[1].va_number}/{failed[1].notice_id}"]
    assert reason_of(resend(failed[2], "one")) == Obstacle.BUSY
    # Mended, both go, by the same request too.
    table.put_item(Item=unread)
    monkeypatch.setattr(notices, "create_resend", real)
    run_batches("resend_failed_of_period", first_day=TODAY, last_day=TODAY, request_id="all")
    assert len(scenario.read_table(get_settings().notices_table)) == 10 + 1 + 6


@pytest.mark.parametrize(
    "members",
    [
        {"first_day": "2026-11-24", "last_day": "2026-11-24"},
        {"first_day": "2026-11-23", "last_day": "2026-11-22"},
        {"first_day": "2026-10-01", "last_day": "2026-11-22"},
        {"first_day": TODAY, "last_day": TODAY, "cursor": "2026-11-22.0."},
        {"first_day": TODAY, "last_day": TODAY, "cursor": "2026-11-23.9."},
        {"first_day": TODAY, "last_day": TODAY, "cursor": "2026-11-23.0.a'b"},
    ],
)
def test_period_or_cursor_that_is_none_is_refused(members: dict[str, Any]) -> None:
    answer = command("resend_failed_of_period", request_id="r", **members)
    assert answer["error"]["code"] == "resend_period"


def test_every_obstacle_and_every_fault_of_an_address_has_words() -> None:
    keys = [f"notice_not_resendable.{obstacle}" for obstacle in Obstacle]
    keys += [f"webhook_address.{part}" for part in ("url", "https", "host", "port", "path")]
    assert all(text(f"commands.{key}", language) for key in keys for language in LANGUAGES)


@pytest.fixture
def receiver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    with program.run_program(tmp_path, monkeypatch) as receiver:
        yield receiver


def test_webhook_is_created_rotated_disabled_and_enabled_by_command_and_its_secret_shown_once(
    receiver: Receiver,
) -> None:
    created = command("create_webhook", url=f"{receiver.address}/orders", kinds=["paid", "issued"])
    assert (created["kinds"], created["state"]) == (["issued", "paid"], "active")
    secret = created.pop("secret")
    assert secret.startswith("whsec_")
    endpoint_id = created["endpoint_id"]
    assert command("list_webhooks") == {"webhooks": [created]}
    assert command("list_webhooks", scenario.SCHOOL.biller_id) == {"webhooks": []}

    rotated = command("rotate_webhook", endpoint_id=endpoint_id)
    assert rotated.pop("secret") != secret
    assert len(rotated["secrets"]) == 2
    assert rotated["secrets"][1]["expires_at"] == "2026-11-24T03:00:00.000Z"
    assert command("disable_webhook", endpoint_id=endpoint_id)["state"] == "disabled"
    assert program.issue() == []
    assert command("enable_webhook", endpoint_id=endpoint_id)["state"] == "active"
    assert len(program.issue(1)) == 1
    assert "whsec_" not in str(command("list_webhooks"))


@pytest.mark.parametrize(
    ("members", "code", "detail"),
    [
        ({"url": "http://erp.example.com/"}, "webhook_address", "https"),
        ({"url": "https://127.0.0.2/"}, "webhook_address", "host"),
        ({"url": "https://erp.example.com/", "kinds": []}, "bad_command", "create_webhook.kinds"),
        ({"url": "https://erp.example.com/", "kinds": ["reminder"]}, "bad_command", "create_webhook.kinds.0"),
    ],
)
def test_webhook_that_cannot_be_is_refused_in_both_languages(members: Any, code: str, detail: str) -> None:
    answer = command("create_webhook", **members)
    assert (answer["error"]["code"], answer["error"]["detail"]) == (code, detail)
    assert set(answer["error"]["message"]) == {"id", "en"}


def test_url_has_one_active_webhook_and_a_biller_five() -> None:
    for number in range(5):
        assert "secret" in command("create_webhook", url=f"https://erp.example.com/{number}")
    again = command("create_webhook", url="https://erp.example.com/0")
    assert again["error"]["code"] == "webhook_exists"
    assert command("create_webhook", url="https://erp.example.com/5")["error"]["code"] == "webhook_limit"


def test_webhook_of_another_biller_looks_like_none(receiver: Receiver) -> None:
    endpoint_id = program.subscribe(receiver)
    for operation in ("rotate_webhook", "disable_webhook", "enable_webhook"):
        answer = command(operation, scenario.SCHOOL.biller_id, endpoint_id=endpoint_id)
        assert answer["error"]["code"] == "webhook_not_found"


def test_failed_calls_are_replayed_under_the_ids_that_their_receiver_knows(
    receiver: Receiver, time: notify.Clock
) -> None:
    endpoint_id = program.subscribe(receiver, "/orders")
    early, *late = [program.issue(index)[0] for index in range(3)]
    command("disable_webhook", endpoint_id=endpoint_id)
    notify.send(early, *late)
    assert {notify.load(ref).state for ref in (early, *late)} == {NoticeState.FAILED}
    members = {"endpoint_id": endpoint_id, "since": "2026-11-23T10:00:00+07:00"}
    assert reason_of(command("replay_webhooks", request_id="r", **members)) == Obstacle.ENDPOINT_OFF
    command("enable_webhook", endpoint_id=endpoint_id)

    (batch,) = run_batches("replay_webhooks", request_id="r", **members)
    assert batch["resent"] == 3
    made = [record for record in scenario.read_table(get_settings().notices_table) if "resend_of" in record]
    notify.send(*(NoticeRef("028", item["pk"].partition("#")[2], item["sk"]) for item in made))
    assert {call.submission.reference for call in program.list_calls(receiver)} == {
        ref.to_text() for ref in (early, *late)
    }
    time.advance(hours=1)
    members["since"] = "2026-11-23T11:00:00+07:00"
    assert run_batches("replay_webhooks", request_id="r2", **members)[0]["resent"] == 0


def test_one_delivered_call_is_replayed_on_demand(receiver: Receiver) -> None:
    program.subscribe(receiver)
    (ref,) = program.issue()
    notify.send(ref)
    notify.send(at(ref, resend(ref)["notice_id"]))

    calls = program.list_calls(receiver)
    assert [call.submission.reference for call in calls] == [ref.to_text()] * 2
    described = command("describe_notices", va_number=ref.va_number)["notices"]
    assert [notice["deliveries"][0]["status"] for notice in described] == [204, 204]
    assert {notice.get("resend_of") for notice in described} == {None, ref.notice_id}
    assert described[0]["recipient"].startswith("wh-")


def test_reminders_of_an_invoice_and_of_a_payer_are_paused_and_resumed_by_command() -> None:
    notify.issue(0)
    invoice = {"number": "inv-0000"}
    assert command("pause_invoice_reminders", until="2026-12-01", **invoice) == {"paused": True}
    (item,) = scenario.read_table(get_settings().invoices_table)
    assert item["reminders_paused"] == {"by": "siti", "at": clock.to_text(scenario.NOW), "until": "2026-12-01"}
    assert command("resume_invoice_reminders", **invoice) == {"paused": False}
    (item,) = scenario.read_table(get_settings().invoices_table)
    assert "reminders_paused" not in item

    assert command("pause_payer_reminders", payer_key="payer:C0") == {"paused": True}
    (pause,) = scenario.read_table(get_settings().suppressions_table)
    assert pause["paused"]["by"] == "siti"
    assert command("resume_payer_reminders", payer_key="payer:C0") == {"paused": False}
    answer = command("pause_invoice_reminders", number="NONE")
    assert answer["error"]["code"] == "invoice_not_found"
