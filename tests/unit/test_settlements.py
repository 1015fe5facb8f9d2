"""Lines of a bank's settlement file, and what they come to against one account."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoicing.errors import SettlementFormatError
from invoicing.reconciliation import SETTLES, Finding, Known, Result, compare_account
from invoicing.settlements import AmountForm, LineKind, SettlementFormat, SettlementLine, UnreadableLine, read_lines

VA = "8808100000000017"
HEAD = ["VA Number", "Amount", "Date", "Time", "Reference", "Payment Request ID", "Type"]
FORM = SettlementFormat()


def read(*cells: Any, form: SettlementFormat = FORM) -> SettlementLine | UnreadableLine:
    (line,) = read_lines(iter([HEAD, list(cells)]), form)
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
    assert [line.place for line in read_lines(iter(rows), FORM)] == [6]


def test_head_that_is_not_found_near_the_top_refuses_the_file() -> None:
    with pytest.raises(SettlementFormatError, match="columns"):
        list(read_lines(iter([[""]] * 40 + [HEAD]), FORM))


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
    lambda state, reference: {"state": state, "amount": 100, "bank_reference": reference},
    st.sampled_from(["posted", "reversed"]),
    st.sampled_from(["R1", None]),
)


def find_settlement(findings: list[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.result in SETTLES and finding.line.kind is LineKind.CREDIT]


@given(lines=LINES, account=ACCOUNTS, posting=POSTINGS)
def test_account_has_one_settlement_at_most_and_every_line_one_result(
    lines: list[SettlementLine], account: Any, posting: Any
) -> None:
    known = Known(account, posting if account else None)
    findings = compare_account(lines, known)
    assert [finding.line for finding in findings] == lines
    assert len({finding.line_id for finding in findings}) == len(lines)
    settled = find_settlement(findings)
    credited = [line for line in lines if line.kind is LineKind.CREDIT]
    assert len(settled) == (1 if credited and account and posting else 0)
    assert sum(finding.result is Result.MISSING_HERE for finding in findings) <= 1
    if not account:
        assert {finding.result for finding in findings} <= {Result.UNIDENTIFIED}


@given(first=LINES, second=LINES, posting=POSTINGS)
def test_later_file_never_finds_another_settlement(
    first: list[SettlementLine], second: list[SettlementLine], posting: Any
) -> None:
    account = {"state": "paid", "amount_due": 100}
    settled = find_settlement(compare_account(first, Known(account, posting)))
    if not settled:
        return
    known = Known(account, posting, settled[0].line_id)
    again = find_settlement(compare_account(first, known))
    assert [finding.line_id for finding in again] == [settled[0].line_id]
    later = find_settlement(compare_account(second, known))
    assert {finding.line_id for finding in later} <= {settled[0].line_id}


def test_line_of_the_callbacks_reference_is_the_settlement_before_an_earlier_one() -> None:
    posting = {"state": "posted", "amount": 100, "bank_reference": "R2"}
    lines = [
        SettlementLine(place, LineKind.CREDIT, VA, 100, "2026-11-26T01:00:00.000Z", f"R{place}") for place in (1, 2)
    ]
    results = [finding.result for finding in compare_account(lines, Known({"state": "paid"}, posting))]
    assert results == [Result.DUPLICATE, Result.MATCHED]
