"""Webhooks table: ``pk = biller_id``, ``sk = endpoint id``; and which endpoints are told of what, on the biller's item.

Planners see the biller only, so each change of the active endpoints writes both in one transaction, with its audit
entry. An item is never deleted.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from invoicing import clock
from invoicing.billers import WebhookSubscription
from invoicing.errors import ChangedMeanwhileError, WebhookNotFoundError
from invoicing.notices import NoticeKind
from invoicing.settings import get_settings
from invoicing.store import dynamodb
from invoicing.store.audit import build_audit_write
from invoicing.store.billers import load_biller
from invoicing.store.transactions import commit_all


class WebhookState(StrEnum):
    ACTIVE = "active"
    DISABLED = "disabled"
    """By the biller."""
    GONE = "gone"
    """Its program answered 410: it wants no more calls."""


@dataclass(frozen=True, slots=True)
class WebhookSecret:
    sealed: str
    """Encrypted (``store.webhook_secrets``)."""
    created_at: str
    expires_at: str | None = None
    """Set while a newer one is taking over."""


@dataclass(frozen=True, slots=True)
class Webhook:
    biller_id: str
    endpoint_id: str
    """``wh-`` and a ULID in lower case."""
    url: str
    kinds: tuple[NoticeKind, ...]
    state: WebhookState
    secrets: tuple[WebhookSecret, ...]
    """The newest first."""
    created_at: str
    created_by: str
    failures: int = 0
    """In a row."""
    paused_until: str | None = None
    """Not called before this instant."""
    last_failure: str | None = None
    last_failure_at: str | None = None


def load_webhook(biller_id: str, endpoint_id: str) -> Webhook:
    """Consistently read. Raises WebhookNotFoundError, for another biller's too."""
    record = dynamodb.load_item(get_settings().webhooks_table, _key(biller_id, endpoint_id))
    if record is None:
        raise WebhookNotFoundError(endpoint_id)
    return _read_webhook(record)


def list_webhooks(biller_id: str) -> list[Webhook]:
    """Every endpoint that the biller ever had, oldest first."""
    pages = (
        dynamodb.client()
        .get_paginator("query")
        .paginate(
            TableName=get_settings().webhooks_table,
            KeyConditionExpression="pk = :biller",
            ExpressionAttributeValues={":biller": {"S": biller_id}},
            ConsistentRead=True,
        )
    )
    return [_read_webhook(dynamodb.from_item(item)) for page in pages for item in page["Items"]]


def create_webhook(webhook: Webhook, *, by: str, at: str) -> None:
    """Raises BillerNotFoundError, and ChangedMeanwhileError when the biller's endpoints did."""
    record = {
        "pk": webhook.biller_id,
        "sk": webhook.endpoint_id,
        "url": webhook.url,
        "kinds": list(webhook.kinds),
        "state": webhook.state,
        "secrets": _write_secrets(webhook.secrets),
        "created_at": webhook.created_at,
        "created_by": webhook.created_by,
    }
    put = dynamodb.build_put(get_settings().webhooks_table, dynamodb.to_item(record))
    # The path may hold a token of the biller's.
    after = {"host": urlsplit(webhook.url).hostname, "kinds": list(webhook.kinds)}
    audit = build_audit_write(
        webhook.biller_id, user_id=by, action="create_webhook", subject=webhook.endpoint_id, at=at, after=after
    )
    _commit([put, _build_subscription_write(webhook), audit])


def change_state(webhook: Webhook, state: WebhookState, *, by: str, at: str, reason: str | None = None) -> Webhook:
    """To ``state`` from the one it was read in, its failures forgotten. Raises ChangedMeanwhileError."""
    changed = replace(webhook, state=state, failures=0, paused_until=None)
    values = {":before": webhook.state, ":after": state, ":none": 0}
    update = {
        "Update": {
            "TableName": get_settings().webhooks_table,
            "Key": _key(webhook.biller_id, webhook.endpoint_id),
            "UpdateExpression": "SET #state = :after, failures = :none REMOVE paused_until",
            "ConditionExpression": "#state = :before",
            "ExpressionAttributeNames": {"#state": "state"},
            "ExpressionAttributeValues": dynamodb.to_item(values),
        }
    }
    audit = build_audit_write(
        webhook.biller_id,
        user_id=by,
        action="change_webhook",
        subject=webhook.endpoint_id,
        at=at,
        before={"state": webhook.state},
        after={"state": state},
        reason=reason,
    )
    _commit([update, _build_subscription_write(changed), audit])
    return changed


