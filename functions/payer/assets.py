"""Stylesheet and script of the payer's page, named by their hash so that browsers may keep them for good."""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

_FOLDER = Path(__file__).parent / "static"
_TYPES = {".css": "text/css", ".js": "text/javascript"}


@dataclass(frozen=True, slots=True)
class Asset:
    name: str
    """``payer-1a2b3c4d.css``"""
    text: str
    content_type: str


@lru_cache(maxsize=1)
def load_assets() -> dict[str, Asset]:
    """By plain file name, ``payer.css``."""
    assets = {}
    for path in sorted(_FOLDER.iterdir()):
        text = path.read_text()
        name = f"{path.stem}-{hashlib.sha256(text.encode()).hexdigest()[:8]}{path.suffix}"
        assets[path.name] = Asset(name, text, _TYPES[path.suffix])
    return assets


def find_asset(name: str) -> Asset | None:
    return next((asset for asset in load_assets().values() if asset.name == name), None)
