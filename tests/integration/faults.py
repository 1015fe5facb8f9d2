"""Faults that the emulators never show, injected into the real clients by botocore's event hooks."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import ClientError, ReadTimeoutError


class Killed(BaseException):
    """The process ends here: no handler of Exception sees it."""


class CallCounter:
    """Counts AWS calls of a client and does something at one of them, before it is sent or after its effect."""

    def __init__(self, clients: list[Any], act: Callable[[], None], at: int | None, *, after: bool) -> None:
        self.calls = 0
        self._clients = clients
        self._act = act
        self._at = at
        self._event = "after-call" if after else "before-call"

    def _count(self, **_: Any) -> None:
        self.calls += 1
        if self.calls - 1 == self._at:
            self._act()

    @contextmanager
    def installed(self) -> Iterator["CallCounter"]:
        for client in self._clients:
            client.meta.events.register(self._event, self._count)
        try:
            yield self
        finally:
            for client in self._clients:
                client.meta.events.unregister(self._event, self._count)


class OneOperation:
    """In the place of a client: only this operation's calls are counted."""

    def __init__(self, client: Any, operation: str = "TransactWriteItems") -> None:
        self.meta = self
        self.events = self
        self._client = client
        self._operation = operation

    def register(self, event: str, handler: Callable[..., None]) -> None:
        self._client.meta.events.register(f"{event}.dynamodb.{self._operation}", handler)

    def unregister(self, event: str, handler: Callable[..., None]) -> None:
        self._client.meta.events.unregister(f"{event}.dynamodb.{self._operation}", handler)


class EveryCall(CallCounter):
    """Does something at every call."""

    def __init__(self, clients: list[Any], act: Callable[[], None], *, after: bool = False) -> None:
        super().__init__(clients, act, None, after=after)

    def _count(self, **_: Any) -> None:
        self.calls += 1
        self._act()


def kill() -> None:
    raise Killed


def raise_cancelled(codes: list[str]) -> Callable[[], None]:
    def act() -> None:
        response: Any = {
            "Error": {"Code": "TransactionCanceledException", "Message": "cancelled"},
            "CancellationReasons": [{"Code": code} for code in codes],
        }
        raise ClientError(response, "TransactWriteItems")

    return act


def raise_throttled() -> None:
    response: Any = {"Error": {"Code": "ProvisionedThroughputExceededException", "Message": "slow down"}}
    raise ClientError(response, "TransactWriteItems")


def raise_read_timeout() -> None:
    raise ReadTimeoutError(endpoint_url="https://dynamodb")
