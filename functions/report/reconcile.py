"""Match one settlement file of the bank to our payments. Safe to run twice, on the same file or on overlapping ones.

Each line is kept once, under its account; each account has one settlement. So a file that comes again, a run that died
half-way, and lines that stand in two days' files change nothing that is known already.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import orjson

from invoicing import clock
from invoicing.invoice_totals import Sum
from invoicing.reconciliation import Finding, Known, Result, compare_account
from invoicing.settings import get_settings
from invoicing.settlements import (
    HEAD_WITHIN,
    MAX_LINES,
    SettlementFormat,
    SettlementLine,
    UnreadableLine,
    read_lines,
)
from invoicing.store import billers, invoices, payments, reconciliations
from invoicing.workbooks.sandbox import SandboxLimits, run_sandboxed

LOOK_BACK = timedelta(days=7)
"""Days before the file's last one whose payments are looked for, should their own files never have come."""
_ACCOUNTS = 100
_TRIES = 4
_READERS = 8
_Given = TypeVar("_Given")


@dataclass(slots=True)
class Outcome:
    """What came of one file, in memory as long as its report is written."""

    findings: list[tuple[Finding, str]] = field(default_factory=list)
    """With the file that held the line first, if that is another one."""
    unreadable: list[UnreadableLine] = field(default_factory=list)
    missing: list[dict[str, Any]] = field(default_factory=list)
    """Our payments that wait for the next day's file, or are missing for certain."""
    sums: dict[Result, Sum] = field(default_factory=lambda: {result: Sum() for result in Result})
    """New lines, and our missing payments, by result."""
    seen_before: Sum = field(default_factory=Sum)
    day: str = ""
    """The last settlement day among the lines."""

    def as_record(self) -> dict[str, Any]:
        results = {result: {"count": given.count, "amount": given.amount} for result, given in self.sums.items()}
        return {
            "results": results,
            "seen_before": {"count": self.seen_before.count, "amount": self.seen_before.amount},
            "lines": len(self.findings) + len(self.unreadable),
            "day": self.day,
        }


def hash_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_file(path: Path, folder: Path, form: SettlementFormat) -> list[SettlementLine | UnreadableLine]:
    """Raises WorkbookRefused or SettlementFormatError when the file as a whole cannot be used."""
    rows = folder / "rows.ndjson"
    max_rows = MAX_LINES + HEAD_WITHIN
    request = {
        "path": str(path),
        "out_path": str(rows),
        "delimiter": form.delimiter,
        "encoding": form.encoding,
        "max_bytes": get_settings().settlement_max_bytes,
        "max_rows": max_rows,
    }
    run_sandboxed("settlement", request, SandboxLimits.for_rows(max_rows))
    with rows.open("rb") as lines:
        return list(read_lines(map(orjson.loads, lines), form))


def reconcile_file(
    bank_code: str, file_hash: str, lines: Sequence[SettlementLine | UnreadableLine], form: SettlementFormat
) -> Outcome:
    outcome = Outcome()
    by_account: dict[str, list[SettlementLine]] = defaultdict(list)
    for line in lines:
        if isinstance(line, UnreadableLine):
            outcome.unreadable.append(line)
            outcome.sums[Result.UNREADABLE].add(0)
        else:
            by_account[line.va_number].append(line)
    for accounts in _batch(by_account, _ACCOUNTS):
        for _ in range(_TRIES):
            try:
                found = list(_match_accounts(bank_code, file_hash, {va: by_account[va] for va in accounts}, form))
                break
            except reconciliations.SettlementTakenError:
                continue
        else:
            raise RuntimeError("accounts are being settled by another file all the time")
        outcome.findings += found
    outcome.findings.sort(key=lambda given: given[0].line.place)
    for finding, earlier_file in outcome.findings:
        (outcome.seen_before if earlier_file else outcome.sums[finding.result]).add(finding.line.amount)
    days = [form.find_day(line.paid_at) for own in by_account.values() for line in own]
    if days:
        outcome.day = max(days).isoformat()
        _look_for_ours(bank_code, max(days), form, outcome)
    return outcome


