"""What a biller chooses for itself: channels and their order, language, hours and reminders; and what takes two."""

import re
from typing import Any

from dashboard.acting import act, read_choice, read_reason, refuse
from dashboard.areas import LOOK, Area
from dashboard.rendering import say, show
from dashboard.visits import Visit
from invoicing import two_people
from invoicing.biller_settings import BillerSettings, change_settings, read_settings
from invoicing.billers import OnErrors, OutsidePayments, ReleaseMode
from invoicing.changes import BANK_KINDS, ChangeKind
from invoicing.errors import ChangeNotFoundError, ChangeValueError, InvoicingError
from invoicing.notice_policy import FallbackLadder, NoticePolicy, Zone
from invoicing.notices import PAYER_CHANNELS, Channel
from invoicing.roles import Role
from invoicing.store import changes as change_store
from invoicing.texts import LANGUAGES
from webpages.answers import answer_redirect

area = Area()

_ADMIN = {Role.BILLER_ADMIN}
_DECIDE = {Role.BILLER_ADMIN, Role.CHECKER}
_PAGE_SIZE = 30
_STEPS = range(1, len(PAYER_CHANNELS) + 1)
"""Of the ladder of channels."""
_OFFSETS = re.compile(r"\s*[+-]?\d{1,2}\s*(?:,\s*[+-]?\d{1,2}\s*)*", re.ASCII)


@area.get("/settings", LOOK)
def show_settings(visit: Visit) -> dict[str, Any]:
    return show(visit, "settings.html.j2", settings=read_settings(visit.own_biller))


@area.get("/settings/notices", _ADMIN)
def show_notice_settings(visit: Visit) -> dict[str, Any]:
    return _show_form(visit, "", 200)


@area.post("/settings/notices", _ADMIN)
def save_notice_settings(visit: Visit) -> dict[str, Any]:
    def save() -> None:
        version = visit.read("version", 9)
        seen = int(version) if version.isdecimal() else -1
        change_settings(visit.own_biller, _read_settings(visit), version=seen, by=visit.user_id)

    return act(visit, save, "settings?done=saved", _show_form)


@area.get("/settings/changes", _DECIDE)
def list_changes(visit: Visit) -> dict[str, Any]:
    return _show_changes(visit, "", 200)


@area.post("/settings/changes", _ADMIN)
def propose_one_person(visit: Visit) -> dict[str, Any]:
    def propose() -> None:
        kind = read_choice(visit, "kind", ChangeKind)
        if kind not in two_people.ONE_PERSON:
            raise ChangeValueError(kind)
        reason = read_reason(visit)
        value = two_people.ONE_PERSON[kind]
        two_people.propose_biller_change(visit.own_biller, kind, value, reason=reason, by=visit.user_id)

    return act(visit, propose, "settings/changes?done=proposed", _show_changes)


@area.post("/settings/changes/{change_id}", _DECIDE)
def decide_change(visit: Visit) -> dict[str, Any]:
    change_id, approves = visit.parameters["change_id"], visit.read("do") == "approve"
    try:
        # The bank's kinds of change are decided by its officers.
        if change_store.load_change(visit.biller_id, change_id).kind in BANK_KINDS:
            raise ChangeNotFoundError(change_id)
        decide = two_people.approve_change if approves else two_people.reject_change
        decide(visit.biller_id, change_id, by=visit.user_id)
    except InvoicingError as error:
        return refuse(visit, error, _show_changes)
    return answer_redirect(f"{visit.root}settings/changes?done={'approved' if approves else 'turned_down'}")


def _show_form(visit: Visit, problem: str, status: int) -> dict[str, Any]:
    settings = read_settings(visit.own_biller)
    places = {channel: str(place) for place, channel in enumerate(settings.channels, start=1)}
    given = {
        **{f"channel-{channel}": places.get(channel, "") for channel in PAYER_CHANNELS},
        "language": settings.language,
        "zone": settings.policy.zone,
        "quiet_from": settings.policy.quiet_from,
        "quiet_until": settings.policy.quiet_until,
        "on_weekends": "yes" if settings.policy.on_weekends else "",
        "on_holidays": "yes" if settings.policy.on_holidays else "",
        "reminder_offsets": ", ".join(map(str, settings.policy.reminder_offsets)),
        "on_errors": settings.on_errors,
        "release": settings.release,
        "outside_payments": settings.outside_payments,
        "help_contact": settings.help_contact,
        "fallback": "yes" if settings.policy.fallback.is_on else "",
        **_write_ladder(settings.policy.fallback),
        "version": str(visit.own_biller.version),
    }
    if problem:
        # What was typed stands there again.
        given = {name: visit.read(name) for name in given}
    return show(
        visit,
        "settings_notices.html.j2",
        status=status,
        problem=problem,
        given=given,
        channels=PAYER_CHANNELS,
        steps=_STEPS,
        zones=list(Zone),
        on_errors=list(OnErrors),
        releases=[ReleaseMode.BY_CHECKER]
        + ([ReleaseMode.AUTOMATIC] if settings.release is ReleaseMode.AUTOMATIC else []),
        outside_payments=[OutsidePayments.BY_TWO]
        + ([OutsidePayments.BY_ONE] if settings.outside_payments is OutsidePayments.BY_ONE else []),
    )


