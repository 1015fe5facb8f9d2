"""All words that users read: Indonesian first, English second, in one catalogue.

``texts/id/{area}.py`` and ``texts/en/{area}.py`` each hold ``TEXTS``, words by key. The full key
``uploads.empty_sheet.what`` is ``TEXTS["empty_sheet.what"]`` of area ``uploads``. Both languages have the same keys and
placeholders (tested).
"""

import re
from functools import lru_cache
from importlib import import_module
from typing import Any

LANGUAGES = ("id", "en")


@lru_cache
def _load_area(language: str, area: str) -> dict[str, str]:
    texts: dict[str, str] = import_module(f"invoicing.texts.{language}.{area}").TEXTS
    return texts


def text(key: str, language: str, **params: Any) -> str:
    """The words for ``key`` (``area.rest``) with ``{placeholders}`` filled. Raises KeyError for an unknown key."""
    area, _, rest = key.partition(".")
    return _load_area(language, area)[rest].format_map(params)


def has_text(key: str) -> bool:
    """Whether the catalogue has words for ``key``."""
    area, _, rest = key.partition(".")
    return rest in _load_area(LANGUAGES[0], area)


_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_FINDING_AREAS = ("uploads", "refusals", "outcomes")


def describe_finding(code: str, params: dict[str, Any]) -> dict[str, dict[str, str]]:
    """``{"what": {"id", "en"}, "mend": {"id", "en"}}`` of an issue or a refusal. Raises KeyError for unknown codes."""
    shown = {name: _show_param(value) for name, value in params.items()}
    for area in _FINDING_AREAS:
        if f"{code}.what" in _load_area(LANGUAGES[0], area):
            return {
                part: {language: text(f"{area}.{code}.{part}", language, **shown) for language in LANGUAGES}
                for part in ("what", "mend")
            }
    raise KeyError(code)


def _show_param(value: Any) -> Any:
    """Dates as they stand in the sheet: ``31/12/2026``."""
    if isinstance(value, str) and _ISO_DATE.fullmatch(value):
        year, month, day = value.split("-")
        return f"{day}/{month}/{year}"
    return value
