"""What is done with users: invite, change roles, disable, enable, list; and the programs of a biller.

What a user may do is looked up here on every call. Nothing of it rests on a token, so that disabling a user, or taking
a role away, takes effect at once. A change and its audit entry are one transaction; what it means to Cognito follows
and is repeated with the call.
"""

from collections.abc import Collection
from dataclasses import replace

from invoicing import clock, user_pool
from invoicing.contacts import parse_emails
from invoicing.errors import (
    RolesError,
    SamePersonError,
    UserEmailError,
    UserExistsError,
    UserNotFoundError,
    UserStateError,
)
from invoicing.notices import mask_address
from invoicing.roles import BANK_ROLES, BILLER_ROLES, PROGRAM_ROLES, Role, User, UserKind, UserState
from invoicing.store import users as store
from invoicing.store.audit import BANK, add_audit_entry, build_audit_write
from invoicing.typed_text import InvalidValueError

__all__ = ["BANK_ROLES", "BILLER_ROLES", "Role", "User", "UserKind", "UserState", "load_user"]

SCOPES = ("invoicing/read", "invoicing/write")
"""What a program's tokens may carry; resource server ``ProgramScopes`` of the template."""
PAGE_SIZE = 50


def load_user(user_id: str) -> User:
    """Raises UserNotFoundError."""
    return store.load_user(user_id)


def load_user_of(biller_id: str | None, user_id: str) -> User:
    """The same; somebody else's user looks like none. ``biller_id`` None: the bank's own users."""
    user = store.load_user(user_id)
    if user.biller_id != biller_id:
        raise UserNotFoundError(user_id)
    return user


def list_users(biller_id: str | None, cursor: str | None = None) -> tuple[list[User], str | None]:
    """A page of the biller's persons and programs, disabled ones too, and the cursor of the next page."""
    return store.list_users(biller_id, cursor, PAGE_SIZE)


def invite_user(biller_id: str | None, *, email: str, name: str, roles: Collection[Role], invited_by: str) -> User:
    """A new user, who gets an invitation by e-mail. Again with the same address and roles: the user that there is.

    Raises RolesError, UserExistsError (the address is in use, here or at another biller), EmailError.
    """
    wanted = _check_roles(roles, BANK_ROLES if biller_id is None else BILLER_ROLES)
    address = read_email(email)
    user_id = user_pool.create_person(address, name)
    user = User(
        user_id=user_id,
        biller_id=biller_id,
        roles=wanted,
        name=name,
        email=address,
        created_at=clock.to_text(clock.now()),
        created_by=invited_by,
    )
    entry = build_audit_write(
        biller_id or BANK,
        user_id=invited_by,
        action="invite_user",
        subject=user_id,
        at=user.created_at,
        after={"email": mask_address(address), "roles": sorted(wanted)},
    )
    if store.create_user(user, [entry]):
        return user
    found = store.load_user(user_id)
    if (found.biller_id, found.roles) != (biller_id, wanted):
        raise UserExistsError("email")
    return found


def admit_user(biller_id: str | None, *, email: str, name: str, roles: Collection[Role], by: str) -> User:
    """A user with exactly these roles, invited if new, let in again if disabled. Safe to repeat.

    Raises UserExistsError for an address of another biller.
    """
    user_id = user_pool.create_person(read_email(email), name)
    try:
        user = load_user_of(biller_id, user_id)
    except UserNotFoundError:
        return invite_user(biller_id, email=email, name=name, roles=[Role(role) for role in roles], invited_by=by)
    user = change_roles(biller_id, user.user_id, [Role(role) for role in roles], by=by)
    return enable_user(biller_id, user_id, by=by) if user.state is UserState.DISABLED else user


def invite_again(biller_id: str | None, user_id: str, *, by: str) -> User:
    """Send the invitation anew. Raises UserStateError for one who has signed in before, or is disabled."""
    user = _load_person(biller_id, user_id)
    if user.state is not UserState.ACTIVE or not user_pool.invite_again(user_id):
        raise UserStateError(user_id)
    add_audit_entry(
        biller_id or BANK, user_id=by, action="invite_again", subject=user_id, at=clock.to_text(clock.now())
    )
    return user


def change_roles(biller_id: str | None, user_id: str, roles: Collection[Role], *, by: str) -> User:
    """Raises UserNotFoundError, RolesError, LastAdminError, UserStateError (somebody else was faster)."""
    user = _load_person(biller_id, user_id)
    wanted = _check_roles(roles, BANK_ROLES if biller_id is None else BILLER_ROLES)
    if wanted == user.roles:
        return user
    return _replace(user, replace(user, roles=wanted), "change_roles", by)


