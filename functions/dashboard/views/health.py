"""Health of channels and queues, for officers: what pauses, waits or has failed, and letting that be tried again."""

from typing import Any

from dashboard.acting import act
from dashboard.areas import Area
from dashboard.rendering import show
from dashboard.visits import Visit
from invoicing import queue_health
from invoicing.notices import PAYER_CHANNELS
from invoicing.roles import Role
from invoicing.store.channels import load_pause

area = Area()

_OFFICER = {Role.BANK_OFFICER}


@area.get("/health", _OFFICER)
def show_health(visit: Visit) -> dict[str, Any]:
    return _show(visit, "", 200)


@area.post("/health/{queue}/redrive", _OFFICER)
def redrive(visit: Visit) -> dict[str, Any]:
    def redrive() -> None:
        queue_health.redrive_dead_letters(visit.parameters["queue"], by=visit.user_id)

    return act(visit, redrive, "health?done=redriven", _show)


def _show(visit: Visit, problem: str, status: int) -> dict[str, Any]:
    return show(
        visit,
        "health.html.j2",
        status=status,
        problem=problem,
        pauses={channel: load_pause(channel) for channel in PAYER_CHANNELS},
        queues=queue_health.list_queues(),
        failed_events=queue_health.count_failed_events(),
    )
