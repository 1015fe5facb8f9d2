"""How evenly an upload's writes fall on partition keys, from the very items that the writer would put."""

from collections import Counter
from pathlib import Path
from typing import Any

import orjson

from tests.bench.answers import set_environment
from tests.bench.measuring import run_job
from tests.bench.tables import Figure, print_heading, print_table

BOUND = "<= 12.5 % + noise"


def run_spread(*, quick: bool) -> list[Figure]:
    from tests.bench.check import plan_workbook

    rows = 20_000 if quick else 100_000
    print_heading("Spread: the share of writes that the hottest partition key gets")
    answer = run_job("spread_keys", str(plan_workbook("plain", rows, recipients=2))).answer
    table = [
        (f"{name} {index}", f"{writes:,}", f"{keys:,}", f"{hottest:,}", f"{hottest / writes:.2%}")
        for name, index, writes, keys, hottest in answer["places"]
    ]
    print_table(
        f"One upload of {rows:,} rows, {answer['invoices']:,} invoices, two e-mail notices each, one biller",
        ("table, index", "writes", "keys", "hottest key", "share"),
        table,
    )
    many = [place for place in answer["places"] if place[2] >= answer["invoices"]]
    few = [place for place in answer["places"] if place[2] < answer["invoices"]]
    return [
        Figure(
            f"hottest partition key's share, {rows:,} rows",
            BOUND,
            ", ".join(
                f"{name} {index}".rstrip() + f" {hottest / writes:.2%}" for name, index, writes, _, hottest in many
            ),
        ),
        Figure(
            "the same where an upload writes little",
            f"{BOUND}; no load",
            ", ".join(
                f"{name} {index} {hottest / writes:.0%} of {writes:,} writes" for name, index, writes, _, hottest in few
            ),
        ),
    ]


def count_keys(plan: Path) -> dict[str, Any]:
    """Writes, keys and the hottest key's writes of each table and index."""
    from invoicing import clock
    from invoicing.notices import plan_issued_notices
    from invoicing.settings import get_settings
    from invoicing.store import invoices
    from invoicing.store.dynamodb import to_item
    from invoicing.store.notices import notice_item
    from invoicing.virtual_accounts import build_va_number
    from tests.bench.write_units import list_tables
    from tests.integration.aws_from_template import Template
    from tests.integration.scenario import SHOP

    template = Template()
    set_environment(template.read_environment("UploadWriteFunction"))
    settings, tables = get_settings(), {table.name: table for table in list_tables(template)}
    seen: dict[tuple[str, str], Counter[str]] = {}

    def note(name: str, item: dict[str, Any]) -> None:
        table = tables[name]
        for index, key in [("", table.keys[0]), *((index.name, index.keys[0]) for index in table.indexes)]:
            if key in item:
                seen.setdefault((table.logical_id.removesuffix("Table"), index), Counter())[item[key]["S"]] += 1

    upload_id = "01KB00000000000000000BENCH"
    created_at = clock.to_text(clock.now())
    sequence = 0
    with plan.open("rb") as lines:
        for sequence, line in enumerate(lines, start=1):
            planned = orjson.loads(line)
            draft = planned["invoice"]
            number = build_va_number(SHOP.company_code, sequence, settings.va_customer_number_digits)
            about = {"bank_code": settings.bank_code, "va_number": number, "biller_id": SHOP.biller_id}
            about |= {"upload_id": upload_id, "created_at": created_at}
            for write in invoices.build_invoice_writes(row=planned["row"], draft=draft, **about):
                note(write["Put"]["TableName"], write["Put"]["Item"])
            for notice in plan_issued_notices(SHOP, draft, number):
                note(settings.notices_table, to_item(notice_item(notice, number=draft["number"], **about)))
    return {
        "invoices": sequence,
        "places": [[*place, keys.total(), len(keys), max(keys.values())] for place, keys in seen.items()],
    }
