"""A biller and a school in the middle of a month, and the bank's officers: what the pages are measured with.

Made by the product's own code on moto, with the long names and large sums that pages must bear.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import boto3
import orjson
from moto import mock_aws

from invoicing import bank_changes, clock, outside_payments, summaries, two_people, webhooks
from invoicing.archiving import archive_invoice
from invoicing.changes import ChangeKind
from invoicing.issues import Issue, Severity
from invoicing.notices import Channel, NoticeKind, SuppressionReason
from invoicing.outside_payments import Method, OutsidePayment
from invoicing.payer_links import build_payer_token
from invoicing.reconciliation import Finding, Result
from invoicing.roles import Role
from invoicing.settings import get_settings
from invoicing.settlements import LineKind, SettlementLine
from invoicing.store import files, reconciliations, suppressions
from invoicing.store.suppressions import Suppression
from invoicing.uploads import Upload
from tests.bench.answers import set_environment
from tests.bench.counting import leave_tables_uncopied
from tests.integration.api_scenario import make_user
from tests.integration.aws_from_template import REGION, Template, create_resources
from tests.integration.invoice_scenario import BANK, account, current, issue, pay_at_bank
from tests.integration.report_scenario import order, refuse_payment
from tests.integration.scenario import SCHOOL, SHOP, make_draft, make_waiting_upload, read_table, register
from tests.integration.snap_scenario import connect

LINK_BASE = "https://tagihan.bank.example"
INVOICES, STUDENTS = 120, 60
LONG_NAME = "Perkumpulan Yayasan Kesejahteraan Karyawan Nusantara Sejahtera Bersama Cabang Tangerang Selatan"
LONG_STUDENT = "Raden Ajeng Alexandria Putri Kusumawardhani Wijayakusuma"
_STATES = ("delivered", "read", "delivered", "sent", "bounced", "delivered", "queued", "failed")
_PHONE = "+6281234567890"


@dataclass(frozen=True)
class Scene:
    people: dict[Role, str]
    """A user with this role, and no other."""
    school: str
    """Somebody of the school with every role."""
    places: dict[str, str]
    """What stands in the paths of pages that show one thing."""
    tokens: dict[str, str]
    """A payer's link by what is behind it."""


@contextmanager
def play_scene() -> Iterator[Scene]:
    template = Template(PayerLinkBase=LINK_BASE)
    environment = {"AWS_DEFAULT_REGION": REGION}
    for function in template.find("AWS::Serverless::Function"):
        environment |= template.read_environment(function)
    set_environment(environment)
    with mock_aws(), TemporaryDirectory() as folder:
        create_resources(template)
        with leave_tables_uncopied():
            scene = _make(Path(folder))
        yield scene


def _make(folder: Path) -> Scene:
    shop = replace(SHOP, name="PT Sinar Pangan Nusantara & Rekan", help_contact="WhatsApp 0811-0000-0001")
    register(shop, SCHOOL)
    people = {role: role.value.replace("_", "-") for role in Role}
    for role, user in people.items():
        make_user(user, role)
    make_user("officer-2", Role.BANK_OFFICER)
    make_user("ani", Role.BILLER_ADMIN, Role.MAKER, Role.CHECKER, biller_id=SCHOOL.biller_id)
    today = clock.today_in_jakarta()
    drafts = [_draft(index, today + timedelta(days=index % 90 - 60)) for index in range(1, INVOICES + 1)]
    issue(folder, *drafts, biller=shop)
    issue(folder, *[_student(index, today) for index in range(1, STUDENTS + 1)], biller=SCHOOL)
    waiting = _wait(folder, today)
    make_waiting_upload(folder, [_student(index, today) for index in range(201, 231)], biller=SCHOOL)
    _pay(today)
    _deliver()
    open_va = current("INV-0061")["va_number"]
    bank = connect()
    bank_changes.propose_token_keys(reason="pergantian tahunan", by=people[Role.BANK_OFFICER])
    endpoint = _set_up(open_va)
    report_id = order("collections", "xlsx", since=str(today - timedelta(days=29)), until=str(today))
    order("transactions", "csv", since=str(today - timedelta(days=6)), until=str(today))
    for biller in (SHOP, SCHOOL):
        summaries.refresh_summary(biller.biller_id)
    places = {
        "upload_id": waiting.upload_id,
        "va_number": open_va,
        "report_id": report_id,
        "endpoint_id": endpoint,
        "user_id": people[Role.VIEWER],
        "biller_id": SHOP.biller_id,
        "client_id": bank.identity.client_id,
    }
    return Scene(people, "ani", places, _list_tokens())


def _draft(index: int, due: Any) -> dict[str, Any]:
    amount = 9_876_543_210 if index == 1 else 250_000 + index * 12_345
    items = [
        {"name": f"Beras premium {kilos} kg", "quantity": "2", "unit_price": 75_000, "total": 150_000}
        for kilos in range(1, 6)
    ]
    return make_draft(
        index,
        payer_name=LONG_NAME if index % 20 == 1 else f"Toko Pelanggan {index}",
        amount=amount,
        due_date=due.isoformat(),
        recipients=[{"name": f"Ibu Sari {index}", "email": f"p{index}@example.com", "whatsapp": _PHONE, "sms": _PHONE}],
        channels=["email", "whatsapp"] if index % 2 else ["email"],
        description="Pesanan bulan ini",
        items=items if index % 3 == 1 else [],
    )


