"""Reports: memory and CPU of one over many invoices, beside what the writer's library alone needs for the same rows."""

from tempfile import TemporaryDirectory

from tests.bench.measuring import Usage, run_job, take_medians
from tests.bench.tables import Figure, print_heading, print_table

RUNS = 3


def run_report(*, quick: bool) -> list[Figure]:
    invoices = 20_000 if quick else 100_000
    print_heading(f"Reports over {invoices:,} invoices of one biller")
    with TemporaryDirectory() as folder:
        pages = run_job("write_report_pages", folder, str(invoices)).answer["pages"]
        seen = take_medians(
            1 if quick else RUNS,
            {
                "invoice list, xlsx": lambda: run_job("make_report", folder, "invoices", "xlsx"),
                "XlsxWriter alone": lambda: run_job("write_report_alone", folder),
                "payment report, xlsx": lambda: run_job("make_report", folder, "payments", "xlsx"),
                "invoice list, csv": lambda: run_job("make_report", folder, "invoices", "csv"),
                "payment report, pdf": lambda: run_job("make_report", folder, "payments", "pdf"),
            },
        )
    reads = run_job("count_list_reads").answer
    rows = [
        (name, f"{usage.answer['cpu']:.2f}", f"{usage.rss >> 20}", usage.answer.get("requests", "-"))
        for name, usage in seen.items()
    ]
    print_table(
        f"CPU without imports; peak memory of the process (alone: it holds the rows); {pages} pages",
        ("", "CPU s", "RSS MB", "requests"),
        rows,
    )
    listed, alone = seen["invoice list, xlsx"], seen["XlsxWriter alone"]
    return [
        Figure(f"report of {invoices:,} invoices, peak memory", "< 300 MB", _show_memory(seen)),
        Figure(
            f"report of {invoices:,} invoices, CPU over the writer alone",
            "<= 1.5",
            f"{listed.answer['cpu'] / alone.answer['cpu']:.2f} "
            f"({listed.answer['cpu']:.1f} s, XlsxWriter {alone.answer['cpu']:.1f} s)",
        ),
        Figure(
            "requests of a page of reports, and of the dashboard's figures",
            "whatever the invoices",
            f"{reads['list']}, {reads['summary']}",
        ),
    ]


def _show_memory(seen: dict[str, Usage]) -> str:
    return ", ".join(f"{name} {usage.rss >> 20} MB" for name, usage in seen.items() if name != "XlsxWriter alone")
