"""What the bank settled against what we know: one account at a time, from facts alone.

An account collects one bill, once. So of all the bank's lines for it one at most is its settlement; the rest is money
that somebody paid once too often, or that has no bill.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
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
SETTLES = frozenset({Result.MATCHED, Result.AMOUNT_DIFFERS, Result.MISSING_HERE})
"""Results of the one credit that is an account's settlement, of a payment that we count or are to count."""
_DONE = frozenset({"posted", "reversed"})
"""States of a kept line by which two people made our books say what the bank's say."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A line and what it is; no more than is kept of it, since a large file's findings are all in memory."""

    line: SettlementLine
    result: Result
    occurrence: int
    """Which of several lines that are the same to the letter within one file, from 1."""
    reason: str = ""
    """A code: why the money is unidentified, or what else there is to say."""
    our_amount: int | None = None
    payment_id: str | None = None
    biller_id: str | None = None
    number: str | None = None
    kept_in: str = ""
    """The file that brought it, where it is kept already."""
    is_closed: bool = False
    """Kept, and somebody has settled what there was to do."""

    @property
    def line_id(self) -> str:
        return name_line(self.line, self.occurrence)

    @property
    def is_settlement(self) -> bool:
        return self.line.kind is LineKind.CREDIT and self.result in SETTLES


@dataclass(frozen=True, slots=True)
class Known:
    """What we know of one account."""

    account: Mapping[str, Any] | None
    posting: Mapping[str, Any] | None
    """Of money that came through the account, posted or reversed."""
    settlement: Mapping[str, Any] | None = None
    """The line kept as its settlement, from whatever file."""
    lines: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Those of the other lines asked about that are kept, by ``line_id``."""

    @property
    def is_settled(self) -> bool:
        return self.settlement is not None and self.settlement["result"] in SETTLES

    def find_kept(self, line_id: str) -> Mapping[str, Any] | None:
        if self.settlement is not None and self.settlement["line_id"] == line_id:
            return self.settlement
        return self.lines.get(line_id)


def name_line(line: SettlementLine, occurrence: int) -> str:
    """What makes it the same line in another file."""
    return f"{line.identity}#{occurrence}"


def number_lines(lines: Sequence[SettlementLine]) -> list[tuple[SettlementLine, int]]:
    """The lines of one account with their occurrence."""
    seen: Counter[str] = Counter()
    numbered = []
    for line in lines:
        seen[line.identity] += 1
        numbered.append((line, seen[line.identity]))
    return numbered


def compare_account(lines: Sequence[SettlementLine], known: Known) -> list[Finding]:
    """The findings on all of a file's lines of one account, in their order.

    A line that is kept stays what it was found to be: neither the same file again nor the next day's counts it anew.
    """
    numbered = number_lines(lines)
    new = [given for given in numbered if known.find_kept(name_line(*given)) is None]
    settlement = _choose_settlement([given for given in new if given[0].kind is LineKind.CREDIT], known)
    return [
        _describe(_judge(line, occurrence, known, is_settlement=(line, occurrence) == settlement), known)
        for line, occurrence in numbered
    ]


def judge_again(kept: Mapping[str, Any], known: Known) -> Finding:
    """What a line kept as ``missing_here`` is by now: a late call may have paid its bill, or somebody closed it."""
    line = SettlementLine(
        kept["place"],
        LineKind(kept["kind"]),
        kept["va_number"],
        kept["amount"],
        kept["paid_at"],
        kept.get("reference", ""),
        kept.get("request_id", ""),
    )
    occurrence = int(kept["line_id"].rpartition("#")[2])
    return _describe(_judge_credit(line, occurrence, known, is_settlement=True), known)


def _choose_settlement(
    candidates: Sequence[tuple[SettlementLine, int]], known: Known
) -> tuple[SettlementLine, int] | None:
    """Which new line is the account's one settlement: none where it has its own, else the likeliest."""
    account, posting = known.account, known.posting
    if known.is_settled or account is None:
        return None
    if not posting:
        return next((given for given in candidates if given[0].amount == account["amount_due"]), None)

    def rank(given: tuple[SettlementLine, int]) -> tuple[bool, bool]:
        line = given[0]
        same_reference = bool(line.reference) and line.reference == posting.get("bank_reference")
        return not same_reference, line.amount != posting["amount"]

    return min(candidates, key=rank, default=None)


def _judge(line: SettlementLine, occurrence: int, known: Known, *, is_settlement: bool) -> Finding:
    kept = known.find_kept(name_line(line, occurrence))
    if kept is not None:
        result = Result.MATCHED if kept["state"] in _DONE else Result(kept["result"])
        is_closed = kept["state"] not in ("open", "proposed")
        return Finding(line, result, occurrence, kept.get("reason", ""), kept_in=kept["file_hash"], is_closed=is_closed)
    if line.kind is LineKind.CREDIT:
        return _judge_credit(line, occurrence, known, is_settlement=is_settlement)
    return _judge_reversal(line, occurrence, known)


def _judge_credit(line: SettlementLine, occurrence: int, known: Known, *, is_settlement: bool) -> Finding:
    account, posting = known.account, known.posting
    if account is None:
        return Finding(line, Result.UNIDENTIFIED, occurrence, "unknown_account")
    if posting:
        if not is_settlement:
            return Finding(line, Result.DUPLICATE, occurrence)
        if line.amount != posting["amount"]:
            return Finding(line, Result.AMOUNT_DIFFERS, occurrence)
        reason = "reference_differs" if _references_differ(line, posting) else ""
        return Finding(line, Result.MATCHED, occurrence, reason)
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
        return Finding(line, Result.UNIDENTIFIED, occurrence, "reversal_of_other_amount")
    if posting["state"] == "reversed":
        return Finding(line, Result.MATCHED, occurrence, "reversed_already")
    return Finding(line, Result.REVERSED, occurrence)


def _describe(finding: Finding, known: Known) -> Finding:
    """With whose bill and which payment of ours it is about."""
    account, posting = known.account or {}, known.posting
    if posting and (finding.result is not Result.UNIDENTIFIED or finding.line.kind is LineKind.REVERSAL):
        finding = replace(finding, our_amount=posting["amount"], payment_id=posting["payment_id"])
    number = account["bills"][0]["number"] if "bills" in account else None
    return replace(finding, biller_id=account.get("biller_id"), number=number)


def _references_differ(line: SettlementLine, posting: Mapping[str, Any]) -> bool:
    known = posting.get("bank_reference")
    return bool(line.reference and known and line.reference != known)
