"""The bank's webhook without its services: what a call costs before and after inquiry and payment do their work."""

from tests.bench.measuring import run_job
from tests.bench.tables import Figure, print_heading, print_table

PARTS = ("signature", "token", "json", "keeping", "logging", "rest", "all")


def run_webhook(*, profile: bool) -> list[Figure]:
    print_heading("The bank's webhook: CPU of the handler per call, services answered by a constant")
    measured = run_job("measure_webhook", "profile" if profile else "").answer
    rows = [
        (name, *(f"{parts[part]:.0f}" if part in parts else "-" for part in PARTS)) for name, parts in measured.items()
    ]
    print_table("Microseconds of CPU, medians", ("call", *PARTS), rows)
    parts = measured["payment"]
    known = sum(parts[part] for part in ("signature", "token", "json", "keeping"))
    ratio = f"{parts['all'] / known:.2f}, {parts['all']:.0f} us"
    return [Figure("webhook, CPU of a call over signature, token, JSON and keeping", "2 with the posting", ratio)]
