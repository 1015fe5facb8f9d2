"""One visit of a page: who, in which language, with what parameters and form."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from invoicing.billers import Biller
from invoicing.errors import AccessDeniedError
from invoicing.roles import Role, User


@dataclass(slots=True)
class Visit:
    method: str
    path: str
    """Without the address of the dashboard before it; always begins with ``/``."""
    root: str
    """From this page to the dashboard's first page, relative: ``../``, or ``./``."""
    language: str
    query: Mapping[str, str]
    source: str
    """The visitor's network address."""
    form: Mapping[str, list[str]] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    user: User | None = None
    biller: Biller | None = None
    access_token: str = ""
    form_key: str = ""
    """What every form of this visitor carries back."""
    given_cookies: Mapping[str, str] = field(default_factory=dict)
    cookies: list[str] = field(default_factory=list)
    """To be set with the answer."""

    @property
    def own_user(self) -> User:
        if self.user is None:
            raise AccessDeniedError("not signed in")
        return self.user

    @property
    def user_id(self) -> str:
        return self.own_user.user_id

    @property
    def own_biller(self) -> Biller:
        """Whose data this visit may touch. Raises AccessDeniedError for users of the bank, who have no biller."""
        if self.biller is None:
            raise AccessDeniedError("no biller")
        return self.biller

    @property
    def biller_id(self) -> str:
        return self.own_biller.biller_id

    def has_role(self, *roles: Role) -> bool:
        return self.user is not None and bool(self.user.roles & set(roles))

    def read(self, name: str, limit: int = 200) -> str:
        """A member of the form, stripped and cut; empty when it is not there."""
        values = self.form.get(name, [])
        return values[0].strip()[:limit] if values else ""

    def read_all(self, name: str) -> list[str]:
        return list(self.form.get(name, []))
