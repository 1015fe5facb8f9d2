"""How long one biller's 100,000 notices delay another's 100: the real handlers in virtual time.

Real: dispatcher and WhatsApp sender with all their code, the template's stream batch size and concurrency caps, the
order of the stream. Modelled: the latencies of AWS and the provider, its limit of 80 messages a second, and how SQS
hands out a queue's messages (``fifo``: in order of arrival, as the local cloud does; ``fair``: billers in turn, which
is what SQS promises for messages with group ids). An invocation lasts as long as its CPU on this machine and its
latencies.
"""

import heapq
import time
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import orjson
from botocore.awsrequest import AWSPreparedRequest

from invoicing import clock
from invoicing.notices import Channel, Lane
from notify import queues, send_whatsapp_handler
from notify.channels import whatsapp
from tests.bench.answers import answer_with
from tests.bench.sender import become_product, dispatch, issue
from tests.integration.aws_from_template import Template
from tests.integration.scenario import FakeContext, make_sqs_event

MANY, FEW = 100_000, 100
STREAM_SHARDS = 4
"""A table that takes 4,000 writes a second has four, each with its own dispatcher."""
AWS_SECONDS = 0.005
SQS_SECONDS = 0.010
PROVIDER_SECONDS = 0.100
PROVIDER_RATE = 80
CALLS_BESIDE = 7
"""Of DynamoDB, per WhatsApp notice."""
LONGEST_SECONDS = 300
START = datetime(2026, 11, 23, 3, tzinfo=UTC)


class Queue:
    """One lane; the other biller's messages are told apart by their index."""

    def __init__(self, *, is_fair: bool) -> None:
        self._is_fair = is_fair
        self._groups: dict[str, deque[str]] = {"many": deque(), "few": deque()}
        self._arrived: deque[str] = deque()

    def add(self, group: str, bodies: list[str]) -> None:
        self._groups[group].extend(bodies)
        self._arrived.extend([group] * len(bodies))

    def take(self, most: int) -> list[str]:
        return [self._groups[group].popleft() for group in self._choose(most)]

    def _choose(self, most: int) -> Iterator[str]:
        if not self._is_fair:
            for _ in range(min(most, len(self._arrived))):
                yield self._arrived.popleft()
            return
        for number in range(most):
            waiting = [group for group, bodies in self._groups.items() if bodies]
            if not waiting:
                return
            yield waiting[number % len(waiting)]


class Simulation:
    def __init__(self, *, few_lane: Lane, is_fair: bool) -> None:
        self.now = 0.0
        self.tables, self.taken = become_product()
        self.few_lane = few_lane
        self.queues = {lane: Queue(is_fair=is_fair) for lane in Lane}
        self.sent: dict[str, float] = {}
        self.asked: deque[float] = deque()
        answer_with(whatsapp.client(), self._answer_provider)

    def _answer_provider(self, request: AWSPreparedRequest) -> bytes:
        return orjson.dumps({"messageId": f"m-{len(self.sent)}-{self.now}"})

    def run(self) -> dict[str, Any]:
        """Until the last of the few is sent: seconds, and how many of the many went meanwhile."""
        with patch.object(clock, "now", lambda: START + timedelta(seconds=self.now)):
            few = set(self._dispatch_all())
            return self._send_until(few)

    def _dispatch_all(self) -> list[str]:
        """The few are written when all of the many are in the stream: the worst moment."""
        template = Template().find("AWS::Lambda::EventSourceMapping")["NoticeDispatchFromStream"]
        size = int(template["BatchSize"])
        self.arrivals: list[tuple[float, str, list[str]]] = []
        few: list[str] = []
        shard_many, shard_few = MANY // STREAM_SHARDS, FEW // STREAM_SHARDS
        index = 0
        for _ in range(STREAM_SHARDS):
            moment = 0.0
            for start in range(0, shard_many, size):
                # One batch of the many is like the other: the real dispatcher is timed on each, its items are let go.
                items = [issue(self.tables, index + number, Channel.WHATSAPP) for number in range(size)]
                index += size
                last = start + size >= shard_many
                tail = [
                    issue(self.tables, 500_000 + len(few) + number, Channel.WHATSAPP, self.few_lane)
                    for number in range(shard_few if last else 0)
                ]
                bodies, seconds = self._dispatch(items + tail)
                moment += seconds
                numbers = {item["pk"]["S"].partition("#")[2] for item in tail}
                own = [body for body in bodies if orjson.loads(body)["va_number"] in numbers]
                few += own
                known = set(own)
                self.arrivals.append((moment, "many", [body for body in bodies if body not in known]))
                self.arrivals.append((moment, "few", own))
        self.arrivals.sort(key=lambda arrival: arrival[0])
        return few

    def _dispatch(self, items: list[dict[str, Any]]) -> tuple[list[str], float]:
        self.taken.bodies.clear()
        before, requests = time.process_time(), self.taken.requests
        dispatch(items)
        seconds = time.process_time() - before
        rounds = -(-(self.taken.requests - requests) // queues.THREADS)
        return [body for bodies in self.taken.bodies.values() for body in bodies], seconds + rounds * SQS_SECONDS

    def _send_until(self, few: set[str]) -> dict[str, Any]:
        parameters = Template().data["Parameters"]
        workers = [(0.0, number, Lane.BULK) for number in range(parameters["WhatsAppConcurrency"]["Default"])]
        express = parameters["WhatsAppExpressConcurrency"]["Default"]
        workers += [(0.0, len(workers) + number, Lane.EXPRESS) for number in range(express)]
        heapq.heapify(workers)
        waiting, done, others = set(few), 0.0, 0
        arrived = max(moment for moment, group, bodies in self.arrivals if group == "few" and bodies)
        while waiting:
            self.now, number, lane = heapq.heappop(workers)
            while self.arrivals and self.arrivals[0][0] <= self.now:
                _, group, bodies = self.arrivals.pop(0)
                self.queues[self.few_lane if group == "few" else Lane.BULK].add(group, bodies)
            batch = self.queues[lane].take(10)
            before = time.process_time()
            if batch and send_whatsapp_handler.handle(make_sqs_event(batch), FakeContext())["batchItemFailures"]:
                raise RuntimeError("a notice was not sent")
            seconds = time.process_time() - before
            seconds += len(batch) * (CALLS_BESIDE * AWS_SECONDS + PROVIDER_SECONDS) if batch else 0.1
            # Whoever would exceed the provider's rate waits for it, as a throttled call does.
            self.asked.extend([self.now] * len(batch))
            while self.asked and self.asked[0] < self.now - 1:
                self.asked.popleft()
            if len(self.asked) > PROVIDER_RATE:
                seconds += (len(self.asked) - PROVIDER_RATE) / PROVIDER_RATE
            finished = self.now + seconds
            heapq.heappush(workers, (finished, number, lane))
            own = waiting.intersection(batch)
            waiting -= own
            others += len(batch) - len(own)
            done = max(done, finished) if own else done
            if self.now > LONGEST_SECONDS:
                break
        return {"seconds": done, "dispatched": arrived, "others": others, "left": len(waiting)}


def play_scene(scene: str) -> dict[str, Any]:
    lane, _, order = scene.partition("-")
    return Simulation(few_lane=Lane(lane), is_fair=order == "fair").run()
