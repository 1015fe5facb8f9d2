"""Every route with every role and with another biller's things, made from the route table and the OpenAPI document.

A new route is tried without being named here. One whose body has a member that ``VALUES`` lacks fails: add a value that
means something of the shop's.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import pytest

from infra.local.bank import write_public_key
from invoicing import bank_changes, clock, reporting, two_people, users, webhooks
from invoicing.changes import ChangeKind
from invoicing.notices import Channel, NoticeKind, SuppressionReason
from invoicing.reconciliation import Finding, Result
from invoicing.reports import Every, ReportKind, ReportOrder
from invoicing.roles import BANK_ROLES, Role
from invoicing.settings import get_settings
from invoicing.settlements import LineKind, SettlementLine
from invoicing.store import reconciliations, suppressions
from invoicing.store.billers import load_biller
from tests.integration import scenario
from tests.integration.api_scenario import Answer, PreviewsHere, call, create_user_pool, make_user
from tests.integration.conftest import Aws
from tests.integration.scenario import SCHOOL, SHOP
from tests.integration.snap_scenario import connect, make_key, run_change_function

SECRETS = (SHOP.name, SHOP.giro_account, "Pelanggan", "p0@example.com", "target@toko.example", "tagihan.xlsx")
"""What no answer to the school's people may hold."""

FILE_HASH = "a" * 64


