"""Money of the bank's files that was missing here: the bank may have told of it since, or its bill was closed."""

from collections.abc import Sequence
from itertools import islice
from typing import Any

from invoicing import clock
from invoicing.reconciliation import Known, Result, judge_again
from invoicing.settings import get_settings
from invoicing.store import invoices, payments, reconciliations

_AT_ONCE = 100


def judge_all(bank_code: str) -> None:
    """Look again at every such line; safe to repeat."""
    records = reconciliations.list_missing_here(bank_code)
    while batch := list(islice(records, _AT_ONCE)):
        for record, known in _look_up(bank_code, batch):
            _judge(record, known)


def judge_line(record: dict[str, Any]) -> dict[str, Any] | None:
    """The same for one line; the record as it is now, None when it is what it was, or somebody else moved it."""
    ((_, known),) = _look_up(get_settings().bank_code, [record])
    return _judge(record, known)


def _look_up(bank_code: str, records: Sequence[dict[str, Any]]) -> list[tuple[dict[str, Any], Known]]:
    accounts = invoices.load_virtual_accounts(bank_code, [record["va_number"] for record in records])
    # After the accounts: whoever pays one writes its posting in the same transaction.
    postings = payments.load_postings([account["paid_by"] for account in accounts.values() if "paid_by" in account])
    found = [(record, accounts.get(record["va_number"])) for record in records]
    return [(record, Known(account, postings.get((account or {}).get("paid_by", "")))) for record, account in found]


def _judge(record: dict[str, Any], known: Known) -> dict[str, Any] | None:
    finding = judge_again(record, known)
    if finding.result is Result.MISSING_HERE:
        return None
    return reconciliations.judge_settlement_again(record, finding, clock.to_text(clock.now()))
