"""Plain text tables, and the figures that the bench is asked for with the bounds that they were given."""

from collections.abc import Sequence
from typing import NamedTuple


class Figure(NamedTuple):
    """One figure asked for. Nothing here compares the two: the reader knows how quiet the machine was."""

    name: str
    bound: str
    seen: str


def print_heading(text: str) -> None:
    print(f"\n{text}\n{'=' * len(text)}", flush=True)


def print_table(title: str, headers: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """First column to the left, the others to the right."""
    cells = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[index]) for row in [list(headers), *cells]) for index in range(len(headers))]

    def lay_out(row: Sequence[str]) -> str:
        others = [f"{cell:>{width}}" for cell, width in zip(row[1:], widths[1:], strict=True)]
        return "  ".join([f"  {row[0]:<{widths[0]}}", *others]).rstrip()

    print(f"\n{title}")
    print(lay_out(list(headers)))
    print("  " + "  ".join("-" * width for width in widths))
    for row in cells:
        print(lay_out(row), flush=True)


def print_figures(figures: Sequence[Figure]) -> None:
    """Two columns to the left: sentences."""
    name_width = max(len(figure.name) for figure in figures)
    bound_width = max(len(figure.bound) for figure in figures)
    for name, bound, seen in figures:
        print(f"  {name.ljust(name_width)}  {bound.ljust(bound_width)}  {seen}", flush=True)
