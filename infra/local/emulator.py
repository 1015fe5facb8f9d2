"""The application that the local cloud serves: MiniStack, with what it does otherwise than AWS put right.

- It ignores ``Range`` when a GET names a version and sends the whole object. Chunks of a plan are read by range.
- A REST API has a host name of its own in AWS, which 127.0.0.1 has not: a path that begins with the name of an API's
  stage is that API's, so that the path called and signed is the one of AWS's own address, ``/live/snap/v1.0/...``.
- It moves no dead letters. One that was put there by hand, which AWS leaves, goes to the first queue that has them.
- Its codes for a forgotten password are all the same and hold for ever. Here each is another one and holds for an hour,
  as Cognito's do; a POST to ``/_local/codes/expire`` lets that hour pass for all.
- HTTP APIs ask for the user pool's keys by plain HTTP, which this cloud does not speak: they are handed over directly.
"""

import json
import re
import secrets
import time
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

_CODE_SECONDS = 3600
_CODE, _CODE_UNTIL = "_reset_code", "_reset_code_until"
_forgot_password, _send_code, _find_code_error = (
    cognito._forgot_password,
    cognito._send_verification_email,
    cognito._confirmation_code_error,
)
_reset_users: list[dict[str, Any]] = []
"""Who has asked for a code."""


def _find_user(data: dict[str, Any]) -> dict[str, Any]:
    """Of a client's call without other credentials; empty when there is none."""
    pool, _ = cognito._pool_for_client(data.get("ClientId"))
    user: dict[str, Any] = (cognito._resolve_user(pool, data.get("Username"))[0] if pool else None) or {}
    return user


def _start_reset(data: dict[str, Any]) -> Any:
    codes: list[str] = []

    def send(pool: Any, username: str, attributes: Any, _same: str, **more: Any) -> Any:
        codes.append(f"{secrets.randbelow(10**6):06d}")
        return _send_code(pool, username, attributes, codes[-1], **more)

    cognito._send_verification_email = send
    try:
        answer = _forgot_password(data)
    finally:
        cognito._send_verification_email = _send_code
    if codes:
        user = _find_user(data)
        user[_CODE], user[_CODE_UNTIL] = codes[-1], time.time() + _CODE_SECONDS
        _reset_users.append(user)
    return answer


def _check_code(action: str, data: dict[str, Any]) -> Any:
    """A code past its hour is gone: ExpiredCodeException, as for one that was used."""
    user = _find_user(data) if action == "ConfirmForgotPassword" else {}
    if user.get(_CODE_UNTIL, 0) < time.time():
        user.pop(_CODE, None)
    return _find_code_error(action, data)


cognito._forgot_password = _start_reset
cognito._confirmation_code_error = _check_code


async def _expire_codes(send: Send) -> None:
    for user in _reset_users:
        user[_CODE_UNTIL] -= _CODE_SECONDS
    _reset_users.clear()
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


_RANGE = re.compile(rb"bytes=(\d+)-(\d+)")


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http" and (scope["method"], scope["path"]) == ("POST", "/_local/codes/expire"):
        await _expire_codes(send)
        return
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
