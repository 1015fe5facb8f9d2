"""What the routes over uploads, notices, settings and the support's searches answer, and what a repeated call does."""

import base64
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from invoicing.modules import e_invoice
from invoicing.roles import Role
from invoicing.settings import get_settings
from invoicing.store import billers
from tests.integration import bank_scenario as bank
from tests.integration import scenario
from tests.integration.api_scenario import Answer, call, make_user
from tests.integration.conftest import Aws
from tests.integration.scenario import CHECKER, MAKER, SCHOOL, SHOP


@pytest.fixture(autouse=True)
def staff(aws: Aws) -> None:
    scenario.register(SHOP, SCHOOL)
    make_user(MAKER, Role.MAKER, Role.CHECKER)
    make_user(CHECKER, Role.CHECKER)
    make_user("ani", Role.BILLER_ADMIN)
    make_user("dewi", Role.BANK_SUPPORT)
    make_user("rini", Role.BANK_OFFICER)


def start(key: str | None = None, user: str = MAKER, filename: str = "tagihan.xlsx") -> Answer:
    headers = {"idempotency-key": key} if key else {}
    return call("POST", "/v1/uploads", user, {"filename": filename}, headers=headers)


def test_same_key_starts_one_upload_and_another_key_another() -> None:
    first, again, other = start("k1"), start("k1"), start("k2")
    assert first.body["upload_id"] == again.body["upload_id"] != other.body["upload_id"]
    assert again.body["post"]["fields"]["key"] == first.body["post"]["fields"]["key"]
    assert len(call("GET", "/v1/uploads", MAKER).body["uploads"]) == 2


def test_key_of_another_user_or_biller_is_another_key() -> None:
    make_user("joko", Role.MAKER)
    make_user("guru", Role.MAKER, biller_id=SCHOOL.biller_id)
    ids = {start("k1", user).body["upload_id"] for user in (MAKER, "joko", "guru")}
    assert len(ids) == 3


def test_same_key_for_another_request_is_refused() -> None:
    start("k1")
    answer = start("k1", filename="lain.xlsx")
    assert (answer.status, answer.code) == (422, "key_reused")


def test_call_that_failed_may_be_repeated_with_its_key(monkeypatch: pytest.MonkeyPatch) -> None:
    from invoicing import uploading

    with monkeypatch.context() as broken:
        broken.setattr(uploading, "start_upload", lambda *_: 1 / 0)
        assert start("k1").status == 500
    assert start("k1").status == 201


def test_key_that_cannot_be_one_is_refused() -> None:
    assert start("x" * 129).status == 422


def test_list_of_uploads_is_newest_first_and_paged(monkeypatch: pytest.MonkeyPatch) -> None:
    from api.routes import uploads

    monkeypatch.setattr(uploads, "_PAGE_SIZE", 2)
    ids = [start().body["upload_id"] for _ in range(5)]
    found: list[str] = []
    query: dict[str, str] = {}
    while True:
        page = call("GET", "/v1/uploads", MAKER, query=query).body
        found += [upload["upload_id"] for upload in page["uploads"]]
        if "cursor" not in page:
            break
        query = {"cursor": page["cursor"]}
    assert found == sorted(ids, reverse=True)


def test_maker_does_not_release_the_own_upload_even_as_a_checker(tmp_path: Path) -> None:
    upload = scenario.make_waiting_upload(tmp_path, [scenario.make_draft(0)], warnings={"due_passed": 1})
    path = f"/v1/uploads/{upload.upload_id}"
    good = {"acknowledged": ["due_passed"], "send": "now"}
    assert call("POST", f"{path}/release", MAKER, good).code == "same_person"
    assert call("POST", f"{path}/release", CHECKER, {}).code == "warnings_not_acknowledged"
    assert call("POST", f"{path}/release", CHECKER, {**good, "send": "kemarin"}).code == "sending_time"
    released = call("POST", f"{path}/release", CHECKER, good).body
    assert (released["status"], released["released_by"]) == ("writing", CHECKER)
    scenario.write_all_chunks()
    (invoice,) = call("GET", f"{path}/invoices", CHECKER).body["invoices"]
    assert invoice["status"] == "open"
    (first, *_) = call("GET", f"/v1/virtual-accounts/{invoice['va_number']}/notices", CHECKER).body["notices"]
    assert first["recipient"] != "p0@example.com"
    assert call("DELETE", path, MAKER).code == "upload_state"


def test_rejected_upload_says_why_and_creates_nothing(tmp_path: Path) -> None:
    upload = scenario.make_waiting_upload(tmp_path, [scenario.make_draft(0)])
    answer = call("POST", f"/v1/uploads/{upload.upload_id}/reject", CHECKER, {"reason": "salah bulan"})
    assert answer.body["refusal"]["params"] == {"reason": "salah bulan"}
    assert scenario.read_table(get_settings().invoices_table) == []


