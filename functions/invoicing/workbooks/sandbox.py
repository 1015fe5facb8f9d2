"""Do the hostile part of a job in a child process that has no credentials, and limits that a bad file cannot lift.

The child is ``python -m invoicing.workbooks.sandbox LIMITS MODULE:FUNCTION``: the request comes as JSON on stdin, the
answer goes as JSON to stdout. Both are files, so that neither side can block or flood the other. A workbook that takes
the child down is refused; a defect of ours becomes a SandboxError that names only the exception's class and the lines
it came from, since its words may hold what stands in the cells.
"""

import errno
import gc
import json
import os
import re
import resource
import signal
import subprocess
import sys
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

from invoicing.workbooks.refusal import WorkbookRefused

JOBS = {
    "check": "upload.check_workbook:check_workbook",
    "failed_rows": "upload.failed_rows:build_failed_rows",
    "settlement": "report.settlement_file:write_rows",
}
"""By name only: the child imports the function of whoever asked."""

_MAX_MESSAGE_BYTES = 1 << 20
_MAX_STDERR_BYTES = 64 << 10
_MAX_OPEN_FILES = 64
# The allocators and parsers of a child that is out of memory end it by one of these.
_CRASHES = frozenset({signal.SIGABRT, signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGKILL})
_LOCATION = re.compile(r'File "([^"]+)", line (\d+)')
_EXCEPTION = re.compile(r"^([A-Za-z_][\w.]*)(?::|$)", re.MULTILINE)


class SandboxError(Exception):
    """The child failed by a defect of ours (or of this machine), not by what stands in the file."""


@dataclass(frozen=True, slots=True)
class SandboxLimits:
    address_space: int
    """Bytes of virtual memory."""
    cpu_seconds: int
    wall_seconds: int
    file_bytes: int
    """Size of the largest file that the child may write."""

    @classmethod
    def for_rows(cls, max_rows: int) -> "SandboxLimits":
        """Three to five times what a sound workbook of ``max_rows`` rows needs on one slow core."""
        cpu_seconds = 10 + max_rows // 5_000
        return cls(
            address_space=(640 << 20) + max_rows * 2_560,
            cpu_seconds=cpu_seconds,
            wall_seconds=30 + 2 * cpu_seconds,
            file_bytes=(256 << 20) + max_rows * 2_048,
        )


def run_sandboxed(job: str, request: dict[str, Any], limits: SandboxLimits) -> dict[str, Any]:
    """The job's answer. Raises WorkbookRefused (also when the file took the child down) and SandboxError."""
    message = json.dumps(request).encode()
    if len(message) > _MAX_MESSAGE_BYTES:
        raise SandboxError("request too large")
    command = [sys.executable, "-P", "-m", "invoicing.workbooks.sandbox", json.dumps(asdict(limits)), JOBS[job]]
    with TemporaryFile() as stdin, TemporaryFile() as stdout, TemporaryFile() as stderr:
        stdin.write(message)
        stdin.seek(0)
        code = _run_child(command, stdin, stdout, stderr, limits.wall_seconds)
        stdout.seek(0)
        answer = stdout.read(_MAX_MESSAGE_BYTES + 1)
        if code != 0:
            _raise_for_death(code, stderr)
    if len(answer) > _MAX_MESSAGE_BYTES:
        raise SandboxError("answer too large")
    return _unpack_answer(answer)


