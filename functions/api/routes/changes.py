"""Changes that take two people: proposed by one, approved or rejected by another."""

from enum import StrEnum
from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Body, Path, Query
from pydantic import Field

from api import shapes
from api.areas import Area
from api.requests import BillerId, Line, Reason, Request, Ulid, build_page
from invoicing import two_people
from invoicing.changes import BANK_KINDS, Change, ChangeKind
from invoicing.errors import ChangeNotFoundError
from invoicing.roles import Role
from invoicing.store import changes as store
from invoicing.store.billers import load_biller

area = Area("changes")

_OFFICER = {Role.BANK_OFFICER}
_PAGE_SIZE = 50
ChangeId = Annotated[str, Path(pattern=Ulid)]
# A change of the bank's own users stands under ``bank`` in the place of a biller.
Cursor = Annotated[str | None, Query(pattern=r"^[a-z0-9][a-z0-9-]{2,39}~[0-9A-HJKMNP-TV-Z]{26}$")]


class BillerValue(StrEnum):
    GIRO_ACCOUNT = ChangeKind.GIRO_ACCOUNT
    COMPANY_CODE = ChangeKind.COMPANY_CODE


class BankRole(StrEnum):
    BANK_OFFICER = Role.BANK_OFFICER
    BANK_SUPPORT = Role.BANK_SUPPORT


class ProposeChange(Request):
    kind: BillerValue
    value: str = Field(pattern=r"^[0-9]{3,16}$")
    reason: Reason


class ProposeBankUser(Request):
    email: str = Field(min_length=3, max_length=254)
    name: Line
    roles: list[BankRole] = Field(min_length=1, max_length=2)
    reason: Reason


class ProposeAdmin(Request):
    email: str = Field(min_length=3, max_length=254)
    name: Line
    reason: Reason


class ProposeOnePerson(Request):
    reason: Reason


@area.post("/v1/billers/<biller_id>/changes", _OFFICER, answers=shapes.Change, status=HTTPStatus.CREATED)
def propose_change(biller_id: BillerId, request: Annotated[ProposeChange, Body()]) -> dict[str, Any]:
    """Propose another giro account or company code of a biller; another officer decides."""
    change = two_people.propose_biller_change(
        load_biller(biller_id),
        ChangeKind(request.kind),
        request.value,
        reason=request.reason,
        by=area.caller.user_id,
    )
    return _show(change)


@area.post("/v1/billers/<biller_id>/admins", _OFFICER, answers=shapes.Change, status=HTTPStatus.CREATED)
def propose_biller_admin(biller_id: BillerId, request: Annotated[ProposeAdmin, Body()]) -> dict[str, Any]:
    """Propose a new admin for a biller whose own admins are gone; another officer decides."""
    change = two_people.propose_biller_admin(
        load_biller(biller_id),
        email=request.email,
        name=request.name,
        reason=request.reason,
        by=area.caller.user_id,
    )
    return _show(change)


@area.post("/v1/bank/users", _OFFICER, answers=shapes.Change, status=HTTPStatus.CREATED)
def propose_bank_user(request: Annotated[ProposeBankUser, Body()]) -> dict[str, Any]:
    """Propose a new user of the bank; another officer decides, and the invitation goes out then."""
    change = two_people.propose_bank_user(
        email=request.email,
        name=request.name,
        roles=[Role(role) for role in request.roles],
        reason=request.reason,
        by=area.caller.user_id,
    )
    return _show(change)


@area.get("/v1/bank/changes", _OFFICER, answers=shapes.ChangePage)
def list_undecided_changes(cursor: Cursor = None) -> dict[str, Any]:
    """What waits for the decision of an officer, oldest first."""
    after = None
    if cursor:
        owner, _, change_id = cursor.partition("~")
        after = (owner, change_id)
    found, more = store.list_undecided(after, _PAGE_SIZE)
    shown = [_show(change) for change in found if change.kind in BANK_KINDS]
    return build_page("changes", shown, f"{found[-1].owner}~{more}" if more else None)


