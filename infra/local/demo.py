"""``make demo``: the whole story on this machine, from workbook to messages, payments, reports and reconciliation.

Everything it makes stays in ``.local/demo`` for a look afterwards; the cloud itself is gone when it ends.
"""

import shutil
import signal
import sys
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

from openpyxl import Workbook, load_workbook

from infra.local import client, report
from infra.local.client import CommandRefusedError
from infra.local.cloud import HOME, Cloud, CloudError
from infra.local.demo_money import tell_payments, tell_reminder, tell_reports
from infra.local.messages import list_messages, save_messages
from infra.local.provider_faults import Fault
from infra.local.sample_workbooks import Sample, write_sample
from infra.local.seed import BILLERS
from infra.local.stack import run_stack
from infra.local.story import StoryError, expect, tell
from invoicing import clock
from invoicing.billers import Biller, Module
from invoicing.notices import PAYER_CHANNELS, Channel, NoticeState
from invoicing.sending_hours import Send

FOLDER = HOME / "demo"
ROWS = 60
BAD_SHARE = 0.1
SHOWN = 6
QUIET_SECONDS = 3
"""No new message for so long: all have been sent."""
LONGEST_QUIET_SECONDS = 30
PROGRESS = 50
"""A line for so many messages."""
BOUNCING = "bounce@example.com"
REPORTED = {"Delivery", "Bounce", "read", "Message has been accepted by phone"}
"""The last that the stand-in reports of a message."""


