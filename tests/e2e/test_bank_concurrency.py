"""Many calls of the bank at once for one bill: one is accepted, everybody is told the truth, and the tables agree."""

import random
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial
from itertools import count
from typing import Any

import pytest

from infra.local.cloud import Cloud
from invoicing.billers import Biller, Module
from tests.e2e.at_once import be_all_functions, find_errors, register_biller, run_at_once
from tests.integration import bank_scenario as bank
from tests.integration.bank_scenario import pay, read_code, read_data
from va_callback.calls import Service

MANY = 64
DUE = 100_000
_EXAMPLES = count()


@pytest.fixture
def biller(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[Biller]:
    """A biller of this test alone; this process is the function that the bank calls."""
    for table in ("Payments", "Requests"):
        monkeypatch.setenv(f"{table.upper()}_TABLE", cloud.outputs[f"{table}Table"])
    with be_all_functions(cloud, monkeypatch):
        yield register_biller(Module.E_INVOICE)


@pytest.fixture
def name() -> str:
    """The beginning of ids that no other test uses: ids of payments are unique for ever."""
    return f"{random.randrange(10**9)}-{next(_EXAMPLES)}"


def open_bill(biller: Biller, index: int = 0) -> str:
    recipients = [{"email": f"p{index}@{biller.biller_id}.example"}]
    return bank.open_bill(index, biller=biller, recipients=recipients)


def count_answers(results: list[Any]) -> Counter[tuple[str, str]]:
    assert find_errors(results) == []
    return Counter((read_code(answered), read_data(answered)["paymentFlagStatus"]) for answered in results)


def list_attempts(va_number: str) -> list[dict[str, Any]]:
    return [item for item in bank.payments.list_payments_of_account("028", va_number) if item["sk"] != "posting"]


@pytest.mark.parametrize(
    ("is_one_call", "repeated"),
    [(True, ("4042518", "00")), (False, ("2002500", "00"))],
    ids=["one_call", "calls_of_their_own"],
)
def test_identical_payments_at_once_post_once_and_all_are_told_success(
    biller: Biller, name: str, is_one_call: bool, repeated: tuple[str, str]
) -> None:
    va_number = open_bill(biller)
    acts = [partial(pay, va_number, DUE, name, f"{name}-{0 if is_one_call else number}") for number in range(MANY)]
    answers = count_answers(run_at_once(*acts))

    assert answers == Counter([("2002500", "00")]) + Counter({repeated: MANY - 1})
    posting = bank.assert_money_agrees(va_number)
    assert posting is not None
    assert posting["payment_id"] == f"028#{name}"
    assert list_attempts(va_number) == []


def test_different_payments_at_once_post_one_and_all_others_are_told_paid_bill(biller: Biller, name: str) -> None:
    va_number = open_bill(biller)
    acts = [partial(pay, va_number, DUE, f"{name}-{number}") for number in range(MANY)]
    results = run_at_once(*acts)

    assert count_answers(results) == {("2002500", "00"): 1, ("4042514", "01"): MANY - 1}
    (winner,) = [number for number, answered in enumerate(results) if answered.http_status == 200]
    posting = bank.assert_money_agrees(va_number)
    assert posting is not None
    assert posting["payment_id"] == f"028#{name}-{winner}"
    attempts = list_attempts(va_number)
    assert {attempt["payment_id"] for attempt in attempts} == {
        f"028#{name}-{number}" for number in range(MANY) if number != winner
    }
    assert {attempt["verdict"] for attempt in attempts} == {"paid"}


def test_inquiries_of_one_call_at_once_have_one_answer(biller: Biller, name: str) -> None:
    va_number = open_bill(biller)
    results = run_at_once(*[partial(bank.inquire, va_number, name)] * 16)
    assert find_errors(results) == []
    codes = Counter(read_code(answered, Service.INQUIRY) for answered in results)
    assert codes == {"2002400": 1, "4092400": 15}


def test_payment_and_archive_at_once_never_both_win(biller: Biller, name: str) -> None:
    """Both are decided by the account; who comes first is left to chance, and here to a few milliseconds."""

    def archive_later(index: int, va_number: str, seconds: float) -> bool:
        time.sleep(seconds)
        return bank.archive(biller, f"INV-{index:04d}", va_number)

    def pay_later(index: int, va_number: str, seconds: float) -> Any:
        time.sleep(seconds)
        return pay(va_number, DUE + index, f"{name}-{index}")

    won = Counter[str]()
    for index in range(16):
        va_number = open_bill(biller, index)
        # From "the payment first" to "the archive first" in even steps.
        payment, archive = run_at_once(
            partial(pay_later, index, va_number, 0.01 * index), partial(archive_later, index, va_number, 0.08)
        )
        posting = bank.assert_money_agrees(va_number)
        if archive is True:
            assert (read_code(payment), posting) == ("4042512", None)
            won["archive"] += 1
        else:
            assert archive is False
            assert read_code(payment) == "2002500"
            assert posting is not None
            won["payment"] += 1
    assert set(won) == {"archive", "payment"}
