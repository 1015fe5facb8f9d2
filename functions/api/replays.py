"""``Idempotency-Key``: the same call again gets the same answer for a day, and is not carried out again."""

from collections.abc import Callable
from functools import lru_cache
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Header
from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)

from api.areas import Area
from invoicing.settings import get_settings
from invoicing.store import dynamodb

_LIFE_SECONDS = 24 * 3600

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[\x21-\x7e]{1,128}$",
        description="chosen by the caller, one for each thing to create; the same call again gets the same answer",
    ),
]
RequiredKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$",
        description="chosen by the caller, one for each thing to do; the same call again does nothing again",
    ),
]
"""Where the domain keeps what was done under it."""


def run_once(
    area: Area, operation: str, key: str | None, request: dict[str, Any], act: Callable[[], dict[str, Any]]
) -> dict[str, Any]:
    """What ``act`` returned the first time for this caller, operation and key; without a key it is carried out.

    The answer is stored, so it holds no secret. Raises IdempotencyValidationError where ``request`` is another one.
    """
    if key is None:
        return act()
    config = IdempotencyConfig(
        # The tenant and the user are part of the key: nobody is answered with what another one created.
        event_key_jmespath="[tenant, user, operation, key]",
        payload_validation_jmespath="request",
        expires_after_seconds=_LIFE_SECONDS,
        hash_function="sha256",
        # Whose end frees the key of a call that was killed.
        lambda_context=area.router.lambda_context,
    )

    def carry_out(*, call: dict[str, Any]) -> dict[str, Any]:
        return act()

    once = idempotent_function(
        carry_out, data_keyword_argument="call", persistence_store=_make_store(), config=config, key_prefix="api"
    )
    caller = area.caller
    tenant = caller.user.biller_id or "bank"
    answer: dict[str, Any] = once(
        call={"tenant": tenant, "user": caller.user_id, "operation": operation, "key": key, "request": request}
    )
    return answer


@lru_cache(maxsize=1)
def _make_store() -> DynamoDBPersistenceLayer:
    return DynamoDBPersistenceLayer(get_settings().idempotency_table, boto3_client=dynamodb.client())
