"""What a biller's person does about notices at this machine: send again, pause reminders, keep webhooks.

Webhooks go to the local receiver, which is told each secret, since it is shown once only.
"""

import argparse
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import urllib3

from infra.local import client
from infra.local.cloud import Cloud, CloudError
from infra.local.seed import BILLERS
from invoicing import clock
from invoicing.notices import ANNOUNCED_KINDS

FUNCTION = "NoticeCommandFunction"
Answer = tuple[Any, Iterator[str]]
AddCommand = Callable[..., argparse.ArgumentParser]


def add_commands(add: AddCommand) -> None:
    """Add this module's commands to the parser that ``add`` belongs to."""
    _add_biller(add("webhooks", _list_webhooks, "the webhook endpoints of a biller", user=True))
    create = _add_biller(add("webhook-create", _create_webhook, "a new endpoint; its secret is shown once", user=True))
    create.add_argument("url", help="https://…, or a path of the local receiver: /orders, /orders/gone")
    create.add_argument("--kind", action="append", choices=list(ANNOUNCED_KINDS), help="default: all of them")
    change = _add_biller(add("webhook-change", _change_webhook, "a new secret, off, or on again", user=True))
    change.add_argument("endpoint_id")
    change.add_argument("change", choices=["rotate", "disable", "enable"])
    replay = _add_biller(add("replay", _replay, "call an endpoint again for all that failed", user=True))
    replay.add_argument("endpoint_id")
    replay.add_argument("--hours", type=float, default=24, help="of the last so many hours (default 24)")
    _add_request_id(replay)
    resend = _add_biller(add("resend", _resend, "send an invoice's bill again, or one notice", user=True))
    resend.add_argument("va_number")
    resend.add_argument("notice_id", nargs="?")
    _add_request_id(resend)
    failed = _add_biller(add("resend-failed", _resend_failed, "send again what failed", user=True))
    failed.add_argument("upload_id", nargs="?", help="of this upload; without it, of the last days")
    failed.add_argument("--days", type=int, default=1, help="today and the days before it (default 1)")
    _add_request_id(failed)
    for name, text in (("pause", "no reminders of an invoice or a payer"), ("resume", "reminders again")):
        command = _add_biller(add(name, _change_reminders, text, user=True))
        target = command.add_mutually_exclusive_group(required=True)
        target.add_argument("--number", help="of the invoice")
        target.add_argument("--payer", help="payer:CODE or family:CODE")
        if name == "pause":
            command.add_argument("--until", help="a local day, 2026-12-31")


def create_webhook(cloud: Cloud, biller_id: str, user_id: str, url: str, kinds: list[str] | None) -> dict[str, Any]:
    """``url`` may be a path of the local receiver. The secret is in the answer."""
    address = url if url.startswith("https://") else f"{cloud.receiver}/{url.removeprefix('/')}"
    members = {"kinds": kinds} if kinds else {}
    webhook = client.call(cloud, "create_webhook", biller_id, user_id, function=FUNCTION, url=address, **members)
    _tell_secret(cloud, webhook["secret"])
    return webhook


def change_webhook(cloud: Cloud, change: str, biller_id: str, user_id: str, endpoint_id: str) -> dict[str, Any]:
    """``change``: rotate, disable or enable."""
    members = {"function": FUNCTION, "endpoint_id": endpoint_id}
    webhook = client.call(cloud, f"{change}_webhook", biller_id, user_id, **members)
    if "secret" in webhook:
        _tell_secret(cloud, webhook["secret"])
    return webhook


def _tell_secret(cloud: Cloud, secret: str) -> None:
    with urllib3.PoolManager() as http:
        answer = http.request("POST", f"{cloud.providers}/webhook-secrets", body=secret, retries=False, timeout=30)
    if answer.status >= 300:
        raise CloudError(f"the receiver of webhooks did not take the secret (HTTP {answer.status})")


def _list_webhooks(cloud: Cloud, options: argparse.Namespace) -> Answer:
    found = _call(cloud, options, "list_webhooks")["webhooks"]
    return found, (_format_webhook(webhook) for webhook in found)


def _create_webhook(cloud: Cloud, options: argparse.Namespace) -> Answer:
    webhook = create_webhook(cloud, options.biller, _name_user(options), options.url, options.kind)
    return webhook, iter([_format_webhook(webhook), f"secret, shown this once: {webhook['secret']}"])


