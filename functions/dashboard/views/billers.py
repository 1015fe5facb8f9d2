"""Billers, for officers of the bank: register, approve, suspend, resume; and changes that take a second officer."""

import re
from typing import Any

from dashboard.acting import act, read_choice, read_line, read_reason, refuse
from dashboard.areas import Area
from dashboard.rendering import say, show
from dashboard.visits import Visit
from invoicing import clock, onboarding, two_people
from invoicing.billers import Biller, BillerState, Contact, Module, Registration
from invoicing.changes import BANK_KINDS, ChangeKind
from invoicing.errors import ChangeNotFoundError, ChangeValueError, InvoicingError
from invoicing.notice_policy import NoticePolicy, Zone
from invoicing.notices import PAYER_CHANNELS, Channel
from invoicing.roles import BANK_ROLES, Role
from invoicing.store import billers as store
from invoicing.store import changes as change_store
from webpages.answers import answer_redirect

area = Area()

_OFFICER = {Role.BANK_OFFICER}
_PAGE_SIZE = 50
_BILLER_ID = re.compile(r"[a-z0-9][a-z0-9-]{2,39}")
_DIGITS = re.compile(r"[0-9]{3,16}")
_CURSOR = re.compile(r"([a-z0-9][a-z0-9-]{2,39})~([0-9A-HJKMNP-TV-Z]{26})")


@area.get("/billers", BANK_ROLES)
def list_billers(visit: Visit) -> dict[str, Any]:
    asked = visit.query.get("state", "")
    state = BillerState(asked) if asked in list(BillerState) else BillerState.ACTIVE
    after = visit.query.get("after", "")
    found, more = store.list_billers(state, after if _BILLER_ID.fullmatch(after) else None, _PAGE_SIZE)
    return show(visit, "billers.html.j2", billers=found, more=more, state=state, states=list(BillerState))


@area.get("/billers/new", _OFFICER)
def show_new_biller(visit: Visit) -> dict[str, Any]:
    return _show_form(visit, "", 200)


@area.post("/billers/new", _OFFICER)
def register_biller(visit: Visit) -> dict[str, Any]:
    def register() -> None:
        biller_id = visit.read("biller_id", 40)
        if not _BILLER_ID.fullmatch(biller_id):
            raise ChangeValueError(say(visit, "field.biller_id"))
        onboarding.register_biller(*_read_biller(visit, biller_id))

    return act(visit, register, "billers?state=registered&done=registered", _show_form)


@area.get("/billers/{biller_id}", _OFFICER)
def show_biller(visit: Visit) -> dict[str, Any]:
    return _show_biller(visit, "", 200)


@area.post("/billers/{biller_id}/state", _OFFICER)
def change_state(visit: Visit) -> dict[str, Any]:
    biller_id, by = visit.parameters["biller_id"], visit.user_id
    step = visit.read("do")
    try:
        match step:
            case "approve":
                onboarding.approve_biller(biller_id, by=by)
            case "suspend":
                onboarding.suspend_biller(biller_id, reason=read_reason(visit), by=by)
            case "resume":
                onboarding.resume_biller(biller_id, reason=read_reason(visit), by=by)
            case _:
                raise ChangeValueError(say(visit, "field.do"))
    except InvoicingError as error:
        return refuse(visit, error, _show_biller)
    return answer_redirect(f"{visit.root}billers/{biller_id}?done=biller_{step}")


@area.post("/billers/{biller_id}/changes", _OFFICER)
def propose_change(visit: Visit) -> dict[str, Any]:
    """Another giro account or company code, or an admin for a biller that has none left."""

    def propose() -> None:
        biller = store.load_biller(visit.parameters["biller_id"])
        kind = read_choice(visit, "kind", ChangeKind)
        reason, by = read_reason(visit), visit.user_id
        if kind is ChangeKind.BILLER_ADMIN:
            email, name = read_line(visit, "email", 254), read_line(visit, "name")
            two_people.propose_biller_admin(biller, email=email, name=name, reason=reason, by=by)
        elif kind in BANK_KINDS and _DIGITS.fullmatch(visit.read("value", 16)):
            two_people.propose_biller_change(biller, kind, visit.read("value", 16), reason=reason, by=by)
        else:
            raise ChangeValueError(say(visit, "field.value"))

    return act(visit, propose, "changes?done=proposed", _show_biller)


