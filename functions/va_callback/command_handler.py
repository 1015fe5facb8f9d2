"""Commands of the bank's operators, invoked directly (IAM): connect a bank, change keys, look into a dispute."""

from contextlib import suppress
from dataclasses import asdict
from datetime import date
from typing import Annotated, Any, Literal

from aws_lambda_powertools import Logger
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from invoicing import connecting_banks, errors
from invoicing.bank_clients import BankClient, MinifyMode, SignatureVariant
from invoicing.command_answers import answer_bad_command, answer_error
from invoicing.connecting_banks import Connection, Keep
from invoicing.postings import PaymentChannel
from invoicing.settings import get_settings
from invoicing.store import bank_calls, bank_clients

logger = Logger(utc=True)

MAX_CALLS = 200
"""Of one answer; the rest is asked for with ``after``."""

_ClientId = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
_Pem = Annotated[str, Field(min_length=1, max_length=4096)]
_Networks = Annotated[tuple[Annotated[str, Field(max_length=50)], ...], Field(max_length=50)]
_CallId = Annotated[str, Field(pattern=r"^[0-9A-HJKMNP-TV-Z]{26}$")]

_Channels = Annotated[dict[Annotated[str, Field(min_length=1, max_length=5)], PaymentChannel], Field(max_length=50)]


class _Command(BaseModel):
    model_config = ConfigDict(extra="forbid")
    user_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


class _Settings(BaseModel):
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


class CreateClient(_Command):
    operation: Literal["create_client"]
    client_id: _ClientId
    partner_id: str = Field(max_length=36)
    public_key: _Pem
    settings: _Settings = Field(default_factory=_Settings)


class ListClients(_Command):
    operation: Literal["list_clients"]


class _OnClient(_Command):
    client_id: _ClientId


class DescribeClient(_OnClient):
    operation: Literal["describe_client"]


class _ChangeClient(_OnClient):
    reason: str = Field(min_length=1, max_length=500)


class ChangeSettings(_ChangeClient):
    operation: Literal["change_settings"]
    settings: _Settings


class DisableClient(_ChangeClient):
    operation: Literal["disable_client"]


class EnableClient(_ChangeClient):
    operation: Literal["enable_client"]


class AddPublicKey(_ChangeClient):
    operation: Literal["add_public_key"]
    public_key: _Pem


class EndKeyChange(_ChangeClient):
    operation: Literal["end_key_change"]
    keep: Keep


class BeginSecretChange(_ChangeClient):
    operation: Literal["begin_secret_change"]


class EndSecretChange(_ChangeClient):
    operation: Literal["end_secret_change"]
    keep: Keep


class ChangeTokenKeys(_Command):
    operation: Literal["change_token_keys"]
    reason: str = Field(min_length=1, max_length=500)


class ListCalls(_Command):
    """By one of virtual account, the bank's reference or request id, or day in Jakarta."""

    operation: Literal["list_calls"]
    va_number: str | None = Field(default=None, pattern=r"^[0-9]{9,28}$")
    reference: str | None = Field(default=None, min_length=1, max_length=128)
    day: date | None = None
    after: _CallId | None = None


class ShowCall(_Command):
    operation: Literal["show_call"]
    call_id: _CallId


Command = Annotated[
    CreateClient
    | ListClients
    | DescribeClient
    | ChangeSettings
    | DisableClient
    | EnableClient
    | AddPublicKey
    | EndKeyChange
    | BeginSecretChange
    | EndSecretChange
    | ChangeTokenKeys
    | ListCalls
    | ShowCall,
    Field(discriminator="operation"),
]
_parse: TypeAdapter[Command] = TypeAdapter(Command)

_ERROR_CODES: dict[type[errors.InvoicingError], str] = {
    errors.BankClientNotFoundError: "bank_client_not_found",
    errors.BankClientExistsError: "bank_client_exists",
    errors.BankClientInvalidError: "bank_client_invalid",
    errors.RotationError: "rotation",
    errors.BankCallNotFoundError: "bank_call_not_found",
}


@logger.inject_lambda_context
def handle(event: dict[str, Any], _context: object) -> dict[str, Any]:
    try:
        command = _parse.validate_python(event)
    except ValidationError as error:
        return answer_bad_command(error)
    try:
        answer = _run(command)
    except errors.InvoicingError as error:
        code = _ERROR_CODES.get(type(error))
        if code is None:
            raise
        logger.info("refused", extra={"operation": command.operation, "code": code})
        return answer_error(code, str(error))
    logger.info("done", extra={"operation": command.operation, "user_id": command.user_id})
    return answer


