"""Any sequence of the bank's calls, archives and hours, against a model that knows nothing but the decision table."""

from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from invoicing import clock
from tests.integration import bank_scenario as bank
from tests.integration import scenario
from tests.integration.bank_scenario import read_code, read_data
from tests.integration.conftest import Aws
from va_callback.calls import Answer, Service

BILLS = (0, 1)
VALID_HOURS = 30
"""Bill 1 may be paid for so long; bill 0 has no end."""
_WORLDS = count()


@dataclass(frozen=True)
class Pay:
    bill: int
    payment: str
    call: str
    extra: int


@dataclass(frozen=True)
class Inquire:
    bill: int
    call: str


@dataclass(frozen=True)
class Archive:
    bill: int


@dataclass(frozen=True)
class Wait:
    hours: int


@dataclass(frozen=True)
class Ask:
    bill: int
    payment: str


CALLS = st.sampled_from(["e1", "e2", "e3", "e4"])
PAYMENTS = st.sampled_from(["p1", "p2", "p3"])
BILL = st.sampled_from(BILLS)
STEPS = st.one_of(
    st.builds(Pay, BILL, PAYMENTS, CALLS, st.sampled_from([0, 0, 0, 1])),
    st.builds(Pay, BILL, PAYMENTS, CALLS, st.just(0)),
    st.builds(Inquire, BILL, CALLS),
    st.builds(Ask, BILL, PAYMENTS),
    st.builds(Archive, BILL),
    st.builds(Wait, st.sampled_from([1, 14, 24])),
)


@dataclass
class Model:
    """``reference/snap-va.md`` section 7, in as few words as it has."""

    hours: int = 0
    states: dict[int, str] = field(default_factory=lambda: dict.fromkeys(BILLS, "open"))
    postings: dict[str, tuple[int, int]] = field(default_factory=dict)
    pay_calls: dict[tuple[int, str], tuple[str, int, int, str]] = field(default_factory=dict)
    """By day and call: payment, bill, extra, status."""
    inquiry_calls: set[tuple[int, str]] = field(default_factory=set)

    @property
    def day(self) -> int:
        return (10 + self.hours) // 24

    def judge(self, bill: int) -> str:
        if self.states[bill] == "archived":
            return "404{}12"
        if self.states[bill] == "paid":
            return "404{}14"
        return "404{}19" if bill == 1 and self.hours > VALID_HOURS else "200{}00"

    def pay(self, step: Pay) -> tuple[str, str]:
        """Code and status."""
        content = (step.bill, step.extra)
        first = self.pay_calls.get((self.day, step.call))
        if first:
            return ("4092500", "01") if first[0] != step.payment else ("4042518", first[3])
        posted = self.postings.get(step.payment)
        if posted:
            code, status = ("2002500" if posted == content else "4042518"), "00"
        else:
            code = self.judge(step.bill).format("25")
            if code == "2002500" and step.extra:
                code = "4042513"
            status = "00" if code == "2002500" else "01"
            if status == "00":
                self.postings[step.payment] = content
                self.states[step.bill] = "paid"
        self.pay_calls[self.day, step.call] = (step.payment, *content, status)
        return code, status

    def inquire(self, step: Inquire) -> str:
        if (self.day, step.call) in self.inquiry_calls:
            return "4092400"
        self.inquiry_calls.add((self.day, step.call))
        return self.judge(step.bill).format("24")


class World:
    """The real thing, with two bills and ids that no other example uses."""

    def __init__(self) -> None:
        self.number = next(_WORLDS)
        valid_until = clock.to_text(scenario.NOW + timedelta(hours=VALID_HOURS))
        self.indexes = [2 * self.number + bill for bill in BILLS]
        self.accounts = [
            bank.open_bill(index, **({"valid_until": valid_until} if bill else {}))
            for bill, index in zip(BILLS, self.indexes, strict=True)
        ]

    def pay(self, step: Pay) -> Answer:
        amount = 100_000 + self.indexes[step.bill] + step.extra
        body = bank.make_payment_body(self.accounts[step.bill], amount, f"{step.payment}-{self.number}")
        return bank.answer(bank.make_call(Service.PAYMENT, body, f"{step.call}-{self.number}"))

    def inquire(self, step: Inquire) -> Answer:
        return bank.inquire(self.accounts[step.bill], f"{step.call}-{self.number}")

    def archive(self, step: Archive) -> bool:
        return bank.archive(scenario.SHOP, f"INV-{self.indexes[step.bill]:04d}", self.accounts[step.bill])

    def ask(self, step: Ask) -> Answer:
        return bank.ask_status(self.accounts[step.bill], f"{step.payment}-{self.number}")


@pytest.fixture
def bank_of_sequences(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    bank.name_tables(aws.template, monkeypatch)
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    scenario.register(scenario.SHOP)


def run_step(world: World, model: Model, step: Any) -> None:
    match step:
        case Pay():
            answered = world.pay(step)
            assert (read_code(answered), read_data(answered)["paymentFlagStatus"]) == model.pay(step), step
        case Inquire():
            answered = world.inquire(step)
            code = model.inquire(step)
            assert read_code(answered, Service.INQUIRY) == code, step
            assert ("totalAmount" in read_data(answered)) == (code == "2002400")
        case Ask():
            answered = world.ask(step)
            is_posted = model.postings.get(step.payment, (None,))[0] == step.bill
            assert (read_data(answered)["paymentFlagStatus"] == "00") == is_posted, step
        case Archive():
            assert world.archive(step) == (model.states[step.bill] == "open")
            if model.states[step.bill] == "open":
                model.states[step.bill] = "archived"


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(steps=st.lists(STEPS, min_size=4, max_size=16))
@pytest.mark.usefixtures("bank_of_sequences")
def test_any_sequence_posts_each_bill_at_most_once_and_answers_by_the_table(steps: list[Any]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", lambda: scenario.NOW)
        world, model = World(), Model()
        for step in steps:
            if isinstance(step, Wait):
                model.hours += step.hours
                later = scenario.NOW + timedelta(hours=model.hours)
                patch.setattr(clock, "now", lambda later=later: later)
            else:
                run_step(world, model, step)
        for bill, va_number in zip(BILLS, world.accounts, strict=True):
            posting = bank.assert_money_agrees(va_number)
            assert (posting is not None) == (model.states[bill] == "paid")
            if posting:
                (payment,) = [name for name, (paid, _) in model.postings.items() if paid == bill]
                assert posting["payment_id"] == f"028#{payment}-{world.number}"
