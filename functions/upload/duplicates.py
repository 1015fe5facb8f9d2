"""Rules that look at the whole file: one number twice, one bill twice, one contact for many payers."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any

from invoicing.invoices import normalise_number
from invoicing.issues import Issue, Severity
from upload.batches import Checks
from upload.findings import Findings
from upload.plan_lines import PlanLines

MAX_PAYERS_PER_CONTACT = 5


class NumberRegister:
    """Invoice numbers of the file and the rows that hold them."""

    def __init__(self) -> None:
        self._first_rows: dict[str, int] = {}
        self._repeated: dict[str, list[tuple[int, str]]] = {}

    def add_batch(self, rows: Sequence[int], numbers: Sequence[Any]) -> None:
        """``numbers`` holds "" or an error object where a row has no readable number."""
        if set(map(type, numbers)) == {str} and "" not in numbers:
            keys = list(map(normalise_number, numbers))
            if len(set(keys)) == len(keys) and self._first_rows.keys().isdisjoint(keys):
                self._first_rows.update(zip(keys, rows, strict=True))
                return
        for row, number in zip(rows, numbers, strict=True):
            if isinstance(number, str) and number:
                self._add(row, number)

    def _add(self, row: int, number: str) -> None:
        key = normalise_number(number)
        first_row = self._first_rows.setdefault(key, row)
        if first_row != row:
            self._repeated.setdefault(key, [(first_row, number)]).append((row, number))

    def rows_of(self, key: str) -> list[int]:
        """All rows that hold this (normalised) number."""
        if key in self._repeated:
            return [row for row, _ in self._repeated[key]]
        return [self._first_rows[key]] if key in self._first_rows else []

    def report(self, findings: Findings, code: str, header: str | None) -> None:
        """An error on every row whose number stands in another row, too."""
        for same in self._repeated.values():
            report_same_number(findings, code, header, same)


def report_same_number(findings: Findings, code: str, header: str | None, same: Sequence[tuple[int, str]]) -> None:
    for row, number in same:
        other = same[1][0] if row == same[0][0] else same[0][0]
        params = {"number": number, "other_row": other}
        findings.add(Issue(code, Severity.ERROR, row, header, number, params))


def warn_double_bills(plan: PlanLines, findings: Findings, bill_of: Callable[[dict[str, Any]], Hashable]) -> None:
    """A warning on every line that bills the same as another line does under another number."""
    for indexes in _list_repeated(plan.bills, range(len(plan)), plan, findings).values():
        same: dict[Hashable, list[tuple[int, str]]] = {}
        for index in indexes:
            draft = plan.decode(index)
            same.setdefault(bill_of(draft), []).append((plan.rows[index], draft["number"]))
        for lines in same.values():
            for row, _ in lines if len(lines) > 1 else ():
                other_row, other_number = lines[1] if row == lines[0][0] else lines[0]
                params = {"other_row": other_row, "other_number": other_number}
                findings.add(Issue("likely_double_bill", Severity.WARNING, row, params=params))


def warn_shared_contacts(checks: Checks, payer_of: Callable[[dict[str, Any]], Hashable]) -> None:
    """A warning on every line with a contact that more than five unrelated payers have."""
    plan, findings = checks.plan, checks.findings
    repeated = _list_repeated(plan.contacts, plan.contact_lines(), plan, findings, MAX_PAYERS_PER_CONTACT)
    for value, indexes in repeated.items():
        if len({plan.payers[index] for index in indexes}) <= MAX_PAYERS_PER_CONTACT:
            continue
        rows: dict[str, dict[int, tuple[Hashable, str]]] = {}
        for index in indexes:
            draft = plan.decode(index)
            for channel, contact in _list_contacts(draft):
                # The lines hold other contacts as well, and those have their own turn.
                if hash(contact) == value:
                    rows.setdefault(contact, {}).setdefault(plan.rows[index], (payer_of(draft), channel))
        for contact, found in rows.items():
            params = {"payers": len({payer for payer, _ in found.values()})}
            for row, (_, channel) in found.items() if params["payers"] > MAX_PAYERS_PER_CONTACT else ():
                column = checks.name_contact_column(channel)
                findings.add(Issue("contact_shared", Severity.WARNING, row, column, contact, params))


def _list_repeated(
    hashes: Sequence[int], lines: Iterable[int], plan: PlanLines, findings: Findings, more_than: int = 1
) -> dict[int, list[int]]:
    """Hash -> its good lines, for every hash that occurs more often than ``more_than`` times."""
    repeated = {value for value, count in Counter(hashes).items() if count > more_than}
    found: dict[int, list[int]] = {}
    if repeated:
        for value, index in zip(hashes, lines, strict=True):
            if value in repeated and plan.rows[index] not in findings.bad_rows:
                found.setdefault(value, []).append(index)
    return found


def _list_contacts(draft: dict[str, Any]) -> list[tuple[str, str]]:
    """Channel and contact of every recipient."""
    return [
        (channel, recipient[channel])
        for recipient in draft["recipients"]
        for channel in ("email", "whatsapp", "sms")
        if channel in recipient
    ]
