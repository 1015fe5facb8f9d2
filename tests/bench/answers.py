"""AWS answered inside the process: what is left of the client's CPU is the product's and botocore's own.

botocore takes the first answer of a ``before-send`` handler instead of sending the signed request. So the figures hold
no socket, no TLS and no server.
"""

import os
from collections.abc import Callable
from io import BytesIO
from typing import Any

from botocore.awsrequest import AWSPreparedRequest, AWSResponse

Answer = Callable[[AWSPreparedRequest], bytes]

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_SESSION_TOKEN": "testing",
}


class _Raw(BytesIO):
    """What botocore expects of urllib3's response."""

    def stream(self, *_: Any, **__: Any) -> Any:
        yield self.read()


def set_environment(variables: dict[str, str]) -> None:
    os.environ.update(CREDENTIALS | variables)


def answer_with(client: Any, answer: Answer) -> None:
    def respond(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        body = answer(request)
        headers = {"Content-Length": str(len(body)), "Content-Type": "application/x-amz-json-1.0"}
        return AWSResponse(request.url, 200, headers, _Raw(body))  # type: ignore[arg-type]

    client.meta.events.register("before-send", respond)


def read_target(request: AWSPreparedRequest) -> str:
    """The operation of a DynamoDB request, e.g. ``GetItem``."""
    target = request.headers["X-Amz-Target"]
    return (target.decode() if isinstance(target, bytes) else target).partition(".")[2]