def disable_user(biller_id: str | None, user_id: str, *, by: str) -> User:
    """Out at once: this product asks its own table on every call. Raises UserNotFoundError, LastAdminError."""
    user = _load_person(biller_id, user_id)
    if user.state is not UserState.DISABLED:
        user = _replace(user, replace(user, state=UserState.DISABLED), "disable_user", by)
    user_pool.lock_out(user_id)
    return user


def enable_user(biller_id: str | None, user_id: str, *, by: str) -> User:
    user = _load_person(biller_id, user_id)
    if user.state is not UserState.ACTIVE:
        user = _replace(user, replace(user, state=UserState.ACTIVE), "enable_user", by)
    user_pool.let_in(user_id)
    return user


def forget_authenticator(biller_id: str | None, user_id: str, *, by: str) -> User:
    """Let somebody whose phone is lost sign in with the password alone, until a new app is set up.

    Not for oneself: whoever holds a stolen session must not get rid of the code. Raises UserNotFoundError,
    SamePersonError.
    """
    user = _load_person(biller_id, user_id)
    if user_id == by:
        raise SamePersonError(user_id)
    # On record first: it may be done without its end being seen, never unseen.
    add_audit_entry(
        biller_id or BANK, user_id=by, action="forget_authenticator", subject=user_id, at=clock.to_text(clock.now())
    )
    user_pool.forget_authenticator(user_id)
    return user


def create_program(
    biller_id: str, *, name: str, roles: Collection[Role], scopes: Collection[str], by: str
) -> tuple[User, str]:
    """Credentials for a biller's program, at most two at a time: the program and its secret, shown this once.

    To rotate: create the second, change the program over, delete the first. A program never checks what a person or
    another program made. Raises RolesError, TooManyProgramsError.
    """
    wanted = _check_roles(roles, PROGRAM_ROLES)
    chosen = [scope for scope in SCOPES if scope in scopes]
    if not chosen or len(chosen) != len(set(scopes)):
        raise RolesError("scopes")
    store.find_free_slot(biller_id)
    client_id, secret = user_pool.create_program_client(f"{biller_id} {name}"[:128], chosen)
    program = User(
        user_id=client_id,
        biller_id=biller_id,
        roles=wanted,
        kind=UserKind.PROGRAM,
        name=name,
        created_at=clock.to_text(clock.now()),
        created_by=by,
    )
    entry = build_audit_write(
        biller_id,
        user_id=by,
        action="create_program",
        subject=client_id,
        at=program.created_at,
        after={"name": name, "roles": sorted(wanted), "scopes": chosen},
    )
    try:
        store.create_program(program, [entry])
    except Exception:
        # Unknown to our table it could do nothing; it should not be there either.
        user_pool.delete_program_client(client_id)
        raise
    return program, secret


def delete_program(biller_id: str, client_id: str, *, by: str) -> User:
    """End a program's credentials and free its place; its tokens are refused from now on. Safe to repeat."""
    program = load_user_of(biller_id, client_id)
    if program.kind is not UserKind.PROGRAM:
        raise UserNotFoundError(client_id)
    if program.state is not UserState.DISABLED:
        entry = build_audit_write(
            biller_id, user_id=by, action="delete_program", subject=client_id, at=clock.to_text(clock.now())
        )
        store.end_program(program, [entry])
    user_pool.delete_program_client(client_id)
    return replace(program, state=UserState.DISABLED)


def _load_person(biller_id: str | None, user_id: str) -> User:
    user = load_user_of(biller_id, user_id)
    if user.kind is not UserKind.PERSON:
        raise UserNotFoundError(user_id)
    return user


def _replace(before: User, after: User, action: str, by: str) -> User:
    changed = {"roles": sorted(before.roles), "state": before.state}
    entry = build_audit_write(
        before.biller_id or BANK,
        user_id=by,
        action=action,
        subject=before.user_id,
        at=clock.to_text(clock.now()),
        before=changed,
        after={"roles": sorted(after.roles), "state": after.state},
    )
    store.replace_user(before, after, [entry])
    return after


def _check_roles(roles: Collection[Role], permitted: frozenset[Role]) -> frozenset[Role]:
    wanted = frozenset(roles)
    if not wanted or not wanted <= permitted:
        raise RolesError(", ".join(sorted(wanted - permitted)) or "none")
    return wanted


def check_bank_roles(roles: Collection[Role]) -> None:
    """Raises RolesError."""
    _check_roles(roles, BANK_ROLES)


def read_email(email: str) -> str:
    """The one address in the form in which it is kept. Raises UserEmailError."""
    try:
        addresses = parse_emails(email)
    except InvalidValueError as error:
        raise UserEmailError(error.code) from error
    if len(addresses) != 1:
        raise UserEmailError("one")
    # Cognito takes upper and lower case for the same; so does the table.
    return addresses[0].lower()
