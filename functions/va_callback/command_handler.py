"""Commands of the bank's operators, invoked directly (IAM): connect a bank, disable it, look into a dispute.

Who invokes says who they are, and nobody can check that: nothing here lets a bank call. Two officers do that, through
the API or the dashboard (``invoicing/bank_changes.py``).
"""

from contextlib import suppress
from dataclasses import asdict
from datetime import date
from typing import Annotated, Any, Literal

from aws_lambda_powertools import Logger
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from invoicing import connecting_banks, errors
from invoicing.bank_client_rules import CLIENT_ID, MAX_KEY_CHARACTERS, ClientSettings
from invoicing.bank_clients import BankClient, describe_client
from invoicing.command_answers import answer_bad_command, answer_command
from invoicing.settings import get_settings
from invoicing.store import bank_calls, bank_clients
from va_callback.handing_over import build_hand_over

logger = Logger(utc=True)

MAX_CALLS = 200
"""Of one answer; the rest is asked for with ``after``."""

_ClientId = Annotated[str, Field(pattern=CLIENT_ID)]
_Pem = Annotated[str, Field(min_length=1, max_length=MAX_KEY_CHARACTERS)]
_CallId = Annotated[str, Field(pattern=r"^[0-9A-HJKMNP-TV-Z]{26}$")]


class _Command(BaseModel):
    model_config = ConfigDict(extra="forbid")
    user_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


class CreateClient(_Command):
    operation: Literal["create_client"]
    client_id: _ClientId
    partner_id: str = Field(max_length=36)
    public_key: _Pem
    settings: ClientSettings = Field(default_factory=ClientSettings)


class ListClients(_Command):
    operation: Literal["list_clients"]


class _OnClient(_Command):
    client_id: _ClientId


class DescribeClient(_OnClient):
    operation: Literal["describe_client"]


class DisableClient(_OnClient):
    operation: Literal["disable_client"]
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
    CreateClient | ListClients | DescribeClient | DisableClient | ListCalls | ShowCall,
    Field(discriminator="operation"),
]
_parse: TypeAdapter[Command] = TypeAdapter(Command)


@logger.inject_lambda_context
def handle(event: dict[str, Any], _context: object) -> dict[str, Any]:
    return answer_command(event, _parse, _run)


def _run(command: Command) -> dict[str, Any]:
    match command:
        case CreateClient():
            return build_hand_over(connecting_banks.connect_bank(_build_client(command), user_id=command.user_id))
        case ListClients():
            return {"clients": [describe_client(client) for client in bank_clients.list_clients()]}
        case DescribeClient():
            return describe_client(bank_clients.load_client(command.client_id))
        case DisableClient():
            disabled = connecting_banks.disable_client(
                command.client_id, user_id=command.user_id, reason=command.reason
            )
            return describe_client(disabled)
        case ListCalls():
            return _list_calls(command)
        case ShowCall():
            return asdict(bank_calls.load_call(command.call_id))


def _build_client(command: CreateClient) -> BankClient:
    return BankClient(
        client_id=command.client_id,
        bank_code=get_settings().bank_code,
        partner_id=command.partner_id,
        public_keys=(command.public_key,),
        secret_arn="",
        **command.settings.model_dump(),
    )


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
            return answer_bad_command("va_number", "reference", "day")
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
