"""Commands about invoices through the deployed function: its real permissions, variables and answers."""

import json
import time
from datetime import date
from typing import Any

import pytest
import urllib3

from infra.local import client
from infra.local.client import CommandRefusedError
from infra.local.cloud import Cloud
from infra.local.sample_workbooks import write_sample
from infra.local.staff import sign_in_as
from invoicing.billers import Module
from invoicing.settings import get_settings
from invoicing.store.invoices import load_archived_invoice
from invoicing.store.notices import list_records
from tests.e2e.conftest import Shop


@pytest.fixture(scope="module")
def issued(cloud: Any, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Invoices of one upload, as the list of it shows them."""
    shop = Shop(cloud)
    workbook = tmp_path_factory.mktemp("invoices") / "tagihan.xlsx"
    write_sample(Module.E_INVOICE, workbook, 12, bad_share=0, seed=2711, first_due=date(2056, 1, 4))
    view = shop.release(shop.upload(workbook))
    listed = shop.list_invoices(view["upload_id"])
    return [invoice | {"upload_id": view["upload_id"]} for invoice in listed]


def call(shop: Shop, operation: str, role: str = "maker", **members: Any) -> dict[str, Any]:
    user = f"{shop.biller_id}-{role}"
    return client.call(shop.cloud, operation, shop.biller_id, user, function="InvoiceCommandFunction", **members)


def test_invoice_lives_through_every_command(shop: Shop, issued: list[dict[str, Any]]) -> None:
    number, va_number, amount = issued[0]["number"], issued[0]["va_number"], issued[0]["amount"]
    ids = {"number": number, "va_number": va_number}
    extended = call(shop, "extend", **ids, due_date="2056-03-01", revision=0)
    assert (extended["due_date"], extended["revision"]) == ("2056-03-01", 1)
    contact = {"email": "perintah-dibetulkan@example.com", "sms": "", "whatsapp": ""}
    call(shop, "correct_recipient", **ids, position=0, contact=contact)
    assert [found["va_number"] for found in call(shop, "search", wanted=va_number)["invoices"]] == [va_number]
    by_address = call(shop, "search", wanted="perintah-dibetulkan@example.com")["invoices"]
    assert [found["number"] for found in by_address] in ([number], [])
    call(shop, "record_outside_payment", **ids, method="cash", amount=amount, note="Kuitansi 1")
    call(shop, "reject_outside_payment", "checker", **ids, reason="keliru")
    call(shop, "record_outside_payment", **ids, method="transfer", amount=amount)
    with pytest.raises(CommandRefusedError, match="two_people"):
        call(shop, "approve_outside_payment", **ids)
    assert call(shop, "approve_outside_payment", "checker", **ids)["status"] == "paid"
    with pytest.raises(CommandRefusedError, match="invoice_state"):
        call(shop, "archive", **ids, reason="-")
    call(shop, "propose_reversal", **ids, reason="uang kembali")
    call(shop, "reject_reversal", "checker", **ids, reason="belum tentu")
    call(shop, "propose_reversal", **ids, reason="uang kembali")
    reopened = call(shop, "approve_reversal", "checker", **ids)
    assert (reopened["status"], reopened["replaces"]) == ("open", va_number)
    archived = call(shop, "archive", number=number, va_number=reopened["va_number"], reason="salah")
    assert archived["outcome"] == "archived"

    told = call(shop, "describe", va_number=va_number)
    events = [event["event"] for event in told["timeline"]]
    wanted = ["created", "extend_due_date", "correct_recipient", "post_outside_payment", "payment_posted"]
    assert [event for event in events if event in wanted] == wanted
    assert "payment_reversed" in events
    assert told["others"] == [reopened["va_number"]]
    assert "perintah-dibetulkan@example.com" not in str(told)


def erase_by_api(shop: Shop, **members: Any) -> dict[str, Any]:
    token = sign_in_as(shop.cloud, f"admin@{shop.biller_id}.example")
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    with urllib3.PoolManager(ca_certs=str(shop.cloud.certificate)) as http:
        address = f"{shop.cloud.outputs['ApiAddress']}/v1/contacts/erase"
        answer = http.request("POST", address, body=json.dumps(members), headers=headers, retries=False)
    assert answer.status == 200, answer.data
    return dict(json.loads(answer.data))


def erase_by_command(shop: Shop, **members: Any) -> dict[str, Any]:
    return call(shop, "erase_contact", "admin", **members)


@pytest.mark.parametrize(("place", "erase"), [(1, erase_by_command), (2, erase_by_api)])
def test_contact_is_erased_through_real_permissions(
    shop: Shop, product: Cloud, issued: list[dict[str, Any]], place: int, erase: Any
) -> None:
    number, va_number = issued[place]["number"], issued[place]["va_number"]
    call(shop, "archive", number=number, va_number=va_number, reason="salah", notify=False)
    recipient = (load_archived_invoice(shop.biller_id, number, va_number) or {})["recipients"][0]
    contact = next(recipient[name] for name in ("email", "whatsapp", "sms") if name in recipient)

    deadline = time.monotonic() + 60
    erased = 0
    while True:
        # A message may be under way; the index lags behind.
        answer = erase(shop, contact=contact, reason="surat no. 7")
        assert "cursor" not in answer
        erased += answer["notices"]
        if answer["invoices"] and not answer["waiting"]:
            break
        assert time.monotonic() < deadline, answer
        time.sleep(1)
    assert erased > 0
    assert contact not in str(load_archived_invoice(shop.biller_id, number, va_number))
    assert contact not in str(list_records(get_settings().bank_code, va_number))
    assert erase(shop, contact=contact, reason="surat no. 7")["invoices"] == 0


def test_lists_and_the_archive_of_a_whole_upload(shop: Shop, issued: list[dict[str, Any]]) -> None:
    upload_id = issued[0]["upload_id"]
    for members in ({"show": "open"}, {"upload_id": upload_id}, {"latest_first": True}):
        seen, cursor = [], {}
        while True:
            page = call(shop, "list", limit=5, **members, **cursor)
            seen += [invoice["va_number"] for invoice in page["invoices"]]
            if "cursor" not in page:
                break
            cursor = {"cursor": page["cursor"]}
        assert len(set(seen)) == len(seen)
        # Those before are archived, or paid, by the tests above.
        assert {invoice["va_number"] for invoice in issued[3:]} <= set(seen)
    with pytest.raises(CommandRefusedError, match="cursor"):
        call(shop, "list", cursor="x")

    results = call(shop, "archive_upload", upload_id=upload_id, reason="berkas salah")["results"]
    assert len(results) == len(issued)
    assert {result["outcome"] for result in results} <= {"archived", "already_archived"}
    again = call(shop, "archive_upload", upload_id=upload_id, reason="berkas salah")["results"]
    assert {result["outcome"] for result in again} == {"already_archived"}


@pytest.mark.parametrize(
    ("operation", "members"),
    [
        ("archive", {"reason": "-"}),
        ("extend", {"due_date": "2099-12-31"}),
        ("correct_recipient", {"position": 0, "contact": {"email": "a@example.com"}}),
        ("record_outside_payment", {"method": "cash", "amount": 1}),
        ("approve_outside_payment", {}),
        ("propose_reversal", {"reason": "-"}),
        ("approve_reversal", {}),
        ("describe", {}),
    ],
)
def test_another_billers_invoice_looks_like_none(
    school: Shop, issued: list[dict[str, Any]], operation: str, members: dict[str, Any]
) -> None:
    with pytest.raises(CommandRefusedError, match="invoice_not_found"):
        call(school, operation, number=issued[3]["number"], **members)


def test_command_with_a_field_too_many_or_of_a_wrong_kind_is_refused(shop: Shop) -> None:
    for members in (
        {"operation": "archive", "number": "1"},
        {"operation": "archive", "number": "1", "reason": "-", "tenant": "x"},
        {"operation": "record_outside_payment", "number": "1", "method": "cash", "amount": 1.5},
        {"operation": "record_outside_payment", "number": "1", "method": "gold", "amount": 1},
        {"operation": "extend", "number": "1", "due_date": "31/12/2099"},
        {"operation": "drop"},
    ):
        operation = members.pop("operation")
        with pytest.raises(CommandRefusedError, match="bad_command"):
            call(shop, str(operation), **members)


def test_invoices_given_as_json_are_checked_released_and_written(shop: Shop) -> None:
    bills = [
        {
            "number": f"JSON-{index}",
            "payer_name": f"Pelanggan {index}",
            "amount": 100_000 + index,
            "due_date": "2099-01-31",
            "email": f"json{index}@example.com",
        }
        for index in range(3)
    ]
    started = shop.call("create_invoices", key="order-1", invoices=bills)
    assert shop.call("create_invoices", key="order-1", invoices=bills)["upload_id"] == started["upload_id"]
    with pytest.raises(CommandRefusedError, match="key_reused"):
        shop.call("create_invoices", key="order-1", invoices=bills[:1])
    with pytest.raises(CommandRefusedError, match="invoice_rows"):
        shop.call("create_invoices", key="order-2", invoices=[bills[0] | {"amount": 1.5}])
    checked = shop.wait(started["upload_id"], client.CHECKED)
    with pytest.raises(CommandRefusedError, match="same_person"):
        shop.call("release", "maker", upload_id=started["upload_id"], acknowledged=sorted(checked["warnings"]))
    shop.release(checked)
    written = shop.list_invoices(started["upload_id"])
    assert [invoice["number"] for invoice in written] == [bill["number"] for bill in bills]
    assert {invoice["status"] for invoice in written} == {"open"}
