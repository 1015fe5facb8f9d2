"""Make one report: read, write the file, store it, record it as done. Safe to run twice, also at the same time."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from invoicing import clock
from invoicing.billers import Biller
from invoicing.invoice_snapshot import take_snapshot
from invoicing.reports import Report, ReportFormat, ReportKind, ReportState
from invoicing.store import files, report_queue, reports
from invoicing.store.billers import load_biller
from report.collection_report import build_collection_report
from report.document import Document, count_rows
from report.invoice_reports import build_invoice_list, build_payment_report
from report.labels import Labels
from report.notice_reports import build_status_report, build_transaction_report

CONTENT_TYPES = {
    ReportFormat.XLSX: files.WORKBOOK_TYPE,
    ReportFormat.CSV: "text/csv; charset=utf-8",
    ReportFormat.PDF: "application/pdf",
}


def make_report(report: Report, *, last_try: bool = False) -> bool:
    """False when there was nothing to make: it is done, or has failed for good. Raises whatever goes wrong.

    ``last_try``: it is written down as failed already, which only success undoes.
    """
    if report.state is ReportState.DONE or not (last_try or reports.start_report(report, clock.now())):
        _tell_again(report)
        return False
    biller = load_biller(report.biller_id)
    with TemporaryDirectory() as folder:
        path = Path(folder, f"report.{report.order.format}")
        rows = write_report(report, biller, path)
        key = files.report_key(report.biller_id, report.report_id, report.order.format)
        version = files.store(key, path, CONTENT_TYPES[report.order.format])
        reports.finish_report(report, clock.now(), file_version=version, file_bytes=path.stat().st_size, rows=rows)
    if report.send_to:
        report_queue.send_report_mail(report.biller_id, report.report_id)
    return True


def _tell_again(report: Report) -> None:
    """The run before may have ended between recording the report and queueing its mail."""
    stored = reports.load_report(report.biller_id, report.report_id)
    if stored.send_to and stored.state is ReportState.DONE and not stored.mailed_at:
        report_queue.send_report_mail(report.biller_id, report.report_id)


def write_report(report: Report, biller: Biller, path: Path) -> int:
    """The file of a report; how many rows its details have."""
    counted = [0]
    with _no_garbage_collection(), _open_document(report, biller) as document:
        document = replace(document, details=replace(document.details, rows=count_rows(document.details.rows, counted)))
        write_document(document, report.order.format, path)
    return counted[0]


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Rows come and go by the hundred thousand and none refers to itself: looking for cycles costs a twentieth."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def write_document(document: Document, file_format: ReportFormat, path: Path) -> None:
    """Each writer's library is loaded only for its format."""
    match file_format:
        case ReportFormat.XLSX:
            from report.write_xlsx import write_xlsx

            write_xlsx(document, path)
        case ReportFormat.CSV:
            from report.write_csv import write_csv

            write_csv(document, path)
        case ReportFormat.PDF:
            from report.write_pdf import write_pdf

            write_pdf(document, path)


@contextmanager
def _open_document(report: Report, biller: Biller) -> Iterator[Document]:
    order, as_of = report.order, report.as_of
    labels = Labels(order.language, biller.policy.zone)
    match order.kind:
        case ReportKind.TRANSACTIONS:
            yield build_transaction_report(order, biller, as_of, labels)
        case ReportKind.COLLECTIONS:
            yield build_collection_report(order, biller, as_of, labels)
        case _:
            with take_snapshot(biller.biller_id, as_of, order.chosen) as snapshot:
                if order.kind is ReportKind.STATUS:
                    yield build_status_report(order, biller, as_of, snapshot, labels)
                elif order.kind is ReportKind.PAYMENTS:
                    yield build_payment_report(order, biller, as_of, snapshot, labels)
                else:
                    yield build_invoice_list(order, biller, as_of, snapshot, labels)
