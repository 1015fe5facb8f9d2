"""HTTP answers of the payer's page, with the headers that keep a bill out of other people's sight."""

import base64
from typing import Any

_HEADERS = {
    "cache-control": "no-store",
    # The page's address is its key: no other site is told it, no search engine lists it, no other site frames it.
    "referrer-policy": "no-referrer",
    "x-robots-tag": "noindex, nofollow, noarchive",
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "strict-transport-security": "max-age=63072000; includeSubDomains",
    "x-content-type-options": "nosniff",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


def answer_page(status: int, html: str) -> dict[str, Any]:
    return answer_text(status, html, "text/html")


def answer_text(status: int, body: str, content_type: str) -> dict[str, Any]:
    return {
        "statusCode": status,
        "headers": {**_HEADERS, "content-type": f"{content_type}; charset=utf-8"},
        "body": body,
    }


def answer_binary(content: bytes, filename: str) -> dict[str, Any]:
    """A PDF to look at or to keep."""
    return {
        "statusCode": 200,
        "headers": {
            **_HEADERS,
            "content-type": "application/pdf",
            "content-disposition": f'inline; filename="{filename}"',
        },
        "isBase64Encoded": True,
        "body": base64.b64encode(content).decode(),
    }
