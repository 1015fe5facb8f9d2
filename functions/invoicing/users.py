"""What is done with users: look one up, invite, change roles, disable, enable, list.

What a user may do is looked up here on every call. Nothing of it rests on a token, so that disabling a user, or taking
a role away, takes effect at once.
"""

from invoicing.roles import BANK_ROLES, BILLER_ROLES, Role, User, UserKind, UserState
from invoicing.store import users as store

__all__ = ["BANK_ROLES", "BILLER_ROLES", "Role", "User", "UserKind", "UserState", "load_user"]


def load_user(user_id: str) -> User:
    """Raises UserNotFoundError."""
    return store.load_user(user_id)