def _student(index: int, today: Any) -> dict[str, Any]:
    return make_draft(
        index,
        number=f"SPP-{index:04d}",
        payer_name=LONG_STUDENT if index % 20 == 1 else f"Siswa {index}",
        payer_code=f"1{index:03d}",
        family_code=f"KEL-{index % 30}",
        amount=350_000,
        due_date=(today + timedelta(days=index % 60 - 40)).isoformat(),
        recipients=[{"name": f"Bapak Wali {index}", "email": f"wali{index}@example.com", "whatsapp": _PHONE}],
        student={"nis": f"1{index:03d}", "class_name": f"{7 + index % 3}{'ABCD'[index % 4]}"},
        fee_type="SPP",
        period=today.isoformat()[:7],
        school_year="2026/2027",
        arrears=700_000,
    )


def _wait(folder: Path, today: Any) -> Upload:
    """An upload that waits for release, with mistakes and warnings."""
    drafts = [_draft(index, today + timedelta(days=20)) for index in range(501, 541)]
    drafts[3] |= {"channels": ["email", "whatsapp", "sms"]}
    upload = make_waiting_upload(folder, drafts, warnings={"due_date_past": 2})
    issues = [
        Issue("amount_negative", Severity.ERROR, 7, "Jumlah Tagihan", "-125.000"),
        Issue("email_invalid", Severity.ERROR, 9, "Email", "ibu.sari@@contoh-alamat-yang-panjang-sekali.example.co.id"),
        Issue("due_date_past", Severity.WARNING, 11, "Jatuh Tempo", "2026-10-01", {"today": today.isoformat()}),
        Issue("due_date_past", Severity.WARNING, 12, "Jatuh Tempo", "2026-10-02", {"today": today.isoformat()}),
    ]
    path = folder / "issues.ndjson"
    path.write_bytes(b"".join(orjson.dumps(given.as_json()) + b"\n" for given in issues))
    key = files.issues_key(upload.biller_id, upload.upload_id)
    boto3.resource("dynamodb").Table(get_settings().uploads_table).update_item(
        Key={"pk": upload.biller_id, "sk": upload.upload_id},
        UpdateExpression="SET issues_version = :version, failed_rows_version = :version, summary.bad_rows = :bad",
        ExpressionAttributeValues={":version": files.store(key, path, "application/x-ndjson"), ":bad": 2},
    )
    return upload


def _pay(today: Any) -> None:
    now = clock.now()
    for index in range(2, 40):
        with patch.object(clock, "now", return_value=now - timedelta(days=index % 29, hours=1)):
            invoice = current(f"INV-{index:04d}")
            pay_at_bank(SHOP.biller_id, invoice["number"], invoice["va_number"], invoice["amount"])
    for index in range(2, 30, 2):
        invoice = current(f"SPP-{index:04d}", SCHOOL)
        pay_at_bank(SCHOOL.biller_id, invoice["number"], invoice["va_number"], invoice["amount"])
    waits = current("INV-0050")
    payment = OutsidePayment(Method.CASH, waits["amount"], None, "Kuitansi 17")
    outside_payments.record_outside_payment(SHOP.biller_id, "INV-0050", payment, by="maker")
    archive_invoice(SHOP.biller_id, "INV-0051", by="maker", reason="salah jumlah")
    paid = current("INV-0002")["va_number"]
    refuse_payment(paid, 100_003, now)
    line = SettlementLine(1, LineKind.CREDIT, paid, 777_000, clock.to_text(now), "REF-7", "")
    finding = Finding(line, Result.DUPLICATE, 1, account=account(paid))
    at = clock.to_text(now)
    reconciliations.keep_finding(BANK, finding, file_hash="f" * 64, day=today.isoformat(), at=at)


def _deliver() -> None:
    """Providers' events for the messages, as states alone."""
    table = boto3.resource("dynamodb").Table(get_settings().notices_table)
    stored = [notice for notice in read_table(get_settings().notices_table) if notice.get("channel") in list(Channel)]
    for index, notice in enumerate(stored):
        table.update_item(
            Key={"pk": notice["pk"], "sk": notice["sk"]},
            UpdateExpression="SET #state = :state",
            ExpressionAttributeNames={"#state": "state"},
            ExpressionAttributeValues={":state": _STATES[index % len(_STATES)]},
        )


def _set_up(va_number: str) -> str:
    """Settings and proposals; the id of the endpoint."""
    kinds = [NoticeKind.ISSUED, NoticeKind.PAID]
    endpoint, _ = webhooks.create_webhook(SHOP.biller_id, "https://erp.example.com/tagihan", kinds, by="biller-admin")
    for number, reason in enumerate(SuppressionReason):
        suppressions.save_suppression(
            Suppression(
                biller_id=SHOP.biller_id,
                suppression_id=f"email-{number:016x}",
                channel=Channel.EMAIL,
                reason=reason,
                since="2026-11-25T03:00:00.000Z",
                address=f"{'abcdefgh'[number % 8]}***@example.com",
                notice=f"028_{va_number}_issued-email-1",
            )
        )
    changes = (
        (ChangeKind.GIRO_ACCOUNT, "0289999999999", "bank-officer"),
        (ChangeKind.RELEASE_MODE, "automatic", "maker"),
    )
    for kind, value, by in changes:
        two_people.propose_biller_change(SHOP, kind, value, reason="rekening lama ditutup", by=by)
    return endpoint.endpoint_id


def _list_tokens() -> dict[str, str]:
    opened, student = current("INV-0061"), current("SPP-0031", SCHOOL)
    tokens = {"open": opened, "overdue": current("INV-0040"), "paid": current("INV-0002"), "school": student}
    return {
        state: build_payer_token(BANK, invoice["va_number"], invoice["recipients"][0]["email"])
        for state, invoice in tokens.items()
    }
