"""Settings and the bank's pages through the real handler: what each form does, for whom, and how it is refused."""

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from dashboard.views import wordings
from invoicing import clock, queue_health, two_people, user_pool, users, webhooks
from invoicing.billers import BillerState, OutsidePayments, ReleaseMode
from invoicing.changes import ChangeKind, ChangeState
from invoicing.errors import BillerNotFoundError, PreviewFailedError
from invoicing.notice_policy import FallbackLadder
from invoicing.notices import Channel, SuppressionReason
from invoicing.roles import Role, UserState
from invoicing.settings import get_settings
from invoicing.store import changes, channels, suppressions
from invoicing.store.audit import BANK, list_audit_entries
from invoicing.store.billers import load_biller
from invoicing.store.suppressions import Suppression
from tests.integration.api_scenario import make_user
from tests.integration.conftest import Aws
from tests.integration.dashboard_scenario import Answer, Browser, sign_in_as, trust_tokens
from tests.integration.scenario import (
    SCHOOL,
    SHOP,
    make_draft,
    make_waiting_upload,
    receive_chunk_messages,
    register,
    release,
    write_chunks,
)

NOTICES = {
    "channel-whatsapp": "1",
    "channel-email": "2",
    "channel-sms": "",
    "language": "en",
    "zone": "Asia/Makassar",
    "quiet_from": "21:00",
    "quiet_until": "07:30",
    "on_holidays": "yes",
    "reminder_offsets": "7, -3,0",
    "on_errors": "refuse_all",
    "release": "by_checker",
    "outside_payments": "by_two",
    "help_contact": "WhatsApp 0811-0000-0001",
    "fallback": "yes",
    "step-1": "whatsapp",
    "wait-1": "45",
    "step-2": "email",
    "wait-2": "",
    "step-3": "",
    "version": "0",
}
NEW_BILLER = {
    "biller_id": "klinik-sehat",
    "name": "Klinik Sehat",
    "legal_name": "PT Klinik Sehat",
    "module": "e_invoice",
    "company_code": "88077",
    "giro_account": "0281234567890",
    "zone": "Asia/Jakarta",
    "channels": ["email", "sms"],
    "contact_name": "Dewi",
    "contact_email": "dewi@klinik.example",
    "contact_phone": "081200000001",
}


