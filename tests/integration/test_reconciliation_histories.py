"""Any history of calls, settlement files, and what people do about both: each rupiah is in exactly one class."""

import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from infra.local.settlement_files import SettledPayment, write_settlement
from invoicing import clock, errors, outside_payments, reconciling, reversing
from invoicing.archiving import archive_invoice
from invoicing.outside_payments import Method, OutsidePayment
from invoicing.reconciliation import ATTENTION, NEEDS_TWO, Result
from invoicing.settings import get_settings
from invoicing.settlements import SettlementFormat
from invoicing.store import dynamodb, invoices
from report import reconcile, settlement_file
from tests.integration import bank_scenario as bank
from tests.integration import report_scenario, scenario
from tests.integration.conftest import Aws
from tests.integration.scenario import SHOP
from tests.integration.test_reconciliation import drop
from va_callback.calls import Service

NOW = datetime(2026, 11, 23, 3, 0, 0, tzinfo=UTC)
FORM = SettlementFormat()
BILLS = st.integers(0, 2)
OURS = (Result.WAITING, Result.MISSING_THERE)
_TABLES = ("billers", "invoices", "virtual_accounts", "payments", "reconciliations", "requests", "notices", "counters")

EVENTS = st.one_of(
    st.tuples(st.just("call"), BILLS),
    # A bill, rupiah too much, whether by the reference of the call, how often the line stands there.
    st.tuples(st.just("settle"), BILLS, st.sampled_from([0, 0, 0, 1]), st.booleans(), st.sampled_from([1, 1, 1, 2])),
    st.tuples(st.just("settle"), BILLS, st.just(0), st.just(True), st.just(1)),
    st.tuples(st.sampled_from(["call", "take_back", "reverse", "archive", "pay_outside"]), BILLS),
)
# Days back of the file's last one, and days more before it.
FILES = st.tuples(st.just("file"), st.sampled_from([0, 0, 0, 1, 2]), st.sampled_from([0, 0, 1, 2]))
ACTIONS = st.one_of(
    st.tuples(st.just("two_people"), st.sampled_from(sorted(NEEDS_TWO))),
    st.tuples(st.just("two_people"), st.just(Result.MISSING_HERE)),
    st.tuples(st.just("resolve"), st.sampled_from(sorted(ATTENTION))),
)
DAYS = st.tuples(
    st.lists(EVENTS, min_size=1, max_size=5), st.lists(FILES, min_size=1, max_size=2), st.lists(ACTIONS, max_size=3)
)


TOLD, FILE = ("settle", 0, 0, True, 1), ("file", 0, 0)
OTHERS = [("call", 1), ("settle", 1, 0, True, 1)]
"""A payment that both sides know, so that there is a file of the day."""
LATE_CALL = [([TOLD], [FILE], []), ([("call", 0), *OTHERS], [FILE], [])]
POSTED = [([TOLD], [FILE], [("two_people", Result.MISSING_HERE)]), (OTHERS, [FILE], [])]
GIVEN_BACK = [([TOLD], [FILE], [("resolve", Result.MISSING_HERE)]), ([("call", 0), TOLD], [("file", 0, 1)], [])]
CLOSED = [([TOLD, *OTHERS], [FILE], []), ([("archive", 0), ("settle", 2, 0, False, 2)], [("file", 0, 1)], [])]
MISSED = [
    ([("call", 0), *OTHERS], [FILE], []),
    ([("call", 2), ("settle", 2, 0, True, 1)], [FILE], []),
    ([TOLD], [FILE], []),
]
WENT_BACK = [
    ([("call", 0), *OTHERS], [FILE], []),
    ([("settle", 2, 0, True, 1)], [FILE], []),
    ([("reverse", 0), ("take_back", 1)], [FILE], [("two_people", Result.REVERSED)]),
    ([("settle", 0, 0, True, 1)], [("file", 0, 1)], []),
]
HISTORIES = (LATE_CALL, POSTED, GIVEN_BACK, CLOSED, MISSED, WENT_BACK)


def scan(table: str) -> list[dict[str, Any]]:
    return [dynamodb.from_item(item) for item in dynamodb.client().scan(TableName=table)["Items"]]


def clear_tables() -> None:
    """Examples share the tables, and lists are the bank's: each begins with none."""
    for name in _TABLES:
        table = getattr(get_settings(), f"{name}_table")
        for item in dynamodb.client().scan(TableName=table)["Items"]:
            key = {name: item[name] for name in ("pk", "sk") if name in item}
            dynamodb.client().delete_item(TableName=table, Key=key)


