"""Uploads as a biller's program handles them: commands by Lambda invoke, files by presigned form and link."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import urllib3

from infra.local.cloud import Cloud
from infra.local.seed import BILLERS
from invoicing.texts import describe_finding

WORKBOOK_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
POLL_SECONDS = 0.25
CHECKED = frozenset({"waiting", "rejected", "writing", "done", "deleted"})
"""States in which an upload's check has ended."""
ENDED = frozenset({"rejected", "done", "deleted"})

View = dict[str, Any]
Watch = Callable[[View], None]


class CommandRefusedError(Exception):
    """The product refused a command. ``error`` is its answer: ``{"code", "detail", "message": {"id", "en"}}``."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(f"{error['code']}: {error['message']['en']}")
        self.error = error


class CommandFailedError(Exception):
    """The command could not be carried out; the message says why."""


def call(
    cloud: Cloud,
    operation: str,
    biller_id: str,
    user_id: str,
    *,
    function: str = "UploadCommandFunction",
    **members: Any,
) -> dict[str, Any]:
    """Run one command of this function. Raises CommandRefusedError; CommandFailedError for a defect."""
    payload = {"operation": operation, "biller_id": biller_id, "user_id": user_id, **members}
    return invoke(cloud, function, payload)


def invoke(cloud: Cloud, function: str, payload: dict[str, Any]) -> dict[str, Any]:
    """A command of this function (stack output). Raises CommandRefusedError; CommandFailedError for a defect."""
    answer = cloud.client("lambda").invoke(FunctionName=cloud.outputs[function], Payload=json.dumps(payload).encode())
    body: dict[str, Any] = json.loads(answer["Payload"].read())
    if answer.get("FunctionError"):
        failure = (
            f"{payload.get('operation', function)} failed: {body.get('errorMessage', body)}; see the log of {function}"
        )
        raise CommandFailedError(failure)
    if "error" in body:
        raise CommandRefusedError(body["error"])
    return body


def send_workbook(cloud: Cloud, path: Path, biller_id: str, user_id: str) -> str:
    """Start an upload and post the file with its form; the new upload's id."""
    started = call(cloud, "create", biller_id, user_id, filename=path.name)
    form = {**started["post"]["fields"], "file": (path.name, path.read_bytes(), WORKBOOK_TYPE)}
    with urllib3.PoolManager(ca_certs=str(cloud.certificate)) as http:
        answer = http.request("POST", started["post"]["url"], fields=form, retries=False)
    if answer.status >= 300:
        raise CommandFailedError(
            f"the file was not taken (HTTP {answer.status}): {answer.data.decode(errors='replace')}"
        )
    upload_id: str = started["upload_id"]
    return upload_id


def wait_for(
    cloud: Cloud, biller_id: str, upload_id: str, states: frozenset[str], *, timeout: float = 600, watch: Watch
) -> View:
    """Look at the upload until it is in one of ``states``; ``watch`` sees every look. Raises CommandFailedError."""
    deadline = time.monotonic() + timeout
    while True:
        view = call(cloud, "describe", biller_id, "viewer", upload_id=upload_id)
        watch(view)
        if view["status"] in states:
            return view
        if view.get("chunks", {}).get("failed"):
            raise CommandFailedError(
                f"{view['chunks']['failed']} chunks failed: look at the log of upload-write, then redrive"
            )
        if time.monotonic() > deadline:
            raise CommandFailedError(f"upload {upload_id} is still {view['status']} after {timeout:.0f} seconds")
        time.sleep(POLL_SECONDS)


def find_biller(cloud: Cloud, upload_id: str) -> str:
    """Whose upload this is: to every other biller it does not exist."""
    for biller in BILLERS:
        try:
            call(cloud, "describe", biller.biller_id, "viewer", upload_id=upload_id)
        except CommandRefusedError as refusal:
            if refusal.error["code"] != "upload_not_found":
                raise
        else:
            return biller.biller_id
    raise CommandFailedError(f"no biller has an upload {upload_id}")


def list_invoices(cloud: Cloud, biller_id: str, upload_id: str) -> Iterator[dict[str, Any]]:
    position: dict[str, Any] = {}
    while True:
        page = call(cloud, "list_invoices", biller_id, "viewer", upload_id=upload_id, **position)
        yield from page["invoices"]
        if "cursor" not in page:
            return
        position = {"cursor": page["cursor"]}


def read_issues(cloud: Cloud, view: View) -> list[dict[str, Any]]:
    """Every finding of the check with its words: ``{code, severity, row, column, value, what, mend}``."""
    if "issues_url" not in view:
        return []
    issues = [json.loads(line) for line in cloud.fetch(view["issues_url"]).splitlines()]
    return [issue | describe_finding(issue["code"], issue.get("params", {})) for issue in issues]


def save_failed_rows(cloud: Cloud, view: View) -> Path | None:
    """Download the failed-rows workbook, if the upload has one."""
    if "failed_rows_url" not in view:
        return None
    path = cloud.home / "results" / f"failed-rows-{view['upload_id']}.xlsx"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cloud.fetch(view["failed_rows_url"]))
    return path


def build_report(cloud: Cloud, view: View) -> dict[str, Any]:
    """All there is to say about an upload, as plain JSON data."""
    issues = read_issues(cloud, view)
    failed_rows = save_failed_rows(cloud, view)
    return {
        "upload_id": view["upload_id"],
        "biller_id": view["biller_id"],
        "verdict": view["verdict"],
        "status": view["status"],
        "counts": view.get("counts", {}),
        "amount": view.get("amount", 0),
        "refusal": view.get("refusal"),
        "errors": [issue for issue in issues if issue["severity"] == "error"],
        "warnings": [issue for issue in issues if issue["severity"] == "warning"],
        "notes": [issue for issue in issues if issue["severity"] == "note"],
        "invoices": list(list_invoices(cloud, view["biller_id"], view["upload_id"])),
        "failed_rows_file": str(failed_rows) if failed_rows else None,
        "upload": view,
    }
