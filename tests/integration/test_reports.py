"""Reports: asked for, made by the real handler from real items, read back cell by cell."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ConnectionClosedError

from invoicing import clock
from invoicing.billers import BillerState
from invoicing.notices import Channel, NoticeKind, NoticeState
from invoicing.settings import get_settings
from invoicing.store import bulk, dynamodb, invoices, reports
from invoicing.texts import LANGUAGES, text
from notify import report_mail_handler
from report import building, schedule_handler
from tests.integration import faults
from tests.integration import report_scenario as scenario
from tests.integration.conftest import Aws
from tests.integration.notify_scenario import EMAIL, fail, issue, refuse, ses_does
from tests.integration.report_scenario import Clock, Invoice, Sheets, command, fetch, order
from tests.integration.scenario import SCHOOL, SHOP, FakeContext, make_sqs_event, register

NOW = datetime(2026, 11, 27, 3, 0, 0, tzinfo=UTC)
BEFORE = NOW - timedelta(days=60)


@pytest.fixture
def ticking(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    """A moment on 27 November 2026, 10:00 in Jakarta, with two billers."""
    register(SHOP, SCHOOL)
    with scenario.frozen_clock(monkeypatch, NOW) as frozen:
        yield frozen


def make_history() -> dict[str, Invoice]:
    """One invoice of each kind."""
    dues = {"not_due": "2026-12-31", "today": "2026-11-27", "late": "2026-11-26", "late_31": "2026-10-27"}
    dues |= {"late_61": "2026-09-27", "late_91": "2026-08-28", "va": "2026-11-01", "outside": "2026-11-02"}
    dues |= {"archived": "2026-11-03", "reversed": "2026-11-04"}
    made = {name: Invoice(index, BEFORE, due_date=due) for index, (name, due) in enumerate(dues.items(), start=1)}
    made["va"].pay(NOW - timedelta(days=3))
    made["outside"].pay(NOW - timedelta(days=2), outside=True)
    made["archived"].archive(NOW - timedelta(days=1))
    made["reversed"].pay(NOW - timedelta(days=5))
    made["reversed"].reverse(NOW - timedelta(days=4))
    return made


def test_invoice_list_shows_every_invoice_once_with_numbers_dates_and_texts_of_their_kind(ticking: Clock) -> None:
    made = make_history()
    sheets = Sheets(fetch(order("invoices", language="en")))
    rows, totals = sheets.table("Details", "Invoice no.")
    assert len(rows) == len(made) + 1  # the reversed bill is there twice: archived, and open under a new account
    by_account = {row["Virtual account no."]: row for row in rows}
    late = by_account[made["late"].va_number]
    assert late["Standing"] == "Overdue"
    assert late["Days overdue"] == 1
    assert late["Due date"] == datetime(2026, 11, 26)  # noqa: DTZ001 - Excel knows no zones
    assert late["Created at"] == datetime(2026, 9, 28, 10)  # noqa: DTZ001
    paid = by_account[made["va"].va_number]
    assert (paid["Standing"], paid["Through"], paid["Paid (Rp)"]) == (
        "Paid by virtual account",
        "Virtual account",
        100_007,
    )
    assert paid["Paid at"] == datetime(2026, 11, 24, 10)  # noqa: DTZ001
    assert by_account[scenario.va_of(10, 0)]["Archive reason"] == "Payment reversed by the bank"
    assert by_account[scenario.va_of(10, 1)]["Standing"] == "Overdue"
    assert totals["Amount (Rp)"] == sum(row["Amount (Rp)"] for row in rows)
    assert isinstance(late["Amount (Rp)"], int)
    assert isinstance(late["Virtual account no."], str)


def test_payment_report_ages_what_is_unpaid_and_keeps_outside_money_apart(ticking: Clock) -> None:
    make_history()
    sheets = Sheets(fetch(order("payments", language="en")))
    ages, total = sheets.table("Summary", "Age")
    assert {row["Age"]: row["Count"] for row in ages} == {
        "Not yet due": 2,
        "0-30 days": 2,
        "31-60 days": 1,
        "61-90 days": 1,
        "Over 90 days": 1,
    }
    standings, _ = sheets.table("Summary", "Standing")
    amounts = {row["Standing"]: row["Amount (Rp)"] for row in standings}
    assert amounts["Paid by virtual account"] == 100_007
    assert amounts["Paid outside virtual accounts"] == 100_008
    assert total["Amount (Rp)"] == amounts["Not yet due"] + amounts["Overdue"]
    _, details = sheets.table("Details", "Invoice no.")
    assert details["Unpaid (Rp)"] == total["Amount (Rp)"]
    assert details["By virtual account (Rp)"] == 100_007
    assert details["Outside virtual accounts (Rp)"] == 100_008


def test_school_report_sums_by_class_and_fee(ticking: Clock) -> None:
    for index in range(6):
        student = {"nis": f"N{index}", "class_name": f"{7 + index % 2}A"}
        invoice = Invoice(index, BEFORE, SCHOOL, student=student, fee_type="SPP", amount=100, due_date="2026-12-01")
        if index < 3:
            invoice.pay(NOW - timedelta(days=1))
    sheets = Sheets(fetch(order("payments", biller_id=SCHOOL.biller_id, language="en"), SCHOOL.biller_id))
    rows, total = sheets.table("Summary", "Class")
    assert [(row["Class"], row["By virtual account (Rp)"], row["Unpaid (Rp)"]) for row in rows] == [
        ("7A", 200, 100),
        ("8A", 100, 200),
    ]
    assert (total["Total (Rp)"], total["Count"]) == (600, 6)
    chosen = fetch(order("payments", biller_id=SCHOOL.biller_id, language="en", class_name="8A"), SCHOOL.biller_id)
    _, total = Sheets(chosen).table("Details", "Invoice no.")
    assert total["Billed (Rp)"] == 300


def test_money_received_agrees_with_payments_and_lists_refused_attempts_apart(ticking: Clock) -> None:
    make_history()
    scenario.refuse_payment(scenario.va_of(1), 5, NOW - timedelta(days=1))
    report = fetch(order("collections", language="en", since="2026-11-01", until="2026-11-27"))
    sheets = Sheets(report)
    days, total = sheets.table("Summary", "Date")
    assert [(day["Date"].date(), day["Total (Rp)"], day["Reversed by the bank (Rp)"]) for day in days] == [
        (date(2026, 11, 22), 0, 100_010),
        (date(2026, 11, 24), 100_007, 0),
        (date(2026, 11, 25), 100_008, 0),
    ]
    assert total["Total (Rp)"] == 200_015
    rows, details_total = sheets.table("Details", "Accepted at")
    assert len(rows) == 3
    assert details_total["Amount (Rp)"] == 200_015
    refused, _ = sheets.table("Refused attempts", "Refused at")
    assert [(row["Amount (Rp)"], row["Why refused"]) for row in refused] == [(5, "wrong_amount")]


def test_report_shows_the_instant_at_which_it_was_asked_for(ticking: Clock) -> None:
    """Whatever happens until it is made, and while it is made."""
    paid_later, archived_later, reversed_later = (Invoice(index, BEFORE, due_date="2026-11-01") for index in (1, 2, 3))
    reversed_later.pay(NOW - timedelta(hours=1))
    asked = command("request_report", kind="payments", language="en")
    ticking.advance(seconds=3)
    Invoice(4, ticking.instant)
    paid_later.pay(ticking.instant)
    archived_later.archive(ticking.instant)
    reversed_later.reverse(ticking.instant)
    assert scenario.build(*scenario.receive(get_settings().report_queue_url)) == []
    standings, total = Sheets(fetch(asked["report_id"])).table("Summary", "Standing")
    assert {row["Standing"]: row["Count"] for row in standings if row["Count"]} == {
        "Overdue": 2,
        "Paid by virtual account": 1,
    }
    assert total["Count"] == 3


def test_invoice_that_moves_during_the_walk_is_counted_once_as_last_seen(
    ticking: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seen open, then paid before the walk comes to the paid ones; its payment carries an earlier instant."""
    made = [Invoice(index, BEFORE, due_date="2026-11-01") for index in range(1, 6)]
    walk = invoices.walk_status

    def walk_and_move(biller_id: str, status: Any, *rest: Any) -> Any:
        yield from walk(biller_id, status, *rest)
        if status == "open":
            for invoice in made[:3]:
                invoice.pay(NOW - timedelta(seconds=1))
        if status == "paid":
            made[0].reverse(NOW - timedelta(seconds=1))

    monkeypatch.setattr(invoices, "walk_status", walk_and_move)
    rows, totals = Sheets(fetch(order("invoices", language="en"))).table("Details", "Invoice no.")
    assert sorted(row["Standing"] for row in rows) == [
        "Archived",
        "Overdue",
        "Overdue",
        "Paid by virtual account",
        "Paid by virtual account",
    ]
    assert totals["Amount (Rp)"] == sum(100_000 + index for index in range(1, 6))