def main() -> int:
    # A polite kill ends the process as Ctrl-C does: through every clean-up on the way.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    began = time.monotonic()
    shutil.rmtree(FOLDER, ignore_errors=True)
    try:
        tell("Starting the cloud: template.yaml on MiniStack, IAM enforced ...")
        with run_stack(FOLDER) as cloud:
            tell(f"Up after {time.monotonic() - began:.1f} s, one biller per module registered, and one with a ladder.")
            *usual, climbing = BILLERS
            issued = {
                biller.biller_id: _tell_biller(cloud, biller, number) for number, biller in enumerate(usual, start=1)
            }
            _tell_messages(cloud)
            _tell_ladder(cloud, climbing)
            tell_payments(cloud, usual, issued)
            tell_reminder(cloud, usual[0], issued[usual[0].biller_id])
            tell_reports(cloud, usual, FOLDER)
    except (StoryError, CloudError, client.CommandFailedError, CommandRefusedError) as failure:
        print(f"\nThe demo failed: {failure}\nLogs: {FOLDER / 'logs'}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    tell(f"Done in {time.monotonic() - began:.0f} s; nothing is left running. Everything is in {FOLDER}")
    return 0


def _tell_biller(cloud: Cloud, biller: Biller, number: int) -> list[dict[str, Any]]:
    """From the workbook to invoices, which are the answer."""
    workbook = FOLDER / f"{biller.biller_id}.xlsx"
    # A few bills are due already: a warning, for the checker to acknowledge.
    first_due = clock.today_in_jakarta() - timedelta(days=3)
    sample = write_sample(biller.module, workbook, ROWS, bad_share=BAD_SHARE, seed=number, first_due=first_due)
    if biller.module is Module.E_INVOICE:
        _plant_contacts(workbook, sample)
    tell("", f"== {number}. {biller.name} ({biller.module}) " + "=" * 60)
    tell(f"The maker uploads {workbook}: {sample.rows} rows, {len(sample.mistakes)} of them wrong on purpose.")
    checked = _upload(cloud, biller, workbook)
    found = client.build_report(cloud, checked)
    expect(found["counts"]["bad_rows"] >= len(sample.mistakes), "every wrong row is found")
    expect(bool(found["warnings"]), "what looks odd is asked about")
    _tell_findings("Errors, every one with its reason", found["errors"])
    _tell_findings("Warnings, to be acknowledged", found["warnings"])
    tell(f"Only the bad rows, to mend and upload again: {found['failed_rows_file']}")

    tell("", "What a release in the biller's hours would cost and take:", *report.format_sending(checked))
    tell("", "The maker may not release the own upload:")
    try:
        client.call(cloud, "release", biller.biller_id, f"{biller.biller_id}-maker", **_release_members(checked))
    except CommandRefusedError as refusal:
        tell(f"  refused: {refusal.error['message']['id']} / {refusal.error['message']['en']}")
    else:
        raise StoryError("the maker released the own upload")
    tell(f"The checker releases it and acknowledges: {', '.join(sorted(checked['warnings'])) or 'no warnings'};")
    tell('  "send: now", since this story is told at any hour; else the notices wait for the biller\'s hours.')
    client.call(cloud, "release", biller.biller_id, f"{biller.biller_id}-checker", **_release_members(checked))
    done = _watch(cloud, checked, client.ENDED)
    expect(done["counts"]["written"] == checked["counts"]["new"], "every good invoice is written")
    invoices = list(client.list_invoices(cloud, biller.biller_id, done["upload_id"]))
    expect(all(invoice["status"] == "open" for invoice in invoices), "every invoice has an open VA")
    report.print_lines(report.format_invoices(invoices))

    tell("", "The same file once more:")
    again = _upload(cloud, biller, workbook)
    expect(again["counts"]["new"] == 0, "nothing is created twice")
    tell(f"  {again['counts']['already_there']} invoices are already there, 0 created ({again['status']}).")
    return invoices


def _release_members(view: client.View) -> dict[str, Any]:
    # At once: the story is told at any hour of any day.
    return {"upload_id": view["upload_id"], "acknowledged": sorted(view["warnings"]), "send": Send.NOW}


def _upload(cloud: Cloud, biller: Biller, workbook: Path) -> client.View:
    upload_id = client.send_workbook(cloud, workbook, biller.biller_id, f"{biller.biller_id}-maker")
    view = _watch(cloud, {"biller_id": biller.biller_id, "upload_id": upload_id}, client.CHECKED)
    if "refusal" in view:
        raise StoryError(f"the workbook was refused: {view['refusal']}")
    return view


def _watch(cloud: Cloud, view: client.View, states: frozenset[str]) -> client.View:
    return client.wait_for(
        cloud, view["biller_id"], view["upload_id"], states, timeout=90, watch=report.Progress(sys.stdout)
    )


def _tell_findings(title: str, findings: list[dict[str, Any]]) -> None:
    tell(f"{title}: {len(findings)}")
    # One of each kind says more than many of the first.
    kinds = list({finding["code"]: finding for finding in reversed(findings)}.values())[::-1]
    for finding in kinds[:SHOWN]:
        report.print_lines(report.format_finding(finding))
    if len(findings) > len(kinds[:SHOWN]):
        tell(f"    ... and {len(findings) - len(kinds[:SHOWN])} more")


def _plant_contacts(workbook: Path, sample: Sample) -> None:
    """Give e-invoices their SMS numbers, and one of them an address at which every e-mail bounces."""
    book = load_workbook(workbook)
    sheet = book.worksheets[0]
    columns = {str(cell.value): number for number, cell in enumerate(sheet[1], start=1)}
    sms = sheet.max_column + 1
    sheet.cell(1, sms, "No. HP (SMS)")
    good = [row for row in range(2, sheet.max_row + 1) if row not in sample.mistakes]
    for row in good:
        sheet.cell(row, sms, sheet.cell(row, columns["No. WhatsApp"]).value)
    # An invoice of one row, since all rows of one must name the same address.
    numbers = Counter(sheet.cell(row, columns["No. Invoice"]).value for row in range(2, sheet.max_row + 1))
    single = next(row for row in good if numbers[sheet.cell(row, columns["No. Invoice"]).value] == 1)
    sheet.cell(single, columns["Email"], BOUNCING)
    book.save(workbook)


def _tell_messages(cloud: Cloud) -> None:
    tell("", "== Messages " + "=" * 70, "Every notice by e-mail, WhatsApp and SMS, as far as the rows have addresses:")
    messages = _wait_for_messages(cloud)
    counts = Counter(message["channel"] for message in messages)
    for channel in PAYER_CHANNELS:
        of_channel = [message for message in messages if message["channel"] == channel]
        expect(bool(of_channel), f"messages leave by {channel}")
        states = Counter(message["state"] for message in of_channel)
        tell(
            f"  {channel:<9} {counts[channel]:>4}   "
            + ", ".join(f"{number} {state}" for state, number in states.items())
        )
    expect(all(message["segments"] <= 1 for message in messages), "every SMS is one segment")
    _tell_bounce(cloud, messages)
    save_messages(cloud, FOLDER / "messages")
    tell("", f"All of them as files, and as messages.json: {FOLDER / 'messages'}", "The first of each:")
    for channel in PAYER_CHANNELS:
        first = next(message for message in messages if message["channel"] == channel)
        tell("", f"  {channel}, from {first['sender']} to {first['to']}")
        tell(*(f"  | {line}" for line in first["text"].splitlines()))


def _wait_for_messages(cloud: Cloud) -> list[dict[str, Any]]:
    """All messages, when no new one has come for a while and something has been reported of each."""
    count, last_change = 0, time.monotonic()
    while True:
        # Of what programs are told nothing more is reported.
        messages = [message for message in list_messages(cloud) if message["channel"] in PAYER_CHANNELS]
        if len(messages) != count:
            if len(messages) // PROGRESS != count // PROGRESS:
                tell(f"  {len(messages)} sent ...")
            count, last_change = len(messages), time.monotonic()
        is_quiet = time.monotonic() - last_change > QUIET_SECONDS
        if is_quiet and all(message["state"] in REPORTED for message in messages):
            return messages
        expect(time.monotonic() - last_change < LONGEST_QUIET_SECONDS, "something is reported of every message")
        time.sleep(1)


def _tell_bounce(cloud: Cloud, messages: list[dict[str, Any]]) -> None:
    (bounced,) = (message for message in messages if message["to"] == BOUNCING)
    va_number = bounced["reference"].split("_")[1]
    biller_id = BILLERS[0].biller_id
    deadline = time.monotonic() + LONGEST_QUIET_SECONDS
    while True:
        described = client.call(
            cloud, "describe_notices", biller_id, "viewer", function="NoticeCommandFunction", va_number=va_number
        )
        notices = {notice["channel"]: notice for notice in described["notices"]}
        if notices[Channel.EMAIL]["state"] == NoticeState.BOUNCED or time.monotonic() > deadline:
            break
        time.sleep(0.5)
    expect(notices[Channel.EMAIL]["state"] == NoticeState.BOUNCED, "a bounce shows on its notice")
    tell("", f"One address does not exist. What the biller sees of VA {va_number}:")
    for notice in notices.values():
        reason = f" ({notice['reason']})" if "reason" in notice else ""
        tell(f"  {notice['channel']:<9} {notice['recipient']:<24} {notice['state']}{reason}")
    listed = client.call(cloud, "list_suppressions", biller_id, "viewer", function="NoticeCommandFunction")
    expect(len(listed["suppressions"]) == 1, "no more e-mails go to the address that bounced")
    tell("  No more notices go there until the biller lifts that.")


def _tell_ladder(cloud: Cloud, biller: Biller) -> None:
    """One bill whose WhatsApp number is none: its SMS follows, its e-mail does not."""
    tell("", f"== Ladder: {biller.name} writes by WhatsApp, then SMS, then e-mail " + "=" * 24)
    workbook = FOLDER / f"{biller.biller_id}.xlsx"
    book = Workbook()
    book.worksheets[0].append(
        ["No. Invoice", "Nama Pelanggan", "Jumlah Tagihan", "Jatuh Tempo", "No. WhatsApp", "No. HP (SMS)", "Email"]
    )
    due = clock.today_in_jakarta() + timedelta(days=14)
    numbers = (f"+6281366{Fault.BOUNCE.digits}", "+628126600000")
    book.worksheets[0].append(["KLINIK-1", "Ibu Sari", 250_000, due, *numbers, "sari@example.com"])
    book.save(workbook)
    checked = _upload(cloud, biller, workbook)
    client.call(cloud, "release", biller.biller_id, f"{biller.biller_id}-checker", **_release_members(checked))
    done = _watch(cloud, checked, client.ENDED)
    (invoice,) = client.list_invoices(cloud, biller.biller_id, done["upload_id"])
    arrived = {Channel.WHATSAPP: NoticeState.BOUNCED, Channel.SMS: NoticeState.DELIVERED}
    deadline = time.monotonic() + LONGEST_QUIET_SECONDS
    found: dict[str, dict[str, Any]] = {}
    while {channel: notice["state"] for channel, notice in found.items()} != arrived:
        expect(time.monotonic() < deadline, "the SMS follows the WhatsApp message that bounced, and nothing else does")
        time.sleep(0.5)
        described = client.call(
            cloud,
            "describe_notices",
            biller.biller_id,
            "viewer",
            function="NoticeCommandFunction",
            va_number=invoice["va_number"],
        )
        found = {notice["channel"]: notice for notice in described["notices"]}
    for notice in found.values():
        follows = " (follows the one before)" if "parent" in notice else ""
        tell(f"  {notice['channel']:<9} {notice['recipient']:<24} {notice['state']}{follows}")
    expect(found[Channel.SMS]["parent"] == found[Channel.WHATSAPP]["notice_id"], "both notices know of each other")


if __name__ == "__main__":
    sys.exit(main())
