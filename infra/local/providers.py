"""Stands in for SES, SNS's SMS and WhatsApp behind their real endpoints, and shows what they were given.

One HTTP server on 127.0.0.1: the functions reach it by the standard ``AWS_ENDPOINT_URL_*`` variables, people by
``/`` and programs by ``/messages.json``. Every other call of SNS goes on to the local cloud. It forgets all at its end.
"""

import http.client
import json
import re
import ssl
import threading
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import cache, partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from infra.local import provider_calls as calls
from infra.local.cloud import Cloud
from infra.local.provider_calls import Answer, CallRefusedError, Submission
from infra.local.provider_events import Playback
from infra.local.provider_faults import MEANINGS, Fault, find_fault
from infra.local.webhook_receiver import MEANINGS as BEHAVIOURS
from invoicing import clock
from invoicing.notices import Channel

ENDPOINT_VARIABLES = {
    "NoticeSendEmailFunction": "AWS_ENDPOINT_URL_SESV2",
    "NoticeSendSmsFunction": "AWS_ENDPOINT_URL_SNS",
    "NoticeSendWhatsAppFunction": "AWS_ENDPOINT_URL_SOCIALMESSAGING",
}
"""The function that calls each provider -> what points its unchanged client here."""

MAX_BODY = 1_048_576
HOLD_SECONDS = 11
"""A request that is to time out waits for its answer longer than the senders' clients do (10 s)."""
EARLY_SECONDS = 1.5
PAGE_MESSAGES = 50

_FOLDER = Path(__file__).parent / "page"
_PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors "
    "'none'"
)
# Mail programs run no script, follow no form and, as most of them do, load nothing from elsewhere.
_EMAIL_POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'self'"
)


@dataclass
class Message:
    """A message that a provider accepted."""

    number: int
    provider_id: str
    at: str
    submission: Submission
    fault: Fault | None
    history: list[dict[str, str]] = field(default_factory=list)

    @property
    def state(self) -> str:
        """What was last reported of it."""
        return self.history[-1]["state"]

    def to_json(self) -> dict[str, Any]:
        own = {"number": self.number, "provider_id": self.provider_id, "at": self.at, "state": self.state}
        return own | asdict(self.submission) | {"fault": self.fault, "history": self.history}


class Mailbox:
    """What arrived, and how often each recipient was asked for; for many threads."""

    def __init__(self) -> None:
        self._messages: list[Message] = []
        self._requests: Counter[tuple[Channel, str]] = Counter()
        self._lock = threading.Lock()

    def count_request(self, submission: Submission) -> int:
        """How many requests there have been for this recipient, with this one."""
        with self._lock:
            self._requests[submission.channel, submission.to] += 1
            return self._requests[submission.channel, submission.to]

    def accept(self, submission: Submission, fault: Fault | None) -> Message:
        now = _write_now()
        with self._lock:
            message = Message(len(self._messages) + 1, str(uuid.uuid4()), now, submission, fault)
            message.history.append({"state": "accepted", "at": now})
            self._messages.append(message)
        return message

    def find(self, channel: str = "", to: str = "") -> list[Message]:
        """Oldest first; ``to`` is any part of a recipient."""
        with self._lock:
            messages = list(self._messages)
        return [
            message
            for message in messages
            if channel in ("", message.submission.channel) and to.casefold() in message.submission.to.casefold()
        ]

    def get(self, number: int) -> Message | None:
        with self._lock:
            return self._messages[number - 1] if 0 < number <= len(self._messages) else None

    def count_received(self) -> list[dict[str, Any]]:
        """Per recipient: requests, and how many of them were accepted."""
        with self._lock:
            requests = dict(self._requests)
            accepted = Counter((message.submission.channel, message.submission.to) for message in self._messages)
        return [
            {"channel": channel, "to": to, "requests": number, "accepted": accepted[channel, to]}
            for (channel, to), number in requests.items()
        ]


