"""A biller's webhook endpoints: what its own program is told, where, and the secrets that sign it.

Signatures are those of the Standard Webhooks specification: a secret is ``whsec_`` and the base64 of its bytes. It is
shown once, when it is made. While a new one takes over, both are valid and every call carries both signatures.
"""

import base64
import secrets
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from ulid import ULID

from invoicing import clock
from invoicing.errors import ChangedMeanwhileError, WebhookExistsError, WebhookLimitError
from invoicing.notices import ANNOUNCED_KINDS, NoticeKind
from invoicing.store import notices, webhook_secrets
from invoicing.store import webhooks as store
from invoicing.store.webhooks import Webhook, WebhookSecret, WebhookState
from invoicing.webhook_addresses import read_url

MAX_ACTIVE = 5
"""Endpoints of one biller: each adds a notice to every invoice."""
MAX_WEBHOOKS = 100
"""Disabled ones too, since none is ever deleted."""
ROTATION = timedelta(hours=24)
"""How long the old secret still signs beside a new one."""
PATIENCE = 3
"""Failures in a row after which an endpoint is left alone for a while."""
FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(minutes=15)
RECEIVER = "receiver"
"""In the place of a user id: the endpoint's own answer."""
MAX_SHOWN = 50
"""Deliveries."""
_LATEST = 50
"""Notices looked at in each shard of a day: of all channels, so that few of them may be calls."""
_AT_ONCE = 100
_SECRET_BYTES = 32
_SECRET_PREFIX = "whsec_"  # noqa: S105 - no secret, the form of one


def create_webhook(biller_id: str, url: str, kinds: Collection[NoticeKind], *, by: str) -> tuple[Webhook, str]:
    """A new active endpoint, and its secret, which nobody can read again.

    Raises WebhookAddressError, WebhookExistsError (an active one has this URL), WebhookLimitError,
    BillerNotFoundError, ChangedMeanwhileError.
    """
    read_url(url)
    _check_room(biller_id, url)
    now = clock.to_text(clock.now())
    endpoint_id = f"wh-{ULID()}".lower()
    secret = _make_secret()
    webhook = Webhook(
        biller_id=biller_id,
        endpoint_id=endpoint_id,
        url=url,
        kinds=tuple(kind for kind in ANNOUNCED_KINDS if kind in kinds),
        state=WebhookState.ACTIVE,
        secrets=(WebhookSecret(webhook_secrets.seal(biller_id, endpoint_id, secret), now),),
        created_at=now,
        created_by=by,
    )
    store.create_webhook(webhook, by=by, at=now)
    return webhook, secret


def list_webhooks(biller_id: str) -> list[Webhook]:
    return store.list_webhooks(biller_id)


def rotate_secret(biller_id: str, endpoint_id: str, *, by: str) -> tuple[Webhook, str]:
    """A new secret; the one before it stays valid for ``ROTATION``, an older one no longer.

    Raises WebhookNotFoundError, ChangedMeanwhileError.
    """
    webhook = store.load_webhook(biller_id, endpoint_id)
    now = clock.now()
    secret = _make_secret()
    sealed = webhook_secrets.seal(biller_id, endpoint_id, secret)
    before = replace(webhook.secrets[0], expires_at=clock.to_text(now + ROTATION))
    changed = store.replace_secrets(
        webhook, [WebhookSecret(sealed, clock.to_text(now)), before], by=by, at=clock.to_text(now)
    )
    return changed, secret


def disable_webhook(biller_id: str, endpoint_id: str, *, by: str) -> Webhook:
    """No more calls; those that wait fail, and can be sent again once it is enabled.

    Disabling twice changes nothing. Raises WebhookNotFoundError, ChangedMeanwhileError.
    """
    webhook = store.load_webhook(biller_id, endpoint_id)
    if webhook.state is not WebhookState.ACTIVE:
        return webhook
    return store.change_state(webhook, WebhookState.DISABLED, by=by, at=clock.to_text(clock.now()))


def enable_webhook(biller_id: str, endpoint_id: str, *, by: str) -> Webhook:
    """Calls again, with the same secret. Raises as ``create_webhook`` and WebhookNotFoundError."""
    webhook = store.load_webhook(biller_id, endpoint_id)
    if webhook.state is WebhookState.ACTIVE:
        return webhook
    read_url(webhook.url)
    _check_room(biller_id, webhook.url)
    return store.change_state(webhook, WebhookState.ACTIVE, by=by, at=clock.to_text(clock.now()))


