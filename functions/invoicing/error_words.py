"""What an error is for people and for HTTP: its words in both languages, and its status."""

from collections.abc import Mapping
from http import HTTPStatus

from invoicing.errors import ErrorKind
from invoicing.texts import has_text, text

STATUSES: Mapping[ErrorKind, HTTPStatus] = {
    ErrorKind.DEFECT: HTTPStatus.INTERNAL_SERVER_ERROR,
    ErrorKind.NOT_SIGNED_IN: HTTPStatus.UNAUTHORIZED,
    ErrorKind.FORBIDDEN: HTTPStatus.FORBIDDEN,
    ErrorKind.NOT_FOUND: HTTPStatus.NOT_FOUND,
    ErrorKind.CONFLICT: HTTPStatus.CONFLICT,
    ErrorKind.GONE: HTTPStatus.GONE,
    ErrorKind.INVALID: HTTPStatus.UNPROCESSABLE_ENTITY,
    ErrorKind.UNREADABLE: HTTPStatus.BAD_REQUEST,
    ErrorKind.TOO_LARGE: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    ErrorKind.TOO_OFTEN: HTTPStatus.TOO_MANY_REQUESTS,
    ErrorKind.BUSY: HTTPStatus.SERVICE_UNAVAILABLE,
}
_AREAS = ("problems", "commands")


def find_words(code: str, detail: str, language: str, areas: tuple[str, ...] = ()) -> str:
    """The words of what exactly is wrong (``{code}.{detail}``) where there are any, else of the code.

    ``areas`` of the texts come before the common ones. Raises KeyError for a code without words.
    """
    for name in (f"{code}.{detail}", code):
        for area in (*areas, *_AREAS):
            if has_text(f"{area}.{name}"):
                return text(f"{area}.{name}", language, detail=detail)
    raise KeyError(code)