def _read_settings(visit: Visit) -> BillerSettings:
    """Raises ChangeValueError, NoticePolicyError."""
    offsets = visit.read("reminder_offsets")
    if offsets and not _OFFSETS.fullmatch(offsets):
        raise ChangeValueError(say(visit, "field.reminder_offsets"))
    contact = visit.read("help_contact", 100)
    if contact and not contact.isprintable():
        raise ChangeValueError(say(visit, "field.help_contact"))
    language = visit.read("language")
    if language not in LANGUAGES:
        raise ChangeValueError(say(visit, "field.language"))
    return BillerSettings(
        channels=_read_channels(visit),
        language=language,
        policy=NoticePolicy(
            zone=read_choice(visit, "zone", Zone),
            quiet_from=visit.read("quiet_from", 5),
            quiet_until=visit.read("quiet_until", 5),
            on_weekends=visit.read("on_weekends") == "yes",
            on_holidays=visit.read("on_holidays") == "yes",
            fallback=_read_ladder(visit),
            reminder_offsets=tuple(sorted({int(offset) for offset in offsets.split(",")})) if offsets else (),
        ),
        on_errors=read_choice(visit, "on_errors", OnErrors),
        release=read_choice(visit, "release", ReleaseMode),
        help_contact=contact,
        outside_payments=read_choice(visit, "outside_payments", OutsidePayments),
    )


def _read_channels(visit: Visit) -> list[Channel]:
    """In the order of the places that they were given. Raises ChangeValueError for a place given twice, or none."""
    places = {channel: visit.read(f"channel-{channel}") for channel in PAYER_CHANNELS}
    chosen = [channel for channel in PAYER_CHANNELS if places[channel]]
    taken = [places[channel] for channel in chosen]
    if not chosen or len(set(taken)) < len(taken):
        raise ChangeValueError(say(visit, "field.channels"))
    return sorted(chosen, key=lambda channel: places[channel])


def _read_ladder(visit: Visit) -> FallbackLadder:
    """Steps that are left empty are none. Raises ChangeValueError, NoticePolicyError."""
    steps = [number for number in _STEPS if visit.read(f"step-{number}")]
    order = tuple(read_choice(visit, f"step-{number}", Channel) for number in steps)
    waits = [visit.read(f"wait-{number}", 5) or "0" for number in steps[:-1]]
    if not all(wait.isdecimal() for wait in waits):
        raise ChangeValueError(say(visit, "settings.wait"))
    return FallbackLadder(visit.read("fallback") == "yes", order, tuple(map(int, waits)))


def _write_ladder(ladder: FallbackLadder) -> dict[str, str]:
    written = {f"{name}-{number}": "" for name in ("step", "wait") for number in _STEPS}
    written |= {f"step-{number}": str(channel) for number, channel in enumerate(ladder.order, start=1)}
    return written | {f"wait-{number}": str(wait) for number, wait in enumerate(ladder.minutes, start=1)}


def _show_changes(visit: Visit, problem: str, status: int) -> dict[str, Any]:
    after = visit.query.get("after")
    position = after if after and re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{26}", after) else None
    found, more = change_store.list_changes(visit.biller_id, position, _PAGE_SIZE)
    return show(
        visit,
        "settings_changes.html.j2",
        status=status,
        problem=problem,
        changes=found,
        more=more,
        bank_kinds=BANK_KINDS,
        proposable=_list_proposable(visit),
    )


def _list_proposable(visit: Visit) -> list[ChangeKind]:
    """What still takes a second person, for those who may ask that it need not."""
    settings = read_settings(visit.own_biller)
    now = {ChangeKind.RELEASE_MODE: settings.release, ChangeKind.OUTSIDE_PAYMENTS: settings.outside_payments}
    wanted = two_people.ONE_PERSON if visit.has_role(Role.BILLER_ADMIN) else {}
    return [kind for kind, value in wanted.items() if now[kind] != value]
