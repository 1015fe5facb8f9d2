"""The payer's page through the real handler: who may see what, in which state, and what is said of it."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from invoicing import clock, suppressions
from invoicing.payer_bills import BillState
from tests.integration.conftest import Aws
from tests.integration.payer_scenario import (
    EMAIL,
    archive_bill,
    call,
    change_bill,
    make_token,
    open_page,
    pay_bill,
    write_bill,
)
from tests.integration.scenario import SCHOOL, SHOP, read_table, register

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def page(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two billers, the key of links, and the function's own environment."""
    monkeypatch.setattr(clock, "now", lambda: NOW)
    register(replace(SHOP, help_contact="(021) 555-0101"), SCHOOL)
    aws.become("PayerFunction")


def test_open_bill_shows_amount_account_due_date_and_ways_to_pay() -> None:
    va_number = write_bill(1)
    answer = open_page(make_token(va_number))
    assert answer.status == 200
    grouped = " ".join(va_number[start : start + 4] for start in range(0, 16, 4))
    for fact in ("Rp100.001", grouped, "31 Desember 2026", "Belum dibayar", "Toko Sinar Jaya", "OCBC mobile", "ATM"):
        assert fact in answer.text


@pytest.mark.parametrize("language", ["id", "en"])
def test_every_state_has_its_words_in_both_languages(language: str) -> None:
    expected = {
        BillState.OPEN: ("Belum dibayar", "Not paid yet"),
        BillState.OVERDUE: ("Lewat jatuh tempo", "Overdue"),
        BillState.EXPIRED: ("Tidak dapat dibayar lagi", "Can no longer be paid"),
        BillState.PAID: ("Sudah dibayar", "Paid"),
        BillState.ARCHIVED: ("Ditarik oleh penagih", "Withdrawn by the biller"),
    }
    tokens = make_bill_in_each_state()
    for state, token in tokens.items():
        answer = open_page(token, language)
        assert answer.status == 200
        assert f"<strong>{expected[state][language == 'en']}</strong>" in answer.text
        assert f'<html lang="{language}">' in answer.text


def make_bill_in_each_state() -> dict[BillState, str]:
    numbers = {
        BillState.OPEN: write_bill(1),
        BillState.OVERDUE: write_bill(2, due_date="2026-11-20"),
        BillState.EXPIRED: write_bill(3, due_date="2026-11-20", valid_until="2026-11-22T16:59:59Z"),
        BillState.PAID: write_bill(4),
        BillState.ARCHIVED: write_bill(5),
    }
    pay_bill(4)
    archive_bill(5, numbers[BillState.ARCHIVED], archived_at="2026-11-22T03:00:00.000Z")
    return {state: make_token(va_number) for state, va_number in numbers.items()}


def test_only_payable_bills_ask_for_payment_or_watch_for_it() -> None:
    for state, token in make_bill_in_each_state().items():
        page = open_page(token).text
        payable = state in (BillState.OPEN, BillState.OVERDUE)
        assert ("Cara membayar" in page) is payable
        assert ("data-watch" in page) is payable
        assert ("data-copy" in page) is payable
        assert ("receipt.pdf" in page) is (state is BillState.PAID)


def test_archived_bill_hides_its_account_so_that_nobody_pays_it() -> None:
    va_number = write_bill(5)
    archive_bill(5, va_number, replaced_by="8808100000000099")
    page = open_page(make_token(va_number)).text
    assert va_number not in page.replace(" ", "")
    assert "mengganti tagihan ini" in page


def test_reissued_number_leaves_each_link_with_its_own_bill() -> None:
    old = write_bill(6)
    archive_bill(6, old)
    new = write_bill(106, number="INV-0006", amount=555_000)
    assert "Ditarik oleh penagih" in open_page(make_token(old)).text
    assert "Rp555.000" in open_page(make_token(new)).text


@pytest.mark.parametrize("token", ["x", "A" * 22, "../../etc", "é" * 22, ""])
def test_what_is_no_link_of_ours_says_nothing_of_any_bill(token: str) -> None:
    write_bill(1)
    answer = open_page(token)
    assert answer.status == 404
    assert "Tautan ini tidak berlaku" in answer.text
    assert "Rp" not in answer.text


