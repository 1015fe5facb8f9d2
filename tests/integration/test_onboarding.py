"""A biller's way in by two officers, and everything else that takes two people: route by route."""

from typing import Any

import boto3
import pytest

from invoicing import clock
from invoicing.billers import BillerState
from invoicing.changes import PATIENCE
from invoicing.roles import Role
from invoicing.settings import get_settings
from invoicing.store import billers
from tests.integration.api_scenario import Answer, call, create_user_pool, make_user
from tests.integration.conftest import Aws
from tests.integration.scenario import SCHOOL, SHOP, read_table, register

NEW = {
    "biller_id": "warung-ibu",
    "module": "e_invoice",
    "name": "Warung Ibu",
    "legal_name": "PT Warung Ibu Sejahtera",
    "giro_account": "028000999888",
    "company_code": "88077",
    "contact": {"name": "Ibu Ani", "email": "Ani@Warung.example", "phone": "0812 3456 7890"},
}
WHY = {"reason": "surat permintaan 12/2026"}


@pytest.fixture(autouse=True)
def pool(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> str:
    aws.become("ApiFunction")
    register(SHOP, SCHOOL)
    make_user("rini", Role.BANK_OFFICER)
    make_user("tono", Role.BANK_OFFICER)
    make_user("dewi", Role.BANK_SUPPORT)
    make_user("siti", Role.BILLER_ADMIN, Role.MAKER)
    make_user("budi", Role.CHECKER)
    return create_user_pool(monkeypatch)


def list_persons(pool: str) -> list[dict[str, str]]:
    found = boto3.client("cognito-idp").list_users(UserPoolId=pool)["Users"]
    return [{given["Name"]: given["Value"] for given in user["Attributes"]} for user in found]


def list_actions(month: str | None = None) -> list[tuple[str, str, str]]:
    entries = read_table(get_settings().audit_table)
    return [(entry["action"], entry["user_id"], entry["pk"].split("#")[0]) for entry in entries]


def find_admin(pool: str) -> str:
    return list_persons(pool)[0]["sub"]


def test_biller_begins_when_another_officer_approves_and_its_contact_is_invited(pool: str) -> None:
    registered = call("POST", "/v1/billers", "rini", NEW)
    assert (registered.status, registered.body["state"]) == (201, "registered")
    assert registered.body["contact"]["phone"] == "+6281234567890"
    assert list_persons(pool) == []
    approved = call("POST", "/v1/billers/warung-ibu/approve", "tono")
    assert (approved.status, approved.body["state"], approved.body["approved_by"]) == (200, "active", "tono")
    assert [person["email"] for person in list_persons(pool)] == ["ani@warung.example"]
    admin = call("GET", "/v1/me", find_admin(pool)).body
    assert (admin["biller_id"], admin["roles"]) == ("warung-ibu", ["biller_admin"])
    assert list_actions() == [
        ("register_biller", "rini", "warung-ibu"),
        ("approve_biller", "tono", "warung-ibu"),
        ("invite_user", "tono", "warung-ibu"),
    ]


def test_officer_does_not_approve_the_biller_that_he_registered() -> None:
    call("POST", "/v1/billers", "rini", NEW)
    refused = call("POST", "/v1/billers/warung-ibu/approve", "rini")
    assert (refused.status, refused.code) == (409, "same_person")
    assert billers.load_biller("warung-ibu").state is BillerState.REGISTERED


def test_registering_and_approving_again_changes_nothing_more(pool: str) -> None:
    first = call("POST", "/v1/billers", "rini", NEW)
    assert call("POST", "/v1/billers", "rini", NEW).body == first.body
    call("POST", "/v1/billers/warung-ibu/approve", "tono")
    assert call("POST", "/v1/billers/warung-ibu/approve", "tono").status == 200
    assert len(list_persons(pool)) == 1
    assert len(list_actions()) == 3
    assert call("POST", "/v1/billers", "rini", {**NEW, "giro_account": "028000111000"}).code == "biller_exists"


def test_approval_that_died_before_the_invitation_is_completed_by_repeating_it(
    pool: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from invoicing import user_pool

    call("POST", "/v1/billers", "rini", NEW)
    with monkeypatch.context() as broken:
        broken.setattr(user_pool, "create_person", lambda *_: 1 / 0)
        assert call("POST", "/v1/billers/warung-ibu/approve", "tono").status == 500
    assert list_persons(pool) == []
    assert call("POST", "/v1/billers/warung-ibu/approve", "tono").status == 200
    assert len(list_persons(pool)) == 1


def test_activation_email_is_sent_again_until_its_contact_has_signed_in(pool: str) -> None:
    call("POST", "/v1/billers", "rini", NEW)
    assert call("POST", "/v1/billers/warung-ibu/invite", "rini").code == "biller_state"
    call("POST", "/v1/billers/warung-ibu/approve", "tono")
    assert call("POST", "/v1/billers/warung-ibu/invite", "rini").status == 200
    assert list_actions()[-1] == ("invite_again", "rini", "warung-ibu")
    boto3.client("cognito-idp").admin_set_user_password(
        UserPoolId=pool, Username=find_admin(pool), Password="Kata-Sandi-1", Permanent=True
    )
    assert call("POST", "/v1/billers/warung-ibu/invite", "rini").code == "user_state"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"company_code": "88081"}, "company_code_taken"),
        ({"company_code": "880"}, "company_code"),
        ({"biller_id": "bank"}, "biller_exists"),
        ({"contact": {**NEW["contact"], "phone": "021 5551234"}}, "contact_phone"),  # type: ignore[dict-item]
        ({"contact": {**NEW["contact"], "email": "a@b.example, c@d.example"}}, "user_email"),  # type: ignore[dict-item]
    ],
)
def test_particulars_that_cannot_be_are_refused(change: dict[str, Any], code: str) -> None:
    assert call("POST", "/v1/billers", "rini", {**NEW, **change}).code == code
    assert call("GET", "/v1/billers/warung-ibu", "rini").status == 404


