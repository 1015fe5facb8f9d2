"""CPU of the bank's call of payment through the whole handler, AWS answered in the process; and of its parts alone."""

import os
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from statistics import median
from typing import Any

import orjson

from tests.bench.profiling import print_profile
from tests.bench.signed_bank import SECRET, connect_bank

ROUNDS = 9
CALLS = 200
VA_NUMBER = "8808100000000017"
_COMPANY_CODE, _BILLER = "88081", "sekolah-harapan"


def measure_payments(*, profile: bool) -> dict[str, Any]:
    """Seconds of CPU per payment, and of what it is made of."""
    found: dict[str, dict[str, Any]] = {}

    def read_bills(asked: dict[str, Any]) -> bytes:
        """Every account is open and has its invoice; nothing is posted, no id is used."""
        answers = {table: [found[table]] if table in found else [] for table in asked}
        return orjson.dumps({"Responses": answers, "UnprocessedKeys": {}})

    aws, bank, sent, client = connect_bank(read_bills)

    from invoicing.settings import get_settings
    from invoicing.store import dynamodb
    from invoicing.store.bill_views import load_bill_view, remember_bill
    from tests.integration.scenario import FakeContext
    from tests.integration.snap_scenario import make_event
    from va_callback import handler
    from va_callback.access_token import is_token_of
    from va_callback.signatures import Signed, is_symmetric_signature

    account, invoice, biller = _build_bill()
    settings = get_settings()
    found |= {
        settings.virtual_accounts_table: account,
        settings.invoices_table: invoice,
        settings.billers_table: biller,
    }
    view = load_bill_view("028", VA_NUMBER)
    bank.call("payment", bank.build_payment(VA_NUMBER, 350_000))
    call = sent[-1]
    event = make_event(call)
    token = call.headers["Authorization"].removeprefix("Bearer ")
    signed = Signed(call.method, call.path, call.body, call.headers["X-TIMESTAMP"], call.headers["X-SIGNATURE"])

    def pay() -> str:
        answered = handler.handle(event, FakeContext())
        if answered["statusCode"] != 200:
            raise RuntimeError("the payment was refused")
        return str(answered["body"])

    def pay_after_inquiry() -> str:
        remember_bill("028", view)
        return pay()

    def count_requests(work: Callable[[], object]) -> int:
        before = aws.requests
        work()
        return aws.requests - before

    with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere):  # noqa: PTH123 - no file of ours
        answer = orjson.loads(pay())
        requests = {"payment": count_requests(pay), "after_inquiry": count_requests(pay_after_inquiry)}
        transaction = orjson.loads(aws.transactions[-1])
        reads = [orjson.loads(read) for read in aws.reads]

        def read_and_write_json() -> None:
            orjson.dumps(answer)
            orjson.loads(call.body)

        taken = _take_turns(
            {
                "after_inquiry": pay_after_inquiry,
                "payment": pay,
                "json": read_and_write_json,
                "signature": lambda: is_symmetric_signature(signed, token=token, client=client, secrets=(SECRET,)),
                "token": lambda: is_token_of(token, "BANK-A"),
                "transaction": lambda: dynamodb.client().transact_write_items(**transaction),
                "reads": lambda: [dynamodb.client().batch_get_item(**read) for read in reads],
            }
        )
        kept = bytes(aws.transactions[-1])
    if profile:
        print_profile("payment", lambda: [pay_after_inquiry() for _ in range(CALLS)])
    return {**taken, "requests": requests, "members": len(transaction["TransactItems"]), "bytes": len(kept)}


def _build_bill() -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Account, invoice and biller of a school bill with two notices, as they are stored."""
    from invoicing.store import invoices

    draft: Any = {
        "number": "SPP-2026-07-00231",
        "payer_name": "Alya Putri",
        "amount": 350_000,
        "due_date": "2026-12-31",
        "recipients": [
            {"name": "Budi Santoso", "email": "budi@contoh.example"},
            {"name": "Sari Dewi", "email": "sari@contoh.example"},
        ],
        "student": {"nis": "00231", "class_name": "7A"},
        "fee_type": "SPP",
        "period": "2026-07",
        "school_year": "2026/2027",
        "payer_code": "00231",
    }
    writes = invoices.build_invoice_writes(
        biller_id=_BILLER,
        upload_id="01KAQ0000000000000000000AA",
        row=5,
        bank_code="028",
        va_number=VA_NUMBER,
        draft=draft,
        created_at="2026-11-23T03:00:00.000Z",
    )
    biller = {
        "pk": {"S": _BILLER},
        "name": {"S": "Sekolah Harapan"},
        "module": {"S": "pintu_kelas"},
        "state": {"S": "active"},
        "company_code": {"S": _COMPANY_CODE},
        "giro_account": {"S": "028000111222"},
        "release": {"S": "by_checker"},
        "on_errors": {"S": "accept_good_rows"},
        "channels": {"L": [{"S": "email"}]},
        "language": {"S": "id"},
    }
    invoice, account = (write["Put"]["Item"] for write in writes)
    return account, invoice, biller


def _take_turns(works: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Median CPU seconds of one call of each; in turns, so that a noisy moment hits all alike."""
    for work in works.values():
        work()
    seen: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(ROUNDS):
        for name, work in works.items():
            before = time.process_time()
            for _ in range(CALLS):
                work()
            seen[name].append((time.process_time() - before) / CALLS)
    return {name: median(taken) for name, taken in seen.items()}
