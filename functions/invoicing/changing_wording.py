"""Changing and showing a biller's own wording: checked, versioned, on record."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from invoicing import clock
from invoicing.errors import WordingChangedError, WordingError
from invoicing.occasions import Occasion, Tone
from invoicing.own_wording import (
    TEMPLATE_VARIANTS,
    Part,
    Problem,
    SmsFrame,
    Wording,
    find_problems,
    list_placeholders,
    list_required,
    parse_name,
)
from invoicing.payer_links import TOKEN_LENGTH
from invoicing.settings import get_settings
from invoicing.store import billers
from invoicing.texts import LANGUAGES, text
from invoicing.typed_text import clean_text


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be other than it was; None takes the biller's own choice back."""

    words: Mapping[str, str | None] = field(default_factory=dict)
    tones: Mapping[int, Tone | None] = field(default_factory=dict)
    templates: Mapping[str, str | None] = field(default_factory=dict)


def set_wording(biller_id: str, change: Change, *, by: str, version: int | None = None) -> Wording:
    """Store the change; its audit entry has what it changed, before and after.

    ``version``: the one that the change was made from. Raises BillerNotFoundError, WordingError with all problems, and
    WordingChangedError when somebody else was faster.
    """
    before = billers.load_biller(biller_id).wording
    if version is not None and version != before.version:
        raise WordingChangedError(str(before.version))
    after = apply_change(before, change)
    if (after.words, after.tones, after.templates) == (before.words, before.tones, before.templates):
        return before
    after = replace(after, version=before.version + 1, changed_at=clock.to_text(clock.now()), changed_by=by)
    if not billers.save_wording(biller_id, after, before):
        raise WordingChangedError(str(after.version))
    return after


def apply_change(wording: Wording, change: Change) -> Wording:
    """The wording with the change in it, version as it was. Raises WordingError with all problems."""
    cleaned = {name: clean_text(words) if words is not None else None for name, words in change.words.items()}
    problems = _check_words(cleaned) | _check_templates(change.templates)
    if problems:
        raise WordingError(problems)
    return replace(
        wording,
        words=_merge(wording.words, cleaned),
        tones=_merge(wording.tones, change.tones),
        templates={Occasion(name): variant for name, variant in _merge(wording.templates, change.templates).items()},
    )


def show_wording(wording: Wording) -> dict[str, Any]:
    """As a biller sees it, with all that it may write where."""
    return {
        "version": wording.version,
        "changed_at": wording.changed_at or None,
        "changed_by": wording.changed_by or None,
        "words": dict(wording.words),
        "tones": {str(offset): tone for offset, tone in wording.tones.items()},
        "templates": dict(wording.templates),
        "choices": {
            "parts": {
                part: {
                    occasion: {
                        "placeholders": sorted(list_placeholders(part, occasion)),
                        "required": sorted(list_required(part, occasion)),
                    }
                    for occasion in Occasion
                }
                for part in Part
            },
            "templates": {occasion: list(variants) for occasion, variants in TEMPLATE_VARIANTS.items()},
            "tones": list(Tone),
        },
    }


def describe_problem(problem: Problem) -> dict[str, str]:
    return {language: text(f"wordings.{problem.code}", language, detail=problem.detail) for language in LANGUAGES}


def read_sms_frame() -> SmsFrame:
    settings = get_settings()
    base = settings.payer_link_base.rstrip("/")
    digits = settings.va_company_code_digits + settings.va_customer_number_digits
    return SmsFrame(digits, len(base) + 1 + TOKEN_LENGTH if base else 0)


def _check_words(changed: Mapping[str, str | None]) -> dict[str, list[Problem]]:
    frame, problems = read_sms_frame(), {}
    for name, words in changed.items():
        parsed = parse_name(name)
        if parsed is None:
            problems[name] = [Problem("name_unknown", name)]
        elif words is not None:
            problems[name] = find_problems(parsed[0], parsed[1], words, frame)
    return {name: found for name, found in problems.items() if found}


def _check_templates(changed: Mapping[str, str | None]) -> dict[str, list[Problem]]:
    choices = {str(occasion): variants for occasion, variants in TEMPLATE_VARIANTS.items()}
    return {
        f"templates.{name}": [Problem("template_unknown", f"{name}: {variant}")]
        for name, variant in changed.items()
        if name not in choices or (variant is not None and variant not in choices[name])
    }


def _merge(kept: Mapping[Any, Any], changed: Mapping[Any, Any]) -> dict[Any, Any]:
    merged = {**kept, **changed}
    return {name: value for name, value in merged.items() if value is not None}
