"""Forms: read from a bounded body, and refused unless this dashboard's own page sent them (CSRF).

Two locks: the browser's word for where the request came from (Sec-Fetch-Site, Origin), and a key in every form that is
made from a random cookie of the visitor, so that no other site can write it.
"""

import base64
import hmac
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from invoicing.errors import FormRefusedError

MAX_FORM_BYTES = 100_000
MAX_FIELDS = 2_000
FORM_COOKIE = "__Host-form"


def read_form(event: Mapping[str, Any]) -> dict[str, list[str]]:
    """Raises FormRefusedError for a body that is no form, or too large."""
    body = event.get("body") or ""
    if len(body) > MAX_FORM_BYTES * 4 // 3:
        raise FormRefusedError("form_too_large")
    try:
        raw = base64.b64decode(body) if event.get("isBase64Encoded") else body.encode()
        return parse_qs(raw.decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict")
    except ValueError as error:
        raise FormRefusedError("form_unreadable") from error


def check_origin(headers: Mapping[str, str]) -> None:
    """Raises FormRefusedError when the browser says that another site sent the form, or says nothing at all."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        if site != "same-origin":
            raise FormRefusedError("form_from_elsewhere")
        return
    origin = headers.get("origin", "")
    if not origin or urlsplit(origin).netloc != headers.get("host", ""):
        raise FormRefusedError("form_from_elsewhere")


def make_visitor_id() -> str:
    return secrets.token_urlsafe(18)


def build_form_key(key: bytes, visitor_id: str, user_id: str) -> str:
    """What this visitor's forms carry while this user is signed in."""
    digest = hmac.digest(key, f"form|{visitor_id}|{user_id}".encode(), "sha256")
    return base64.urlsafe_b64encode(digest[:18]).decode()


def check_form_key(given: str, expected: str) -> None:
    if not hmac.compare_digest(given.encode(), expected.encode()):
        raise FormRefusedError("form_expired")
