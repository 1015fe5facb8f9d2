"""Every message that would have left, from the providers' stand-in, and as files to open."""

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import urllib3

from infra.local.cloud import Cloud, CloudError
from invoicing.notices import Channel


def list_messages(cloud: Cloud, channel: str = "", to: str = "") -> list[dict[str, Any]]:
    """In the order of sending, as ``/messages.json`` has them; ``to`` is any part of a recipient."""
    messages: list[dict[str, Any]] = _fetch(cloud, channel, to)["messages"]
    return messages


def count_received(cloud: Cloud) -> dict[tuple[str, str], tuple[int, int]]:
    """Requests, and how many of them were accepted, by channel and recipient."""
    return {
        (entry["channel"], entry["to"]): (entry["requests"], entry["accepted"]) for entry in _fetch(cloud)["received"]
    }


def _fetch(cloud: Cloud, channel: str = "", to: str = "") -> dict[str, Any]:
    address = f"{cloud.providers}/messages.json?{urlencode({'channel': channel, 'to': to})}"
    try:
        with urllib3.PoolManager() as http:
            answer = http.request("GET", address, retries=False, timeout=30)
    except urllib3.exceptions.HTTPError as error:
        raise CloudError(f"the providers' stand-in at {cloud.providers} does not answer: {error}") from error
    found: dict[str, Any] = json.loads(answer.data)
    return found


def save_emails(cloud: Cloud, folder: Path) -> list[dict[str, Any]]:
    """Write ``0001-recipient.html`` and ``.txt`` for each e-mail: ``{to, subject, html, text}`` with their paths."""
    return [
        {"to": [email["to"]], "subject": email["subject"]} | _write_files(email, index, folder)
        for index, email in enumerate(list_messages(cloud, Channel.EMAIL), start=1)
    ]


def save_messages(cloud: Cloud, folder: Path) -> dict[str, int]:
    """Write all messages as files, a folder for each channel, and ``messages.json``; how many there are per channel."""
    messages = list_messages(cloud)
    counts = dict.fromkeys(map(str, Channel), 0)
    for message in messages:
        counts[message["channel"]] += 1
        _write_files(message, counts[message["channel"]], folder / message["channel"])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "messages.json").write_text(json.dumps(messages, ensure_ascii=False, indent=2), encoding="utf-8")
    return counts


def _write_files(message: dict[str, Any], number: int, folder: Path) -> dict[str, str]:
    """The paths of the message's text and, for e-mails, its HTML."""
    folder.mkdir(parents=True, exist_ok=True)
    recipient = re.sub(r"[^A-Za-z0-9.@_+-]", "_", message["to"])
    written = {}
    for kind, suffix in (("html", "html"), ("text", "txt")):
        if message[kind]:
            path = folder / f"{number:04d}-{recipient}.{suffix}"
            path.write_text(message[kind], encoding="utf-8")
            written[kind] = str(path)
    return written
