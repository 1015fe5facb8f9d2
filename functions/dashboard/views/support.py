"""The bank looks a bill up for somebody who asks: contacts masked, the reason on record before the answer."""

import re
from typing import Any

from dashboard.acting import read_line, read_reason, refuse
from dashboard.areas import Area
from dashboard.rendering import say, show
from dashboard.visits import Visit
from invoicing import support
from invoicing.errors import ChangeValueError, InvoicingError
from invoicing.roles import BANK_ROLES

area = Area()

_VA_NUMBER = re.compile(r"[0-9]{9,23}")
_REFERENCE = re.compile(r"[A-Za-z0-9._/-]{3,64}")
_BILLER_ID = re.compile(r"[a-z0-9][a-z0-9-]{2,39}")


@area.get("/support", BANK_ROLES)
def show_search(visit: Visit) -> dict[str, Any]:
    return _show_form(visit, "", 200)


@area.post("/support", BANK_ROLES)
def search(visit: Visit) -> dict[str, Any]:
    """Answered here and not by another address: what was looked for stands in none."""
    try:
        found = _search(visit)
    except InvoicingError as error:
        return refuse(visit, error, _show_form)
    return show(visit, "support.html.j2", problem="", bills=found)


def _search(visit: Visit) -> list[dict[str, Any]]:
    reason, by = read_reason(visit), visit.user_id
    match visit.read("by"):
        case "va":
            # As people read it from a message, in groups.
            va_number = visit.read("va_number", 40).replace(" ", "")
            if not _VA_NUMBER.fullmatch(va_number):
                raise ChangeValueError(say(visit, "field.va_number"))
            return support.find_by_virtual_account(va_number, reason=reason, by=by)
        case "reference":
            reference = visit.read("reference", 64)
            if not _REFERENCE.fullmatch(reference):
                raise ChangeValueError(say(visit, "field.reference"))
            return support.find_by_bank_reference(reference, reason=reason, by=by)
        case _:
            biller_id = visit.read("biller_id", 40)
            if not _BILLER_ID.fullmatch(biller_id):
                raise ChangeValueError(say(visit, "field.biller_id"))
            return support.find_by_number(biller_id, read_line(visit, "number", 64), reason=reason, by=by)


def _show_form(visit: Visit, problem: str, status: int) -> dict[str, Any]:
    return show(visit, "support.html.j2", status=status, problem=problem, bills=None)
