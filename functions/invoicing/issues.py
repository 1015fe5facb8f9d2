"""What is wrong, or looks wrong, in an uploaded workbook: one issue is one finding about a cell, a row or the file.

Codes are stable (dashboards and ERPs read them); the words come from ``invoicing.texts``:
``uploads.{code}.what`` and ``uploads.{code}.mend`` in every language, formatted with ``params``.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    ERROR = "error"
    """The row (and the invoice it belongs to) is not created."""
    WARNING = "warning"
    """The row is fine by itself; the releaser must acknowledge the code."""
    NOTE = "note"
    """For information: the row needs nothing, for example because its invoice is there already."""


@dataclass(frozen=True, slots=True)
class Issue:
    code: str
    severity: Severity
    row: int | None = None
    """Excel row number (first row is 1); None: about the whole file."""
    column: str | None = None
    """The header as the user wrote it; None: about the whole row."""
    value: str = ""
    """The cell as typed, cut to 200 characters."""
    params: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The form kept in ``results/{biller}/{upload}/issues.ndjson``; empty members left out."""
        record: dict[str, Any] = {"code": self.code, "severity": self.severity.value}
        if self.row is not None:
            record["row"] = self.row
        if self.column is not None:
            record["column"] = self.column
        if self.value:
            record["value"] = self.value
        if self.params:
            record["params"] = self.params
        return record

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> "Issue":
        return cls(
            code=record["code"],
            severity=Severity(record["severity"]),
            row=record.get("row"),
            column=record.get("column"),
            value=record.get("value", ""),
            params=record.get("params", {}),
        )
