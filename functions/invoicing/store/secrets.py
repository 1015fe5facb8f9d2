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
    return fetch_change(arn)[0]


def fetch_change(arn: str) -> tuple[Pair, str]:
    """Its values as they are now, and the id of the change that made them so; empty for the first ones."""
    content = json.loads(client().get_secret_value(SecretId=arn)["SecretString"])
    # A secret that the template made holds its first value under a name of its own.
    return tuple(content["values"]) or (content["first"],), content.get("change", "")


def fetch_change_time(arn: str) -> datetime:
    """When its values were last changed."""
    answer = client().describe_secret(SecretId=arn)
    return answer.get("LastChangedDate") or answer["CreatedDate"]


def create_secret(name: str, values: Pair) -> str:
    """The new secret's ARN."""
    return client().create_secret(Name=name, SecretString=json.dumps({"values": list(values)}))["ARN"]


def replace_secret(arn: str, values: Pair, change_id: str) -> None:
    """Done once per change: of two calls with other values at once the second changes nothing."""
    token = f"change-{change_id}"  # AWS asks for 32 characters
    content = json.dumps({"values": list(values), "change": change_id})
    try:
        client().put_secret_value(SecretId=arn, SecretString=content, ClientRequestToken=token)
    except client().exceptions.ResourceExistsException:
        return


@lru_cache(maxsize=1)
def _get_cache() -> ShortCache[Pair]:
    return ShortCache(fetch_secret)
