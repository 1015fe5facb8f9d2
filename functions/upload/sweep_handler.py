"""Every few minutes -> look after uploads that are stuck."""

from typing import Any

from aws_lambda_powertools import Logger

from upload.sweeping import sweep_uploads

logger = Logger(utc=True)


@logger.inject_lambda_context
def handle(_event: dict[str, Any], _context: object) -> dict[str, int]:
    acted = sweep_uploads()
    logger.info("swept uploads", extra={"acted": acted})
    return {"acted": acted}