@pytest.fixture
def values(aws: Aws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Any]:
    """Two billers, everything that a route can name of the first, and users of every role of both and of the bank."""
    pool = create_user_pool(monkeypatch)
    PreviewsHere(monkeypatch)
    scenario.register(SHOP, SCHOOL)
    scenario.release(scenario.make_waiting_upload(tmp_path, [scenario.make_draft(0)]))
    scenario.write_all_chunks()
    upload = scenario.make_waiting_upload(tmp_path, [scenario.make_draft(1)])
    (invoice,) = scenario.read_table(get_settings().invoices_table)
    target = users.invite_user(
        SHOP.biller_id, email="target@toko.example", name="Target", roles=[Role.VIEWER], invited_by="test"
    )
    program, _ = users.create_program(
        SHOP.biller_id, name="ERP", roles=[Role.VIEWER], scopes=["invoicing/read"], by="test"
    )
    change = two_people.propose_biller_change(
        load_biller(SHOP.biller_id), ChangeKind.RELEASE_MODE, "automatic", reason="test", by="test"
    )
    suppression_id = suppressions.build_suppression_id(SHOP.biller_id, Channel.EMAIL, "p0@example.com")
    suppressions.save_suppression(
        suppressions.Suppression(
            biller_id=SHOP.biller_id,
            suppression_id=suppression_id,
            channel=Channel.EMAIL,
            reason=SuppressionReason.BOUNCE,
            since="2026-11-23T03:00:00.000Z",
            address="p***@example.com",
            notice="notice",
        )
    )
    notice_id = min(
        notice["sk"] for notice in scenario.read_table(get_settings().notices_table) if notice["channel"] == "email"
    )
    endpoint, _ = webhooks.create_webhook(SHOP.biller_id, "https://erp.toko.example/a", list(NoticeKind), by="test")
    order = ReportOrder(ReportKind.INVOICES)
    report = reporting.request_report(SHOP.biller_id, "test", order)
    schedule = reporting.create_schedule(SHOP.biller_id, "test", order, Every.DAY, ("target@toko.example",))
    bank_code = get_settings().bank_code
    line = SettlementLine(2, LineKind.CREDIT, "9" * 16, 77_000, "2026-11-23T03:00:00.000Z", "REF-9")
    finding = Finding(line, Result.MISSING_HERE, 1)
    facts = {"received_at": "2026-11-24T01:00:00.000Z", "name": "settlement.csv"}
    reconciliations.begin_file(bank_code, FILE_HASH, facts)
    reconciliations.keep_findings(bank_code, [(finding, "2026-11-23")], file_hash=FILE_HASH, at=facts["received_at"])
    connect("BANK-A")
    monkeypatch.setattr(bank_changes, "invoke_function", run_change_function)
    for biller in (SHOP, SCHOOL):
        for role in set(Role) - BANK_ROLES:
            make_user(f"{biller.biller_id}-{role}", role, biller_id=biller.biller_id)
    for role in BANK_ROLES:
        make_user(role, role)
    aws.become("ApiFunction")
    monkeypatch.setenv("USER_POOL_ID", pool)
    for name, value in aws.template.read_environment("BankChangeFunction").items():
        monkeypatch.setenv(name, value)
    return {
        "upload_id": upload.upload_id,
        "va_number": invoice["va_number"],
        "number": invoice["number"],
        "bank_reference": "REF-1",
        "user_id": target.user_id,
        "client_id": program.user_id,
        "change_id": change.change_id,
        "suppression_id": suppression_id,
        "biller_id": SHOP.biller_id,
        "filename": "sekolah.xlsx",
        "acknowledged": [],
        "send": "now",
        "reason": "karena diminta",
        "email": "baru@sekolah.example",
        "name": "Orang Baru",
        "roles": ["viewer"],
        "scopes": ["invoicing/read"],
        "version": 0,
        "month": "2026-11",
        "channels": ["email"],
        "language": "id",
        "on_errors": "accept_good_rows",
        "release": "by_checker",
        "help_contact": "",
        "zone": "Asia/Jakarta",
        "quiet_from": "20:00",
        "quiet_until": "08:00",
        "on_weekends": False,
        "on_holidays": False,
        "reminder_offsets": [0],
        "is_on": False,
        "order": ["whatsapp", "sms"],
        "minutes": [30],
        "kind": "giro_account",
        "value": "028000333222",
        "module": "e_invoice",
        "legal_name": "PT Baru",
        "giro_account": "028000333222",
        "company_code": "88033",
        "phone": "081234567890",
        "wanted": invoice["number"],
        "invoices": [
            {"number": "API-1", "payer_name": "Pembeli Baru", "amount": 5_000, "due_date": "2026-12-31"},
        ],
        "va_numbers": [invoice["va_number"]],
        "due_date": "2027-01-31",
        "position": 0,
        "method": "cash",
        "amount": int(invoice["amount"]),
        "notice_id": notice_id,
        "first_day": clock.today_in_jakarta().isoformat(),
        "last_day": clock.today_in_jakarta().isoformat(),
        "endpoint_id": endpoint.endpoint_id,
        "url": "https://erp.sekolah.example/a",
        "since": clock.to_text(clock.now()),
        "report_id": report.report_id,
        "schedule_id": schedule.schedule_id,
        "every": "week",
        "send_to": ["baru@sekolah.example"],
        "file_hash": FILE_HASH,
        "result": Result.MISSING_HERE,
        "line": "settled",
        "note": "sudah dikembalikan",
        "contact": "p0@example.com",
        "bank_client_id": "BANK-A",
        "public_key": write_public_key(make_key(1)),
        "keep": "new",
        "idempotency-key": "key-1",
    }


def list_routes() -> list[tuple[str, str]]:
    from api.handler import ACCESS

    # Looking first, what ends something last, the worst at the very end: it would leave less to try.
    ends = ("POST", "/reject", "/withdraw", "/resume", "/disable", "/archive", "DELETE", "/suspend")

    def rank(route: tuple[str, str]) -> tuple[bool, int, tuple[str, str]]:
        method, path = route
        return (
            method != "GET",
            max(ends.index(end) for end in ends if path.endswith(end) or end in (method, "POST")),
            route,
        )

    return sorted(ACCESS, key=rank)


def read_roles(route: tuple[str, str]) -> frozenset[Role]:
    from api.handler import ACCESS

    return ACCESS[route].roles


def find_user(role: Role, biller_id: str) -> str:
    return role if role in BANK_ROLES else f"{biller_id}-{role}"


@cache
def read_document() -> dict[str, Any]:
    from api.openapi import build_document

    return build_document()


