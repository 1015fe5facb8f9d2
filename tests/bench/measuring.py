"""Run something in a fresh process and see what it cost."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from tempfile import TemporaryFile
from typing import Any

from tests.bench import ROOT

_QUIET = {
    "POWERTOOLS_LOG_LEVEL": "ERROR",
    "POWERTOOLS_TRACE_DISABLED": "true",
    "POWERTOOLS_METRICS_DISABLED": "true",
}


@dataclass(frozen=True, slots=True)
class Usage:
    cpu: float
    """Seconds, user and system."""
    rss: int
    """Bytes, peak."""
    answer: dict[str, Any]


def run_job(job: str, *arguments: str) -> Usage:
    """``tests.bench.jobs`` in a process of its own; its last line of output is the answer.

    Must be called from a small process: a forked child starts with its parent's peak memory as its own.
    """
    with TemporaryFile() as stdout:
        command = [sys.executable, "-m", "tests.bench.jobs", job, *arguments]
        process = subprocess.Popen(command, stdout=stdout, cwd=ROOT, env={**os.environ, **_QUIET})
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"bench job {job} ended with {process.returncode}")
        stdout.seek(0)
        lines = stdout.read().splitlines()
    return Usage(used.ru_utime + used.ru_stime, used.ru_maxrss << 10, json.loads(lines[-1]) if lines else {})


def take_medians(runs: int, measures: dict[str, Callable[[], Usage]]) -> dict[str, Usage]:
    """Each measure ``runs`` times, in turns so that a noisy minute hits all of them alike; the medians."""
    seen: dict[str, list[Usage]] = {name: [] for name in measures}
    for _ in range(runs):
        for name, measure in measures.items():
            seen[name].append(measure())
    return {
        name: Usage(
            median(usage.cpu for usage in usages), int(median(usage.rss for usage in usages)), usages[-1].answer
        )
        for name, usages in seen.items()
    }
