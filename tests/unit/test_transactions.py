"""Changes are packed into transactions, and one whose condition does not hold takes no other with it."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError
from hypothesis import given
from hypothesis import strategies as st

from invoicing.errors import BusyError, StoreBusyError
from invoicing.store import transactions
from invoicing.store.transactions import commit_all, commit_each

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
        patch.setattr(transactions.dynamodb, "commit", table.commit)
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
    monkeypatch.setattr(transactions.dynamodb, "commit", table.commit)
    monkeypatch.setattr(transactions, "MAX_TRANSACTION_ITEMS", 2)
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    with pytest.raises(BusyError):
        commit_each(build([(2, False, 0), (2, False, 0)]))
    assert table.written == [0, 0]


def test_cancellation_for_no_known_reason_is_a_defect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transactions.dynamodb, "commit", lambda writes: ["ValidationError"] * len(writes))
    with pytest.raises(RuntimeError, match="ValidationError"):
        commit_each(build([(1, False, 0)]))


# --- One transaction --------------------------------------------------------------------------------------------------


class Answers:
    """What DynamoDB answers, one after another; an exception is raised."""

    def __init__(self, *answers: list[str] | Exception | None) -> None:
        self._answers = list(answers)
        self.tokens: list[str | None] = []

    def commit(self, _writes: list[dict[str, Any]], token: str | None = None) -> list[str] | None:
        self.tokens.append(token)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def dynamo(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Answers]:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)

    def answer(*answers: list[str] | Exception | None) -> Answers:
        given = Answers(*answers)
        monkeypatch.setattr(transactions.dynamodb, "commit", given.commit)
        return given

    return answer


@pytest.mark.parametrize("reason", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"])
def test_transaction_that_meets_others_is_told_again_by_the_same_token(
    dynamo: Callable[..., Answers], reason: str
) -> None:
    answers = dynamo(["None", reason], None)
    assert commit_all([{}, {}]) == []
    assert len(answers.tokens) == 2
    assert len(set(answers.tokens)) == 1


def test_transaction_whose_answer_was_lost_is_told_again_by_the_same_token(dynamo: Callable[..., Answers]) -> None:
    answers = dynamo(ReadTimeoutError(endpoint_url="https://dynamodb"), None)
    assert commit_all([{}]) == []
    assert len(set(answers.tokens)) == 1


def test_members_whose_conditions_do_not_hold_are_named_even_beside_a_conflict(dynamo: Callable[..., Answers]) -> None:
    dynamo(["None", "ConditionalCheckFailed", "TransactionConflict"])
    assert commit_all([{}, {}, {}]) == [1]


def test_endless_conflict_is_no_refusal(dynamo: Callable[..., Answers]) -> None:
    dynamo(["TransactionConflict"])
    with pytest.raises(StoreBusyError):
        commit_all([{}])


def test_transaction_that_can_never_stand_is_a_defect(dynamo: Callable[..., Answers]) -> None:
    dynamo(["ValidationError"])
    with pytest.raises(RuntimeError, match="ValidationError"):
        commit_all([{}])
