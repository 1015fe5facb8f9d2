"""What tests of webhooks share: a biller's endpoint at a receiver on this machine, and what it took."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from infra.local import webhook_receiver
from infra.local.certificate import write_certificate
from infra.local.providers import Mailbox
from infra.local.webhook_receiver import Receiver, run_receiver
from invoicing import clock
from invoicing.notices import ANNOUNCED_KINDS, Channel, NoticeRef
from invoicing.settings import get_settings
from invoicing.store.billers import load_biller
from invoicing.webhooks import create_webhook
from notify.channels import guarded_post
from tests.integration import notify_scenario as notify
from tests.integration import scenario

BILLER_ID = scenario.SHOP.biller_id


@contextmanager
def run_program(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """A biller's program, and a sender that trusts and may reach it and has little patience."""
    certificate, key = write_certificate(folder)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    monkeypatch.setenv("WEBHOOK_ALLOWED_NETWORKS", "127.0.0.1/32")
    get_settings.cache_clear()
    guarded_post._load_trust.cache_clear()
    monkeypatch.setattr(guarded_post, "EXCHANGE_SECONDS", 0.5)
    # The clocks of these tests stand still in another month, which the library would refuse.
    monkeypatch.setattr(webhook_receiver, "_verifies", _verifies_at_any_time)
    with run_receiver(Mailbox(), [], certificate, key) as receiver:
        yield receiver


def _verifies_at_any_time(secret: str, body: bytes, headers: dict[str, str]) -> bool:
    signed_at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
    expected = Webhook(secret).sign(headers["webhook-id"], signed_at, body.decode())
    return expected in headers["webhook-signature"].split(" ")


def subscribe(receiver: Receiver, path: str = "/orders", kinds: Any = ANNOUNCED_KINDS) -> str:
    """An active endpoint of the shop whose secret its program knows; the endpoint's id."""
    webhook, secret = create_webhook(BILLER_ID, receiver.address + path, kinds, by="siti")
    receiver.secrets.append(secret)
    return webhook.endpoint_id


def issue(index: int = 0) -> list[NoticeRef]:
    """The webhook notices of a new invoice that tells no person."""
    return notify.issue(index, biller=load_biller(BILLER_ID), channels=[])


def list_calls(receiver: Receiver, path: str = "") -> list[Any]:
    return receiver.mailbox.find(Channel.WEBHOOK, path)


def count_requests(receiver: Receiver) -> int:
    return sum(entry["requests"] for entry in receiver.mailbox.count_received())


def settle(ref: NoticeRef, time: notify.Clock) -> None:
    """Go from one due time of the notice to the next, with a sweep and all its messages handled, until it is over."""
    for _ in range(60):
        due_at = notify.load(ref).due_at
        if due_at is None:
            return
        time.instant = max(clock.from_text(due_at), time.instant)
        notify.sweep()
        notify.send_bodies(*notify.receive(Channel.WEBHOOK), provider=notify.WEBHOOK)
    raise AssertionError("never settled")
