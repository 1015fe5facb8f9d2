"""One plain address on this machine for what people open: the dashboard at ``/``, payers' pages below ``/t/``.

TLS with the local cloud's own certificate: cookies and payers' links want it. Every request goes on to the deployed API
as it came; on AWS each API has a name of its own instead.
"""

import http.client
import ssl
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

PORT = 8443
"""Where it is free; else any other."""
PAYER_PREFIX = "/t"
MAX_BODY = 10_000_000
"""An HTTP API takes no more (AWS)."""
_HOP_HEADERS = {"connection", "keep-alive", "transfer-encoding", "upgrade", "te", "trailer", "content-length"}


@dataclass(frozen=True)
class Front:
    address: str
    """``https://127.0.0.1:8443``"""
    server: ThreadingHTTPServer

    @property
    def payer_links(self) -> str:
        return f"{self.address}{PAYER_PREFIX}"


@contextmanager
def listen(certificate: Path, key: Path) -> Iterator[Front]:
    """Take a port, so that the stack can be told the address before anything is served there."""
    server = _take_port()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    try:
        yield Front(f"https://127.0.0.1:{server.server_address[1]}", server)
    finally:
        server.server_close()


@contextmanager
def serve(front: Front, dashboard: str, payer: str, certificate: Path) -> Iterator[None]:
    """Send requests on to these APIs for the length of the block."""
    front.server.routes = ((f"{PAYER_PREFIX}/", payer), ("/", dashboard))  # type: ignore[attr-defined]
    front.server.trust = ssl.create_default_context(cafile=str(certificate))  # type: ignore[attr-defined]
    thread = threading.Thread(target=front.server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        front.server.shutdown()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A browser that asks its user about the certificate, or goes elsewhere, hangs up in the middle.
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


def _take_port() -> ThreadingHTTPServer:
    try:
        return _Server(("127.0.0.1", PORT), _Door)
    except OSError:
        return _Server(("127.0.0.1", 0), _Door)


class _Door(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60

    def do_GET(self) -> None:
        self._pass_on()

    do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = do_GET

    def _pass_on(self) -> None:
        prefix, target = next(route for route in self.server.routes if self.path.startswith(route[0]))  # type: ignore[attr-defined]
        length = int(self.headers.get("content-length") or 0)
        if length > MAX_BODY:
            self.send_error(413)
            return
        body = self.rfile.read(length)
        parts = urlsplit(target)
        connection = http.client.HTTPSConnection(
            parts.netloc,
            timeout=60,
            context=self.server.trust,  # type: ignore[attr-defined]
        )
        headers = {name: value for name, value in self.headers.items() if name.lower() not in (*_HOP_HEADERS, "host")}
        try:
            path = parts.path + "/" + self.path[len(prefix) :]
            connection.request(self.command, path, body, headers)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in _HOP_HEADERS:
                self.send_header(name, value)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing: paths of payers' pages are their keys."""
