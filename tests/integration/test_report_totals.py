"""Whatever happened to a biller's invoices, and happens while they are walked: all figures agree to the rupiah."""

import itertools
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from invoicing import clock, summaries
from invoicing.billers import Module
from invoicing.settings import get_settings
from invoicing.store import invoices, report_queue
from tests.integration import report_scenario as scenario
from tests.integration.conftest import Aws
from tests.integration.report_scenario import Invoice, command, fetch
from tests.integration.scenario import SCHOOL, register

NOW = datetime(2026, 11, 27, 3, 0, 0, tzinfo=UTC)
TODAY = "2026-11-27"
_numbers = itertools.count(1)

EVENTS = st.sampled_from(["pay", "pay_outside", "archive", "reverse", "reissue"])
HISTORIES = st.lists(
    st.tuples(
        st.integers(1, 9_999_999_999_999),  # amount
        st.integers(-120, 30),  # due, in days from today
        st.sampled_from(["7A", "8B"]),
        st.sampled_from(["SPP", "Buku"]),
        st.lists(EVENTS, max_size=3),  # before the report
        st.tuples(st.sampled_from(["open", "paid", "archived"]), EVENTS) | st.none(),  # while it is made
    ),
    max_size=8,
)


def apply(invoice: Invoice, event: str, when: datetime) -> None:
    """Do it if the invoice is in a state in which the product would."""
    match event, invoice.status:
        case "pay", "open":
            invoice.pay(when)
        case "pay_outside", "open":
            invoice.pay(when, outside=True)
        case "archive", "open":
            invoice.archive(when)
        case "reverse", "paid" if invoice.item["paid_via"] == "va":
            invoice.reverse(when)
        case "reissue", "archived":
            invoice.reissue(when)


def read_tables(biller_id: str) -> dict[str, Any]:
    """The truth, added up from every item of the tables by code of its own."""
    sums: dict[str, int] = defaultdict(int)
    counts: dict[str, int] = defaultdict(int)
    for item in scan(get_settings().invoices_table):
        if item["biller_id"] != biller_id:
            continue
        state = item["status"]
        if state == "open":
            state = "overdue" if item["due_date"] < TODAY else "not_due"
        if state == "paid":
            state = "paid_va" if item["paid_via"] == "va" else "paid_outside"
        sums[state] += int(item.get("paid_amount", 0) if state.startswith("paid") else item["amount"])
        counts[state] += 1
    posted = sum(
        int(item["amount"])
        for item in scan(get_settings().payments_table)
        if item["biller_id"] == biller_id and item["state"] == "posted"
    )
    return {"sums": dict(sums), "counts": dict(counts), "posted": posted}


def scan(table: str) -> list[dict[str, Any]]:
    import boto3

    items: list[dict[str, Any]] = boto3.resource("dynamodb").Table(table).scan()["Items"]
    return items


def build_while(moves: Callable[[str], None]) -> None:
    walk = invoices.walk_status

    def walk_and_move(biller_id: str, status: Any, *rest: Any) -> Any:
        yield from walk(biller_id, status, *rest)
        moves(status)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(invoices, "walk_status", walk_and_move)
        assert scenario.build(*scenario.receive(get_settings().report_queue_url)) == []


def read_totals(rows: list[list[str]], *columns: str) -> list[int]:
    head = next(row for row in rows if row and row[0] in ("Invoice no.", "Accepted at"))
    total = next(row for row in rows if row and row[0] == "Total")
    return [int(total[head.index(column)]) for column in columns]


