"""One HTTPS POST to an address that a stranger chose: nothing inside our network answers it, and nothing holds it up.

The name is resolved once, every address behind it must be public, and the connection goes to the very address that was
checked; the certificate is verified by name. No redirect is followed, the answer's body is not read, and a watchdog
ends the exchange after its time however slowly the other side drips.
"""

import http.client
import ipaddress
import queue
import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from functools import lru_cache

from invoicing.webhook_addresses import Address, WebhookAddress, may_be_called

RESOLVE_SECONDS = 2.0
CONNECT_SECONDS = 2.0
MAX_ADDRESSES = 2
"""Of one name, tried one after the other within that time."""
EXCHANGE_SECONDS = 8.0
"""For all of TLS, request and answer; with the two above well within ``notify.sending.MIN_TIME_LEFT``."""
LONGEST = timedelta(seconds=RESOLVE_SECONDS + CONNECT_SECONDS + EXCHANGE_SECONDS)


class PostFailedError(Exception):
    """No answer. ``str(error)`` is a code: name_not_found, address_forbidden, unreachable, tls_failed, timed_out,
    broken_answer."""


@lru_cache(maxsize=1)
def _load_trust() -> ssl.SSLContext:
    return ssl.create_default_context()


def post(address: WebhookAddress, body: bytes, headers: Mapping[str, str]) -> int:
    """The status of the answer, whatever it is. Raises PostFailedError."""
    with _connect(choose_addresses(_resolve(address.host, address.port)), address.port) as plain:
        return _exchange(plain, address, body, headers)


def choose_addresses(found: list[Address]) -> list[Address]:
    """Those to try, IPv4 first, if we may call every one of a name's addresses. Raises PostFailedError."""
    if not all(map(may_be_called, found)):
        raise PostFailedError("address_forbidden")
    return sorted(dict.fromkeys(found), key=lambda address: address.version)[:MAX_ADDRESSES]


def _connect(chosen: list[Address], port: int) -> socket.socket:
    for address in chosen:
        with suppress(OSError):
            return socket.create_connection((str(address), port), timeout=CONNECT_SECONDS / len(chosen))
    raise PostFailedError("unreachable")


def _resolve(host: str, port: int) -> list[Address]:
    """In a thread of its own, since the system's resolver takes as long as it likes."""
    answer: queue.SimpleQueue[list[Address] | None] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            answer.put(None)
        else:
            answer.put([ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found])

    threading.Thread(target=look_up, daemon=True, name="resolve").start()
    try:
        addresses = answer.get(timeout=RESOLVE_SECONDS)
    except queue.Empty:
        addresses = None
    if not addresses:
        raise PostFailedError("name_not_found")
    return addresses


def _exchange(plain: socket.socket, address: WebhookAddress, body: bytes, headers: Mapping[str, str]) -> int:
    secure = _load_trust().wrap_socket(plain, server_hostname=address.host, do_handshake_on_connect=False)
    over = threading.Event()
    watchdog = threading.Timer(EXCHANGE_SECONDS, _cut, [secure, over])
    watchdog.daemon = True
    watchdog.start()
    try:
        with secure:
            secure.settimeout(EXCHANGE_SECONDS)
            secure.do_handshake()
            connection = http.client.HTTPSConnection(address.host, address.port)
            connection.sock = secure
            connection.request("POST", address.target, body, dict(headers))
            status = connection.getresponse().status
    except TimeoutError as error:
        raise PostFailedError("timed_out") from error
    except ssl.SSLCertVerificationError as error:
        raise PostFailedError("tls_failed") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        # ``ssl.SSLError`` is an OSError too: what the watchdog cut looks like a broken connection.
        raise PostFailedError("timed_out" if over.is_set() else "broken_answer") from error
    finally:
        watchdog.cancel()
    if over.is_set():
        # Headers that the watchdog cut off read like ones that ended.
        raise PostFailedError("timed_out")
    return status


def _cut(secure: ssl.SSLSocket, over: threading.Event) -> None:
    over.set()
    with suppress(OSError):
        secure.shutdown(socket.SHUT_RDWR)
