"""Who is calling: read from the access token, looked up in our own table, and held against the route's roles.

The tenant is the user's, never a member of the request. Two doors lead here: ``/v1``, whose tokens API Gateway has
verified, and ``/erp/v1`` for programs, whose tokens are verified here: a gateway's authorizer takes 50 clients at most.
"""

from dataclasses import dataclass
from typing import Any

from invoicing.access_tokens import verify_access_token
from invoicing.billers import Biller, BillerState
from invoicing.errors import AccessDeniedError, BillerNotActiveError, NotSignedInError, UserNotFoundError
from invoicing.roles import Role, User, UserKind, UserState
from invoicing.store.billers import load_biller
from invoicing.users import load_user

ERP_PREFIX = "/erp"
READ_SCOPE, WRITE_SCOPE = "invoicing/read", "invoicing/write"


@dataclass(frozen=True, slots=True)
class Caller:
    user: User
    biller: Biller | None
    """The caller's own; None for users of the bank."""

    @property
    def user_id(self) -> str:
        return self.user.user_id

    @property
    def biller_id(self) -> str:
        """Whose data this call may touch. Raises AccessDeniedError for users of the bank, who have no biller."""
        return self.own_biller.biller_id

    @property
    def own_biller(self) -> Biller:
        if self.biller is None:
            raise AccessDeniedError("no biller")
        return self.biller


def identify_caller(event: dict[str, Any], roles: frozenset[Role], *, reads: bool) -> Caller:
    """Raises NotSignedInError, AccessDeniedError, BillerNotActiveError.

    ``reads``: the route changes nothing.

    Of a suspended biller everything can still be looked at, nothing changed; before its activation it has no access.
    """
    is_program = event["rawPath"].startswith(f"{ERP_PREFIX}/")
    claims = _read_claims(event, is_program)
    if claims.get("token_use") != "access":
        raise NotSignedInError("token_use")
    user = _load_active_user(claims["sub"])
    if (user.kind is UserKind.PROGRAM) != is_program:
        raise AccessDeniedError("wrong door")
    if is_program and (READ_SCOPE if reads else WRITE_SCOPE) not in claims.get("scope", "").split():
        raise AccessDeniedError("scope")
    if not user.roles & roles:
        raise AccessDeniedError("role")
    if user.biller_id is None:
        return Caller(user, None)
    biller = load_biller(user.biller_id)
    if biller.state is not BillerState.ACTIVE and not (reads and biller.state is BillerState.SUSPENDED):
        raise BillerNotActiveError(biller.biller_id)
    return Caller(user, biller)


def _load_active_user(user_id: str) -> User:
    try:
        user = load_user(user_id)
    except UserNotFoundError as error:
        raise AccessDeniedError("unknown") from error
    if user.state is not UserState.ACTIVE:
        raise AccessDeniedError("disabled")
    return user


def _read_claims(event: dict[str, Any], is_program: bool) -> dict[str, Any]:
    if is_program:
        scheme, _, token = event.get("headers", {}).get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise NotSignedInError("no token")
        return verify_access_token(token.strip())
    claims: dict[str, Any] = event["requestContext"].get("authorizer", {}).get("jwt", {}).get("claims", {})
    if "sub" not in claims:
        raise NotSignedInError("no claims")
    return claims
