"""Billers, for officers of the bank: register, approve, suspend, resume, look at."""

from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Body, Query
from pydantic import Field

from api import shapes
from api.areas import Area
from api.replays import IdempotencyKey, run_once
from api.requests import BillerId, Line, PayerChannel, Reason, Request, build_page
from invoicing import clock, onboarding
from invoicing.billers import Biller, BillerState, Contact, Module, Registration
from invoicing.notice_policy import NoticePolicy, Zone
from invoicing.notices import Channel
from invoicing.roles import Role
from invoicing.store import billers as store

area = Area("billers")

_OFFICER = {Role.BANK_OFFICER}
_PAGE_SIZE = 50


class NewContact(Request):
    """The biller's person for the bank; becomes its first user."""

    name: Line
    email: str = Field(min_length=3, max_length=254)
    phone: str = Field(min_length=8, max_length=20)


class Particulars(Request):
    module: Module
    name: Line = Field(description="as payers know it")
    legal_name: Line
    giro_account: str = Field(pattern=r"^[0-9]{8,16}$")
    company_code: str = Field(pattern=r"^[0-9]{3,8}$", description="first digits of its VA numbers")
    contact: NewContact
    channels: list[PayerChannel] = Field(default_factory=lambda: [PayerChannel.EMAIL], min_length=1, max_length=3)
    zone: Zone = Zone.WIB
    language: str = Field(default="id", pattern=r"^(id|en)$")
    help_contact: str = Field(default="", max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")


class NewBiller(Particulars):
    biller_id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{2,39}$", description="short name, for ever")


class Why(Request):
    reason: Reason


@area.post("/v1/billers", _OFFICER, answers=shapes.Biller, status=HTTPStatus.CREATED)
def register_biller(request: Annotated[NewBiller, Body()], key: IdempotencyKey = None) -> dict[str, Any]:
    """Register a biller. It can do nothing until another officer approves it."""
    biller, registration = _read(request.biller_id, request)

    def register() -> dict[str, Any]:
        return show_biller(onboarding.register_biller(biller, registration))

    return run_once(area, "register_biller", key, request.model_dump(mode="json"), register)


@area.get("/v1/billers", _OFFICER | {Role.BANK_SUPPORT}, answers=shapes.BillerPage)
def list_billers(
    state: Annotated[BillerState, Query()] = BillerState.ACTIVE,
    cursor: Annotated[str | None, Query(pattern=r"^[a-z0-9][a-z0-9-]{2,39}$")] = None,
) -> dict[str, Any]:
    """Billers in one state, by short name, a page at a time; without their contacts."""
    found, more = store.list_billers(state, cursor, _PAGE_SIZE)
    return build_page("billers", [_hide_contact(show_biller(biller)) for biller in found], more)


@area.get("/v1/billers/<biller_id>", _OFFICER, answers=shapes.Biller)
def describe_biller(biller_id: BillerId) -> dict[str, Any]:
    """A biller with its registration."""
    return show_biller(store.load_biller(biller_id))


@area.put("/v1/billers/<biller_id>", _OFFICER, answers=shapes.Biller)
def correct_biller(biller_id: BillerId, request: Annotated[Particulars, Body()]) -> dict[str, Any]:
    """Correct a biller that waits for approval; whoever corrected it cannot approve it.

    Product and company code stay; a wrong code is changed by two officers after the approval.
    """
    return show_biller(onboarding.correct_biller(*_read(biller_id, request)))


@area.post("/v1/billers/<biller_id>/approve", _OFFICER, answers=shapes.Biller)
def approve_biller(biller_id: BillerId) -> dict[str, Any]:
    """Let a registered biller begin; by another officer than registered it. Its contact gets the activation e-mail."""
    return show_biller(onboarding.approve_biller(biller_id, by=area.caller.user_id))


@area.post("/v1/billers/<biller_id>/invite", _OFFICER, answers=shapes.Biller)
def invite_contact_again(biller_id: BillerId) -> dict[str, Any]:
    """Send the activation e-mail again, with a new temporary password, while its contact has not signed in."""
    return show_biller(onboarding.invite_contact_again(biller_id, by=area.caller.user_id))


@area.post("/v1/billers/<biller_id>/suspend", _OFFICER, answers=shapes.Biller)
def suspend_biller(biller_id: BillerId, request: Annotated[Why, Body()]) -> dict[str, Any]:
    """Stop an active biller: nothing is uploaded, released or sent for it; its users can look only."""
    return show_biller(onboarding.suspend_biller(biller_id, reason=request.reason, by=area.caller.user_id))


@area.post("/v1/billers/<biller_id>/resume", _OFFICER, answers=shapes.Biller)
def resume_biller(biller_id: BillerId, request: Annotated[Why, Body()]) -> dict[str, Any]:
    """Let a suspended biller go on; what waited is sent."""
    return show_biller(onboarding.resume_biller(biller_id, reason=request.reason, by=area.caller.user_id))


def _read(biller_id: str, request: Particulars) -> tuple[Biller, Registration]:
    biller = Biller(
        biller_id=biller_id,
        name=request.name,
        module=request.module,
        state=BillerState.REGISTERED,
        company_code=request.company_code,
        giro_account=request.giro_account,
        channels=tuple(dict.fromkeys(map(Channel, request.channels))),
        language=request.language,
        policy=NoticePolicy(zone=request.zone),
        help_contact=request.help_contact,
    )
    registration = Registration(
        legal_name=request.legal_name,
        contact=Contact(**request.contact.model_dump()),
        registered_by=area.caller.user_id,
        registered_at=clock.to_text(clock.now()),
    )
    return biller, registration


def show_biller(biller: Biller) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "biller_id": biller.biller_id,
        "name": biller.name,
        "module": biller.module,
        "state": biller.state,
        "company_code": biller.company_code,
        "giro_account": biller.giro_account,
        "channels": list(biller.channels),
        "language": biller.language,
        "release": biller.release,
    }
    registration = biller.registration
    if registration:
        contact = registration.contact
        shown |= {
            "legal_name": registration.legal_name,
            "contact": {"name": contact.name, "email": contact.email, "phone": contact.phone},
            "registered_by": registration.registered_by,
            "registered_at": registration.registered_at,
            "approved_by": registration.approved_by,
            "approved_at": registration.approved_at,
            "state_reason": registration.state_reason,
        }
    return {name: value for name, value in shown.items() if value is not None}


def _hide_contact(shown: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in shown.items() if name != "contact"}
