"""Templates -> pages: what every page has (navigation, language, forms' key), and what it is told besides."""

from collections import defaultdict
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from dashboard.problems import Problem, find_words
from dashboard.visits import Visit
from invoicing.billers import Module
from invoicing.roles import BANK_ROLES, Role
from invoicing.settings import get_settings
from invoicing.texts import LANGUAGES, has_text, text
from webpages.answers import answer_page
from webpages.assets import load_assets
from webpages.templates import load_templates

_FOLDER = Path(__file__).parent
STATIC = _FOLDER / "static"

_BILLER_PAGES = ("home", "uploads", "invoices", "status", "transactions", "reports", "settings", "help")
_BANK_PAGES = {
    "billers": BANK_ROLES,
    "changes": frozenset({Role.BANK_OFFICER}),
    "banks": frozenset({Role.BANK_OFFICER}),
    "support": BANK_ROLES,
    "health": frozenset({Role.BANK_OFFICER}),
    "help": BANK_ROLES,
}
"""Pages of the bank's people, and whom they are for."""
_WORDS = ("dashboard", "biller_pages", "dashboard_settings", "dashboard_bank", "dashboard_banks")
"""Areas of the catalogue that pages take their words from."""
_PATHS = {"home": ""}
"""Where a page's key is not its path."""


def show(
    visit: Visit, template: str, *, status: int = 200, posts_to: str = "", frames: bool = False, **view: Any
) -> dict[str, Any]:
    """The answer of a page. ``view`` is what its template needs beside what every page has."""
    return answer_page(status, render(visit, template, **view), posts_to=posts_to, frames=frames)


def render(visit: Visit, template: str, **view: Any) -> str:
    words = partial(say, visit)
    return (
        load_templates(_FOLDER / "templates")
        .get_template(template)
        .render(
            words=words,
            has_words=partial(_has_words, visit),
            visit=visit,
            root=visit.root,
            language=visit.language,
            languages=LANGUAGES,
            assets={plain: asset.name for plain, asset in load_assets(STATIC).items()},
            navigation=_list_navigation(visit),
            here=visit.path.split("/")[1] or "home",
            done=_find_done(visit),
            Role=Role,
            help_phone=get_settings().help_phone,
            is_school=visit.biller is not None and visit.biller.module is Module.PINTU_KELAS,
            **view,
        )
    )


def say(visit: Visit, key: str, **params: Any) -> str:
    """The words of a key, a school's own where it has any: students, guardians and fees instead of customers."""
    is_school = visit.biller is not None and visit.biller.module is Module.PINTU_KELAS
    for area in ("school", *_WORDS) if is_school else _WORDS:
        if has_text(f"{area}.{key}"):
            return text(f"{area}.{key}", visit.language, **params)
    raise KeyError(key)


def leave_blank(record: Any) -> Any:
    """A record of which members may be absent, for a template that shows those as nothing."""
    if isinstance(record, Mapping):
        return defaultdict(str, {name: leave_blank(value) for name, value in record.items()})
    return [leave_blank(value) for value in record] if isinstance(record, list) else record


def render_message(visit: Visit, key: str) -> str:
    title, words = say(visit, f"message.{key}.title"), say(visit, f"message.{key}.text")
    return render(visit, "message.html.j2", title=title, message=words)


def render_problem(visit: Visit, problem: Problem) -> str:
    title = say(visit, "message.refused.title")
    return render(visit, "message.html.j2", title=title, message=find_words(problem, visit.language))


def _list_navigation(visit: Visit) -> list[Mapping[str, str]]:
    if visit.user is None:
        return []
    keys: tuple[str, ...] = _BILLER_PAGES
    if visit.biller is None:
        keys = tuple(key for key, roles in _BANK_PAGES.items() if visit.user.roles & roles)
    return [{"key": key, "path": _PATHS.get(key, key)} for key in keys]


def _find_done(visit: Visit) -> str:
    """What the step before this page has done, by a key that stands in the address."""
    key = f"done.{visit.query.get('done', '')}"
    return say(visit, key) if _has_words(visit, key) else ""


def _has_words(visit: Visit, key: str) -> bool:
    try:
        say(visit, key)
    except KeyError:
        return False
    return True
