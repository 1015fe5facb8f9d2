"""What is surely not sent and what may have been, on real connections of this machine."""

import socket
from collections.abc import Iterator

import boto3
import pytest
from botocore.config import Config

from notify.channels.calling import build_config, call_once
from notify.outcomes import AmbiguousError, NotSentError


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """Takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def publish(scheme: str, port: int) -> str:
    client = boto3.client(
        "sns",
        region_name="ap-southeast-3",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
        endpoint_url=f"{scheme}://127.0.0.1:{port}",
        config=build_config().merge(Config(connect_timeout=0.2, read_timeout=0.2)),
    )
    try:
        return call_once(lambda: client.publish(PhoneNumber="+6281234567890", Message="x")["MessageId"], lambda _: None)
    finally:
        client.close()


def test_refused_connection_surely_sent_nothing(silent: socket.socket) -> None:
    port = silent.getsockname()[1]
    silent.close()

    with pytest.raises(NotSentError, match="provider_unreachable"):
        publish("https", port)


def test_handshake_that_never_ends_surely_sent_nothing(silent: socket.socket) -> None:
    with pytest.raises(NotSentError, match="provider_unreachable"):
        publish("https", silent.getsockname()[1])


def test_request_without_an_answer_may_have_been_accepted(silent: socket.socket) -> None:
    with pytest.raises(AmbiguousError, match="ReadTimeoutError"):
        publish("http", silent.getsockname()[1])


def test_sdk_never_repeats_a_send() -> None:
    assert build_config().retries == {"total_max_attempts": 1, "mode": "standard"}  # type: ignore[attr-defined]
