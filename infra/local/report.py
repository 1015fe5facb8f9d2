"""What the commands print for people: Indonesian first, English second, as the product itself speaks."""

import sys
from collections.abc import Iterable, Iterator
from typing import Any, TextIO

from invoicing.notices import Channel

SHOWN_FINDINGS = 20
SHOWN_INVOICES = 10


def format_rupiah(amount: int) -> str:
    return f"Rp {amount:,}".replace(",", ".")


def describe_progress(view: dict[str, Any]) -> str:
    """One line: where the upload stands."""
    line = f"{view['status']}"
    counts = view.get("counts", {})
    if counts:
        line += (
            f", {counts['rows']:,} rows checked: {counts['invoices']:,} good invoices, {counts['bad_rows']:,} bad rows"
        )
    chunks = view.get("chunks")
    if chunks:
        line += f"; chunks {chunks['done']}/{chunks['total']}, {counts.get('written', 0):,} invoices written"
    return line


class Progress:
    """Prints a line whenever what it says changes; to standard error, so that results can be piped."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._last = ""

    def __call__(self, view: dict[str, Any]) -> None:
        line = describe_progress(view)
        if line != self._last:
            self._last = line
            print(f"  {line}", file=self._stream, flush=True)


def format_report(report: dict[str, Any]) -> Iterator[str]:
    yield f"Upload {report['upload_id']} of {report['biller_id']}: {report['verdict']} ({report['status']})"
    if report["refusal"]:
        yield from format_finding(report["refusal"])
    counts = report["counts"]
    if counts:
        yield (
            f"  rows {counts['rows']:,}   good invoices {counts['invoices']:,} ({format_rupiah(report['amount'])}: "
            f"{counts['new']:,} new, {counts['already_there']:,} already there)   bad rows {counts['bad_rows']:,}"
        )
    yield from format_sending(report["upload"])
    if "written" in counts:
        yield f"  written {counts['written']:,}, found already written {counts['written_already_there']:,}"
    for title in ("errors", "warnings", "notes"):
        yield from format_findings(title, report[title])
    if report["failed_rows_file"]:
        yield f"  failed rows, to mend and upload again: {report['failed_rows_file']}"
    yield from format_invoices(report["invoices"])


def format_sending(view: dict[str, Any]) -> Iterator[str]:
    """Before the release: what sending will cost and take; after it: from when on the notices leave, if not at once."""
    sending = view.get("sending")
    if sending:
        notices = ", ".join(f"{number:,} {channel}" for channel, number in sending["notices"].items()) or "none"
        yield f"  notices {notices} ({format_rupiah(sending['cost']['total'])})"
        yield f"  released now they leave from {sending['starts_at']} to {sending['finishes_at']} (UTC)"
    if "notices_from" in view:
        yield f"  notices leave from {view['notices_from']} (UTC) on"


def format_findings(title: str, findings: list[dict[str, Any]]) -> Iterator[str]:
    if findings:
        yield f"  {title}: {len(findings):,}"
    for finding in findings[:SHOWN_FINDINGS]:
        yield from format_finding(finding)
    if len(findings) > SHOWN_FINDINGS:
        yield f"    ... and {len(findings) - SHOWN_FINDINGS:,} more (all of them with --json)"


def format_finding(finding: dict[str, Any]) -> Iterator[str]:
    place = f"row {finding['row']}" if "row" in finding else "file"
    if "column" in finding:
        place += f", {finding['column']}"
    if finding.get("value"):
        place += f' = "{finding["value"]}"'
    yield f"    {place} [{finding['code']}]"
    for language in ("id", "en"):
        yield f"      {language}: {finding['what'][language]} {finding['mend'][language]}"


def format_invoices(invoices: list[dict[str, Any]]) -> Iterator[str]:
    if invoices:
        yield f"  invoices: {len(invoices):,}"
    for invoice in invoices[:SHOWN_INVOICES]:
        yield (
            f"    {invoice['number']:<40} {format_rupiah(invoice['amount']):>16}  due {invoice['due_date']}  "
            f"VA {invoice['va_number'] or '-':<17} {invoice['status']:<8} {invoice['payer_name']}"
        )
    if len(invoices) > SHOWN_INVOICES:
        yield f"    ... and {len(invoices) - SHOWN_INVOICES:,} more"


def format_messages(messages: list[dict[str, Any]], address: str) -> Iterator[str]:
    for message in messages:
        what = message["subject"] or " ".join(message["text"].split())
        yield f"{message['at']}  {message['channel']:<8} {message['state']:<12} {message['to']:<36} {what[:70]}"
    yield f"{len(messages):,} messages, as the payers see them: {address}/"


def format_notice_counts(upload_id: str, hold: dict[str, Any], counts: dict[str, int]) -> Iterator[str]:
    if hold:
        yield f"Upload {upload_id}: notices {'held' if hold['is_held'] else 'resumed'}"
    went, written = counts["went"], counts["written"]
    yield f"{went:,} of {written:,} went, {counts['waiting']:,} wait, {counts['ended']:,} are not to be sent"
    yield f"{counts['parked']:,} are stopped by a hold"


def format_preview(shown: dict[str, Any]) -> Iterator[str]:
    email, sms, whatsapp = (shown[channel] for channel in (Channel.EMAIL, Channel.SMS, Channel.WHATSAPP))
    yield f"e-mail from {email['sender']}: {email['subject']}"
    yield from _quote(email["text"])
    yield f"sms, {sms['segments']} segment, {sms['septets']} of 160 characters"
    yield from _quote(sms["text"])
    yield f"whatsapp, template {whatsapp['template']}"
    yield from _quote(whatsapp["text"])


def _quote(text: str) -> Iterator[str]:
    yield from (f"  | {line}" for line in text.splitlines())


def print_lines(lines: Iterable[str]) -> None:
    for line in lines:
        print(line, flush=True)
