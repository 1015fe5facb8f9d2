"""Webhooks of the biller's own program: where it is told what, and the secrets that sign it."""

from enum import StrEnum
from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Body, Path
from pydantic import AwareDatetime, Field

from api import shapes
from api.areas import Area
from api.replays import RequiredKey
from api.requests import Request
from invoicing import clock, resending, webhooks
from invoicing.notices import NoticeKind
from invoicing.roles import Role

area = Area("webhooks")

_ADMIN = {Role.BILLER_ADMIN}
EndpointId = Annotated[str, Path(pattern=r"^wh-[0-9a-hjkmnp-tv-z]{26}$")]


class AnnouncedKind(StrEnum):
    ISSUED = NoticeKind.ISSUED
    PAID = NoticeKind.PAID
    ARCHIVED = NoticeKind.ARCHIVED


class CreateWebhook(Request):
    url: str = Field(min_length=1, max_length=1000, description="https, of a public domain name")
    kinds: list[AnnouncedKind] = Field(
        default_factory=lambda: list(AnnouncedKind), min_length=1, max_length=10, description="what it is told of"
    )


class ReplayWebhooks(Request):
    since: AwareDatetime = Field(description="all calls made from then on that failed; at most 31 days ago")
    cursor: str | None = Field(default=None, max_length=250, description="of the answer before")


@area.get("/v1/webhooks", _ADMIN, answers=shapes.WebhookList)
def list_webhooks() -> dict[str, Any]:
    """The biller's webhooks, disabled ones too; no secrets."""
    found = webhooks.list_webhooks(area.caller.biller_id)
    return {"webhooks": [webhooks.show_webhook(webhook) for webhook in found]}


@area.post("/v1/webhooks", _ADMIN, answers=shapes.WebhookWithSecret, status=HTTPStatus.CREATED)
def create_webhook(request: Annotated[CreateWebhook, Body()]) -> dict[str, Any]:
    """A new webhook. The secret is shown this once.

    Takes no Idempotency-Key: an answer that is kept would keep the secret. Where the answer was lost, list the webhooks
    and rotate the secret.
    """
    caller = area.caller
    kinds = [NoticeKind(kind) for kind in request.kinds]
    webhook, secret = webhooks.create_webhook(caller.biller_id, request.url, kinds, by=caller.user_id)
    return {"webhook": webhooks.show_webhook(webhook), "secret": secret}


@area.post("/v1/webhooks/<endpoint_id>/rotate", _ADMIN, answers=shapes.WebhookWithSecret)
def rotate_webhook_secret(endpoint_id: EndpointId) -> dict[str, Any]:
    """A new secret, shown this once; the one before it signs beside it for a day."""
    webhook, secret = webhooks.rotate_secret(area.caller.biller_id, endpoint_id, by=area.caller.user_id)
    return {"webhook": webhooks.show_webhook(webhook), "secret": secret}


@area.post("/v1/webhooks/<endpoint_id>/disable", _ADMIN, answers=shapes.Webhook)
def disable_webhook(endpoint_id: EndpointId) -> dict[str, Any]:
    """No more calls; those that wait fail, and can be replayed once it is enabled."""
    return webhooks.show_webhook(webhooks.disable_webhook(area.caller.biller_id, endpoint_id, by=area.caller.user_id))


@area.post("/v1/webhooks/<endpoint_id>/enable", _ADMIN, answers=shapes.Webhook)
def enable_webhook(endpoint_id: EndpointId) -> dict[str, Any]:
    """Calls again, with the same secret."""
    return webhooks.show_webhook(webhooks.enable_webhook(area.caller.biller_id, endpoint_id, by=area.caller.user_id))


@area.post("/v1/webhooks/<endpoint_id>/replay", _ADMIN, answers=shapes.ResendBatch)
def replay_webhook(
    endpoint_id: EndpointId, request: Annotated[ReplayWebhooks, Body()], key: RequiredKey
) -> dict[str, Any]:
    """Call it again for all that failed since an instant, under the ids that it knows, a batch at a time."""
    caller = area.caller
    batch = resending.replay_webhooks(
        caller.biller_id,
        endpoint_id,
        clock.to_text(request.since),
        by=caller.user_id,
        request_id=f"{caller.user_id}:{key}",
        cursor=request.cursor,
    )
    return resending.show_batch(batch)
