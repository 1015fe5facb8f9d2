"""Secrets of webhooks, encrypted by KMS: who may read the table, or a copy of it, cannot sign in our name.

The biller and the endpoint are the encryption's context, so that a secret moved to another item does not open.
"""

import base64
from functools import lru_cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from invoicing.settings import get_settings

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient


@lru_cache(maxsize=1)
def client() -> "KMSClient":
    config = Config(retries={"mode": "standard", "total_max_attempts": 3}, connect_timeout=2, read_timeout=5)
    return boto3.client("kms", config=config)


def seal(biller_id: str, endpoint_id: str, secret: str) -> str:
    answer = client().encrypt(
        KeyId=get_settings().webhook_key,
        Plaintext=secret.encode(),
        EncryptionContext={"biller_id": biller_id, "endpoint_id": endpoint_id},
    )
    return base64.b64encode(answer["CiphertextBlob"]).decode()


@lru_cache(maxsize=1024)
def unseal(biller_id: str, endpoint_id: str, sealed: str) -> str:
    """The same for ever for one ciphertext, so asked of KMS once per process."""
    answer = client().decrypt(
        KeyId=get_settings().webhook_key,
        CiphertextBlob=base64.b64decode(sealed),
        EncryptionContext={"biller_id": biller_id, "endpoint_id": endpoint_id},
    )
    return answer["Plaintext"].decode()
