"""The application that the local cloud serves: MiniStack, with what it does otherwise than AWS put right.

- It ignores ``Range`` when a GET names a version and sends the whole object. Chunks of a plan are read by range.
- A REST API has a host name of its own in AWS, which 127.0.0.1 has not: a path that begins with the name of an API's
  stage is that API's, so that the path called and signed is the one of AWS's own address, ``/live/snap/v1.0/...``.
- It moves no dead letters. One that was put there by hand, which AWS leaves, goes to the first queue that has them.
- HTTP APIs ask for the user pool's keys by plain HTTP, which this cloud does not speak: they are handed over directly.
"""

import json
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from ministack.app import app as ministack
from ministack.services import apigateway, apigateway_v1, cognito, sqs

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


async def _read_keys(url: str) -> Any:
    """The keys of the pool that a URL like ``http://HOST/POOL/.well-known/jwks.json`` names."""
    _, _, body = cognito.well_known_jwks(url.split("/")[3])
    return json.loads(body)


apigateway._fetch_jwks = _read_keys


def _move_dead_letters(data: dict[str, Any], _url: str) -> dict[str, Any]:
    source = sqs._queue_by_arn(data["SourceArn"])
    targets = {
        queue["attributes"]["QueueArn"]: queue
        for _, queue in sqs._queues.all_items()
        if data["SourceArn"] in queue["attributes"].get("RedrivePolicy", "")
    }
    first = next(iter(targets))
    for message in source["messages"]:
        origin = message["sys"].get("DeadLetterQueueSourceArn", first)
        targets[origin]["messages"].append({**message, "receive_count": 0, "receipt_handle": None})
    source["messages"] = []
    sqs.esm_wake.set()
    return {"TaskHandle": data["SourceArn"]}


sqs._HANDLERS["StartMessageMoveTask"] = _move_dead_letters

_RANGE = re.compile(rb"bytes=(\d+)-(\d+)")


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    asked = _read_range(scope)
    if asked is None:
        await ministack(_find_api(scope), receive, send)
        return
    answer: list[MutableMapping[str, Any]] = []

    async def keep(message: MutableMapping[str, Any]) -> None:
        answer.append(message)

    await ministack(scope, receive, keep)
    head, body = answer[0], b"".join(message.get("body", b"") for message in answer[1:])
    if head["status"] == 200:
        head, body = _cut(head, body, *asked)
    await send(head)
    await send({"type": "http.response.body", "body": body})


def _find_api(scope: Scope) -> Scope:
    if scope["type"] != "http":
        return scope
    stage = scope["path"].split("/", 2)[1]
    for (_account, _region, api_id), stages in apigateway_v1._stages_v1.all_items():
        if stage in stages:
            start = f"/_aws/execute-api/{api_id}"
            return {**scope, "path": start + scope["path"], "raw_path": start.encode() + scope["raw_path"]}
    return scope


def _read_range(scope: Scope) -> tuple[int, int] | None:
    """First and last byte asked for of an object version; None for any other request."""
    if scope["type"] != "http" or scope["method"] != "GET" or b"versionId=" not in scope["query_string"]:
        return None
    match = _RANGE.fullmatch(dict(scope["headers"]).get(b"range", b""))
    return (int(match[1]), int(match[2])) if match else None


def _cut(head: MutableMapping[str, Any], body: bytes, first: int, last: int) -> tuple[MutableMapping[str, Any], bytes]:
    part = body[first : last + 1]
    # Checksums are of the whole object; AWS leaves them out of a partial answer too.
    headers = [
        (name, value)
        for name, value in head["headers"]
        if name.lower() != b"content-length" and not name.lower().startswith(b"x-amz-checksum")
    ]
    headers += [
        (b"content-length", str(len(part)).encode()),
        (b"content-range", f"bytes {first}-{first + len(part) - 1}/{len(body)}".encode()),
    ]
    return {**head, "status": 206, "headers": headers}, part
