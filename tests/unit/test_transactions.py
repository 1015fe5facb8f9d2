"""Changes are packed into transactions, and one whose condition does not hold takes no other with it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoicing.errors import BusyError
from invoicing.store import transactions
from invoicing.store.transactions import commit_each

# Per change: how many members, whether a condition fails, how large it is.
changes = st.lists(st.tuples(st.integers(1, 12), st.booleans(), st.integers(0, 40)), max_size=30)


class FakeTable:
    """Takes transactions; a member marked ``bad`` cancels its whole transaction."""

    def __init__(self, *conflicts: int) -> None:
        self.sizes: list[int] = []
        self.written: list[int] = []
        self._conflicts = set(conflicts)
        self.calls = 0

    def commit(self, writes: list[dict[str, Any]]) -> list[str] | None:
        self.calls += 1
        self.sizes.append(len(writes))
        if self.calls in self._conflicts:
            return ["None"] * (len(writes) - 1) + ["TransactionConflict"]
        codes = ["ConditionalCheckFailed" if write["bad"] else "None" for write in writes]
        if "ConditionalCheckFailed" in codes:
            return codes
        self.written += [write["change"] for write in writes]
        return None


def build(given_changes: list[tuple[int, bool, int]]) -> list[list[dict[str, Any]]]:
    """The last member of a bad change is the one that fails."""
    return [
        [{"change": index, "bad": bad and member == members - 1, "text": "x" * size} for member in range(members)]
        for index, (members, bad, size) in enumerate(given_changes)
    ]


@given(changes, st.sets(st.integers(1, 6), max_size=3))
def test_exactly_the_changes_whose_conditions_hold_are_written_whole(
    given_changes: list[tuple[int, bool, int]], conflicts: set[int]
) -> None:
    table = FakeTable(*conflicts)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transactions.invoices, "commit", table.commit)
        patch.setattr(transactions, "MAX_TRANSACTION_ITEMS", 20)
        patch.setattr(transactions, "MAX_TRANSACTION_BYTES", 1_500)
        patch.setattr("time.sleep", lambda _seconds: None)
        made = commit_each(build(given_changes))
    assert made == [not bad for _, bad, _ in given_changes]
    expected = [index for index, (members, bad, _) in enumerate(given_changes) if not bad for _ in range(members)]
    assert table.written == expected
    assert all(size <= 20 for size in table.sizes)


def test_change_that_meets_others_each_time_is_told_and_what_came_before_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    table = FakeTable(*range(2, 100))
    monkeypatch.setattr(transactions.invoices, "commit", table.commit)
    monkeypatch.setattr(transactions, "MAX_TRANSACTION_ITEMS", 2)
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    with pytest.raises(BusyError):
        commit_each(build([(2, False, 0), (2, False, 0)]))
    assert table.written == [0, 0]


def test_cancellation_for_no_known_reason_is_a_defect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transactions.invoices, "commit", lambda writes: ["ValidationError"] * len(writes))
    with pytest.raises(RuntimeError, match="ValidationError"):
        commit_each(build([(1, False, 0)]))
