"""The pages of invoices through the real handler: lists and searches, one invoice, and every step that changes one."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from invoicing import clock
from invoicing.roles import Role
from tests.integration.api_scenario import make_user
from tests.integration.conftest import Aws
from tests.integration.dashboard_scenario import Answer, Browser, sign_in_as, trust_tokens
from tests.integration.invoice_scenario import (
    archived,
    current,
    inquire,
    issue,
    list_notices,
    list_postings,
    pay_at_bank,
)
from tests.integration.scenario import SCHOOL, SHOP, make_draft, register

DRAFTS = [
    make_draft(1, due_date="2026-12-01"),
    make_draft(2, due_date="2026-12-02"),
    make_draft(3, due_date="2026-12-03", payer_code="C1"),
]

OF_STUDENT = make_draft(
    9,
    student={"nis": "1001", "class_name": "7A"},
    payer_code="1001",
    fee_type="SPP",
    period="2026-12",
    school_year="2026/2027",
)


@pytest.fixture(autouse=True)
def dashboard(aws: Aws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    register(SHOP, SCHOOL)
    make_user("siti", Role.MAKER)
    make_user("budi", Role.MAKER, Role.CHECKER)
    make_user("dewi", Role.CHECKER)
    make_user("vera", Role.VIEWER)
    make_user("adam", Role.BILLER_ADMIN)
    make_user("ani", Role.MAKER, Role.CHECKER, biller_id="sekolah-harapan")
    trust_tokens(monkeypatch)
    issue(tmp_path, *DRAFTS)
    issue(tmp_path, OF_STUDENT, biller=SCHOOL)
    aws.become("DashboardFunction")


def find_va(number: str = "INV-0001") -> str:
    return str(current(number)["va_number"])


def act(user: str, path: str, va_number: str | None = None, **form: Any) -> Answer:
    """What the button on the invoice's page does, with the members that the page gives its form."""
    va_number = va_number or find_va()
    browser = sign_in_as(user)
    page = browser.get(f"/invoices/{va_number}").text
    given: dict[str, Any] = {}
    for name in ("revision", "request_id"):
        match = re.search(rf'name="{name}" value="([^"]+)"', page)
        given |= {name: match[1]} if match else {}
    return browser.post(f"/invoices/{va_number}/{path}", page=f"/invoices/{va_number}", **given | form)


def list_numbers(answer: Answer) -> list[str]:
    return re.findall(r'<a href="[^"]*invoices/\d+">([^<]+)</a>', answer.text)


