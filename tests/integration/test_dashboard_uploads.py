"""What is done to a released upload from its page: hold and resume, send failed ones again, archive, redrive."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from invoicing import clock, notice_holds
from invoicing.roles import Role
from invoicing.settings import get_settings
from invoicing.store import files
from invoicing.uploads import Upload
from tests.integration.api_scenario import make_user
from tests.integration.conftest import Aws
from tests.integration.dashboard_scenario import Answer, sign_in_as, trust_tokens
from tests.integration.invoice_scenario import archived, current, inquire, issue, list_notices, pay_at_bank
from tests.integration.scenario import SCHOOL, SHOP, make_draft, make_waiting_upload, register, release


@pytest.fixture
def upload(aws: Aws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Upload:
    register(SHOP, SCHOOL)
    make_user("siti", Role.MAKER)
    make_user("dewi", Role.CHECKER)
    make_user("vera", Role.VIEWER)
    make_user("ani", Role.MAKER, Role.CHECKER, Role.BILLER_ADMIN, biller_id="sekolah-harapan")
    trust_tokens(monkeypatch)
    made = issue(tmp_path, *[make_draft(index) for index in range(1, 6)])
    aws.become("DashboardFunction")
    return made


def press(user: str, upload: Upload, step: str, **form: Any) -> Answer:
    page = f"/uploads/{upload.upload_id}"
    return sign_in_as(user).post(f"{page}/{step}", page=page, **form)


def read_count(answer: Answer, label: str) -> int:
    match = re.search(rf"<dt>{label}</dt><dd>([\d.]+)</dd>", answer.text)
    return int(match[1].replace(".", "")) if match else 0


def test_messages_are_held_with_a_reason_and_go_on_again(upload: Upload) -> None:
    before = sign_in_as("vera").get(f"/uploads/{upload.upload_id}")
    assert read_count(before, "Menunggu") == 10
    assert 'action="' not in before.text.split('id="messages"')[1], "a viewer holds nothing"
    assert press("siti", upload, "hold", reason="Salah tanggal").status == 303
    assert notice_holds.is_held("toko-sinar", upload.upload_id)
    page = sign_in_as("vera").get(f"/uploads/{upload.upload_id}").text
    assert "Ditahan sejak" in page
    assert "Salah tanggal" in page
    assert press("siti", upload, "resume").status == 303
    assert not notice_holds.is_held("toko-sinar", upload.upload_id)


def test_whole_upload_is_archived_but_for_what_was_paid_or_asked_for(upload: Upload) -> None:
    paid, asked, other = (current(f"INV-000{index}")["va_number"] for index in (1, 2, 3))
    assert pay_at_bank("toko-sinar", "INV-0001", paid, 100_001)
    inquire(asked, clock.now() - timedelta(minutes=1))
    done = press("dewi", upload, "archive", reason="Salah periode", notify="yes")
    assert read_count(done, "Diarsipkan") == 3
    assert read_count(done, "Sudah lunas, tidak diarsipkan") == 1
    assert archived("INV-0003", other)["archive_reason"] == "Salah periode"
    assert current("INV-0002")["status"] == "open"
    assert 'name="confirmed" value="yes"' in done.text
    again = press("dewi", upload, "archive", reason="Salah periode", confirmed="yes")
    assert read_count(again, "Diarsipkan") == 1
    assert current("INV-0001")["status"] == "paid"


def test_long_archive_goes_on_where_a_visit_ended(upload: Upload, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboard.views.upload_steps._SECONDS", -1)
    monkeypatch.setattr("invoicing.archiving.MAX_INVOICES", 2)
    first = press("dewi", upload, "archive", reason="Salah")
    assert "data-continue" in first.text
    members = dict(re.findall(r'name="(mark|counts|reason)" value="([^"]*)"', first.text))
    second = press("dewi", upload, "archive", **members)
    members |= dict(re.findall(r'name="(mark|counts|reason)" value="([^"]*)"', second.text))
    third = press("dewi", upload, "archive", **members)
    assert "data-continue" not in third.text
    assert read_count(third, "Diarsipkan") == 5


def test_place_to_go_on_at_that_the_page_did_not_give_is_refused(upload: Upload) -> None:
    for form in ({"mark": "-1"}, {"mark": "9" * 12}, {"counts": "stolen:1"}, {"counts": "paid:x"}):
        assert press("dewi", upload, "archive", reason="salah", **form).status == 403, form
    assert current("INV-0001")["status"] == "open"


def test_failed_messages_are_sent_again_once(upload: Upload) -> None:
    notices = list_notices(current("INV-0001")["va_number"], "issued")
    table = boto3.resource("dynamodb").Table(get_settings().notices_table)
    failed = next(notice for notice in notices if notice["channel"] == "email")
    table.update_item(
        Key={"pk": failed["pk"], "sk": failed["sk"]},
        UpdateExpression="SET #state = :failed REMOVE due_shard, due_at",
        ExpressionAttributeNames={"#state": "state"},
        ExpressionAttributeValues={":failed": "failed"},
    )
    done = press("siti", upload, "resend-failed", request_id="r1")
    assert read_count(done, "Dikirim ulang") == 1
    press("siti", upload, "resend-failed", request_id="r1")
    assert len(list_notices(current("INV-0001")["va_number"], "issued")) == len(notices) + 1


def test_parts_that_were_not_written_are_queued_again(upload: Upload, aws: Aws, tmp_path: Path) -> None:
    aws.become("UploadCheckFunction")
    waiting = make_waiting_upload(tmp_path, [make_draft(21)])
    aws.become("DashboardFunction")
    stuck = release(waiting)
    client, queue = boto3.client("sqs"), get_settings().chunk_queue_url
    client.purge_queue(QueueUrl=queue)
    assert press("dewi", stuck, "redrive").status == 303
    assert len(client.receive_message(QueueUrl=queue).get("Messages", [])) == 1
    assert press("dewi", upload, "redrive").status == 409, "nothing is left to write"


def test_no_step_touches_another_billers_upload(upload: Upload) -> None:
    for step in ("hold", "resume", "archive", "resend-failed", "redrive"):
        path = f"/uploads/{upload.upload_id}/{step}"
        assert sign_in_as("ani").post(path, page="/uploads/new", reason="salah", request_id="r1").status == 404, step
    assert current("INV-0001")["status"] == "open"
    assert notice_holds.find_hold("toko-sinar", upload.upload_id) is None


def test_upload_whose_findings_have_expired_still_has_its_page_and_its_actions(upload: Upload, tmp_path: Path) -> None:
    findings = tmp_path / "issues.ndjson"
    findings.write_text(
        '{"code": "due_date_past", "severity": "warning", "row": 2, "params": {"today": "2026-11-23"}}\n'
    )
    key = files.issues_key("toko-sinar", upload.upload_id)
    version = files.store(key, findings, "application/x-ndjson")
    boto3.resource("dynamodb").Table(get_settings().uploads_table).update_item(
        Key={"pk": "toko-sinar", "sk": upload.upload_id},
        UpdateExpression="SET issues_version = :version",
        ExpressionAttributeValues={":version": version},
    )
    path = f"/uploads/{upload.upload_id}"
    assert "masa simpannya" not in sign_in_as("dewi").get(path).text
    files.delete_all_versions([key])
    page = sign_in_as("dewi").get(path)
    assert page.status == 200
    assert "masa simpannya" in page.text
    assert press("dewi", upload, "archive", reason="Salah periode").status in (200, 303)


@pytest.mark.parametrize("reason", ["", " - ", "x"])
def test_archive_without_a_reason_does_nothing_and_says_so(upload: Upload, reason: str) -> None:
    answer = press("dewi", upload, "archive", reason=reason)
    assert answer.status == 422
    assert current("INV-0001")["status"] == "open"
