"""Jinja templates of pages: everything escaped, nothing undefined passes for empty."""

import json
from datetime import date
from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from invoicing import clock, wording
from invoicing.money import format_rupiah


@lru_cache
def load_templates(folder: Path) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters |= {
        "rupiah": format_rupiah,
        "group": _group,
        "instant": _show_instant,
        "moment": _show_moment,
        "day": _show_day,
        "period": wording.format_period,
        "in_groups": wording.group_va_number,
        "members": json.loads,
    }
    return environment


def _group(number: int) -> str:
    """``12.345``, as Indonesian spelling rules write it, the same in both languages."""
    return f"{number:,}".replace(",", ".")


def _show_instant(instant: str, language: str) -> str:
    return wording.format_instant(clock.from_text(instant), language)


def _show_moment(instant: str, language: str) -> str:
    """As ``_show_instant``, short enough for a table."""
    return wording.format_short_instant(clock.from_text(instant), language)


def _show_day(day: str, language: str) -> str:
    return wording.format_short_date(date.fromisoformat(day), language)
