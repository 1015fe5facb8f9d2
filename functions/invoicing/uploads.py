"""Uploads: one workbook on its way to invoices, the states it goes through and what was found in it."""

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Any

from invoicing.billers import Module, OnErrors

MAX_CHUNK_INVOICES = 500
"""Invoices per chunk message: 20 transactions of 25 invoices with two notices each, seconds of work."""
MAX_CHUNK_BYTES = 2_000_000
"""Plan bytes per chunk, so that invoices with hundreds of product rows do not exceed the writer's memory and time."""


class UploadStatus(StrEnum):
    AWAITING_FILE = "awaiting_file"
    CHECKING = "checking"
    WAITING = "waiting"
    """Checked; a checker must release it."""
    REJECTED = "rejected"
    """Refused by the check or by a checker; nothing of it exists."""
    WRITING = "writing"
    """Released: its invoices are being created."""
    DONE = "done"
    DELETED = "deleted"


DELETABLE = frozenset({UploadStatus.AWAITING_FILE, UploadStatus.CHECKING, UploadStatus.WAITING, UploadStatus.REJECTED})

PATIENCE = {
    UploadStatus.AWAITING_FILE: timedelta(hours=1),
    UploadStatus.CHECKING: timedelta(minutes=30),
    UploadStatus.WAITING: timedelta(days=30),
    # Longer than the queue takes to try a chunk for the last time.
    UploadStatus.WRITING: timedelta(minutes=30),
}
"""How long an upload may stay in a state before the sweeper looks after it. Plans outlive them all (template)."""

ABANDONED = {
    UploadStatus.AWAITING_FILE: "file_never_arrived",
    UploadStatus.CHECKING: "check_failed",
    UploadStatus.WAITING: "release_expired",
}
"""The refusal that ends an upload which outstayed its state's patience."""


_GIVEN_UP = frozenset(ABANDONED.values())


class Verdict(StrEnum):
    PENDING = "pending"
    REJECTED = "rejected"
    WAITING = "waiting"
    ACCEPTED = "accepted"


_VERDICTS = {
    UploadStatus.AWAITING_FILE: Verdict.PENDING,
    UploadStatus.CHECKING: Verdict.PENDING,
    UploadStatus.WAITING: Verdict.WAITING,
    UploadStatus.REJECTED: Verdict.REJECTED,
    UploadStatus.DELETED: Verdict.REJECTED,
    UploadStatus.WRITING: Verdict.ACCEPTED,
    UploadStatus.DONE: Verdict.ACCEPTED,
}


@dataclass(frozen=True, slots=True)
class Chunk:
    """A byte range ``[start, end)`` of the plan with whole lines only; line ``first`` of the plan is its first."""

    index: int
    start: int
    end: int
    first: int
    count: int


class ChunkState(StrEnum):
    DONE = "done"
    FAILED = "failed"
    """Its last delivery failed or was killed: its message is in the dead-letter queue and waits to be redriven."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """A number that somebody created between check and write, with other content: not written."""

    row: int
    number: str
    fields: list[str]


@dataclass(frozen=True, slots=True)
class ChunkResult:
    """Absolute outcome of a chunk, so that writing it again changes no total."""

    index: int
    state: ChunkState
    written: int = 0
    written_amount: int = 0
    already_there: int = 0
    conflicts: list[Conflict] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class CheckSummary:
    """What the check found. ``rows == planned rows + already-there rows + bad rows``; amounts in whole rupiah."""

    rows: int
    invoices: int
    """Good invoices: new + already_there."""
    new: int
    already_there: int
    """Exist with the same content: not created again."""
    different: int
    """Exist with other content: errors, counted in bad_invoices too."""
    bad_rows: int
    bad_invoices: int
    amount: int
    """Rupiah of the new invoices."""
    smallest: int | None
    largest: int | None
    valid_until: str | None
    """The earliest instant (UTC) at which one of the new invoices can no longer be paid."""
    errors: dict[str, int]
    warnings: dict[str, int]
    columns: list[str]
    notices: dict[str, int]
    """First notices of the new invoices, by channel."""


@dataclass(frozen=True, slots=True)
class Upload:
    biller_id: str
    upload_id: str
    module: Module
    on_errors: OnErrors
    filename: str
    status: UploadStatus
    uploaded_by: str
    created_at: str
    object_version: str | None = None
    """The first version of the object: the only one that counts."""
    sha256: str | None = None
    refusal: dict[str, Any] | None = None
    """``{"code", "params"}`` of why the whole file was refused."""
    summary: CheckSummary | None = None
    plan_version: str | None = None
    issues_version: str | None = None
    failed_rows_version: str | None = None
    chunk_bounds: list[list[int]] | None = None
    """``[byte offset, plan line]`` at each chunk's start, and one more pair for the end of the plan."""
    va_first: int | None = None
    """Sequence number of plan line 0; line k always gets ``va_first + k``."""
    company_code: str | None = None
    released_by: str | None = None
    released_at: str | None = None
    acknowledged: list[str] | None = None
    notices_from: str | None = None
    """UTC text; its first notices do not leave before. Absent: at once."""
    in_hours: bool = False
    """Its first notices leave in the biller's hours only, however late they come to be sent."""
    ended_by: str | None = None
    """Who rejected or deleted it."""
    ended_reason: str | None = None
    finished_at: str | None = None
    totals: dict[str, int] | None = None
    due_at: str | None = None

    @property
    def verdict(self) -> Verdict:
        return _VERDICTS[self.status]

    @property
    def is_erased(self) -> bool:
        """Its files are gone, or must go: deleted by a person, or given up by the sweeper."""
        given_up = self.refusal is not None and self.refusal["code"] in _GIVEN_UP
        return self.status is UploadStatus.DELETED or (self.status is UploadStatus.REJECTED and given_up)

    @property
    def chunks(self) -> list[Chunk]:
        bounds = self.chunk_bounds or []
        return [
            Chunk(index, start, end, first, beyond - first)
            for index, ((start, first), (end, beyond)) in enumerate(pairwise(bounds))
        ]


def sum_results(results: list[ChunkResult]) -> dict[str, int]:
    """Totals over the chunks that are done; exact under retries because each result is absolute."""
    done = [result for result in results if result.state is ChunkState.DONE]
    return {
        "written": sum(result.written for result in done),
        "written_amount": sum(result.written_amount for result in done),
        "written_already_there": sum(result.already_there for result in done),
        "conflicts": sum(len(result.conflicts) for result in done),
    }
