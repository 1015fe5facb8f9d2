"""A call as API Gateway hands it over: the bytes, the path and the headers that the bank sent and signed."""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from invoicing.settings import get_settings
from va_callback.calls import Service

MAX_BODY_BYTES = 32_768
"""Twice the largest payment that the standard allows, with all its texts. WAF holds the same limit."""

_ENDINGS = {
    "/access-token/b2b": Service.ACCESS_TOKEN,
    "/transfer-va/inquiry": Service.INQUIRY,
    "/transfer-va/payment": Service.PAYMENT,
    "/transfer-va/status": Service.STATUS,
}
_SIGNED_PATH = re.compile(r"[A-Za-z0-9/._~%-]{1,200}")


@dataclass(frozen=True, slots=True)
class HttpCall:
    method: str
    path: str
    """As the bank called it: with the stage where the API has no domain of its own."""
    service: Service | None
    """None for a path that is none of ours."""
    headers: Mapping[str, str]
    """By lower-case name; a header given twice with two values is missing here and listed in ``ambiguous``."""
    ambiguous: frozenset[str]
    body: bytes
    source_ip: str
    """Of the TCP connection, as API Gateway saw it; no header can change it."""


def read_event(event: Mapping[str, Any]) -> HttpCall:
    """Bodies come in base64, since the API takes every media type as binary: a signature is over bytes."""
    context = event["requestContext"]
    headers, ambiguous = _read_headers(event)
    return HttpCall(
        method=event["httpMethod"],
        path=_read_path(context.get("path") or event["path"]),
        service=_find_service(event["path"]),
        headers=headers,
        ambiguous=ambiguous,
        body=_read_body(event),
        source_ip=context["identity"]["sourceIp"],
    )


def _find_service(path: str) -> Service | None:
    settings = get_settings()
    for version in settings.snap_versions:
        start = f"{settings.snap_path_prefix}/{version}"
        if path.startswith(start) and path[len(start) :] in _ENDINGS:
            return _ENDINGS[path[len(start) :]]
    return None


def _read_path(path: str) -> str:
    return path if _SIGNED_PATH.fullmatch(path) else ""


def _read_headers(event: Mapping[str, Any]) -> tuple[dict[str, str], frozenset[str]]:
    values: dict[str, set[str]] = {}
    for name, given in (event.get("multiValueHeaders") or {}).items():
        values.setdefault(name.lower(), set()).update(value.strip() for value in given)
    for name, value in (event.get("headers") or {}).items():
        values.setdefault(name.lower(), set()).add(value.strip())
    single = {name: next(iter(given)) for name, given in values.items() if len(given) == 1}
    return single, frozenset(values) - frozenset(single)


def _read_body(event: Mapping[str, Any]) -> bytes:
    body = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return bytes(body, "utf-8", "surrogatepass")
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        # Nothing that API Gateway does; as a body it is no JSON.
        return b"\0"