def _match_accounts(
    bank_code: str, file_hash: str, by_account: dict[str, list[SettlementLine]], form: SettlementFormat
) -> Iterator[tuple[Finding, str]]:
    va_numbers = list(by_account)
    accounts = invoices.load_virtual_accounts(bank_code, va_numbers)
    # After the accounts: whoever pays one writes its posting in the same transaction.
    payment_ids = [account["paid_by"] for account in accounts.values() if "paid_by" in account]
    postings = payments.load_postings(payment_ids)
    settlements = reconciliations.load_settlements(bank_code, va_numbers)
    at = clock.to_text(clock.now())
    for va_number, lines in by_account.items():
        account = accounts.get(va_number)
        known = Known(
            account,
            postings.get(account.get("paid_by", "")) if account else None,
            settlements.get(va_number, {}).get("line_id", ""),
        )
        for finding in compare_account(lines, known):
            day = form.find_day(finding.line.paid_at).isoformat()
            earlier = reconciliations.keep_finding(bank_code, finding, file_hash=file_hash, day=day, at=at)
            yield finding, earlier or ""


def _look_for_ours(bank_code: str, last_day: date, form: SettlementFormat, outcome: Outcome) -> None:
    """Payments that no file holds: those of the last day wait for the next file, earlier ones are missing."""
    at = clock.to_text(clock.now())
    for postings in _batch(_list_postings(bank_code, last_day, form), _ACCOUNTS):
        settled = reconciliations.load_settlements(bank_code, list({posting["va_number"] for posting in postings}))
        for posting in postings:
            if posting["va_number"] not in settled:
                day = form.find_day(posting.get("transaction_at") or posting["accepted_at"])
                reconciliations.keep_waiting(bank_code, posting, day=day.isoformat(), at=at)
    for result in (Result.WAITING, Result.MISSING_THERE):
        for records in _batch(list(reconciliations.list_waiting(bank_code, result)), _ACCOUNTS):
            settled = reconciliations.load_settlements(bank_code, [record["va_number"] for record in records])
            for record in records:
                _judge_waiting(record, record["va_number"] in settled, last_day, at, outcome)


def _judge_waiting(record: dict[str, Any], is_settled: bool, last_day: date, at: str, outcome: Outcome) -> None:
    if is_settled:
        reconciliations.move_waiting(record, None, at)
        return
    result = Result(record["result"])
    if result is Result.WAITING and record["day"] < last_day.isoformat():
        reconciliations.move_waiting(record, Result.MISSING_THERE, at)
        result = Result.MISSING_THERE
    outcome.sums[result].add(record["our_amount"])
    outcome.missing.append({**record, "result": result})


def _find_first_day(bank_code: str, last_day: date) -> date:
    """The last day of the file before, from which on payments may be unaccounted for; some days back at most."""
    files, _ = reconciliations.list_files(bank_code, None)
    earlier = [file["day"] for file in files if "" < file.get("day", "") < last_day.isoformat()]
    before = date.fromisoformat(max(earlier)) if earlier else last_day
    return max(before, last_day - LOOK_BACK)


def _list_postings(bank_code: str, last_day: date, form: SettlementFormat) -> Iterator[dict[str, Any]]:
    """Money posted to accounts whose file's day is one of the last ones, of all billers."""
    first_day = _find_first_day(bank_code, last_day)
    # Accepted some time after it was paid, at worst on the next day; by the cut-off, paid on the day before.
    days = [first_day + timedelta(days=step) for step in range(-1, (last_day - first_day).days + 2)]

    def list_of_biller(biller_id: str) -> list[dict[str, Any]]:
        return [
            payment
            for day in days
            for payment in payments.list_payments_of_day(biller_id, day)
            if _is_expected(payment, bank_code)
            and first_day <= form.find_day(payment.get("transaction_at") or payment["accepted_at"]) <= last_day
        ]

    # Nearly all of it is waiting: a query for each shard of each biller's day.
    with ThreadPoolExecutor(_READERS) as readers:
        for found in readers.map(list_of_biller, billers.list_biller_ids()):
            yield from found


def _is_expected(payment: dict[str, Any], bank_code: str) -> bool:
    """Whether the bank should settle it: money through an account of this bank that stayed."""
    return (
        payments.is_posting(payment)
        and (payment["kind"], payment["state"]) == ("va", "posted")
        and str(payment["payment_id"]).startswith(f"{bank_code}#")
    )


def _batch(given: Iterable[_Given], size: int) -> Iterator[list[_Given]]:
    waiting = iter(given)
    while batch := list(islice(waiting, size)):
        yield batch
