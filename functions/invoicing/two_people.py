"""Changes that take two people: one proposes, another one approves or rejects. Different by user id, not by role."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from ulid import ULID

from invoicing import clock, users
from invoicing.billers import Biller, OutsidePayments, ReleaseMode
from invoicing.changes import PATIENCE, USER_KINDS, Change, ChangeKind, ChangeState
from invoicing.errors import ChangeStateError, ChangeValueError, SamePersonError
from invoicing.roles import Role
from invoicing.store import billers, changes
from invoicing.store.audit import BANK, build_audit_write

PAGE_SIZE = 50
Shown = tuple[Mapping[Any, Any], Mapping[Any, Any]]
"""What the trail shows of a change: before and after."""
ONE_PERSON = {
    ChangeKind.RELEASE_MODE: ReleaseMode.AUTOMATIC,
    ChangeKind.OUTSIDE_PAYMENTS: OutsidePayments.BY_ONE,
}
"""What a biller's own people may propose: to do without the second person from then on."""
_GIRO_ACCOUNT = re.compile(r"[0-9]{8,16}")


def propose_biller_change(biller: Biller, kind: ChangeKind, value: str, *, reason: str, by: str) -> Change:
    """Propose another giro account or company code, or to let go of a second person. Raises ChangeValueError,
    CompanyCodeError.
    """
    before = {
        ChangeKind.GIRO_ACCOUNT: biller.giro_account,
        ChangeKind.COMPANY_CODE: biller.company_code,
        ChangeKind.RELEASE_MODE: biller.release,
        ChangeKind.OUTSIDE_PAYMENTS: biller.outside_payments,
    }[kind]
    if value == before:
        raise ChangeValueError(value)
    match kind:
        case ChangeKind.GIRO_ACCOUNT:
            check_giro_account(value)
        case ChangeKind.COMPANY_CODE:
            billers.check_company_code(value)
        case _:
            # The way back needs nobody's consent: it is a setting.
            if value != ONE_PERSON[kind]:
                raise ChangeValueError(value)
    return _propose(biller.biller_id, kind, before, value, reason, by)


def propose_bank_user(*, email: str, name: str, roles: list[Role], reason: str, by: str) -> Change:
    """Propose a new user of the bank: an officer alone could otherwise make the second person. Raises RolesError."""
    users.check_bank_roles(roles)
    return _propose(BANK, ChangeKind.BANK_USER, "", _write_user(email, name, roles), reason, by)


def propose_biller_admin(biller: Biller, *, email: str, name: str, reason: str, by: str) -> Change:
    """Propose a new admin for a biller whose own admins are gone. Raises UserEmailError."""
    value = _write_user(email, name, [Role.BILLER_ADMIN])
    return _propose(biller.biller_id, ChangeKind.BILLER_ADMIN, "", value, reason, by)


def approve_change(owner: str, change_id: str, *, by: str) -> Change:
    """Carry the change out. Again by the same person: what was left undone of it.

    Raises ChangeNotFoundError, ChangeStateError, SamePersonError, CompanyCodeTakenError.
    """
    change = changes.load_change(owner, change_id)
    if change.state is ChangeState.PROPOSED:
        change = _decide(change, ChangeState.APPROVED, by)
    elif change.state is not ChangeState.APPROVED or change.decided_by != by:
        raise ChangeStateError(change.state)
    if change.kind in USER_KINDS:
        biller_id = None if change.owner == BANK else change.owner
        users.admit_user(biller_id, **json.loads(change.after), by=by)
    return change


def reject_change(owner: str, change_id: str, *, by: str) -> Change:
    """Turn the change down. Raises ChangeNotFoundError, ChangeStateError, SamePersonError."""
    change = changes.load_change(owner, change_id)
    if change.state is not ChangeState.PROPOSED:
        raise ChangeStateError(change.state)
    return _decide(change, ChangeState.REJECTED, by)


def check_giro_account(account: str) -> None:
    """Raises ChangeValueError."""
    if not _GIRO_ACCOUNT.fullmatch(account):
        raise ChangeValueError("giro_account")


def _propose(owner: str, kind: ChangeKind, before: str, after: str, reason: str, by: str) -> Change:
    # A new user's address stands in the change itself; the trail names the change.
    shown: Shown | None = None if kind in USER_KINDS else ({kind: before}, {kind: after})
    return record_proposal(owner, kind, before, after, reason=reason, by=by, shown=shown)


def record_proposal(
    owner: str, kind: ChangeKind, before: str, after: str, *, reason: str, by: str, shown: Shown | None
) -> Change:
    """A new proposal with its entry in the trail, which shows ``shown`` of it."""
    change = Change(owner, str(ULID()), kind, before, after, reason, by, clock.to_text(clock.now()))
    changes.create_change(change, [_build_entry(change, "propose", by, change.proposed_at, shown)])
    return change


def record_decision(
    change: Change, state: ChangeState, *, by: str, shown: Shown | None, also: Sequence[dict[str, Any]] = ()
) -> Change:
    """Approve or reject with its entry in the trail. Raises SamePersonError, ChangeStateError.

    ``also``: transaction members of what the decision brings about.
    """
    if change.proposed_by == by:
        raise SamePersonError(change.change_id)
    now = clock.now()
    if clock.from_text(change.proposed_at) + PATIENCE < now:
        raise ChangeStateError("expired")
    at = clock.to_text(now)
    verb = "approve" if state is ChangeState.APPROVED else "reject"
    if not changes.decide_change(change, state, by, at, [_build_entry(change, verb, by, at, shown), *also]):
        raise ChangeStateError("changed meanwhile")
    return changes.load_change(change.owner, change.change_id)


def _write_user(email: str, name: str, roles: list[Role]) -> str:
    return json.dumps({"email": users.read_email(email), "name": name, "roles": sorted(roles)}, ensure_ascii=False)


def _decide(change: Change, state: ChangeState, by: str) -> Change:
    is_value = change.kind not in USER_KINDS
    also = []
    if state is ChangeState.APPROVED and is_value:
        also = billers.build_value_change(change.owner, change.kind, change.before, change.after)
    shown: Shown | None = ({change.kind: change.before}, {change.kind: change.after}) if is_value else None
    return record_decision(change, state, by=by, shown=shown, also=also)


def _build_entry(change: Change, verb: str, by: str, at: str, shown: Shown | None) -> dict[str, Any]:
    before, after = shown or (None, None)
    return build_audit_write(
        change.owner.partition("#")[0],
        user_id=by,
        action=f"{verb}_{change.kind}",
        subject=change.change_id,
        at=at,
        before=before,
        after=after,
        reason=change.reason,
    )
