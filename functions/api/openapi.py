"""The OpenAPI document, made from the routes: ``python -m api.openapi`` in ``functions/`` writes docs/openapi.json."""

import json
from pathlib import Path
from typing import Any

from aws_lambda_powertools.event_handler.openapi.models import HTTPBearer

from api.handler import app

PATH = Path(__file__).parents[2] / "docs" / "openapi.json"


def build_document() -> dict[str, Any]:
    text = app.get_openapi_json_schema(
        title="Digital invoice management",
        version="1",
        description=(
            "For dashboards below /v1 with a user's access token, for billers' programs below /erp/v1 with a token of "
            "their own credentials. The tenant is always that of the caller. Amounts are whole rupiah, instants UTC, "
            "due dates local dates. Errors are problem documents (RFC 9457) in Indonesian and English."
        ),
        security_schemes={"access_token": HTTPBearer()},
        security=[{"access_token": []}],
    )
    document: dict[str, Any] = json.loads(text)
    return document


if __name__ == "__main__":
    PATH.write_text(json.dumps(build_document(), indent=2, ensure_ascii=False, sort_keys=True) + "\n")