def _run(command: Command) -> dict[str, Any]:
    match command:
        case CreateClient():
            return _hand_over(connecting_banks.connect_bank(_build_client(command), user_id=command.user_id))
        case ListClients():
            return {"clients": [_show_client(client) for client in bank_clients.list_clients()]}
        case DescribeClient():
            return _show_client(bank_clients.load_client(command.client_id))
        case BeginSecretChange():
            begun = connecting_banks.begin_secret_change(
                command.client_id, user_id=command.user_id, reason=command.reason
            )
            return _hand_over(begun)
        case ChangeTokenKeys():
            connecting_banks.change_token_keys(user_id=command.user_id, reason=command.reason)
            return {}
        case ListCalls():
            return _list_calls(command)
        case ShowCall():
            return asdict(bank_calls.load_call(command.call_id))
        case _:
            return _show_client(_change(command))


def _change(
    command: ChangeSettings | DisableClient | EnableClient | AddPublicKey | EndKeyChange | EndSecretChange,
) -> BankClient:
    client_id, who = command.client_id, {"user_id": command.user_id, "reason": command.reason}
    match command:
        case ChangeSettings():
            changes = command.settings.model_dump(exclude_unset=True)
            return connecting_banks.change_settings(client_id, changes, **who)
        case DisableClient():
            return connecting_banks.disable_client(client_id, **who)
        case EnableClient():
            return connecting_banks.enable_client(client_id, **who)
        case AddPublicKey():
            return connecting_banks.add_public_key(client_id, command.public_key, **who)
        case EndKeyChange():
            return connecting_banks.end_key_change(client_id, command.keep, **who)
        case EndSecretChange():
            return connecting_banks.end_secret_change(client_id, command.keep, **who)


def _build_client(command: CreateClient) -> BankClient:
    return BankClient(
        client_id=command.client_id,
        bank_code=get_settings().bank_code,
        partner_id=command.partner_id,
        public_keys=(command.public_key,),
        secret_arn="",
        **command.settings.model_dump(),
    )


def _hand_over(connection: Connection) -> dict[str, Any]:
    """What the bank has to be told; the secret is shown this once."""
    settings, client = get_settings(), connection.client
    start = f"{settings.snap_base_url}{settings.snap_path_prefix}/{settings.snap_versions[0]}"
    return {
        "client": _show_client(client),
        "hand_over": {
            "X-CLIENT-KEY": client.client_id,
            "X-PARTNER-ID": client.partner_id,
            "client_secret": connection.secret or None,
            "access_token": f"{start}/access-token/b2b" if connection.secret else None,
            "inquiry": f"{start}/transfer-va/inquiry",
            "payment": f"{start}/transfer-va/payment",
            "status": f"{start}/transfer-va/status",
            "signature": "HMAC-SHA512" if connection.secret else "SHA256withRSA",
            "clock_tolerance_seconds": client.timestamp_tolerance_seconds,
        },
    }


def _show_client(client: BankClient) -> dict[str, Any]:
    return {**asdict(client), "secret_arn": client.secret_arn or None}


def _list_calls(command: ListCalls) -> dict[str, Any]:
    """Oldest first, each in short; ``show_call`` has the whole."""
    bank = get_settings().bank_code
    match (command.va_number, command.reference, command.day):
        case (str() as va_number, None, None):
            found = list(bank_calls.list_calls_of_va(bank, va_number))
        case (None, str() as reference, None):
            found = list(bank_calls.list_calls_of_reference(bank, reference))
        case (None, None, date() as day):
            found = bank_calls.list_calls_of_day(day)
        case _:
            return answer_error("bad_command", "va_number, reference, day")
    found = sorted(call_id for call_id in found if call_id > (command.after or ""))
    shown = []
    for call_id in found[:MAX_CALLS]:
        # What has expired may stand in the index for moments longer.
        with suppress(errors.BankCallNotFoundError):
            shown.append(_show_call(bank_calls.load_call(call_id)))
    return {"calls": shown} | ({"after": found[MAX_CALLS - 1]} if len(found) > MAX_CALLS else {})


def _show_call(call: bank_calls.BankCall) -> dict[str, Any]:
    names = (
        "call_id",
        "at",
        "service",
        "client_id",
        "is_signed",
        "external_id",
        "va_number",
        "reference",
        "request_id",
    )
    whole = asdict(call)
    return {name: whole[name] for name in names} | {"http_status": call.http_status, "answer": call.answer}
