"""What requests of all areas have in common."""

from enum import StrEnum
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from pydantic import BaseModel, ConfigDict, StringConstraints

from invoicing.notices import Channel


class Request(BaseModel):
    """A body: a member that is not known is an error, not ignored."""

    model_config = ConfigDict(extra="forbid")


# No control characters, no line breaks, something to read.
Line = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")
]
Reason = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=3, max_length=500, pattern=r"^[^\x00-\x1f\x7f]+$")
]
BillerId = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9-]{2,39}$", description="the biller's short name")]
Month = Annotated[str, Query(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$", description="2026-11")]
Ulid = r"^[0-9A-HJKMNP-TV-Z]{26}$"
UploadId = Annotated[str, Path(pattern=Ulid, description="as given when it was started")]
_VA_NUMBER = r"^[0-9]{9,23}$"
VaNumber = Annotated[str, StringConstraints(pattern=_VA_NUMBER)]
VaPath = Annotated[str, Path(pattern=_VA_NUMBER, description="virtual account number")]


class PayerChannel(StrEnum):
    """Channels on which people are written to."""

    EMAIL = Channel.EMAIL
    WHATSAPP = Channel.WHATSAPP
    SMS = Channel.SMS


def build_page(name: str, found: list[Any], cursor: str | None) -> dict[str, Any]:
    """``{name: [...], "cursor": ...}``; no cursor on the last page."""
    return {name: found} | ({"cursor": cursor} if cursor else {})
