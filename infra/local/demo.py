"""``make demo``: the whole story on this machine, from workbook to e-mail, told as it happens.

Everything it makes stays in ``.local/demo`` for a look afterwards; the cloud itself is gone when it ends.
"""

import shutil
import signal
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from infra.local import client, report
from infra.local.client import CommandRefusedError
from infra.local.cloud import HOME, Cloud, CloudError
from infra.local.emails import list_emails, save_emails
from infra.local.sample_workbooks import write_sample
from infra.local.seed import BILLERS
from infra.local.stack import run_stack
from invoicing import clock
from invoicing.billers import Biller
from invoicing.sending_hours import Send

FOLDER = HOME / "demo"
ROWS = 60
BAD_SHARE = 0.1
SHOWN = 6
QUIET_SECONDS = 3
"""No new e-mail for so long: all have been sent."""


class StoryError(Exception):
    """The product did not do what the story says."""


def main() -> int:
    # A polite kill ends the process as Ctrl-C does: through every clean-up on the way.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    began = time.monotonic()
    shutil.rmtree(FOLDER, ignore_errors=True)
    try:
        _tell("Starting the cloud: template.yaml on MiniStack, IAM enforced ...")
        with run_stack(FOLDER) as cloud:
            _tell(f"Up after {time.monotonic() - began:.1f} s, one biller per module registered.")
            for number, biller in enumerate(BILLERS, start=1):
                _tell_biller(cloud, biller, number)
            _tell_emails(cloud)
    except (StoryError, CloudError, client.CommandFailedError, CommandRefusedError) as failure:
        print(f"\nThe demo failed: {failure}\nLogs: {FOLDER / 'logs'}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    _tell(f"Done in {time.monotonic() - began:.0f} s; nothing is left running. Everything is in {FOLDER}")
    return 0


def _tell(line: str = "", *more: str) -> None:
    for text in (line, *more):
        print(text, flush=True)


def _tell_biller(cloud: Cloud, biller: Biller, number: int) -> None:
    workbook = FOLDER / f"{biller.biller_id}.xlsx"
    # A few bills are due already: a warning, for the checker to acknowledge.
    first_due = clock.today_in_jakarta() - timedelta(days=3)
    sample = write_sample(biller.module, workbook, ROWS, bad_share=BAD_SHARE, seed=number, first_due=first_due)
    _tell("", f"== {number}. {biller.name} ({biller.module}) " + "=" * 60)
    _tell(f"The maker uploads {workbook}: {sample.rows} rows, {len(sample.mistakes)} of them wrong on purpose.")
    checked = _upload(cloud, biller, workbook)
    found = client.build_report(cloud, checked)
    _expect(found["counts"]["bad_rows"] >= len(sample.mistakes), "every wrong row is found")
    _expect(bool(found["warnings"]), "what looks odd is asked about")
    _tell_findings("Errors, every one with its reason", found["errors"])
    _tell_findings("Warnings, to be acknowledged", found["warnings"])
    _tell(f"Only the bad rows, to mend and upload again: {found['failed_rows_file']}")

    _tell("", "What a release in the biller's hours would cost and take:", *report.format_sending(checked))
    _tell("", "The maker may not release the own upload:")
    try:
        client.call(cloud, "release", biller.biller_id, f"{biller.biller_id}-maker", **_release_members(checked))
    except CommandRefusedError as refusal:
        _tell(f"  refused: {refusal.error['message']['id']} / {refusal.error['message']['en']}")
    else:
        raise StoryError("the maker released the own upload")
    _tell(f"The checker releases it and acknowledges: {', '.join(sorted(checked['warnings'])) or 'no warnings'};")
    _tell('  "send: now", since this story is told at any hour; else the notices wait for the biller\'s hours.')
    client.call(cloud, "release", biller.biller_id, f"{biller.biller_id}-checker", **_release_members(checked))
    done = _watch(cloud, checked, client.ENDED)
    _expect(done["counts"]["written"] == checked["counts"]["new"], "every good invoice is written")
    invoices = list(client.list_invoices(cloud, biller.biller_id, done["upload_id"]))
    _expect(all(invoice["status"] == "open" for invoice in invoices), "every invoice has an open VA")
    report.print_lines(report.format_invoices(invoices))

    _tell("", "The same file once more:")
    again = _upload(cloud, biller, workbook)
    _expect(again["counts"]["new"] == 0, "nothing is created twice")
    _tell(f"  {again['counts']['already_there']} invoices are already there, 0 created ({again['status']}).")


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
    _tell(f"{title}: {len(findings)}")
    # One of each kind says more than many of the first.
    kinds = list({finding["code"]: finding for finding in reversed(findings)}.values())[::-1]
    for finding in kinds[:SHOWN]:
        report.print_lines(report.format_finding(finding))
    if len(findings) > len(kinds[:SHOWN]):
        _tell(f"    ... and {len(findings) - len(kinds[:SHOWN])} more")


def _tell_emails(cloud: Cloud) -> None:
    _tell("", "== E-mails " + "=" * 70)
    count, last_change = 0, time.monotonic()
    while time.monotonic() - last_change < QUIET_SECONDS:
        sent = len(list_emails(cloud))
        if sent != count:
            count, last_change = sent, time.monotonic()
            _tell(f"  {count} sent")
        time.sleep(1)
    _expect(count > 0, "e-mails leave")
    saved = save_emails(cloud, FOLDER / "emails")
    _tell(f"{len(saved)} e-mails would have left. As files, HTML and text: {FOLDER / 'emails'}", "The first one:")
    _tell(f"  To: {', '.join(saved[0]['to'])}", f"  Subject: {saved[0]['subject']}", "")
    _tell(*(f"  | {line}" for line in Path(saved[0]["text"]).read_text(encoding="utf-8").splitlines()))


def _expect(holds: bool, promise: str) -> None:
    if not holds:
        raise StoryError(f"this does not hold: {promise}")


if __name__ == "__main__":
    sys.exit(main())
