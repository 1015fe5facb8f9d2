"""Checking a workbook: CPU and memory of the sandboxed check beside the bare reader's and the usual way's."""

from collections.abc import Callable
from pathlib import Path

from tests.bench.measuring import Usage, run_job, take_medians
from tests.bench.tables import Figure, print_heading, print_table
from tests.bench.workbooks import FOLDER, MODULES, find_workbook

PRODUCTION_ROWS = 200_000
"""Default of UPLOAD_MAX_ROWS; the bench raises it for the file that is larger."""
LARGEST = 1_000_000
RUNS = 3
SMALL, SMALL_RUNS = 10_000, 15
_MB = 1 << 20


def run_check(*, quick: bool, profile: bool) -> list[Figure]:
    print_heading("Checking a workbook")
    rows = 20_000 if quick else 100_000
    figures = _compare_readers(rows)
    figures += _measure_growth(rows, quick=quick)
    figures += _measure_lookup(rows)
    if profile:
        for kind in ("plain", "products"):
            run_job("profile_check", MODULES[kind], str(find_workbook(kind, rows)), str(PRODUCTION_ROWS))
    return figures


def plan_workbook(kind: str, rows: int, *, recipients: int) -> Path:
    """The plan that the check makes of a workbook."""
    plan = FOLDER / f"plan-{kind}-{rows}-{recipients}.ndjson"
    workbook = find_workbook(kind, rows, recipients=recipients)
    run_job("check_sandboxed", "check", MODULES[kind], str(workbook), str(PRODUCTION_ROWS), str(plan))
    return plan


def _compare_readers(rows: int) -> list[Figure]:
    table: list[tuple[str, str, str, str]] = []
    ratios, usual_ratios, peaks = [], [], []
    for kind, strings in (("plain", "shared"), ("plain", "inline"), ("products", "shared"), ("school", "shared")):
        name = f"{kind} {strings}"
        seen = _measure_readers(kind, str(find_workbook(kind, rows, strings=strings)))
        calamine, check, usual = seen["calamine"], seen["check"], seen.get("usual")
        nothing, guard, read = (seen[job].cpu for job in ("nothing", "guard", "read"))
        steps = [
            (f"{name}: python-calamine alone", calamine.cpu, _megabytes(calamine.rss)),
            (f"{name}: our check, all of it", check.cpu, _megabytes(check.rss)),
            ("    process start", nothing, _megabytes(seen["nothing"].rss)),
            ("    guard", guard - nothing, _megabytes(seen["guard"].rss)),
            ("    reading", read - guard, _megabytes(seen["read"].rss)),
            ("    imports, validation, plan, issues", check.cpu - read, ""),
        ]
        ratios.append(f"{check.cpu / calamine.cpu:.2f} x ({name})")
        peaks.append(f"{_megabytes(check.rss)} ({name})")
        if usual:
            steps.append((f"{name}: the usual way", usual.cpu, _megabytes(usual.rss)))
            usual_ratios.append(f"{usual.cpu / check.cpu:.1f} x ({name})")
        table += [(step, f"{cpu:.3f}", f"{cpu / calamine.cpu:.2f} x", peak) for step, cpu, peak in steps]
        table.append((f"    rows/bad: check {_count(check)}{f', usual {_count(usual)}' if usual else ''}", "", "", ""))
    print_table(
        f"{rows:,} rows, same file, medians of {RUNS} runs (the usual way: one), each in a fresh process",
        ("what", "CPU s", "x calamine", "peak MB"),
        table,
    )
    return [
        Figure(f"check / python-calamine, CPU, {rows:,} rows", "<= 3 x", ", ".join(ratios)),
        Figure(f"usual way / check, CPU, {rows:,} rows", ">= 5 x", ", ".join(usual_ratios)),
        Figure(f"check, peak memory MB, {rows:,} rows", "< 400 (100,000 rows)", ", ".join(peaks)),
    ]


def _measure_readers(kind: str, path: str) -> dict[str, Usage]:
    measures = {
        "calamine": lambda: run_job("read_with_calamine", path),
        "nothing": lambda: _run_sandboxed("nothing", kind, path, PRODUCTION_ROWS),
        "guard": lambda: _run_sandboxed("guard", kind, path, PRODUCTION_ROWS),
        "read": lambda: _run_sandboxed("read", kind, path, PRODUCTION_ROWS),
        "check": lambda: _run_sandboxed("check", kind, path, PRODUCTION_ROWS),
    }
    seen = take_medians(RUNS, measures)
    if kind != "school":
        # Once: it runs for longer than all the others together.
        seen["usual"] = run_job("read_usual_way", path)
    return seen


