"""A biller's own words in its notices, with what they will look like while they are typed."""

from typing import Any

from dashboard.acting import act, refuse
from dashboard.areas import Area
from dashboard.rendering import say, show
from dashboard.visits import Visit
from invoicing.changing_wording import Change, apply_change, describe_problem, set_wording
from invoicing.errors import ChangeValueError, InvoicingError, PreviewFailedError, WordingError
from invoicing.notice_previews import preview_notice
from invoicing.notices import NoticeKind
from invoicing.occasions import Occasion, Tone
from invoicing.own_wording import (
    MAX_LENGTH,
    TEMPLATE_VARIANTS,
    Part,
    Problem,
    list_placeholders,
    list_required,
    name_words,
)
from invoicing.roles import Role
from invoicing.texts import LANGUAGES
from webpages.answers import answer_redirect

area = Area()

_ADMIN = {Role.BILLER_ADMIN}
_OFFSETS = {"before": -3, "on": 0, "after": 3}
"""Days from the due date of the reminder that a preview shows."""


@area.get("/settings/wording", _ADMIN)
def show_wording(visit: Visit) -> dict[str, Any]:
    return _show(
        visit, _read_occasion(visit.query.get("occasion", "")), _read_language(visit.query.get("language", ""))
    )


@area.post("/settings/wording", _ADMIN)
def change_wording(visit: Visit) -> dict[str, Any]:
    """Save, or only show what it would look like; the page's script asks for the latter while somebody types."""
    occasion, language = _read_occasion(visit.read("occasion")), _read_language(visit.read("language"))
    change = _read_change(visit, occasion, language)
    version = visit.read("version", 9)
    try:
        if visit.read("do") != "save":
            apply_change(visit.own_biller.wording, change)
            return _show(visit, occasion, language, change)
        set_wording(visit.biller_id, change, by=visit.user_id, version=int(version) if version.isdecimal() else -1)
    except WordingError as error:
        return _show(visit, occasion, language, change, problems=error.problems)
    except InvoicingError as error:
        return refuse(visit, error, lambda _visit, words, _status: _show(visit, occasion, language, change, words))
    return answer_redirect(f"{visit.root}settings/wording?occasion={occasion}&language={language}&done=saved")


@area.post("/settings/tones", _ADMIN)
def change_tones(visit: Visit) -> dict[str, Any]:
    def change() -> None:
        tones: dict[int, Tone | None] = {}
        for offset in visit.own_biller.policy.reminder_offsets:
            given = visit.read(f"tone{offset}")
            if given and given not in list(Tone):
                raise ChangeValueError(say(visit, "wording.tones"))
            tones[offset] = Tone(given) if given else None
        set_wording(visit.biller_id, Change(tones=tones), by=visit.user_id)

    return act(
        visit,
        change,
        "settings/wording?done=saved",
        lambda _visit, words, _status: _show(visit, Occasion.ISSUED, LANGUAGES[0], problem=words),
    )


def _read_occasion(given: str) -> Occasion:
    return Occasion(given) if given in list(Occasion) else Occasion.ISSUED


def _read_language(given: str) -> str:
    return given if given in LANGUAGES else LANGUAGES[0]


def _read_change(visit: Visit, occasion: Occasion, language: str) -> Change:
    """What stands in the form; an empty field takes the biller's own words back."""
    words = {
        name_words(part, occasion, language): " ".join(visit.read(part, 1000).splitlines()) or None for part in Part
    }
    templates = {str(occasion): visit.read("template", 40) or None} if occasion in TEMPLATE_VARIANTS else {}
    return Change(words=words, templates=templates)


def _show(
    visit: Visit,
    occasion: Occasion,
    language: str,
    change: Change | None = None,
    problem: str = "",
    problems: Any = None,
) -> dict[str, Any]:
    wording = visit.own_biller.wording
    found = dict(problems or {})
    parts = []
    for part in Part:
        name = name_words(part, occasion, language)
        parts.append(
            {
                "part": part,
                "words": (change.words.get(name) if change else wording.words.get(name)) or "",
                "placeholders": sorted(list_placeholders(part, occasion)),
                "required": sorted(list_required(part, occasion)),
                "limit": MAX_LENGTH[part],
                "problems": [_explain(visit, given) for given in found.get(name, [])],
            }
        )
    template = (change.templates if change else wording.templates).get(occasion, "")
    preview, why_none = None, "wording.no_preview"
    try:
        if not (problem or found):
            preview = _preview(visit, occasion, language, change)
    except PreviewFailedError:
        # Words can be changed without it.
        why_none = "wording.preview_failed"
    return show(
        visit,
        "wording.html.j2",
        status=422 if problem or found else 200,
        problem=problem,
        occasion=occasion,
        occasions=list(Occasion),
        chosen_language=language,
        parts=parts,
        variant=template,
        variants=TEMPLATE_VARIANTS.get(occasion, ()),
        version=wording.version,
        preview=preview,
        why_no_preview=say(visit, why_none),
        offsets=visit.own_biller.policy.reminder_offsets,
        tones=wording.tones,
        all_tones=list(Tone),
    )


def _explain(visit: Visit, problem: Problem) -> str:
    return describe_problem(problem)[visit.language]


def _preview(visit: Visit, occasion: Occasion, language: str, change: Change | None) -> dict[str, Any] | None:
    """None for a bill that replaces another: no sample does."""
    if occasion is Occasion.REISSUED:
        return None
    members: dict[str, Any] = {"language": language}
    given = change or Change()
    wanted: dict[str, Any] = {"words": dict(given.words), "templates": dict(given.templates), "tones": {}}
    if occasion.startswith("reminder_"):
        _, day, tone = occasion.split("_")
        members |= {"kind": NoticeKind.REMINDER, "offset": _OFFSETS[day]}
        wanted["tones"] = {str(_OFFSETS[day]): tone}
    else:
        members["kind"] = NoticeKind(occasion)
    return preview_notice(visit.biller_id, visit.user_id, change=wanted, **members)
