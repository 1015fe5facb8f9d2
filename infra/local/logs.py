"""What the functions logged, from the cloud's log groups (named after the function in template.yaml)."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from infra.local.cloud import Cloud, CloudError
from infra.local.deploy import STACK

_TRIES = 20
_PAUSE_SECONDS = 0.2


def list_groups(cloud: Cloud) -> list[str]:
    """Names as ``upload-check``."""
    groups = _read_all(cloud, "describe_log_groups", "logGroups", logGroupNamePrefix=f"/{STACK}/")
    return sorted(group["logGroupName"].rsplit("/", 1)[1] for group in groups)


def read_events(cloud: Cloud, group: str) -> Iterator[dict[str, Any]]:
    """``{"timestamp": milliseconds, "message"}`` in order."""
    events = _read_all(cloud, "filter_log_events", "events", logGroupName=f"/{STACK}/{group}")
    yield from sorted(events, key=lambda event: event["timestamp"])


def _read_all(cloud: Cloud, operation: str, member: str, **request: str) -> list[dict[str, Any]]:
    """MiniStack walks its own dictionaries while functions write to them, and fails when one grows meanwhile."""
    for _ in range(_TRIES):
        try:
            pages = cloud.client("logs").get_paginator(operation).paginate(**request)
            return [found for page in pages for found in page[member]]
        except ClientError as error:
            if error.response["Error"]["Code"] != "InternalError":
                raise
            time.sleep(_PAUSE_SECONDS)
    raise CloudError("the local cloud's logs cannot be read: too much is being written to them")


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
