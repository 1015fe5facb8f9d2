"""What tests of the API share: users of each role, calls through the real handler as API Gateway makes them."""

import io
import json
from dataclasses import dataclass
from typing import Any

import boto3
import pytest

from invoicing import invoking
from invoicing.roles import BANK_ROLES, Role, User, UserState
from invoicing.settings import get_settings
from invoicing.store import dynamodb
from tests.integration.aws_from_template import forget_process_state
from tests.integration.scenario import FakeContext


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: Any

    @property
    def code(self) -> str:
        """The problem's code; empty when it is no problem."""
        return self.body.get("code", "") if self.headers["content-type"] == "application/problem+json" else ""


def make_user(
    user_id: str, *roles: Role, biller_id: str | None = "toko-sinar", state: UserState = UserState.ACTIVE
) -> User:
    """Put a user into the table, past invitation and e-mail."""
    of_bank = set(roles) <= BANK_ROLES
    user = User(user_id, None if of_bank else biller_id, frozenset(roles), state, name=user_id.title())
    record = {
        "pk": user.user_id,
        "by_biller_pk": user.biller_id or "bank",
        "biller_id": user.biller_id,
        "roles": sorted(user.roles),
        "state": user.state,
        "kind": user.kind,
        "name": user.name,
        "email": f"{user_id}@example.com",
        "created_at": "2026-11-23T03:00:00.000Z",
        "created_by": "test",
    }
    boto3.client("dynamodb").put_item(TableName=get_settings().users_table, Item=dynamodb.to_item(record))
    return user


def make_event(
    method: str,
    path: str,
    user_id: str | None,
    body: Any = None,
    *,
    query: dict[str, str] | None = None,
    headers: dict[str, str] | None = None,
    claims: dict[str, str] | None = None,
) -> dict[str, Any]:
    """A call as an HTTP API hands it over, its token verified; ``user_id`` None: no authorizer ran."""
    authorizer = {"jwt": {"claims": {"sub": user_id, "token_use": "access", "client_id": "dashboard"} | (claims or {})}}
    return {
        "version": "2.0",
        "routeKey": f"{method} /v1/{{proxy+}}",
        "rawPath": path,
        "rawQueryString": "&".join(f"{name}={value}" for name, value in (query or {}).items()),
        "queryStringParameters": query or {},
        "headers": {"content-type": "application/json", **(headers or {})},
        "requestContext": {
            "http": {"method": method, "path": path, "sourceIp": "203.0.113.7"},
            "requestId": "request-1",
            "stage": "$default",
            **({"authorizer": authorizer} if user_id else {}),
        },
        "body": body if body is None or isinstance(body, str) else json.dumps(body),
        "isBase64Encoded": False,
    }


def call(method: str, path: str, user_id: str | None, body: Any = None, **more: Any) -> Answer:
    """Through the real handler."""
    from api import handler

    answer = handler.handle(make_event(method, path, user_id, body, **more), FakeContext())
    is_file = answer["isBase64Encoded"]
    return Answer(answer["statusCode"], answer["headers"], answer["body"] if is_file else json.loads(answer["body"]))


class PreviewsHere:
    """In place of Lambda, which moto does not run: the preview function's own handler, in this process."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.trouble: Exception | dict[str, Any] | None = None
        """Raised, or answered as what a function's error leaves."""
        monkeypatch.setattr(invoking, "client", lambda: self)

    def invoke(self, *, FunctionName: str, Payload: bytes) -> dict[str, Any]:
        from notify import command_handler

        if isinstance(self.trouble, Exception):
            raise self.trouble
        assert FunctionName == get_settings().notice_command_function
        answer = self.trouble or command_handler.handle(json.loads(Payload), FakeContext())
        error = {"FunctionError": "Unhandled"} if self.trouble else {}
        return {"Payload": io.BytesIO(json.dumps(answer).encode()), **error}


def create_user_pool(monkeypatch: pytest.MonkeyPatch) -> str:
    """The user pool of the template in moto, which chooses ids itself."""
    cognito = boto3.client("cognito-idp")
    pool = cognito.create_user_pool(PoolName="users", UsernameAttributes=["email"])["UserPool"]["Id"]
    monkeypatch.setenv("USER_POOL_ID", pool)
    forget_process_state()
    return pool