def test_suspended_biller_may_look_and_nothing_else_until_it_is_resumed() -> None:
    assert call("POST", "/v1/billers/toko-sinar/suspend", "rini", WHY).body["state"] == "suspended"
    assert call("GET", "/v1/uploads", "siti").status == 200
    assert call("POST", "/v1/uploads", "siti", {"filename": "a.xlsx"}).code == "biller_not_active"
    assert call("POST", "/v1/billers/toko-sinar/suspend", "rini", WHY).code == "biller_state"
    assert call("POST", "/v1/billers/toko-sinar/resume", "tono", WHY).body["state"] == "active"
    assert call("POST", "/v1/uploads", "siti", {"filename": "a.xlsx"}).status == 201
    assert [action for action, *_ in list_actions()] == ["suspend_biller", "resume_biller"]


def propose(kind: str, value: str, by: str = "rini") -> Answer:
    return call("POST", "/v1/billers/toko-sinar/changes", by, {"kind": kind, "value": value, **WHY})


@pytest.mark.parametrize(("kind", "value"), [("giro_account", "028000777666"), ("company_code", "88055")])
def test_value_that_takes_two_changes_when_another_officer_approves(kind: str, value: str) -> None:
    proposed = propose(kind, value).body
    path = f"/v1/billers/toko-sinar/changes/{proposed['change_id']}"
    assert [change["change_id"] for change in call("GET", "/v1/bank/changes", "tono").body["changes"]] == [
        proposed["change_id"]
    ]
    assert call("POST", f"{path}/approve", "rini").code == "same_person"
    assert getattr(billers.load_biller("toko-sinar"), kind) == getattr(SHOP, kind)
    assert call("POST", f"{path}/approve", "tono").body["state"] == "approved"
    assert getattr(billers.load_biller("toko-sinar"), kind) == value
    assert call("GET", "/v1/bank/changes", "tono").body["changes"] == []
    entries = read_table(get_settings().audit_table)
    assert [(entry["action"], entry["user_id"], entry["after"][kind]) for entry in entries] == [
        (f"propose_{kind}", "rini", value),
        (f"approve_{kind}", "tono", value),
    ]


def test_company_code_of_another_biller_is_not_taken_over() -> None:
    path = f"/v1/billers/toko-sinar/changes/{propose('company_code', SCHOOL.company_code).body['change_id']}"
    assert call("POST", f"{path}/approve", "tono").code == "change_state"
    assert billers.load_biller("toko-sinar").company_code == SHOP.company_code


def test_biller_may_return_to_a_company_code_it_had_and_its_numbers_go_on() -> None:
    for value in ("88055", SHOP.company_code):
        change = propose("company_code", value).body["change_id"]
        assert call("POST", f"/v1/billers/toko-sinar/changes/{change}/approve", "tono").status == 200
    counters = {item["pk"]: item["next"] for item in read_table(get_settings().counters_table)}
    assert counters[f"028#{SHOP.company_code}"] == 0
    assert billers.load_biller("toko-sinar").company_code == SHOP.company_code


def test_approval_fails_when_the_value_is_no_longer_the_one_that_was_seen() -> None:
    first, second = (propose("giro_account", value).body["change_id"] for value in ("028000777666", "028000555444"))
    assert call("POST", f"/v1/billers/toko-sinar/changes/{first}/approve", "tono").status == 200
    assert call("POST", f"/v1/billers/toko-sinar/changes/{second}/approve", "tono").code == "change_state"
    assert billers.load_biller("toko-sinar").giro_account == "028000777666"


