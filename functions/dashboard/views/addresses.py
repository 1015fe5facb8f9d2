"""Addresses that notices no longer go to: bounced, complained, "this is not my bill"; seen by all, lifted by some."""

import re
from typing import Any

from dashboard.acting import act
from dashboard.areas import LOOK, Area
from dashboard.rendering import show
from dashboard.visits import Visit
from invoicing import suppressions
from invoicing.roles import Role

area = Area()

_LIFT = {Role.BILLER_ADMIN, Role.MAKER, Role.CHECKER}
_ID = re.compile(r"(?:email|whatsapp|sms)-[0-9a-f]{16}")


@area.get("/settings/addresses", LOOK)
def list_addresses(visit: Visit) -> dict[str, Any]:
    return _show_addresses(visit, "", 200)


@area.post("/settings/addresses/{suppression_id}", _LIFT)
def lift_suppression(visit: Visit) -> dict[str, Any]:
    def lift() -> None:
        suppressions.lift_suppression(visit.biller_id, visit.parameters["suppression_id"], visit.user_id)

    return act(visit, lift, "settings/addresses?done=lifted", _show_addresses)


def _show_addresses(visit: Visit, problem: str, status: int) -> dict[str, Any]:
    after = visit.query.get("after", "")
    found, more = suppressions.list_suppressions(visit.biller_id, after if _ID.fullmatch(after) else None)
    return show(
        visit,
        "addresses.html.j2",
        status=status,
        problem=problem,
        addresses=found,
        more=more,
        may_lift=visit.has_role(*_LIFT),
    )