def test_template_is_the_workbook_of_the_callers_product() -> None:
    make_user("guru", Role.MAKER, biller_id=SCHOOL.biller_id)
    shops, schools = (call("GET", "/v1/template", user) for user in (MAKER, "guru"))
    assert shops.headers["content-type"].endswith("spreadsheetml.sheet")
    assert "template-e_invoice.xlsx" in shops.headers["content-disposition"]
    assert shops.body != schools.body


def test_earlier_upload_comes_back_as_a_sheet_for_the_next_period(tmp_path: Path) -> None:
    upload = scenario.make_waiting_upload(tmp_path, [scenario.make_draft(0, payer_name="=1+1")])
    answer = call("GET", f"/v1/uploads/{upload.upload_id}/next-period", MAKER)
    assert answer.status == 200
    sheet = load_workbook(BytesIO(base64.b64decode(answer.body)))["Tagihan Umum"]
    keys = [column.key for column in e_invoice.SPEC.columns if column.in_template]
    cells = dict(zip(keys, sheet[2], strict=True))
    assert cells["number"].value == "INV-0000-202701"
    assert cells["due_date"].value.date().isoformat() == "2027-01-31"
    # Text, never a formula.
    assert (cells["payer_name"].value, cells["payer_name"].data_type) == ("=1+1", "s")


def test_upload_without_good_rows_has_no_next_period() -> None:
    upload_id = start().body["upload_id"]
    assert call("GET", f"/v1/uploads/{upload_id}/next-period", MAKER).code == "upload_state"


def read_settings() -> dict[str, Any]:
    settings: dict[str, Any] = call("GET", "/v1/settings", "ani").body
    return settings


def test_settings_are_replaced_with_an_entry_that_tells_what_changed() -> None:
    wanted = read_settings() | {"language": "en", "channels": ["whatsapp", "email"]}
    changed = call("PUT", "/v1/settings", "ani", wanted)
    assert (changed.status, changed.body["version"], changed.body["channels"]) == (200, 1, ["whatsapp", "email"])
    assert billers.load_biller(SHOP.biller_id).language == "en"
    (entry,) = scenario.read_table(get_settings().audit_table)
    assert (entry["before"], entry["after"]) == (
        {"language": "id", "channels": ["email"]},
        {"language": "en", "channels": ["whatsapp", "email"]},
    )


def test_who_changes_settings_second_is_told() -> None:
    seen = read_settings()
    assert call("PUT", "/v1/settings", "ani", seen | {"language": "en"}).status == 200
    assert call("PUT", "/v1/settings", "ani", seen | {"help_contact": "0811"}).code == "settings_changed"
    assert billers.load_biller(SHOP.biller_id).help_contact == ""


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"channels": []}, "bad_request"),
        ({"channels": ["email", "email"]}, "change_value"),
        ({"channels": ["pigeon"]}, "bad_request"),
        ({"channels": ["webhook"]}, "bad_request"),
        ({"release": "automatic"}, "change_value"),
        ({"outside_payments": "by_one"}, "change_value"),
        ({"policy": {"reminder_offsets": [3, 0]}}, "notice_policy"),
        ({"policy": {"reminder_offsets": [99]}}, "bad_request"),
        ({"policy": {"fallback": {"is_on": True, "order": ["sms", "sms"], "minutes": [0]}}}, "notice_policy"),
        ({"policy": {"quiet_from": "25:00"}}, "bad_request"),
    ],
)
def test_settings_that_cannot_be_are_refused(change: dict[str, Any], code: str) -> None:
    wanted = read_settings()
    for name, value in change.items():
        wanted[name] = wanted[name] | value if isinstance(value, dict) else value
    assert call("PUT", "/v1/settings", "ani", wanted).code == code
    assert read_settings()["version"] == 0


def test_approval_of_uploads_is_turned_on_again_by_one(tmp_path: Path) -> None:
    automatic = read_settings() | {"release": "automatic"}
    change = call("POST", "/v1/settings/automatic-release", "ani", {"reason": "sudah lancar"}).body["change_id"]
    assert call("POST", f"/v1/changes/{change}/approve", CHECKER).status == 200
    assert call("PUT", "/v1/settings", "ani", automatic).status == 200
    assert call("PUT", "/v1/settings", "ani", read_settings() | {"release": "by_checker"}).status == 200
    assert billers.load_biller(SHOP.biller_id).release == "by_checker"