def find_webhook(biller_id: str, endpoint_id: str) -> Webhook:
    """Raises WebhookNotFoundError."""
    return store.load_webhook(biller_id, endpoint_id)


def list_valid_secrets(webhook: Webhook, now: datetime) -> list[bytes]:
    """The bytes that sign a call now, the newest first."""
    at = clock.to_text(now)
    valid = [secret for secret in webhook.secrets if secret.expires_at is None or secret.expires_at > at]
    opened = (webhook_secrets.unseal(webhook.biller_id, webhook.endpoint_id, secret.sealed) for secret in valid)
    return [base64.b64decode(secret.removeprefix(_SECRET_PREFIX)) for secret in opened]


def note_success(webhook: Webhook) -> None:
    """A call was taken: the endpoint's failures are over."""
    if webhook.failures:
        store.record_success(webhook)


def note_failure(webhook: Webhook, reason: str, now: datetime) -> None:
    """A call failed; after ``PATIENCE`` of them in a row nobody calls for a while, each time for longer."""
    beyond = webhook.failures + 1 - PATIENCE
    pause = min(FIRST_PAUSE * 2 ** min(beyond, 10), LONGEST_PAUSE) if beyond >= 0 else None
    store.record_failure(webhook, reason, now, now + pause if pause else None)


def note_gone(webhook: Webhook, now: datetime) -> None:
    """The endpoint answered that it wants no more calls."""
    try:
        store.change_state(webhook, WebhookState.GONE, by=RECEIVER, at=clock.to_text(now), reason="410")
    except ChangedMeanwhileError:
        # Another call was told the same, or the biller has changed it: the next call sees what holds.
        return


def list_recent_deliveries(biller_id: str, endpoint_id: str) -> list[dict[str, Any]]:
    """What the endpoint was told lately and how that went, newest first: of the last notices of today and yesterday.

    Raises WebhookNotFoundError.
    """
    store.load_webhook(biller_id, endpoint_id)
    today = clock.today_in_jakarta()
    shown: list[dict[str, Any]] = []
    for day in (today, today - timedelta(days=1)):
        refs = notices.list_latest_of_day(biller_id, day, _LATEST)
        records = [
            record
            for start in range(0, len(refs), _AT_ONCE)
            for record in notices.load_records(refs[start : start + _AT_ONCE])
        ]
        shown += [_show_delivery(record) for record in records if record.get("recipient") == endpoint_id]
        if len(shown) >= MAX_SHOWN:
            break
    return sorted(shown, key=lambda delivery: str(delivery["created_at"]), reverse=True)[:MAX_SHOWN]


def _show_delivery(record: dict[str, Any]) -> dict[str, Any]:
    attempts = record.get("deliveries", [])
    return {
        "number": record["number"],
        "kind": record["kind"],
        "state": record["state"],
        "created_at": record["created_at"],
        "attempts": len(attempts),
        "last": attempts[-1] if attempts else None,
    }


def show_webhook(webhook: Webhook) -> dict[str, Any]:
    """As billers see it: no secret, but from when each valid one is."""
    at = clock.to_text(clock.now())
    shown = {
        "endpoint_id": webhook.endpoint_id,
        "url": webhook.url,
        "kinds": list(webhook.kinds),
        "state": webhook.state,
        "secrets": [
            {"created_at": secret.created_at} | ({"expires_at": secret.expires_at} if secret.expires_at else {})
            for secret in webhook.secrets
            if secret.expires_at is None or secret.expires_at > at
        ],
        "created_at": webhook.created_at,
        "created_by": webhook.created_by,
        "failures": webhook.failures,
        "paused_until": webhook.paused_until,
        "last_failure": webhook.last_failure,
        "last_failure_at": webhook.last_failure_at,
    }
    return {name: value for name, value in shown.items() if value is not None}


def _check_room(biller_id: str, url: str) -> None:
    known = store.list_webhooks(biller_id)
    active = [webhook for webhook in known if webhook.state is WebhookState.ACTIVE]
    if any(webhook.url == url for webhook in active):
        raise WebhookExistsError(url)
    if len(active) >= MAX_ACTIVE or len(known) >= MAX_WEBHOOKS:
        raise WebhookLimitError(str(MAX_ACTIVE))


def _make_secret() -> str:
    return _SECRET_PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()
