"""A biller's webhooks: where its own program is told of invoices and payments, with what secret, and how that went."""

from datetime import timedelta
from typing import Any

from ulid import ULID

from dashboard.acting import read_line, refuse
from dashboard.areas import Area
from dashboard.rendering import say, show
from dashboard.visits import Visit
from invoicing import clock, resending, webhooks
from invoicing.errors import ChangeValueError, InvoicingError
from invoicing.notices import ANNOUNCED_KINDS
from invoicing.roles import Role
from webpages.answers import answer_redirect

area = Area()

_ADMIN = {Role.BILLER_ADMIN}
_REPLAY_DAYS = (1, 3, 7, 30)


@area.get("/settings/webhooks", _ADMIN)
def list_webhooks(visit: Visit) -> dict[str, Any]:
    return _show_all(visit, "", 200)


@area.post("/settings/webhooks", _ADMIN)
def create_webhook(visit: Visit) -> dict[str, Any]:
    """Answered with the secret itself, this once."""
    kinds = [kind for kind in ANNOUNCED_KINDS if kind in visit.read_all("kinds")]
    try:
        if not kinds:
            raise ChangeValueError(say(visit, "webhooks.kinds"))
        _, secret = webhooks.create_webhook(visit.biller_id, read_line(visit, "url", 1000), kinds, by=visit.user_id)
    except InvoicingError as error:
        return refuse(visit, error, _show_all)
    return _show_secret(visit, secret)


@area.get("/settings/webhooks/{endpoint_id}", _ADMIN)
def show_webhook(visit: Visit) -> dict[str, Any]:
    return _show_one(visit, "", 200)


@area.post("/settings/webhooks/{endpoint_id}", _ADMIN)
def change_webhook(visit: Visit) -> dict[str, Any]:
    endpoint_id, step = visit.parameters["endpoint_id"], visit.read("do")
    try:
        match step:
            case "rotate":
                _, secret = webhooks.rotate_secret(visit.biller_id, endpoint_id, by=visit.user_id)
                return _show_secret(visit, secret)
            case "disable":
                webhooks.disable_webhook(visit.biller_id, endpoint_id, by=visit.user_id)
            case "enable":
                webhooks.enable_webhook(visit.biller_id, endpoint_id, by=visit.user_id)
            case _:
                raise ChangeValueError(say(visit, "field.do"))
    except InvoicingError as error:
        return refuse(visit, error, _show_one)
    return answer_redirect(f"{visit.root}settings/webhooks/{endpoint_id}?done=saved")


@area.post("/settings/webhooks/{endpoint_id}/replay", _ADMIN)
def replay_webhook(visit: Visit) -> dict[str, Any]:
    """Call again for what failed since some days ago, a batch at a time; where more is left, a button goes on."""
    endpoint_id, request_id = visit.parameters["endpoint_id"], visit.read("request_id", 64)
    since, cursor = visit.read("since", 30), visit.read("cursor", 250) or None
    try:
        if not since:
            days = visit.read("days")
            if days not in map(str, _REPLAY_DAYS) or not request_id.isalnum():
                raise ChangeValueError(say(visit, "webhooks.replay.days"))
            since = clock.to_text(clock.now() - timedelta(days=int(days)))
        batch = resending.replay_webhooks(
            visit.biller_id, endpoint_id, since, by=visit.user_id, request_id=request_id, cursor=cursor
        )
    except InvoicingError as error:
        return refuse(visit, error, _show_one)
    except ValueError:
        return _show_one(visit, say(visit, "webhooks.replay.days"), 422)
    more = {"since": since, "cursor": batch.cursor, "request_id": request_id} if batch.cursor else None
    return _show_one(visit, "", 200, replayed=batch.resent, more=more)


def _show_secret(visit: Visit, secret: str) -> dict[str, Any]:
    return show(visit, "secret.html.j2", what="webhook", client_id="", secret=secret, back="webhooks")


def _show_all(visit: Visit, problem: str, status: int) -> dict[str, Any]:
    found = [webhooks.show_webhook(webhook) for webhook in webhooks.list_webhooks(visit.biller_id)]
    return show(
        visit, "webhooks.html.j2", status=status, problem=problem, webhooks=found[::-1], kinds=list(ANNOUNCED_KINDS)
    )


def _show_one(
    visit: Visit, problem: str, status: int, replayed: int | None = None, more: dict[str, str] | None = None
) -> dict[str, Any]:
    endpoint_id = visit.parameters["endpoint_id"]
    return show(
        visit,
        "webhook.html.j2",
        status=status,
        problem=problem,
        webhook=webhooks.show_webhook(webhooks.find_webhook(visit.biller_id, endpoint_id)),
        deliveries=webhooks.list_recent_deliveries(visit.biller_id, endpoint_id),
        days=_REPLAY_DAYS,
        # The form's own id: sent twice, it calls again once.
        request_id=str(ULID()),
        replayed=replayed,
        more=more,
    )
