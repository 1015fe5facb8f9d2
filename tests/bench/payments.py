"""A payment told by the bank: the handler's CPU beside that of its parts, and what its code imports."""

from statistics import median
from typing import Any

from tests.bench.cold import RUNS, import_module
from tests.bench.measuring import run_job
from tests.bench.tables import Figure, print_heading, print_table

MODULES = ("va_callback.payment", "va_callback.inquiry", "va_callback.status")


def run_payments(*, profile: bool) -> list[Figure]:
    print_heading("A payment told by the bank: the whole handler, from the event to the answer")
    seen = run_job("pay", *(["profile"] if profile else [])).answer
    return [*_show_cpu(seen), _show_imports()]


def _show_cpu(seen: dict[str, Any]) -> list[Figure]:
    parts = seen["json"] + seen["signature"] + seen["token"] + seen["transaction"]
    with_reads = parts + seen["reads"]
    requests = seen["requests"]
    kinds = {
        "after_inquiry": f"our payment, asked about before ({requests['after_inquiry']} request)",
        "payment": f"our payment, read first ({requests['payment']} requests)",
        "json": "JSON of call and answer alone",
        "signature": "its HMAC alone",
        "token": "its access token (a JWT) alone",
        "transaction": "the same transaction by boto3 alone",
        "reads": "the two reads by boto3 alone, where the bill must be read first",
    }
    print_table(
        f"CPU of one payment (a transaction of {seen['members']} members, {seen['bytes']:,} bytes)",
        ("what", "us", "of the parts"),
        [(label, f"{seen[kind] * 1e6:.0f}", f"{seen[kind] / parts:.2f}") for kind, label in kinds.items()],
    )

    def compare(kind: str, known: float) -> str:
        return f"{seen[kind] / known:.2f} ({seen[kind] * 1e6:.0f} us against {known * 1e6:.0f} us)"

    what = "CPU against JSON, HMAC, token and one boto3 transaction"
    return [
        Figure(f"payment after its inquiry in the process, {what}", "<= 2.0", compare("after_inquiry", parts)),
        Figure(f"payment that must be read first, {what}", "printed", compare("payment", parts)),
        Figure("payment that must be read first, its two boto3 reads a part", "<= 2.0", compare("payment", with_reads)),
    ]


def _show_imports() -> Figure:
    texts = []
    for module in MODULES:
        # The first run leaves the .pyc files that a built package has, too.
        answers = [import_module(module) for _ in range(1 + RUNS)][1:]
        texts.append(f"{module.rpartition('.')[2]} {median(answer['wall'] for answer in answers) * 1000:.0f}")
    return Figure("cold start, import ms of each service of the bank's calls", "printed", ", ".join(texts))