def test_one_person_posts_payments_outside_only_once_two_have_agreed() -> None:
    assert read_settings()["outside_payments"] == "by_two"
    change = call("POST", "/v1/settings/outside-payments-by-one", "ani", {"reason": "loket kecil"}).body["change_id"]
    assert call("POST", f"/v1/changes/{change}/approve", "ani").code == "same_person"
    assert billers.load_biller(SHOP.biller_id).outside_payments == "by_two"
    assert call("POST", f"/v1/changes/{change}/approve", CHECKER).status == 200
    # A program that does not know of it changes nothing of it.
    seen = read_settings()
    del seen["outside_payments"]
    assert call("PUT", "/v1/settings", "ani", seen | {"language": "en"}).body["outside_payments"] == "by_one"
    back = call("PUT", "/v1/settings", "ani", read_settings() | {"outside_payments": "by_two"})
    assert (back.status, billers.load_biller(SHOP.biller_id).outside_payments) == (200, "by_two")


def write_invoice(folder: Path) -> dict[str, Any]:
    scenario.release(scenario.make_waiting_upload(folder, [scenario.make_draft(0)]))
    scenario.write_all_chunks()
    (invoice,) = scenario.read_table(get_settings().invoices_table)
    return invoice


@pytest.mark.parametrize("user", ["dewi", "rini"])
def test_support_or_officer_finds_a_bill_with_contacts_masked_and_leaves_the_reason_in_the_trail(
    tmp_path: Path, user: str
) -> None:
    invoice = write_invoice(tmp_path)
    why = {"reason": "pembayar menelepon"}
    by_va = call("POST", "/v1/support/by-virtual-account", user, {"va_number": invoice["va_number"], **why})
    by_number = call(
        "POST", "/v1/support/by-number", user, {"biller_id": SHOP.biller_id, "number": invoice["number"], **why}
    )
    assert by_va.body == by_number.body
    (bill,) = by_va.body["bills"]
    assert (bill["number"], bill["status"], bill["va_state"]) == (invoice["number"], "open", "open")
    assert "p0@example.com" not in str(by_va.body)
    nothing = call("POST", "/v1/support/by-virtual-account", user, {"va_number": "9" * 16, **why})
    assert nothing.body["bills"] == []
    entries = scenario.read_table(get_settings().audit_table)
    assert {entry["subject"] for entry in entries} == {
        f"va:{invoice['va_number']}",
        f"number:{SHOP.biller_id}:{invoice['number']}",
        f"va:{'9' * 16}",
    }
    assert {(entry["biller_id"], entry["user_id"], entry["reason"]) for entry in entries} == {
        ("bank", user, why["reason"])
    }


def test_support_finds_a_paid_bill_by_the_banks_reference(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    bank.name_tables(aws.template, monkeypatch)
    va_number = bank.open_bill()
    assert bank.read_code(bank.pay(va_number, 100_000)) == "2002500"
    asked = {"bank_reference": "REF-77", "reason": "pembayar membawa struk"}
    (bill,) = call("POST", "/v1/support/by-bank-reference", "dewi", asked).body["bills"]
    assert (bill["va_number"], bill["status"], bill["va_state"]) == (va_number, "paid", "paid")
    other = call("POST", "/v1/support/by-bank-reference", "dewi", asked | {"bank_reference": "REF-78"})
    assert other.body["bills"] == []


def test_support_without_a_reason_finds_nothing(tmp_path: Path) -> None:
    invoice = write_invoice(tmp_path)
    for reason in ({}, {"reason": ""}, {"reason": "  .  "}):
        answer = call("POST", "/v1/support/by-virtual-account", "dewi", {"va_number": invoice["va_number"], **reason})
        assert answer.code == "bad_request"


@pytest.mark.parametrize("whose", ["invoice", "payer"])
def test_reminders_are_paused_and_resumed_for_a_bill_or_its_payer(tmp_path: Path, whose: str) -> None:
    from invoicing.notice_policy import NoticePolicy
    from invoicing.reminders import is_paused
    from invoicing.store.invoices import load_current_invoice

    number = write_invoice(tmp_path)["number"]

    def paused() -> bool:
        return is_paused(SHOP.biller_id, load_current_invoice(SHOP.biller_id, number) or {}, NoticePolicy())

    assert call("POST", "/v1/reminders/pause", CHECKER, {"number": number, "of": whose}).status == 200
    assert paused()
    assert call("POST", "/v1/reminders/resume", CHECKER, {"number": number, "of": whose}).status == 200
    assert not paused()
    missing = call("POST", "/v1/reminders/pause", CHECKER, {"number": "INV-9999", "of": whose})
    assert missing.code == "invoice_not_found"
