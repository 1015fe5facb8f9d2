"""Replays a day's payments, invoked directly by an operator (IAM); ``after`` of the answer goes on where it stopped."""

from datetime import date, timedelta
from typing import Annotated, Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from invoicing.command_answers import answer_bad_command
from va_callback.handler import call_service
from va_callback.replaying import replay_day

logger = Logger(utc=True)


class Command(BaseModel):
    model_config = ConfigDict(extra="forbid")
    day: date
    user_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
    reason: str = Field(min_length=1, max_length=500)
    apply: bool = False
    after: str = Field(default="", max_length=26)


@logger.inject_lambda_context
def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    try:
        command = Command.model_validate(event)
    except ValidationError as error:
        return answer_bad_command(*(".".join(map(str, problem["loc"])) for problem in error.errors()))
    replay = replay_day(
        command.day,
        after=command.after,
        answer=call_service if command.apply else None,
        user_id=command.user_id,
        reason=command.reason,
        time_left=lambda: timedelta(milliseconds=context.get_remaining_time_in_millis()),
    )
    changed = sum(payment.get("code_now", payment["code_then"]) != payment["code_then"] for payment in replay.payments)
    facts = {"day": command.day.isoformat(), "payments": len(replay.payments), "changed": changed}
    logger.info("replayed", extra={**facts, "applied": command.apply})
    return {"payments": replay.payments, "after": replay.after or None}
