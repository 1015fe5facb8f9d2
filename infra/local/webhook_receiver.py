"""A biller's program that takes webhooks: checks each signature by another implementation, and keeps the call.

HTTPS on 127.0.0.1, with the local cloud's certificate. The last part of a path says how it behaves, as some recipients
do for the other providers: ``/orders/gone`` wants no more calls.
"""

import json
import re
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

from standardwebhooks import Webhook, WebhookVerificationError

from infra.local.provider_calls import Submission
from invoicing.notices import Channel

if TYPE_CHECKING:
    from infra.local.providers import Mailbox

HOLD_SECONDS = 11
"""Longer than the sender waits for an answer."""
_DRIP_SECONDS = 0.2
_MAX_BODY = 262_144


class Behaviour(StrEnum):
    """The last part of a path; any other is well-behaved."""

    REFUSE = "refuse"
    GONE = "gone"
    THROTTLE = "throttle"
    ERROR = "error"
    ERROR_ONCE = "error-once"
    TIMEOUT_BEFORE = "timeout-before"
    TIMEOUT_AFTER = "timeout-after"
    DRIP = "drip"
    MALFORMED = "malformed"
    REDIRECT = "redirect"


MEANINGS = {
    Behaviour.REFUSE: "every call is refused (400)",
    Behaviour.GONE: "every call is answered 410: no more calls",
    Behaviour.THROTTLE: "every call is throttled (429)",
    Behaviour.ERROR: "every call ends in a server error (500)",
    Behaviour.ERROR_ONCE: "the first call ends in a server error and is not taken, later ones are",
    Behaviour.TIMEOUT_BEFORE: "the first call gets no answer and is not taken, later ones are",
    Behaviour.TIMEOUT_AFTER: "taken, but the first call gets no answer",
    Behaviour.DRIP: "the answer comes a byte at a time, without end",
    Behaviour.MALFORMED: "taken, but every answer is unreadable",
    Behaviour.REDIRECT: "every call is redirected to this machine's own services",
}
_STATUSES = {Behaviour.REFUSE: 400, Behaviour.GONE: 410, Behaviour.THROTTLE: 429, Behaviour.ERROR: 500}


class Receiver(ThreadingHTTPServer):
    """Keeps what it takes in ``mailbox``; takes what one of ``secrets`` (``whsec_…``) has signed."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, mailbox: "Mailbox", secrets: list[str], certificate: Path, key: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.address = f"https://127.0.0.1:{self.server_port}"
        self.mailbox = mailbox
        self.secrets = secrets
        self.stopping = threading.Event()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        # The handshake belongs to each call's own thread.
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing: a caller that hangs up is part of the play."""

    def is_signed(self, body: bytes, headers: dict[str, str]) -> bool:
        return any(_verifies(secret, body, headers) for secret in self.secrets)


@contextmanager
def run_receiver(mailbox: "Mailbox", secrets: list[str], certificate: Path, key: Path) -> Iterator[Receiver]:
    with Receiver(mailbox, secrets, certificate, key) as receiver:
        thread = threading.Thread(target=receiver.serve_forever, args=(0.1,), name="webhook-receiver")
        thread.start()
        try:
            yield receiver
        finally:
            receiver.stopping.set()
            receiver.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    server_version = "receiver"
    sys_version = ""
    server: Receiver
    timeout = 30

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not re.fullmatch(r"[0-9]{1,7}", length) or int(length) > _MAX_BODY:
            self._answer(413)
            return
        body = self.rfile.read(int(length))
        name = self.path.partition("?")[0].rpartition("/")[2]
        behaviour = Behaviour(name) if name in set(Behaviour) else None
        submission = Submission(Channel.WEBHOOK, self.path, "invoicing", "")
        is_first = self.server.mailbox.count_request(submission) == 1
        if not self.server.is_signed(body, {key.lower(): value for key, value in self.headers.items()}):
            self._answer(401)
            return
        match behaviour:
            case Behaviour.REFUSE | Behaviour.GONE | Behaviour.THROTTLE | Behaviour.ERROR:
                self._answer(_STATUSES[behaviour])
                return
            case Behaviour.ERROR_ONCE if is_first:
                self._answer(500)
                return
            case Behaviour.REDIRECT:
                self._answer(302, {"Location": self.path.replace("redirect", "redirected")})
                return
            case Behaviour.TIMEOUT_BEFORE if is_first:
                self.server.stopping.wait(HOLD_SECONDS)
                return
            case Behaviour.DRIP:
                self._drip()
                return
        self._keep(body)
        match behaviour:
            case Behaviour.TIMEOUT_AFTER if is_first:
                self.server.stopping.wait(HOLD_SECONDS)
            case Behaviour.MALFORMED:
                self.wfile.write(b"<html>busy</html>")
            case _:
                self._answer(204)

    def _keep(self, body: bytes) -> None:
        content = json.loads(body)
        submission = Submission(
            Channel.WEBHOOK,
            self.path,
            "invoicing",
            json.dumps(content, ensure_ascii=False, indent=2),
            reference=self.headers["webhook-id"],
            subject=content["type"],
        )
        self.server.mailbox.accept(submission, None)

    def _drip(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\n")
        for _ in range(int(2 * HOLD_SECONDS / _DRIP_SECONDS)):
            self.wfile.write(b"a")
            if self.server.stopping.wait(_DRIP_SECONDS):
                return

    def _answer(self, status: int, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": "0", **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: what was taken is on the page."""


def _verifies(secret: str, body: bytes, headers: dict[str, str]) -> bool:
    try:
        Webhook(secret).verify(body, headers)
    except WebhookVerificationError:
        return False
    return True
