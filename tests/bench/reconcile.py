"""A settlement file: requests and time per 10,000 lines, of a first run and of its retry; memory of a large one."""

from tempfile import TemporaryDirectory
from typing import Any

from tests.bench.measuring import run_job
from tests.bench.tables import Figure, print_heading, print_table

UNIT = 10_000
LIMIT_SECONDS = 600
"""Of ReconcileFunction."""


def run_reconcile(*, quick: bool) -> list[Figure]:
    large = 20_000 if quick else 200_000
    print_heading("A settlement file of payments that all match")
    with TemporaryDirectory() as folder:
        waited = run_job("reconcile_settlement", folder, str(UNIT), "waits").answer
    with TemporaryDirectory() as folder:
        usage = run_job("reconcile_settlement", folder, str(large))
    requests = sorted(set(waited["first"]["requests"]) | set(waited["retry"]["requests"]))
    rows = [(name, *(waited[run]["requests"].get(name, 0) for run in ("first", "retry"))) for name in requests]
    print_table(f"Requests per {UNIT:,} lines", ("request", "first run", "retry"), rows)
    steps = [
        (
            f"{run}: {step}",
            f"{waited[run][step][0]:.1f}",
            f"{usage.answer[run][step][1] * UNIT / large:.2f}",
        )
        for run in ("first", "retry")
        for step in ("read", "match", "report")
    ]
    print_table(
        f"Seconds per {UNIT:,} lines (clock: answers take 10 ms, transactions 50 ms; CPU: this process, of {large:,})",
        ("step", "clock", "CPU"),
        steps,
    )
    return [
        Figure(f"requests per {UNIT:,} settlement lines", "<= 1,000", _count(waited)),
        Figure(f"clock s per {UNIT:,} settlement lines", f"limit x this well below {LIMIT_SECONDS}", _time(waited)),
        Figure(f"settlement file of {large:,} lines, peak memory", "< 2,048 MB", f"{usage.rss >> 20} MB"),
    ]


def _count(seen: dict[str, Any]) -> str:
    first, retry = (sum(seen[run]["requests"].values()) for run in ("first", "retry"))
    return f"{first} (retry {retry})"


def _time(seen: dict[str, Any]) -> str:
    first, retry = (sum(seen[run][step][0] for step in ("read", "match", "report")) for run in ("first", "retry"))
    return f"{first:.1f} (retry {retry:.1f})"
