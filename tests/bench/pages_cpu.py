"""What each page weighs and costs the server: the real handlers, with AWS's answers recorded beforehand.

Every page is made once on moto while its answers are kept, then again and again from those, so that moto's own work is
in no figure. The same request gets the answer it got; one that holds the time of day or a new id gets an answer of its
operation, in turn.
"""

import base64
import gzip
import json
import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import cycle
from statistics import median
from typing import Any
from unittest.mock import patch

from jinja2 import Template as JinjaTemplate
from moto.core.botocore_stubber import BotocoreStubber

from infra.local.deploy import load_template
from tests.bench.pages_scene import Scene, play_scene
from tests.bench.profiling import print_profile

Answer = dict[str, Any]


class Recorder:
    """Stands where moto answers botocore: keeps its answers, or gives the kept ones."""

    def __init__(self) -> None:
        self._ask = BotocoreStubber.process_request
        self._kept: dict[str, list[Any]] = defaultdict(list)
        self._turns: dict[str, Iterator[Any]] = {}
        self.requests = 0

    def record(self) -> None:
        self._kept.clear()
        self._turns.clear()

    def replay(self) -> None:
        self._turns = {key: cycle(answers) for key, answers in self._kept.items()}
        self.requests = 0

    def answer(self, stubber: BotocoreStubber, request: Any) -> Any:
        self.requests += 1
        operation = _name_operation(request)
        same = f"{operation} {request.body!r}"
        if self._turns:
            return next(self._turns.get(same) or self._turns[operation])
        is_preview = request.url.partition("?")[0].endswith("/invocations")
        answered = (200, {}, _preview(request.body)) if is_preview else self._ask(stubber, request)
        self._kept[operation].append(answered)
        self._kept[same].append(answered)
        return answered


def measure_pages(*, rounds: int, profile: bool) -> Answer:
    """A row for each page: its bytes, ``requests`` to AWS, and milliseconds of CPU.

    Bytes ``plain``, ``gzipped``, and ``total``: gzipped with what the page loads. CPU of everything as ``cpu``, of its
    template as ``rendering``.
    """
    from dashboard import sessions

    recorder = Recorder()
    rows: list[Answer] = []
    with (
        play_scene() as scene,
        patch.object(BotocoreStubber, "process_request", lambda stubber, request: recorder.answer(stubber, request)),
        # The check of a signature by the pool's key costs some 50 us and needs the pool's address.
        patch.object(sessions, "verify_access_token", lambda token: {"sub": token}),
    ):
        for name, visit in _list_visits(scene):
            rows.append(_measure(name, visit, recorder, rounds, profile=profile))
    return {"rows": rows}


def _measure(name: str, visit: Callable[[], Answer], recorder: Recorder, rounds: int, *, profile: bool) -> Answer:
    # The first visit reads what a process keeps: keys, templates, assets.
    recorder.record()
    visit()
    recorder.record()
    answer = visit()
    recorder.replay()
    again = visit()
    if answer["statusCode"] >= 400 or again["statusCode"] != answer["statusCode"]:
        raise RuntimeError(f"{name}: {answer['statusCode']}, from kept answers {again['statusCode']}")
    requests = recorder.requests
    costs = []
    with _watch_rendering() as rendered:
        for _ in range(rounds):
            began = time.process_time()
            visit()
            costs.append(time.process_time() - began)
    if profile:
        print_profile(name, lambda: [visit() for _ in range(rounds)])
    body = answer["body"].encode()
    if answer.get("isBase64Encoded"):
        body = base64.b64decode(body)
    is_html = answer["headers"].get("content-type", "").startswith("text/html")
    return {
        "page": name,
        "status": answer["statusCode"],
        "plain": len(body),
        "gzipped": _weigh(body),
        "total": _weigh(body) + (_weigh_assets(body.decode()) if is_html else 0),
        "requests": requests,
        "cpu": median(costs) * 1e3,
        "rendering": sum(rendered) / rounds * 1e3,
    }


def _list_visits(scene: Scene) -> Iterator[tuple[str, Callable[[], Answer]]]:
    """Every page for reading that the dashboard's areas and the payer's API know: a new one is here by itself."""
    from dashboard.handler import PAGES

    for page in PAGES:
        if page.method == "GET":
            user = next((user for role, user in scene.people.items() if page.roles and role in page.roles), "")
            path = re.sub(r"\{(\w+)\}", lambda match: scene.places[match[1]], page.path)
            yield page.path, _open_dashboard(path, user)
    yield "/ (school)", _open_dashboard("/", scene.school)
    for route in _list_payer_routes():
        if "{token}" in route:
            for state in scene.tokens if route == "GET /{token}" else ["paid"]:
                yield f"payer: {route.removeprefix('GET ')} ({state})", _open_payer(route, scene.tokens[state])
        elif "{" not in route:
            yield f"payer: {route.removeprefix('GET ')}", _open_payer(route, "")


def _list_payer_routes() -> list[str]:
    events = load_template()["Resources"]["PayerFunction"]["Properties"]["Events"].values()
    routes = [f"{event['Properties']['Method']} {event['Properties']['Path']}" for event in events]
    return [route for route in routes if route.startswith("GET ")]


def _open_dashboard(path: str, user: str) -> Callable[[], Answer]:
    from dashboard import handler, sessions
    from tests.integration.dashboard_scenario import make_event
    from tests.integration.scenario import FakeContext

    cookies = {sessions.ACCESS_COOKIE: user} if user else {}
    event = make_event("GET", path, cookies=cookies)
    return lambda: handler.handle(event, FakeContext())


def _open_payer(route: str, token: str) -> Callable[[], Answer]:
    from payer import handler
    from tests.integration.scenario import FakeContext

    event = {"routeKey": route, "pathParameters": {"token": token} if token else {}, "queryStringParameters": None}
    return lambda: handler.handle(event, FakeContext())


def _preview(body: bytes) -> bytes:
    """What the function that renders notices answers; its work is not the page's."""
    from notify.command_handler import handle
    from tests.integration.scenario import FakeContext

    return json.dumps(handle(json.loads(body), FakeContext())).encode()


def _name_operation(request: Any) -> str:
    target = request.headers.get("X-Amz-Target", "")
    return f"{request.method} {request.url.partition('?')[0]} {target if isinstance(target, str) else target.decode()}"


@contextmanager
def _watch_rendering() -> Iterator[list[float]]:
    """Seconds of CPU in templates alone, their words included."""
    spent: list[float] = []
    render = JinjaTemplate.render

    def watch(template: JinjaTemplate, *given: Any, **named: Any) -> str:
        began = time.process_time()
        try:
            return render(template, *given, **named)
        finally:
            spent.append(time.process_time() - began)

    with patch.object(JinjaTemplate, "render", watch):
        yield spent


def _weigh(body: bytes) -> int:
    """As CloudFront compresses, more or less."""
    return len(gzip.compress(body, 6))


def _weigh_assets(page: str) -> int:
    """Compressed bytes of the style and script that a page names, of either site."""
    from dashboard import rendering
    from payer import pages
    from webpages.assets import load_assets

    kept = {
        asset.name: asset.text for folder in (rendering.STATIC, pages.STATIC) for asset in load_assets(folder).values()
    }
    named = set(re.findall(r'(?:href|src)="[^"]*assets/([^"]+)"', page))
    return sum(_weigh(kept[name].encode()) for name in named)