class Providers(ThreadingHTTPServer):
    """The stand-in; reachable from its making on, events are played within ``play``."""

    daemon_threads = True
    # A burst of function workers connects at once.
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.address = f"http://127.0.0.1:{self.server_port}"
        self.mailbox = Mailbox()
        self.stopping = threading.Event()
        self.cloud: Cloud | None = None
        self.payer_links = ""
        """Base of the links to payers' pages, once the stack has it."""
        self.webhook_secrets: list[str] = []
        """Those that the receiver of webhooks knows; a biller's person tells it each."""
        self._playback = Playback()

    @contextmanager
    def play(self, cloud: Cloud) -> Iterator[None]:
        """Report to this cloud for the length of the block, and pass on to it what is not ours."""
        self.cloud = cloud
        with self._playback.run(cloud):
            yield

    def submit(self, submission: Submission) -> Answer | None:
        """Do with a submission as its recipient asks. None: no answer at all."""
        fault = find_fault(submission.to)
        channel, is_first = submission.channel, self.mailbox.count_request(submission) == 1
        match fault:
            case Fault.THROTTLE:
                return calls.answer_error(channel, *calls.THROTTLED[channel])
            case Fault.THROTTLE_ONCE if is_first:
                return calls.answer_error(channel, *calls.THROTTLED[channel])
            case Fault.REFUSE:
                return calls.answer_error(channel, *calls.REFUSED[channel])
            case Fault.ERROR_ONCE if is_first:
                return calls.answer_error(channel, *calls.BROKEN[channel])
            case Fault.TIMEOUT_BEFORE if is_first:
                self.stopping.wait(HOLD_SECONDS)
                return None
        message = self.mailbox.accept(submission, fault)
        self._playback.plan(submission, message.provider_id, fault, partial(_note_event, message))
        match fault:
            case Fault.TIMEOUT_AFTER | Fault.TIMEOUT_SILENT if is_first:
                self.stopping.wait(HOLD_SECONDS)
                return None
            case Fault.MALFORMED:
                return Answer(200, b"<html>busy", {"Content-Type": "text/html"})
            case Fault.RECEIPT_EARLY:
                self.stopping.wait(EARLY_SECONDS)
        return calls.answer_accepted(channel, message.provider_id)


def _note_event(message: Message, name: str) -> None:
    message.history.append({"state": name, "at": _write_now()})


