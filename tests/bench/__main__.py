"""``python -m tests.bench [--quick] [--profile] [part ...]``: README.md here says how to read what it prints."""

import argparse
from collections.abc import Callable

from tests.bench.tables import Figure, print_figures, print_heading


def _check(options: argparse.Namespace) -> list[Figure]:
    from tests.bench.check import run_check

    return run_check(quick=options.quick, profile=options.profile)


def _write(options: argparse.Namespace) -> list[Figure]:
    from tests.bench.write import run_write

    return run_write(profile=options.profile)


def _spread(options: argparse.Namespace) -> list[Figure]:
    from tests.bench.spread import run_spread

    return run_spread(quick=options.quick)


def _report(options: argparse.Namespace) -> list[Figure]:
    from tests.bench.report import run_report

    return run_report(quick=options.quick)


def _payments(options: argparse.Namespace) -> list[Figure]:
    from tests.bench.payments import run_payments

    return run_payments(profile=options.profile)


def _cold(_options: argparse.Namespace) -> list[Figure]:
    from tests.bench.cold import run_cold

    return run_cold()


def _sending(options: argparse.Namespace) -> list[Figure]:
    from tests.bench.sending import run_sending

    return run_sending(quick=options.quick)


def _fairness(_options: argparse.Namespace) -> list[Figure]:
    from tests.bench.fairness import run_fairness

    return run_fairness()


def _webhook(options: argparse.Namespace) -> list[Figure]:
    from tests.bench.webhook import run_webhook

    return run_webhook(profile=options.profile)


def _webhook_load(options: argparse.Namespace) -> list[Figure]:
    from tests.bench.webhook_load import run_webhook_load

    return run_webhook_load(quick=options.quick)


def _lists(_options: argparse.Namespace) -> list[Figure]:
    from tests.bench.lists import run_lists

    return run_lists()


def _pages(options: argparse.Namespace) -> list[Figure]:
    from tests.bench.pages import run_pages

    return run_pages(quick=options.quick, profile=options.profile)


def _reconcile(options: argparse.Namespace) -> list[Figure]:
    from tests.bench.reconcile import run_reconcile

    return run_reconcile(quick=options.quick)


# Imported one by one: a process that is measured starts from this one, so this one stays small.
PARTS: dict[str, Callable[[argparse.Namespace], list[Figure]]] = {
    "check": _check,
    "write": _write,
    "spread": _spread,
    "sending": _sending,
    "fairness": _fairness,
    "report": _report,
    "reconcile": _reconcile,
    "payments": _payments,
    "lists": _lists,
    "cold": _cold,
    "webhook": _webhook,
    "pages": _pages,
}
ONLY_BY_NAME: dict[str, Callable[[argparse.Namespace], list[Figure]]] = {"webhook-load": _webhook_load}
"""Needs the machine for itself, and starts a local cloud."""


HELP = f"{', '.join(PARTS)}; all of them when none is named; {', '.join(ONLY_BY_NAME)} only by name"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Speed and size, as ratios and counts.")
    parser.add_argument("parts", nargs="*", metavar="part", help=HELP)
    parser.add_argument("--quick", action="store_true", help="20,000 rows instead of 100,000 and no million")
    parser.add_argument("--profile", action="store_true", help="also list the functions in which CPU goes")
    options = parser.parse_args()
    unknown = set(options.parts) - set(PARTS | ONLY_BY_NAME)
    if unknown:
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    figures: list[Figure] = []
    for name in options.parts or PARTS:
        figures += (PARTS | ONLY_BY_NAME)[name](options)
    print_heading("Speed and size: what is asked | what was seen")
    print_figures(figures)


if __name__ == "__main__":
    main()
