"""The bank's settlement file against our payments: every kind of difference, files that come again, and bad files."""

import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from infra.local.settlement_files import DIFFERENCES, SettledPayment, distort, settle_postings, write_settlement
from invoicing import archiving, clock, reconciling, settlements
from invoicing.errors import ChangedMeanwhileError
from invoicing.reconciliation import Result
from invoicing.settings import get_settings
from invoicing.store import audit, bulk, files, reconciliations
from invoicing.store.invoices import load_current_invoice
from report import reconcile, reconcile_command_handler, reconcile_handler
from tests import hostile_workbooks
from tests.integration import report_scenario as scenario
from tests.integration.conftest import Aws
from tests.integration.faults import CallCounter, Killed, kill
from tests.integration.invoice_scenario import pay_at_bank
from tests.integration.report_scenario import Clock, Invoice, Sheets
from tests.integration.scenario import SHOP, FakeContext, dump_tables, register

NOW = datetime(2026, 11, 27, 3, 0, 0, tzinfo=UTC)
YESTERDAY = NOW - timedelta(days=1)


@pytest.fixture
def ticking(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    register(SHOP)
    with scenario.frozen_clock(monkeypatch, NOW) as frozen:
        yield frozen


def pay_bills(count: int, when: datetime = YESTERDAY) -> list[Invoice]:
    made = [Invoice(index, when - timedelta(days=9)) for index in range(1, count + 1)]
    for place, invoice in enumerate(made):
        invoice.pay(when + timedelta(minutes=place))
    return made


def drop(content: bytes, name: str = "settlement.csv", bank: str = "028") -> None:
    """Put a file where the bank puts it, and let the real handler take it."""
    key = f"settlements/{bank}/{name}"
    put = files.client().put_object(Bucket=get_settings().inbox_bucket, Key=key, Body=content)
    redeliver(key, put["VersionId"])


def redeliver(key: str, version: str | None = None) -> None:
    record = {"s3": {"object": {"key": key} | ({"versionId": version} if version else {})}}
    reconcile_handler.handle({"Records": [record]}, FakeContext())


def write(lines: list[SettledPayment], folder: Path, kind: str = "csv") -> bytes:
    return write_settlement(lines, folder / f"made.{kind}").read_bytes()


def command(operation: str, user_id: str = "rina", **members: Any) -> dict[str, Any]:
    return reconcile_command_handler.handle({"operation": operation, "user_id": user_id, **members}, FakeContext())


def list_files() -> list[dict[str, Any]]:
    files: list[dict[str, Any]] = command("list_reconciliations")["files"]
    return files


def list_lines(result: Result) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = command("list_lines", result=result)["lines"]
    return lines


def count_results(file: dict[str, Any]) -> dict[str, tuple[int, int]]:
    return {name: (given["count"], given["amount"]) for name, given in file["results"].items() if given["count"]}


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_every_kind_of_difference_is_found_with_its_rupiah(kind: str, ticking: Clock, tmp_path: Path) -> None:
    made = pay_bills(6)
    unpaid = Invoice(50, YESTERDAY - timedelta(days=9))
    outside = Invoice(51, YESTERDAY - timedelta(days=9))
    outside.pay(YESTERDAY, outside=True)
    lines = settle_postings(invoice.posting for invoice in made)
    lines = distort(lines, DIFFERENCES, [(unpaid.va_number, unpaid.draft["amount"])])
    moment = lines[-1].paid_at
    lines.append(SettledPayment(outside.va_number, outside.draft["amount"], moment, "TWICE"))
    drop(write(lines, tmp_path, kind), f"settlement.{kind}")
    (file,) = list_files()
    assert (file["state"], file["day"], file["lines"]) == ("done", "2026-11-26", len(lines))
    # Bills of 100,001 to 100,006: 1 is missing there, 2 differs by a rupiah, 3 has a double, 4 was reversed.
    assert count_results(file) == {
        "matched": (4, 100_003 + 100_004 + 100_005 + 100_006),
        "missing_here": (1, 100_050),
        "amount_differs": (1, 100_003),
        "duplicate": (1, 100_003),
        "unidentified": (2, 123_456 + 100_051),
        "reversed": (1, 100_004),
        "waiting": (1, 100_001),
        "unreadable": (1, 0),
    }
    assert {line["reason"] for line in list_lines(Result.UNIDENTIFIED)} == {"unknown_account", "paid_outside"}
    report = command("describe_reconciliation", file_hash=file["file_hash"])["report"]
    key = f"reports/_bank/028/{file['file_hash']}.xlsx"
    assert key in report
    content = boto3.client("s3").get_object(Bucket=get_settings().inbox_bucket, Key=key)["Body"].read()
    book = Sheets(content)
    summary, total = book.table("Ringkasan", "Hasil")
    assert {row["Hasil"]: row["Nilai (Rp)"] for row in summary}["Tak dikenal"] == 223_507
    all_lines = [row for row in book.book["Semua baris"].iter_rows(values_only=True) if row[1] == "Jumlah"]
    in_file = sum(
        line.amount if line.mark == "C" else -line.amount
        for line in lines
        if isinstance(line.amount, int) and line.reference != "BROKEN00001"
    )
    assert all_lines[0][5] == in_file
    assert total["Banyak"] == len(lines)


def test_same_file_again_by_name_or_by_redelivery_changes_nothing(ticking: Clock, tmp_path: Path) -> None:
    made = pay_bills(4)
    lines = distort(settle_postings(invoice.posting for invoice in made), ["missing_there", "unidentified"], [])
    content = write(lines, tmp_path)
    drop(content)
    before = dump_tables()
    ticking.advance(hours=1)
    redeliver("settlements/028/settlement.csv")
    drop(content, "the same again.csv")
    assert dump_tables() == before
    assert len(list_files()) == 1


def test_lines_that_stand_in_two_days_files_count_once(ticking: Clock, tmp_path: Path) -> None:
    made = pay_bills(3)
    unpaid = Invoice(50, YESTERDAY - timedelta(days=9))
    lines = settle_postings(invoice.posting for invoice in made)
    strange = distort(lines, ["unidentified", "missing_here"], [(unpaid.va_number, unpaid.draft["amount"])])
    drop(write(strange, tmp_path), "monday.csv")
    later = Invoice(9, YESTERDAY - timedelta(days=3))
    ticking.advance(days=1)
    later.pay(NOW + timedelta(hours=1))
    drop(write([*strange, *settle_postings([later.posting])], tmp_path), "tuesday.csv")
    tuesday, monday = list_files()
    assert count_results(monday)["unidentified"] == (1, 123_456)
    assert count_results(tuesday) == {"matched": (1, 100_009)}
    assert tuesday["seen_before"]["count"] == 5
    assert len(list_lines(Result.UNIDENTIFIED)) == 1
    assert len(list_lines(Result.MISSING_HERE)) == 1


def test_payment_that_the_days_file_lacks_waits_for_the_next_and_then_alarms(ticking: Clock, tmp_path: Path) -> None:
    early, late, never = pay_bills(3)
    lines = {invoice: settle_postings([invoice.posting])[0] for invoice in (early, late, never)}
    drop(write([lines[early]], tmp_path), "first.csv")
    assert [line["va_number"] for line in list_lines(Result.WAITING)] == [late.va_number, never.va_number]
    assert list_lines(Result.MISSING_THERE) == []
    next_day = Invoice(9, YESTERDAY)
    next_day.pay(NOW)
    drop(write([lines[late], *settle_postings([next_day.posting])], tmp_path), "second.csv")
    assert list_lines(Result.WAITING) == []
    (missing,) = list_lines(Result.MISSING_THERE)
    assert (missing["va_number"], missing["our_amount"]) == (never.va_number, 100_003)
    # The bank finds it a week later.
    drop(write([lines[never]], tmp_path), "third.csv")
    ticking.advance(days=1)
    fourth = Invoice(10, NOW)
    fourth.pay(ticking.instant)
    drop(write(settle_postings([fourth.posting]), tmp_path), "fourth.csv")
    assert list_lines(Result.MISSING_THERE) == []


def settle_next_day(ticking: Clock, tmp_path: Path, index: int, name: str, *more: SettledPayment) -> dict[str, Any]:
    """The file of the day after, with a payment of its own; what came of it."""
    ticking.advance(days=1)
    later = Invoice(index, ticking.instant)
    later.pay(ticking.instant)
    drop(write([*more, *settle_postings([later.posting])], tmp_path), name)
    return list_files()[0]


def test_missing_payment_is_counted_and_listed_once(ticking: Clock, tmp_path: Path) -> None:
    early, _never = pay_bills(2)
    drop(write(settle_postings([early.posting]), tmp_path), "first.csv")
    assert count_results(list_files()[0]) == {"matched": (1, 100_001), "waiting": (1, 100_002)}
    file = settle_next_day(ticking, tmp_path, 9, "second.csv")
    assert count_results(file) == {"matched": (1, 100_009), "missing_there": (1, 100_002)}
    file = settle_next_day(ticking, tmp_path, 10, "third.csv")
    assert count_results(file) == {"matched": (1, 100_010), "missing_there": (1, 100_002)}
    key = f"reports/_bank/028/{file['file_hash']}.xlsx"
    content = boto3.client("s3").get_object(Bucket=get_settings().inbox_bucket, Key=key)["Body"].read()
    book = Sheets(content)
    _, ours = book.table("Ringkasan", "Hasil", title="Pembayaran kami menurut hasil")
    assert (ours["Banyak"], ours["Nilai (Rp)"]) == (1, 100_002)
    rows = [row for row in book.book["Perlu tindakan"].iter_rows(values_only=True) if row[1] == "Tidak ada di bank"]
    assert [row[6] for row in rows] == [100_002]


def test_missing_payment_is_counted_whatever_the_index_has_not_yet(
    ticking: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    early, _never = pay_bills(2)
    monkeypatch.setattr(reconciliations, "list_waiting", lambda *_: iter(()))
    drop(write(settle_postings([early.posting]), tmp_path), "first.csv")
    assert count_results(list_files()[0]) == {"matched": (1, 100_001), "waiting": (1, 100_002)}
    file = settle_next_day(ticking, tmp_path, 9, "second.csv")
    assert count_results(file) == {"matched": (1, 100_009), "missing_there": (1, 100_002)}


def test_missing_payment_that_went_back_is_missed_no_more(ticking: Clock, tmp_path: Path) -> None:
    early, never = pay_bills(2)
    drop(write(settle_postings([early.posting]), tmp_path), "first.csv")
    settle_next_day(ticking, tmp_path, 9, "second.csv")
    assert len(list_lines(Result.MISSING_THERE)) == 1
    never.reverse(ticking.instant)
    file = settle_next_day(ticking, tmp_path, 10, "third.csv")
    assert count_results(file) == {"matched": (1, 100_010)}
    assert list_lines(Result.MISSING_THERE) == []


def test_line_dated_after_today_is_unreadable_and_moves_no_day(ticking: Clock, tmp_path: Path) -> None:
    made = pay_bills(3)
    drop(write(settle_postings([made[0].posting]), tmp_path), "first.csv")
    typo = SettledPayment("8808199000000001", 5_000, datetime(2062, 11, 26, 3, tzinfo=UTC), "TYPO")
    drop(write([typo, *settle_postings([made[1].posting])], tmp_path), "second.csv")
    file = list_files()[0]
    assert file["day"] == "2026-11-26"
    assert count_results(file) == {"matched": (1, 100_002), "unreadable": (1, 0), "waiting": (1, 100_003)}
    assert list_lines(Result.MISSING_THERE) == []
    key = f"reports/_bank/028/{file['file_hash']}.xlsx"
    content = boto3.client("s3").get_object(Bucket=get_settings().inbox_bucket, Key=key)["Body"].read()
    rows = Sheets(content).book["Perlu tindakan"].iter_rows(values_only=True)
    # The fourth row of the file, under the title, an empty row and the heads.
    assert [row[0] for row in rows if row[1] == "Tak terbaca"] == [4]


def test_reversal_of_what_was_reversed_already_is_a_line_beside_the_settlement(ticking: Clock, tmp_path: Path) -> None:
    (paid,) = pay_bills(1)
    lines = settle_postings([paid.posting])
    drop(write(lines, tmp_path), "first.csv")
    ticking.advance(minutes=1)
    paid.reverse(ticking.instant)
    reversed_lines = distort(lines, ["reversed"], [])
    drop(write(reversed_lines, tmp_path), "second.csv")
    file = list_files()[0]
    assert file["state"] == "done"
    assert count_results(file) == {"matched": (1, 100_001)}
    assert (file["seen_before"]["count"], list_lines(Result.REVERSED)) == (1, [])


def test_large_file_is_written_by_the_hundred_and_its_retry_only_reads(
    ticking: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # moto's transactions are not to be had at once.
    monkeypatch.setattr(reconcile, "_AT_ONCE", 1)
    count = 500
    lines = [SettledPayment(f"8808199{i:09d}", 1_000 + i, YESTERDAY, f"REF{i}") for i in range(count)]
    content = write(lines, tmp_path)
    clients = [reconciliations.dynamodb.client(), bulk.client()]
    asked: Counter[str] = Counter()

    def count_call(model: Any, **_: Any) -> None:
        asked[model.name] += 1

    for client in clients:
        client.meta.events.register("before-call.dynamodb", count_call)
    try:
        # Everything is kept, but the run dies before its report.
        with monkeypatch.context() as dying:
            dying.setattr(reconcile_handler, "write_reconciliation_report", lambda *_: kill())
            with pytest.raises(Killed):
                drop(content)
        first = Counter(asked)
        asked.clear()
        drop(content)
    finally:
        for client in clients:
            client.meta.events.unregister("before-call.dynamodb", count_call)
    # A batch reads its accounts once, its settlements and lines twice, and is one transaction. Besides: the file.
    assert first["TransactWriteItems"] == count / 100
    assert first["BatchGetItem"] == 3 * count / 100
    assert first["PutItem"] == 1
    assert asked["TransactWriteItems"] == 0
    assert asked["BatchGetItem"] == 3 * count / 100
    total = sum(line.amount for line in lines if isinstance(line.amount, int))
    assert count_results(list_files()[0]) == {"unidentified": (count, total)}


def test_payment_after_the_cut_off_is_expected_in_the_next_days_file(ticking: Clock, tmp_path: Path) -> None:
    (evening,) = pay_bills(1, datetime(2026, 11, 26, 16, 30, tzinfo=UTC))  # 23:30 in Jakarta
    other = Invoice(5, YESTERDAY - timedelta(days=5))
    other.pay(YESTERDAY)
    drop(write(settle_postings([other.posting]), tmp_path))
    assert list_files()[0]["day"] == "2026-11-26"
    assert list_lines(Result.WAITING) == []
    assert evening.status == "paid"


def test_run_killed_at_any_call_is_finished_by_the_next_with_the_same_figures(ticking: Clock, tmp_path: Path) -> None:
    made = pay_bills(3)
    unpaid = Invoice(50, YESTERDAY - timedelta(days=9))
    lines = settle_postings(invoice.posting for invoice in made)
    lines = distort(lines, ["missing_there", "unidentified", "missing_here"], [(unpaid.va_number, 100_050)])
    content = write(lines, tmp_path)
    key = "settlements/028/settlement.csv"
    boto3.client("s3").put_object(Bucket=get_settings().inbox_bucket, Key=key, Body=content)
    clients = [reconciliations.dynamodb.client(), bulk.client()]
    for at in (1, 4, 6, 7, 9, 12, 30):
        with CallCounter(clients, kill, at, after=True).installed(), pytest.raises(Killed):
            redeliver(key)
    redeliver(key)
    (file,) = list_files()
    assert count_results(file) == {
        "matched": (2, 200_005),
        "missing_here": (1, 100_050),
        "unidentified": (1, 123_456),
        "waiting": (1, 100_001),
    }
    assert file["seen_before"]["count"] == 0


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        (b"", "form_columns"),
        (b"a,b,c\n1,2,3\n", "form_columns"),
        (b"\xff\xd8\xff\xe0 an image", "workbook_damaged"),
        (b"VA Number,Amount,Date\n" + b"1" * 5000, "workbook_damaged"),
        (b"VA Number,Amount,Date\n" + b"," * 100, "workbook_too_complex"),
        (b"PK\x03\x04 no zip", "file_truncated"),
    ],
    ids=["empty", "other columns", "image", "long cell", "wide", "broken zip"],
)
def test_file_that_cannot_be_used_is_refused_once_and_says_why(content: bytes, refusal: str, ticking: Clock) -> None:
    drop(content)
    drop(content)
    (file,) = list_files()
    assert (file["state"], file["refusal"]) == ("refused", refusal)


def test_refused_file_is_taken_once_the_form_is_set_right(ticking: Clock) -> None:
    (paid,) = pay_bills(1)
    content = f"Nomor,Nilai,Tgl\n{paid.va_number},100001,2026-11-26\n".encode()
    drop(content)
    assert list_files()[0]["refusal"] == "form_columns"
    command("set_settlement_format", columns={"va_number": "Nomor", "amount": "Nilai", "date": "Tgl"})
    drop(content)
    (file,) = list_files()
    assert (file["state"], "refusal" in file) == ("done", False)
    assert count_results(file) == {"matched": (1, 100_001)}


@pytest.mark.parametrize("name", ["gigabyte of rows", "lying size"])
def test_hostile_workbook_is_refused_by_guard_or_sandbox(name: str, ticking: Clock, tmp_path: Path) -> None:
    make, code = hostile_workbooks.REFUSED[name]
    make(tmp_path / "hostile.xlsx")
    drop((tmp_path / "hostile.xlsx").read_bytes(), "hostile.xlsx")
    assert list_files()[0]["refusal"] == code


def test_file_over_the_limit_is_never_opened(ticking: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SETTLEMENT_MAX_BYTES", "1000")
    get_settings.cache_clear()
    drop(b"x" * 1001)
    assert list_files()[0]["refusal"] == "file_too_large"


@pytest.mark.parametrize(("count", "refusal"), [(10, "form_too_many_lines"), (50, "workbook_too_complex")])
def test_file_of_more_lines_than_can_be_matched_in_time_is_refused_whole(
    count: int, refusal: str, ticking: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (settlements, reconcile):
        monkeypatch.setattr(module, "MAX_LINES", 9)
    lines = [SettledPayment(f"8808199{i:09d}", 1_000 + i, YESTERDAY, f"REF{i}") for i in range(count)]
    drop(write(lines, tmp_path))
    (file,) = list_files()
    assert (file["state"], file["refusal"]) == ("refused", refusal)
    assert list_lines(Result.UNIDENTIFIED) == []


@pytest.mark.parametrize("key", ["settlements/009/a.csv", "settlements/028/../a.csv", "settlements/028/a/b.csv"])
def test_file_of_another_bank_or_in_an_odd_place_is_left_alone(key: str, ticking: Clock) -> None:
    boto3.client("s3").put_object(Bucket=get_settings().inbox_bucket, Key=key, Body=b"x")
    redeliver(key)
    assert list_files() == []


def test_file_in_the_banks_own_form_is_read_as_set(ticking: Clock) -> None:
    (paid,) = pay_bills(1)
    answer = command(
        "set_settlement_format",
        columns={
            "va_number": "Nomor VA",
            "amount": "Nominal",
            "date": "Tgl Transaksi",
            "mark": "D/K",
            "reference": "Ref",
        },
        delimiter=";",
        date_form="%d/%m/%Y %H:%M",
        amount_form="indonesian",
        reversal_marks=["D"],
        cut_off="21:00",
        encoding="cp1252",
    )
    assert answer["delimiter"] == ";"
    line = f"26/11/2026 10:00;'{paid.va_number};REF000000001;Rp 100.001,00;K"
    drop(f"BANK\n\nTgl Transaksi;Nomor VA;Ref;Nominal;D/K\n{line}\n".encode("cp1252"))
    assert count_results(list_files()[0]) == {"matched": (1, 100_001)}


@pytest.mark.parametrize(
    "wrong",
    [
        {"columns": {"va_number": "VA", "amount": "Amount"}},
        {"columns": {"va_number": "VA", "amount": "va", "date": "Date"}},
        {"date_form": "%H:%M"},
        {"date_form": "%Q"},
    ],
)
def test_form_that_makes_no_sense_is_refused(wrong: dict[str, Any], ticking: Clock) -> None:
    members = {"columns": {"va_number": "VA", "amount": "Amount", "date": "Date"}} | wrong
    assert command("set_settlement_format", **members)["error"]["code"] == "settlement_format"


# --- acting on what was found --------------------------------------------------------------------------------------


def find_missing(ticking: Clock, tmp_path: Path) -> tuple[Invoice, dict[str, Any]]:
    unpaid = Invoice(50, YESTERDAY - timedelta(days=9))
    lines = distort([], ["missing_here"], [(unpaid.va_number, unpaid.draft["amount"])])
    drop(write(lines, tmp_path))
    (line,) = list_lines(Result.MISSING_HERE)
    return unpaid, {"va_number": line["va_number"], "line": line["line"]}


def test_payment_missing_here_is_posted_by_two_people_by_the_callbacks_transaction(
    ticking: Clock, tmp_path: Path
) -> None:
    unpaid, ids = find_missing(ticking, tmp_path)
    assert command("approve_line", **ids)["error"]["code"] == "settled_line_state"
    assert command("propose_line", reason="bank confirmed", **ids)["state"] == "proposed"
    assert command("approve_line", "rina", **ids)["error"]["code"] == "same_person"
    assert command("approve_line", "tono", **ids)["state"] == "posted"
    assert command("approve_line", "tono", **ids)["error"]["code"] == "settled_line_state"
    account = (
        boto3.resource("dynamodb")
        .Table(get_settings().virtual_accounts_table)
        .get_item(Key={"pk": f"028#{unpaid.va_number}"})["Item"]
    )
    assert (account["state"], account["paid_amount"], account["paid_by"]) == ("paid", 100_050, "028#LATEREQUEST1")
    assert list_lines(Result.MISSING_HERE) == []
    ticking.advance(minutes=1)
    report = scenario.fetch(scenario.order("payments", language="en"))
    _, total = Sheets(report).table("Details", "Invoice no.")
    assert total["By virtual account (Rp)"] == 100_050
    audit = boto3.resource("dynamodb").Table(get_settings().audit_table).scan()["Items"]
    assert {entry["action"] for entry in audit} == {"settle_line_proposed", "settle_line_posted", "post_payment"}


def test_approval_killed_after_the_posting_is_finished_by_its_repetition(ticking: Clock, tmp_path: Path) -> None:
    _, ids = find_missing(ticking, tmp_path)
    command("propose_line", reason="bank confirmed", **ids)
    client = reconciliations.dynamodb.client()
    for at in range(12):
        with CallCounter([client], kill, at, after=True).installed():
            try:
                answer = command("approve_line", "tono", **ids)
            except Killed:
                continue
        break
    assert answer.get("state") == "posted" or answer["error"]["detail"] == "posted"
    postings = boto3.resource("dynamodb").Table(get_settings().payments_table).scan()["Items"]
    assert [int(posting["amount"]) for posting in postings] == [100_050]


def test_bill_paid_meanwhile_is_not_paid_twice_by_an_approval(ticking: Clock, tmp_path: Path) -> None:
    unpaid, ids = find_missing(ticking, tmp_path)
    command("propose_line", reason="bank confirmed", **ids)
    unpaid.pay(NOW)
    answer = command("approve_line", "tono", **ids)["error"]
    assert (answer["code"], answer["detail"]) == ("settled_line_state", "paid")
    assert command("withdraw_line", reason="came by itself", **ids)["state"] == "open"
    assert command("resolve_line", note="the callback came late", **ids)["state"] == "resolved"
    assert list_lines(Result.MISSING_HERE) == []
    settle_next_day(ticking, tmp_path, 9, "second.csv")
    assert list_lines(Result.MISSING_THERE) == []


def test_payment_posted_by_two_people_is_settled_and_never_missed(ticking: Clock, tmp_path: Path) -> None:
    _, ids = find_missing(ticking, tmp_path)
    command("propose_line", reason="bank confirmed", **ids)
    assert command("approve_line", "tono", **ids)["state"] == "posted"
    for index, name in ((9, "second.csv"), (10, "third.csv")):
        file = settle_next_day(ticking, tmp_path, index, name)
        assert count_results(file) == {"matched": (1, 100_000 + index)}
    assert [list_lines(result) for result in (Result.WAITING, Result.MISSING_THERE, Result.MISSING_HERE)] == [[]] * 3


@pytest.mark.parametrize("is_proposed", [False, True])
def test_late_call_of_the_bank_settles_what_was_missing_here(is_proposed: bool, ticking: Clock, tmp_path: Path) -> None:
    unpaid, ids = find_missing(ticking, tmp_path)
    if is_proposed:
        command("propose_line", reason="bank confirmed", **ids)
    unpaid.pay(NOW)
    file = settle_next_day(ticking, tmp_path, 9, "second.csv")
    assert count_results(file) == {"matched": (1, 100_009)}
    file = settle_next_day(ticking, tmp_path, 10, "third.csv")
    assert count_results(file) == {"matched": (1, 100_010)}
    assert [list_lines(result) for result in (Result.WAITING, Result.MISSING_THERE, Result.MISSING_HERE)] == [[]] * 3
    kept = reconciliations.load_line("028", unpaid.va_number, "settled")
    assert kept is not None
    assert (kept["result"], kept["our_amount"], kept["payment_id"]) == (
        "matched",
        100_050,
        unpaid.posting["payment_id"],
    )


def test_late_call_then_the_same_line_again_counts_once_and_another_is_a_duplicate(
    ticking: Clock, tmp_path: Path
) -> None:
    unpaid = Invoice(50, YESTERDAY - timedelta(days=9))
    (line,) = distort([], ["missing_here"], [(unpaid.va_number, unpaid.draft["amount"])])
    drop(write([line], tmp_path), "first.csv")
    second = replace(line, reference="SECOND", paid_at=line.paid_at - timedelta(minutes=5))
    ticking.advance(minutes=1)
    drop(write([line, second], tmp_path), "again.csv")
    assert count_results(list_files()[0]) == {"duplicate": (1, 100_050)}
    unpaid.pay(NOW)
    file = settle_next_day(ticking, tmp_path, 9, "third.csv", line, second)
    assert count_results(file) == {"matched": (1, 100_009)}
    assert file["seen_before"] == {"count": 2, "amount": 200_100}
    assert [len(list_lines(result)) for result in (Result.MISSING_HERE, Result.DUPLICATE)] == [0, 1]


@pytest.mark.parametrize(("outside", "reason"), [(False, "archived"), (True, "paid_outside")])
def test_missing_money_of_a_bill_closed_meanwhile_fits_none(
    outside: bool, reason: str, ticking: Clock, tmp_path: Path
) -> None:
    unpaid, _ = find_missing(ticking, tmp_path)
    if outside:
        unpaid.pay(NOW, outside=True)
    else:
        unpaid.archive(NOW)
    settle_next_day(ticking, tmp_path, 9, "second.csv")
    assert list_lines(Result.MISSING_HERE) == []
    (line,) = list_lines(Result.UNIDENTIFIED)
    assert (line["va_number"], line["reason"]) == (unpaid.va_number, reason)


def test_money_given_back_leaves_the_settlement_to_the_payment_that_follows(ticking: Clock, tmp_path: Path) -> None:
    unpaid, ids = find_missing(ticking, tmp_path)
    resolved = command("resolve_line", note="returned to the payer", **ids)
    assert (resolved["state"], resolved["line"][:5]) == ("resolved", "line#")
    assert command("resolve_line", note="again", **ids)["error"]["code"] == "settled_line_not_found"
    first = Path(tmp_path, "made.csv").read_bytes()
    unpaid.pay(ticking.instant)
    file = settle_next_day(ticking, tmp_path, 9, "second.csv", *settle_postings([unpaid.posting]))
    assert count_results(file) == {"matched": (2, 100_009 + 100_050)}
    # The line that was given back comes once more, in a file of its own.
    ticking.advance(minutes=1)
    drop(first + b"\n", "first again.csv")
    file = list_files()[0]
    assert (count_results(file), file["seen_before"]["count"]) == ({}, 1)


def test_payment_after_money_given_back_is_missed_like_any_other(ticking: Clock, tmp_path: Path) -> None:
    unpaid, ids = find_missing(ticking, tmp_path)
    command("resolve_line", note="returned to the payer", **ids)
    unpaid.pay(NOW)
    settle_next_day(ticking, tmp_path, 9, "second.csv")
    assert [line["va_number"] for line in list_lines(Result.MISSING_THERE)] == [unpaid.va_number]


def let_numbers_begin_at(number: int) -> None:
    """The scenario gives its own numbers; the next one drawn must be none of them."""
    boto3.resource("dynamodb").Table(get_settings().counters_table).update_item(
        Key={"pk": f"028#{SHOP.company_code}"},
        UpdateExpression="SET #next = :free",
        ExpressionAttributeNames={"#next": "next"},
        ExpressionAttributeValues={":free": number},
    )


def test_reversed_money_is_handed_over_once_two_people_agree(ticking: Clock, tmp_path: Path) -> None:
    (paid,) = pay_bills(1)
    let_numbers_begin_at(5_000)
    drop(write(distort(settle_postings([paid.posting]), ["reversed"], []), tmp_path))
    (line,) = list_lines(Result.REVERSED)
    ids = {"va_number": line["va_number"], "line": line["line"]}
    command("propose_line", reason="cheque bounced", **ids)
    assert command("approve_line", "rina", **ids)["error"]["code"] == "same_person"
    assert command("approve_line", "tono", **ids)["state"] == "reversed"
    assert list_lines(Result.REVERSED) == []
    ticking.advance(minutes=1)
    sheets = Sheets(scenario.fetch(scenario.order("invoices", language="en")))
    rows, _ = sheets.table("Details", "Invoice no.")
    assert sorted((row["Standing"], row["Paid (Rp)"]) for row in rows) == [("Archived", None), ("Not yet due", None)]
    collected = scenario.fetch(scenario.order("collections", language="en", since="2026-11-26", until="2026-11-27"))
    _, total = Sheets(collected).table("Summary", "Date")
    assert (total["Total (Rp)"], total["Reversed by the bank (Rp)"]) == (0, 100_001)


@pytest.mark.parametrize("then", ["paid", "archived"])
def test_reversal_that_was_cut_off_is_finished_whatever_became_of_the_new_bill(
    ticking: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, then: str
) -> None:
    (paid,) = pay_bills(1)
    let_numbers_begin_at(5_000)
    drop(write(distort(settle_postings([paid.posting]), ["reversed"], []), tmp_path))
    (line,) = list_lines(Result.REVERSED)
    ids = {"va_number": line["va_number"], "line": line["line"]}
    command("propose_line", reason="cheque bounced", **ids)
    with monkeypatch.context() as broken:
        broken.setattr(reconciling, "_move", lambda *_, **__: kill())
        with pytest.raises(Killed):
            command("approve_line", "tono", **ids)
    reopened = load_current_invoice(SHOP.biller_id, line["number"])
    assert reopened is not None
    assert (reopened["status"], reopened["replaces"]) == ("open", line["va_number"])
    if then == "paid":
        assert pay_at_bank(
            SHOP.biller_id, line["number"], reopened["va_number"], reopened["amount"], "pay-after-reversal"
        )
    else:
        archiving.archive_invoice(SHOP.biller_id, line["number"], by="siti", reason="salah")
    assert command("approve_line", "tono", **ids)["state"] == "reversed"
    assert list_lines(Result.REVERSED) == []
    after = load_current_invoice(SHOP.biller_id, line["number"])
    assert (after["status"] if after else "archived") == then


def test_unidentified_money_is_closed_with_a_note_and_cannot_be_posted(ticking: Clock, tmp_path: Path) -> None:
    drop(write(distort([], ["unidentified"], []), tmp_path))
    (line,) = list_lines(Result.UNIDENTIFIED)
    ids = {"va_number": line["va_number"], "line": line["line"]}
    assert command("propose_line", reason="?", **ids)["error"]["code"] == "settled_line_state"
    resolved = command("resolve_line", note="returned to the payer", **ids)
    assert (resolved["state"], resolved["note"]) == ("resolved", "returned to the payer")
    assert list_lines(Result.UNIDENTIFIED) == []
    assert command("resolve_line", note="again", **ids)["error"]["code"] == "settled_line_state"


def test_matched_line_and_unknown_line_look_like_none(ticking: Clock, tmp_path: Path) -> None:
    (paid,) = pay_bills(1)
    drop(write(settle_postings([paid.posting]), tmp_path))
    for ids in ({"line": "settled"}, {"line": "missing_there"}):
        answer = command("resolve_line", note="x", va_number=paid.va_number, **ids)
        assert answer["error"]["code"] == "settled_line_not_found"


def test_instant_of_a_file_is_jakarta_time(ticking: Clock) -> None:
    drop(b"VA Number,Amount,Date,Time\n8808100000000001,5,2026-11-26,06:30:00\n")
    (line,) = list_lines(Result.UNIDENTIFIED)
    assert line["paid_at"] == clock.to_text(datetime(2026, 11, 25, 23, 30, tzinfo=UTC))


def test_long_account_number_in_a_number_cell_is_unreadable_not_rounded(ticking: Clock) -> None:
    from openpyxl import Workbook

    book = Workbook()
    book.active.append(["VA Number", "Amount", "Date"])
    book.active.append([8808100000000017, 5, datetime(2026, 11, 26)])  # noqa: DTZ001
    book.active.append(["8808100000000017", 5.5, datetime(2026, 11, 26)])  # noqa: DTZ001
    content = io.BytesIO()
    book.save(content)
    drop(content.getvalue(), "numbers.xlsx")
    assert count_results(list_files()[0]) == {"unreadable": (2, 0)}


def test_form_that_another_officer_set_meanwhile_is_not_overwritten(
    ticking: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def save(user_id: str) -> None:
        ticking.advance(minutes=1)
        at = clock.to_text(ticking.instant)
        reconciliations.save_format("028", settlements.SettlementFormat(), user_id=user_id, at=at)

    save("rini")
    build = audit.build_audit_write

    def build_after_the_other(*given: Any, **named: Any) -> Any:
        """Between reading the form and writing it."""
        monkeypatch.setattr(audit, "build_audit_write", build)
        save("tono")
        return build(*given, **named)

    monkeypatch.setattr(audit, "build_audit_write", build_after_the_other)
    with pytest.raises(ChangedMeanwhileError):
        save("wati")
    table = boto3.resource("dynamodb").Table(get_settings().reconciliations_table)
    assert table.get_item(Key={"pk": "028", "sk": "format"})["Item"]["set_by"] == "tono"
