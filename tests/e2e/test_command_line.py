"""``python -m infra.local`` from workbook to e-mails, as a person or a script uses it."""

import json
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from infra.local.cloud import ROOT, Cloud
from infra.local.sample_workbooks import write_sample
from invoicing.billers import Module

ROWS = 24
EMAIL_SECONDS = 60


def run(cloud: Cloud, *arguments: str, code: int = 0) -> Any:
    """The JSON answer of a command."""
    answer = subprocess.run(
        [sys.executable, "-m", "infra.local", "--home", str(cloud.home), *arguments, "--json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == code, answer.stderr
    return json.loads(answer.stdout)


def write_workbook(folder: Path, module: Module, seed: int, *, bad: int = 0) -> Path:
    path = folder / f"{module}-{seed}.xlsx"
    # Numbers hold the year, so that workbooks of different seeds have no bill in common.
    write_sample(module, path, ROWS, bad_share=bad / ROWS, seed=seed, first_due=date(2099 - seed % 40, 1, 4))
    return path


@pytest.mark.parametrize(
    ("module", "biller"), [(Module.E_INVOICE, "toko-sinar"), (Module.PINTU_KELAS, "sekolah-harapan")]
)
def test_one_command_uploads_releases_and_tells_everything(
    cloud: Cloud, tmp_path: Path, module: Module, biller: str
) -> None:
    workbook = write_workbook(tmp_path, module, 1, bad=3)
    told = run(cloud, "upload", str(workbook), "--biller", biller, "--release", "--send", "now", "--wait")

    assert (told["verdict"], told["status"]) == ("accepted", "done")
    counts = told["counts"]
    assert counts["rows"] == ROWS
    assert counts["bad_rows"] == len({finding["row"] for finding in told["errors"]}) >= 3
    assert counts["written"] == counts["new"] == len(told["invoices"])
    assert told["amount"] == sum(invoice["amount"] for invoice in told["invoices"])
    assert len({invoice["va_number"] for invoice in told["invoices"]}) == len(told["invoices"])
    assert {invoice["status"] for invoice in told["invoices"]} == {"open"}
    for finding in told["errors"]:
        assert finding["what"]["id"] != finding["what"]["en"]
        assert all(finding["mend"].values())
    assert load_workbook(told["failed_rows_file"]).worksheets

    again = run(cloud, "upload", str(workbook), "--biller", biller, "--release", "--send", "now", "--wait")
    assert (again["counts"]["new"], again["counts"]["already_there"]) == (0, len(told["invoices"]))
    assert run(cloud, "invoices", told["upload_id"]) == told["invoices"]
    _check_emails(cloud, {invoice["va_number"] for invoice in told["invoices"]})


def test_notices_are_held_counted_and_resumed_by_commands(cloud: Cloud, tmp_path: Path) -> None:
    """Put off until tomorrow, so that none of them has left."""
    workbook = write_workbook(tmp_path, Module.E_INVOICE, 7)
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat(timespec="seconds")
    options = ("--biller", "toko-sinar", "--release", "--send", tomorrow, "--wait")
    upload_id = run(cloud, "upload", str(workbook), *options)["upload_id"]
    held = run(cloud, "hold", upload_id, "--reason", "Salah jatuh tempo")

    assert (held["is_held"], held["held_by"], held["reason"]) == (True, "toko-sinar-checker", "Salah jatuh tempo")
    counts = run(cloud, "counts", upload_id)["counts"]
    assert counts["held"]
    assert counts["written"] == counts["waiting"] > 0
    resumed = run(cloud, "unhold", upload_id)
    assert (resumed["is_held"], resumed["counts"]["held"]) == (False, False)


def _check_emails(cloud: Cloud, numbers: set[str]) -> None:
    """Exactly one e-mail per VA number (each invoice has one address), HTML and text."""
    deadline = time.monotonic() + EMAIL_SECONDS
    while True:
        texts = {email["text"]: Path(email["text"]).read_text() for email in run(cloud, "emails")}
        found = Counter(number for number in numbers for text in texts.values() if f" {number}\n" in text)
        if set(found) == numbers or time.monotonic() > deadline:
            break
        time.sleep(1)
    assert found == dict.fromkeys(numbers, 1)


def test_upload_waits_for_checker_who_may_reject_it(cloud: Cloud, tmp_path: Path) -> None:
    workbook = write_workbook(tmp_path, Module.E_INVOICE, 2)
    told = run(cloud, "upload", str(workbook), "--biller", "toko-sinar", "--wait")
    assert (told["verdict"], told["status"]) == ("waiting", "waiting")
    refused = run(cloud, "release", told["upload_id"], "--as", "maker", "--acknowledge-all", code=1)
    assert refused["error"]["code"] == "same_person"
    assert run(cloud, "reject", told["upload_id"], "--reason", "nominal keliru")["status"] == "rejected"
    refused = run(cloud, "release", told["upload_id"], "--acknowledge-all", code=1)
    assert refused["error"]["code"] == "upload_state"


def test_unreleased_upload_can_be_deleted_with_its_files(cloud: Cloud, tmp_path: Path) -> None:
    workbook = write_workbook(tmp_path, Module.E_INVOICE, 3)
    told = run(cloud, "upload", str(workbook), "--biller", "toko-sinar", "--wait")
    assert run(cloud, "delete", told["upload_id"])["status"] == "deleted"
    versions = cloud.client("s3").list_object_versions(Bucket=cloud.outputs["InboxBucket"])
    left = [*versions.get("Versions", []), *versions.get("DeleteMarkers", [])]
    assert not [version["Key"] for version in left if told["upload_id"] in version["Key"]]


def test_warning_must_be_acknowledged_by_name(cloud: Cloud, tmp_path: Path) -> None:
    workbook = tmp_path / "late.xlsx"
    write_sample(Module.E_INVOICE, workbook, ROWS, seed=4, first_due=date(2020, 1, 1))
    told = run(cloud, "upload", str(workbook), "--biller", "toko-sinar", "--wait")
    codes = sorted(told["upload"]["warnings"])
    assert codes
    assert run(cloud, "release", told["upload_id"], code=1)["error"]["code"] == "warnings_not_acknowledged"
    named = [argument for code in codes for argument in ("--acknowledge", code)]
    done = run(cloud, "release", told["upload_id"], "--wait", *named)
    assert (done["status"], done["upload"]["acknowledged"]) == ("done", codes)


def test_file_that_is_no_workbook_is_refused_with_reason(cloud: Cloud, tmp_path: Path) -> None:
    fake = tmp_path / "fake.xlsx"
    fake.write_bytes(b"%PDF-1.7 not a workbook")
    told = run(cloud, "upload", str(fake), "--biller", "toko-sinar", "--wait")
    assert (told["verdict"], told["invoices"]) == ("rejected", [])
    assert told["refusal"]["what"]["id"]
    assert told["refusal"]["mend"]["en"]


def test_upload_of_another_biller_does_not_exist(cloud: Cloud, tmp_path: Path) -> None:
    assert run(cloud, "show", "01ARZ3NDEKTSV4RRFFQ69G5FAV", code=1)["error"]["code"] == "failed"


@pytest.mark.parametrize("module", Module)
def test_template_command_writes_a_workbook(cloud: Cloud, tmp_path: Path, module: Module) -> None:
    out = tmp_path / f"{module}.xlsx"
    assert run(cloud, "template", module, str(out)) == {"file": str(out)}
    assert "Petunjuk" in load_workbook(out).sheetnames


def test_logs_hold_ids_but_no_addresses(cloud: Cloud, tmp_path: Path) -> None:
    workbook = write_workbook(tmp_path, Module.PINTU_KELAS, 5, bad=3)
    told = run(cloud, "upload", str(workbook), "--biller", "sekolah-harapan", "--release", "--send", "now", "--wait")
    messages = [event["message"] for event in run(cloud, "logs")]
    assert any(told["upload_id"] in message for message in messages)
    assert not [message for message in messages if "@example" in message or "+62" in message]


def test_clerk_puts_off_collects_at_the_counter_reverses_and_archives(cloud: Cloud, tmp_path: Path) -> None:
    workbook = write_workbook(tmp_path, Module.E_INVOICE, 2711)
    told = run(cloud, "upload", str(workbook), "--biller", "toko-sinar", "--release", "--send", "now", "--wait")
    first, *others = told["invoices"]
    on = (first["number"], "--biller", "toko-sinar")

    assert run(cloud, "extend", *on, "--due", "2068-12-31")["due_date"] == "2068-12-31"
    run(cloud, "outside", *on, "--amount", str(first["amount"]))
    refused = run(cloud, "outside", *on, "--approve", "--as", "maker", code=1)
    assert refused["error"]["code"] == "two_people"
    assert run(cloud, "outside", *on, "--approve")["status"] == "paid"
    run(cloud, "reverse", *on, "--reason", "salah catat")
    assert run(cloud, "reverse", *on, "--approve")["status"] == "open"
    results = run(cloud, "archive", "--upload", told["upload_id"], "--reason", "keliru", "--biller", "toko-sinar")
    assert [result["outcome"] for result in results] == ["archived"] * (1 + len(others))
    found = run(cloud, "find", *on)
    assert [invoice["status"] for invoice in found] == ["archived"] * 2