@dataclass
class World:
    """Bills, the bank's own book of what it settled, and the files that it has sent of it."""

    ticking: report_scenario.Clock
    folder: Path
    bills: dict[int, str] = field(default_factory=dict)
    """Number of the bill to the account that is its own now."""
    book: list[SettledPayment] = field(default_factory=list)
    sent: set[int] = field(default_factory=set)
    """Places in the book of what a file has held."""
    ids: Iterator[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        clear_tables()
        scenario.register(SHOP)
        self.bills = {index: bank.open_bill(index) for index in range(3)}
        # Bills are numbered here; the next number drawn must be none of theirs.
        counter = {"pk": f"{report_scenario.BANK}#{SHOP.company_code}", "next": 5_000}
        report_scenario.put(get_settings().counters_table, counter)

    def play(self, step: tuple[Any, ...]) -> None:
        # No two things happen in one second: the bank's lines are told apart by it.
        self.ticking.advance(seconds=2)
        getattr(self, step[0])(*step[1:])

    def number(self, bill: int) -> str:
        number: str = scenario.make_draft(bill)["number"]
        return number

    def amount(self, bill: int) -> int:
        amount: int = scenario.make_draft(bill)["amount"]
        return amount

    # What the bank does.

    def call(self, bill: int) -> None:
        moment = self.ticking.instant.astimezone(clock.JAKARTA).isoformat(timespec="seconds")
        va_number = self.bills[bill]
        body = bank.make_payment_body(
            va_number, self.amount(bill), f"P{next(self.ids)}", referenceNo=f"REF{va_number}", trxDateTime=moment
        )
        bank.answer(bank.make_call(Service.PAYMENT, body))

    def settle(self, bill: int, extra: int, by_reference: bool, times: int) -> None:
        va_number = self.bills[bill]
        reference = f"REF{va_number}" if by_reference else f"X{next(self.ids)}"
        self._enter(va_number, self.amount(bill) + extra, reference, "C", times)

    def take_back(self, bill: int) -> None:
        self._enter(self.bills[bill], self.amount(bill), f"B{next(self.ids)}", "R", 1)

    def _enter(self, va_number: str, amount: int, reference: str, mark: str, times: int) -> None:
        moment = self.ticking.instant.astimezone(clock.JAKARTA)
        self.book += [SettledPayment(va_number, amount, moment, reference, mark=mark)] * times

    def file(self, back: int, more: int) -> None:
        last = FORM.find_day(clock.to_text(self.ticking.instant)) - timedelta(days=back)
        self.send({place for place, line in enumerate(self.book) if last - timedelta(more) <= find_day(line) <= last})

    def send(self, places: set[int]) -> None:
        lines = [self.book[place] for place in sorted(places)]
        if not lines:
            return
        content = write_settlement(lines, self.folder / "made.csv").read_bytes()
        known = {item["pk"] for item in scan(get_settings().reconciliations_table)}
        drop(content)
        self.sent |= places
        files = [item for item in scan(get_settings().reconciliations_table) if item["sk"] == "file"]
        new = [item for item in files if item["pk"] not in known]
        assert all(item["state"] == "done" for item in files)
        for file in new:
            self._check_totals(file, lines)
            self._check_repetition(file, lines)
        self.check()

    # What people do.

    def two_people(self, result: Result) -> None:
        for line in reconciling.list_lines(result, None)[0][:1]:
            reconciling.propose_line(line["va_number"], line["line"], by="rina", reason="sure")
            try:
                reconciling.approve_line(line["va_number"], line["line"], by="tono")
            except (errors.SettledLineStateError, errors.InvoiceStateError, errors.InvoiceChangedError):
                reconciling.withdraw_line(line["va_number"], line["line"], by="rina", reason="not so")
            else:
                self._follow_bills()

    def resolve(self, result: Result) -> None:
        for line in reconciling.list_lines(result, None)[0][:1]:
            reconciling.resolve_line(line["va_number"], line["line"], by="rina", note="returned")

    def reverse(self, bill: int) -> None:
        invoice = invoices.load_current_invoice(SHOP.biller_id, self.number(bill))
        if invoice and invoice["status"] == "paid" and invoice["paid_via"] == "va":
            reversing.propose_reversal(SHOP.biller_id, self.number(bill), by="rina", reason="wrong")
            reversing.approve_reversal(SHOP.biller_id, self.number(bill), by="tono")
            self._follow_bills()

    def archive(self, bill: int) -> None:
        invoice = invoices.load_current_invoice(SHOP.biller_id, self.number(bill))
        if invoice and invoice["status"] == "open":
            archive_invoice(SHOP.biller_id, self.number(bill), by="rina", reason="wrong")

    def pay_outside(self, bill: int) -> None:
        invoice = invoices.load_current_invoice(SHOP.biller_id, self.number(bill))
        if invoice and invoice["status"] == "open":
            cash = OutsidePayment(Method.CASH, self.amount(bill))
            outside_payments.record_outside_payment(SHOP.biller_id, self.number(bill), cash, by="rina")
            outside_payments.approve_outside_payment(SHOP.biller_id, self.number(bill), by="tono")

    def _follow_bills(self) -> None:
        for bill in self.bills:
            invoice = invoices.load_current_invoice(SHOP.biller_id, self.number(bill))
            if invoice:
                self.bills[bill] = invoice["va_number"]

    # What must be true.

    def check(self) -> None:
        kept = [item for item in scan(get_settings().reconciliations_table) if "line_id" in item]
        kept = [item for item in kept if item["state"] != "freed"]
        held = [self.book[place] for place in self.sent]
        # Every line that a file held is in one class, with its rupiah.
        assert Counter((item["va_number"], item["kind"], int(item["amount"])) for item in kept) == Counter(
            (line.va_number, "credit" if line.mark == "C" else "reversal", line.amount) for line in held
        )
        missing = self._find_missing()
        settled = {item["va_number"]: item for item in kept if item["sk"] == "settled"}
        # Nothing is missing here and there, nor settled and missing.
        assert not set(missing) & {va for va, item in settled.items() if item["result"] != Result.UNIDENTIFIED}
        for item in kept:
            is_listed = item["state"] in ("open", "proposed")
            assert ("by_state_pk" in item) is is_listed, item
            assert not is_listed or item["by_state_pk"] == f"028#{item['result']}"
            # The settlement is the only one of its account that is missing here, or matched.
            if item["sk"] != "settled" and item["kind"] == "credit" and item["state"] != "resolved":
                assert item["result"] not in (Result.MISSING_HERE, Result.MATCHED, Result.AMOUNT_DIFFERS), item

    def check_end(self) -> None:
        """After a file of a later day that holds all that the bank ever settled."""
        accounts = {item["va_number"]: item for item in scan(get_settings().virtual_accounts_table)}
        kept = {
            item["va_number"]: item
            for item in scan(get_settings().reconciliations_table)
            if item["sk"] == "settled" and item["state"] != "freed"
        }
        missing = self._find_missing()
        for posting in scan(get_settings().payments_table):
            if posting["sk"] != "posting" or posting["kind"] != "va":
                continue
            settlement = kept.get(posting["va_number"])
            if posting["state"] == "reversed":
                assert posting["va_number"] not in missing
            if settlement is None:
                continue
            # What we count as paid and the bank has settled is missing nowhere, whoever told first.
            assert posting["va_number"] not in missing
            assert settlement["result"] != Result.MISSING_HERE or settlement["state"] == "posted", settlement
        for item in kept.values():
            if item["result"] == Result.MISSING_HERE and item["state"] == "open":
                assert accounts[item["va_number"]]["state"] == "open"

    def _find_missing(self) -> dict[str, dict[str, Any]]:
        """What waits or is missing, by account."""
        records = scan(get_settings().reconciliations_table)
        return {
            item["va_number"]: item for item in records if item["sk"] == "missing_there" and item["state"] == "open"
        }

    def _check_totals(self, file: dict[str, Any], lines: list[SettledPayment]) -> None:
        of_file = [given for result, given in file["results"].items() if result not in OURS]
        of_file.append(file["seen_before"])
        assert sum(given["count"] for given in of_file) == len(lines)
        assert sum(given["amount"] for given in of_file) == sum(int(line.amount) for line in lines)
        missing = self._find_missing().values()
        for result in OURS:
            amounts = [int(item["our_amount"]) for item in missing if item["result"] == result]
            given = file["results"][result]
            assert (given["count"], given["amount"]) == (len(amounts), sum(amounts)), result

    def _check_repetition(self, file: dict[str, Any], lines: list[SettledPayment]) -> None:
        """A run that has done everything and died before it said so, and comes again."""
        before = scan(get_settings().reconciliations_table)
        path = write_settlement(lines, self.folder / "again.csv")
        read = reconcile.read_file(path, self.folder, FORM, file["received_at"])
        outcome = reconcile.reconcile_file("028", file["pk"].rpartition("#")[2], read, FORM).as_record()
        assert scan(get_settings().reconciliations_table) == before
        assert outcome["results"] == file["results"]
        assert outcome["seen_before"] == file["seen_before"]


def find_day(line: SettledPayment) -> date:
    return FORM.find_day(clock.to_text(line.paid_at))


def try_each(test: Any) -> Any:
    for history in HISTORIES:
        test = example(days=history)(test)
    return test


# Without shrinking: an example takes seconds.
@settings(
    max_examples=6, deadline=None, phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck)
)
@try_each
@given(days=st.lists(DAYS, min_size=2, max_size=4))
def test_every_rupiah_is_in_one_class_whatever_came_in_whatever_order(
    days: list[tuple[Any, ...]], aws: Aws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def read_here(_job: str, request: dict[str, Any], _limits: Any) -> dict[str, Any]:
        return settlement_file.write_rows(request)

    with monkeypatch.context() as patch, report_scenario.frozen_clock(patch, NOW) as ticking:
        # Each child process takes longer than all the rest of an example.
        patch.setattr(reconcile, "run_sandboxed", read_here)
        world = World(ticking, tmp_path)
        for day in days:
            for step in itertools.chain(*day):
                world.play(step)
            ticking.advance(days=1)
        ticking.advance(days=2)
        world.bills[9] = bank.open_bill(9)
        world.play(("call", 9))
        world.play(("settle", 9, 0, True, 1))
        world.send(set(range(len(world.book))))
        world.check_end()
