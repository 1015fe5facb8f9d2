"""How a page is added: an area's ``get`` and ``post`` register a function for a path, with the roles that may use it.

A page gets the ``Visit`` and answers with the forms of ``webpages.answers``. What it may touch is the visit's biller's:
no path, query or form names a tenant. ``roles`` None is a page for people who are not signed in.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from dashboard.visits import Visit
from invoicing.roles import Role

View = Callable[[Visit], dict[str, Any]]

LOOK = frozenset({Role.BILLER_ADMIN, Role.MAKER, Role.CHECKER, Role.VIEWER})
"""Everybody of a biller."""
CHANGE = LOOK - {Role.VIEWER}
"""Who changes and sends, as through the API; where a second person is needed, a checker is the second."""


@dataclass(frozen=True, slots=True)
class Page:
    method: str
    path: str
    """``/uploads/{upload_id}``"""
    roles: frozenset[Role] | None
    view: View
    pattern: re.Pattern[str]


class Area:
    """The pages of one part of the dashboard."""

    def __init__(self) -> None:
        self.pages: list[Page] = []

    def get(self, path: str, roles: Iterable[Role] | None) -> Callable[[View], View]:
        return self._add("GET", path, roles)

    def post(self, path: str, roles: Iterable[Role] | None) -> Callable[[View], View]:
        return self._add("POST", path, roles)

    def _add(self, method: str, path: str, roles: Iterable[Role] | None) -> Callable[[View], View]:
        pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[A-Za-z0-9._~-]{1,100})", path))

        def register(view: View) -> View:
            self.pages.append(Page(method, path, None if roles is None else frozenset(roles), view, pattern))
            return view

        return register
