"""The report of one reconciled file, as a workbook in both languages: for the bank's officers, not for billers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from invoicing import clock
from invoicing.reconciliation import ATTENTION, Finding, Result
from invoicing.settlements import LineKind
from report.document import Document, Row, Table
from report.labels import Labels
from report.reconcile import Outcome
from report.write_xlsx import write_xlsx

_OURS = (Result.WAITING, Result.MISSING_THERE)
_NAMES = ("line", "result", "explanation", "va_number", "bank_at", "bank_amount", "our_amount", "bank_reference")


def write_reconciliation_report(outcome: Outcome, bank_code: str, name: str, as_of: str, path: Path) -> None:
    labels = Labels("id", str(clock.JAKARTA))
    write_xlsx(_build_document(outcome, bank_code, name, as_of, labels), path)


def _build_document(outcome: Outcome, bank_code: str, name: str, as_of: str, labels: Labels) -> Document:
    to_act = [finding for finding in outcome.findings if finding.result in ATTENTION and not finding.is_closed]
    money = [finding for finding in to_act if finding.result is Result.UNIDENTIFIED]
    rest = [finding for finding in to_act if finding.result is not Result.UNIDENTIFIED]
    columns = labels.columns(*_NAMES, "biller_id", "number")
    facts = [
        (labels.say("fact.bank"), bank_code),
        (labels.say("fact.file"), name),
        (labels.say("fact.settlement_day"), outcome.day or "-"),
        (labels.say("fact.as_of"), f"{clock.from_text(as_of).astimezone(clock.JAKARTA):%d/%m/%Y %H:%M:%S} (WIB)"),
    ]
    attention = [*_list_rows(rest, outcome, labels), *_list_ours(outcome, labels), *_list_unreadable(outcome, labels)]
    return Document(
        title=labels.say("title.reconciliation"),
        facts=facts,
        details=Table(labels.say("sheet.attention"), columns, attention, _add_up(attention, labels)),
        summarise=lambda: _summarise(outcome, labels),
        zone=labels.zone,
        summary_name=labels.say("sheet.summary"),
        details_name=labels.say("sheet.attention"),
        more=(
            _build_table("unidentified", money, columns, outcome, labels),
            _build_table("lines", outcome.findings, columns, outcome, labels),
        ),
    )


def _build_table(name: str, findings: list[Finding], columns: Any, outcome: Outcome, labels: Labels) -> Table:
    total = _add_up_findings(findings, labels)
    return Table(labels.say(f"sheet.{name}"), columns, _list_rows(findings, outcome, labels), total)


def _list_rows(findings: list[Finding], outcome: Outcome, labels: Labels) -> Iterator[Row]:
    for finding in findings:
        line = finding.line
        reason = labels.say(f"reason.{finding.reason}") if finding.reason else ""
        if outcome.is_seen_before(finding):
            reason = "; ".join(filter(None, [reason, labels.say("reason.seen_before")]))
        yield (
            *(line.place, labels.say(f"result.{finding.result}"), reason, line.va_number, line.paid_at),
            *(_sign(finding), finding.our_amount or "", line.reference, finding.biller_id or "", finding.number or ""),
        )


def _sign(finding: Finding) -> int:
    return -finding.line.amount if finding.line.kind is LineKind.REVERSAL else finding.line.amount


def _list_ours(outcome: Outcome, labels: Labels) -> Iterator[Row]:
    for record in outcome.missing:
        expected = labels.say("reason.expected", day=record["day"])
        yield (
            *("", labels.say(f"result.{record['result']}"), expected, record["va_number"], record["paid_at"], ""),
            *(record["our_amount"], record.get("reference", ""), record["biller_id"], record.get("number", "")),
        )


def _list_unreadable(outcome: Outcome, labels: Labels) -> Iterator[Row]:
    for line in outcome.unreadable:
        reason = labels.say("reason.unreadable", member=line.member)
        yield (line.place, labels.say("result.unreadable"), reason, "", "", "", "", "", "", "")


def _add_up_findings(findings: list[Finding], labels: Labels) -> Row:
    sums = (sum(map(_sign, findings)), sum(finding.our_amount or 0 for finding in findings))
    return ("", labels.say("total"), "", "", "", *sums, "", "", "")


def _add_up(rows: list[Row], labels: Labels) -> Row:
    sums = [sum(row[place] for row in rows if isinstance(row[place], int)) for place in (5, 6)]
    return ("", labels.say("total"), "", "", "", *sums, "", "", "")


def _summarise(outcome: Outcome, labels: Labels) -> list[Table]:
    of_file = [result for result in Result if result not in _OURS]
    columns = labels.columns("result", "count", "amount")
    rows = [
        *(
            (labels.say(f"result.{result}"), outcome.sums[result].count, outcome.sums[result].amount)
            for result in of_file
        ),
        (labels.say("result.seen_before"), outcome.seen_before.count, outcome.seen_before.amount),
    ]
    ours = [
        (labels.say(f"result.{result}"), outcome.sums[result].count, outcome.sums[result].amount) for result in _OURS
    ]
    return [
        Table(labels.say("table.lines"), columns, rows, _total(rows, labels)),
        Table(labels.say("table.missing"), columns, ours, _total(ours, labels)),
    ]


def _total(rows: list[Any], labels: Labels) -> Row:
    return (labels.say("total"), sum(row[1] for row in rows), sum(row[2] for row in rows))
