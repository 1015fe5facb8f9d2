"""The verdict that a whole file cannot be taken: wrong kind, damaged, hostile, or larger than the limits."""

from typing import Any

from invoicing.errors import InvoicingError


class WorkbookRefused(InvoicingError):
    """The user's file is refused. ``refusals.{code}.what`` / ``.mend``, formatted with ``params``, tell why.

    ``params`` are plain JSON values: the refusal crosses the border of the sandboxed process and is stored.
    """

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.code = code
        self.params = params
