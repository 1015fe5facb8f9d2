"""How evenly an upload's writes fall on partition keys, from the very items that the writer would put."""

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
