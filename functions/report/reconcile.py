"""Match one settlement file of the bank to our payments. Safe to run twice, on the same file or on overlapping ones.

Each line is kept once, under its account; each account has one settlement. So a file that comes again, a run that died
half-way, and lines that stand in two days' files change nothing that is known already: what is kept is read first, and
only the rest is written, in transactions of as many lines as one takes. Accounts know nothing of each other, so several
batches of them are on their way at once.
"""

import hashlib
import random
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import orjson

from invoicing import clock, missing_here
from invoicing.invoice_totals import Sum
from invoicing.postings import PostingState
from invoicing.reconciliation import Finding, Known, Result, compare_account, name_line, number_lines
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
from invoicing.store.dynamodb import MAX_TRANSACTION_ITEMS
from invoicing.workbooks.sandbox import SandboxLimits, run_sandboxed

LOOK_BACK = timedelta(days=7)
"""Days before the file's last one whose payments are looked for, should their own files never have come."""
_ACCOUNTS = 100
_LINES = MAX_TRANSACTION_ITEMS
_AT_ONCE = 4
"""Batches on their way: a core is busy with as many. They share the clients' connections."""
_TRIES = 8
_READERS = 8
_Given = TypeVar("_Given")


@dataclass(slots=True)
class Outcome:
    """What came of one file, in memory as long as its report is written."""

    file_hash: str
    findings: list[Finding] = field(default_factory=list)
    unreadable: list[UnreadableLine] = field(default_factory=list)
    missing: list[dict[str, Any]] = field(default_factory=list)
    """Our payments that wait for the next day's file, or are missing for certain."""
    sums: dict[Result, Sum] = field(default_factory=lambda: {result: Sum() for result in Result})
    """New lines, and our missing payments, by result."""
    seen_before: Sum = field(default_factory=Sum)
    day: str = ""
    """The last settlement day among the lines."""

    def is_seen_before(self, finding: Finding) -> bool:
        """Whether another file brought the line first; what this one's own run kept before it died is new."""
        return finding.kept_in not in ("", self.file_hash)

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


def read_file(
    path: Path, folder: Path, form: SettlementFormat, received_at: str
) -> list[SettlementLine | UnreadableLine]:
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
        return list(read_lines(map(orjson.loads, lines), form, received_at))


def reconcile_file(
    bank_code: str, file_hash: str, lines: Sequence[SettlementLine | UnreadableLine], form: SettlementFormat
) -> Outcome:
    outcome = Outcome(file_hash)
    by_account: dict[str, list[SettlementLine]] = defaultdict(list)
    for line in lines:
        if isinstance(line, UnreadableLine):
            outcome.unreadable.append(line)
            outcome.sums[Result.UNREADABLE].add(0)
        else:
            by_account[line.va_number].append(line)
    missing_here.judge_all(bank_code)
    match = partial(_match_accounts, bank_code, file_hash, form)
    with ThreadPoolExecutor(_AT_ONCE) as workers:
        for found in workers.map(match, _batch_accounts(by_account)):
            outcome.findings += found
    outcome.findings.sort(key=lambda finding: finding.line.place)
    for finding in outcome.findings:
        added_to = outcome.seen_before if outcome.is_seen_before(finding) else outcome.sums[finding.result]
        added_to.add(finding.line.amount)
    if outcome.findings:
        last_day = max(form.find_day(finding.line.paid_at) for finding in outcome.findings)
        outcome.day = last_day.isoformat()
        _look_for_ours(bank_code, last_day, form, outcome)
    return outcome


def _batch_accounts(by_account: dict[str, list[SettlementLine]]) -> Iterator[dict[str, list[SettlementLine]]]:
    """Accounts with all their lines, as many as are written together; one with more lines comes alone."""
    batch: dict[str, list[SettlementLine]] = {}
    count = 0
    for va_number, lines in by_account.items():
        if batch and count + len(lines) > _LINES:
            yield batch
            batch, count = {}, 0
        batch[va_number] = lines
        count += len(lines)
    if batch:
        yield batch


def _match_accounts(
    bank_code: str, file_hash: str, form: SettlementFormat, by_account: dict[str, list[SettlementLine]]
) -> list[Finding]:
    at = clock.to_text(clock.now())
    for attempt in range(_TRIES):
        known = _load_known(bank_code, by_account)
        findings = [
            finding for va_number, lines in by_account.items() for finding in compare_account(lines, known[va_number])
        ]
        new = [
            (finding, form.find_day(finding.line.paid_at).isoformat()) for finding in findings if not finding.kept_in
        ]
        if reconciliations.keep_findings(bank_code, new, file_hash=file_hash, at=at):
            return findings
        # Two runs at once, on the same file or on overlapping ones.
        time.sleep(random.uniform(0, 0.05 * 2**attempt))  # noqa: S311 - jitter, no secret
    raise RuntimeError("accounts are being settled by another file all the time")


