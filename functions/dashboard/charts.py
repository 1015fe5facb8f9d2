"""Figures of charts, in whole percents: the templates draw them as SVG, with the numbers as text and as a table."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bar:
    label: str
    value: int
    count: int
    kind: str
    """``good``, ``warn``, ``bad`` or ``calm``: its colour, never the only thing that tells bars apart."""
    percent: int
    """Of the longest bar."""


def build_bars(rows: Iterable[tuple[str, int, int, str]]) -> list[Bar]:
    """Bars of (label, value, count, kind); what is there at all can be seen."""
    given = list(rows)
    longest = max((value for _, value, _, _ in given), default=0)
    return [Bar(label, value, count, kind, _share(value, longest)) for label, value, count, kind in given]


def _share(value: int, of: int) -> int:
    return max(1, value * 100 // of) if value and of else 0
