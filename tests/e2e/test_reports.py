"""Reports and a reconciliation on the local cloud: by the permissions, queues and events as they are deployed."""

import time
from datetime import date
from pathlib import Path
from typing import Any

from openpyxl import load_workbook

from infra.local import client, reports
from infra.local.cloud import Cloud
from infra.local.sample_workbooks import write_sample
from infra.local.settlement_files import UNKNOWN_ACCOUNT
from invoicing.billers import Module
from tests.e2e.at_once import register_biller
from tests.e2e.conftest import TIMEOUT, Shop


def read_cells(path: Path, sheet: str) -> list[tuple[Any, ...]]:
    return list(load_workbook(path)[sheet].iter_rows(values_only=True))


def wait_for_summary(shop: Shop) -> dict[str, Any]:
    deadline = time.monotonic() + TIMEOUT
    while time.monotonic() < deadline:
        shown = client.call(shop.cloud, "show_summary", shop.biller_id, "viewer", function="ReportCommandFunction")
        if "figures" in shown:
            figures: dict[str, Any] = shown["figures"]
            return figures
        time.sleep(0.5)
    raise AssertionError("no summary was counted")


def test_bills_are_settled_reconciled_and_reported(product: Cloud, cloud: Cloud, tmp_path: Path) -> None:
    # Its accounts come first of all that are open, whatever other tests have left.
    school = Shop(cloud, register_biller(Module.PINTU_KELAS, first_digit=1).biller_id)
    workbook = tmp_path / "tagihan.xlsx"
    write_sample(Module.PINTU_KELAS, workbook, 6, messy=False, first_due=date(2099, 1, 4))
    done = school.release(school.upload(workbook))
    assert done["counts"]["written"] == 6

    # Money of which the bank never told us, and money that is nobody's.
    first = reports.write_settlement_file(cloud, tmp_path / "first.csv", ["missing_here", "unidentified"])
    shown, saved = reports.reconcile_file(cloud, first, tmp_path)
    assert shown["state"] == "done"
    different = {name: given["count"] for name, given in shown["results"].items() if name != "matched"}
    assert {name: count for name, count in different.items() if count} == {"missing_here": 1, "unidentified": 1}
    assert saved is not None
    assert UNKNOWN_ACCOUNT in [row[3] for row in read_cells(saved, "Uang tak dikenal")]
    (line,) = reports.call_reconcile(cloud, "list_lines", result="missing_here")["lines"]
    ids = {"va_number": line["va_number"], "line": line["line"]}
    reports.call_reconcile(cloud, "propose_line", "rina", reason="bank confirmed", **ids)
    assert reports.call_reconcile(cloud, "approve_line", "tono", **ids)["state"] == "posted"

    # The next file holds it again, and more. Lines of an earlier file are not counted again, nor is it missed.
    second = reports.write_settlement_file(cloud, tmp_path / "second.xlsx", ["unidentified"])
    shown, _ = reports.reconcile_file(cloud, second, tmp_path)
    assert shown["results"]["matched"] == shown["results"]["missing_here"] == {"count": 0, "amount": 0}
    assert shown["seen_before"]["count"] >= 2
    for result in ("waiting", "missing_there"):
        lines = reports.call_reconcile(cloud, "list_lines", result=result)["lines"]
        assert line["va_number"] not in [missed["va_number"] for missed in lines]
    again, _ = reports.reconcile_file(cloud, second, tmp_path)
    assert again == {**shown, "report": again["report"]}

    time.sleep(1)
    made = reports.save_demo_reports(cloud, [line["biller_id"]], tmp_path)
    status, transactions, payments, pdf = made
    summary = read_cells(payments, "Ringkasan")
    paid = next(row for row in summary if row[0] == "Lunas lewat rekening virtual")
    assert paid[1:3] == (1, line["amount"])
    assert [row for row in read_cells(transactions, "Rincian") if row[0] == "Jumlah"]
    assert [row for row in read_cells(status, "Rincian") if row[0] == "Jumlah"]
    assert pdf.read_bytes().startswith(b"%PDF-")
    figures = wait_for_summary(school)
    assert figures["paid"] == {"count": 1, "amount": line["amount"]}
