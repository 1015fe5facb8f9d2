"""Every route that approves: nobody is the second person to oneself, with whatever roles. Made from the route table.

A new route that approves fails here until it says how something to approve comes about.
"""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from infra.local.settlement_files import distort
from invoicing import clock
from invoicing.roles import Role
from tests.integration import api_scenario, scenario
from tests.integration import invoice_scenario as bills
from tests.integration.api_scenario import call, make_user
from tests.integration.conftest import Aws
from tests.integration.report_scenario import Invoice
from tests.integration.scenario import SHOP, dump_tables
from tests.integration.test_reconciliation import drop, write

ONE, OTHER = scenario.MAKER, scenario.CHECKER
OFFICER, SECOND = "rini", "tono"
WHY = {"reason": "surat permintaan 12/2026"}
ELSEWHERE = {"/v1/bank/client-changes/<change_id>/approve"}
"""Carried out by a function with secrets: test_bank_changes.py."""

Prepare = Callable[[Path], tuple[str, Any]]
"""Lets ONE, or OFFICER, bring about something to approve; the path to approve it, and the body."""


def do(path: str, body: Any = None, user: str = ONE) -> dict[str, Any]:
    answer = call("POST", f"/v1/{path}", user, body, headers={"idempotency-key": "k1"})
    assert answer.status in (200, 201), answer.body
    made: dict[str, Any] = answer.body
    return made


def issue(folder: Path) -> dict[str, Any]:
    bills.issue(folder, scenario.make_draft(0))
    return bills.current("INV-0000")


def prepare_upload(folder: Path) -> tuple[str, Any]:
    waiting = scenario.make_waiting_upload(folder, [scenario.make_draft(0)])
    return f"uploads/{waiting.upload_id}/release", {"acknowledged": [], "send": "now"}


def prepare_biller(_: Path) -> tuple[str, Any]:
    particulars = {"biller_id": "warung-ibu", "module": "e_invoice", "name": "Warung", "legal_name": "PT Warung"}
    contact = {"name": "Ibu Ani", "email": "ani@warung.example", "phone": "081234567890"}
    wanted = {**particulars, "giro_account": "028000999888", "company_code": "88077", "contact": contact}
    do("billers", wanted, OFFICER)
    return "billers/warung-ibu/approve", None


def prepare_banks_change(_: Path) -> tuple[str, Any]:
    wanted = {"kind": "giro_account", "value": "028000777666", **WHY}
    change = do(f"billers/{SHOP.biller_id}/changes", wanted, OFFICER)["change_id"]
    return f"billers/{SHOP.biller_id}/changes/{change}/approve", None


def prepare_billers_change(_: Path) -> tuple[str, Any]:
    change = do("settings/outside-payments-by-one", WHY)["change_id"]
    return f"changes/{change}/approve", None


def prepare_outside_payment(folder: Path) -> tuple[str, Any]:
    invoice = issue(folder)
    path = f"invoices/{invoice['va_number']}/outside-payment"
    do(path, {"method": "cash", "amount": int(invoice["amount"])})
    return f"{path}/approve", {}


def prepare_reversal(folder: Path) -> tuple[str, Any]:
    invoice = issue(folder)
    assert bills.pay_at_bank(SHOP.biller_id, invoice["number"], invoice["va_number"], int(invoice["amount"]))
    do(f"invoices/{invoice['va_number']}/reversal", WHY)
    return f"invoices/{invoice['va_number']}/reversal/approve", {}


def prepare_settled_line(folder: Path) -> tuple[str, Any]:
    unpaid = Invoice(50, clock.now() - timedelta(days=9))
    drop(write(distort([], ["missing_here"], [(unpaid.va_number, unpaid.draft["amount"])]), folder))
    found = call("GET", "/v1/bank/settlement-lines", OFFICER, query={"result": "missing_here"}).body["lines"]
    line = {name: found[0][name] for name in ("va_number", "line")}
    do("bank/settlement-lines/propose", line | WHY, OFFICER)
    return "bank/settlement-lines/approve", line


PREPARE: dict[str, Prepare] = {
    "/v1/uploads/<upload_id>/release": prepare_upload,
    "/v1/billers/<biller_id>/approve": prepare_biller,
    "/v1/billers/<biller_id>/changes/<change_id>/approve": prepare_banks_change,
    "/v1/changes/<change_id>/approve": prepare_billers_change,
    "/v1/invoices/<va_number>/outside-payment/approve": prepare_outside_payment,
    "/v1/invoices/<va_number>/reversal/approve": prepare_reversal,
    "/v1/bank/settlement-lines/approve": prepare_settled_line,
}


@pytest.fixture(autouse=True)
def people(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    scenario.register(SHOP)
    for person in (ONE, OTHER):
        make_user(person, Role.BILLER_ADMIN, Role.MAKER, Role.CHECKER)
    for officer in (OFFICER, SECOND):
        make_user(officer, Role.BANK_OFFICER)
    api_scenario.create_user_pool(monkeypatch)


def test_every_route_that_approves_is_tried() -> None:
    from api.handler import ACCESS

    approving = {path for _, path in ACCESS if path.endswith(("/approve", "/release"))}
    assert approving - ELSEWHERE == PREPARE.keys()


@pytest.mark.parametrize("route", PREPARE)
def test_second_person_is_another_one_whatever_the_roles(route: str, tmp_path: Path) -> None:
    path, body = PREPARE[route](tmp_path)
    first, second = (OFFICER, SECOND) if route.startswith(("/v1/billers", "/v1/bank")) else (ONE, OTHER)
    before = dump_tables()
    refused = call("POST", f"/v1/{path}", first, body)
    assert (refused.status, refused.code) in ((409, "same_person"), (409, "two_people"))
    assert dump_tables() == before
    approved = call("POST", f"/v1/{path}", second, body)
    assert approved.status == 200, approved.body
    assert dump_tables() != before
