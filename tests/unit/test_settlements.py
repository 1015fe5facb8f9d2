"""Lines of a bank's settlement file, and what they come to against one account."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoicing.errors import SettlementFormatError
from invoicing.reconciliation import ATTENTION, Finding, Known, Result, compare_account, judge_again
from invoicing.settlements import AmountForm, LineKind, SettlementFormat, SettlementLine, UnreadableLine, read_lines

VA = "8808100000000017"
HEAD = ["VA Number", "Amount", "Date", "Time", "Reference", "Payment Request ID", "Type"]
FORM = SettlementFormat()
RECEIVED_AT = "2026-11-27T03:00:00.000Z"


def read(*cells: Any, form: SettlementFormat = FORM) -> SettlementLine | UnreadableLine:
    (line,) = read_lines(iter([HEAD, list(cells)]), form, RECEIVED_AT)
    return line


@pytest.mark.parametrize(
    ("form", "text", "amount"),
    [
        (AmountForm.PLAIN, "150000", 150_000),
        (AmountForm.PLAIN, "150000.00", 150_000),
        (AmountForm.PLAIN, 150000.0, 150_000),
        (AmountForm.PLAIN, "Rp 150000", 150_000),
        (AmountForm.INDONESIAN, "1.500.000,00", 1_500_000),
        (AmountForm.INDONESIAN, "1500000", 1_500_000),
        (AmountForm.ENGLISH, "1,500,000.00", 1_500_000),
    ],
)
def test_amount_is_read_by_the_banks_form(form: AmountForm, text: Any, amount: int) -> None:
    line = read(VA, text, "2026-11-26", form=replace(FORM, amount_form=form))
    assert isinstance(line, SettlementLine)
    assert line.amount == amount


@pytest.mark.parametrize(
    ("form", "text"),
    [
        (AmountForm.PLAIN, "1.500.000"),
        (AmountForm.PLAIN, "150000.50"),
        (AmountForm.PLAIN, 150000.5),
        (AmountForm.PLAIN, "0"),
        (AmountForm.PLAIN, ""),
        (AmountForm.PLAIN, float("nan")),
        (AmountForm.INDONESIAN, "1,500,000.00"),
        (AmountForm.ENGLISH, "1.500.000,00"),
        (AmountForm.PLAIN, "99999999999999"),
    ],
)
def test_amount_of_another_form_is_unreadable_never_guessed(form: AmountForm, text: Any) -> None:
    line = read(VA, text, "2026-11-26", form=replace(FORM, amount_form=form))
    assert line == UnreadableLine(2, "amount")


@pytest.mark.parametrize(
    ("amount", "mark", "kind"),
    [
        ("5", "C", "credit"),
        ("5", "rev", "reversal"),
        ("-5", "C", "reversal"),
        ("(5)", "", "reversal"),
        ("5", "", "credit"),
    ],
)
def test_mark_or_sign_makes_a_reversal(amount: str, mark: str, kind: str) -> None:
    line = read(VA, amount, "2026-11-26", "10:00:00", "R1", "", mark)
    assert isinstance(line, SettlementLine)
    assert (line.kind, line.amount) == (kind, 5)


@pytest.mark.parametrize("account", ["88O8100000000017", "123", 8808100000000017.0, "1" * 24, "=1+1"])
def test_account_that_is_none_is_unreadable(account: Any) -> None:
    assert read(account, "5", "2026-11-26") == UnreadableLine(2, "va_number")


def test_rows_without_an_account_are_no_lines() -> None:
    rows = [["A bank"], [], HEAD, [], ["", 10, "TOTAL"], [VA, 5, "2026-11-26"], ["", "", "Jakarta, ..."]]
    assert [line.place for line in read_lines(iter(rows), FORM, RECEIVED_AT)] == [6]


def test_head_that_is_not_found_near_the_top_refuses_the_file() -> None:
    with pytest.raises(SettlementFormatError, match="columns"):
        list(read_lines(iter([[""]] * 40 + [HEAD]), FORM, RECEIVED_AT))


@pytest.mark.parametrize(
    ("paid_at", "cut_off", "day"),
    [
        ("2026-11-26T15:59:59.000Z", "23:00", date(2026, 11, 26)),
        ("2026-11-26T16:00:00.000Z", "23:00", date(2026, 11, 27)),
        ("2026-11-26T16:59:59.000Z", "00:00", date(2026, 11, 26)),
        ("2026-11-26T17:00:00.000Z", "00:00", date(2026, 11, 27)),
    ],
)
def test_cut_off_decides_whose_days_file_holds_a_payment(paid_at: str, cut_off: str, day: date) -> None:
    assert replace(FORM, cut_off=cut_off).find_day(paid_at) == day


def test_form_survives_its_record() -> None:
    form = replace(FORM, amount_form=AmountForm.INDONESIAN, delimiter=";", reversal_marks=("D",))
    assert SettlementFormat.from_record(form.as_record()) == form


# --- one account ---------------------------------------------------------------------------------------------------

LINES = st.lists(
    st.builds(
        SettlementLine,
        st.just(1),
        st.sampled_from(LineKind),
        st.just(VA),
        st.sampled_from([100, 101]),
        st.sampled_from(["2026-11-26T01:00:00.000Z", "2026-11-26T02:00:00.000Z"]),
        st.sampled_from(["", "R1", "R2"]),
    ),
    max_size=6,
)
ACCOUNTS = st.none() | st.builds(
    lambda state: {"state": state, "amount_due": 100, "closed_reason": "archived"},
    st.sampled_from(["open", "paid", "closed"]),
)
POSTINGS = st.none() | st.builds(
    lambda state, reference: {"state": state, "amount": 100, "bank_reference": reference, "payment_id": "028#P"},
    st.sampled_from(["posted", "reversed"]),
    st.sampled_from(["R1", None]),
)


def find_settlement(findings: list[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.is_settlement]


def keep(findings: list[Finding], file_hash: str = "f1") -> tuple[Any, dict[str, Any]]:
    """The account's settlement, and its other lines, as they are read the next time."""
    kept = {
        finding.line_id: {
            "line_id": finding.line_id,
            "result": finding.result,
            "reason": finding.reason,
            "state": "open" if finding.result in ATTENTION else "settled",
            "file_hash": file_hash,
        }
        for finding in findings
    }
    settled = [kept.pop(finding.line_id) for finding in find_settlement(findings)]
    return (settled[0] if settled else None), kept


