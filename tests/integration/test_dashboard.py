"""The dashboard's frame through the real handler: who is let in, whose data it shows, and which forms it takes."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest

from dashboard.areas import Page
from dashboard.handler import PAGES
from dashboard.views import upload_sample, wordings
from invoicing.billers import BillerState
from invoicing.errors import PreviewFailedError
from invoicing.roles import BANK_ROLES, Role, UserState
from invoicing.settings import get_settings
from invoicing.store import uploads
from invoicing.upload_samples import Pick
from invoicing.uploads import UploadStatus
from notify.command_handler import handle as handle_command
from tests.integration.api_scenario import make_user
from tests.integration.conftest import Aws
from tests.integration.dashboard_scenario import Browser, sign_in_as, trust_tokens
from tests.integration.scenario import SCHOOL, SHOP, FakeContext, make_draft, make_waiting_upload, register

MAKER, CHECKER = "siti", "budi"


@pytest.fixture(autouse=True)
def dashboard(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    register(SHOP, SCHOOL, replace(SHOP, biller_id="baru", company_code="88083", state=BillerState.REGISTERED))
    make_user(MAKER, Role.MAKER)
    make_user(CHECKER, Role.CHECKER)
    make_user("vera", Role.VIEWER)
    make_user("ani", Role.BILLER_ADMIN, Role.MAKER, Role.CHECKER, biller_id="sekolah-harapan")
    make_user("admin", Role.BILLER_ADMIN)
    make_user("officer", Role.BANK_OFFICER)
    make_user("support", Role.BANK_SUPPORT)
    trust_tokens(monkeypatch)
    # Rendered by another function, which moto does not run; tests/e2e has the real one.
    monkeypatch.setattr(wordings, "preview_notice", lambda *_, **__: None)
    monkeypatch.setattr(upload_sample, "preview_upload", preview_upload)
    aws.become("DashboardFunction")


def preview_upload(biller_id: str, user_id: str, upload_id: str, pick: Pick) -> dict[str, Any]:
    return handle_command(
        {
            "operation": "preview_upload",
            "biller_id": biller_id,
            "user_id": user_id,
            "upload_id": upload_id,
            "pick": pick,
        },
        FakeContext(),
    )


@pytest.fixture
def waiting(aws: Aws, tmp_path: Path) -> Any:
    aws.become("UploadCheckFunction")
    upload = make_waiting_upload(tmp_path, [make_draft(1), make_draft(2)], warnings={"due_date_past": 1})
    aws.become("DashboardFunction")
    return upload


READERS = {
    MAKER: Role.MAKER,
    CHECKER: Role.CHECKER,
    "admin": Role.BILLER_ADMIN,
    "officer": Role.BANK_OFFICER,
    "support": Role.BANK_SUPPORT,
}
PARAMETERS = {"upload_id": "01JD0000000000000000000000"}


def fill(path: str) -> str:
    return re.sub(r"\{(\w+)\}", lambda match: PARAMETERS.get(match[1], "x"), path)


class TestAdmission:
    """Each over all pages at once: making the tables anew for every page would take minutes."""

    def test_stranger_is_sent_to_sign_in(self) -> None:
        for page, _ in list_guarded():
            answer = visit(Browser(), page)
            assert answer.status == 303, page.path
            assert answer.location.endswith("sign-in"), page.path

    def test_disabled_user_is_out_at_once(self) -> None:
        for page, roles in list_guarded():
            make_user("gone", *(roles & BANK_ROLES or roles), state=UserState.DISABLED)
            assert visit(sign_in_as("gone"), page).location.endswith("sign-in"), page.path

    def test_user_without_the_role_is_refused(self) -> None:
        for role in Role:
            make_user("other", role)
            for page, roles in list_guarded():
                if role not in roles:
                    assert visit(sign_in_as("other"), page).status == 403, (page.path, role)

    def test_biller_that_is_not_active_yet_has_no_access(self) -> None:
        for page, roles in list_guarded():
            if roles <= BANK_ROLES or page.path == "/sign-out":
                continue
            make_user("new", *(roles - BANK_ROLES), biller_id="baru")
            assert visit(sign_in_as("new"), page).status == 409, page.path


def list_guarded() -> list[tuple[Page, frozenset[Role]]]:
    """The pages for people who are signed in, and whom each is for."""
    return [(page, page.roles) for page in PAGES if page.roles is not None]


def visit(browser: Browser, page: Any) -> Any:
    if page.method == "GET":
        return browser.get(fill(page.path))
    return browser.post(fill(page.path), form_key="none")


def test_upload_of_another_biller_looks_like_none(waiting: Any) -> None:
    assert sign_in_as(MAKER).get(f"/uploads/{waiting.upload_id}").status == 200
    for path in (f"/uploads/{waiting.upload_id}", f"/uploads/{waiting.upload_id}/state"):
        assert sign_in_as("ani").get(path).status == 404
    stranger = sign_in_as("ani")
    answer = stranger.post(f"/uploads/{waiting.upload_id}/release", page="/uploads", send="now")
    assert answer.status == 404
    assert uploads.load_upload("toko-sinar", waiting.upload_id).status is UploadStatus.WAITING


class TestForms:
    def test_form_with_another_visitors_key_is_refused(self, waiting: Any) -> None:
        stolen = sign_in_as("budi").find_form_key(f"/uploads/{waiting.upload_id}")
        other = sign_in_as("budi")
        other.get("/uploads")
        answer = other.post(f"/uploads/{waiting.upload_id}/reject", form_key=stolen, reason="salah")
        assert answer.status == 403
        assert uploads.load_upload("toko-sinar", waiting.upload_id).status is UploadStatus.WAITING

    @pytest.mark.parametrize(
        "headers",
        [
            {"sec-fetch-site": "cross-site"},
            {"sec-fetch-site": "same-site"},
            {"origin": "https://evil.example"},
            {},
        ],
    )
    def test_form_of_another_site_is_refused(self, waiting: Any, headers: dict[str, str]) -> None:
        browser = sign_in_as(CHECKER)
        path = f"/uploads/{waiting.upload_id}/reject"
        key = browser.find_form_key(f"/uploads/{waiting.upload_id}")
        answer = browser._visit("POST", path, body=f"form_key={key}&reason=salah", headers=headers)
        assert answer.status == 403
        assert uploads.load_upload("toko-sinar", waiting.upload_id).status is UploadStatus.WAITING

    def test_form_that_is_no_form_is_refused(self) -> None:
        browser = sign_in_as(MAKER)
        for body in ("x" * 200_000, "&".join("a=1" for _ in range(3000)), "form_key=%ff%fe"):
            answer = browser._visit("POST", "/uploads/new", body=body, headers={"sec-fetch-site": "same-origin"})
            assert answer.status == 403


class TestUploads:
    def test_checker_releases_with_every_warning_acknowledged(self, waiting: Any) -> None:
        page = f"/uploads/{waiting.upload_id}"
        answer = sign_in_as(CHECKER).post(f"{page}/release", page=page, send="now", acknowledged=["due_date_past"])
        assert answer.status == 303
        released = uploads.load_upload("toko-sinar", waiting.upload_id)
        assert (released.status, released.released_by) == (UploadStatus.WRITING, CHECKER)

    def test_warning_that_is_not_ticked_holds_the_release(self, waiting: Any) -> None:
        page = f"/uploads/{waiting.upload_id}"
        assert sign_in_as(CHECKER).post(f"{page}/release", page=page, send="now").status == 409

    def test_checker_rejects_with_a_reason_and_nothing_is_made(self, waiting: Any) -> None:
        page = f"/uploads/{waiting.upload_id}"
        assert sign_in_as(CHECKER).post(f"{page}/reject", page=page, reason="jumlahnya salah").status == 303
        rejected = uploads.load_upload("toko-sinar", waiting.upload_id)
        assert (rejected.status, rejected.ended_by) == (UploadStatus.REJECTED, CHECKER)
        shown = sign_in_as(MAKER).get(page).text
        assert "jumlahnya salah" in shown
        assert "Rilis 2 tagihan" not in shown

    def test_maker_who_is_checker_too_may_not_release_the_own_upload(self, waiting: Any) -> None:
        make_user(MAKER, Role.MAKER, Role.CHECKER)
        page = f"/uploads/{waiting.upload_id}"
        browser = sign_in_as(MAKER)
        assert "orang lain" in browser.get(page).text
        answer = browser.post(f"{page}/release", page=page, send="now", acknowledged=["due_date_past"])
        assert answer.status == 409

    def test_time_of_sending_is_meant_in_the_billers_zone(self, waiting: Any) -> None:
        page = f"/uploads/{waiting.upload_id}"
        tomorrow = "2099-01-01T09:00"
        form = {"send": "at", "at": tomorrow, "acknowledged": ["due_date_past"]}
        assert sign_in_as(CHECKER).post(f"{page}/release", page=page, **form).status == 422

    def test_form_for_the_bucket_comes_as_json_for_the_script_and_as_page_without_it(self) -> None:
        browser = sign_in_as(MAKER)
        started = browser.post("/uploads/new", filename="tagihan.xlsx", **{"as": "json"})
        assert started.status == 200
        assert '"key": "inbox/toko-sinar/' in started.text
        page = browser.post("/uploads/new", filename="tagihan.xlsx")
        assert 'enctype="multipart/form-data"' in page.text
        bucket = re.search(r'action="(https://[^/"]+)', page.text)
        assert bucket
        assert bucket[1] in page.headers["content-security-policy"]

    def test_template_is_of_the_billers_product(self) -> None:
        assert "e_invoice" in sign_in_as(MAKER).get("/uploads/template").headers["content-disposition"]
        assert "pintu_kelas" in sign_in_as("ani").get("/uploads/template").headers["content-disposition"]


class TestSample:
    """What payers will be sent, looked at before the release."""

    @pytest.fixture
    def page(self, aws: Aws, tmp_path: Path) -> str:
        aws.become("UploadCheckFunction")
        drafts = [
            make_draft(1),
            make_draft(2, payer_name="Raden Ajeng Kusumawardhani", language="en"),
            make_draft(3, amount=9_999_999_999),
        ]
        upload = make_waiting_upload(tmp_path, drafts)
        aws.become("DashboardFunction")
        return f"/uploads/{upload.upload_id}"

    def test_first_row_is_shown_with_masked_addresses_and_the_account_to_come(self, page: str) -> None:
        for user in (MAKER, CHECKER, "admin"):
            shown = sign_in_as(user).get(f"{page}/sample")
            assert shown.status == 200
            for words in ("INV-0001", "Pelanggan 1", "Rp100.001", "p***@example.com", "Toko Sinar Jaya", "0" * 16):
                assert words in shown.text
            assert "p1@example.com" not in shown.text

    def test_other_rows_are_stepped_to_in_the_language_of_the_row(self, page: str) -> None:
        longest = sign_in_as(MAKER).get(f"{page}/sample", pick="longest_name").text
        assert "Raden Ajeng Kusumawardhani" in longest
        assert "Dear" in longest or "Hello" in longest
        assert "Rp9.999.999.999" in sign_in_as(MAKER).get(f"{page}/sample", pick="largest_amount").text
        assert "INV-0001" in sign_in_as(MAKER).get(f"{page}/sample", pick="<script>").text

    def test_email_is_a_document_that_can_do_nothing_and_only_our_page_may_frame_it(self, page: str) -> None:
        letter = sign_in_as(MAKER).get(f"{page}/sample/email")
        assert "Pelanggan 1" in letter.text
        policy = letter.headers["content-security-policy"]
        assert policy.startswith("sandbox;")
        assert "default-src 'none'" in policy
        assert "script-src" not in policy
        assert "frame-ancestors 'self'" in policy
        for around in (f"{page}/sample", page):
            assert "frame-src 'self'" in sign_in_as(MAKER).get(around).headers["content-security-policy"]
        assert "frame-src" not in sign_in_as(MAKER).get("/uploads").headers["content-security-policy"]

    def test_viewer_and_other_billers_see_none(self, page: str) -> None:
        for path in (f"{page}/sample", f"{page}/sample/email"):
            assert sign_in_as("vera").get(path).status == 403
        assert "sample" not in sign_in_as("vera").get(page).text
        assert sign_in_as("ani").get(f"{page}/sample").status == 404

    def test_released_upload_leads_to_its_own_page(self, page: str) -> None:
        sign_in_as(CHECKER).post(f"{page}/release", page=page, send="now")
        answer = sign_in_as(CHECKER).get(f"{page}/sample")
        assert (answer.status, answer.location) == (303, f"..{page.removeprefix('/uploads')}")
        assert sign_in_as(CHECKER).get(f"{page}/sample/email").location == "../sample"

    def test_page_says_so_when_nothing_could_be_rendered(self, page: str, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_: Any) -> None:
            raise PreviewFailedError("defect")

        monkeypatch.setattr(upload_sample, "preview_upload", fail)
        answer = sign_in_as(CHECKER).get(f"{page}/sample")
        assert answer.status == 503
        assert "tidak dapat dibuat saat ini" in answer.text
        assert sign_in_as(CHECKER).get(page).status == 200

    def test_page_before_release_has_the_sample_cost_end_and_total(self, page: str) -> None:
        shown = sign_in_as(CHECKER).get(page).text
        for words in ("Contoh pesan", "Perkiraan biaya", "Perkiraan selesai", "Rp10.000.200.002", "E-mail 6"):
            assert words in shown


@pytest.mark.parametrize("language", ["id", "en"])
def test_every_page_for_reading_renders_in_both_languages(waiting: Any, language: str) -> None:
    for page in PAGES:
        if page.method != "GET":
            continue
        user = next((name for name, role in READERS.items() if page.roles is None or role in page.roles), "nobody")
        path = page.path.replace("{upload_id}", waiting.upload_id)
        if "{" in path:
            continue
        answer = sign_in_as(user).get(path, lang=language)
        assert answer.status in (200, 303), (page.path, answer.text[:500])
        if answer.headers.get("content-security-policy", "").startswith("sandbox;"):
            # A payer's e-mail as it is sent.
            continue
        if answer.headers.get("content-type", "").startswith("text/html"):
            assert f'<html lang="{language}">' in answer.text
            assert not re.search(r"<script(?![^>]*\bsrc=)|\son[a-z]+=|\sstyle=|<style", answer.text)


def test_suspended_biller_may_look_and_change_nothing(waiting: Any) -> None:
    boto3.resource("dynamodb").Table(get_settings().billers_table).update_item(
        Key={"pk": "toko-sinar"},
        UpdateExpression="SET #state = :state",
        ExpressionAttributeNames={"#state": "state"},
        ExpressionAttributeValues={":state": "suspended"},
    )
    browser = sign_in_as(CHECKER)
    page = f"/uploads/{waiting.upload_id}"
    assert "dihentikan sementara" in browser.get(page).text
    assert browser.post(f"{page}/reject", page=page, reason="salah").status == 409
