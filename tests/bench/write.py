"""Writing: requests per 1,000 invoices, DynamoDB write units per invoice, and the writer's own CPU."""

from collections import Counter
from tempfile import TemporaryDirectory
from typing import Any

from tests.bench.measuring import run_job
from tests.bench.tables import Figure, print_heading, print_table
from tests.bench.workbooks import find_workbook

ROWS = 1_188
"""Of the sample: 1,000 invoices, one in eight with two or three product rows."""
PHASES = ("start", "check", "release", "write")
_WRITES = frozenset({"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"})


def run_write(*, profile: bool) -> list[Figure]:
    print_heading("Writing 1,000 invoices with two e-mail notices each")
    with TemporaryDirectory() as folder:
        counts = run_job("count_writes", str(find_workbook("products", ROWS, recipients=2)), folder).answer
        writer = run_job("write_chunks", folder, *(["profile"] if profile else [])).answer
    return [*_show_requests(counts), *_show_units(counts), *_show_cpu(writer)]


def _show_requests(counts: dict[str, Any]) -> list[Figure]:
    invoices = counts["invoices"]
    by_phase: dict[tuple[str, str], Counter[str]] = {}
    for phase, service, operation, count in counts["requests"]:
        by_phase.setdefault((service, operation), Counter())[phase] += count
    table = [
        (f"{service} {operation}", *(seen[phase] or "-" for phase in PHASES), sum(seen[phase] for phase in PHASES))
        for (service, operation), seen in sorted(by_phase.items())
        if any(seen[phase] for phase in PHASES)
    ]
    print_table(
        f"Requests of one upload of {counts['rows']:,} rows, {invoices:,} invoices ({counts['status']})",
        ("request", *PHASES, "sum"),
        table,
    )

    def per_thousand(service: str, operations: frozenset[str]) -> str:
        total = sum(
            seen[phase]
            for (kind, operation), seen in by_phase.items()
            for phase in PHASES
            if kind == service and operation in operations
        )
        return f"{total * 1000 / invoices:.0f} ({total} for {invoices:,} invoices)"

    sends = frozenset({"SendMessage", "SendMessageBatch"})
    return [
        Figure("DynamoDB write requests per 1,000 invoices", "<= 50", per_thousand("dynamodb", _WRITES)),
        Figure("SQS send requests of check and release per 1,000 invoices", "<= 3", per_thousand("sqs", sends)),
    ]


def _show_units(counts: dict[str, Any]) -> list[Figure]:
    """Creation per invoice, and what each notice adds when it is sent."""
    invoices, sent = counts["invoices"], counts["sent_invoices"]
    table: list[tuple[Any, ...]] = []
    totals = {"created": 0.0, "sent": 0.0}
    for moment, phases, among in (("created", PHASES, invoices), ("sent", ("send",), sent)):
        merged: dict[tuple[str, str], Counter[str]] = {}
        largest: Counter[tuple[str, str]] = Counter()
        for phase, name, index, tally in counts["tallies"]:
            if phase in phases:
                merged.setdefault((name, index), Counter()).update(tally)
                largest[name, index] = max(largest[name, index], tally["largest"])
        for (name, index), tally in sorted(merged.items()):
            units = tally["units"] / among
            totals[moment] += units
            table.append(
                (
                    f"{moment}: {name.removesuffix('Table')} {index}",
                    f"{tally['writes'] / among:.3f}",
                    f"{tally['bytes'] / tally['writes']:.0f}",
                    largest[name, index],
                    f"{units:.3f}",
                )
            )
        table.append((f"{moment}: sum", "", "", "", f"{totals[moment]:.2f}"))
    print_table(
        "DynamoDB write units per invoice (tables doubled where in a transaction; notices claimed and settled as sent)",
        ("moment, table, index", "writes", "mean B", "largest B", "units"),
        table,
    )
    text = f"{totals['created']:.2f} to create, {totals['sent']:.2f} more to send both notices"
    return [Figure("DynamoDB write units per invoice with two notices", "as low as the promises allow", text)]


def _show_cpu(writer: dict[str, Any]) -> list[Figure]:
    invoices, items = writer["invoices"], writer["items"]
    rows = [
        ("the writer, all of it", writer["cpu"], ""),
        ("    boto3 alone, the same transactions", writer["boto"], "65-81 over TLS"),
        ("    reading the plan, building items", writer["cpu"] - writer["boto"], ""),
        ("floor: the same requests as JSON, nothing else", writer["serialise"], "3.2-4.8; lean client 8.5"),
    ]
    print_table(
        f"Client CPU, AWS answered in the process: {items:,} items in {writer['transactions']} transactions of "
        f"{writer['bytes'] / writer['transactions'] / 1000:.0f} kB, {writer['bytes'] / items:.0f} B/item",
        ("what", "us/invoice", "us/item", "performance.md us/item"),
        [(name, f"{cpu / invoices * 1e6:.0f}", f"{cpu / items * 1e6:.1f}", floor) for name, cpu, floor in rows],
    )
    per_invoice, per_item = writer["cpu"] / invoices * 1e6, writer["cpu"] / items * 1e6
    text = f"{per_invoice:.0f} us/invoice, {per_item:.1f} us/item; boto3 alone here {writer['boto'] / items * 1e6:.1f}"
    return [Figure("writer, client CPU per invoice", "beside 65-81 (boto3), 8.5 (lean) us/item", text)]
