"""Home, Status, Transaction Report and Report of the dashboard through the real handler, from real records."""

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from invoicing import clock, outside_payments, summaries
from invoicing.outside_payments import Method, OutsidePayment
from invoicing.reconciliation import Finding, Result
from invoicing.roles import Role
from invoicing.settings import get_settings
from invoicing.settlements import LineKind, SettlementLine
from invoicing.store import reconciliations, reports
from tests.integration.api_scenario import make_user
from tests.integration.conftest import Aws
from tests.integration.dashboard_scenario import Answer, sign_in_as, trust_tokens
from tests.integration.invoice_scenario import BANK, account, current, issue, pay_at_bank
from tests.integration.report_scenario import refuse_payment
from tests.integration.scenario import SCHOOL, SHOP, make_draft, make_waiting_upload, read_table, register


def make_student(index: int, class_name: str, due_date: str) -> dict[str, Any]:
    return make_draft(
        index,
        due_date=due_date,
        amount=350_000,
        student={"nis": f"1{index}", "class_name": class_name},
        payer_code=f"1{index}",
        fee_type="SPP",
        period="2026-09",
        school_year="2026/2027",
    )


@pytest.fixture(autouse=True)
def dashboard(aws: Aws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    register(SHOP, SCHOOL)
    make_user("siti", Role.MAKER)
    make_user("budi", Role.MAKER, Role.CHECKER)
    make_user("vera", Role.VIEWER)
    make_user("ani", Role.VIEWER, biller_id="sekolah-harapan")
    trust_tokens(monkeypatch)
    today = clock.today_in_jakarta()
    overdue, later = (today - timedelta(days=40)).isoformat(), (today + timedelta(days=40)).isoformat()
    issue(tmp_path, *[make_draft(index, due_date=due) for index, due in ((1, overdue), (2, later), (3, later))])
    students = [make_student(11, "7A", overdue), make_student(12, "7A", overdue), make_student(13, "8B", later)]
    issue(tmp_path, *students, biller=SCHOOL)
    make_waiting_upload(tmp_path, [make_draft(9)])
    assert pay_at_bank("toko-sinar", "INV-0003", current("INV-0003")["va_number"], 100_003)
    aws.become("DashboardFunction")


def count_figures() -> None:
    """What the report function does with the message that the page sends."""
    for biller in (SHOP, SCHOOL):
        summaries.refresh_summary(biller.biller_id)


def count_messages() -> int:
    """On their way to the report function; the queue hands them out moments later."""
    answer = boto3.client("sqs").get_queue_attributes(
        QueueUrl=get_settings().report_queue_url,
        AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed"],
    )
    return sum(map(int, answer["Attributes"].values()))


def read_figure(answer: Answer, label: str) -> str:
    match = re.search(rf"{label}(?:</a>)?</dt><dd>([^<]+)</dd>", answer.text)
    assert match, label
    return match[1]


class TestHome:
    def test_first_visit_has_the_figures_counted_and_the_page_watches_for_them(self) -> None:
        page = sign_in_as("vera").get("/")
        assert "sedang dihitung" in page.text
        assert 'data-watch="figures"' in page.text
        assert json.loads(sign_in_as("vera").get("/figures").text)["state"] == ""

    def test_money_adds_up_and_overdue_is_told_apart(self, aws: Aws) -> None:
        count_figures()
        page = sign_in_as("vera").get("/")
        assert read_figure(page, "Uang masuk 30 hari") == "Rp100.003"
        assert read_figure(page, "Belum dibayar") == "Rp200.003"
        assert read_figure(page, "Lewat jatuh tempo") == "Rp100.001"
        assert read_figure(page, "Lunas seluruhnya") == "Rp100.003"
        assert "data-watch" not in page.text

    def test_charts_say_in_text_what_they_draw(self) -> None:
        count_figures()
        page = sign_in_as("vera").get("/", lang="en").text
        ages = dict(re.findall(r'<span class="label">([^<]+)</span>.*?<span class="figure">(Rp[\d.]+)', page))
        assert ages["31-60 days"] == "Rp100.001"
        assert ages["Not due yet"] == "Rp100.002"
        assert "Show as a table" in page
        assert re.search(r'<svg class="days"[^>]*role="img" aria-label="[^"]+"', page)

    def test_checker_sees_what_waits_for_them_and_not_what_they_began(self) -> None:
        number = "INV-0002"
        payment = OutsidePayment(Method.CASH, 100_002)
        outside_payments.record_outside_payment("toko-sinar", number, payment, by="siti")
        waits = sign_in_as("budi").get("/").text
        assert "Rilis unggahan" in waits
        assert "Pembayaran menunggu persetujuan: INV-0002" in waits
        for user in ("siti", "vera"):
            assert "Menunggu Anda" not in sign_in_as(user).get("/").text
        outside_payments.reject_outside_payment("toko-sinar", number, by="siti", reason="x")
        outside_payments.record_outside_payment("toko-sinar", number, payment, by="budi")
        assert "INV-0002" not in sign_in_as("budi").get("/").text

    def test_school_sees_arrears_by_class_and_nothing_of_others(self) -> None:
        count_figures()
        page = sign_in_as("ani").get("/").text
        number = r'<td class="number"[^>]*>'
        rows = re.findall(rf'class=7A">7A</a></td>{number}(Rp[\d.]+)</td>{number}(\d+)', page)
        assert rows == [("Rp700.000", "2")]
        assert "tagihan.xlsx" in page
        assert "Tunggakan per kelas" not in sign_in_as("vera").get("/").text
        assert "Rp100.003" not in page


class TestDelivery:
    def test_status_shows_the_latest_message_of_each_invoice_by_channel(self) -> None:
        page = sign_in_as("vera").get("/status").text
        assert "INV-0001" in page
        assert "Dalam antrean" in page
        only_paid = sign_in_as("vera").get("/status", show="paid").text
        assert "INV-0003" in only_paid
        assert "INV-0001" not in only_paid
        assert "INV-0011" not in page, "of another biller"

    def test_status_pages_go_on_where_they_ended(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("dashboard.views.delivery._INVOICES", 2)
        first = sign_in_as("vera").get("/status").text
        match = re.search(r'href="\?after=([^"]+)"', first)
        assert match
        second = sign_in_as("vera").get("/status", after=match[1]).text
        assert [n for n in ("INV-0001", "INV-0002", "INV-0003") if n in first] == ["INV-0001", "INV-0002"]
        assert "INV-0003" in second

    def test_transactions_list_every_message_of_the_day_once_over_the_pages(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("dashboard.views.delivery._NOTICES", 3)
        stored = read_table(get_settings().notices_table)
        of_shop = [notice for notice in stored if notice["biller_id"] == "toko-sinar"]
        seen, query = 0, {}
        for _ in range(10):
            page = sign_in_as("vera").get("/transactions", **query).text
            seen += len(re.findall(r'<tr><td class="when"', page))
            assert "@example.com" not in page.replace("***@example.com", "")
            match = re.search(r'href="\?day=([\d-]+)&after=([^"]+)"', page)
            if match is None:
                break
            query = {"day": match[1], "after": match[2].replace("%3A", ":").replace("%23", "#")}
        assert seen == len(of_shop)

    def test_day_or_place_that_is_none_is_refused(self) -> None:
        assert sign_in_as("vera").get("/transactions", day="kemarin").status == 422
        assert sign_in_as("vera").get("/transactions", after="a b").status == 422


class TestReports:
    def test_report_is_asked_for_and_its_file_appears_when_it_is_made(self, aws: Aws) -> None:
        browser = sign_in_as("vera")
        today = clock.today_in_jakarta().isoformat()
        form = {"kind": "collections", "format": "pdf", "since": today, "until": today}
        assert browser.post("/reports", **form).status == 303
        assert count_messages() == 2, "for the figures that the page wanted, and for the report"
        (report,), _ = reports.list_reports("toko-sinar", None)
        assert (report.order.kind, report.order.format, report.requested_by) == ("collections", "pdf", "vera")
        page = browser.get("/reports").text
        assert "Menunggu" in page
        assert "reports/state" in page
        reports.finish_report(report, clock.now(), file_version="version-1", file_bytes=9, rows=1)
        done = browser.get("/reports").text
        assert "Unduh PDF" in done
        assert f"reports/toko-sinar/{report.report_id}" in done
        assert report.report_id not in sign_in_as("ani").get("/reports").text
        opened = browser.get(f"/reports/{report.report_id}")
        assert (opened.status, "reports/toko-sinar/" in opened.location) == (303, True)
        assert sign_in_as("ani").get(f"/reports/{report.report_id}").status == 404

    def test_report_that_cannot_be_made_is_refused(self) -> None:
        for form in (
            {"kind": "collections", "format": "xlsx", "since": "2026-02-01", "until": "2026-01-01"},
            {"kind": "collections", "format": "xlsx"},
            {"kind": "secrets", "format": "xlsx"},
            {"kind": "payments", "format": "exe"},
            {"kind": "status", "format": "csv", "since": "x", "until": "y"},
        ):
            assert sign_in_as("vera").post("/reports", **form).status == 422, form
        assert reports.list_reports("toko-sinar", None)[0] == []

    def test_dates_of_the_form_do_not_hinder_a_report_about_all_invoices(self) -> None:
        form = {"kind": "payments", "format": "csv", "since": "2026-11-01", "until": "2026-11-02"}
        assert sign_in_as("vera").post("/reports", **form).status == 303

    def test_largest_arrears_and_ages_are_on_the_page(self) -> None:
        count_figures()
        page = sign_in_as("vera").get("/reports").text
        assert "INV-0001" in page
        assert ">40<" in page, "days overdue"


class TestAttention:
    def test_refused_attempts_and_unidentified_money_are_two_lists(self) -> None:
        paid = current("INV-0003")["va_number"]
        refuse_payment(paid, 100_003, clock.now())
        line = SettlementLine(1, LineKind.CREDIT, paid, 777_000, clock.to_text(clock.now()), "REF-7", "")
        keep_line(line, Result.DUPLICATE, paid)
        page = sign_in_as("vera").get("/reports/attention").text
        refused, _, rest = page.partition('id="unidentified"')
        unidentified, _, differences = rest.partition('id="differences"')
        assert "Rp100.003" in refused
        assert "Rp777.000" not in refused
        assert "Rp777.000" in unidentified
        assert "Dibayar dua kali" in unidentified
        assert "Rp100.003" not in unidentified
        assert "Tidak ada perbedaan" in differences

    def test_nothing_of_another_biller_is_listed(self) -> None:
        paid = current("INV-0003")["va_number"]
        refuse_payment(paid, 100_003, clock.now())
        line = SettlementLine(1, LineKind.CREDIT, paid, 777_000, clock.to_text(clock.now()), "REF-7", "")
        keep_line(line, Result.UNIDENTIFIED, paid)
        page = sign_in_as("ani").get("/reports/attention").text
        assert "Rp777.000" not in page
        assert paid not in page

    def test_period_that_is_too_long_or_none_is_refused(self) -> None:
        for since, until in (("2026-01-01", "2026-12-31"), ("x", "y"), ("2099-01-01", "2099-01-02")):
            assert sign_in_as("vera").get("/reports/attention", since=since, until=until).status == 422, since


def keep_line(line: SettlementLine, result: Result, va_number: str) -> None:
    day, at = clock.today_in_jakarta().isoformat(), clock.to_text(clock.now())
    owner = account(va_number)
    finding = Finding(line, result, 1, biller_id=owner["biller_id"], number=owner["bills"][0]["number"])
    assert reconciliations.keep_findings(BANK, [(finding, day)], file_hash="f" * 64, at=at)