def test_text_that_programs_take_for_formulas_is_neutralised(ticking: Clock) -> None:
    names = ["=1+1", "+62811", "-5", "@SUM(A1)", "\t=cmd", "\r=cmd", "Budi"]
    for index, name in enumerate(names):
        Invoice(index, BEFORE, payer_name=name, description=name)
    sheets = Sheets(fetch(order("invoices", language="en")))
    cells = [row for row in sheets.book["Details"].iter_rows() if str(row[0].value).startswith("INV-")]
    assert [row[2].value for row in cells] == [*names[:4], " =cmd", " =cmd", "Budi"]
    assert all(row[2].data_type != "f" for row in cells)
    assert [row[2].quotePrefix for row in cells] == [True] * 6 + [False]
    rows = scenario.read_csv(fetch(order("invoices", "csv", language="en")))
    shown = [row[2] for row in rows if row and row[0].startswith("INV-")]
    assert shown == ["'=1+1", "'+62811", "'-5", "'@SUM(A1)", "' =cmd", "' =cmd", "Budi"]


def test_csv_has_heading_filter_and_totals_and_the_same_sums(ticking: Clock) -> None:
    make_history()
    rows = scenario.read_csv(fetch(order("payments", "csv", due_to="2026-11-30")))
    assert rows[0] == ["Laporan pembayaran"]
    assert rows[1] == ["Perusahaan/sekolah", SHOP.name]
    assert rows[2][1] == "27/11/2026 10:00:00 (Asia/Jakarta)"
    assert rows[3] == ["Saringan", "jatuh tempo sampai 30/11/2026"]
    head = next(place for place, row in enumerate(rows) if row and row[0] == "No. tagihan")
    column = rows[head].index("Belum dibayar (Rp)")
    *details, total = rows[head + 1 :]
    assert total[0] == "Jumlah"
    assert int(total[column]) == sum(int(row[column]) for row in details) > 0