def _count(usage: Usage) -> str:
    return f"{usage.answer['rows']:,}/{usage.answer['bad_rows']:,}"


def _measure_growth(rows: int, *, quick: bool) -> list[Figure]:
    sizes = [1, 1_000, 10_000, rows] if quick else [1, 1_000, 10_000, rows, LARGEST]
    table, costs, peaks = [], [], []
    for kind, strings in (("plain", "shared"), ("products", "shared")):
        # The small ones in turns: what they cost beyond the start is less than what the machine's mood changes.
        small = {str(size): _check_size(kind, size, strings) for size in sizes if size <= SMALL}
        seen = {int(size): usage for size, usage in take_medians(SMALL_RUNS, small).items()}
        seen |= {size: _measure_size(kind, size, strings) for size in sizes if size > SMALL}
        start = seen[1].cpu
        net = {size: (usage.cpu - start) / size * 1e6 for size, usage in seen.items() if size > 1}
        table += [
            (
                f"{size:,} {kind} {strings}",
                f"{usage.cpu:.3f}",
                f"{usage.cpu / size * 1e6:,.1f}" if size > 1 else "",
                f"{net[size]:.1f}" if size > 1 else "",
                _megabytes(usage.rss),
            )
            for size, usage in seen.items()
        ]
        listed = ", ".join(f"{size:,}: {cost:.1f} us" for size, cost in net.items())
        ratio = max(net.values()) / min(net.values())
        costs.append(f"{ratio:.2f} x ({kind}: {listed}; start {start * 1000:.0f} ms)")
        if not quick:
            peaks.append(f"{_megabytes(seen[LARGEST].rss)} ({kind} {strings})")
    if not quick:
        usage = _measure_size("plain", LARGEST, "inline")
        table.append((f"{LARGEST:,} plain inline", f"{usage.cpu:.3f}", "", "", _megabytes(usage.rss)))
        peaks.append(f"{_megabytes(usage.rss)} (plain inline)")
    print_table(
        "The check at other sizes (start is what one row costs)",
        ("rows", "CPU s", "us/row with start", "us/row without", "peak MB"),
        table,
    )
    name = f"check, CPU per row, 1,000 to {sizes[-1]:,} rows, dearest / cheapest, start apart"
    figures = [Figure(name, "<= 1.3 x", ", ".join(costs))]
    if peaks:
        figures.append(Figure(f"check, peak memory MB, {LARGEST:,} rows", "< 2,500", ", ".join(peaks)))
    return figures


def _measure_size(kind: str, rows: int, strings: str) -> Usage:
    return take_medians(1 if rows == LARGEST else RUNS, {"check": _check_size(kind, rows, strings)})["check"]


def _check_size(kind: str, rows: int, strings: str) -> Callable[[], Usage]:
    path = str(find_workbook(kind, rows, strings=strings))
    return lambda: _run_sandboxed("check", kind, path, max(rows, PRODUCTION_ROWS))


def _measure_lookup(rows: int) -> list[Figure]:
    plan = str(plan_workbook("plain", rows, recipients=1))
    seen = take_medians(RUNS, {"lookup": lambda: run_job("look_up_existing", plan)})["lookup"]
    cpu, invoices = seen.answer["cpu"], seen.answer["invoices"]
    text = (
        f"{cpu / invoices * 1e6:.0f} us/invoice, {cpu:.2f} s, "
        f"{seen.answer['requests']:,} BatchGetItem, process {_megabytes(seen.rss)} MB"
    )
    print(f"\n  Looking up {invoices:,} numbers, DynamoDB answered in the process: {text}")
    return [Figure(f"lookup of existing numbers, {rows:,} rows", "printed apart", text)]


def _run_sandboxed(job: str, kind: str, path: str, max_rows: int) -> Usage:
    seen = run_job("check_sandboxed", job, MODULES[kind], path, str(max_rows)).answer
    return Usage(seen["cpu"], seen["rss"], seen["answer"])


def _megabytes(size: int) -> str:
    return f"{size / _MB:,.0f}"
