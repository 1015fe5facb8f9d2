"""HTTP answers of pages, with the headers that keep them out of other people's sight and scripts out of them."""

import base64
from typing import Any

from webpages.assets import Asset

_HEADERS = {
    "cache-control": "no-store",
    # A page's address may be a key: no other site is told it, no search engine lists it, no other site frames it.
    "referrer-policy": "no-referrer",
    "x-robots-tag": "noindex, nofollow, noarchive",
    "strict-transport-security": "max-age=63072000; includeSubDomains",
    "x-content-type-options": "nosniff",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


_FRAMED_POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'"
)


def build_policy(*, posts_to: str = "", frames: bool = False) -> str:
    """The content security policy: nothing inline, nothing from elsewhere.

    ``posts_to``: one more origin for forms; ``frames``: the page may show pages of ours in frames.
    """
    also = f" {posts_to}" if posts_to else ""
    framed = "frame-src 'self'; " if frames else ""
    return (
        f"default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; {framed}"
        f"connect-src 'self'{also}; form-action 'self'{also}; base-uri 'none'; frame-ancestors 'none'"
    )


def answer_page(status: int, html: str, *, posts_to: str = "", frames: bool = False) -> dict[str, Any]:
    answer = answer_text(status, html, "text/html")
    answer["headers"]["content-security-policy"] = build_policy(posts_to=posts_to, frames=frames)
    return answer


def answer_framed_page(html: str) -> dict[str, Any]:
    """A letter with its own inline styles, for a frame in a page of ours: it runs, loads and sends nothing."""
    answer = answer_text(200, html, "text/html")
    answer["headers"]["content-security-policy"] = _FRAMED_POLICY
    return answer


def answer_text(status: int, body: str, content_type: str) -> dict[str, Any]:
    headers = {
        "content-security-policy": build_policy(),
        "content-type": f"{content_type}; charset=utf-8",
    }
    return {"statusCode": status, "headers": {**_HEADERS, **headers}, "body": body}


def answer_redirect(location: str) -> dict[str, Any]:
    """See other: a reload repeats no form."""
    return {"statusCode": 303, "headers": {**_HEADERS, "location": location}, "body": ""}


def answer_asset(asset: Asset | None) -> dict[str, Any]:
    if asset is None:
        return answer_text(404, "", "text/plain")
    answer = answer_text(200, asset.text, asset.content_type)
    # Its name holds its hash: what it says never changes.
    answer["headers"]["cache-control"] = "public, max-age=31536000, immutable"
    return answer


def answer_file(content: bytes, filename: str, content_type: str, *, inline: bool = False) -> dict[str, Any]:
    """A file to keep or, ``inline``, to look at; ``filename`` is ours, ASCII without quotes."""
    disposition = "inline" if inline else "attachment"
    return {
        "statusCode": 200,
        "headers": {
            **_HEADERS,
            "content-security-policy": build_policy(),
            "content-type": content_type,
            "content-disposition": f'{disposition}; filename="{filename}"',
        },
        "isBase64Encoded": True,
        "body": base64.b64encode(content).decode(),
    }
