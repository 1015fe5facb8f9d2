"""Every e-mail that would have left, as files to open."""

import json
import re
from pathlib import Path
from typing import Any

from infra.local.cloud import Cloud


def list_emails(cloud: Cloud) -> list[dict[str, Any]]:
    """In the order of sending: ``{to, from, subject, html, text}``."""
    answer = json.loads(cloud.fetch(f"{cloud.endpoint}/_ministack/ses/messages"))
    messages = [message for account in answer["messages"].values() for message in account]
    return [
        {
            "to": message["To"],
            "from": message["Source"],
            "subject": message["Subject"],
            "html": message.get("BodyHtml") or "",
            "text": message.get("BodyText") or "",
        }
        for message in messages
    ]


def save_emails(cloud: Cloud, folder: Path) -> list[dict[str, Any]]:
    """Write ``0001-recipient.html`` and ``.txt`` for each: ``{to, subject, html, text}`` with the files' paths."""
    folder.mkdir(parents=True, exist_ok=True)
    saved = []
    for index, email in enumerate(list_emails(cloud), start=1):
        recipient = re.sub(r"[^A-Za-z0-9.@_-]", "_", ",".join(email["to"]))
        record = {"to": email["to"], "subject": email["subject"]}
        for kind, suffix in (("html", "html"), ("text", "txt")):
            path = folder / f"{index:04d}-{recipient}.{suffix}"
            path.write_text(email[kind], encoding="utf-8")
            record[kind] = str(path)
        saved.append(record)
    return saved
