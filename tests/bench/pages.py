"""Weight and server CPU of every page of the dashboard and of payers."""

from tests.bench.measuring import run_job
from tests.bench.tables import Figure, print_heading, print_table

_ROUNDS, _QUICK_ROUNDS = 40, 10


def run_pages(*, quick: bool, profile: bool) -> list[Figure]:
    print_heading("Pages: weight, and CPU of the server without AWS's")
    rounds = _QUICK_ROUNDS if quick else _ROUNDS
    rows = run_job("measure_pages", str(rounds), "profile" if profile else "").answer["rows"]
    print_table(
        "Bytes, requests to AWS, milliseconds of CPU (medians)",
        ("page", "status", "plain", "gzipped", "with assets", "requests", "CPU", "rendering", "rest"),
        [
            (
                row["page"],
                row["status"],
                f"{row['plain']:,}",
                f"{row['gzipped']:,}",
                f"{row['total']:,}",
                row["requests"],
                f"{row['cpu']:.1f}",
                f"{row['rendering']:.1f}",
                f"{row['cpu'] - row['rendering']:.1f}",
            )
            for row in rows
        ],
    )
    payer = max((row for row in rows if row["page"].startswith("payer: /{token} (")), key=lambda row: row["total"])
    pages = [row for row in rows if row["rendering"] and not row["page"].startswith("payer")]
    heaviest = max(pages, key=lambda row: row["total"])
    dearest = max(pages, key=lambda row: row["cpu"])
    return [
        Figure("payer's page with all it loads, gzipped", "under 50 KB", f"{payer['total'] / 1e3:.1f} KB"),
        Figure(
            "heaviest page of the dashboard with all it loads, gzipped",
            "-",
            f"{heaviest['total'] / 1e3:.1f} KB ({heaviest['page']})",
        ),
        Figure(
            "dearest page of the dashboard, CPU; rendering; requests",
            "-",
            f"{dearest['cpu']:.1f} ms; {dearest['rendering']:.1f} ms; {dearest['requests']} ({dearest['page']})",
        ),
    ]