def test_rejected_or_old_proposal_cannot_be_approved(monkeypatch: pytest.MonkeyPatch) -> None:
    rejected, old = (propose("giro_account", value).body["change_id"] for value in ("028000777666", "028000555444"))
    assert call("POST", f"/v1/billers/toko-sinar/changes/{rejected}/reject", "tono").body["state"] == "rejected"
    assert call("POST", f"/v1/billers/toko-sinar/changes/{rejected}/approve", "tono").code == "change_state"
    later = clock.now() + PATIENCE * 1.01
    monkeypatch.setattr(clock, "now", lambda: later)
    assert call("POST", f"/v1/billers/toko-sinar/changes/{old}/approve", "tono").code == "change_state"


def test_officers_do_not_decide_on_a_billers_own_changes_nor_the_biller_on_the_banks() -> None:
    own = call("POST", "/v1/settings/automatic-release", "siti", WHY).body["change_id"]
    assert call("POST", f"/v1/billers/toko-sinar/changes/{own}/approve", "tono").code == "change_not_found"
    banks = propose("giro_account", "028000777666").body["change_id"]
    assert call("POST", f"/v1/changes/{banks}/approve", "budi").code == "change_not_found"


def test_approval_of_uploads_is_turned_off_by_two_people_of_the_biller() -> None:
    change = call("POST", "/v1/settings/automatic-release", "siti", WHY).body["change_id"]
    assert call("POST", f"/v1/changes/{change}/approve", "siti").code == "same_person"
    assert call("POST", f"/v1/changes/{change}/approve", "budi").status == 200
    assert billers.load_biller("toko-sinar").release == "automatic"


def test_new_officer_takes_two_officers(pool: str) -> None:
    wanted = {"email": "agus@bank.example", "name": "Agus", "roles": ["bank_officer"], **WHY}
    change = call("POST", "/v1/bank/users", "rini", wanted).body["change_id"]
    assert list_persons(pool) == []
    assert call("POST", f"/v1/billers/bank/changes/{change}/approve", "rini").code == "same_person"
    assert call("POST", f"/v1/billers/bank/changes/{change}/approve", "tono").status == 200
    agus = find_admin(pool)
    assert call("GET", "/v1/me", agus).body["roles"] == ["bank_officer"]
    # Out by one officer, in again by two.
    assert call("POST", f"/v1/bank/users/{agus}/disable", "rini").status == 200
    assert call("GET", "/v1/me", agus).status == 403
    change = call("POST", "/v1/bank/users", "rini", wanted | {"roles": ["bank_support"]}).body["change_id"]
    assert call("POST", f"/v1/billers/bank/changes/{change}/approve", "tono").status == 200
    assert call("GET", "/v1/me", agus).body["roles"] == ["bank_support"]
    assert len(list_persons(pool)) == 1


def test_trail_of_a_biller_is_paged_by_month_and_tells_before_and_after() -> None:
    call("POST", "/v1/billers/toko-sinar/suspend", "rini", WHY)
    month = clock.to_text(clock.now())[:7]
    (entry,) = call("GET", "/v1/audit", "siti", query={"month": month}).body["entries"]
    assert (entry["before"], entry["after"], entry["reason"]) == (
        {"state": "active"},
        {"state": "suspended"},
        WHY["reason"],
    )
    assert call("GET", "/v1/audit", "siti", query={"month": "2020-01"}).body["entries"] == []
    assert call("GET", "/v1/billers/toko-sinar/audit", "rini", query={"month": month}).body["entries"] == [entry]


def test_wrong_particulars_are_corrected_before_approval_and_not_by_the_one_who_approves() -> None:
    call("POST", "/v1/billers", "rini", NEW)
    right = {name: value for name, value in NEW.items() if name != "biller_id"} | {"giro_account": "028000111000"}
    assert call("PUT", "/v1/billers/warung-ibu", "tono", right).body["giro_account"] == "028000111000"
    assert call("POST", "/v1/billers/warung-ibu/approve", "tono").code == "same_person"
    assert call("PUT", "/v1/billers/warung-ibu", "tono", right | {"company_code": "88066"}).code == "biller_exists"
    approved = call("POST", "/v1/billers/warung-ibu/approve", "rini")
    assert (approved.status, approved.body["giro_account"]) == (200, "028000111000")
    assert call("PUT", "/v1/billers/warung-ibu", "tono", right).code == "biller_state"


def test_biller_without_an_admin_gets_one_by_two_officers(pool: str) -> None:
    wanted = {"email": "baru@toko.example", "name": "Admin Baru", "reason": "admin lama keluar"}
    change = call("POST", "/v1/billers/toko-sinar/admins", "rini", wanted).body["change_id"]
    path = f"/v1/billers/toko-sinar/changes/{change}/approve"
    assert call("POST", path, "rini").code == "same_person"
    for _ in range(2):
        assert call("POST", path, "tono").status == 200
    assert len(list_persons(pool)) == 1
    me = call("GET", "/v1/me", find_admin(pool)).body
    assert (me["biller_id"], me["roles"]) == ("toko-sinar", ["biller_admin"])
