import json
import os
import subprocess
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from invoicing.workbooks import sandbox
from invoicing.workbooks.refusal import WorkbookRefused
from invoicing.workbooks.sandbox import SandboxError, SandboxLimits, run_sandboxed
from tests import hostile_workbooks as files

LIMITS = SandboxLimits.for_rows(200_000)
SHORT = replace(LIMITS, cpu_seconds=1, wall_seconds=20)


@pytest.fixture(autouse=True)
def _jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        *("show_surroundings", "print_much", "refuse", "fail", "fail_to_answer", "answer_much", "exit_silently"),
        *("eat_memory", "spin", "sleep", "write_much", "read_workbook"),
    ):
        monkeypatch.setitem(sandbox.JOBS, name, f"tests.sandbox_jobs:{name}")


def measure(job: str, path: Path, limits: SandboxLimits = LIMITS) -> dict[str, Any]:
    """The outcome and the peak memory of one job; the sandbox's parent is a process of its own for that."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [
        sys.executable,
        "-m",
        "tests.sandbox_jobs",
        job,
        json.dumps(asdict(limits)),
        json.dumps({"path": str(path)}),
    ]
    result: dict[str, Any] = json.loads(
        subprocess.run(command, env=environment, check=True, capture_output=True).stdout
    )
    return result


HEAVY = ["far corner in odd spacing", "gigabyte of rows", "gigabyte string", "long string", "lying size", "bit flip"]


@pytest.mark.parametrize("name", HEAVY)
def test_attack_on_the_whole_reading_path_is_refused_in_seconds_and_bounds(name: str, tmp_path: Path) -> None:
    write, code = files.REFUSED[name]
    write(tmp_path / "workbook.xlsx")
    result = measure("read_workbook", tmp_path / "workbook.xlsx")
    assert result["outcome"] == {"refused": code}
    assert result["seconds"] < 10
    assert result["peak"] <= LIMITS.address_space


@pytest.mark.parametrize("job", ["read_without_guard", "read_with_nothing"])
@pytest.mark.parametrize(
    "name",
    [
        "far corner",
        "far column",
        "gigabyte string",
        "gigabyte of rows",
        "many strings",
        "impossible row",
        "impossible row without references",
    ],
)
def test_attack_that_the_guard_missed_is_stopped_by_the_limits(name: str, job: str, tmp_path: Path) -> None:
    files.REFUSED[name][0](tmp_path / "workbook.xlsx")
    result = measure(job, tmp_path / "workbook.xlsx", SHORT)
    assert result["outcome"]["refused"] in {"workbook_too_complex", "workbook_too_slow", "value_far_away"}
    assert result["seconds"] < 15
    assert result["peak"] <= LIMITS.address_space


def test_formats_to_the_end_of_the_sheet_pass_at_small_cost(tmp_path: Path) -> None:
    files.write_formatted_rows(tmp_path / "workbook.xlsx")
    result = measure("read_workbook", tmp_path / "workbook.xlsx")
    assert result["outcome"]["rows"] == 1000
    assert result["peak"] < 200 << 20


def test_child_sees_no_credentials_and_has_every_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "BILLERS_TABLE", "SOME_TOKEN"):
        monkeypatch.setenv(name, "private")
    names = ["RLIMIT_AS", "RLIMIT_CPU", "RLIMIT_CORE", "RLIMIT_FSIZE", "RLIMIT_NOFILE"]
    seen = run_sandboxed("show_surroundings", {"limits": names}, LIMITS)
    assert "private" not in seen["environment"].values()
    assert not [name for name in seen["environment"] if name.startswith("AWS_")]
    assert seen["limits"] == {
        "RLIMIT_AS": [LIMITS.address_space] * 2,
        "RLIMIT_CPU": [LIMITS.cpu_seconds, LIMITS.cpu_seconds + 1],
        "RLIMIT_CORE": [0, 0],
        "RLIMIT_FSIZE": [LIMITS.file_bytes] * 2,
        "RLIMIT_NOFILE": [64, 64],
    }


def test_printing_does_not_disturb_the_answer() -> None:
    assert run_sandboxed("print_much", {}, LIMITS) == {"done": True}


def test_refusal_crosses_the_border_with_its_params() -> None:
    with pytest.raises(WorkbookRefused) as refused:
        run_sandboxed("refuse", {}, LIMITS)
    assert (refused.value.code, refused.value.params) == ("too_many_rows", {"cell": "A9", "max_rows": 7})


@pytest.mark.parametrize(
    ("job", "message"),
    [
        ("fail", "ValueError at sandbox.py:"),
        ("fail_to_answer", "TypeError at "),
        ("answer_much", "answer too large"),
        ("exit_silently", "child ended with 3"),
    ],
)
def test_defect_of_ours_is_no_refusal_and_tells_no_cell(job: str, message: str) -> None:
    with pytest.raises(SandboxError, match=message) as failed:
        run_sandboxed(job, {"cell": "Budi Santoso"}, LIMITS)
    assert "secret" not in str(failed.value)
    assert "Budi" not in str(failed.value)


def test_request_out_of_bounds_is_a_defect_of_ours() -> None:
    with pytest.raises(SandboxError, match="request too large"):
        run_sandboxed("fail", {"cell": "x" * (2 << 20)}, LIMITS)


@pytest.mark.parametrize(
    ("job", "code"),
    [("eat_memory", "workbook_too_complex"), ("spin", "workbook_too_slow"), ("write_much", "workbook_too_complex")],
)
def test_limit_reached_is_a_refusal(job: str, code: str, tmp_path: Path) -> None:
    limits = replace(SHORT, file_bytes=10 << 20)
    with pytest.raises(WorkbookRefused) as refused:
        run_sandboxed(job, {"out_path": str(tmp_path / "out")}, limits)
    assert refused.value.code == code


def test_wall_limit_ends_the_child_and_what_it_started(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    with pytest.raises(WorkbookRefused) as refused:
        run_sandboxed("sleep", {"pid_file": str(pid_file)}, replace(LIMITS, wall_seconds=2))
    assert refused.value.code == "workbook_too_slow"
    status = Path(f"/proc/{pid_file.read_text()}/status")
    deadline = time.monotonic() + 5
    # The orphan's new parent may take a moment to bury it.
    while status.exists() and "State:\tZ" not in status.read_text() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not status.exists() or "State:\tZ" in status.read_text()


def test_limits_grow_with_the_rows_permitted() -> None:
    small, large = SandboxLimits.for_rows(10_000), SandboxLimits.for_rows(1_000_000)
    assert small.address_space < LIMITS.address_space < large.address_space < 4 << 30
    assert small.cpu_seconds < LIMITS.cpu_seconds < large.cpu_seconds