def _write_now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@contextmanager
def run_providers() -> Iterator[Providers]:
    """The stand-in for the length of the block."""
    with Providers() as providers:
        thread = threading.Thread(target=providers.serve_forever, args=(0.1,), name="providers")
        thread.start()
        try:
            yield providers
        finally:
            providers.stopping.set()
            providers.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    # Function workers keep their connections.
    protocol_version = "HTTP/1.1"
    server_version = "providers"
    sys_version = ""
    disable_nagle_algorithm = True
    server: Providers

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not self._is_for_us():
            return
        if not re.fullmatch(r"[0-9]{1,7}", length) or int(length) > MAX_BODY:
            self.close_connection = True
            self._reply(Answer(413, b"", {}))
            return
        body = self.rfile.read(int(length))
        if self.path == "/webhook-secrets":
            self._reply(_take_secret(self.server, body))
            return
        channel = Channel.SMS if self.path == "/" else calls.PATHS.get(self.path)
        if channel is None:
            self._reply(Answer(404, b"", {}))
            return
        try:
            submission = _read_submission(channel, body, self.server.payer_links)
            answer = self.server.submit(submission) if submission else self._pass_on(body)
        except CallRefusedError as refusal:
            answer = calls.answer_error(channel, refusal.status, refusal.code, str(refusal))
        if answer is None:
            self.close_connection = True
        else:
            self._reply(answer)

    def do_GET(self) -> None:
        if not self._is_for_us():
            return
        address = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(address.query).items()}
        email = re.fullmatch(r"/messages/([0-9]{1,9})/email", address.path)
        if address.path == "/":
            answer = _answer_page(self.server, query)
        elif address.path == "/messages.json":
            answer = _answer_json(self.server.mailbox, query)
        elif address.path == "/page.css":
            answer = Answer(200, (_FOLDER / "page.css").read_bytes(), {"Content-Type": "text/css; charset=utf-8"})
        elif email and (message := self.server.mailbox.get(int(email[1]))):
            headers = {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": _EMAIL_POLICY}
            answer = Answer(200, message.submission.html.encode(), headers)
        else:
            answer = Answer(404, b"", {})
        self._reply(answer)

    def _is_for_us(self) -> bool:
        """A page elsewhere that gave its own name our address must not read the messages."""
        is_ours = self.headers.get("Host") == f"127.0.0.1:{self.server.server_port}"
        if not is_ours:
            self.close_connection = True
            self._reply(Answer(421, b"", {}))
        return is_ours

    def _pass_on(self, body: bytes) -> Answer:
        """The local cloud's answer to a call that is about topics; signed for this address, so with all its headers."""
        cloud = self.server.cloud
        if cloud is None:
            return calls.answer_error(Channel.SMS, 503, "ServiceUnavailable", "the local cloud is not up yet")
        endpoint = urlsplit(cloud.endpoint)
        trust = ssl.create_default_context(cafile=str(cloud.certificate))
        connection = http.client.HTTPSConnection(str(endpoint.hostname), endpoint.port, context=trust, timeout=30)
        try:
            connection.request("POST", self.path, body, dict(self.headers))
            answer = connection.getresponse()
            return Answer(answer.status, answer.read(), {"Content-Type": answer.getheader("Content-Type", "text/xml")})
        finally:
            connection.close()

    def _reply(self, answer: Answer) -> None:
        self.send_response(answer.status)
        common = {
            "Content-Length": str(len(answer.body)),
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
        }
        for name, value in {**common, **answer.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: what arrived is on the page."""


def _take_secret(providers: Providers, body: bytes) -> Answer:
    if not re.fullmatch(rb"whsec_[A-Za-z0-9+/]{32,88}={0,2}", body):
        return Answer(400, b"", {})
    providers.webhook_secrets.append(body.decode())
    return Answer(204, b"", {})


def _read_submission(channel: Channel, body: bytes, link_base: str) -> Submission | None:
    match channel:
        case Channel.EMAIL:
            return calls.read_email(body)
        case Channel.WHATSAPP:
            return calls.read_whatsapp(body, link_base)
        case _:
            return calls.read_sms(body)


def _answer_json(mailbox: Mailbox, query: Mapping[str, str]) -> Answer:
    found = mailbox.find(query.get("channel", ""), query.get("to", ""))
    shown = {"messages": [message.to_json() for message in found], "received": mailbox.count_received()}
    return Answer(200, json.dumps(shown, ensure_ascii=False).encode(), {"Content-Type": "application/json"})


def _answer_page(providers: Providers, query: Mapping[str, str]) -> Answer:
    mailbox = providers.mailbox
    channel, to = query.get("channel", ""), query.get("to", "")
    found = mailbox.find(channel, to)[::-1]
    before = int(query["before"]) if re.fullmatch(r"[0-9]{1,9}", query.get("before", "")) else None
    rest = [message for message in found if before is None or message.number < before]
    shown = rest[:PAGE_MESSAGES]
    older = urlencode({"channel": channel, "to": to, "before": shown[-1].number}) if len(rest) > len(shown) else ""
    view = {
        "messages": shown,
        "find_link": partial(_find_link, providers.payer_links),
        "found": len(found),
        "counts": Counter(message.submission.channel for message in mailbox.find("", to)),
        "channels": list(Channel),
        "channel": channel,
        "to": to,
        "older": older,
        "faults": [(fault, fault.digits, MEANINGS[fault]) for fault in Fault],
        "behaviours": BEHAVIOURS,
        "now": _write_now(),
    }
    page = _load_pages().get_template("messages.html.j2").render(view)
    headers = {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": _PAGE_POLICY}
    return Answer(200, page.encode(), headers)


def _find_link(base: str, words: str) -> str:
    """The payer's page that a message links to; empty when it links to none."""
    found = re.search(rf"{re.escape(base.rstrip('/'))}/[A-Za-z0-9_-]{{22}}(?![A-Za-z0-9_-])", words) if base else None
    return found[0] if found else ""


@cache
def _load_pages() -> Environment:
    pages = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.filters["local_time"] = _write_local_time
    pages.filters["whatsapp"] = _mark_up_whatsapp
    return pages


def _write_local_time(instant: str) -> str:
    return f"{datetime.fromisoformat(instant).astimezone(clock.JAKARTA):%d-%m-%Y %H:%M:%S} WIB"


def _mark_up_whatsapp(words: str) -> Markup:
    """WhatsApp's own signs: ``*bold*`` and ``_italic_``, as its programs show them."""
    shown = re.sub(r"\*(\S(?:[^*\n]*\S)?)\*", r"<strong>\1</strong>", str(escape(words)))
    return Markup(re.sub(r"(?<!\w)_(\S(?:[^_\n]*\S)?)_(?!\w)", r"<em>\1</em>", shown))  # noqa: S704 - escaped above
