"""A settlement file dropped under ``settlements/{bank}/`` -> matched to our payments, once for each content."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import unquote_plus

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from invoicing import clock
from invoicing.errors import SettlementFormatError
from invoicing.reconciliation import Result
from invoicing.settings import get_settings
from invoicing.store import files, reconciliations
from invoicing.workbooks.refusal import WorkbookRefused
from report.reconcile import hash_file, read_file, reconcile_file
from report.reconcile_report import write_reconciliation_report

logger = Logger(utc=True)

ALARMING = (Result.MISSING_HERE, Result.MISSING_THERE, Result.AMOUNT_DIFFERS, Result.DUPLICATE, Result.UNIDENTIFIED)


@logger.inject_lambda_context
def handle(event: dict[str, Any], _context: object) -> None:
    for record in event["Records"]:
        given = record["s3"]["object"]
        _reconcile_object(unquote_plus(given["key"]), given.get("versionId"))


def _reconcile_object(key: str, version: str | None) -> None:
    """Raises for a defect, so that Lambda tries again; a file that cannot be used is recorded as refused."""
    bank_code = get_settings().bank_code
    name = files.parse_settlement_key(key, bank_code)
    if name is None:
        logger.warning("settlement_key_refused")
        return
    with TemporaryDirectory() as folder:
        path = Path(folder, "settlement")
        if not files.download(key, version, path, get_settings().settlement_max_bytes):
            # Never opened, so it has no hash of its own; its version names it.
            _refuse(bank_code, f"too-large-{version}", name, "file_too_large")
            return
        file_hash = hash_file(path)
        now = clock.to_text(clock.now())
        facts = {"name": name, "received_at": now, "key": key, "version": version}
        started = reconciliations.begin_file(bank_code, file_hash, facts)
        # One that was refused is looked at again: the bank's form may have been mended since.
        if started["state"] == "done":
            logger.info("settlement_seen_before", extra={"file_hash": file_hash})
            return
        try:
            form = reconciliations.load_format(bank_code)
            lines = read_file(path, Path(folder), form, started["received_at"])
        except WorkbookRefused as refused:
            _refuse(bank_code, file_hash, name, refused.code)
            return
        except SettlementFormatError as error:
            _refuse(bank_code, file_hash, name, f"form_{error}")
            return
        outcome = reconcile_file(bank_code, file_hash, lines, form)
        report = Path(folder, "report.xlsx")
        write_reconciliation_report(outcome, bank_code, name, clock.to_text(clock.now()), report)
        version_of_report = files.store(files.reconciliation_key(bank_code, file_hash), report, files.WORKBOOK_TYPE)
    values = {**outcome.as_record(), "report_version": version_of_report, "done_at": clock.to_text(clock.now())}
    reconciliations.finish_file(bank_code, file_hash, "done", values)
    alarming = sum(outcome.sums[result].count for result in ALARMING) + outcome.sums[Result.REVERSED].count
    _count_differences(alarming + len(outcome.unreadable))
    told = {"file_hash": file_hash, "lines": len(lines), "to_be_acted_on": alarming}
    logger.info("settlement_reconciled", extra=told)


def _refuse(bank_code: str, file_hash: str, name: str, code: str) -> None:
    now = clock.to_text(clock.now())
    reconciliations.begin_file(bank_code, file_hash, {"name": name, "received_at": now})
    reconciliations.finish_file(bank_code, file_hash, "refused", {"refusal": code, "done_at": now})
    _count_differences(1)
    logger.warning("settlement_refused", extra={"file_hash": file_hash, "code": code})


def _count_differences(count: int) -> None:
    """What ``SettlementDifferencesAlarm`` watches."""
    metrics = EphemeralMetrics()
    metrics.add_metric(name="SettlementDifferences", unit=MetricUnit.Count, value=count)
    metrics.flush_metrics()
