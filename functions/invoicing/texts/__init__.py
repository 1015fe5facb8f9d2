"""All words that users read: Indonesian first, English second, in one catalogue.

``texts/id/{area}.py`` and ``texts/en/{area}.py`` each hold ``TEXTS: dict[str, str]``; the key
``uploads.empty_sheet.what`` is ``TEXTS["empty_sheet.what"]`` of area ``uploads``. Both languages have the same keys and placeholders (tested).
"""

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
