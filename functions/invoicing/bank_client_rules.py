"""What a bank client may be set to: checked when it is proposed, and again when it is carried out."""

import ipaddress
import re
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from invoicing.bank_clients import BankClient, MinifyMode, SignatureVariant, read_public_key
from invoicing.errors import BankClientInvalidError
from invoicing.postings import PaymentChannel
from invoicing.settings import get_settings

LONGEST_TOLERANCE_SECONDS = 8 * 3600
"""Real clients print UTC digits with the offset of Jakarta: seven hours off."""
SMALLEST_KEY_BITS = 1024
MAX_KEY_CHARACTERS = 4096
CLIENT_ID = r"^[A-Za-z0-9._-]{1,64}$"

_CLIENT_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_PARTNER_ID = re.compile(r"[A-Za-z0-9._-]{1,36}")
_PATH_PREFIX = re.compile(r"(/[A-Za-z0-9._~-]+)*")

_Networks = Annotated[tuple[Annotated[str, Field(max_length=50)], ...], Field(max_length=50)]
_Channels = Annotated[dict[Annotated[str, Field(min_length=1, max_length=5)], PaymentChannel], Field(max_length=50)]


class ClientSettings(BaseModel):
    """Settings as they are asked for; of a change those that are given, the others stay."""

    model_config = ConfigDict(extra="forbid")
    signature: SignatureVariant = SignatureVariant.SYMMETRIC
    minify: MinifyMode = MinifyMode.KEEP_STRINGS
    signed_path_prefix: str = Field(default="", max_length=100)
    timestamp_tolerance_seconds: int = Field(default=900, ge=60)
    numeric_external_id: bool = False
    replay_code_success: bool = False
    allowed_networks: _Networks = ()
    min_key_bits: int = Field(default=2048, ge=1024, le=16384)
    sub_company: str = Field(default="00000", pattern=r"^[0-9]{5}$")
    channels_by_id: _Channels = Field(default_factory=dict)
    channels_by_code: _Channels = Field(default_factory=lambda: {"6010": PaymentChannel.TELLER})
    own_bank_codes: Annotated[tuple[Annotated[str, Field(min_length=1, max_length=11)], ...], Field(max_length=20)] = ()


def check_client(client: BankClient) -> None:
    """Raises BankClientInvalidError."""
    rules = {
        "client_id": _CLIENT_ID.fullmatch(client.client_id),
        "partner_id": _PARTNER_ID.fullmatch(client.partner_id),
        "bank_code": client.bank_code == get_settings().bank_code,
        "signed_path_prefix": _PATH_PREFIX.fullmatch(client.signed_path_prefix),
        "timestamp_tolerance_seconds": 60 <= client.timestamp_tolerance_seconds <= LONGEST_TOLERANCE_SECONDS,
        "min_key_bits": client.min_key_bits >= SMALLEST_KEY_BITS,
        "public_keys": 1 <= len(client.public_keys) <= 2,
    }
    for name, holds in rules.items():
        if not holds:
            raise BankClientInvalidError(name)
    for network in client.allowed_networks:
        try:
            ipaddress.ip_network(network)
        except ValueError as error:
            raise BankClientInvalidError(f"allowed_networks: {error}") from error
    for pem in client.public_keys:
        try:
            bits = read_public_key(pem).key_size
        except ValueError as error:
            raise BankClientInvalidError(f"public_keys: {error}") from error
        if bits < client.min_key_bits:
            raise BankClientInvalidError(f"public_keys: {bits} bits, at least {client.min_key_bits} are asked for")


def check_connected_client(client: BankClient) -> None:
    """The same of a client that has its secret, if it needs one. Raises BankClientInvalidError."""
    if client.signature is SignatureVariant.SYMMETRIC and not client.secret_arn:
        raise BankClientInvalidError("signature: this client has no secret; connect the bank with a new client")
    check_client(client)
