"""Users and programs of the caller's own biller; users of the bank, for its officers."""

from enum import StrEnum
from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Body, Path, Query
from pydantic import Field

from api import shapes
from api.areas import Area
from api.replays import IdempotencyKey, run_once
from api.requests import Line, Request, build_page
from invoicing import users
from invoicing.roles import Role, User

area = Area("users")

_ADMIN = {Role.BILLER_ADMIN}
_OFFICER = {Role.BANK_OFFICER}
_ID = r"^[A-Za-z0-9-]{1,64}$"
UserId = Annotated[str, Path(pattern=_ID)]
Cursor = Annotated[str | None, Query(pattern=_ID)]


class BillerRole(StrEnum):
    BILLER_ADMIN = Role.BILLER_ADMIN
    MAKER = Role.MAKER
    CHECKER = Role.CHECKER
    VIEWER = Role.VIEWER


class ProgramRole(StrEnum):
    MAKER = Role.MAKER
    VIEWER = Role.VIEWER


class Scope(StrEnum):
    READ = "invoicing/read"
    WRITE = "invoicing/write"


class InviteUser(Request):
    email: str = Field(min_length=3, max_length=254)
    name: Line
    roles: list[BillerRole] = Field(min_length=1, max_length=4)


class ChangeRoles(Request):
    roles: list[BillerRole] = Field(min_length=1, max_length=4)


class CreateProgram(Request):
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9 _+=,.@-]{1,60}$", description="which program it is for")]
    roles: list[ProgramRole] = Field(min_length=1, max_length=2)
    scopes: list[Scope] = Field(min_length=1, max_length=2)


@area.get("/v1/me", set(Role), answers=shapes.User)
def describe_me() -> dict[str, Any]:
    """Who the caller is, of which biller, with which roles."""
    return _show(area.caller.user)


@area.get("/v1/users", _ADMIN, answers=shapes.UserPage)
def list_users(cursor: Cursor = None) -> dict[str, Any]:
    """Persons and programs of the biller, disabled ones too."""
    found, more = users.list_users(area.caller.biller_id, cursor)
    return build_page("users", [_show(user) for user in found], more)


@area.post("/v1/users", _ADMIN, answers=shapes.User, status=HTTPStatus.CREATED)
def invite_user(request: Annotated[InviteUser, Body()], key: IdempotencyKey = None) -> dict[str, Any]:
    """Invite a person by e-mail. The temporary password in it holds for 7 days."""
    caller = area.caller

    def invite() -> dict[str, Any]:
        user = users.invite_user(
            caller.biller_id,
            email=request.email,
            name=request.name,
            roles=[Role(role) for role in request.roles],
            invited_by=caller.user_id,
        )
        return _show(user)

    return run_once(area, "invite_user", key, request.model_dump(mode="json"), invite)


@area.post("/v1/users/<user_id>/invite", _ADMIN, answers=shapes.User)
def invite_again(user_id: UserId) -> dict[str, Any]:
    """Send the invitation again, with a new temporary password, to somebody who has not signed in yet."""
    return _show(users.invite_again(area.caller.biller_id, user_id, by=area.caller.user_id))


@area.put("/v1/users/<user_id>/roles", _ADMIN, answers=shapes.User)
def change_roles(user_id: UserId, request: Annotated[ChangeRoles, Body()]) -> dict[str, Any]:
    """Give a person other roles, from the next call on. One admin has to stay."""
    roles = [Role(role) for role in request.roles]
    return _show(users.change_roles(area.caller.biller_id, user_id, roles, by=area.caller.user_id))


@area.post("/v1/users/<user_id>/disable", _ADMIN, answers=shapes.User)
def disable_user(user_id: UserId) -> dict[str, Any]:
    """Shut a person out at once. One admin has to stay."""
    return _show(users.disable_user(area.caller.biller_id, user_id, by=area.caller.user_id))


@area.post("/v1/users/<user_id>/enable", _ADMIN, answers=shapes.User)
def enable_user(user_id: UserId) -> dict[str, Any]:
    """Let a person in again, with the roles held before."""
    return _show(users.enable_user(area.caller.biller_id, user_id, by=area.caller.user_id))


@area.post("/v1/users/<user_id>/forget-authenticator", _ADMIN, answers=shapes.User)
def forget_authenticator(user_id: UserId) -> dict[str, Any]:
    """Let another person, whose phone is lost, sign in without the code of an app until a new one is set up."""
    return _show(users.forget_authenticator(area.caller.biller_id, user_id, by=area.caller.user_id))


@area.post("/v1/programs", _ADMIN, answers=shapes.ProgramCreated, status=HTTPStatus.CREATED)
def create_program(request: Annotated[CreateProgram, Body()]) -> dict[str, Any]:
    """Credentials for a program (ERP), two at a time at most. The secret is shown this once.

    Take no Idempotency-Key: an answer that is kept would keep the secret. Where the answer was lost, delete and create.
    """
    program, secret = users.create_program(
        area.caller.biller_id,
        name=request.name,
        roles=[Role(role) for role in request.roles],
        scopes=[str(scope) for scope in request.scopes],
        by=area.caller.user_id,
    )
    return {"program": _show(program), "client_secret": secret}


@area.delete("/v1/programs/<client_id>", _ADMIN, answers=shapes.User)
def delete_program(client_id: Annotated[str, Path(pattern=_ID)]) -> dict[str, Any]:
    """End a program's credentials at once."""
    return _show(users.delete_program(area.caller.biller_id, client_id, by=area.caller.user_id))


@area.get("/v1/bank/users", _OFFICER, answers=shapes.UserPage)
def list_bank_users(cursor: Cursor = None) -> dict[str, Any]:
    """Users of the bank. New ones are proposed (POST) and approved by another officer."""
    found, more = users.list_users(None, cursor)
    return build_page("users", [_show(user) for user in found], more)


@area.post("/v1/bank/users/<user_id>/disable", _OFFICER, answers=shapes.User)
def disable_bank_user(user_id: UserId) -> dict[str, Any]:
    """Shut a user of the bank out at once. To let somebody in takes two officers: propose the user anew."""
    return _show(users.disable_user(None, user_id, by=area.caller.user_id))


@area.post("/v1/bank/users/<user_id>/forget-authenticator", _OFFICER, answers=shapes.User)
def forget_bank_authenticator(user_id: UserId) -> dict[str, Any]:
    """Let another user of the bank, whose phone is lost, sign in without an app's code until a new one is set up."""
    return _show(users.forget_authenticator(None, user_id, by=area.caller.user_id))


def _show(user: User) -> dict[str, Any]:
    shown = {
        "user_id": user.user_id,
        "biller_id": user.biller_id,
        "kind": user.kind,
        "name": user.name,
        "email": user.email or None,
        "roles": sorted(user.roles),
        "state": user.state,
        "created_at": user.created_at,
        "created_by": user.created_by,
    }
    return {name: value for name, value in shown.items() if value is not None}
