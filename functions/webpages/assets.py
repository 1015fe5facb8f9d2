"""Stylesheets and scripts, named by their hash so that browsers may keep them for good."""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

_TYPES = {".css": "text/css", ".js": "text/javascript"}


@dataclass(frozen=True, slots=True)
class Asset:
    name: str
    """``payer-1a2b3c4d.css``"""
    text: str
    content_type: str


@lru_cache
def load_assets(folder: Path) -> dict[str, Asset]:
    """The folder's files by plain name, ``payer.css``."""
    assets = {}
    for path in sorted(folder.iterdir()):
        text = path.read_text()
        name = f"{path.stem}-{hashlib.sha256(text.encode()).hexdigest()[:8]}{path.suffix}"
        assets[path.name] = Asset(name, text, _TYPES[path.suffix])
    return assets


def find_asset(folder: Path, name: str) -> Asset | None:
    return next((asset for asset in load_assets(folder).values() if asset.name == name), None)