def _run_child(command: list[str], stdin: IO[bytes], stdout: IO[bytes], stderr: IO[bytes], seconds: int) -> int:
    """The exit code, negative for a signal. Leaves nothing of the child's process group behind."""
    process = subprocess.Popen(  # noqa: S603 - our own module; a job's name is looked up, the request is a file
        command, stdin=stdin, stdout=stdout, stderr=stderr, env=_build_environment(), start_new_session=True
    )
    try:
        return process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        raise WorkbookRefused("workbook_too_slow") from None
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _build_environment() -> dict[str, str]:
    """Built from nothing rather than filtered: the child must not see credentials under whatever name."""
    return {
        "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry),
        "PYTHONUTF8": "1",
        # Lambda's Python needs its own lib directory to find libpython.
        "LD_LIBRARY_PATH": str(Path(sys.base_prefix) / "lib"),
        # Each arena of glibc reserves 64 MB of the address space that we limit.
        "MALLOC_ARENA_MAX": "1",
        "RUST_BACKTRACE": "0",
    }


def _raise_for_death(code: int, stderr: IO[bytes]) -> None:
    if code == -signal.SIGXCPU:
        raise WorkbookRefused("workbook_too_slow")
    if -code in _CRASHES:
        raise WorkbookRefused("workbook_too_complex")
    stderr.seek(0, os.SEEK_END)
    stderr.seek(max(0, stderr.tell() - _MAX_STDERR_BYTES))
    text = stderr.read().decode(errors="replace")
    names = _EXCEPTION.findall(text)
    raise SandboxError(f"child ended with {code}: {names[-1] if names else 'no exception'} at {_locate(text)}")


def _locate(text: str) -> str:
    return " ".join(f"{Path(file).name}:{line}" for file, line in _LOCATION.findall(text)[-5:])


def _unpack_answer(message: bytes) -> dict[str, Any]:
    try:
        outcome = json.loads(message)
    except ValueError:
        raise SandboxError("answer is no JSON") from None
    if "refused" in outcome:
        raise WorkbookRefused(outcome["refused"]["code"], **outcome["refused"]["params"])
    if "failed" in outcome:
        raise SandboxError(outcome["failed"])
    answer: dict[str, Any] = outcome["answer"]
    return answer


# --- in the child --------------------------------------------------------------------------------------------------


def _set_limits(limits: SandboxLimits) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (limits.address_space, limits.address_space))
    # The soft limit ends the child by SIGXCPU, the hard one by SIGKILL should it ignore that.
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_seconds, limits.cpu_seconds + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limits.file_bytes, limits.file_bytes))
    resource.setrlimit(resource.RLIMIT_NOFILE, (_MAX_OPEN_FILES, _MAX_OPEN_FILES))


def _run_job(target: str, request: dict[str, Any]) -> dict[str, Any]:
    """The outcome as JSON values: ``answer``, ``refused`` or ``failed``."""
    module, _, function = target.partition(":")
    try:
        return {"answer": getattr(import_module(module), function)(request)}
    except WorkbookRefused as refused:
        return {"refused": {"code": refused.code, "params": refused.params}}
    except MemoryError:
        return {"refused": {"code": "workbook_too_complex", "params": {}}}
    except BaseException as error:  # a panic of the Rust reader is no Exception
        if isinstance(error, OSError) and error.errno in (errno.EFBIG, errno.ENOSPC):
            return {"refused": {"code": "workbook_too_complex", "params": {}}}
        if type(error).__name__ == "PanicException":
            return {"refused": {"code": "workbook_damaged", "params": {}}}
        lines = []
        trace = error.__traceback__
        while trace:
            lines.append(f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}")
            trace = trace.tb_next
        return {"failed": f"{type(error).__name__} at {' '.join(lines[-5:])}"}


def main() -> None:
    limits, target = SandboxLimits(**json.loads(sys.argv[1])), sys.argv[2]
    _set_limits(limits)
    # One job, then the end: looking for cycles among a hundred thousand rows costs a tenth of the whole check.
    gc.disable()
    request = json.loads(sys.stdin.buffer.read(_MAX_MESSAGE_BYTES))
    # Whatever a library prints must not mix with the answer.
    with os.fdopen(os.dup(1), "wb") as answer:
        os.dup2(2, 1)
        answer.write(json.dumps(_run_job(target, request)).encode())


if __name__ == "__main__":
    main()
