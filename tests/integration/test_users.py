"""Users and programs: invited, changed, shut out; each biller's admin its own, and never the last admin away."""

from typing import Any

import boto3
import pytest

from invoicing.roles import Role, UserKind
from invoicing.settings import get_settings
from invoicing.store import users as store
from tests.integration.api_scenario import Answer, call, create_user_pool, make_user
from tests.integration.conftest import Aws
from tests.integration.scenario import SCHOOL, SHOP, read_table, register

ANI = {"email": "Ani@Toko.example", "name": "Ani", "roles": ["maker"]}


@pytest.fixture(autouse=True)
def pool(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> str:
    aws.become("ApiFunction")
    register(SHOP, SCHOOL)
    make_user("guru", Role.BILLER_ADMIN, biller_id="sekolah-harapan")
    make_user("siti", Role.BILLER_ADMIN)
    count_admins("toko-sinar", 1)
    return create_user_pool(monkeypatch)


def count_admins(biller_id: str, admins: int) -> None:
    """What inviting them would have counted."""
    item = {"pk": {"S": f"{biller_id}#admins"}, "admins": {"N": str(admins)}}
    boto3.client("dynamodb").put_item(TableName=get_settings().users_table, Item=item)


def invite(by: str = "siti", **changes: Any) -> Answer:
    return call("POST", "/v1/users", by, {**ANI, **changes})


def test_invited_user_belongs_to_the_admins_biller_and_can_call_at_once(pool: str) -> None:
    invited = invite()
    assert (invited.status, invited.body["email"]) == (201, "ani@toko.example")
    me = call("GET", "/v1/me", invited.body["user_id"]).body
    assert (me["biller_id"], me["roles"], me["created_by"]) == ("toko-sinar", ["maker"], "siti")


def test_inviting_again_is_the_same_user_and_no_second_entry(pool: str) -> None:
    first = invite().body["user_id"]
    assert invite().body["user_id"] == first
    assert len(read_table(get_settings().audit_table)) == 1
    # With other roles it is no repetition but a mistake.
    assert invite(roles=["checker"]).code == "user_exists"


def test_address_of_another_billers_user_is_not_taken_over(pool: str) -> None:
    user_id = invite().body["user_id"]
    assert invite("guru").code == "user_exists"
    assert store.load_user(user_id).biller_id == "toko-sinar"


def test_invitation_that_died_half_way_is_completed_by_repeating_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(store, "create_user", lambda *_: 1 / 0)
        assert invite().status == 500
    assert invite().status == 201


def test_admin_of_another_biller_sees_and_changes_nothing() -> None:
    user_id = invite().body["user_id"]
    assert [user["user_id"] for user in call("GET", "/v1/users", "guru").body["users"]] == ["guru"]
    for method, path, body in (
        ("POST", "disable", None),
        ("POST", "enable", None),
        ("POST", "invite", None),
        ("PUT", "roles", {"roles": ["biller_admin"]}),
    ):
        assert call(method, f"/v1/users/{user_id}/{path}", "guru", body).code == "user_not_found"


@pytest.mark.parametrize("roles", [["bank_officer"], ["maker", "bank_support"], [], ["owner"]])
def test_admin_cannot_give_roles_of_the_bank_or_none(roles: list[str]) -> None:
    assert invite(roles=roles).status == 422


def test_roles_count_from_the_next_call_on() -> None:
    user_id = invite().body["user_id"]
    assert call("POST", "/v1/uploads", user_id, {"filename": "a.xlsx"}).status == 201
    assert call("PUT", f"/v1/users/{user_id}/roles", "siti", {"roles": ["viewer"]}).body["roles"] == ["viewer"]
    assert call("POST", "/v1/uploads", user_id, {"filename": "a.xlsx"}).status == 403


def test_disabled_user_is_out_here_and_in_cognito_and_back_when_enabled(pool: str) -> None:
    user_id = invite().body["user_id"]
    cognito = boto3.client("cognito-idp")
    assert call("POST", f"/v1/users/{user_id}/disable", "siti").body["state"] == "disabled"
    assert call("GET", "/v1/me", user_id).status == 403
    assert cognito.admin_get_user(UserPoolId=pool, Username=user_id)["Enabled"] is False
    assert call("POST", f"/v1/users/{user_id}/disable", "siti").status == 200
    assert call("POST", f"/v1/users/{user_id}/enable", "siti").body["state"] == "active"
    assert call("GET", "/v1/me", user_id).status == 200
    assert cognito.admin_get_user(UserPoolId=pool, Username=user_id)["Enabled"] is True


def test_lost_phone_is_forgotten_by_another_admin_only_and_stands_in_the_trail(pool: str) -> None:
    user_id = invite(roles=["biller_admin"]).body["user_id"]
    path = f"/v1/users/{user_id}/forget-authenticator"
    assert call("POST", path, user_id).code == "same_person"
    assert call("POST", path, "guru").code == "user_not_found"
    assert [entry["action"] for entry in read_table(get_settings().audit_table)] == ["invite_user"]
    assert call("POST", path, "siti").status == 200
    entry = read_table(get_settings().audit_table)[-1]
    assert (entry["action"], entry["user_id"], entry["subject"]) == ("forget_authenticator", "siti", user_id)
    # Safe to repeat.
    assert call("POST", path, "siti").status == 200
    assert call("POST", f"/v1/bank/users/{user_id}/forget-authenticator", "siti").status == 403


@pytest.mark.parametrize("way", ["disable", "roles"])
def test_last_admin_stays(way: str) -> None:
    def leave(user_id: str) -> Answer:
        if way == "disable":
            return call("POST", f"/v1/users/{user_id}/disable", "siti")
        return call("PUT", f"/v1/users/{user_id}/roles", "siti", {"roles": ["viewer"]})

    assert leave("siti").code == "last_admin"
    second = invite(roles=["biller_admin"]).body["user_id"]
    assert leave(second).status == 200
    assert leave("siti").code == "last_admin"
    back = ("POST", "enable", None) if way == "disable" else ("PUT", "roles", {"roles": ["biller_admin"]})
    assert call(back[0], f"/v1/users/{second}/{back[1]}", "siti", back[2]).status == 200
    assert call("PUT", "/v1/users/siti/roles", second, {"roles": ["viewer"]}).status == 200


PROGRAM = {"name": "ERP Toko", "roles": ["maker"], "scopes": ["invoicing/read", "invoicing/write"]}


def create_program(**changes: Any) -> Answer:
    return call("POST", "/v1/programs", "siti", {**PROGRAM, **changes})


def test_program_gets_credentials_of_its_biller_and_its_secret_is_kept_nowhere() -> None:
    created = create_program()
    assert created.status == 201
    program = store.load_user(created.body["program"]["user_id"])
    assert (program.biller_id, program.roles, program.kind) == ("toko-sinar", {Role.MAKER}, UserKind.PROGRAM)
    kept = str([read_table(table) for table in (get_settings().users_table, get_settings().audit_table)])
    assert created.body["client_secret"] not in kept


def test_two_programs_at_a_time_and_a_deleted_one_makes_place(pool: str) -> None:
    first, _ = create_program().body["program"], create_program().body["program"]
    assert create_program().code == "too_many_programs"
    assert call("DELETE", f"/v1/programs/{first['user_id']}", "siti").body["state"] == "disabled"
    assert call("DELETE", f"/v1/programs/{first['user_id']}", "siti").status == 200
    assert create_program().status == 201
    clients = boto3.client("cognito-idp").list_user_pool_clients(UserPoolId=pool, MaxResults=10)["UserPoolClients"]
    assert len(clients) == 2
    assert first["user_id"] not in {client["ClientId"] for client in clients}


def test_program_that_comes_too_late_leaves_no_credentials(pool: str, monkeypatch: pytest.MonkeyPatch) -> None:
    create_program()
    create_program()
    # As if the second place had been taken after this look.
    monkeypatch.setattr(store, "find_free_slot", lambda _: 2)
    assert create_program().code == "too_many_programs"
    clients = boto3.client("cognito-idp").list_user_pool_clients(UserPoolId=pool, MaxResults=10)["UserPoolClients"]
    assert len(clients) == 2


@pytest.mark.parametrize("role", ["checker", "biller_admin", "bank_officer"])
def test_program_never_checks_nor_administers(role: str) -> None:
    assert create_program(roles=[role]).status == 422


def test_program_of_another_biller_cannot_be_deleted() -> None:
    client_id = create_program().body["program"]["user_id"]
    assert call("DELETE", f"/v1/programs/{client_id}", "guru").code == "user_not_found"
    assert call("DELETE", "/v1/programs/siti", "siti").code == "user_not_found"


def test_programs_enter_by_their_own_door_with_a_token_that_is_verified_there(monkeypatch: pytest.MonkeyPatch) -> None:
    from api import callers

    client_id = create_program().body["program"]["user_id"]

    def make_claims(scope: str) -> None:
        claims = {"sub": client_id, "client_id": client_id, "token_use": "access", "scope": scope}
        monkeypatch.setattr(callers, "verify_access_token", lambda _: claims)

    bearer = {"authorization": "Bearer token"}
    make_claims("invoicing/read")
    assert call("GET", "/erp/v1/me", None, headers=bearer).body["kind"] == "program"
    assert call("GET", "/erp/v1/me", None).code == "not_signed_in"
    assert call("POST", "/erp/v1/uploads", None, {"filename": "a.xlsx"}, headers=bearer).code == "access_denied"
    make_claims("invoicing/write")
    assert call("POST", "/erp/v1/uploads", None, {"filename": "a.xlsx"}, headers=bearer).status == 201
    # Neither door takes the other's callers.
    assert call("GET", "/v1/me", client_id).code == "access_denied"
    make_claims("invoicing/read")
    call("DELETE", f"/v1/programs/{client_id}", "siti")
    assert call("GET", "/erp/v1/me", None, headers=bearer).code == "access_denied"


def test_person_does_not_enter_by_the_programs_door(monkeypatch: pytest.MonkeyPatch) -> None:
    from api import callers

    claims = {"sub": "siti", "client_id": "dashboard", "token_use": "access", "scope": "invoicing/read"}
    monkeypatch.setattr(callers, "verify_access_token", lambda _: claims)
    assert call("GET", "/erp/v1/me", None, headers={"authorization": "Bearer token"}).code == "access_denied"
