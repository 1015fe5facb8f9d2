"""What tests of invoices and their changes share: issued invoices, a bank that pays, tables as they stand."""

from datetime import datetime
from pathlib import Path
from typing import Any

from moto.core import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends

from invoicing import clock
from invoicing.billers import Biller
from invoicing.notices import PAYER_CHANNELS, plan_paid_notices
from invoicing.settings import get_settings
from invoicing.store import dynamodb, invoices
from invoicing.store.billers import load_biller
from invoicing.store.notices import build_notice_writes
from invoicing.uploads import Upload
from tests.integration import scenario
from tests.integration.aws_from_template import REGION

CLERK, BOSS = "siti", "budi"
BANK = "028"


def issue(folder: Path, *drafts: dict[str, Any], biller: Biller = scenario.SHOP) -> Upload:
    """Upload, release and write these invoices as the product does; the biller must be registered."""
    upload = scenario.release(scenario.make_waiting_upload(folder, list(drafts), biller=biller))
    scenario.write_all_chunks()
    return upload


def current(number: str, biller: Biller = scenario.SHOP) -> dict[str, Any]:
    invoice = invoices.load_current_invoice(biller.biller_id, number)
    assert invoice is not None
    return invoice


def archived(number: str, va_number: str, biller: Biller = scenario.SHOP) -> dict[str, Any]:
    (found,) = [
        invoice
        for invoice in invoices.load_invoices_of_number(biller.biller_id, number)
        if invoice["sk"] == f"archived#{va_number}"
    ]
    return found


def account(va_number: str) -> dict[str, Any]:
    return invoices.load_virtual_accounts(BANK, [va_number])[va_number]


def inquire(va_number: str, at: datetime) -> None:
    """What the bank's inquiry leaves on the account."""
    dynamodb.client().update_item(
        TableName=get_settings().virtual_accounts_table,
        Key=invoices.account_key(BANK, va_number),
        UpdateExpression="SET inquired_at = :at",
        ExpressionAttributeValues={":at": {"S": clock.to_text(at)}},
    )


def pay_at_bank(biller_id: str, number: str, va_number: str, amount: int, request_id: str = "") -> bool:
    """The transaction by which a bank's payment is posted (CONTRACTS); False: refused, and nothing is written."""
    settings, at = get_settings(), clock.to_text(clock.now())
    payment_id = f"{BANK}#{request_id or f'request-{va_number}'}"
    invoice = invoices.load_invoices_of_accounts([account(va_number)])[va_number]
    day = clock.from_text(at).astimezone(clock.JAKARTA).date()
    posting = {
        "pk": payment_id,
        "sk": "posting",
        "payment_id": payment_id,
        "kind": "va",
        "state": "posted",
        "biller_id": biller_id,
        "va_number": va_number,
        "number": number,
        "upload_id": invoice["upload_id"],
        "amount": amount,
        "accepted_at": at,
        "channel": "6014",
        "due_date": invoice["due_date"],
        "by_day_pk": f"{biller_id}#{day}#0",
        "by_day_sk": f"{at}#{payment_id}#posting",
        "by_va_pk": f"{BANK}#{va_number}",
        "by_va_sk": at,
    }
    update_account = {
        "TableName": settings.virtual_accounts_table,
        "Key": invoices.account_key(BANK, va_number),
        "UpdateExpression": "SET #state = :paid, paid_at = :at, paid_by = :payment, paid_amount = :amount",
        "ConditionExpression": "#state = :open AND amount_due = :amount",
        "ExpressionAttributeNames": {"#state": "state"},
        "ExpressionAttributeValues": dynamodb.to_item(
            {":paid": "paid", ":open": "open", ":at": at, ":payment": payment_id, ":amount": amount}
        ),
    }
    shard = invoices.compute_shard(invoice["number"].upper())
    update_invoice = {
        "TableName": settings.invoices_table,
        "Key": {"pk": {"S": invoice["pk"]}, "sk": {"S": "current"}},
        "UpdateExpression": (
            "SET #status = :paid, paid_at = :at, paid_amount = :amount, paid_via = :via, payment = :payment, "
            "by_status_pk = :partition"
        ),
        "ConditionExpression": "#status = :open AND va_number = :va",
        "ExpressionAttributeNames": {"#status": "status"},
        "ExpressionAttributeValues": dynamodb.to_item(
            {
                ":paid": "paid",
                ":open": "open",
                ":at": at,
                ":amount": amount,
                ":via": "va",
                ":va": va_number,
                ":payment": {"payment_id": payment_id, "channel": "6014"},
                ":partition": f"{biller_id}#paid#{shard}",
            }
        ),
    }
    draft: Any = invoice
    planned = plan_paid_notices(load_biller(biller_id), draft, va_number)
    writes = [
        dynamodb.build_put(settings.payments_table, dynamodb.to_item(posting)),
        {"Update": update_account},
        {"Update": update_invoice},
        *build_notice_writes(planned, invoice, created_at=at),
    ]
    for _ in range(20):
        codes = dynamodb.commit(writes)
        if codes is None:
            return True
        if "ConditionalCheckFailed" in codes:
            return False
    raise AssertionError("the payment met conflicts each time")


def list_notices(va_number: str, kind: str | None = None, *, to_programs: bool = False) -> list[dict[str, Any]]:
    """Those that go to people, or else those that go to programs."""
    found = [
        notice
        for notice in scenario.read_table(get_settings().notices_table)
        if notice["pk"] == f"{BANK}#{va_number}"
        and kind in (None, notice["kind"])
        and (notice["channel"] not in PAYER_CHANNELS) == to_programs
    ]
    return sorted(found, key=lambda notice: notice["sk"])


def list_audit(action: str | None = None) -> list[dict[str, Any]]:
    return [entry for entry in scenario.read_table(get_settings().audit_table) if action in (None, entry["action"])]


def list_postings() -> list[dict[str, Any]]:
    return [record for record in scenario.read_table(get_settings().payments_table) if record["sk"] == "posting"]


def dump_without_audit_ids() -> dict[str, list[str]]:
    """All tables; an entry of the audit without its id, which is random."""
    dump = scenario.dump_tables()
    table = get_settings().audit_table
    entries = scenario.read_table(table)
    dump[table] = sorted(f"{entry['pk']} {entry['action']} {entry['subject']} {entry['at']}" for entry in entries)
    return dump


def empty_tables() -> None:
    """Start afresh, many times in one test: far cheaper than making every resource again."""
    for table in dynamodb_backends[DEFAULT_ACCOUNT_ID][REGION].tables.values():
        table.items.clear()
