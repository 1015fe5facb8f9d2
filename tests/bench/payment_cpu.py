"""CPU of a payment from the verified call to the answer, with AWS answered in the process; and of its parts alone."""

import os
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import replace
from statistics import median
from typing import Any

import orjson
from botocore.awsrequest import AWSPreparedRequest

from tests.bench.answers import answer_with, read_target, set_environment
from tests.bench.profiling import print_profile

ROUNDS = 9
CALLS = 200
_COMPANY_CODE, _BILLER = "88081", "sekolah-harapan"


class FakeTables:
    """Every account is open and has its invoice; keeps the transactions sent to it."""

    def __init__(self, account: dict[str, Any], invoice: dict[str, Any], biller: dict[str, Any]) -> None:
        self._found = {"accounts": account, "invoices": invoice, "billers": biller}
        self.transactions: list[bytes] = []
        self.requests = 0

    def answer(self, request: AWSPreparedRequest) -> bytes:
        self.requests += 1
        match read_target(request):
            case "BatchGetItem":
                asked = orjson.loads(request.body)["RequestItems"]
                found = {table: [self._found[table]] if table in self._found else [] for table in asked}
                return orjson.dumps({"Responses": found, "UnprocessedKeys": {}})
            case "TransactWriteItems":
                self.transactions.append(request.body)
                return b"{}"
        raise NotImplementedError(read_target(request))


def measure_payments(*, profile: bool) -> dict[str, Any]:
    """Seconds of CPU per payment, and of what it is made of."""
    set_environment(
        {
            "BANK_CODE": "028",
            "VA_COMPANY_CODE_DIGITS": "5",
            "VA_CUSTOMER_NUMBER_DIGITS": "11",
            "AWS_DEFAULT_REGION": "ap-southeast-3",
            "POWERTOOLS_METRICS_NAMESPACE": "Invoicing",
            "POWERTOOLS_SERVICE_NAME": "invoicing",
            "POWERTOOLS_METRICS_DISABLED": "false",
            **{
                f"{name.upper()}_TABLE": name
                for name in ("invoices", "billers", "payments", "requests", "notices", "counters")
            },
            "VIRTUAL_ACCOUNTS_TABLE": "accounts",
        }
    )
    from invoicing.store import dynamodb
    from invoicing.store.bill_views import load_bill_view, remember_bill
    from tests.integration.bank_scenario import make_call, make_payment_body
    from va_callback.calls import Service
    from va_callback.payment import answer_payment

    tables = _fill_tables()
    answer_with(dynamodb.client(), tables.answer)
    view = load_bill_view("028", "8808100000000017")
    tables.requests = 0
    body = make_payment_body("8808100000000017", 350_000, flagAdvise="N", channelCode=6011)
    raw = orjson.dumps(body)
    call = make_call(Service.PAYMENT, body)

    def pay() -> bytes:
        answered = answer_payment(replace(call, body=orjson.loads(raw)))
        if answered.http_status != 200:
            raise RuntimeError("the payment was refused")
        return orjson.dumps(answered.members)

    def pay_after_inquiry() -> bytes:
        remember_bill("028", view)
        return pay()

    answer = orjson.loads(pay())
    read_and_paid = tables.requests
    pay_after_inquiry()
    paid = tables.requests - read_and_paid
    transaction = orjson.loads(tables.transactions[-1])

    def read_and_write_json() -> None:
        orjson.dumps(answer)
        orjson.loads(raw)

    with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere):  # noqa: PTH123 - no file of ours
        if profile:
            print_profile("payment", lambda: [pay() for _ in range(CALLS)])
        taken = _take_turns(
            {
                "after_inquiry": pay_after_inquiry,
                "payment": pay,
                "json": read_and_write_json,
                "transaction": lambda: dynamodb.client().transact_write_items(**transaction),
            }
        )
    return {
        **taken,
        "requests": {"after_inquiry": paid, "payment": read_and_paid},
        "members": len(transaction["TransactItems"]),
        "bytes": len(tables.transactions[-1]),
    }


def _fill_tables() -> FakeTables:
    """A school bill with two notices, as the writer stores it."""
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
        va_number="8808100000000017",
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
    return FakeTables(account, invoice, biller)


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