def test_pdf_holds_the_summary(ticking: Clock) -> None:
    make_history()
    content = fetch(order("payments", "pdf"))
    assert content.startswith(b"%PDF-")
    assert len(content) < 50_000


@pytest.mark.parametrize("kind", ["invoices", "payments", "collections", "status", "transactions"])
@pytest.mark.parametrize("file_format", ["xlsx", "csv", "pdf"])
def test_biller_without_anything_gets_an_empty_report(kind: str, file_format: str, ticking: Clock) -> None:
    period = {"since": "2026-11-01", "until": "2026-11-27"} if kind in ("collections", "status", "transactions") else {}
    assert fetch(order(kind, file_format, **period))


# --- notices -------------------------------------------------------------------------------------------------------


def settle(ref: Any, state: str, **more: str) -> None:
    boto3.resource("dynamodb").Table(get_settings().notices_table).update_item(
        Key={"pk": f"{ref.bank_code}#{ref.va_number}", "sk": ref.notice_id},
        UpdateExpression="SET #state = :state" + "".join(f", {name} = :{name}" for name in more),
        ExpressionAttributeNames={"#state": "state"},
        ExpressionAttributeValues={":state": state, **{f":{name}": value for name, value in more.items()}},
    )


def test_status_report_tells_per_invoice_and_channel_how_far_its_notices_came(ticking: Clock) -> None:
    shop = replace(SHOP, channels=tuple(Channel))
    first = {ref.notice_id.split("-")[1]: ref for ref in issue(1, biller=shop)}
    issue(2, biller=shop)
    Invoice(3, NOW, recipients=[])
    Invoice(4, NOW - timedelta(days=9))
    settle(first["email"], "delivered", delivered_at=clock.to_text(NOW))
    settle(first["sms"], "bounced", reason="no_such_number")
    period = {"since": "2026-11-27", "until": "2026-11-27"}
    sheets = Sheets(fetch(order("status", language="en", **period)))
    rows, totals = sheets.table("Details", "Invoice no.")
    assert len(rows) == 3 + 3 + 1
    email = next(row for row in rows if row["Invoice no."] == "INV-0001" and row["Channel"] == "E-mail")
    assert (email["Messages"], email["Arrived"], email["Last state"]) == (1, 1, "Delivered")
    sms = next(row for row in rows if row["Invoice no."] == "INV-0001" and row["Channel"] == "SMS")
    assert (sms["Failed"], sms["Last state"], sms["Reason"]) == (1, "Address takes nothing", "no_such_number")
    (alone,) = (row for row in rows if row["Invoice no."] == "INV-0003")
    assert (alone["Channel"], alone["Messages"]) == ("no notice", 0)
    assert (totals["Messages"], totals["Arrived"], totals["Failed"], totals["Waiting"]) == (6, 1, 1, 4)
    channels, summary = sheets.table("Summary", "Channel")
    assert {row["Channel"]: row["Arrival rate"] for row in channels} == {
        "E-mail": "50.0 %",
        "WhatsApp": "0.0 %",
        "SMS": "0.0 %",
    }
    assert summary["Messages"] == 6


