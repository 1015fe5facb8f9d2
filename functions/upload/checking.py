"""Check an uploaded workbook: bind its first version, read it in a sandbox, look up existing numbers, store the plan.

The result is recorded by one conditional write at the end: a run that is killed, repeated or overtaken leaves nothing
behind but file versions that nobody refers to.
"""

import hashlib
import heapq
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson

from invoicing import clock, uploading
from invoicing.billers import Biller, BillerState, OnErrors, ReleaseMode
from invoicing.errors import UploadStateError
from invoicing.issues import Issue, Severity
from invoicing.settings import get_settings
from invoicing.store import billers, files, uploads
from invoicing.uploads import CheckSummary, Upload, UploadStatus, sum_results
from invoicing.workbooks.refusal import WorkbookRefused
from invoicing.workbooks.sandbox import SandboxLimits, run_sandboxed
from upload.existing import NewPlan, drop_existing

_NDJSON = "application/x-ndjson"
_RECENT_UPLOADS = 20
_MAX_COLUMNS = 60
_MAX_HEADER = 60
_UNUSED = frozenset({UploadStatus.REJECTED, UploadStatus.DELETED})


def check_upload(biller_id: str, upload_id: str) -> Upload:
    """Check the upload if it still awaits that; safe to repeat. Raises UploadNotFoundError for nobody's upload."""
    upload = uploads.load_upload(biller_id, upload_id)
    biller = billers.load_biller(biller_id)
    if upload.status in (UploadStatus.AWAITING_FILE, UploadStatus.CHECKING):
        upload = _check_file(upload, biller)
    if upload.is_erased:
        # Posted, or checked, after it was deleted or given up: nothing of it may stay.
        uploading.erase_files(upload)
    elif upload.status is UploadStatus.WAITING and _is_released_automatically(upload, biller):
        return _release(upload, biller)
    elif upload.status is UploadStatus.WRITING and upload.released_by == uploading.AUTOMATIC:
        # An earlier run may have died between the release and the queue.
        uploading.resend_chunks(upload, {None})
    return upload


def _is_released_automatically(upload: Upload, biller: Biller) -> bool:
    """A warning is a question to a person: with warnings even an automatic biller's upload waits."""
    if biller.release is not ReleaseMode.AUTOMATIC or biller.state is not BillerState.ACTIVE:
        return False
    return upload.summary is not None and not upload.summary.warnings


def _release(upload: Upload, biller: Biller) -> Upload:
    try:
        return uploading.release_automatically(upload, biller)
    except UploadStateError:
        # Another run of this check, or a person, was faster.
        return uploads.load_upload(upload.biller_id, upload.upload_id)


def _check_file(upload: Upload, biller: Biller) -> Upload:
    key = files.inbox_key(upload.biller_id, upload.upload_id)
    version = files.find_first_version(key)
    if version is None:
        # Deleted between the event and now.
        return upload
    try:
        upload = uploads.bind_version(upload, version)
        with TemporaryDirectory(prefix="check-") as folder:
            return _record_findings(upload, biller, key, version, Path(folder))
    except UploadStateError:
        # Another run of the check, a person or the sweeper was faster.
        return uploads.load_upload(upload.biller_id, upload.upload_id)


def _record_findings(upload: Upload, biller: Biller, key: str, version: str, folder: Path) -> Upload:
    settings = get_settings()
    workbook = folder / "workbook.xlsx"
    sha256 = None
    try:
        if biller.state is not BillerState.ACTIVE:
            raise WorkbookRefused("biller_not_active")
        if not files.download(key, version, workbook, settings.upload_max_bytes):
            raise WorkbookRefused("file_too_large", max_mb=settings.upload_max_bytes >> 20)
        with workbook.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        limits = SandboxLimits.for_rows(settings.upload_max_rows)
        answer = run_sandboxed("check", _build_request(upload, biller, workbook, folder), limits)
    except WorkbookRefused as refused:
        refusal = {"code": refused.code, "params": refused.params}
        return uploads.record_check(upload, UploadStatus.REJECTED, sha256, {"refusal": refusal})

    new_plan = folder / "new-plan.ndjson"
    with new_plan.open("wb") as lines:
        plan = drop_existing(biller, folder / "plan.ndjson", lines)
    added = [*_find_same_file(upload, sha256), *plan.issues]
    summary = _summarise(answer, plan, added)
    status, refusal_code = _decide(upload, summary)
    findings: dict[str, Any] = {"summary": asdict(summary)}
    if refusal_code:
        findings["refusal"] = {"code": refusal_code, "params": {}}
    findings |= _store_results(upload, summary, workbook, folder, added)
    if status is UploadStatus.WAITING:
        findings["plan_version"] = files.store(files.plan_key(upload.biller_id, upload.upload_id), new_plan, _NDJSON)
        findings["chunk_bounds"] = plan.chunk_bounds
    elif status is UploadStatus.DONE:
        findings |= {"totals": sum_results([]), "finished_at": clock.to_text(clock.now())}
    return uploads.record_check(upload, status, sha256, findings)


