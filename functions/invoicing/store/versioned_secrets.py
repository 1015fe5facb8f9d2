"""Keys that only we use (of payers' links, of forms), from Secrets Manager: the current version and the one before.

Secrets Manager itself keeps the two: putting a new value makes the old one AWSPREVIOUS (docs/deploying.md). What
banks share with us is in ``secrets``: there both are good until somebody ends the change.
"""

from functools import lru_cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient


@lru_cache(maxsize=1)
def client() -> "SecretsManagerClient":
    config = Config(
        retries={"mode": "standard", "total_max_attempts": 4}, connect_timeout=2, read_timeout=5, max_pool_connections=2
    )
    return boto3.client("secretsmanager", config=config)


def load_secrets(arn: str) -> tuple[str, ...]:
    """Newest first; one only until the first rotation."""
    current = client().get_secret_value(SecretId=arn, VersionStage="AWSCURRENT")["SecretString"]
    try:
        previous = client().get_secret_value(SecretId=arn, VersionStage="AWSPREVIOUS")["SecretString"]
    except client().exceptions.ResourceNotFoundException:
        return (current,)
    return current, previous