@area.get("/changes", _OFFICER)
def list_changes(visit: Visit) -> dict[str, Any]:
    return _show_changes(visit, "", 200)


@area.post("/changes/users", _OFFICER)
def propose_bank_user(visit: Visit) -> dict[str, Any]:
    def propose() -> None:
        two_people.propose_bank_user(
            email=read_line(visit, "email", 254),
            name=read_line(visit, "name"),
            roles=[role for role in Role if role in visit.read_all("roles")],
            reason=read_reason(visit),
            by=visit.user_id,
        )

    return act(visit, propose, "changes?done=proposed", _show_changes)


@area.post("/changes/{owner}/{change_id}", _OFFICER)
def decide_change(visit: Visit) -> dict[str, Any]:
    owner, change_id = visit.parameters["owner"], visit.parameters["change_id"]
    approves = visit.read("do") == "approve"
    try:
        # What is the biller's own to decide no officer decides.
        if change_store.load_change(owner, change_id).kind not in BANK_KINDS:
            raise ChangeNotFoundError(change_id)
        decide = two_people.approve_change if approves else two_people.reject_change
        decide(owner, change_id, by=visit.user_id)
    except InvoicingError as error:
        return refuse(visit, error, _show_changes)
    return answer_redirect(f"{visit.root}changes?done={'approved' if approves else 'turned_down'}")


def _read_biller(visit: Visit, biller_id: str) -> tuple[Biller, Registration]:
    """Raises ChangeValueError."""
    code = visit.read("company_code", 8)
    if not _DIGITS.fullmatch(code):
        raise ChangeValueError(say(visit, "field.company_code"))
    channels = [channel for channel in PAYER_CHANNELS if channel in visit.read_all("channels")]
    biller = Biller(
        biller_id=biller_id,
        name=read_line(visit, "name"),
        module=read_choice(visit, "module", Module),
        state=BillerState.REGISTERED,
        company_code=code,
        giro_account=visit.read("giro_account", 16),
        channels=tuple(channels) or (Channel.EMAIL,),
        policy=NoticePolicy(zone=read_choice(visit, "zone", Zone)),
    )
    contact = Contact(
        read_line(visit, "contact_name"), read_line(visit, "contact_email", 254), read_line(visit, "contact_phone", 20)
    )
    registration = Registration(read_line(visit, "legal_name"), contact, visit.user_id, clock.to_text(clock.now()))
    return biller, registration


def _show_form(visit: Visit, problem: str, status: int) -> dict[str, Any]:
    return show(
        visit,
        "biller_new.html.j2",
        status=status,
        problem=problem,
        modules=list(Module),
        zones=list(Zone),
        channels=PAYER_CHANNELS,
    )


def _show_biller(visit: Visit, problem: str, status: int) -> dict[str, Any]:
    biller = store.load_biller(visit.parameters["biller_id"])
    registration = biller.registration
    return show(
        visit,
        "biller.html.j2",
        status=status,
        problem=problem,
        biller=biller,
        registration=registration,
        is_own=registration is not None and registration.registered_by == visit.user_id,
    )


def _show_changes(visit: Visit, problem: str, status: int) -> dict[str, Any]:
    cursor = _CURSOR.fullmatch(visit.query.get("after", ""))
    found, more = change_store.list_undecided((cursor[1], cursor[2]) if cursor else None, _PAGE_SIZE)
    return show(
        visit,
        "bank_changes.html.j2",
        status=status,
        problem=problem,
        changes=[change for change in found if change.kind in BANK_KINDS],
        more=f"{found[-1].owner}~{more}" if more else None,
        roles=[role for role in Role if role in BANK_ROLES],
    )