def _load_known(bank_code: str, by_account: dict[str, list[SettlementLine]]) -> dict[str, Known]:
    accounts = invoices.load_virtual_accounts_in_bulk(bank_code, list(by_account))
    # After the accounts: whoever pays one writes its posting in the same transaction.
    postings = payments.load_postings([account["paid_by"] for account in accounts.values() if "paid_by" in account])
    line_ids = {
        va_number: [name_line(*numbered) for numbered in number_lines(lines)] for va_number, lines in by_account.items()
    }
    kept = reconciliations.load_kept(bank_code, line_ids)
    return {
        va_number: reconciliations.build_known(
            accounts.get(va_number), postings.get(accounts.get(va_number, {}).get("paid_by", "")), kept[va_number]
        )
        for va_number in by_account
    }


def _look_for_ours(bank_code: str, last_day: date, form: SettlementFormat, outcome: Outcome) -> None:
    """Payments that no file holds: those of the last day wait for the next file, earlier ones are missing."""
    # Before anything is moved from one list to the other; and by account, so that none is judged twice.
    noted = {
        record["va_number"]: None
        for result in (Result.WAITING, Result.MISSING_THERE)
        for record in reconciliations.list_waiting(bank_code, result)
    }
    # A bill that is missing here is paid by nothing; but what was missing here may have been given back.
    settled = {
        finding.line.va_number
        for finding in outcome.findings
        if finding.is_settlement and finding.result is not Result.MISSING_HERE
    }
    looked_for: set[str] = set()

    def list_wanted() -> Iterator[tuple[str, dict[str, Any] | None]]:
        for posting in _list_postings(bank_code, last_day, form, settled):
            if posting["va_number"] not in looked_for:
                looked_for.add(posting["va_number"])
                yield posting["va_number"], posting
        yield from ((va_number, None) for va_number in noted if va_number not in looked_for)

    judge = partial(_judge_ours, bank_code, last_day, form)
    with ThreadPoolExecutor(_AT_ONCE) as workers:
        for records in workers.map(judge, _batch(list_wanted(), _ACCOUNTS)):
            outcome.missing += records
    outcome.missing.sort(key=lambda record: (record["day"], record["va_number"]))
    for record in outcome.missing:
        outcome.sums[record["result"]].add(record["our_amount"])


def _judge_ours(
    bank_code: str, last_day: date, form: SettlementFormat, wanted: list[tuple[str, dict[str, Any] | None]]
) -> list[dict[str, Any]]:
    """What of these accounts waits or is missing, noted as such; each with its payment if that is of these days."""
    at = clock.to_text(clock.now())
    settled, noted = reconciliations.load_waiting(bank_code, [va_number for va_number, _ in wanted])
    still = {record["va_number"] for record in noted.values() if record["state"] == "open"} - settled
    posted = payments.load_postings([noted[va_number]["payment_id"] for va_number in still])
    found = []
    for va_number, posting in wanted:
        record = noted.get(va_number)
        if record is None and posting is not None and va_number not in settled:
            day = form.find_day(_find_instant(posting))
            record = reconciliations.keep_waiting(bank_code, posting, day=day.isoformat(), at=at)
        elif record is not None and record["state"] == "open":
            paid = posted.get(record["payment_id"])
            if va_number in settled or (paid and paid["state"] != PostingState.POSTED):
                # A file holds it after all, or the money went back: the bank owes it no more.
                reconciliations.move_waiting(record, None, at)
                record = None
        else:
            record = None
        if record is not None:
            found.append(_judge_waiting(record, last_day, at))
    return found


def _judge_waiting(record: dict[str, Any], last_day: date, at: str) -> dict[str, Any]:
    result = Result(record["result"])
    if result is Result.WAITING and record["day"] < last_day.isoformat():
        reconciliations.move_waiting(record, Result.MISSING_THERE, at)
        result = Result.MISSING_THERE
    return {**record, "result": result}


def _find_instant(posting: dict[str, Any]) -> str:
    """When it was paid, as far as the bank told it."""
    instant: str = posting.get("transaction_at") or posting["accepted_at"]
    return instant


def _find_first_day(bank_code: str, last_day: date) -> date:
    """The last day of the file before, from which on payments may be unaccounted for; some days back at most."""
    files, _ = reconciliations.list_files(bank_code, None)
    earlier = [file["day"] for file in files if "" < file.get("day", "") < last_day.isoformat()]
    before = date.fromisoformat(max(earlier)) if earlier else last_day
    return max(before, last_day - LOOK_BACK)


def _list_postings(
    bank_code: str, last_day: date, form: SettlementFormat, settled: set[str]
) -> Iterator[dict[str, Any]]:
    """Money posted to accounts, but for those known as settled, whose file's day is one of the last ones."""
    first_day = _find_first_day(bank_code, last_day)
    # Accepted some time after it was paid, at worst on the next day; by the cut-off, paid on the day before.
    days = [first_day + timedelta(days=step) for step in range(-1, (last_day - first_day).days + 2)]

    def list_of_biller(biller_id: str) -> list[dict[str, Any]]:
        return [
            payment
            for day in days
            for payment in payments.list_payments_of_day(biller_id, day)
            if payment["va_number"] not in settled
            and _is_expected(payment, bank_code)
            and first_day <= form.find_day(_find_instant(payment)) <= last_day
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
