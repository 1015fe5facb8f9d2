"""An upload as its biller sees it: verdict, counts, what is wrong in words, progress, and links to the results."""

from typing import Any

from invoicing import clock
from invoicing.sending_estimate import SendingLimits, estimate_cost, estimate_times
from invoicing.settings import get_settings
from invoicing.store import files, uploads
from invoicing.store.billers import load_biller
from invoicing.texts import describe_finding
from invoicing.uploads import CheckSummary, ChunkState, Upload, UploadStatus, sum_results

_MAX_CONFLICTS = 100
"""Shown in full; counted in full in any case. A Lambda answer holds 6 MB."""
_RELEASED = frozenset({UploadStatus.WRITING, UploadStatus.DONE})


def show_upload(upload: Upload) -> dict[str, Any]:
    """JSON form of an upload; see docs/commands.md for its members. Amounts in rupiah, instants in UTC."""
    view: dict[str, Any] = {
        "upload_id": upload.upload_id,
        "biller_id": upload.biller_id,
        "module": upload.module,
        "filename": upload.filename,
        "status": upload.status,
        "verdict": upload.verdict,
        "created_at": upload.created_at,
        "uploaded_by": upload.uploaded_by,
        "released_by": upload.released_by,
        "released_at": upload.released_at,
        "acknowledged": upload.acknowledged,
        "notices_from": upload.notices_from,
        "ended_by": upload.ended_by,
        "finished_at": upload.finished_at,
    }
    if upload.refusal:
        view["refusal"] = upload.refusal | describe_finding(upload.refusal["code"], upload.refusal["params"])
    if upload.summary:
        view |= _show_summary(upload.summary)
    if upload.summary and upload.status is UploadStatus.WAITING:
        view["sending"] = _estimate_sending(upload.biller_id, upload.summary.notices)
    if upload.status in _RELEASED:
        view["chunks"], written = _show_progress(upload)
        view["counts"] |= written
    if upload.status is not UploadStatus.DELETED:
        view |= _sign_links(upload)
    return {name: value for name, value in view.items() if value is not None}


def show_upload_line(upload: Upload) -> dict[str, Any]:
    """An upload in a list: what it costs no further read to say."""
    line = {
        "upload_id": upload.upload_id,
        "filename": upload.filename,
        "status": upload.status,
        "verdict": upload.verdict,
        "created_at": upload.created_at,
        "uploaded_by": upload.uploaded_by,
        "released_by": upload.released_by,
        "invoices": upload.summary.invoices if upload.summary else None,
        "amount": upload.summary.amount if upload.summary else None,
    }
    return {name: value for name, value in line.items() if value is not None}


def _show_summary(summary: CheckSummary) -> dict[str, Any]:
    return {
        "counts": {
            "rows": summary.rows,
            "invoices": summary.invoices,
            "bad_rows": summary.bad_rows,
            "bad_invoices": summary.bad_invoices,
            "new": summary.new,
            "already_there": summary.already_there,
            "different": summary.different,
        },
        "amount": summary.amount,
        "errors": summary.errors,
        "warnings": summary.warnings,
    }


def _estimate_sending(biller_id: str, notices: dict[str, int]) -> dict[str, Any]:
    """What a release ``in_hours`` would cost and take from now on."""
    settings = get_settings()
    limits = SendingLimits(settings.notice_rates, settings.whatsapp_daily_limit)
    times = estimate_times(load_biller(biller_id).policy, notices, limits, clock.now())
    return {
        "notices": notices,
        "cost": estimate_cost(notices, settings.notice_prices),
        "rate": {channel: settings.notice_rates[channel] for channel in notices},
        "starts_at": clock.to_text(times.starts_at),
        "finishes_at": clock.to_text(times.finishes_at),
    }


def _show_progress(upload: Upload) -> tuple[dict[str, Any], dict[str, int]]:
    """The state of the chunks, and what they have written so far."""
    results = uploads.load_chunk_results(upload)
    totals = sum_results(results)
    conflicts = [conflict for result in results for conflict in result.conflicts][:_MAX_CONFLICTS]
    chunks = {
        "total": len(upload.chunks),
        "done": sum(result.state is ChunkState.DONE for result in results),
        "failed": sum(result.state is ChunkState.FAILED for result in results),
        "conflicts": [
            {"row": conflict.row, "number": conflict.number, "fields": conflict.fields} for conflict in conflicts
        ],
    }
    return chunks, totals


def _sign_links(upload: Upload) -> dict[str, str]:
    ids = (upload.biller_id, upload.upload_id)
    links = {}
    if upload.issues_version:
        links["issues_url"] = files.sign_download(files.issues_key(*ids), upload.issues_version, "issues.ndjson")
    if upload.failed_rows_version:
        links["failed_rows_url"] = files.sign_download(
            files.failed_rows_key(*ids), upload.failed_rows_version, f"perbaiki-{upload.upload_id}.xlsx"
        )
    return links