def call_route(route: tuple[str, str], user_id: str, values: dict[str, Any]) -> Answer:
    """With every parameter and every member of the body that the OpenAPI document asks for."""
    method, path = route
    document = read_document()
    operation = document["paths"][path.replace("<", "{").replace(">", "}")][method.lower()]
    query, headers = {}, {}
    for parameter in operation.get("parameters", []):
        name = parameter["name"]
        if parameter["in"] == "path":
            path = path.replace(f"<{name}>", str(values[name]))
        elif parameter["in"] == "header":
            headers |= {name: values[name]} if parameter["required"] else {}
        elif parameter["required"] or name == "state":
            query[name] = values.get(name, "active")
    body = None
    if "requestBody" in operation:
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        body = make_body(document, schema, values)
        if "bank/users" in path:
            body["roles"] = ["bank_support"]
        if route == ("POST", "/v1/billers"):
            body["biller_id"] = "usaha-baru"
        if path.startswith("/v1/report"):
            body["kind"] = ReportKind.INVOICES
        if path.startswith("/v1/bank/settlement-lines"):
            body["va_number"] = "9" * 16
    return call(method, path, user_id, body, query=query, headers=headers)


def make_body(document: dict[str, Any], schema: dict[str, Any], values: dict[str, Any]) -> Any:
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    body = {}
    for name, member in schema["properties"].items():
        target = member if "$ref" in member else next(iter(member.get("allOf", [])), {})
        resolved = document["components"]["schemas"][target["$ref"].rsplit("/", 1)[1]] if "$ref" in target else {}
        if resolved.get("type") == "object":
            body[name] = make_body(document, target, values)
        elif name in schema.get("required", []):
            body[name] = values[name]
    return body


def read_shop() -> list[str]:
    """Everything of the shop in every table."""
    dynamodb = boto3.client("dynamodb")
    items: list[str] = []
    for table in dynamodb.list_tables()["TableNames"]:
        found = dynamodb.scan(TableName=table)["Items"]
        texts = (json.dumps(item, sort_keys=True) for item in found)
        items += (text for text in texts if SHOP.biller_id in text and f"{SCHOOL.biller_id}-" not in text)
    return sorted(items)


def test_role_that_a_route_does_not_name_gets_nowhere(values: dict[str, Any]) -> None:
    before = read_shop()
    tried = 0
    for route in list_routes():
        for role in set(Role) - read_roles(route):
            for biller_id in (SHOP.biller_id, SCHOOL.biller_id):
                answer = call_route(route, find_user(role, biller_id), values)
                assert (answer.status, answer.code) == (403, "access_denied"), (route, role)
                tried += 1
    assert tried > 100
    assert read_shop() == before


def test_people_of_another_biller_neither_see_nor_change_anything(values: dict[str, Any]) -> None:
    before = read_shop()
    for route in list_routes():
        for role in read_roles(route) - BANK_ROLES:
            answer = call_route(route, find_user(role, SCHOOL.biller_id), values)
            assert answer.status < 500, (route, role, answer.body)
            text = json.dumps(answer.body, ensure_ascii=False)
            assert not [secret for secret in SECRETS if secret in text], (route, role)
            if "<" in route[1]:
                assert answer.status in (404, 409) or answer.body in ({"notices": []},), (route, role, answer.body)
        if route[0] != "GET":
            assert read_shop() == before, route
    assert read_shop() == before


def test_the_same_calls_by_its_own_people_find_what_they_name(values: dict[str, Any]) -> None:
    """Else the test above would prove nothing."""
    states: list[str] = []
    ended: set[tuple[str, str]] = set()
    for route in list_routes():
        for role in read_roles(route):
            answer = call_route(route, find_user(role, SHOP.biller_id), values)
            named = [name for name in ("<user_id>", "<change_id>") if name in route[1]]
            # Users and changes of the bank are other ones than the shop's.
            if role in BANK_ROLES and named:
                continue
            if route in ended and answer.status == 404:
                continue
            assert answer.status not in (403, 404, 500), (route, role, answer.body)
            if route[0] == "DELETE" and answer.status == 200:
                ended.add(route)
            assert answer.code != "bad_request", (route, role, answer.body)
            assert answer.code != "biller_not_active" or "suspended" in states, (route, role)
            if route[1] == "/v1/billers/<biller_id>/suspend":
                states.append("suspended")