class TestList:
    def test_filters_by_status_dates_and_order(self) -> None:
        va_number = find_va("INV-0002")
        assert pay_at_bank("toko-sinar", "INV-0002", va_number, 100_002)
        browser = sign_in_as("vera")
        assert list_numbers(browser.get("/invoices")) == ["INV-0001", "INV-0002", "INV-0003"]
        assert list_numbers(browser.get("/invoices", show="paid")) == ["INV-0002"]
        assert list_numbers(browser.get("/invoices", show="open", order="latest")) == ["INV-0003", "INV-0001"]
        assert list_numbers(browser.get("/invoices", due_from="2026-12-02", due_to="2026-12-02")) == ["INV-0002"]

    def test_dates_and_places_that_are_none_are_refused_in_words(self) -> None:
        assert sign_in_as("vera").get("/invoices", due_from="kemarin").status == 422
        assert sign_in_as("vera").get("/invoices", after="nowhere").status == 422

    def test_upload_is_a_filter_and_no_other_key(self) -> None:
        upload_id = current("INV-0001")["upload_id"]
        assert list_numbers(sign_in_as("vera").get("/invoices", upload=upload_id)) == [
            "INV-0001",
            "INV-0002",
            "INV-0003",
        ]
        for path in ("/invoices", "/status"):
            assert sign_in_as("ani").get(path, upload=upload_id).status == 404
            assert sign_in_as("vera").get(path, upload=f"{upload_id}#hold").status == 404

    def test_pages_follow_each_other_with_the_same_filter(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("dashboard.views.invoices._PAGE_SIZE", 2)
        browser = sign_in_as("vera")
        first = browser.get("/invoices", show="open")
        assert list_numbers(first) == ["INV-0001", "INV-0002"]
        match = re.search(r'href="\?show=open&after=([^"]+)"', first.text)
        assert match
        assert list_numbers(browser.get("/invoices", show="open", after=match[1])) == ["INV-0003"]

    def test_other_invoices_of_a_payer_are_found_without_naming_the_payer(self) -> None:
        page = sign_in_as("vera").get(f"/invoices/{find_va()}")
        assert f"invoices?like={find_va()}" in page.text
        assert list_numbers(sign_in_as("vera").get("/invoices", like=find_va())) == ["INV-0001", "INV-0003"]

    @pytest.mark.parametrize("wanted", ["inv-0002", "VA", "p2@example.com"])
    def test_search_finds_by_number_account_and_address_and_puts_none_into_an_address(self, wanted: str) -> None:
        typed = find_va("INV-0002") if wanted == "VA" else wanted
        answer = sign_in_as("vera").post("/invoices/search", wanted=typed)
        assert answer.status == 200
        assert list_numbers(answer) == ["INV-0002"]
        assert "p2@example.com" not in answer.text

    def test_neither_list_nor_search_nor_page_shows_another_billers(self) -> None:
        stranger = sign_in_as("ani")
        assert list_numbers(stranger.get("/invoices")) == ["INV-0009"]
        assert stranger.get("/invoices", like=find_va()).status == 404
        assert list_numbers(stranger.post("/invoices/search", wanted="INV-0001")) == []
        assert stranger.get(f"/invoices/{find_va()}").status == 404


class TestManyAtOnce:
    def test_archive_asks_for_a_reason_and_tells_what_became_of_each(self) -> None:
        chosen = [find_va("INV-0001"), find_va("INV-0002"), find_va("INV-0003")]
        assert pay_at_bank("toko-sinar", "INV-0002", chosen[1], 100_002)
        inquire(chosen[2], clock.now())
        browser = sign_in_as("budi")
        asked = browser.post("/invoices/archive", page="/invoices", va=chosen)
        assert "Rp300.006" in asked.text
        assert current("INV-0001")["status"] == "open"
        done = browser.post("/invoices/archive", page="/invoices", va=chosen, reason="Salah harga", notify="yes")
        for words in ("Diarsipkan", "Sudah lunas", "baru ditanyakan bank", "Tetap arsipkan"):
            assert words in done.text
        assert archived("INV-0001", chosen[0])["archive_reason"] == "Salah harga"
        assert current("INV-0003")["status"] == "open"
        again = {"va": chosen[2], "reason": "Salah harga", "confirmed": "yes"}
        browser.post("/invoices/archive", page="/invoices", **again)
        assert archived("INV-0003", chosen[2])["archived_by"] == "budi"
        told = {notice["channel"] for notice in list_notices(chosen[2], "archived")}
        assert "email" not in told, "without the tick no person is told"
        assert "email" in {notice["channel"] for notice in list_notices(chosen[0], "archived")}

    def test_resend_asks_first_and_says_why_a_bill_is_not_sent(self) -> None:
        chosen = [find_va("INV-0001"), find_va("INV-0002")]
        browser = sign_in_as("adam")
        asked = browser.post("/invoices/resend", page="/invoices", va=chosen)
        assert "Kirim ulang 2 tagihan" in asked.text
        assert pay_at_bank("toko-sinar", "INV-0002", chosen[1], 100_002)
        form = {"va": chosen, "sure": "yes", "request_id": "abc1"}
        done = browser.post("/invoices/resend", page="/invoices", **form)
        assert "sudah dibayar" in done.text

    def test_accounts_of_another_biller_are_left_alone(self) -> None:
        stranger = sign_in_as("ani")
        answer = stranger.post("/invoices/archive", page="/invoices/search", va=[find_va()], reason="salah")
        assert "Belum ada tagihan siswa yang dipilih" in answer.text
        assert current("INV-0001")["status"] == "open"


class TestOneInvoice:
    def test_page_shows_facts_masks_contacts_and_tells_the_history(self) -> None:
        va_number = find_va()
        assert pay_at_bank("toko-sinar", "INV-0001", va_number, 100_001)
        page = sign_in_as("vera").get(f"/invoices/{va_number}").text
        for words in ("Rp100.001", "p***@example.com", "Lunas", "Pembayaran diterima", "Tagihan dibuat", va_number):
            assert words in page
        assert "p1@example.com" not in page
        assert "<form" not in page.split("<main")[1], "a viewer has nothing to press"

    def test_archive_right_after_an_inquiry_needs_a_confirmation(self) -> None:
        va_number = find_va()
        inquire(va_number, clock.now() - timedelta(minutes=2))
        warned = act("siti", "archive", reason="Salah")
        assert warned.status == 409
        assert 'name="confirmed"' in warned.text
        assert current("INV-0001")["status"] == "open"
        done = act("siti", "archive", reason="Salah", confirmed="yes", notify="yes")
        assert done.status == 303
        assert done.location == f"../{va_number}?done=archived"
        assert list_notices(va_number, "archived")
        assert "Salah" in sign_in_as("siti").get(f"/invoices/{va_number}", done="archived").text

    def test_due_date_is_put_off_and_never_brought_forward(self) -> None:
        assert act("siti", "extend", due_date="2026-12-20").status == 303
        assert current("INV-0001")["due_date"] == "2026-12-20"
        refused = act("siti", "extend", due_date="2026-12-10")
        assert refused.status == 422
        assert "dimundurkan" in refused.text
        assert act("siti", "extend", due_date="besok").status == 422

    def test_contact_is_corrected_where_a_field_is_filled_and_removed_where_it_is_ticked(self) -> None:
        assert act("siti", "contact", position="0", whatsapp="0812 3456 7890", remove="email").status == 303
        assert current("INV-0001")["recipients"][0] == {"name": "Pelanggan 1", "whatsapp": "+6281234567890"}
        assert act("siti", "contact", position="0", remove="whatsapp").status == 422
        assert act("siti", "contact", position="x", email="a@example.com").status == 422

    def test_change_of_what_somebody_else_changed_meanwhile_is_refused(self) -> None:
        assert act("siti", "extend", due_date="2026-12-20").status == 303
        stale = act("budi", "extend", due_date="2026-12-24", revision="0")
        assert stale.status == 409
        assert current("INV-0001")["due_date"] == "2026-12-20"

    def test_reminders_are_paused_and_resumed(self) -> None:
        assert act("adam", "pause", until="2027-01-02").status == 303
        assert current("INV-0001")["reminders_paused"]["until"] == "2027-01-02"
        assert act("adam", "resume").status == 303
        assert "reminders_paused" not in current("INV-0001")

    def test_bill_is_sent_again_once_however_often_the_form_is_sent(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("invoicing.resending._UNDER_WAY", frozenset())
        before = len(list_notices(find_va(), "issued"))
        assert act("adam", "resend", request_id="once").status == 303
        assert act("adam", "resend", request_id="once").status == 303
        assert len(list_notices(find_va(), "issued")) == before * 2
        one = list_notices(find_va(), "issued")[0]["sk"]
        assert act("adam", "resend", request_id="twice", notice_id=one).status == 303
        assert len(list_notices(find_va(), "issued")) == before * 2 + 1

    def test_resend_of_what_is_under_way_says_so(self) -> None:
        notice = list_notices(find_va())[0]["sk"]
        answer = act("siti", "resend", notice_id=notice)
        assert answer.status == 409
        assert "masih berjalan" in answer.text


class TestTwoPeople:
    def test_payment_outside_the_account_is_posted_by_a_second_person(self) -> None:
        form = {"method": "cash", "amount": "Rp 100.001", "note": "Kuitansi 7", "at": "2026-11-01T09:30"}
        assert act("budi", "outside-payment", **form).status == 303
        assert "orang lain" in sign_in_as("budi").get(f"/invoices/{find_va()}").text
        own = act("budi", "outside-payment/approve")
        assert own.status == 409
        assert not list_postings()
        assert act("siti", "outside-payment/approve").status == 403, "a maker checks nothing"
        assert list_numbers(sign_in_as("dewi").get("/invoices", show="waiting")) == ["INV-0001"]
        assert act("dewi", "outside-payment/approve").status == 303
        (posting,) = list_postings()
        assert (posting["recorded_by"], posting["approved_by"], posting["amount"]) == ("budi", "dewi", 100_001)
        assert posting["transaction_at"].startswith("2026-11-01T02:30"), "meant in the biller's zone"

    def test_payment_is_taken_back_before_it_is_approved(self) -> None:
        assert act("siti", "outside-payment", method="transfer", amount="100001").status == 303
        assert act("siti", "outside-payment/reject", reason="Bukan yang ini").status == 303
        assert "outside_payment" not in current("INV-0001")

    def test_amount_that_is_not_exactly_the_bills_is_refused(self) -> None:
        for amount in ("100.002", "10.00.01", "100001,00", "", "1e5", "-100001"):
            assert act("siti", "outside-payment", method="cash", amount=amount).status == 422, amount
        assert "outside_payment" not in current("INV-0001")

    def test_reversal_is_proposed_by_one_and_approved_by_another(self) -> None:
        va_number = find_va()
        assert pay_at_bank("toko-sinar", "INV-0001", va_number, 100_001)
        assert act("budi", "reversal", reason="Salah debit").status == 303
        assert act("budi", "reversal/approve").status == 409
        assert list_numbers(sign_in_as("dewi").get("/invoices", show="waiting")) == ["INV-0001"]
        done = act("dewi", "reversal/approve", va_number)
        assert done.status == 303
        assert current("INV-0001")["status"] == "open"
        assert current("INV-0001")["replaces"] == va_number
        old = sign_in_as("vera").get(f"/invoices/{va_number}").text
        assert find_va() in old

    def test_reversal_is_rejected_and_the_invoice_stays_paid(self) -> None:
        assert pay_at_bank("toko-sinar", "INV-0001", find_va(), 100_001)
        assert act("budi", "reversal", reason="Salah debit").status == 303
        assert act("siti", "reversal/reject", reason="Sudah benar").status == 303
        assert "reversal" not in current("INV-0001")
        assert current("INV-0001")["status"] == "paid"


STEPS = [
    "archive", "extend", "contact", "pause", "resume", "resend", "outside-payment", "outside-payment/approve",
    "outside-payment/reject", "reversal", "reversal/approve", "reversal/reject",
]  # fmt: skip


def test_no_step_touches_another_billers_invoice() -> None:
    before = current("INV-0001")
    form = {"reason": "x", "due_date": "2026-12-30", "request_id": "r1", "position": "0", "email": "z@example.com"}
    for step in STEPS:
        answer = sign_in_as("ani").post(f"/invoices/{find_va()}/{step}", page="/invoices/search", **form)
        assert answer.status == 404, step
    assert current("INV-0001") == before


def test_no_step_is_taken_without_the_forms_key() -> None:
    before = current("INV-0001")
    browser: Browser = sign_in_as("budi")
    for step in STEPS:
        answer = browser.post(f"/invoices/{find_va()}/{step}", form_key="guessed", reason="salah")
        assert answer.status == 403, step
    assert current("INV-0001") == before


def test_school_speaks_of_students_classes_and_guardians() -> None:
    browser = sign_in_as("ani")
    number = current("INV-0009", SCHOOL)
    listed = browser.get("/invoices", **{"class": "7A"})
    assert list_numbers(listed) == ["INV-0009"]
    assert list_numbers(browser.get("/invoices", **{"class": "8A"})) == []
    page = browser.get(f"/invoices/{number['va_number']}").text
    for words in ("Siswa", "Kelas", "7A", "Wali", "NIS"):
        assert words in page
    assert "Pelanggan</" not in page


def test_address_of_a_forms_answer_leads_back_to_the_page_with_the_form() -> None:
    for path in ("archive", "resend", "{va}/archive", "{va}/outside-payment/approve"):
        answer = sign_in_as("budi").get(f"/invoices/{path.format(va=find_va())}", lang="en")
        assert answer.status == 303, path
        above = answer.location.replace("../", "")
        assert above == (f"invoices/{find_va()}" if "{va}" in path else "invoices"), path
