"""Files of uploads in the inbox bucket: the workbook as it came, the plan made of it, and the results for the biller.

Keys hold ids only, ``[A-Za-z0-9/_.-]``, so that no event encodes them differently. The bucket is versioned and every
reader names the version it means: whoever overwrites a key changes nothing that was bound before.
"""

import re
from contextlib import closing
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from invoicing.errors import FilesExpiredError
from invoicing.settings import get_settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

WORKBOOK_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
POST_LIFE_SECONDS = 300
LINK_LIFE_SECONDS = 300


@lru_cache(maxsize=1)
def client() -> "S3Client":
    config = Config(
        retries={"mode": "standard", "total_max_attempts": 5},
        connect_timeout=2,
        read_timeout=30,
        signature_version="s3v4",
        # Forms and links must name the bucket's own region: newer regions refuse what is sent to the global host.
        s3={"addressing_style": "virtual"},
    )
    return boto3.client("s3", config=config)


def inbox_key(biller_id: str, upload_id: str) -> str:
    return f"inbox/{biller_id}/{upload_id}.xlsx"


def plan_key(biller_id: str, upload_id: str) -> str:
    return f"plans/{biller_id}/{upload_id}.ndjson"


def issues_key(biller_id: str, upload_id: str) -> str:
    return f"results/{biller_id}/{upload_id}/issues.ndjson"


def failed_rows_key(biller_id: str, upload_id: str) -> str:
    return f"results/{biller_id}/{upload_id}/failed-rows.xlsx"


def report_key(biller_id: str, report_id: str, extension: str) -> str:
    return f"reports/{biller_id}/{report_id}.{extension}"


def reconciliation_key(bank_code: str, file_hash: str) -> str:
    """Under no biller: a biller's id begins with a letter or digit."""
    return f"reports/_bank/{bank_code}/{file_hash}.xlsx"


def parse_settlement_key(key: str, bank_code: str) -> str | None:
    """The file's name in a key ``settlements/{bank}/{name}`` of this bank, None for any other shape."""
    match = re.fullmatch(r"settlements/([0-9]{3})/([A-Za-z0-9][A-Za-z0-9 ._-]{0,99})", key)
    return match[2] if match and match[1] == bank_code else None


def parse_inbox_key(key: str) -> tuple[str, str] | None:
    """``(biller_id, upload_id)`` of an inbox key, None for any other shape."""
    parts = key.split("/")
    if len(parts) != 3 or parts[0] != "inbox" or not parts[2].endswith(".xlsx"):
        return None
    return parts[1], parts[2].removesuffix(".xlsx")


def sign_upload_post(biller_id: str, upload_id: str) -> dict[str, Any]:
    """A presigned POST for exactly one key, size range and type, good for five minutes: ``{"url", "fields"}``."""
    settings = get_settings()
    return client().generate_presigned_post(
        Bucket=settings.inbox_bucket,
        Key=inbox_key(biller_id, upload_id),
        Fields={"Content-Type": WORKBOOK_TYPE},
        Conditions=[
            {"Content-Type": WORKBOOK_TYPE},
            ["content-length-range", 1, settings.upload_max_bytes],
        ],
        ExpiresIn=POST_LIFE_SECONDS,
    )


def sign_download(key: str, version: str, filename: str) -> str:
    """A short-lived link to one version of a file, saved by the browser under ``filename`` (ASCII)."""
    return client().generate_presigned_url(
        "get_object",
        Params={
            "Bucket": get_settings().inbox_bucket,
            "Key": key,
            "VersionId": version,
            "ResponseContentDisposition": f'attachment; filename="{filename}"',
        },
        ExpiresIn=LINK_LIFE_SECONDS,
    )


def find_first_version(key: str) -> str | None:
    """The oldest version of a key, whatever order its events arrive in. None when there is none."""
    oldest: tuple[Any, str] | None = None
    pages = client().get_paginator("list_object_versions").paginate(Bucket=get_settings().inbox_bucket, Prefix=key)
    for page in pages:
        # S3 lists a key's versions newest first; a page holds up to 1,000.
        for version in page.get("Versions", []):
            if version["Key"] == key and (oldest is None or version["LastModified"] <= oldest[0]):
                oldest = (version["LastModified"], version["VersionId"])
    return oldest[1] if oldest else None


def download(key: str, version: str | None, path: Path, max_bytes: int) -> bool:
    """Stream one version (None: the latest) to ``path``; False, with nothing read, when larger than ``max_bytes``."""
    which: Any = {"VersionId": version} if version else {}
    answer = client().get_object(Bucket=get_settings().inbox_bucket, Key=key, **which)
    # The body's own context manager would hand out the raw response, which has no iter_chunks.
    with closing(answer["Body"]) as body:
        if answer["ContentLength"] > max_bytes:
            return False
        with path.open("wb") as file:
            for block in body.iter_chunks(1 << 20):
                file.write(block)
    return True


def store(key: str, path: Path, content_type: str) -> str:
    """Put a local file; the version id under which it can be read for as long as the lifecycle keeps it."""
    with path.open("rb") as body:
        answer = client().put_object(Bucket=get_settings().inbox_bucket, Key=key, Body=body, ContentType=content_type)
    return answer["VersionId"]


def read_range(key: str, version: str, start: int, end: int) -> bytes:
    """Bytes ``[start, end)`` of one version. Raises FilesExpiredError when the lifecycle or a deletion took it."""
    try:
        answer = client().get_object(
            Bucket=get_settings().inbox_bucket, Key=key, VersionId=version, Range=f"bytes={start}-{end - 1}"
        )
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("NoSuchKey", "NoSuchVersion"):
            raise
        raise FilesExpiredError(key) from error
    with answer["Body"] as body:
        return body.read()


def delete_all_versions(keys: list[str]) -> None:
    """Erase every version of these keys; safe to repeat."""
    bucket = get_settings().inbox_bucket
    for key in keys:
        pages = client().get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=key)
        for page in pages:
            for version in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
                if version["Key"] == key:
                    client().delete_object(Bucket=bucket, Key=key, VersionId=version["VersionId"])