@area.post("/v1/billers/<biller_id>/changes/<change_id>/approve", _OFFICER, answers=shapes.Change)
def approve_biller_change(biller_id: BillerId, change_id: ChangeId) -> dict[str, Any]:
    """Carry out what another officer proposed; ``bank`` in the place of a biller for users of the bank."""
    _check_kind(biller_id, change_id, of_bank=True)
    return _show(two_people.approve_change(biller_id, change_id, by=area.caller.user_id))


@area.post("/v1/billers/<biller_id>/changes/<change_id>/reject", _OFFICER, answers=shapes.Change)
def reject_biller_change(biller_id: BillerId, change_id: ChangeId) -> dict[str, Any]:
    """Turn down what another officer proposed."""
    _check_kind(biller_id, change_id, of_bank=True)
    return _show(two_people.reject_change(biller_id, change_id, by=area.caller.user_id))


@area.post("/v1/settings/automatic-release", {Role.BILLER_ADMIN}, answers=shapes.Change, status=HTTPStatus.CREATED)
def propose_automatic_release(request: Annotated[ProposeOnePerson, Body()]) -> dict[str, Any]:
    """Propose that uploads without warnings are released without a checker; another person of the biller decides."""
    return _propose_one_person(ChangeKind.RELEASE_MODE, request.reason)


@area.post(
    "/v1/settings/outside-payments-by-one", {Role.BILLER_ADMIN}, answers=shapes.Change, status=HTTPStatus.CREATED
)
def propose_outside_payments_by_one(request: Annotated[ProposeOnePerson, Body()]) -> dict[str, Any]:
    """Propose that one person may post a payment made outside the VA; another person of the biller decides."""
    return _propose_one_person(ChangeKind.OUTSIDE_PAYMENTS, request.reason)


def _propose_one_person(kind: ChangeKind, reason: str) -> dict[str, Any]:
    biller, value = area.caller.own_biller, two_people.ONE_PERSON[kind]
    return _show(two_people.propose_biller_change(biller, kind, value, reason=reason, by=area.caller.user_id))


@area.get("/v1/changes", {Role.BILLER_ADMIN, Role.CHECKER}, answers=shapes.ChangePage)
def list_changes(cursor: Annotated[str | None, Query(pattern=Ulid)] = None) -> dict[str, Any]:
    """The biller's changes that take two people, decided ones too, newest first."""
    found, more = store.list_changes(area.caller.biller_id, cursor, _PAGE_SIZE)
    return build_page("changes", [_show(change) for change in found], more)


@area.post("/v1/changes/<change_id>/approve", {Role.BILLER_ADMIN, Role.CHECKER}, answers=shapes.Change)
def approve_change(change_id: ChangeId) -> dict[str, Any]:
    """Carry out what another person of the biller proposed."""
    _check_kind(area.caller.biller_id, change_id, of_bank=False)
    return _show(two_people.approve_change(area.caller.biller_id, change_id, by=area.caller.user_id))


@area.post("/v1/changes/<change_id>/reject", {Role.BILLER_ADMIN, Role.CHECKER}, answers=shapes.Change)
def reject_change(change_id: ChangeId) -> dict[str, Any]:
    """Turn down what another person of the biller proposed."""
    _check_kind(area.caller.biller_id, change_id, of_bank=False)
    return _show(two_people.reject_change(area.caller.biller_id, change_id, by=area.caller.user_id))


def _check_kind(owner: str, change_id: str, *, of_bank: bool) -> None:
    """The bank decides on its kinds of change, the biller on its own. Raises ChangeNotFoundError."""
    if (store.load_change(owner, change_id).kind in BANK_KINDS) != of_bank:
        raise ChangeNotFoundError(change_id)


def _show(change: Change) -> dict[str, Any]:
    shown = {
        "change_id": change.change_id,
        "owner": change.owner,
        "kind": change.kind,
        "before": change.before,
        "after": change.after,
        "reason": change.reason,
        "state": change.state,
        "proposed_by": change.proposed_by,
        "proposed_at": change.proposed_at,
        "decided_by": change.decided_by,
        "decided_at": change.decided_at,
    }
    return {name: value for name, value in shown.items() if value is not None}