def test_transaction_report_lists_every_notice_of_the_period_by_time_and_masks_addresses(ticking: Clock) -> None:
    refs = []
    for index in range(102):
        ticking.advance(seconds=1)
        refs += issue(index, biller=replace(SHOP, channels=(Channel.EMAIL,)))
    settle(refs[0], "failed", reason="MessageRejected")
    ticking.advance(days=1)
    issue(999)
    ticking.advance(minutes=1)
    sheets = Sheets(fetch(order("transactions", language="en", since="2026-11-27", until="2026-11-27")))
    rows, totals = sheets.table("Details", "Created at")
    assert len(rows) == 102
    assert [row["Invoice no."] for row in rows] == [f"INV-{index:04d}" for index in range(102)]
    assert rows[0]["Recipient"] == "s***@example.com"
    assert rows[0]["Reason"] == "MessageRejected"
    assert totals["Invoice no."] == "102 notices"
    counts, total = sheets.table("Summary", "Kind")
    assert {(row["State"], row["Count"]) for row in counts} == {("Failed", 1), ("Waiting", 101)}
    assert total["Count"] == 102


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_state_kind_and_channel_has_a_word(language: str) -> None:
    for what, values in (("state", NoticeState), ("kind", NoticeKind), ("channel", Channel)):
        for value in values:
            assert text(f"reports.{what}.{value}", language)


# --- life ----------------------------------------------------------------------------------------------------------


def test_report_made_twice_is_one_report_with_one_file(ticking: Clock) -> None:
    make_history()
    asked = command("request_report", kind="invoices")
    (message,) = scenario.receive(get_settings().report_queue_url)
    assert scenario.build(message, message) == []
    first = command("describe_report", report_id=asked["report_id"])
    assert scenario.build(message, received=3) == []
    assert (
        command("describe_report", report_id=asked["report_id"])["file"].split("X-Amz")[0]
        == (first["file"].split("X-Amz")[0])
    )
    assert first["state"] == "done"
    assert first["rows"] == 11