@given(lines=LINES, account=ACCOUNTS, posting=POSTINGS)
def test_account_has_one_settlement_at_most_and_every_line_one_result(
    lines: list[SettlementLine], account: Any, posting: Any
) -> None:
    known = Known(account, posting if account else None)
    findings = compare_account(lines, known)
    assert [finding.line for finding in findings] == lines
    assert len({finding.line_id for finding in findings}) == len(lines)
    credited = [line for line in lines if line.kind is LineKind.CREDIT]
    if account and posting:
        expected = bool(credited)
    else:
        expected = bool(account) and account["state"] == "open" and any(line.amount == 100 for line in credited)
    assert len(find_settlement(findings)) == expected
    if not account:
        assert {finding.result for finding in findings} <= {Result.UNIDENTIFIED}


@given(first=LINES, second=LINES, account=ACCOUNTS, posting=POSTINGS, later=POSTINGS)
def test_later_file_never_finds_another_settlement_and_never_judges_a_line_anew(
    first: list[SettlementLine], second: list[SettlementLine], account: Any, posting: Any, later: Any
) -> None:
    if account is None:
        posting = later = None
    found = compare_account(first, Known(account, posting))
    settlement, others = keep(found)
    known = Known(account, posting or later, settlement, others)
    again = compare_account(first, known)
    assert [(finding.line_id, finding.result, finding.kept_in) for finding in again] == [
        (finding.line_id, finding.result, "f1") for finding in found
    ]
    if settlement:
        new = [finding for finding in compare_account(second, known) if not finding.kept_in]
        assert find_settlement(new) == []


@pytest.mark.parametrize("amounts", [(101, 100, 100), (100, 101, 100), (100, 100, 101)])
def test_money_of_an_open_bill_is_that_of_the_amount_due_wherever_it_stands(amounts: tuple[int, ...]) -> None:
    lines = [
        SettlementLine(place, LineKind.CREDIT, VA, amount, "2026-11-26T01:00:00.000Z", f"R{place}")
        for place, amount in enumerate(amounts)
    ]
    findings = compare_account(lines, Known({"state": "open", "amount_due": 100}, None))
    assert [finding.result for finding in findings if finding.line.amount == 100] == ["missing_here", "duplicate"]
    assert [finding.reason for finding in findings if finding.line.amount == 101] == ["amount_not_due"]


@pytest.mark.parametrize(
    ("account", "posting", "result", "reason"),
    [
        ({"state": "open", "amount_due": 100}, None, "missing_here", ""),
        ({"state": "paid"}, {"state": "posted", "amount": 100, "payment_id": "028#P"}, "matched", ""),
        ({"state": "closed", "closed_reason": "archived"}, None, "unidentified", "archived"),
    ],
)
def test_missing_money_is_judged_again_as_if_it_came_today(
    account: Any, posting: Any, result: str, reason: str
) -> None:
    line = SettlementLine(7, LineKind.CREDIT, VA, 100, "2026-11-26T01:00:00.000Z", "R1")
    kept = {
        **{"place": 7, "kind": "credit", "va_number": VA, "amount": 100, "paid_at": line.paid_at, "reference": "R1"},
        "line_id": f"{line.identity}#2",
    }
    finding = judge_again(kept, Known(account, posting))
    assert (finding.result, finding.reason, finding.line_id) == (result, reason, kept["line_id"])


@pytest.mark.parametrize(
    ("day", "clock_time", "is_read"),
    [
        ("2026-11-27", "", True),
        ("2026-11-27", "22:59:59", True),
        ("2026-11-27", "23:00:00", False),
        ("2026-11-28", "", False),
        ("2062-11-26", "10:00:00", False),
        ("2100-12-31", "", False),
        ("9999-12-31", "23:59:59", False),
    ],
)
def test_line_of_a_day_that_no_file_can_hold_yet_is_unreadable(day: str, clock_time: str, is_read: bool) -> None:
    line = read(VA, "5", day, clock_time)
    assert (line == UnreadableLine(2, "date")) is not is_read


def test_line_of_the_callbacks_reference_is_the_settlement_before_an_earlier_one() -> None:
    posting = {"state": "posted", "amount": 100, "bank_reference": "R2", "payment_id": "028#P"}
    lines = [
        SettlementLine(place, LineKind.CREDIT, VA, 100, "2026-11-26T01:00:00.000Z", f"R{place}") for place in (1, 2)
    ]
    results = [finding.result for finding in compare_account(lines, Known({"state": "paid"}, posting))]
    assert results == [Result.DUPLICATE, Result.MATCHED]
