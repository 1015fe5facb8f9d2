"""What people do with a reconciliation: look, post or reverse a payment by two people, close a line with a note."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from invoicing import clock
from invoicing.errors import (
    ReconciliationNotFoundError,
    SamePersonError,
    SettledLineNotFoundError,
    SettledLineStateError,
)
from invoicing.missing_here import judge_line
from invoicing.postings import Approval, BankPayment, OutcomeKind, PaymentChannel
from invoicing.reconciliation import NEEDS_TWO, Result
from invoicing.reversing import reverse_payment
from invoicing.settings import get_settings
from invoicing.settled_payments import post_settled_payment
from invoicing.store import files, reconciliations

_PAGES_OF_BILLER = 10
_SHOWN = (
    *("va_number", "result", "reason", "state", "kind", "amount", "our_amount", "payment_id", "biller_id", "number"),
    *("paid_at", "reference", "day", "found_at", "file_hash", "place", "proposed_by", "proposal", "note", "closed_by"),
)


def list_files(cursor: str | None) -> tuple[list[dict[str, Any]], str | None]:
    """A page of files, newest first."""
    records, more = reconciliations.list_files(get_settings().bank_code, cursor)
    return [show_file(record) for record in records], more


def describe_file(file_hash: str) -> dict[str, Any]:
    """One file with a link to its report. Raises ReconciliationNotFoundError."""
    record = reconciliations.load_file(get_settings().bank_code, file_hash)
    if record is None:
        raise ReconciliationNotFoundError(file_hash)
    shown = show_file(record)
    if "report_version" in record:
        key = files.reconciliation_key(get_settings().bank_code, file_hash)
        name = f"reconciliation-{record.get('day') or record['received_at'][:10]}.xlsx"
        shown["report"] = files.sign_download(key, record["report_version"], name)
    return shown


def show_file(record: Mapping[str, Any]) -> dict[str, Any]:
    members = ("state", "name", "received_at", "day", "lines", "results", "seen_before", "refusal", "done_at")
    return {"file_hash": record["pk"].rpartition("#")[2]} | {name: record[name] for name in members if name in record}


def list_lines(result: Result, cursor: str | None) -> tuple[list[dict[str, Any]], str | None]:
    """A page of what somebody must settle, oldest first."""
    records, more = reconciliations.list_attention(get_settings().bank_code, result, cursor)
    return [show_line(record) for record in records], more


def list_lines_of(biller_id: str, result: Result) -> tuple[list[dict[str, Any]], bool]:
    """What of one biller somebody must settle, oldest first, and whether that is all; a bounded look.

    The lists hold exceptions only. What they say of others stays inside: no mark to go on after is given out.
    """
    found: list[dict[str, Any]] = []
    mark: str | None = None
    for _ in range(_PAGES_OF_BILLER):
        records, mark = reconciliations.list_attention(get_settings().bank_code, result, mark)
        found += [show_line(record) for record in records if record.get("biller_id") == biller_id]
        if mark is None:
            return found, True
    return found, False


def show_line(record: Mapping[str, Any]) -> dict[str, Any]:
    return {"line": record["sk"]} | {name: record[name] for name in _SHOWN if name in record}


def propose_line(va_number: str, line: str, *, by: str, reason: str) -> dict[str, Any]:
    """Ask that a payment missing here be posted, or one that the bank reversed be reversed; another person approves.

    Raises SettledLineNotFoundError, SettledLineStateError.
    """
    record = _load(va_number, line)
    if record["result"] not in NEEDS_TWO:
        raise SettledLineStateError(record["result"])
    _expect_state(record, "open")
    values = {"proposed_by": by, "proposal": reason}
    return _move(record, "proposed", values, by=by, reason=reason, keeps_attention=True)


def withdraw_line(va_number: str, line: str, *, by: str, reason: str) -> dict[str, Any]:
    """Take a proposal back, by whomever; the line waits again. Raises as ``propose_line``."""
    record = _load(va_number, line)
    _expect_state(record, "proposed")
    return _move(record, "open", {}, by=by, reason=reason, keeps_attention=True)


def approve_line(va_number: str, line: str, *, by: str) -> dict[str, Any]:
    """Do what another person proposed: the money is posted, or reversed, by the transaction that does so always.

    Safe to repeat after a crash: that transaction counts once. Raises SamePersonError, SettledLineNotFoundError,
    SettledLineStateError (also when the bill cannot be posted to any more, with why), StoreBusyError.
    """
    record = _load(va_number, line)
    _expect_state(record, "proposed")
    if record["proposed_by"] == by:
        raise SamePersonError(va_number)
    if record["result"] != Result.MISSING_HERE:
        _reverse(record, by)
        return _move(record, "reversed", {"closed_by": by}, by=by, reason=record["proposal"])
    _post(record, by)
    try:
        return _move(record, "posted", {"closed_by": by}, by=by, reason=record["proposal"])
    except SettledLineStateError:
        # A file that came between the two has found the payment posted.
        found = reconciliations.load_line(get_settings().bank_code, va_number, line) or record
        if found["result"] not in (Result.MATCHED, Result.MISSING_HERE) or found["state"] not in ("settled", "posted"):
            raise
        return show_line(found)


def resolve_line(va_number: str, line: str, *, by: str, note: str) -> dict[str, Any]:
    """Close what needs no change of ours, with a word on what became of it: returned to the payer, asked the bank.

    Money of which the bank told us after all stays the account's settlement. Money that went elsewhere is that no more:
    a later payment of the bill has its own. Raises SettledLineNotFoundError, SettledLineStateError.
    """
    record = _load(va_number, line)
    _expect_state(record, "open")
    values = {"note": note, "closed_by": by}
    if record["result"] == Result.MISSING_HERE:
        record = judge_line(record) or record
    if record["result"] != Result.MISSING_HERE:
        return _move(record, "resolved", values, by=by, reason=note)
    at = clock.to_text(clock.now())
    freed_as = reconciliations.free_settlement(record, values, user_id=by, at=at, reason=note)
    if freed_as is None:
        raise SettledLineStateError("changed_meanwhile")
    return show_line({**record, **values, "sk": freed_as, "state": "resolved"})


def _load(va_number: str, line: str) -> dict[str, Any]:
    record = reconciliations.load_line(get_settings().bank_code, va_number, line)
    if record is None or record["state"] in ("settled", "freed"):
        raise SettledLineNotFoundError(va_number)
    return record


def _expect_state(record: Mapping[str, Any], state: str) -> None:
    if record["state"] != state:
        raise SettledLineStateError(record["state"])


def _move(
    record: dict[str, Any],
    state: str,
    values: Mapping[str, Any],
    *,
    by: str,
    reason: str,
    keeps_attention: bool = False,
) -> dict[str, Any]:
    at = clock.to_text(clock.now())
    moved = reconciliations.move_line(
        record, state, values, user_id=by, at=at, reason=reason, keeps_attention=keeps_attention
    )
    if not moved:
        raise SettledLineStateError("changed_meanwhile")
    return show_line({**record, **values, "state": state})


def _post(record: Mapping[str, Any], by: str) -> None:
    bank_code = get_settings().bank_code
    payment = BankPayment(
        bank_code,
        record.get("request_id") or _build_request_id(record),
        record["va_number"],
        record["amount"],
        PaymentChannel.UNKNOWN,
        bank_reference=record.get("reference"),
        transaction_at=record["paid_at"],
    )
    approval = Approval(record["proposed_by"], by, record["proposal"])
    outcome = post_settled_payment(payment, approval)
    if outcome.kind not in (OutcomeKind.POSTED, OutcomeKind.REPLAYED):
        raise SettledLineStateError(outcome.verdict)


def _build_request_id(record: Mapping[str, Any]) -> str:
    """Where the file names no payment request: an id of ours, the same for the same line."""
    return f"settled-{record['va_number']}-{sha256(record['sk'].encode()).hexdigest()[:16]}"


def _reverse(record: Mapping[str, Any], by: str) -> None:
    """The one place that hands reversed money over; the invoice opens again under a new account."""
    reverse_payment(
        record["biller_id"],
        record["number"],
        proposed_by=record["proposed_by"],
        approved_by=by,
        reason=record["proposal"],
        va_number=record["va_number"],
    )
