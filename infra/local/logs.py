"""What the functions logged, from the cloud's log groups (named after the function in template.yaml)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from infra.local.cloud import Cloud
from infra.local.deploy import STACK


def list_groups(cloud: Cloud) -> list[str]:
    """Names as ``upload-check``."""
    pages = cloud.client("logs").get_paginator("describe_log_groups").paginate(logGroupNamePrefix=f"/{STACK}/")
    return sorted(group["logGroupName"].rsplit("/", 1)[1] for page in pages for group in page["logGroups"])


def read_events(cloud: Cloud, group: str) -> Iterator[dict[str, Any]]:
    """``{"timestamp": milliseconds, "message"}`` in order."""
    pages = cloud.client("logs").get_paginator("filter_log_events").paginate(logGroupName=f"/{STACK}/{group}")
    events = [event for page in pages for event in page["events"]]
    yield from sorted(events, key=lambda event: event["timestamp"])


def read_new_events(cloud: Cloud, group: str, seen: set[str]) -> Iterator[dict[str, Any]]:
    """Events whose id is not in ``seen`` yet; it remembers them."""
    for event in read_events(cloud, group):
        if event["eventId"] not in seen:
            seen.add(event["eventId"])
            yield event


def save_logs(cloud: Cloud) -> list[Path]:
    """One file per function in ``logs/``, so that they can be read after the cloud has gone."""
    paths = []
    for group in list_groups(cloud):
        path = cloud.home / "logs" / f"{group}.log"
        path.write_text("".join(f"{event['message']}\n" for event in read_events(cloud, group)))
        paths.append(path)
    return paths
