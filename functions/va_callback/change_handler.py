"""Carries out what two officers decided about a bank client. Invoked by the API and the dashboard (IAM), nobody else.

A change is looked up in the table, with both its people: who invokes can only say which one. A person's id counts for
what one may do alone: disabling a client, and being shown the secret that they approved.
"""

from typing import Annotated, Any, Literal

from aws_lambda_powertools import Logger
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from invoicing import connecting_banks
from invoicing.bank_client_rules import CLIENT_ID
from invoicing.command_answers import answer_command
from va_callback.handing_over import build_hand_over

logger = Logger(utc=True)


class _Command(BaseModel):
    model_config = ConfigDict(extra="forbid")
    user_id: str = Field(min_length=1, max_length=128)


class CarryOut(_Command):
    operation: Literal["carry_out"]
    change_id: str = Field(pattern=r"^[0-9A-HJKMNP-TV-Z]{26}$")


class DisableClient(_Command):
    operation: Literal["disable_client"]
    client_id: str = Field(pattern=CLIENT_ID)
    reason: str = Field(min_length=1, max_length=500)


_parse: TypeAdapter[CarryOut | DisableClient] = TypeAdapter(
    Annotated[CarryOut | DisableClient, Field(discriminator="operation")]
)


@logger.inject_lambda_context
def handle(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """``{"hand_over"}`` of a new secret, else nothing."""
    return answer_command(event, _parse, _run)


def _run(command: CarryOut | DisableClient) -> dict[str, Any]:
    if isinstance(command, DisableClient):
        connecting_banks.disable_client(command.client_id, user_id=command.user_id, reason=command.reason)
        return {}
    connection = connecting_banks.carry_out_change(command.change_id, user_id=command.user_id)
    if connection is None or not connection.secret:
        return {}
    return {"hand_over": build_hand_over(connection)["hand_over"]}
