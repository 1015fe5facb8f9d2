"""Secrets Manager: a value, or two while it is being changed, as JSON ``{"values": [newest, ...]}``."""

import json
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from invoicing.store.short_cache import ShortCache

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

Pair = tuple[str, ...]
"""Newest first."""


@lru_cache(maxsize=1)
def client() -> "SecretsManagerClient":
    # The bank waits for an answer meanwhile.
    config = Config(retries={"mode": "standard", "total_max_attempts": 2}, connect_timeout=1, read_timeout=2)
    return boto3.client("secretsmanager", config=config)


def load_secret(arn: str) -> Pair:
    """The values of this secret, at most a minute old."""
    return _get_cache().get(arn)


def load_newer_secret(arn: str) -> Pair | None:
    """Its values if they have changed since they were loaded; asked of AWS every few seconds at most."""
    return _get_cache().get_newer(arn)


def fetch_secret(arn: str) -> Pair:
    """Its values as they are now."""
    content = json.loads(client().get_secret_value(SecretId=arn)["SecretString"])
    # A secret that the template made holds its first value under a name of its own.
    return tuple(content["values"]) or (content["first"],)


def fetch_change_time(arn: str) -> datetime:
    """When its values were last changed."""
    answer = client().describe_secret(SecretId=arn)
    return answer.get("LastChangedDate") or answer["CreatedDate"]


def create_secret(name: str, values: Pair) -> str:
    """The new secret's ARN."""
    return client().create_secret(Name=name, SecretString=_write(values))["ARN"]


def replace_secret(arn: str, values: Pair) -> None:
    client().put_secret_value(SecretId=arn, SecretString=_write(values))


@lru_cache(maxsize=1)
def _get_cache() -> ShortCache[Pair]:
    return ShortCache(fetch_secret)


def _write(values: Pair) -> str:
    return json.dumps({"values": list(values)})
