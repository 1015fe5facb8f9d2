"""A biller's way in, by two officers of the bank: one registers it, another approves; suspension and return."""

from dataclasses import replace
from typing import Any

from invoicing import clock, user_pool, users
from invoicing.billers import Biller, BillerState, Registration
from invoicing.contacts import parse_phone
from invoicing.errors import (
    BillerExistsError,
    BillerStateError,
    ContactPhoneError,
    SamePersonError,
)
from invoicing.roles import Role
from invoicing.store import billers
from invoicing.store.audit import build_audit_write
from invoicing.two_people import check_giro_account
from invoicing.typed_text import InvalidValueError

_RESERVED = frozenset({"bank", "unknown", "outside"})
"""They stand in the place of a biller's id in keys."""


def register_biller(biller: Biller, registration: Registration) -> Biller:
    """Register a biller, which can do nothing until another officer approves it. Again with the same: the same.

    Raises BillerExistsError, CompanyCodeError, CompanyCodeTakenError, ChangeValueError (giro account), UserEmailError,
    ContactPhoneError.
    """
    if biller.biller_id in _RESERVED:
        raise BillerExistsError(biller.biller_id)
    registered = _prepare(biller, registration)
    entry = _build_entry("register_biller", registered, registration)
    if billers.register_biller(registered, [entry]):
        return registered
    found = billers.load_biller(biller.biller_id)
    if found.registration is None or _strip(found) != _strip(registered):
        raise BillerExistsError(biller.biller_id)
    return found


def correct_biller(biller: Biller, registration: Registration) -> Biller:
    """Replace the particulars of a biller that waits for approval; whoever corrected it cannot approve it.

    Short name, product and company code stay. Raises BillerStateError, BillerNotFoundError and what registering raises.
    """
    seen = billers.load_biller(biller.biller_id)
    if seen.state is not BillerState.REGISTERED:
        raise BillerStateError(seen.state)
    if (biller.module, biller.company_code) != (seen.module, seen.company_code):
        raise BillerExistsError(biller.biller_id)
    corrected = _prepare(biller, registration)
    if not billers.correct_registration(seen, corrected, [_build_entry("correct_biller", corrected, registration)]):
        raise BillerStateError("changed meanwhile")
    return billers.load_biller(biller.biller_id)


def approve_biller(biller_id: str, *, by: str) -> Biller:
    """Let a registered biller begin: active, and its contact invited as its first admin by the activation e-mail.

    Again by the same officer: what was left undone of it. Raises SamePersonError, BillerStateError, UserExistsError.
    """
    biller = billers.load_biller(biller_id)
    registration = biller.registration
    if registration is None:
        raise BillerStateError(biller.state)
    if registration.registered_by == by:
        raise SamePersonError(biller_id)
    if biller.state is BillerState.REGISTERED:
        at = clock.to_text(clock.now())
        registration = replace(registration, approved_by=by, approved_at=at)
        _move(biller, BillerState.ACTIVE, registration, "approve_biller", by, at, None)
    elif registration.approved_by != by or biller.state is not BillerState.ACTIVE:
        raise BillerStateError(biller.state)
    users.invite_user(
        biller_id,
        email=registration.contact.email,
        name=registration.contact.name,
        roles=[Role.BILLER_ADMIN],
        invited_by=by,
    )
    return billers.load_biller(biller_id)


def invite_contact_again(biller_id: str, *, by: str) -> Biller:
    """Send the activation e-mail anew, its temporary password has expired. Raises UserStateError once it was used."""
    biller = billers.load_biller(biller_id)
    if biller.registration is None or biller.state is not BillerState.ACTIVE:
        raise BillerStateError(biller.state)
    contact = biller.registration.contact
    # The user of this address that there is.
    user_id = user_pool.create_person(contact.email, contact.name)
    users.invite_again(biller_id, user_id, by=by)
    return biller


def suspend_biller(biller_id: str, *, reason: str, by: str) -> Biller:
    """Nothing is uploaded, released or sent for the biller any more; what it has stays. Raises BillerStateError."""
    return _switch(biller_id, BillerState.ACTIVE, BillerState.SUSPENDED, "suspend_biller", reason, by)


def resume_biller(biller_id: str, *, reason: str, by: str) -> Biller:
    """The opposite. What waited to be sent goes out."""
    return _switch(biller_id, BillerState.SUSPENDED, BillerState.ACTIVE, "resume_biller", reason, by)


def _prepare(biller: Biller, registration: Registration) -> Biller:
    check_giro_account(biller.giro_account)
    contact = replace(
        registration.contact,
        email=users.read_email(registration.contact.email),
        phone=_read_phone(registration.contact.phone),
    )
    return replace(biller, state=BillerState.REGISTERED, registration=replace(registration, contact=contact), version=0)


def _build_entry(action: str, biller: Biller, registration: Registration) -> dict[str, Any]:
    return build_audit_write(
        biller.biller_id,
        user_id=registration.registered_by,
        action=action,
        subject=biller.biller_id,
        at=registration.registered_at,
        after={
            "module": biller.module,
            "legal_name": registration.legal_name,
            "giro_account": biller.giro_account,
            "company_code": biller.company_code,
        },
    )


def _switch(biller_id: str, before: BillerState, after: BillerState, action: str, reason: str, by: str) -> Biller:
    biller = billers.load_biller(biller_id)
    if biller.state is not before:
        raise BillerStateError(biller.state)
    registration = biller.registration and replace(biller.registration, state_reason=reason)
    _move(biller, after, registration, action, by, clock.to_text(clock.now()), reason)
    return billers.load_biller(biller_id)


def _move(
    biller: Biller,
    state: BillerState,
    registration: Registration | None,
    action: str,
    by: str,
    at: str,
    reason: str | None,
) -> None:
    entry = build_audit_write(
        biller.biller_id,
        user_id=by,
        action=action,
        subject=biller.biller_id,
        at=at,
        before={"state": biller.state},
        after={"state": state},
        reason=reason,
    )
    if not billers.change_state(biller, state, registration, [entry]):
        raise BillerStateError("changed meanwhile")


def _strip(biller: Biller) -> Biller:
    """Without what differs when the same registration is sent twice, or has been approved since."""
    particulars = biller.registration and replace(
        biller.registration, registered_at="", approved_by=None, approved_at=None, state_reason=None
    )
    return replace(biller, state=BillerState.REGISTERED, registration=particulars, reminded_until=None, version=0)


def _read_phone(phone: str) -> str:
    try:
        return parse_phone(phone)
    except InvalidValueError as error:
        raise ContactPhoneError(error.code) from error
