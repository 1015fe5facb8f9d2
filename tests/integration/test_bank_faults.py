"""What AWS does under load and what befalls processes: killed, conflicts, throttles, lost answers, rivals between."""

import contextlib
import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from invoicing import clock
from invoicing.notices import Channel, NoticeKind, build_notice_id
from invoicing.settings import get_settings
from invoicing.store import bill_views, dynamodb
from tests.integration import bank_scenario as bank
from tests.integration import faults, scenario
from tests.integration.bank_scenario import pay, read_code, read_data
from tests.integration.conftest import Aws
from va_callback.calls import Answer, Service

DUE = 100_000
SUCCESS = ("2002500", "00")


@pytest.fixture(autouse=True)
def open_bank(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    bank.name_tables(aws.template, monkeypatch)
    monkeypatch.setattr(clock, "now", lambda: scenario.NOW)
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    scenario.register(scenario.SHOP)


@pytest.fixture
def va_number() -> str:
    return bank.open_bill()


@pytest.fixture(params=[False, True], ids=["not_asked_before", "asked_before"])
def asked(request: pytest.FixtureRequest, va_number: str) -> bool:
    """Whether this process was asked about the bill a moment ago, and so pays it without reading it again."""
    if request.param:
        bank.inquire(va_number)
    return bool(request.param)


def read(answered: Answer) -> tuple[str, str]:
    return read_code(answered), read_data(answered)["paymentFlagStatus"]


def transactions(act: Callable[[], None], at: int | None = 0, *, after: bool = False) -> faults.CallCounter:
    return faults.CallCounter([faults.OneOperation(dynamodb.client())], act, at, after=after)


def count_calls(act: Callable[[], Any]) -> int:
    with faults.CallCounter([dynamodb.client()], faults.kill, None, after=False).installed() as counter:
        act()
    return counter.calls


# --- Killed ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("after", [False, True], ids=["before_the_call", "after_the_call"])
@pytest.mark.parametrize("again", ["same_call", "new_call"])
@pytest.mark.parametrize("is_asked", [False, True], ids=["not_asked_before", "asked_before"])
def test_payment_killed_at_any_call_is_posted_whole_or_not_and_once_when_it_comes_again(
    after: bool, again: str, is_asked: bool
) -> None:
    def open_bill(index: int) -> str:
        va_number = bank.open_bill(index)
        if is_asked:
            bank.inquire(va_number)
        return va_number

    first = open_bill(99)
    calls = count_calls(lambda: pay(first, 100_099, "pay-99"))
    assert calls == (1 if is_asked else 3)
    for at in range(calls):
        va_number = open_bill(at)
        due, payment = DUE + at, f"pay-{at}"
        killed = faults.CallCounter([dynamodb.client()], faults.kill, at, after=after)
        with killed.installed(), contextlib.suppress(faults.Killed):
            pay(va_number, due, payment, f"call-{at}")
        # All of it or nothing, at every moment.
        was_posted = bank.assert_money_agrees(va_number) is not None
        answered = pay(va_number, due, payment, f"call-{at}" if again == "same_call" else None)
        repeated = ("4042518", "00") if was_posted and again == "same_call" else SUCCESS
        assert read(answered) == repeated, f"killed at call {at}"
        assert bank.assert_money_agrees(va_number)
    assert len(bank.read_postings()) == calls + 1
    assert bank.read_attempts() == []


@pytest.mark.parametrize("after", [False, True], ids=["before_the_call", "after_the_call"])
def test_refusal_killed_at_any_call_leaves_one_attempt_when_it_comes_again(va_number: str, after: bool) -> None:
    pay(va_number, DUE, "paid")
    calls = count_calls(lambda: pay(va_number, DUE, "other"))
    for at in range(calls):
        killed = faults.CallCounter([dynamodb.client()], faults.kill, at, after=after)
        with killed.installed(), contextlib.suppress(faults.Killed):
            pay(va_number, DUE, f"pay-{at}", f"call-{at}")
        assert read(pay(va_number, DUE, f"pay-{at}", f"call-{at}"))[1] == "01"
    assert len(bank.read_attempts()) == calls + 1
    assert len(bank.read_postings()) == 1


@pytest.mark.parametrize("after", [False, True], ids=["before_the_call", "after_the_call"])
def test_inquiry_killed_before_its_last_call_leaves_its_call_id_free(after: bool) -> None:
    first = bank.open_bill(99)
    calls = count_calls(lambda: bank.inquire(first))
    for at in range(calls):
        va_number = bank.open_bill(at)
        killed = faults.CallCounter([dynamodb.client()], faults.kill, at, after=after)
        with killed.installed(), pytest.raises(faults.Killed):
            bank.inquire(va_number, f"call-{at}")
        used = after and at == calls - 1
        expected = "4092400" if used else "2002400"
        assert read_code(bank.inquire(va_number, f"call-{at}"), Service.INQUIRY) == expected


# --- Conflicts and throttles -----------------------------------------------------------------------------------------


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize(
    "codes",
    [
        ["None", "TransactionConflict", "None", "None", "None", "None"],
        ["ThrottlingError", "None", "None", "None", "None", "None"],
        ["None", "None", "ProvisionedThroughputExceeded", "None", "None", "None"],
        ["None", "ConditionalCheckFailed", "TransactionConflict", "None", "None", "None"],
    ],
)
def test_payment_that_meets_a_conflict_or_throttle_is_tried_again(va_number: str, codes: list[str]) -> None:
    with transactions(faults.raise_cancelled(codes)).installed() as counter:
        assert read(pay(va_number, DUE)) == SUCCESS
    assert counter.calls == 2
    assert bank.assert_money_agrees(va_number)


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize("act", [faults.raise_cancelled(["TransactionConflict"] * 6), faults.raise_throttled])
def test_endless_conflict_ends_as_a_timeout_that_leaves_nothing_and_keeps_the_ids_free(
    va_number: str, act: Callable[[], None]
) -> None:
    before = scenario.dump_tables()
    with faults.EveryCall([faults.OneOperation(dynamodb.client())], act).installed():
        answered = pay(va_number, DUE, external_id="1")
    assert (read_code(answered), answered.message) == ("5042500", "Timeout")
    assert scenario.dump_tables() == before
    assert read(pay(va_number, DUE, external_id="1")) == SUCCESS


@pytest.mark.parametrize(
    ("seconds_a_try", "tries", "seconds"), [(6.0, 1, 6), (2.0, 2, 4), (1.3, 3, 3.9), (1.0, 4, 4), (0.0, 12, 0)]
)
def test_waiting_for_others_ends_while_there_is_time_to_answer(
    va_number: str, monkeypatch: pytest.MonkeyPatch, seconds_a_try: float, tries: int, seconds: float
) -> None:
    """A try takes 2 seconds when DynamoDB hangs: the function, which has 6, answers after the second."""
    elapsed = 0.0

    def take_time_and_fail() -> None:
        nonlocal elapsed
        elapsed += seconds_a_try
        faults.raise_cancelled(["TransactionConflict"] * 6)()

    monkeypatch.setattr("time.monotonic", lambda: elapsed)
    with faults.EveryCall([faults.OneOperation(dynamodb.client())], take_time_and_fail).installed() as counter:
        assert read_code(pay(va_number, DUE)) == "5042500"
    assert (counter.calls, round(elapsed, 1)) == (tries, seconds)


@pytest.mark.parametrize("operation", ["BatchGetItem", "TransactWriteItems", "UpdateItem", "PutItem"])
def test_throttled_call_of_any_kind_is_tried_again(va_number: str, operation: str) -> None:
    throttled = faults.CallCounter(
        [faults.OneOperation(dynamodb.client(), operation)], faults.raise_throttled, 0, after=False
    )
    with throttled.installed() as counter:
        assert read_code(bank.inquire(va_number), Service.INQUIRY) == "2002400"
        assert read(pay(va_number, DUE)) == SUCCESS
        assert read(pay(va_number, DUE)) == SUCCESS
    assert counter.calls > 1
    assert bank.assert_money_agrees(va_number)


def test_keys_left_unread_are_asked_for_again(va_number: str, monkeypatch: pytest.MonkeyPatch) -> None:
    client = dynamodb.client()
    batch_get, left = client.batch_get_item, [1, 1, 1]

    def leave_some(RequestItems: Any) -> Any:
        if left and len(RequestItems) > 1:
            left.pop()
            table = sorted(RequestItems)[0]
            rest = {name: keys for name, keys in RequestItems.items() if name != table}
            return batch_get(RequestItems=rest) | {"UnprocessedKeys": {table: RequestItems[table]}}
        return batch_get(RequestItems=RequestItems)

    monkeypatch.setattr(client, "batch_get_item", leave_some)
    assert read(pay(va_number, DUE)) == SUCCESS
    assert left != [1, 1, 1]


def test_transaction_that_can_never_stand_is_a_defect_and_no_timeout(va_number: str) -> None:
    with (
        transactions(faults.raise_cancelled(["ValidationError"])).installed(),
        pytest.raises(RuntimeError, match="ValidationError"),
    ):
        pay(va_number, DUE)
    assert bank.assert_money_agrees(va_number) is None


def test_missing_permission_is_a_defect_and_no_timeout(va_number: str) -> None:
    def deny() -> None:
        response: Any = {"Error": {"Code": "AccessDeniedException", "Message": "no"}}
        raise ClientError(response, "TransactWriteItems")

    with transactions(deny).installed(), pytest.raises(ClientError):
        pay(va_number, DUE)


# --- Lost answers ----------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("asked")
def test_lost_answer_of_the_committed_transaction_is_found_out_at_once(va_number: str) -> None:
    with transactions(faults.raise_read_timeout, after=True).installed() as counter:
        assert read(pay(va_number, DUE, external_id="1")) == SUCCESS
    assert counter.calls == 1
    assert bank.assert_money_agrees(va_number)
    assert bank.read_attempts() == []


def test_lost_answer_of_a_recorded_refusal_is_found_out_at_once(va_number: str) -> None:
    with transactions(faults.raise_read_timeout, after=True).installed():
        assert read(pay(va_number, DUE + 1, external_id="1")) == ("4042513", "01")
    assert len(bank.read_attempts()) == 1


def test_lost_answer_of_an_inquirys_last_write_is_no_conflict(va_number: str) -> None:
    lost = faults.CallCounter(
        [faults.OneOperation(dynamodb.client(), "PutItem")], faults.raise_read_timeout, 0, after=True
    )
    with lost.installed():
        assert read_code(bank.inquire(va_number, "1"), Service.INQUIRY) == "2002400"
    with lost.installed():
        assert read_code(bank.ask_status(va_number, "pay-1", "2"), Service.STATUS) == "4042601"


# --- Rivals between reading and writing ------------------------------------------------------------------------------


def after_reading(rival: Callable[[], Any]) -> faults.CallCounter:
    """The rival does its whole work when the other is about to write."""
    return transactions(lambda: rival() and None)


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize(
    ("rival", "expected"),
    [
        ({"request_id": "pay-1", "external_id": "1"}, ("4042518", "00")),
        ({"request_id": "pay-1", "external_id": "2"}, SUCCESS),
        ({"request_id": "pay-2", "external_id": "2"}, ("4042514", "01")),
    ],
    ids=["the_same_call", "another_call_of_the_same_payment", "another_payment"],
)
def test_payment_overtaken_by_another_is_answered_as_if_it_had_come_later(
    va_number: str, rival: dict[str, str], expected: tuple[str, str]
) -> None:
    with after_reading(lambda: pay(va_number, DUE, **rival)).installed():
        assert read(pay(va_number, DUE, "pay-1", "1")) == expected
    posting = bank.assert_money_agrees(va_number)
    assert posting is not None
    assert posting["payment_id"] == f"028#{rival['request_id']}"


@pytest.mark.usefixtures("asked")
def test_payment_overtaken_by_one_of_another_account_with_its_call_id_is_a_conflict(va_number: str) -> None:
    other = bank.open_bill(1)
    with after_reading(lambda: pay(other, 100_001, "pay-2", "1")).installed():
        assert read(pay(va_number, DUE, "pay-1", "1")) == ("4092500", "01")
    assert bank.assert_money_agrees(va_number) is None


@pytest.mark.usefixtures("asked")
def test_payment_overtaken_by_an_archive_is_refused(va_number: str) -> None:
    with after_reading(lambda: bank.archive(scenario.SHOP, "INV-0000", va_number)).installed():
        assert read(pay(va_number, DUE)) == ("4042512", "01")
    assert bank.assert_money_agrees(va_number) is None


def test_archive_overtaken_by_a_payment_does_nothing(va_number: str) -> None:
    with after_reading(lambda: pay(va_number, DUE)).installed():
        assert not bank.archive(scenario.SHOP, "INV-0000", va_number)
    assert bank.assert_money_agrees(va_number)


def test_inquiry_overtaken_by_a_payment_tells_that_it_is_paid(va_number: str) -> None:
    overtaken = faults.CallCounter(
        [faults.OneOperation(dynamodb.client(), "UpdateItem")],
        lambda: pay(va_number, DUE) and None,
        0,
        after=False,
    )
    with overtaken.installed():
        assert read_code(bank.inquire(va_number), Service.INQUIRY) == "4042414"


def test_inquiries_of_one_call_id_at_once_have_one_answer(va_number: str) -> None:
    overtaken = faults.CallCounter(
        [faults.OneOperation(dynamodb.client(), "PutItem")],
        lambda: bank.inquire(va_number, "1") and None,
        0,
        after=False,
    )
    with overtaken.installed():
        assert read_code(bank.inquire(va_number, "1"), Service.INQUIRY) == "4092400"


@pytest.mark.parametrize("unseen", ["posting", "call", "invoice"])
def test_items_read_at_different_moments_are_read_again(
    va_number: str, monkeypatch: pytest.MonkeyPatch, unseen: str
) -> None:
    """A batch read is no snapshot: another's payment may show in one item and not in the next."""
    settings = get_settings()
    load, hidden = dynamodb.load_together, []
    table = {"posting": settings.payments_table, "call": settings.requests_table, "invoice": settings.invoices_table}

    def load_partly(keys: Any) -> dict[str, Any]:
        found = load(keys)
        if table[unseen] in found and not hidden:
            hidden.append(found.pop(table[unseen]))
        return found

    if unseen != "invoice":
        pay(va_number, DUE, "pay-1", "1")
    monkeypatch.setattr(dynamodb, "load_together", load_partly)
    expected = SUCCESS if unseen == "invoice" else ("4042518", "00")
    assert read(pay(va_number, DUE, "pay-1", "1")) == expected
    assert hidden
    assert bank.assert_money_agrees(va_number)


def test_contact_corrected_after_the_inquiry_gets_the_receipt(va_number: str) -> None:
    bank.inquire(va_number)
    dynamodb.client().update_item(
        TableName=get_settings().invoices_table,
        Key={"pk": {"S": "toko-sinar#INV-0000"}, "sk": {"S": "current"}},
        UpdateExpression="SET recipients = :right",
        ExpressionAttributeValues=dynamodb.to_item({":right": [{"email": "right@example.com"}]}),
    )
    assert read(pay(va_number, DUE)) == SUCCESS
    assert bank.assert_money_agrees(va_number)


def test_what_an_inquiry_saw_is_forgotten_after_a_minute_and_when_used(
    va_number: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bank.inquire(va_number)
    assert count_calls(lambda: pay(va_number, DUE)) == 1
    assert count_calls(lambda: pay(va_number, DUE)) == 2
    late = bank.open_bill(1)
    bank.inquire(late)
    began = time.monotonic()
    monkeypatch.setattr("time.monotonic", lambda: began + bill_views.MEMORY_SECONDS + 1)
    assert count_calls(lambda: pay(late, 100_001, "pay-2")) == 3


def test_what_was_seen_of_many_bills_does_not_grow_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bill_views, "_MAX_REMEMBERED", 2)
    accounts = [bank.open_bill(index) for index in range(3)]
    for va_number in accounts:
        bank.inquire(va_number)
    calls = [count_calls(lambda index=index: pay(accounts[index], DUE + index, f"pay-{index}")) for index in range(3)]
    assert calls == [3, 1, 1]


@pytest.mark.parametrize("change", ["wrong_amount", "suspended_and_read_again"])
def test_remembered_bill_is_refused_only_after_reading_it_again(va_number: str, change: str) -> None:
    bank.inquire(va_number)
    if change == "wrong_amount":
        assert read(pay(va_number, DUE + 1)) == ("4042513", "01")
    else:
        bank.suspend(scenario.SHOP)
        bank.close_account(va_number, "archived")
        assert read(pay(va_number, DUE)) == ("4042512", "01")
    assert len(bank.read_attempts()) == 1


def test_receipt_that_is_there_already_does_not_keep_money_from_being_posted() -> None:
    va_number = bank.open_bill(recipients=[{"email": "old@example.com"}, {"email": "new@example.com"}])
    other = bank.open_bill(1)
    pay(other, 100_001, "pay-2")
    receipt = next(item for item in bank.read_items(get_settings().notices_table) if item["kind"] == "paid")
    there = {
        **receipt,
        "pk": f"028#{va_number}",
        "sk": build_notice_id(va_number, NoticeKind.PAID, Channel.EMAIL, "old@example.com"),
        "recipient": "old@example.com",
    }
    dynamodb.client().put_item(TableName=get_settings().notices_table, Item=dynamodb.to_item(there))
    assert read(pay(va_number, DUE)) == SUCCESS
    assert bank.assert_money_agrees(va_number)
