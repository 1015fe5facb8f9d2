"""Webhooks for a person at this machine: endpoints of a biller at the local receiver, which is told their secrets."""

from typing import Any

import urllib3

from infra.local import client
from infra.local.cloud import Cloud, CloudError

FUNCTION = "NoticeCommandFunction"


def create_webhook(cloud: Cloud, biller_id: str, user_id: str, url: str, kinds: list[str] | None) -> dict[str, Any]:
    """``url`` may be a path of the local receiver: ``/orders``, ``/orders/gone``. The secret is in the answer."""
    address = url if url.startswith("https://") else f"{cloud.receiver}/{url.removeprefix('/')}"
    members = {"kinds": kinds} if kinds else {}
    webhook = client.call(cloud, "create_webhook", biller_id, user_id, function=FUNCTION, url=address, **members)
    tell_secret(cloud, webhook["secret"])
    return webhook


def change_webhook(cloud: Cloud, operation: str, biller_id: str, user_id: str, endpoint_id: str) -> dict[str, Any]:
    """``operation``: rotate, disable or enable."""
    webhook = client.call(cloud, f"{operation}_webhook", biller_id, user_id, function=FUNCTION, endpoint_id=endpoint_id)
    if "secret" in webhook:
        tell_secret(cloud, webhook["secret"])
    return webhook


def tell_secret(cloud: Cloud, secret: str) -> None:
    """Let the local receiver take what this secret signs."""
    with urllib3.PoolManager() as http:
        answer = http.request("POST", f"{cloud.providers}/webhook-secrets", body=secret, retries=False, timeout=30)
    if answer.status >= 300:
        raise CloudError(f"the receiver of webhooks did not take the secret (HTTP {answer.status})")