@pytest.fixture(autouse=True)
def dashboard(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    register(SHOP, SCHOOL)
    make_user("admin", Role.BILLER_ADMIN)
    make_user("budi", Role.CHECKER)
    make_user("siti", Role.MAKER)
    make_user("ani", Role.BILLER_ADMIN, biller_id="sekolah-harapan")
    make_user("officer1", Role.BANK_OFFICER)
    make_user("officer2", Role.BANK_OFFICER)
    make_user("support", Role.BANK_SUPPORT)
    trust_tokens(monkeypatch)
    monkeypatch.setattr(user_pool, "create_person", lambda email, name: f"id-{email.partition('@')[0]}")
    monkeypatch.setattr(user_pool, "lock_out", lambda user_id: None)
    monkeypatch.setattr(user_pool, "let_in", lambda user_id: None)
    monkeypatch.setattr(user_pool, "forget_authenticator", lambda user_id: None)
    monkeypatch.setattr(user_pool, "delete_program_client", lambda client_id: None)
    monkeypatch.setattr(user_pool, "create_program_client", lambda name, scopes: ("erp-client", "rahasia-erp"))
    aws.become("DashboardFunction")


def read_trail(owner: str) -> list[str]:
    return [entry["action"] for entry in list_audit_entries(owner, clock.to_text(clock.now())[:7], None)[0]]


class TestNoticeSettings:
    def test_what_an_admin_saves_holds(self) -> None:
        answer = sign_in_as("admin").post("/settings/notices", **NOTICES)
        assert answer.location == "../settings?done=saved"
        biller = load_biller("toko-sinar")
        assert biller.channels == (Channel.WHATSAPP, Channel.EMAIL)
        assert (biller.language, biller.policy.zone, biller.help_contact) == (
            "en",
            "Asia/Makassar",
            NOTICES["help_contact"],
        )
        assert (biller.policy.quiet_from, biller.policy.quiet_until) == ("21:00", "07:30")
        assert (biller.policy.on_weekends, biller.policy.on_holidays) == (False, True)
        assert biller.policy.reminder_offsets == (-3, 0, 7)
        assert biller.policy.fallback == FallbackLadder(True, (Channel.WHATSAPP, Channel.EMAIL), (45,))

    def test_form_that_is_sent_as_it_stands_changes_nothing(self) -> None:
        admin = sign_in_as("admin")
        page = admin.get("/settings/notices").text
        form = dict(re.findall(r'<input[^>]* name="([a-z_0-9-]+)"[^>]* value="([^"]*)"', page))
        for name, options in re.findall(r'<select id="[^"]*" name="([^"]*)"[^>]*>(.*?)</select>', page, re.DOTALL):
            form[name] = re.findall(r'value="([^"]*)" selected|$', options)[0]
        for box in ("on_weekends", "on_holidays", "fallback"):
            form.pop(box)
        assert admin.post("/settings/notices", **{**form, "form_key": form["form_key"]}).status == 303
        assert load_biller("toko-sinar") == SHOP

    @pytest.mark.parametrize(
        "wrong",
        [
            {"channel-email": "1"},
            {"channel-whatsapp": "", "channel-email": ""},
            {"reminder_offsets": "tiga"},
            {"reminder_offsets": "99"},
            {"step-2": "", "wait-1": "45"},
            {"step-2": "whatsapp"},
            {"wait-1": "satu"},
            {"wait-1": "1"},
            {"step-1": "telegram"},
            {"quiet_from": "25:00"},
            {"zone": "Europe/Berlin"},
            {"language": "de"},
            {"release": "automatic"},
            {"outside_payments": "by_one"},
            {"help_contact": "a\x00b"},
            {"version": "7"},
            {"version": "x"},
        ],
    )
    def test_what_cannot_be_is_refused_with_what_was_typed(self, wrong: dict[str, str]) -> None:
        answer = sign_in_as("admin").post("/settings/notices", **{**NOTICES, **wrong})
        assert answer.status in (409, 422)
        assert 'role="alert"' in answer.text
        assert 'value="WhatsApp 0811-0000-0001"' in answer.text or "help_contact" in wrong
        assert load_biller("toko-sinar").language == "id"


class TestChangesOfTwo:
    def test_automatic_release_is_proposed_by_one_and_approved_by_another(self) -> None:
        admin, checker = sign_in_as("admin"), sign_in_as("budi")
        admin.post("/settings/changes", kind="release", reason="tidak ada pemeriksa malam")
        (change,), _ = changes.list_changes("toko-sinar", None, 10)
        assert admin.post(f"/settings/changes/{change.change_id}", page="/settings/changes", do="approve").status == 403
        assert (
            checker.post(f"/settings/changes/{change.change_id}", page="/settings/changes", do="approve").status == 303
        )
        assert load_biller("toko-sinar").release is ReleaseMode.AUTOMATIC

    def test_one_person_for_payments_outside_is_proposed_approved_and_taken_back(self) -> None:
        admin, checker = sign_in_as("admin"), sign_in_as("budi")
        assert admin.post("/settings/notices", **NOTICES | {"outside_payments": "by_one"}).status == 422
        admin.post("/settings/changes", kind="outside_payments", reason="loket dijaga satu orang")
        (change,), _ = changes.list_changes("toko-sinar", None, 10)
        path = f"/settings/changes/{change.change_id}"
        assert admin.post(path, page="/settings/changes", do="approve").status == 403
        assert load_biller("toko-sinar").outside_payments is OutsidePayments.BY_TWO
        assert checker.post(path, page="/settings/changes", do="approve").status == 303
        assert load_biller("toko-sinar").outside_payments is OutsidePayments.BY_ONE
        page = admin.get("/settings/changes").text
        assert 'value="outside_payments"' not in page
        assert 'value="release"' in page
        assert admin.post("/settings/notices", **NOTICES | {"outside_payments": "by_two"}).status == 303
        assert load_biller("toko-sinar").outside_payments is OutsidePayments.BY_TWO

    @pytest.mark.parametrize("kind", ["giro_account", "bank_user", "x", ""])
    def test_no_other_kind_is_proposed_by_a_biller(self, kind: str) -> None:
        assert sign_in_as("admin").post("/settings/changes", kind=kind, reason="coba saja").status == 422
        assert changes.list_changes("toko-sinar", None, 10)[0] == []

    def test_change_of_the_bank_or_of_another_biller_looks_like_none(self) -> None:
        ours = two_people.propose_biller_change(
            SHOP, ChangeKind.GIRO_ACCOUNT, "0289999999999", reason="x", by="officer1"
        )
        theirs = two_people.propose_biller_change(SCHOOL, ChangeKind.RELEASE_MODE, "automatic", reason="x", by="other")
        for change in (ours, theirs):
            path = f"/settings/changes/{change.change_id}"
            assert sign_in_as("budi").post(path, page="/settings/changes", do="approve").status == 404
        assert changes.load_change("toko-sinar", ours.change_id).state is ChangeState.PROPOSED


class TestUsers:
    def test_admin_invites_changes_disables_and_enables(self) -> None:
        admin = sign_in_as("admin")
        assert admin.post("/settings/users", name="Rina", email="rina@example.com", roles=["viewer"]).status == 303
        page = "/settings/users/id-rina"
        admin.post(page, do="roles", roles=["maker", "viewer"])
        assert users.load_user("id-rina").roles == {Role.MAKER, Role.VIEWER}
        assert admin.post(page, do="authenticator").status == 303
        admin.post(page, do="disable")
        assert users.load_user("id-rina").state is UserState.DISABLED
        admin.post(page, do="enable")
        assert users.load_user("id-rina").state is UserState.ACTIVE

    @pytest.mark.parametrize(
        ("form", "status"),
        [
            ({"name": "", "email": "a@example.com", "roles": ["maker"]}, 422),
            ({"name": "A", "email": "no address", "roles": ["maker"]}, 422),
            ({"name": "A", "email": "a@example.com", "roles": ["bank_officer"]}, 422),
            ({"name": "A", "email": "a@example.com"}, 422),
        ],
    )
    def test_bad_invitation_is_refused(self, form: dict[str, Any], status: int) -> None:
        assert sign_in_as("admin").post("/settings/users", **form).status == status

    def test_last_admin_stays(self) -> None:
        answer = sign_in_as("admin").post("/settings/users/admin", do="disable")
        assert answer.status == 409
        assert users.load_user("admin").state is UserState.ACTIVE

    def test_user_of_another_biller_looks_like_none(self) -> None:
        stranger = sign_in_as("ani")
        assert stranger.get("/settings/users/siti").status == 404
        assert stranger.post("/settings/users/siti", page="/settings/users", do="disable").status == 404
        assert users.load_user("siti").state is UserState.ACTIVE

    def test_programs_secret_is_shown_once_and_stands_in_no_address(self) -> None:
        admin = sign_in_as("admin")
        form = {"name": "ERP", "roles": ["maker"], "scopes": ["invoicing/read"]}
        answer = admin.post("/settings/programs", **form)
        assert "rahasia-erp" in answer.text
        assert answer.location == ""
        assert "rahasia-erp" not in admin.get("/settings/programs").text
        admin.post("/settings/programs/erp-client", page="/settings/programs")
        assert users.load_user("erp-client").state is UserState.DISABLED


class TestWebhooks:
    URL = "https://erp.example.com/hook"

    def create(self, browser: Browser, url: str = URL) -> Answer:
        return browser.post("/settings/webhooks", url=url, kinds=["issued", "paid"])

    def test_secret_is_shown_when_made_and_when_rotated_only(self) -> None:
        admin = sign_in_as("admin")
        first = re.search(r"whsec_[A-Za-z0-9+/=]+", self.create(admin).text)
        (webhook,) = webhooks.list_webhooks("toko-sinar")
        page = f"/settings/webhooks/{webhook.endpoint_id}"
        second = re.search(r"whsec_[A-Za-z0-9+/=]+", admin.post(page, do="rotate").text)
        assert first
        assert second
        assert first[0] != second[0]
        assert "whsec_" not in admin.get(page).text
        assert "whsec_" not in admin.get("/settings/webhooks").text

    @pytest.mark.parametrize("url", ["http://erp.example.com", "https://127.0.0.1/x", "x"])
    def test_address_that_is_unsafe_is_refused(self, url: str) -> None:
        assert self.create(sign_in_as("admin"), url).status == 422
        assert webhooks.list_webhooks("toko-sinar") == []

    def test_endpoint_is_disabled_enabled_and_replayed(self) -> None:
        admin = sign_in_as("admin")
        self.create(admin)
        (webhook,) = webhooks.list_webhooks("toko-sinar")
        page = f"/settings/webhooks/{webhook.endpoint_id}"
        replay = {"days": "1", "request_id": "01JD0000000000000000000000"}
        admin.post(page, do="disable")
        assert webhooks.list_webhooks("toko-sinar")[0].state == "disabled"
        assert admin.post(f"{page}/replay", page=page, **replay).status == 409
        admin.post(page, do="enable")
        assert "0 panggilan" in admin.post(f"{page}/replay", page=page, **replay).text
        assert admin.post(f"{page}/replay", page=page, **{**replay, "days": "9999"}).status == 422
        assert admin.post(f"{page}/replay", page=page, **{**replay, "since": "yesterday"}).status == 422

    def test_endpoint_of_another_biller_looks_like_none(self) -> None:
        self.create(sign_in_as("admin"))
        (webhook,) = webhooks.list_webhooks("toko-sinar")
        page = f"/settings/webhooks/{webhook.endpoint_id}"
        stranger = sign_in_as("ani")
        assert stranger.get(page).status == 404
        assert stranger.post(page, page="/settings/webhooks", do="disable").status == 404
        assert webhooks.list_webhooks("toko-sinar")[0].state == "active"


class TestWording:
    INTRO = "Halo {payer}, ini tagihan {biller}."

    @pytest.fixture(autouse=True)
    def previews(self, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
        asked: list[dict[str, Any]] = []

        def preview(biller_id: str, user_id: str, **members: Any) -> dict[str, Any]:
            # As it goes over the wire.
            asked.append(json.loads(json.dumps(members)))
            return {
                "email": {"subject": "Judul", "text": "Isi <b>"},
                "sms": {"text": "SMS", "segments": 1},
                "whatsapp": {"text": "WA"},
            }

        monkeypatch.setattr(wordings, "preview_notice", preview)
        return asked

    def test_words_are_previewed_without_being_kept_then_saved(self, previews: list[dict[str, Any]]) -> None:
        admin = sign_in_as("admin")
        form = {"occasion": "issued", "language": "id", "version": "0", "email_intro": self.INTRO}
        shown = admin.post("/settings/wording", do="preview", **form)
        assert self.INTRO in shown.text
        assert b"Isi &lt;b&gt;" in shown.body
        assert previews[-1]["change"]["words"]["email_intro.issued.id"] == self.INTRO
        assert load_biller("toko-sinar").wording.words == {}
        assert admin.post("/settings/wording", do="save", **form).status == 303
        assert load_biller("toko-sinar").wording.words == {"email_intro.issued.id": self.INTRO}

    def test_words_that_harm_are_refused_with_their_reason(self) -> None:
        form = {"occasion": "issued", "language": "id", "version": "0", "email_intro": "{biller}: kirim PIN Anda"}
        answer = sign_in_as("admin").post("/settings/wording", do="save", **form)
        assert answer.status == 422
        assert "penipuan" in answer.text
        assert load_biller("toko-sinar").wording.words == {}

    def test_second_of_two_who_change_words_is_told(self) -> None:
        form = {"occasion": "issued", "language": "id", "version": "0", "email_intro": self.INTRO}
        sign_in_as("admin").post("/settings/wording", do="save", **form)
        later = {**form, "email_intro": "Tagihan {biller}."}
        answer = sign_in_as("admin").post("/settings/wording", do="save", **later)
        assert answer.status == 422
        assert "sudah diubah orang lain" in answer.text

    def test_reminder_is_previewed_in_its_tone(self, previews: list[dict[str, Any]]) -> None:
        sign_in_as("admin").get("/settings/wording", occasion="reminder_after_firm", language="en")
        assert previews[-1]["kind"] == "reminder"
        assert previews[-1]["offset"] == 3
        assert previews[-1]["change"]["tones"] == {"3": "firm"}

    def test_words_can_be_changed_while_the_preview_fails(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_: Any, **__: Any) -> dict[str, Any]:
            raise PreviewFailedError("defect")

        monkeypatch.setattr(wordings, "preview_notice", fail)
        page = sign_in_as("admin").get("/settings/wording")
        assert page.status == 200
        assert "belum bisa ditampilkan" in page.text

    def test_tones_are_set_per_reminder(self) -> None:
        sign_in_as("admin").post("/settings/tones", page="/settings/wording", **{"tone-3": "firm", "tone0": ""})
        assert load_biller("toko-sinar").wording.tones == {-3: "firm"}


def test_suppressed_address_is_lifted_by_its_biller_only() -> None:
    suppression = Suppression(
        biller_id="toko-sinar",
        suppression_id="email-0123456789abcdef",
        channel=Channel.EMAIL,
        reason=SuppressionReason.NOT_MINE,
        since="2026-11-25T03:00:00.000Z",
        address="b***@example.com",
        notice="028_8800100000000017_issued-email-1",
    )
    suppressions.save_suppression(suppression)
    path, page = f"/settings/addresses/{suppression.suppression_id}", "/settings/addresses"
    assert sign_in_as("ani").post(path, page="/settings").status == 404
    maker = sign_in_as("siti")
    assert "bukan tagihan saya" in maker.get(page).text
    assert maker.post(path, page=page).status == 303
    assert suppressions.load_suppression("toko-sinar", suppression.suppression_id).lifted_by == "siti"


class TestBillers:
    def test_one_officer_registers_another_approves(self) -> None:
        first, second = sign_in_as("officer1"), sign_in_as("officer2")
        assert first.post("/billers/new", **NEW_BILLER).status == 303
        page = "/billers/klinik-sehat"
        assert "petugas lain" in first.get(page).text
        assert first.post(f"{page}/state", page=page, do="approve").status == 403
        assert load_biller("klinik-sehat").state is BillerState.REGISTERED
        assert second.post(f"{page}/state", page=page, do="approve").status == 303
        assert load_biller("klinik-sehat").state is BillerState.ACTIVE
        assert users.load_user("id-dewi").roles == {Role.BILLER_ADMIN}

    @pytest.mark.parametrize(
        "wrong",
        [
            {"biller_id": "Klinik Sehat"},
            {"name": ""},
            {"company_code": "12"},
            {"company_code": SHOP.company_code},
            {"giro_account": "12"},
            {"module": "toko"},
            {"contact_email": "x"},
            {"contact_phone": "12"},
        ],
    )
    def test_bad_registration_is_refused_with_what_was_typed(self, wrong: dict[str, str]) -> None:
        answer = sign_in_as("officer1").post("/billers/new", **{**NEW_BILLER, **wrong})
        assert answer.status in (409, 422)
        assert 'value="PT Klinik Sehat"' in answer.text
        with pytest.raises(BillerNotFoundError):
            load_biller("klinik-sehat")

    def test_biller_is_suspended_and_resumed_for_a_reason(self) -> None:
        officer, page = sign_in_as("officer1"), "/billers/toko-sinar"
        assert officer.post(f"{page}/state", page=page, do="suspend", reason="").status == 422
        assert officer.post(f"{page}/state", page=page, do="suspend", reason="permintaan OJK").status == 303
        assert load_biller("toko-sinar").state is BillerState.SUSPENDED
        assert officer.post(f"{page}/state", page=page, do="resume", reason="selesai").status == 303
        assert load_biller("toko-sinar").state is BillerState.ACTIVE

    def test_giro_account_is_changed_by_two_officers(self) -> None:
        first, second = sign_in_as("officer1"), sign_in_as("officer2")
        page, form = (
            "/billers/toko-sinar",
            {"kind": "giro_account", "value": "0289999999999", "reason": "pindah cabang"},
        )
        assert first.post(f"{page}/changes", page=page, **form).status == 303
        (change,), _ = changes.list_changes("toko-sinar", None, 10)
        path = f"/changes/toko-sinar/{change.change_id}"
        assert first.post(path, page="/changes", do="approve").status == 403
        assert second.post(path, page="/changes", do="approve").status == 303
        assert load_biller("toko-sinar").giro_account == "0289999999999"

    def test_officer_does_not_decide_what_is_the_billers_own(self) -> None:
        change = two_people.propose_biller_change(SHOP, ChangeKind.RELEASE_MODE, "automatic", reason="x", by="admin")
        path = f"/changes/toko-sinar/{change.change_id}"
        assert sign_in_as("officer1").post(path, page="/changes", do="approve").status == 404

    def test_new_user_of_the_bank_takes_two(self) -> None:
        form = {"name": "Tono", "email": "tono@bank.example", "roles": ["bank_support"], "reason": "baru"}
        assert sign_in_as("officer1").post("/changes/users", page="/changes", **form).status == 303
        (change,), _ = changes.list_changes(BANK, None, 10)
        assert "tono@bank.example" in sign_in_as("officer2").get("/changes").text
        sign_in_as("officer2").post(f"/changes/bank/{change.change_id}", page="/changes", do="approve")
        assert users.load_user("id-tono").roles == {Role.BANK_SUPPORT}


class TestSupport:
    @pytest.mark.parametrize(
        "form",
        [
            {"by": "va", "va_number": "8800 1000 0000 0017"},
            {"by": "reference", "reference": "REF-1"},
            {"by": "number", "biller_id": "toko-sinar", "number": "INV-1"},
        ],
    )
    def test_search_is_on_record_even_where_nothing_is_found(self, form: dict[str, str]) -> None:
        for user in ("support", "officer1"):
            answer = sign_in_as(user).post("/support", **form, reason="pembayar menelepon")
            assert answer.status == 200
            assert "Tidak ada tagihan" in answer.text
        entries, _ = list_audit_entries(BANK, clock.to_text(clock.now())[:7], None)
        assert {(entry["action"], entry["user_id"], entry["reason"]) for entry in entries} == {
            ("search_bill", user, "pembayar menelepon") for user in ("support", "officer1")
        }

    def test_found_bill_is_shown_with_its_messages_and_contacts_masked(self, aws: Aws, tmp_path: Path) -> None:
        release(make_waiting_upload(tmp_path, [make_draft(7)]))
        bodies = [message["Body"] for message in receive_chunk_messages()]
        aws.become("UploadWriteFunction")
        assert write_chunks(bodies) == []
        aws.become("DashboardFunction")
        form = {"by": "number", "biller_id": "toko-sinar", "number": "INV-0007", "reason": "pembayar menelepon"}
        found = sign_in_as("officer1").post("/support", **form)
        assert found.status == 200
        for words in ("Ditemukan: 1", "Pelanggan 7", "Rp100.007", "p***@example.com", "Tagihan baru", "Dalam antrean"):
            assert words in found.text
        assert "p7@example.com" not in found.text
        assert "event-bus" not in found.text

    def test_search_without_a_reason_or_for_nonsense_is_refused(self) -> None:
        support = sign_in_as("support")
        for form in ({"by": "va", "va_number": "8800100000000017"}, {"by": "va", "va_number": "x", "reason": "y"}):
            assert support.post("/support", **form).status == 422
        assert read_trail(BANK) == []


class TestHealth:
    def test_officer_sees_dead_letters_and_lets_them_be_tried_again(self, monkeypatch: pytest.MonkeyPatch) -> None:
        sqs, moved = boto3.client("sqs"), list[str]()
        _, dead = get_settings().watched_queues["chunks"]
        sqs.send_message(QueueUrl=dead, MessageBody="x")
        # moto has no move of messages; tests/e2e/test_pages.py has a real one.
        monkeypatch.setattr(
            queue_health.client(), "start_message_move_task", lambda SourceArn: moved.append(SourceArn), raising=False
        )
        officer = sign_in_as("officer1")
        page = officer.get("/health").text
        assert page.count("Coba lagi") == 2, "one button with its label"
        assert officer.post("/health/chunks/redrive", page="/health").status == 303
        (arn,) = moved
        assert arn.endswith("ChunkDeadLetterQueue")
        assert read_trail(BANK) == ["redrive_dead_letters"]

    @pytest.mark.parametrize(
        ("name", "function"), [("checks", "UploadCheckFunction"), ("settlements", "ReconcileFunction")]
    )
    def test_events_that_a_function_failed_on_are_shown_with_what_to_do_and_without_a_button(
        self, name: str, function: str
    ) -> None:
        officer = sign_in_as("officer1")
        assert function not in officer.get("/health").text
        boto3.client("sqs").send_message(QueueUrl=get_settings().failed_event_queues[name], MessageBody="x")
        for language, failed in (("id", "1 gagal"), ("en", "1 failed")):
            page = officer.get("/health", lang=language).text
            assert page.count(failed) == 1
            assert page.count(function) == 1
            assert "redrive" not in page

    def test_channel_that_pauses_is_shown_with_its_reason(self, aws: Aws) -> None:
        now = clock.now()
        aws.become("NoticeSendEmailFunction")
        channels.start_pause(Channel.EMAIL, now, now + timedelta(minutes=2), "throttled")
        aws.become("DashboardFunction")
        page = sign_in_as("officer1").get("/health").text
        assert page.count("Jeda") == 1
        assert "throttled" in page

    def test_nothing_to_move_or_no_such_queue_is_said(self) -> None:
        officer = sign_in_as("officer1")
        assert officer.post("/health/chunks/redrive", page="/health").status == 409
        assert officer.post("/health/nothing/redrive", page="/health").status == 404
        assert read_trail(BANK) == []


def test_authenticator_app_is_set_up_by_its_code(monkeypatch: pytest.MonkeyPatch) -> None:
    typed: list[tuple[str, str]] = []
    monkeypatch.setattr("invoicing.sign_in.start_totp", lambda token: "JBSWY3DPEHPK3PXP")
    monkeypatch.setattr("invoicing.sign_in.finish_totp", lambda token, code: typed.append((token, code)))
    browser = sign_in_as("siti")
    shown = browser.post("/account/authenticator", page="/account")
    assert "JBSWY3DPEHPK3PXP" in shown.text
    assert "data:image/svg+xml" in shown.text
    done = browser.post("/account/authenticator/code", page="/account", code="123456", secret="JBSWY3DPEHPK3PXP")
    assert done.location == "../../account?done=authenticator"
    assert typed == [("token-of-siti", "123456")]


def test_help_names_the_contacts_of_the_deployment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HELP_PHONE", "021-555 0100")
    monkeypatch.setenv("HELP_EMAIL", "bantuan@bank.example")
    get_settings.cache_clear()
    for user in ("siti", "support"):
        page = sign_in_as(user).get("/help").text
        assert 'href="tel:0215550100"' in page
        assert "bantuan@bank.example" in page


def test_bank_people_are_led_to_what_they_may_open() -> None:
    officer, support = sign_in_as("officer1").get("/billers").text, sign_in_as("support").get("/billers").text
    assert 'href="./health"' in officer
    assert 'href="./support"' in officer
    assert 'href="./support"' in support
    assert 'href="./health"' not in support
