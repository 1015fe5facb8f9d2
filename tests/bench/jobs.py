"""What runs in a measured process: ``python -m tests.bench.jobs JOB ARGUMENT...``; the last line printed is its answer.

Each job imports only what it measures.
"""

import json
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any


def make_workbook(path: str, kind: str, rows: str, recipients: str, strings: str) -> dict[str, Any]:
    from tests.bench import workbooks

    workbooks.make_workbook(Path(path), kind, int(rows), int(recipients), strings)
    return {}


def read_with_calamine(path: str) -> dict[str, Any]:
    """python-calamine alone: open the file, take every row."""
    from python_calamine import CalamineWorkbook

    rows = 0
    for _ in CalamineWorkbook.from_path(path).get_sheet_by_index(0).iter_rows():
        rows += 1
    return {"rows": rows - 1}


def read_usual_way(path: str) -> dict[str, Any]:
    from tests.bench import usual_way

    return usual_way.read_usual_way(path)


def check_sandboxed(job: str, module: str, path: str, max_rows: str, plan: str = "") -> dict[str, Any]:
    """A job in the product's own sandbox; ``cpu`` and ``rss`` are the child's alone, as this process waited for it."""
    from invoicing.workbooks import sandbox

    sandbox.JOBS |= {
        "nothing": "tests.bench.jobs:do_nothing",
        "guard": "tests.bench.jobs:guard_only",
        "read": "tests.bench.jobs:guard_and_read",
    }
    with TemporaryDirectory() as folder:
        request = _build_check_request(module, path, folder, int(max_rows))
        answer = sandbox.run_sandboxed(job, request, sandbox.SandboxLimits.for_rows(int(max_rows)))
        if plan:
            Path(folder, "plan.ndjson").rename(plan)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {"cpu": used.ru_utime + used.ru_stime, "rss": used.ru_maxrss << 10, "answer": answer}


def _build_check_request(module: str, path: str, folder: str, max_rows: int) -> dict[str, Any]:
    from tests.bench.workbooks import NOW, TODAY

    return {
        "path": path,
        "out_dir": folder,
        "module": module,
        "channels": ["email"],
        "today": TODAY,
        "now": NOW,
        "max_rows": max_rows,
        "max_bytes": 1 << 30,
        "last_amounts": None,
    }


def do_nothing(_request: dict[str, Any]) -> dict[str, Any]:
    """What starting the sandbox costs by itself."""
    return {}


def guard_only(request: dict[str, Any]) -> dict[str, Any]:
    """The first part of the check, in its sandbox."""
    from invoicing.workbooks.guard import inspect_file

    inspect_file(Path(request["path"]), max_bytes=request["max_bytes"], max_rows=request["max_rows"])
    return {}


def guard_and_read(request: dict[str, Any]) -> dict[str, Any]:
    """The first two parts of the check, in its sandbox."""
    from invoicing.workbooks.guard import inspect_file
    from invoicing.workbooks.reader import read_sheets

    path = Path(request["path"])
    report = inspect_file(path, max_bytes=request["max_bytes"], max_rows=request["max_rows"])
    rows = 0
    for sheet in read_sheets(path, report):
        for _ in sheet.rows():
            rows += 1
    return {"rows": rows - 1}


def profile_check(module: str, path: str, max_rows: str) -> dict[str, Any]:
    from tests.bench.profiling import print_profile
    from upload.check_workbook import check_workbook

    with TemporaryDirectory() as folder:
        request = _build_check_request(module, path, folder, int(max_rows))
        print_profile("check", lambda: check_workbook(request))
    return {}


def look_up_existing(plan: str) -> dict[str, Any]:
    from tests.bench.lookup import look_up_existing

    return look_up_existing(Path(plan))


def count_writes(workbook: str, folder: str) -> dict[str, Any]:
    from tests.bench.counting import run_main_path

    return run_main_path(Path(workbook), Path(folder))


def write_chunks(folder: str, profile: str = "") -> dict[str, Any]:
    from tests.bench.writer_cpu import measure_writer

    return measure_writer(Path(folder), profile=bool(profile))


def pay(profile: str = "") -> dict[str, Any]:
    from tests.bench.payment_cpu import measure_payments

    return measure_payments(profile=bool(profile))


def spread_keys(plan: str) -> dict[str, Any]:
    from tests.bench.partition_keys import count_keys

    return count_keys(Path(plan))


def send_notices(channel: str, number: str) -> dict[str, Any]:
    from tests.bench.sender import drain_channel

    return drain_channel(channel, int(number))


def dispatch_notices(number: str, batch: str) -> dict[str, Any]:
    from tests.bench.sender import count_dispatch

    return count_dispatch(int(number), int(batch))


def stand_in() -> dict[str, Any]:
    """The providers' stand-in in a process of its own, until its input ends."""
    from infra.local.providers import run_providers

    with run_providers() as providers:
        print(providers.address, flush=True)
        sys.stdin.read()
    return {}


def share_channel(scene: str) -> dict[str, Any]:
    from tests.bench.lanes import play_scene

    return play_scene(scene)


def write_report_pages(folder: str, invoices: str) -> dict[str, Any]:
    from tests.bench.report_cpu import write_pages

    return {"pages": write_pages(Path(folder), int(invoices))}


def make_report(folder: str, kind: str, file_format: str) -> dict[str, Any]:
    from tests.bench import report_cpu

    return report_cpu.make_report(Path(folder), kind, file_format)


def write_report_alone(folder: str) -> dict[str, Any]:
    from tests.bench.report_cpu import write_alone

    return write_alone(Path(folder))


def count_list_reads() -> dict[str, Any]:
    from tests.bench import report_cpu

    return report_cpu.count_list_reads()


def measure_webhook(profile: str = "") -> dict[str, Any]:
    from tests.bench.webhook_cpu import measure_webhook as measure

    return measure(profile=bool(profile))


def list_first_page(count: str) -> dict[str, Any]:
    from tests.bench import lists

    return lists.list_first_page(int(count))


def measure_pages(rounds: str, profile: str = "") -> dict[str, Any]:
    from tests.bench import pages_cpu

    return pages_cpu.measure_pages(rounds=int(rounds), profile=bool(profile))


def reconcile_settlement(folder: str, lines: str, waits: str = "") -> dict[str, Any]:
    from tests.bench import reconcile_cpu

    return reconcile_cpu.reconcile(Path(folder), int(lines), waits=bool(waits))


JOBS: dict[str, Callable[..., dict[str, Any]]] = {
    job.__name__: job
    for job in (
        make_workbook,
        read_with_calamine,
        read_usual_way,
        check_sandboxed,
        profile_check,
        look_up_existing,
        count_writes,
        write_chunks,
        pay,
        spread_keys,
        send_notices,
        dispatch_notices,
        stand_in,
        share_channel,
        write_report_pages,
        make_report,
        write_report_alone,
        count_list_reads,
        measure_webhook,
        list_first_page,
        measure_pages,
        reconcile_settlement,
    )
}

if __name__ == "__main__":
    answer = JOBS[sys.argv[1]](*sys.argv[2:])
    print()
    print(json.dumps(answer))
