"""Webhooks: one signed HTTPS call of the biller's own program per notice, in the manner of Standard Webhooks.

At least once, by contract: whatever is no 2xx, or never came, is tried again with growing delays for some three days,
under the same ``webhook-id``. What one endpoint does slows no other: after a few failures in a row nobody calls it for
a while, and its notices wait in the table.
"""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from invoicing import clock
from invoicing.billers import Biller
from invoicing.errors import WebhookAddressError, WebhookNotFoundError
from invoicing.notices import Notice
from invoicing.store.notices import record_delivery
from invoicing.store.webhooks import Webhook, WebhookState
from invoicing.webhook_addresses import read_url
from invoicing.webhooks import find_webhook, list_valid_secrets, note_failure, note_gone, note_success
from notify.announcement import build_announcement, find_message_id
from notify.channels.guarded_post import PostFailedError, post
from notify.outcomes import ProviderError, RefusedError, RepeatableError

FIRST_RETRY = timedelta(seconds=30)
LONGEST_RETRY = timedelta(hours=6)
LONGEST_WAIT_FOR_ENDPOINT = timedelta(hours=1)
GIVE_UP_AFTER = timedelta(days=3)


def send_webhook_notice(notice: Notice, biller: Biller, invoice: Mapping[str, Any]) -> str:
    """Call the endpoint once; returns the call's ``webhook-id``. Raises the errors of ``notify.outcomes``."""
    now = clock.now()
    try:
        webhook = find_webhook(notice.biller_id, notice.recipient)
        address = read_url(webhook.url)
    except (WebhookNotFoundError, WebhookAddressError) as error:
        raise RefusedError("endpoint_off") from error
    if webhook.state is not WebhookState.ACTIVE:
        raise RefusedError("endpoint_off")
    if webhook.paused_until is not None and webhook.paused_until > clock.to_text(now):
        raise _wait_for_endpoint(notice, clock.from_text(webhook.paused_until), now)
    message_id = find_message_id(notice)
    body = build_body(notice, biller, invoice)
    headers = build_headers(message_id, body, list_valid_secrets(webhook, now), now)
    started = time.monotonic()
    try:
        status: int | None = post(address, body, headers)
        failure = "" if status and 200 <= status < 300 else f"http_{status}"
    except PostFailedError as error:
        status, failure = None, str(error)
    taken = {"milliseconds": int((time.monotonic() - started) * 1000)}
    record_delivery(
        notice, {"at": clock.to_text(now), **({"status": status} if status else {"error": failure}), **taken}
    )
    if failure:
        raise _class_failure(notice, webhook, status, failure)
    note_success(webhook)
    return message_id


def build_body(notice: Notice, biller: Biller, invoice: Mapping[str, Any]) -> bytes:
    """``type`` and ``timestamp`` as Standard Webhooks has them, the facts in ``data``."""
    data = build_announcement(notice, biller, invoice)
    own = {name: invoice[name] for name in ("payer_code", "erp_reference") if name in invoice}
    data["invoice"] |= own
    content = {"type": f"invoice.{notice.kind}", "timestamp": data["occurred_at"], "data": data}
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def build_headers(message_id: str, body: bytes, secrets: Sequence[bytes], now: datetime) -> dict[str, str]:
    timestamp = str(int(now.timestamp()))
    return {
        "content-type": "application/json; charset=utf-8",
        "user-agent": "invoicing-webhooks/1",
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(sign(message_id, timestamp, body, secret) for secret in secrets),
        "connection": "close",
    }


def sign(message_id: str, timestamp: str, body: bytes, secret: bytes) -> str:
    digest = hmac.digest(secret, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256)
    return f"v1,{base64.b64encode(digest).decode()}"


def _class_failure(notice: Notice, webhook: Webhook, status: int | None, reason: str) -> ProviderError:
    now = clock.now()
    if status == 410:
        note_gone(webhook, now)
        return RefusedError("endpoint_gone")
    note_failure(webhook, reason, now)
    if _is_too_late(notice, now):
        return RefusedError(reason)
    return RepeatableError(reason, FIRST_RETRY, LONGEST_RETRY)


def _wait_for_endpoint(notice: Notice, paused_until: datetime, now: datetime) -> ProviderError:
    if _is_too_late(notice, now):
        return RefusedError("endpoint_silent")
    return RepeatableError("endpoint_paused", max(paused_until - now, FIRST_RETRY), LONGEST_WAIT_FOR_ENDPOINT)


def _is_too_late(notice: Notice, now: datetime) -> bool:
    return now - clock.from_text(notice.created_at) >= GIVE_UP_AFTER
