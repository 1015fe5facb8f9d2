"""Help: whom to ask, and what this all is about in a few words."""

from typing import Any

from dashboard.areas import LOOK, Area
from dashboard.rendering import show
from dashboard.visits import Visit
from invoicing.roles import BANK_ROLES
from invoicing.settings import get_settings

area = Area()

_QUESTIONS = ("first_upload", "errors", "release", "sent", "paid", "wrong", "users")


@area.get("/help", LOOK | BANK_ROLES)
def show_help(visit: Visit) -> dict[str, Any]:
    settings = get_settings()
    phone = settings.help_phone
    return show(
        visit,
        "help.html.j2",
        phone=phone,
        phone_link="".join(char for char in phone if char.isdigit() or char == "+"),
        email=settings.help_email,
        questions=_QUESTIONS if visit.biller is not None else (),
    )