def test_failed_report_shows_as_failed_and_a_late_success_counts(
    ticking: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = command("request_report", kind="invoices")
    (message,) = scenario.receive(get_settings().report_queue_url)
    write = building.write_report

    def fail(*_: Any) -> int:
        raise OSError("no space left")

    monkeypatch.setattr(building, "write_report", fail)
    assert scenario.build(message, received=1) == ["message-0"]
    assert command("describe_report", report_id=asked["report_id"])["state"] == "running"
    assert scenario.build(message, received=3) == ["message-0"]
    shown = command("describe_report", report_id=asked["report_id"])
    assert (shown["state"], shown["failure"]) == ("failed", "failed")
    assert "file" not in shown
    # An operator moves it back from the dead-letter queue, the cause mended.
    monkeypatch.setattr(building, "write_report", write)
    assert scenario.build(message, received=3) == []
    assert command("describe_report", report_id=asked["report_id"])["state"] == "done"


def test_report_that_nobody_made_in_time_shows_as_failed(ticking: Clock) -> None:
    asked = command("request_report", kind="invoices")
    ticking.advance(hours=2, seconds=1)
    shown = command("describe_report", report_id=asked["report_id"])
    assert (shown["state"], shown["failure"]) == ("failed", "timed_out")


def test_report_whose_file_has_expired_gives_no_link(ticking: Clock) -> None:
    report_id = order("invoices")
    ticking.advance(days=31)
    shown = command("describe_report", report_id=report_id)
    assert shown["state"] == "expired"
    assert "file" not in shown


def test_another_billers_report_looks_like_none(ticking: Clock) -> None:
    report_id = order("invoices")
    answer = command("describe_report", SCHOOL.biller_id, report_id=report_id)
    assert answer["error"]["code"] == "report_not_found"
    assert command("list_reports", SCHOOL.biller_id) == {"reports": []}


def test_reports_are_listed_newest_first_in_pages(ticking: Clock) -> None:
    made = []
    for _ in range(27):
        # Those before are past their deadline, so that one more may be asked for.
        ticking.advance(hours=3)
        made.append(command("request_report", kind="invoices")["report_id"])
    page = command("list_reports")
    rest = command("list_reports", cursor=page["cursor"])
    assert [shown["report_id"] for shown in page["reports"] + rest["reports"]] == made[::-1]
    assert "cursor" not in rest


def test_biller_may_have_five_reports_in_the_making(ticking: Clock) -> None:
    for _ in range(5):
        ticking.advance(seconds=1)
        assert "error" not in command("request_report", kind="invoices")
    assert command("request_report", kind="invoices")["error"]["code"] == "too_many_reports"


@pytest.mark.parametrize(
    ("members", "detail"),
    [
        ({"kind": "status"}, "since, until"),
        ({"kind": "invoices", "since": "2026-11-01", "until": "2026-11-02"}, "since, until"),
        ({"kind": "status", "since": "2026-11-02", "until": "2026-11-01"}, "since, until"),
        ({"kind": "status", "since": "2026-11-01", "until": "2026-11-28"}, "since, until"),
        ({"kind": "transactions", "since": "2025-11-01", "until": "2026-11-27"}, "since, until"),
        ({"kind": "invoices", "due_from": "2026-11-02", "due_to": "2026-11-01"}, "due_from, due_to"),
        (
            {"kind": "collections", "since": "2026-11-01", "until": "2026-11-01", "class_name": "7A"},
            "due_from, due_to, upload_id, class_name, fee_type",
        ),
    ],
)
def test_report_that_makes_no_sense_is_refused(members: dict[str, Any], detail: str, ticking: Clock) -> None:
    error = command("request_report", **members)["error"]
    assert (error["code"], error["detail"]) == ("report_request", detail)
    assert set(error["message"]) == {"id", "en"}


@pytest.mark.parametrize("members", [{"kind": "everything"}, {"kind": "invoices", "format": "doc"}, {"kind": 1}])
def test_command_that_is_none_is_refused(members: dict[str, Any], ticking: Clock) -> None:
    assert command("request_report", **members)["error"]["code"] == "bad_command"


# --- schedules -----------------------------------------------------------------------------------------------------


def tick() -> dict[str, int]:
    return schedule_handler.handle({}, FakeContext())


def test_schedule_makes_its_report_once_each_period_and_mails_the_link(ticking: Clock) -> None:
    made = command(
        "create_schedule", kind="transactions", every="week", send_to=["ani@example.com", "tono@example.com"]
    )
    assert made["next_at"] == "2026-11-29T23:00:00.000Z"  # Monday, six o'clock in Jakarta
    assert tick()["queued"] == 0
    ticking.instant = datetime(2026, 11, 30, 0, 0, tzinfo=UTC)
    assert tick()["queued"] == 1
    assert tick()["queued"] == 0
    messages = scenario.receive(get_settings().report_queue_url)
    assert scenario.build(*messages) == []
    (shown,) = command("list_reports")["reports"]
    assert (shown["since"], shown["until"], shown["state"]) == ("2026-11-23", "2026-11-29", "done")
    bodies = scenario.receive(get_settings().report_mail_queue_url)
    assert len(bodies) == 1
    event = make_sqs_event(['{"biller_id": "toko-sinar", "report_id": "' + shown["report_id"] + '"}'])
    assert report_mail_handler.handle(event, FakeContext()) == {"batchItemFailures": []}
    assert report_mail_handler.handle(event, FakeContext()) == {"batchItemFailures": []}
    mails = EMAIL.mailbox()
    assert [mail.destinations["ToAddresses"] for mail in mails] == [["ani@example.com"], ["tono@example.com"]]
    assert "reports/toko-sinar/" in mails[0].body
    assert "is ready" in mails[0].body
    assert "sudah siap" in mails[0].body


def test_missed_runs_are_made_up_for_by_the_last_one(ticking: Clock) -> None:
    command("create_schedule", kind="transactions", every="day", send_to=["ani@example.com"])
    ticking.advance(days=9)
    assert tick()["queued"] == 1
    (shown,) = command("list_reports")["reports"]
    assert (shown["since"], shown["until"]) == ("2026-12-05", "2026-12-05")


def test_ended_schedule_and_suspended_biller_get_no_report(ticking: Clock) -> None:
    ended = command("create_schedule", kind="payments", every="day", send_to=["ani@example.com"])
    command("create_schedule", SCHOOL.biller_id, kind="payments", every="day", send_to=["ani@example.com"])
    assert command("end_schedule", schedule_id=ended["schedule_id"]) == {"schedule_id": ended["schedule_id"]}
    assert command("end_schedule", schedule_id=ended["schedule_id"])["error"]["code"] == "schedule_not_found"
    assert command("list_schedules") == {"schedules": []}
    table = boto3.resource("dynamodb").Table(get_settings().billers_table)
    table.update_item(
        Key={"pk": SCHOOL.biller_id},
        UpdateExpression="SET #state = :state",
        ExpressionAttributeNames={"#state": "state"},
        ExpressionAttributeValues={":state": BillerState.SUSPENDED},
    )
    ticking.advance(days=2)
    assert tick() == {"queued": 0, "failed": 0}


def test_mail_with_a_dashboard_links_to_its_page_and_holds_no_file(
    ticking: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DASHBOARD_ORIGIN", "https://tagihan.example.com")
    get_settings.cache_clear()
    command("create_schedule", kind="payments", every="day", send_to=["ani@example.com"])
    ticking.advance(days=1)
    tick()
    scenario.build(*scenario.receive(get_settings().report_queue_url))
    (message,) = scenario.receive(get_settings().report_mail_queue_url)
    report = reports.load_report(message["biller_id"], message["report_id"])
    event = make_sqs_event([f'{{"biller_id": "toko-sinar", "report_id": "{report.report_id}"}}'])
    assert report_mail_handler.handle(event, FakeContext()) == {"batchItemFailures": []}
    (mail,) = EMAIL.mailbox()
    assert f"https://tagihan.example.com/reports/{report.report_id}" in mail.body
    assert "X-Amz" not in mail.body


FIVE = [f"person{number}@example.com" for number in range(5)]


@pytest.fixture
def mail_event(ticking: Clock) -> dict[str, Any]:
    """The message that five people are to be told of a report."""
    command("create_schedule", kind="payments", every="day", send_to=FIVE)
    ticking.advance(days=1)
    tick()
    scenario.build(*scenario.receive(get_settings().report_queue_url))
    (message,) = scenario.receive(get_settings().report_mail_queue_url)
    return make_sqs_event([json.dumps(message)])


def deliver_mail(event: dict[str, Any], ticking: Clock, milliseconds_left: int = 30_000) -> bool:
    """Whether the message is done with; the queue shows it again when the claim of its last run is old."""
    ticking.advance(minutes=3)
    context = FakeContext()
    context.get_remaining_time_in_millis = lambda: milliseconds_left  # type: ignore[method-assign]
    return report_mail_handler.handle(event, context) == {"batchItemFailures": []}


def list_told() -> list[str]:
    return [address for mail in EMAIL.mailbox() for address in mail.destinations["ToAddresses"]]


@pytest.mark.parametrize("act", [refuse(429, "TooManyRequestsException"), fail(ConnectionClosedError(endpoint_url=""))])
def test_address_that_could_not_be_told_is_told_later_and_nobody_twice(
    mail_event: dict[str, Any], ticking: Clock, act: Callable[[], Any]
) -> None:
    with ses_does(*[lambda: None] * 3, act):
        assert not deliver_mail(mail_event, ticking)
    assert sorted(list_told()) == [FIVE[0], FIVE[1], FIVE[2], FIVE[4]]
    assert deliver_mail(mail_event, ticking)
    assert deliver_mail(mail_event, ticking)
    assert sorted(list_told()) == FIVE


def test_address_whose_call_ends_ambiguously_is_asked_for_twice_and_no_more(
    mail_event: dict[str, Any], ticking: Clock
) -> None:
    unclear = fail(ConnectionClosedError(endpoint_url=""))
    with ses_does(unclear, *[lambda: None] * 4, unclear) as calls:
        assert not deliver_mail(mail_event, ticking)
        assert deliver_mail(mail_event, ticking)
        assert deliver_mail(mail_event, ticking)
    assert [call["Destination"]["ToAddresses"][0] for call in calls] == [*FIVE, FIVE[0]]


def test_run_without_time_for_all_tells_the_rest_by_the_next(mail_event: dict[str, Any], ticking: Clock) -> None:
    assert not deliver_mail(mail_event, ticking, milliseconds_left=13_000)
    assert list_told() == []
    kill = faults.CallCounter([dynamodb.client()], faults.kill, 4, after=True)
    with kill.installed(), pytest.raises(faults.Killed):
        deliver_mail(mail_event, ticking)
    told = list_told()
    assert deliver_mail(mail_event, ticking)
    # The one that was told when the run died may be told again, and nobody else.
    assert len(list_told()) - len(FIVE) <= 1
    assert set(list_told()) == set(FIVE)
    assert told


# --- reading -------------------------------------------------------------------------------------------------------


def test_pages_read_in_bulk_hold_what_boto3_reads(ticking: Clock) -> None:
    made = [Invoice(index, BEFORE) for index in range(5)]
    table = get_settings().invoices_table
    keys = [{"pk": {"S": invoice.item["pk"]}, "sk": {"S": "current"}} for invoice in made]
    plain = boto3.client("dynamodb").batch_get_item(RequestItems={table: {"Keys": keys}})["Responses"][table]
    in_bulk = list(bulk.get_items(table, keys))
    assert sorted(in_bulk, key=lambda item: item["pk"]["S"]) == sorted(plain, key=lambda item: item["pk"]["S"])
    condition, values = "pk = :pk", {":pk": {"S": made[0].item["pk"]}}
    ((items, after),) = bulk.query_pages(table, condition, values)
    assert after is None
    assert items == [item for item in plain if item["pk"]["S"] == made[0].item["pk"]]
    with pytest.raises(bulk.client().exceptions.ResourceNotFoundException):
        next(bulk.query_pages("no-such-table", condition, values))
