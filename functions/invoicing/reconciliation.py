"""What the bank settled against what we know: one account at a time, from facts alone.

An account collects one bill, once. So of all the bank's lines for it one at most is its settlement; the rest is money
that somebody paid once too often, or that has no bill.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from invoicing.settlements import LineKind, SettlementLine
from invoicing.virtual_accounts import VirtualAccountState


class Result(StrEnum):
    MATCHED = "matched"
    MISSING_HERE = "missing_here"
    """The bank has money for an open bill and never told us; two people can post it."""
    MISSING_THERE = "missing_there"
    """We know of a payment that no file held, the next day's neither."""
    AMOUNT_DIFFERS = "amount_differs"
    DUPLICATE = "duplicate"
    """A second settlement for an account that has had its own."""
    UNIDENTIFIED = "unidentified"
    """Money that fits no open bill."""
    REVERSED = "reversed"
    """The bank took back a payment that we still count; two people can reverse it."""
    WAITING = "waiting"
    """We know of a payment that the day's file does not hold; the next day's may."""
    UNREADABLE = "unreadable"


NEEDS_TWO = frozenset({Result.MISSING_HERE, Result.REVERSED})
ATTENTION = frozenset(set(Result) - {Result.MATCHED, Result.UNREADABLE})
"""Results that stay on a list until somebody, or a later file, has settled them."""
SETTLES = frozenset({Result.MATCHED, Result.AMOUNT_DIFFERS})
"""Results of the one line that is an account's settlement."""


@dataclass(frozen=True, slots=True)
class Finding:
    line: SettlementLine
    result: Result
    occurrence: int
    """Which of several lines that are the same to the letter within one file, from 1."""
    reason: str = ""
    """A code: why the money is unidentified, or what else there is to say."""
    posting: Mapping[str, Any] | None = None
    account: Mapping[str, Any] | None = None

    @property
    def line_id(self) -> str:
        return f"{self.line.identity}#{self.occurrence}"


@dataclass(frozen=True, slots=True)
class Known:
    """What we know of one account."""

    account: Mapping[str, Any] | None
    posting: Mapping[str, Any] | None
    """Of money that came through the account, posted or reversed."""
    settled_by: str = ""
    """``line_id`` of the line that was found to be its settlement earlier, in whatever file."""


def compare_account(lines: Sequence[SettlementLine], known: Known) -> list[Finding]:
    """The findings on all of a file's lines of one account, in their order."""
    seen: Counter[str] = Counter()
    numbered = []
    for line in lines:
        seen[line.identity] += 1
        numbered.append((line, seen[line.identity]))
    credits_of_account = [given for given in numbered if given[0].kind is LineKind.CREDIT]
    settlement = _choose_settlement(credits_of_account, known)
    findings = [
        _judge_credit(line, occurrence, known, is_settlement=(line, occurrence) == settlement)
        if line.kind is LineKind.CREDIT
        else _judge_reversal(line, occurrence, known)
        for line, occurrence in numbered
    ]
    return [replace(finding, account=known.account) for finding in findings]


def _choose_settlement(
    candidates: Sequence[tuple[SettlementLine, int]], known: Known
) -> tuple[SettlementLine, int] | None:
    """Which line is the account's one settlement: the one found earlier, else the likeliest of these."""
    if known.settled_by:
        return next((given for given in candidates if f"{given[0].identity}#{given[1]}" == known.settled_by), None)
    if not known.posting:
        return candidates[0] if candidates else None
    posting = known.posting

    def rank(given: tuple[SettlementLine, int]) -> tuple[bool, bool]:
        line = given[0]
        same_reference = bool(line.reference) and line.reference == posting.get("bank_reference")
        return not same_reference, line.amount != posting["amount"]

    return min(candidates, key=rank, default=None)


def _judge_credit(line: SettlementLine, occurrence: int, known: Known, *, is_settlement: bool) -> Finding:
    account, posting = known.account, known.posting
    if account is None:
        return Finding(line, Result.UNIDENTIFIED, occurrence, "unknown_account")
    if known.settled_by or posting:
        if not is_settlement:
            return Finding(line, Result.DUPLICATE, occurrence, "", posting)
        if posting and line.amount != posting["amount"]:
            return Finding(line, Result.AMOUNT_DIFFERS, occurrence, "", posting)
        reason = "reference_differs" if posting and _references_differ(line, posting) else ""
        return Finding(line, Result.MATCHED, occurrence, reason, posting)
    if account["state"] != VirtualAccountState.OPEN:
        return Finding(line, Result.UNIDENTIFIED, occurrence, str(account.get("closed_reason", account["state"])))
    if line.amount != account["amount_due"]:
        return Finding(line, Result.UNIDENTIFIED, occurrence, "amount_not_due")
    return Finding(line, Result.MISSING_HERE if is_settlement else Result.DUPLICATE, occurrence)


def _judge_reversal(line: SettlementLine, occurrence: int, known: Known) -> Finding:
    posting = known.posting
    if posting is None:
        return Finding(line, Result.UNIDENTIFIED, occurrence, "reversal_without_payment")
    if line.amount != posting["amount"]:
        return Finding(line, Result.UNIDENTIFIED, occurrence, "reversal_of_other_amount", posting)
    if posting["state"] == "reversed":
        return Finding(line, Result.MATCHED, occurrence, "reversed_already", posting)
    return Finding(line, Result.REVERSED, occurrence, "", posting)


def _references_differ(line: SettlementLine, posting: Mapping[str, Any]) -> bool:
    known = posting.get("bank_reference")
    return bool(line.reference and known and line.reference != known)