def _change_webhook(cloud: Cloud, options: argparse.Namespace) -> Answer:
    webhook = change_webhook(cloud, options.change, options.biller, _name_user(options), options.endpoint_id)
    shown = [f"secret, shown this once: {webhook['secret']}"] if "secret" in webhook else []
    return webhook, iter([_format_webhook(webhook), *shown])


def _format_webhook(webhook: dict[str, Any]) -> str:
    trouble = f", {webhook['failures']} failures: {webhook['last_failure']}" if webhook["failures"] else ""
    return f"{webhook['endpoint_id']}  {webhook['state']:<8} {webhook['url']}  ({', '.join(webhook['kinds'])}){trouble}"


def _replay(cloud: Cloud, options: argparse.Namespace) -> Answer:
    since = clock.to_text(datetime.now(UTC) - timedelta(hours=options.hours))
    return _run_batches(cloud, options, "replay_webhooks", endpoint_id=options.endpoint_id, since=since)


def _resend(cloud: Cloud, options: argparse.Namespace) -> Answer:
    members = {"va_number": options.va_number, "request_id": _name_request(options)}
    if options.notice_id:
        made = [_call(cloud, options, "resend_notice", notice_id=options.notice_id, **members)["notice_id"]]
        return {"resent": made, "skipped": {}}, iter([f"sent again as {made[0]}"])
    answer = _call(cloud, options, "resend_invoice", **members)
    skipped = (f"not {notice_id}: {reason}" for notice_id, reason in answer["skipped"].items())
    return answer, iter([*(f"sent again as {notice_id}" for notice_id in answer["resent"]), *skipped])


def _resend_failed(cloud: Cloud, options: argparse.Namespace) -> Answer:
    if options.upload_id:
        return _run_batches(cloud, options, "resend_failed_of_upload", upload_id=options.upload_id)
    last = clock.today_in_jakarta()
    days = {"first_day": f"{last - timedelta(days=options.days - 1)}", "last_day": f"{last}"}
    return _run_batches(cloud, options, "resend_failed_of_period", **days)


def _run_batches(cloud: Cloud, options: argparse.Namespace, operation: str, **members: Any) -> Answer:
    """All batches to the end, under one request."""
    request_id = _name_request(options)
    total: dict[str, Any] = {"resent": 0, "skipped": {}, "examined": 0}
    position: dict[str, str] = {}
    while True:
        batch = _call(cloud, options, operation, request_id=request_id, **members, **position)
        total["resent"] += batch["resent"]
        total["examined"] += batch["examined"]
        for reason, number in batch["skipped"].items():
            total["skipped"][reason] = total["skipped"].get(reason, 0) + number
        if "cursor" not in batch:
            skipped = (f"{number:,} not: {reason}" for reason, number in total["skipped"].items())
            return total, iter([f"{total['resent']:,} of {total['examined']:,} notices sent again", *skipped])
        position = {"cursor": batch["cursor"]}


def _change_reminders(cloud: Cloud, options: argparse.Namespace) -> Answer:
    of_invoice = options.number is not None
    operation = f"{options.command}_{'invoice' if of_invoice else 'payer'}_reminders"
    target = {"number": options.number} if of_invoice else {"payer_key": options.payer}
    until = {"until": options.until} if getattr(options, "until", None) else {}
    answer = _call(cloud, options, operation, **target, **until)
    return answer, iter(["reminders are paused" if answer["paused"] else "reminders go out again"])


def _call(cloud: Cloud, options: argparse.Namespace, operation: str, **members: Any) -> dict[str, Any]:
    return client.call(cloud, operation, options.biller, _name_user(options), function=FUNCTION, **members)


def _name_user(options: argparse.Namespace) -> str:
    return f"{options.biller}-{options.user or 'maker'}"


def _name_request(options: argparse.Namespace) -> str:
    return options.request_id or uuid.uuid4().hex


def _add_biller(command: argparse.ArgumentParser) -> argparse.ArgumentParser:
    command.add_argument("biller", choices=[biller.biller_id for biller in BILLERS])
    return command


def _add_request_id(command: argparse.ArgumentParser) -> None:
    command.add_argument("--request-id", help="the same one again sends nothing again")
