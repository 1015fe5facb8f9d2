"""A biller's users and its programs' credentials, for its admins."""

from typing import Any

from dashboard.acting import act, read_line, refuse
from dashboard.areas import Area
from dashboard.rendering import say, show
from dashboard.visits import Visit
from invoicing import users
from invoicing.errors import InvoicingError, RolesError
from invoicing.roles import BILLER_ROLES, PROGRAM_ROLES, Role, UserKind
from webpages.answers import answer_redirect

area = Area()

_ADMIN = {Role.BILLER_ADMIN}
_ROLES = [role for role in Role if role in BILLER_ROLES]
_PROGRAM_ROLES = [role for role in Role if role in PROGRAM_ROLES]


@area.get("/settings/users", _ADMIN)
def list_users(visit: Visit) -> dict[str, Any]:
    return _show_users(visit, "", 200)


@area.post("/settings/users", _ADMIN)
def invite_user(visit: Visit) -> dict[str, Any]:
    def invite() -> None:
        users.invite_user(
            visit.biller_id,
            email=read_line(visit, "email", 254),
            name=read_line(visit, "name"),
            roles=_read_roles(visit),
            invited_by=visit.user_id,
        )

    return act(visit, invite, "settings/users?done=invited", _show_users)


@area.get("/settings/users/{user_id}", _ADMIN)
def show_user(visit: Visit) -> dict[str, Any]:
    return _show_user(visit, "", 200)


@area.post("/settings/users/{user_id}", _ADMIN)
def change_user(visit: Visit) -> dict[str, Any]:
    biller_id, user_id, by = visit.biller_id, visit.parameters["user_id"], visit.user_id
    try:
        match visit.read("do"):
            case "roles":
                users.change_roles(biller_id, user_id, _read_roles(visit), by=by)
            case "disable":
                users.disable_user(biller_id, user_id, by=by)
            case "enable":
                users.enable_user(biller_id, user_id, by=by)
            case "authenticator":
                users.forget_authenticator(biller_id, user_id, by=by)
            case "invite":
                users.invite_again(biller_id, user_id, by=by)
            case _:
                raise RolesError(say(visit, "field.do"))
    except InvoicingError as error:
        return refuse(visit, error, _show_user)
    return answer_redirect(f"{visit.root}settings/users?done=saved")


@area.get("/settings/programs", _ADMIN)
def list_programs(visit: Visit) -> dict[str, Any]:
    return _show_programs(visit, "", 200)


@area.post("/settings/programs", _ADMIN)
def create_program(visit: Visit) -> dict[str, Any]:
    """Answered with the secret itself, this once: an address or a cookie would keep it."""
    try:
        program, secret = users.create_program(
            visit.biller_id,
            name=read_line(visit, "name", 60),
            roles=_read_roles(visit),
            scopes=visit.read_all("scopes"),
            by=visit.user_id,
        )
    except InvoicingError as error:
        return refuse(visit, error, _show_programs)
    return show(visit, "secret.html.j2", what="program", client_id=program.user_id, secret=secret, back="programs")


@area.post("/settings/programs/{client_id}", _ADMIN)
def delete_program(visit: Visit) -> dict[str, Any]:
    def delete() -> None:
        users.delete_program(visit.biller_id, visit.parameters["client_id"], by=visit.user_id)

    return act(visit, delete, "settings/programs?done=program_deleted", _show_programs)


def _read_roles(visit: Visit) -> list[Role]:
    """Raises RolesError."""
    try:
        return [Role(role) for role in visit.read_all("roles")]
    except ValueError as error:
        raise RolesError("roles") from error


def _show_users(visit: Visit, problem: str, status: int) -> dict[str, Any]:
    found, more = users.list_users(visit.biller_id, visit.query.get("after") or None)
    persons = [user for user in found if user.kind is UserKind.PERSON]
    return show(visit, "users.html.j2", status=status, problem=problem, users=persons, more=more, roles=_ROLES)


def _show_user(visit: Visit, problem: str, status: int) -> dict[str, Any]:
    user = users.load_user_of(visit.biller_id, visit.parameters["user_id"])
    return show(visit, "user.html.j2", status=status, problem=problem, user=user, roles=_ROLES)


def _show_programs(visit: Visit, problem: str, status: int) -> dict[str, Any]:
    found, more = users.list_users(visit.biller_id, visit.query.get("after") or None)
    programs = [user for user in found if user.kind is UserKind.PROGRAM]
    return show(
        visit,
        "programs.html.j2",
        status=status,
        problem=problem,
        programs=programs,
        more=more,
        roles=_PROGRAM_ROLES,
        scopes=users.SCOPES,
    )