# Without shrinking: an example takes a second, and is small as it is.
@settings(max_examples=5, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(histories=HISTORIES)
def test_all_figures_agree_with_each_other_and_with_the_tables(
    histories: list[Any], aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = next(_numbers)
    biller = replace(SCHOOL, biller_id=f"school-{number}", company_code=f"{10_000 + number}", module=Module.PINTU_KELAS)
    register(biller)
    with scenario.frozen_clock(monkeypatch, NOW) as ticking:
        moving: list[tuple[str, Invoice, str]] = []
        for place, (amount, due, class_name, fee, events, move) in enumerate(histories):
            created = NOW - timedelta(days=30)
            student = {"nis": f"N{place}", "class_name": class_name}
            due_date = (NOW.date() + timedelta(days=due)).isoformat()
            made = Invoice(
                number * 100 + place, created, biller, amount=amount, due_date=due_date, student=student, fee_type=fee
            )
            for step, event in enumerate(events):
                apply(made, event, created + timedelta(days=step + 1))
            if move:
                moving.append((move[0], made, move[1]))
        truth = read_tables(biller.biller_id)

        def move_on(status: str) -> None:
            """The product goes on: after the instant that was asked for, while the walk is on its way."""
            ticking.advance(seconds=1)
            for when, invoice, event in moving:
                if when == status:
                    apply(invoice, event, ticking.instant)

        period = {"since": "2026-10-01", "until": TODAY}
        asked = [
            command("request_report", biller.biller_id, kind=kind, format="csv", language="en", **members)
            for kind, members in (("payments", {}), ("invoices", {}), ("collections", period))
        ]
        assert command("show_summary", biller.biller_id) == {"is_being_counted": True}
        build_while(move_on)
        payments, listed, collected = (
            scenario.read_csv(fetch(report["report_id"], biller.biller_id)) for report in asked
        )
        figures = command("show_summary", biller.biller_id)["figures"]

    sums = defaultdict(int, truth["sums"])
    billed, by_va, outside, unpaid = read_totals(
        payments, "Billed (Rp)", "By virtual account (Rp)", "Outside virtual accounts (Rp)", "Unpaid (Rp)"
    )
    assert (by_va, outside, unpaid) == (sums["paid_va"], sums["paid_outside"], sums["not_due"] + sums["overdue"])
    assert billed == by_va + outside + unpaid
    assert read_totals(listed, "Amount (Rp)", "Paid (Rp)") == [sum(sums.values()), by_va + outside]
    assert read_totals(collected, "Amount (Rp)") == [truth["posted"]] == [by_va + outside]
    standing = {name: given["amount"] for name, given in figures["standing"].items() if given["count"]}
    assert standing == truth["sums"]
    assert {name: given["count"] for name, given in figures["standing"].items() if given["count"]} == truth["counts"]
    assert sum(age["amount"] for age in figures["ages"].values()) == unpaid == figures["unpaid"]["amount"]
    by_day = sum(kind["amount"] for day in figures["collected"].values() for kind in day.values())
    assert by_day == by_va + outside == figures["paid"]["amount"]


def test_summary_is_counted_once_while_many_look_and_not_again_until_it_is_old(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(SCHOOL)
    with scenario.frozen_clock(monkeypatch, NOW) as ticking:
        late = [
            Invoice(place, NOW - timedelta(days=9), SCHOOL, due_date="2026-11-20", amount=place)
            for place in range(1, 15)
        ]
        for _ in range(3):
            assert "figures" not in command("show_summary", SCHOOL.biller_id)
        messages = scenario.receive(get_settings().report_queue_url)
        assert len(messages) == 1
        ticking.advance(seconds=5)
        assert scenario.build(*messages, *messages) == []
        shown = command("show_summary", SCHOOL.biller_id)
        assert shown["as_of"] == clock.to_text(NOW)
        assert "is_being_counted" not in shown or not shown["is_being_counted"]
        assert [given["amount"] for given in shown["figures"]["top_overdue"]] == list(range(14, 4, -1))
        assert shown["figures"]["top_overdue"][0]["days_overdue"] == 7
        late[0].pay(ticking.instant)
        ticking.advance(minutes=6)
        old = command("show_summary", SCHOOL.biller_id)
        assert old["is_being_counted"]
        assert old["figures"] == shown["figures"]
        scenario.build(*scenario.receive(get_settings().report_queue_url))
        new = command("show_summary", SCHOOL.biller_id)["figures"]
        assert new["paid"] == {"count": 1, "amount": 1}
        assert new["collected"] == {
            "2026-11-27": {"va": {"count": 1, "amount": 1}, "outside": {"count": 0, "amount": 0}}
        }


def test_summary_that_got_lost_in_the_queue_is_asked_for_again(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    register(SCHOOL)
    with scenario.frozen_clock(monkeypatch, NOW) as ticking:
        command("show_summary", SCHOOL.biller_id)
        scenario.receive(get_settings().report_queue_url)
        ticking.advance(minutes=14)
        command("show_summary", SCHOOL.biller_id)
        assert scenario.receive(get_settings().report_queue_url) == []
        ticking.advance(minutes=2)
        command("show_summary", SCHOOL.biller_id)
        assert len(scenario.receive(get_settings().report_queue_url)) == 1


def test_day_of_notices_is_counted_again_ever_more_rarely_and_at_last_no_more() -> None:
    def count(counted_at: datetime, notices: int) -> dict[str, Any]:
        return {"counted_at": clock.to_text(counted_at), "counts": {"email": {"arrived": notices}}}

    noon = NOW
    assert summaries.is_day_fresh(TODAY, count(noon, 10), noon + timedelta(minutes=19))
    assert not summaries.is_day_fresh(TODAY, count(noon, 10), noon + timedelta(minutes=21))
    assert summaries.is_day_fresh(TODAY, count(noon, 1_000_000), noon + timedelta(hours=7))
    settled = datetime(2026, 12, 1, 17, tzinfo=UTC)
    assert summaries.is_day_fresh(TODAY, count(settled, 10), settled + timedelta(days=300))
    assert not summaries.is_day_fresh(TODAY, count(settled - timedelta(seconds=1), 10), settled + timedelta(days=1))


def test_queue_of_summaries_is_that_of_reports(aws: Aws) -> None:
    report_queue.send_summary("toko-sinar")
    assert scenario.receive(get_settings().report_queue_url) == [{"task": "summary", "biller_id": "toko-sinar"}]
