"""Jobs that tests run in the sandboxed child, and a small program that runs one and tells its peak memory."""

import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import python_calamine

from invoicing.workbooks import sandbox
from invoicing.workbooks.guard import EXCEL_ROWS, GuardReport, inspect_file
from invoicing.workbooks.reader import read_sheets
from invoicing.workbooks.refusal import WorkbookRefused


def read_workbook(request: dict[str, Any]) -> dict[str, Any]:
    path = Path(request["path"])
    report = inspect_file(path, max_bytes=50 << 20, max_rows=request.get("max_rows", 200_000))
    return _count_rows(path, report)


def read_without_guard(request: dict[str, Any]) -> dict[str, Any]:
    return _count_rows(Path(request["path"]), GuardReport(last_row=EXCEL_ROWS, parts={}))


def read_with_nothing(request: dict[str, Any]) -> dict[str, Any]:
    workbook = python_calamine.CalamineWorkbook.from_path(request["path"])
    return {"rows": sum(1 for _ in workbook.get_sheet_by_index(0).iter_rows())}


def _count_rows(path: Path, report: GuardReport) -> dict[str, Any]:
    rows = sum(1 for sheet in read_sheets(path, report) for _ in sheet.rows())
    return {"rows": rows, "rss": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}


def show_surroundings(request: dict[str, Any]) -> dict[str, Any]:
    limits = {name: resource.getrlimit(getattr(resource, name)) for name in request["limits"]}
    return {"environment": dict(os.environ), "limits": limits}


def print_much(request: dict[str, Any]) -> dict[str, Any]:
    print("{" * 100_000)
    os.write(1, b"noise")
    sys.stderr.write("x" * 3_000_000)
    return {"done": True}


def refuse(request: dict[str, Any]) -> dict[str, Any]:
    raise WorkbookRefused("too_many_rows", cell="A9", max_rows=7)


def fail(request: dict[str, Any]) -> dict[str, Any]:
    raise ValueError(f"secret {request['cell']}")


def fail_to_answer(request: dict[str, Any]) -> dict[str, Any]:
    return {"answer": object()}


def answer_much(request: dict[str, Any]) -> dict[str, Any]:
    return {"answer": "x" * (2 << 20)}


def exit_silently(request: dict[str, Any]) -> dict[str, Any]:
    os._exit(3)


def eat_memory(request: dict[str, Any]) -> dict[str, Any]:
    return {"bytes": len(bytes(8 << 30))}


def spin(request: dict[str, Any]) -> dict[str, Any]:
    while True:
        pass


def sleep(request: dict[str, Any]) -> dict[str, Any]:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    Path(request["pid_file"]).write_text(str(child.pid))
    time.sleep(60)
    return {}


def write_much(request: dict[str, Any]) -> dict[str, Any]:
    with Path(request["out_path"]).open("wb") as file:
        for _ in range(1024):
            file.write(bytes(1 << 20))
    return {}


def main() -> None:
    """JOB LIMITS REQUEST -> the outcome, the seconds, and the peak resident bytes of the child."""
    job, limits, request = sys.argv[1], json.loads(sys.argv[2]), json.loads(sys.argv[3])
    sandbox.JOBS[job] = f"tests.sandbox_jobs:{job}"
    started = time.monotonic()
    try:
        outcome = sandbox.run_sandboxed(job, request, sandbox.SandboxLimits(**limits))
    except WorkbookRefused as refused:
        outcome = {"refused": refused.code}
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    print(json.dumps({"outcome": outcome, "seconds": time.monotonic() - started, "peak": peak}))


if __name__ == "__main__":
    main()
