"""Routes of one area of the API, each registered together with the roles that may use it.

There is no way to register a route without roles: the handler refuses what is not in ``Area.access``, and the tests
iterate over it.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, TypeVar

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from api.callers import Caller
from api.problems import PROBLEM_TYPE, Problem
from invoicing.roles import Role

Function = TypeVar("Function", bound=Callable[..., Any])

MAX_BODY_BYTES = 64 * 1024
_PROBLEMS = {
    HTTPStatus.BAD_REQUEST: "the request cannot be read",
    HTTPStatus.UNAUTHORIZED: "no valid access token",
    HTTPStatus.FORBIDDEN: "the caller's roles, state or scopes do not permit this",
    HTTPStatus.NOT_FOUND: "there is no such thing for this caller",
    HTTPStatus.CONFLICT: "not possible in the present state; the code says why",
    HTTPStatus.GONE: "its files have outlived their retention",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "the body is too large",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "the body is not JSON",
    HTTPStatus.UNPROCESSABLE_ENTITY: "a field is missing or out of range; errors names each",
    HTTPStatus.TOO_MANY_REQUESTS: "too many calls at once, or too many attempts",
    HTTPStatus.INTERNAL_SERVER_ERROR: "a defect; instance names the call",
    HTTPStatus.SERVICE_UNAVAILABLE: "busy; try again in a moment",
}


@dataclass(frozen=True, slots=True)
class Access:
    """Who may call a route, and with how large a body."""

    roles: frozenset[Role]
    max_body_bytes: int = MAX_BODY_BYTES
    reads: bool = False
    """Changes nothing: every GET, and a search whose words must not stand in a URL."""


class Area:
    """A router whose every route names its roles. Path parameters are written ``<name>``.

    ``answers``: a type of ``shapes.py``. An answer of another shape is a defect, and the tests find it.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.router = APIGatewayHttpRouter()  # type: ignore[no-untyped-call]
        self.access: dict[tuple[str, str], Access] = {}

    @property
    def caller(self) -> Caller:
        """Who is calling, looked up for this very call."""
        caller: Caller = self.router.context["caller"]
        return caller

    def get(
        self, path: str, roles: Collection[Role], *, answers: Any = None, content_type: str = "application/json"
    ) -> Callable[[Function], Function]:
        return self._register("GET", path, roles, answers, content_type=content_type)

    def post(
        self,
        path: str,
        roles: Collection[Role],
        *,
        answers: Any,
        status: HTTPStatus = HTTPStatus.OK,
        max_body_bytes: int = MAX_BODY_BYTES,
        reads: bool = False,
    ) -> Callable[[Function], Function]:
        """``reads``: it only looks, and is a POST so that what is looked for stands in no URL."""
        return self._register("POST", path, roles, answers, status=status, max_body_bytes=max_body_bytes, reads=reads)

    def put(self, path: str, roles: Collection[Role], *, answers: Any) -> Callable[[Function], Function]:
        return self._register("PUT", path, roles, answers)

    def patch(self, path: str, roles: Collection[Role], *, answers: Any) -> Callable[[Function], Function]:
        return self._register("PATCH", path, roles, answers)

    def delete(self, path: str, roles: Collection[Role], *, answers: Any) -> Callable[[Function], Function]:
        return self._register("DELETE", path, roles, answers)

    def _register(
        self,
        method: str,
        path: str,
        roles: Collection[Role],
        answers: Any,
        *,
        status: HTTPStatus = HTTPStatus.OK,
        max_body_bytes: int = MAX_BODY_BYTES,
        content_type: str = "application/json",
        reads: bool = False,
    ) -> Callable[[Function], Function]:
        def register(function: Function) -> Function:
            self.access[method, path] = Access(frozenset(roles), max_body_bytes, reads or method == "GET")
            # The resolver reads the shape off the signature; to the code it is a plain dictionary. A file has none.
            function.__annotations__["return"] = answers
            if answers is None:
                del function.__annotations__["return"]
            summary, _, description = (function.__doc__ or "").partition("\n")
            who = "Roles: " + ", ".join(sorted(roles)) + "."
            self.router.route(
                path,
                method=[method],
                operation_id=function.__name__,
                summary=summary.rstrip("."),
                description="\n".join(filter(None, [" ".join(description.split()), who])),
                tags=[self.name],
                status_code=status,
                responses=_list_answers(status, content_type),
            )(function)
            return function

        return register


def _list_answers(status: HTTPStatus, content_type: str) -> dict[int, Any]:
    problems = {
        int(code): {"description": words, "content": {PROBLEM_TYPE: {"model": Problem}}}
        for code, words in _PROBLEMS.items()
    }
    good: dict[str, Any] = {"description": status.phrase}
    if content_type != "application/json":
        good["content"] = {content_type: {"schema": {"type": "string", "format": "binary"}}}
    return {int(status): good, **problems}