def _decide(upload: Upload, summary: CheckSummary) -> tuple[UploadStatus, str | None]:
    """The verdict, and the refusal's code when the whole file is refused."""
    if summary.bad_rows and upload.on_errors is OnErrors.REFUSE_ALL:
        return UploadStatus.REJECTED, "rows_refused"
    if summary.new:
        return UploadStatus.WAITING, None
    if summary.already_there:
        return UploadStatus.DONE, None
    return UploadStatus.REJECTED, "no_good_rows"


def _summarise(answer: dict[str, Any], plan: NewPlan, added: list[Issue]) -> CheckSummary:
    counts = {Severity.ERROR: Counter(answer["errors"]), Severity.WARNING: Counter(answer["warnings"])}
    for issue in added:
        if issue.severity in counts:
            counts[issue.severity][issue.code] += 1
    return CheckSummary(
        rows=answer["rows"],
        invoices=plan.new + plan.already_there,
        new=plan.new,
        already_there=plan.already_there,
        different=plan.different,
        bad_rows=answer["bad_rows"] + plan.different_rows,
        bad_invoices=answer["bad_invoices"] + plan.different,
        amount=plan.amount,
        smallest=plan.smallest,
        largest=plan.largest,
        valid_until=plan.valid_until,
        errors=dict(counts[Severity.ERROR]),
        warnings=dict(counts[Severity.WARNING]),
        columns=[header[:_MAX_HEADER] for header in answer["columns"][:_MAX_COLUMNS]],
        notices=dict(plan.notices),
    )


def _store_results(
    upload: Upload, summary: CheckSummary, workbook: Path, folder: Path, added: list[Issue]
) -> dict[str, str]:
    """Store the list of issues and, when rows are bad, the workbook that holds only them; their versions."""
    versions: dict[str, str] = {}
    issues = folder / "all-issues.ndjson"
    _merge_issues(folder / "issues.ndjson", added, issues)
    if summary.bad_rows:
        failed_rows = folder / "failed-rows.xlsx"
        try:
            _build_failed_rows(upload, workbook, issues, failed_rows)
        except WorkbookRefused:
            # So many mistakes that marking them all takes too long: the list of issues has them.
            _merge_issues(folder / "issues.ndjson", [Issue("failed_rows_left_out", Severity.NOTE), *added], issues)
        else:
            versions["failed_rows_version"] = files.store(
                files.failed_rows_key(upload.biller_id, upload.upload_id), failed_rows, files.WORKBOOK_TYPE
            )
    if issues.stat().st_size:
        versions["issues_version"] = files.store(files.issues_key(upload.biller_id, upload.upload_id), issues, _NDJSON)
    return versions


def _build_failed_rows(upload: Upload, workbook: Path, issues: Path, failed_rows: Path) -> None:
    settings = get_settings()
    request = {
        "path": str(workbook),
        "out_path": str(failed_rows),
        "module": upload.module,
        "issues_path": str(issues),
        "max_rows": settings.upload_max_rows,
        "max_bytes": settings.upload_max_bytes,
    }
    run_sandboxed("failed_rows", request, SandboxLimits.for_rows(settings.upload_max_rows))


def _build_request(upload: Upload, biller: Biller, workbook: Path, folder: Path) -> dict[str, Any]:
    settings = get_settings()
    return {
        "path": str(workbook),
        "out_dir": str(folder),
        "module": upload.module,
        "channels": list(biller.channels),
        "today": clock.today_in_jakarta().isoformat(),
        "now": clock.to_text(clock.now()),
        "max_rows": settings.upload_max_rows,
        "max_bytes": settings.upload_max_bytes,
        "last_amounts": _find_last_amounts(upload.biller_id),
    }


def _find_last_amounts(biller_id: str) -> dict[str, int] | None:
    """The range of amounts of the biller's last upload that was released."""
    for upload in uploads.list_recent_uploads(biller_id, _RECENT_UPLOADS):
        if upload.released_at and upload.summary and upload.summary.smallest and upload.summary.largest:
            return {"smallest": upload.summary.smallest, "largest": upload.summary.largest}
    return None


def _find_same_file(upload: Upload, sha256: str | None) -> list[Issue]:
    if sha256 is None:
        return []
    other_id = uploads.find_upload_of_file(upload.biller_id, sha256)
    if other_id is None or other_id == upload.upload_id:
        return []
    other = uploads.load_upload(upload.biller_id, other_id)
    if other.status in _UNUSED:
        return []
    day = clock.from_text(other.created_at).astimezone(clock.JAKARTA).date()
    return [Issue("same_file", Severity.WARNING, params={"upload_id": other_id, "date": day.isoformat()})]


def _merge_issues(found: Path, added: list[Issue], merged: Path) -> None:
    """Both lists in row order, file-level issues first."""

    def read_found() -> Iterator[tuple[int, bytes]]:
        with found.open("rb") as lines:
            for line in lines:
                yield orjson.loads(line).get("row", 0), line

    extra = sorted((issue.row or 0, orjson.dumps(issue.as_json()) + b"\n") for issue in added)
    with merged.open("wb") as file:
        for _, line in heapq.merge(read_found(), extra, key=lambda pair: pair[0]):
            file.write(line)