def test_link_dies_when_the_contact_is_corrected() -> None:
    token = make_token(write_bill(1))
    change_bill(1, recipients=[{"name": "Ibu Sari", "email": "benar@example.com"}])
    assert open_page(token).status == 404
    assert call("GET /{token}/state", token=token).status == 404
    assert call("GET /{token}/invoice.pdf", token=token).status == 404


def test_link_dies_of_age(monkeypatch: pytest.MonkeyPatch) -> None:
    token = make_token(write_bill(1))
    monkeypatch.setattr(clock, "now", lambda: datetime(2028, 3, 1, tzinfo=UTC))
    assert open_page(token).status == 404


def test_state_turns_paid_for_the_page_that_watches() -> None:
    token = make_token(write_bill(1))
    assert call("GET /{token}/state", token=token).json == {"state": "open"}
    pay_bill(1)
    answer = call("GET /{token}/state", token=token)
    assert answer.json == {"state": "paid"}
    assert answer.headers["cache-control"] == "no-store"


def test_page_keeps_out_of_caches_search_engines_frames_and_referrers() -> None:
    headers = open_page(make_token(write_bill(1))).headers
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert "noindex" in headers["x-robots-tag"]
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy


def test_page_has_no_inline_script_or_style_and_loads_nothing_from_elsewhere() -> None:
    page = open_page(make_token(write_bill(1))).text
    assert not re.search(r"<script(?![^>]*\bsrc=)", page)
    assert not re.search(r"\son[a-z]+=|\sstyle=|<style", page)
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", page)


def test_page_with_all_it_loads_is_under_50_kb() -> None:
    items = [
        {"name": f"Barang nomor {index} dengan nama panjang", "quantity": "12", "unit_price": 7_000, "total": 84_000}
        for index in range(30)
    ]
    page = open_page(make_token(write_bill(1, items=items)))
    names = re.findall(r'(?:src|href)="(assets/[^"]+)"', page.text)
    assert len(names) == 2
    files = [call("GET /assets/{file}", file=name.removeprefix("assets/")) for name in names]
    assert all(file.status == 200 and "immutable" in file.headers["cache-control"] for file in files)
    assert len(page.body) + sum(len(file.body) for file in files) < 50_000


@pytest.mark.parametrize("name", ["payer.css", "../pages.py", "payer-00000000.js", ""])
def test_no_other_file_is_served(name: str) -> None:
    assert call("GET /assets/{file}", file=name).status == 404


def test_words_of_the_workbook_are_shown_as_words() -> None:
    va_number = write_bill(1, payer_name='<script>alert("x")</script>', description="{{ 7 * 7 }}\u202e")
    page = open_page(make_token(va_number)).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page
    assert "{{ 7 * 7 }}" in page
    assert "\u202e" not in page


class TestFamily:
    def write_family(self) -> dict[str, str]:
        school: Any = {"biller_id": "sekolah-harapan", "company_code": "88082", "family_code": "KEL-1"}
        student = {"nis": "1001", "class_name": "7A"}
        return {
            "Adi": write_bill(11, payer_name="Adi", student=student, fee_type="SPP", period="2026-11", **school),
            "Bunga": write_bill(12, payer_name="Bunga", student=student, fee_type="SPP", **school),
            "Citra": write_bill(
                13, payer_name="Citra", student=student, recipients=[{"email": "ayah@example.com"}], **school
            ),
            "other family": write_bill(14, payer_name="Dewi", student=student, **school | {"family_code": "KEL-2"}),
            "other biller": write_bill(15, payer_name="Eka", family_code="KEL-1"),
        }

    def test_open_bills_of_the_family_at_this_biller_are_shown_together(self) -> None:
        numbers = self.write_family()
        page = open_page(make_token(numbers["Adi"])).text
        assert "Bunga" in page
        assert "Citra" in page
        assert "Dewi" not in page
        assert "Eka" not in page

    def test_sibling_has_a_link_only_where_the_reader_is_its_recipient(self) -> None:
        numbers = self.write_family()
        page = open_page(make_token(numbers["Adi"])).text
        assert make_token(numbers["Bunga"]) in page
        assert make_token(numbers["Citra"], "ayah@example.com") not in page
        assert make_token(numbers["Citra"]) not in page

    def test_shared_contact_without_family_code_shows_nobody_else(self) -> None:
        first = write_bill(21, payer_name="Fajar")
        write_bill(22, payer_name="Gita")
        assert "Gita" not in open_page(make_token(first)).text


