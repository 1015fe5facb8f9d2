"""Which settings a handler can ask for: followed through the source from its entry function, call by call.

Coarse on purpose: every name that a reachable function mentions counts as used by it.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "functions"

Symbol = tuple[str, str]
"""Module and name of something at its top level; the name "" is the module's own code, run at import."""


@dataclass
class _Module:
    definitions: dict[str, ast.AST] = field(default_factory=dict)
    own_code: list[ast.AST] = field(default_factory=list)
    imports: dict[str, Symbol] = field(default_factory=dict)
    """Local name -> what it stands for; the name "" stands for the whole module."""


def find_settings(handler: str, known: set[str]) -> set[str]:
    """The members of ``known`` (attributes of Settings) that ``package.module.function`` can reach."""
    module, _, function = handler.rpartition(".")
    waiting, seen, found = [(module, ""), (module, function)], set[Symbol](), set[str]()
    while waiting:
        symbol = waiting.pop()
        if symbol in seen:
            continue
        seen.add(symbol)
        for node in _list_nodes(symbol):
            for part in ast.walk(node):
                if isinstance(part, ast.Attribute) and part.attr in known and _is_settings(part.value):
                    found.add(part.attr)
                waiting += _follow(symbol[0], part)
    return found


def _is_settings(node: ast.expr) -> bool:
    """``settings`` or ``get_settings()``, the two ways in which the code names them."""
    if isinstance(node, ast.Call):
        node = node.func
    return isinstance(node, ast.Name) and node.id in ("settings", "get_settings")


def _list_nodes(symbol: Symbol) -> list[ast.AST]:
    module, name = symbol
    parsed = _parse(module)
    if not name:
        return parsed.own_code
    return [parsed.definitions[name]] if name in parsed.definitions else []


def _follow(module: str, node: ast.AST) -> Iterator[Symbol]:
    parsed = _parse(module)
    if isinstance(node, ast.Name):
        if node.id in parsed.definitions:
            yield module, node.id
        elif node.id in parsed.imports:
            yield from _enter(*parsed.imports[node.id])
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        target, name = parsed.imports.get(node.value.id, ("", "?"))
        if name == "":
            yield from _enter(target, node.attr)


def _enter(module: str, name: str) -> Iterator[Symbol]:
    """A symbol of another module, and with it that module's own code."""
    yield module, ""
    yield module, name


@cache
def _parse(module: str) -> _Module:
    parsed = _Module()
    path = _find_file(module)
    if path is None:
        return parsed
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef) and any(map(_is_route, node.decorator_list)):
            # Registered at import: it needs nobody who mentions it.
            parsed.own_code.append(node)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            parsed.definitions[node.name] = node
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                is_module = _find_file(f"{node.module}.{alias.name}") is not None
                symbol = (f"{node.module}.{alias.name}", "") if is_module else (node.module, alias.name)
                parsed.imports[alias.asname or alias.name] = symbol
        else:
            parsed.own_code.append(node)
    return parsed


def _is_route(decorator: ast.expr) -> bool:
    """``@area.get(...)`` and its likes."""
    if not isinstance(decorator, ast.Call) or not isinstance(decorator.func, ast.Attribute):
        return False
    return isinstance(decorator.func.value, ast.Name) and decorator.func.value.id == "area"


def _find_file(module: str) -> Path | None:
    stem = SOURCE.joinpath(*module.split("."))
    for path in (stem.with_suffix(".py"), stem / "__init__.py"):
        if path.is_file():
            return path
    return None
