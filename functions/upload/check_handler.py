"""S3 ObjectCreated under inbox/ -> check that upload."""

from typing import Any
from urllib.parse import unquote_plus

from aws_lambda_powertools import Logger

from invoicing.errors import BillerNotFoundError, UploadNotFoundError
from invoicing.store.files import parse_inbox_key
from upload.checking import check_upload

logger = Logger(utc=True)


@logger.inject_lambda_context
def handle(event: dict[str, Any], _context: object) -> None:
    for record in event.get("Records", []):
        ids = parse_inbox_key(unquote_plus(record["s3"]["object"]["key"]))
        if ids is None:
            logger.warning("an object under inbox/ is no upload")
            continue
        biller_id, upload_id = ids
        try:
            upload = check_upload(biller_id, upload_id)
        except (UploadNotFoundError, BillerNotFoundError):
            # Somebody's key under another biller's prefix, or a file that no upload announced: it stays unread.
            logger.warning("no such upload", extra={"biller_id": biller_id, "upload_id": upload_id})
            continue
        logger.info("checked", extra={"upload_id": upload_id, "status": upload.status})