class TestDismissal:
    def test_dismissed_contact_gets_no_more_notices_and_its_link_closes(self) -> None:
        token = make_token(write_bill(1))
        answer = call("POST /{token}/dismiss", token=token)
        assert answer.status == 200
        assert "Pemberitahuan dihentikan" in answer.text
        assert open_page(token).status == 404
        ((found,), _) = suppressions.list_suppressions("toko-sinar")
        assert (found.channel, found.reason, found.lifted_at) == ("email", "not_mine", None)

    def test_biller_sees_who_dismissed_what_without_the_address(self, aws: Aws) -> None:
        va_number = write_bill(1)
        call("POST /{token}/dismiss", token=make_token(va_number))
        (entry,) = read_table(aws.template.read_environment("PayerFunction")["AUDIT_TABLE"])
        assert (entry["action"], entry["user_id"], entry["subject"]) == ("dismiss_bill", "payer", va_number)
        assert EMAIL not in json.dumps(entry, default=str)

    def test_dismissing_twice_changes_nothing_more(self, aws: Aws) -> None:
        token = make_token(write_bill(1))
        first, second = (call("POST /{token}/dismiss", token=token) for _ in range(2))
        assert first.text == second.text
        assert len(read_table(aws.template.read_environment("PayerFunction")["AUDIT_TABLE"])) == 1

    def test_telephone_number_is_dismissed_on_both_its_channels(self) -> None:
        number = "+6281234567890"
        va_number = write_bill(1, recipients=[{"whatsapp": number, "sms": number, "email": EMAIL}])
        call("POST /{token}/dismiss", token=make_token(va_number, number))
        found, _ = suppressions.list_suppressions("toko-sinar")
        assert sorted(suppression.channel for suppression in found) == ["sms", "whatsapp"]
        assert open_page(make_token(va_number)).status == 200

    def test_link_opens_again_when_the_biller_lifts_it(self) -> None:
        token = make_token(write_bill(1))
        call("POST /{token}/dismiss", token=token)
        ((found,), _) = suppressions.list_suppressions("toko-sinar")
        suppressions.lift_suppression("toko-sinar", found.suppression_id, "siti")
        assert open_page(token).status == 200
        call("POST /{token}/dismiss", token=token)
        assert open_page(token).status == 404

    def test_other_biller_may_still_write_to_the_address(self) -> None:
        call("POST /{token}/dismiss", token=make_token(write_bill(1)))
        other = write_bill(2, biller_id="sekolah-harapan", company_code="88082")
        assert open_page(make_token(other)).status == 200


class TestDocuments:
    def test_bill_and_receipt_are_pdfs_named_by_the_account(self) -> None:
        va_number = write_bill(1)
        token = make_token(va_number)
        answer = call("GET /{token}/invoice.pdf", token=token)
        assert answer.body.startswith(b"%PDF-")
        assert f"tagihan-{va_number}.pdf" in answer.headers["content-disposition"]
        pay_bill(1)
        assert call("GET /{token}/receipt.pdf", token=token).body.startswith(b"%PDF-")

    def test_there_is_no_receipt_before_the_payment(self) -> None:
        assert call("GET /{token}/receipt.pdf", token=make_token(write_bill(1))).status == 404


def test_log_has_neither_link_nor_name(capsys: pytest.CaptureFixture[str]) -> None:
    token = make_token(write_bill(1))
    open_page(token)
    open_page(token[::-1])
    call("POST /{token}/dismiss", token=token)
    written = capsys.readouterr()
    for secret in (token, token[::-1], EMAIL, "Ibu Sari", "Pelanggan 1"):
        assert secret not in written.out + written.err
