"""What tests of the dashboard share: visitors who are signed in as somebody, and visits through the real handler."""

import base64
import re
from dataclasses import dataclass, field
from html import unescape
from typing import Any
from urllib.parse import urlencode

import pytest

from dashboard import handler, sessions
from invoicing.errors import NotSignedInError
from tests.integration.scenario import FakeContext

HOST = "dashboard.example"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    cookies: list[str]
    body: bytes

    @property
    def text(self) -> str:
        return unescape(self.body.decode())

    @property
    def location(self) -> str:
        return self.headers.get("location", "")


@dataclass
class Browser:
    """One visitor: keeps cookies, and finds the key that a page's forms carry."""

    user_id: str | None = None
    cookies: dict[str, str] = field(default_factory=dict)
    language: str = ""

    def get(self, path: str, **query: str) -> Answer:
        return self._visit("GET", path, query=query)

    def post(self, path: str, *, page: str | None = None, form_key: str | None = None, **members: Any) -> Answer:
        """Send a form as the page at ``page`` (else ``path``) gives it."""
        key = form_key if form_key is not None else self.find_form_key(page or path)
        headers = {"sec-fetch-site": "same-origin", "content-type": "application/x-www-form-urlencoded"}
        return self._visit("POST", path, body=urlencode({"form_key": key, **members}, doseq=True), headers=headers)

    def find_form_key(self, path: str) -> str:
        match = re.search(r'name="form_key" value="([^"]*)"', self.get(path).text)
        assert match, f"no form at {path}"
        return match[1]

    def _visit(self, method: str, path: str, **more: Any) -> Answer:
        event = make_event(method, path, cookies=self.cookies, **more)
        if self.user_id:
            self.cookies[sessions.ACCESS_COOKIE] = f"token-of-{self.user_id}"
        answer = handler.handle(event, FakeContext())
        for cookie in answer.get("cookies", []):
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        body = answer["body"]
        raw = base64.b64decode(body) if answer.get("isBase64Encoded") else body.encode()
        return Answer(answer["statusCode"], answer["headers"], answer.get("cookies", []), raw)


def make_event(
    method: str,
    path: str,
    *,
    cookies: dict[str, str] | None = None,
    query: dict[str, str] | None = None,
    headers: dict[str, str] | None = None,
    body: str | None = None,
) -> dict[str, Any]:
    return {
        "version": "2.0",
        "rawPath": path,
        "queryStringParameters": query or {},
        "cookies": [f"{name}={value}" for name, value in (cookies or {}).items()],
        "headers": {"host": HOST, **(headers or {})},
        "requestContext": {
            "http": {"method": method, "path": path, "sourceIp": "203.0.113.7"},
            "requestId": "request-1",
            "stage": "$default",
        },
        "body": body,
        "isBase64Encoded": False,
    }


def trust_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take ``token-of-SUB`` for a verified access token; the tests of sign-in prove the real check."""

    def verify(token: str) -> dict[str, Any]:
        if not token.startswith("token-of-"):
            raise NotSignedInError("bad token")
        return {"sub": token.removeprefix("token-of-")}

    monkeypatch.setattr(sessions, "verify_access_token", verify)


def sign_in_as(user_id: str) -> Browser:
    return Browser(user_id, {sessions.ACCESS_COOKIE: f"token-of-{user_id}"})
