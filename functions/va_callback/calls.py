"""What passes between the transport (who calls, is it signed) and the services (inquiry, payment, status) of SNAP."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from invoicing.bank_clients import BankClient


class Service(StrEnum):
    """SNAP service codes (ASPI, "Virtual Account")."""

    ACCESS_TOKEN = "73"  # noqa: S105 - a service code
    INQUIRY = "24"
    PAYMENT = "25"
    STATUS = "26"


@dataclass(frozen=True, slots=True)
class VerifiedCall:
    """A call whose client, token, time and signature have been verified, and whose body is a JSON object.

    Nothing in ``body`` has been checked but that it is JSON without duplicate keys.
    """

    service: Service
    client: BankClient
    external_id: str
    """X-EXTERNAL-ID, of a permitted form."""
    channel_id: str
    timestamp: str
    """X-TIMESTAMP as received."""
    body: Mapping[str, Any]
    raw_body: bytes
    call_id: str
    """ULID under which raw request and answer are kept."""
    build_record: "Callable[[Answer], dict[str, Any]] | None" = field(default=None, compare=False)
    """A member for the transaction of a service that writes: it keeps the call with this answer. None: it is kept."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A SNAP answer: ``responseCode`` is HTTP status + service code + ``case``."""

    http_status: int
    case: str
    """Two digits."""
    message: str
    members: Mapping[str, Any] = field(default_factory=dict)
    """Members of the answer's body beside responseCode and responseMessage."""
    is_kept: bool = False
    """The service's own transaction kept call and answer."""
