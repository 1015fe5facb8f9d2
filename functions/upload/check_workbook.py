"""The job ``check`` of the sandboxed process: a workbook in, a plan and its issues out. Needs no AWS."""

from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

from invoicing.notices import Channel
from invoicing.workbooks.guard import inspect_file
from invoicing.workbooks.reader import read_sheets
from upload.batches import Checks
from upload.findings import Findings
from upload.plan_lines import PlanLines
from upload.rows import RowCheck
from upload.sheets import find_data_sheet, get_spec, shorten

PLAN_FILE, ISSUES_FILE = "plan.ndjson", "issues.ndjson"


def check_workbook(request: dict[str, Any]) -> dict[str, Any]:
    """Check ``request["path"]`` and write plan and issues into ``request["out_dir"]``; the answer is counts and totals.

    Raises WorkbookRefused when nothing of the file can be taken. Every data row is either part of a plan line or bad.
    """
    path, folder = Path(request["path"]), Path(request["out_dir"])
    report = inspect_file(path, max_bytes=request["max_bytes"], max_rows=request["max_rows"])
    spec = get_spec(request["module"])
    data = find_data_sheet(read_sheets(path, report), spec)
    with closing(Findings(folder)) as findings, closing(PlanLines(folder)) as plan:
        checks = Checks(
            spec=spec,
            data=data,
            findings=findings,
            plan=plan,
            channels=tuple(map(Channel, request["channels"])),
            today=request["today"],
            last_amounts=request["last_amounts"],
        )
        run = RowCheck(checks, datetime.fromisoformat(request["now"]), request["max_rows"])
        run.run()
        findings.write(folder / ISSUES_FILE)
        totals = plan.write(folder / PLAN_FILE, findings.bad_rows)
    if totals.rows + len(findings.bad_rows) != run.rows:
        raise AssertionError(f"{run.rows} rows, {totals.rows} planned, {len(findings.bad_rows)} bad")
    return {
        "sheet": shorten(data.sheet.name),
        "header_row": data.header_row,
        "columns": [shorten(field.header) for field in data.fields],
        "rows": run.rows,
        "invoices": totals.invoices,
        "bad_rows": len(findings.bad_rows),
        "bad_invoices": len(findings.bad_rows) - checks.bad_rows_merged,
        "amount": totals.amount,
        "smallest": totals.smallest,
        "largest": totals.largest,
        "errors": dict(findings.errors),
        "warnings": dict(findings.warnings),
    }