def replace_secrets(webhook: Webhook, secrets: Sequence[WebhookSecret], *, by: str, at: str) -> Webhook:
    """Raises ChangedMeanwhileError when they were replaced since they were read."""
    values = {":before": _write_secrets(webhook.secrets), ":after": _write_secrets(secrets)}
    update = {
        "Update": {
            "TableName": get_settings().webhooks_table,
            "Key": _key(webhook.biller_id, webhook.endpoint_id),
            "UpdateExpression": "SET secrets = :after",
            "ConditionExpression": "secrets = :before",
            "ExpressionAttributeValues": dynamodb.to_item(values),
        }
    }
    audit = build_audit_write(
        webhook.biller_id, user_id=by, action="rotate_webhook_secret", subject=webhook.endpoint_id, at=at
    )
    _commit([update, audit])
    return replace(webhook, secrets=tuple(secrets))


def record_failure(webhook: Webhook, reason: str, now: datetime, paused_until: datetime | None) -> None:
    """One call more failed; workers that failed at the same time count as one."""
    values = {
        ":failures": webhook.failures + 1,
        ":reason": reason,
        ":at": clock.to_text(now),
        ":until": clock.to_text(paused_until) if paused_until else None,
    }
    pause = ", paused_until = :until" if paused_until else ""
    _update_health(webhook, f"SET failures = :failures, last_failure = :reason, last_failure_at = :at{pause}", values)


def record_success(webhook: Webhook) -> None:
    """It answers again."""
    _update_health(webhook, "SET failures = :none REMOVE paused_until", {":none": 0})


def _update_health(webhook: Webhook, expression: str, values: dict[str, Any]) -> None:
    dynamodb.client().update_item(
        TableName=get_settings().webhooks_table,
        Key=_key(webhook.biller_id, webhook.endpoint_id),
        UpdateExpression=expression,
        ConditionExpression="attribute_exists(pk)",
        ExpressionAttributeValues=dynamodb.to_item(values),
    )


def _build_subscription_write(webhook: Webhook) -> dict[str, Any]:
    """Put an active endpoint on its biller's item, or take another one off it, if the item is as it is read here."""
    before = load_biller(webhook.biller_id).webhooks
    after = [given for given in before if given.endpoint_id != webhook.endpoint_id]
    if webhook.state is WebhookState.ACTIVE:
        after.append(WebhookSubscription(webhook.endpoint_id, webhook.kinds))
    is_same = "webhooks = :before" if before else "(attribute_not_exists(webhooks) OR webhooks = :before)"
    return {
        "Update": {
            "TableName": get_settings().billers_table,
            "Key": {"pk": {"S": webhook.biller_id}},
            "UpdateExpression": "SET webhooks = :after",
            "ConditionExpression": f"attribute_exists(pk) AND {is_same}",
            "ExpressionAttributeValues": dynamodb.to_item({":before": _write_map(before), ":after": _write_map(after)}),
        }
    }


def _write_map(subscriptions: Sequence[WebhookSubscription]) -> dict[str, list[str]]:
    return {subscription.endpoint_id: list(subscription.kinds) for subscription in subscriptions}


def _commit(writes: list[dict[str, Any]]) -> None:
    if commit_all(writes):
        raise ChangedMeanwhileError


def _key(biller_id: str, endpoint_id: str) -> dynamodb.Item:
    return {"pk": {"S": biller_id}, "sk": {"S": endpoint_id}}


def _write_secrets(secrets: Sequence[WebhookSecret]) -> list[dict[str, str]]:
    return [
        {"sealed": secret.sealed, "created_at": secret.created_at}
        | ({"expires_at": secret.expires_at} if secret.expires_at else {})
        for secret in secrets
    ]


def _read_webhook(record: dict[str, Any]) -> Webhook:
    return Webhook(
        biller_id=record["pk"],
        endpoint_id=record["sk"],
        url=record["url"],
        kinds=tuple(map(NoticeKind, record["kinds"])),
        state=WebhookState(record["state"]),
        secrets=tuple(WebhookSecret(**secret) for secret in record["secrets"]),
        created_at=record["created_at"],
        created_by=record["created_by"],
        failures=record.get("failures", 0),
        paused_until=record.get("paused_until"),
        last_failure=record.get("last_failure"),
        last_failure_at=record.get("last_failure_at"),
    )
