"""template.yaml read by the tests: its resources with every reference resolved, and those resources made in moto.

There is no second copy of a table's keys, a queue's redrive or a function's environment in the tests.
"""

import copy
import json
import re
import secrets
import sys
import uuid
from collections.abc import Callable
from typing import Any

import boto3
import botocore.session
from botocore.loaders import create_loader
from moto.dynamodb.models import Table, dynamodb_backends
from moto.events.models import events_backends
from moto.kms.models import Key, kms_backends
from moto.s3.models import s3_backends
from moto.secretsmanager.models import secretsmanager_backends
from moto.sesv2.models import sesv2_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from infra.local.deploy import load_template

ACCOUNT = "123456789012"
REGION = "ap-southeast-3"
STACK = "invoicing-test"
_NO_VALUE = object()
_MODELS = create_loader()
_EMPTY_TABLES: dict[str, Table] = {}
_KEYS: dict[str, Key] = {}
_PRODUCT_PACKAGES = (
    "invoicing",
    "invoices",
    "upload",
    "notify",
    "remind",
    "va_callback",
    "api",
    "report",
    "payer",
    "dashboard",
    "webpages",
)


class Template:
    """template.yaml as CloudFormation would see it for the given parameters (defaults, stage ``dev``)."""

    def __init__(self, **parameters: str) -> None:
        self.data: dict[str, Any] = load_template()
        defaults = {name: str(given.get("Default", "")) for name, given in self.data["Parameters"].items()}
        self.parameters = {**defaults, "Stage": "dev", **parameters}

    def find(self, kind: str) -> dict[str, dict[str, Any]]:
        """Logical id -> resolved properties of the resources of this type that the conditions let in."""
        return {
            name: self.resolve(resource.get("Properties", {}))
            for name, resource in self.data["Resources"].items()
            if resource["Type"] == kind and ("Condition" not in resource or self._holds(resource["Condition"]))
        }

    def read_environment(self, function: str) -> dict[str, str]:
        """The variables that this function gets, its own and those of all functions."""
        common = self.data["Globals"]["Function"]["Environment"]["Variables"]
        own = self.data["Resources"][function]["Properties"].get("Environment", {}).get("Variables", {})
        return {name: str(value) for name, value in self.resolve({**common, **own}).items()}

    def resolve(self, node: Any) -> Any:
        if isinstance(node, list):
            return [value for value in map(self.resolve, node) if value is not _NO_VALUE]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            ((name, argument),) = node.items()
            function = self._functions.get(name)
            if function:
                return function(self, argument)
        resolved = {name: self.resolve(value) for name, value in node.items()}
        return {name: value for name, value in resolved.items() if value is not _NO_VALUE}

    def _ref(self, name: str) -> Any:
        pseudo = {
            "AWS::AccountId": ACCOUNT,
            "AWS::NoValue": _NO_VALUE,
            "AWS::Partition": "aws",
            "AWS::Region": REGION,
            "AWS::StackName": STACK,
            "AWS::URLSuffix": "amazonaws.com",
        }
        if name in pseudo:
            return pseudo[name]
        if name in self.parameters:
            return self.parameters[name]
        resource = self.data["Resources"][name]
        if resource["Type"] == "AWS::SQS::Queue":
            return f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{self._name(name)}"
        if resource["Type"] == "AWS::SecretsManager::Secret":
            # Without the six characters that AWS adds: it takes that form too.
            return f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{self._name(name)}"
        if resource["Type"] == "AWS::SNS::Topic":
            return f"arn:aws:sns:{REGION}:{ACCOUNT}:{self._name(name)}"
        return self._name(name)

    def _get_attribute(self, path: str | list[str]) -> str:
        name, attribute = path if isinstance(path, list) else path.split(".", 1)
        resource = self.data["Resources"][name]
        if (resource["Type"], attribute) == ("AWS::Serverless::Api", "Stage"):
            return str(resource["Properties"]["StageName"])
        service = {
            "AWS::DynamoDB::Table": f"dynamodb:{REGION}:{ACCOUNT}:table/",
            "AWS::SQS::Queue": f"sqs:{REGION}:{ACCOUNT}:",
            "AWS::S3::Bucket": "s3:::",
            "AWS::Logs::LogGroup": f"logs:{REGION}:{ACCOUNT}:log-group:",
            "AWS::Cognito::UserPool": f"cognito-idp:{REGION}:{ACCOUNT}:userpool/",
            # Without the six characters that AWS adds: it takes that form too.
            "AWS::SecretsManager::Secret": f"secretsmanager:{REGION}:{ACCOUNT}:secret:",
            "AWS::KMS::Key": f"kms:{REGION}:{ACCOUNT}:key/",
            "AWS::Events::EventBus": f"events:{REGION}:{ACCOUNT}:event-bus/",
            "AWS::Serverless::Function": f"lambda:{REGION}:{ACCOUNT}:function:",
            "AWS::WAFv2::WebACL": f"wafv2:{REGION}:{ACCOUNT}:regional/webacl/",
        }[resource["Type"]]
        values = {"Arn": f"arn:aws:{service}{self._name(name)}", "QueueName": self._name(name)}
        values["Id"] = values["Arn"]
        values["StreamArn"] = f"{values['Arn']}/stream/2026-01-01T00:00:00.000"
        return values[attribute]

    def _name(self, logical_id: str) -> str:
        """The physical name: the one that the template gives, else one like CloudFormation's."""
        properties = self.data["Resources"][logical_id].get("Properties", {})
        for member in ("BucketName", "QueueName", "LogGroupName", "Name"):
            if isinstance(properties.get(member), str | dict):
                return str(self.resolve(properties[member]))
        if self.data["Resources"][logical_id]["Type"] == "AWS::KMS::Key":
            return str(uuid.uuid5(uuid.NAMESPACE_OID, logical_id))
        return f"{STACK}-{logical_id}"

    def _substitute(self, argument: str | list[Any]) -> str:
        text, values = argument if isinstance(argument, list) else (argument, {})

        def replace(match: re.Match[str]) -> str:
            name = match.group(1)
            if name in values:
                return str(self.resolve(values[name]))
            return str(self._get_attribute(name) if "." in name else self._ref(name))

        return re.sub(r"\$\{([^}!]+)\}", replace, text)

    def _find_in_map(self, argument: list[Any]) -> Any:
        mapping, first, second = (self.resolve(part) for part in argument)
        return self.data["Mappings"][mapping][first][second]

    def _if(self, argument: list[Any]) -> Any:
        return self.resolve(argument[1] if self._holds(argument[0]) else argument[2])

    def _holds(self, condition: str) -> bool:
        """Of a condition by its name."""
        return bool(self.resolve(self.data["Conditions"][condition]))

    def _select(self, argument: list[Any]) -> Any:
        return self.resolve(argument[1])[int(argument[0])]

    def _split(self, argument: list[Any]) -> list[str]:
        return str(self.resolve(argument[1])).split(argument[0])

    def _equals(self, argument: list[Any]) -> bool:
        return str(self.resolve(argument[0])) == str(self.resolve(argument[1]))

    def _not(self, argument: list[Any]) -> bool:
        return not self.resolve(argument[0])

    def _and(self, argument: list[Any]) -> bool:
        return all(map(self.resolve, argument))

    _functions: dict[str, Callable[["Template", Any], Any]] = {  # noqa: RUF012 - constant
        "Ref": _ref,
        "Fn::GetAtt": _get_attribute,
        "Fn::Sub": _substitute,
        "Fn::FindInMap": _find_in_map,
        "Fn::If": _if,
        "Fn::Select": _select,
        "Fn::Split": _split,
        "Fn::Equals": _equals,
        "Fn::Not": _not,
        "Fn::And": _and,
        "Condition": _holds,
    }


def create_resources(template: Template) -> None:
    """Make the template's tables, queues, topics, bucket, secrets and e-mail sender in moto's AWS.

    Past moto's HTTP: thousands of tests make all of them, and its clients and answers took most of their time.
    """
    for name, properties in template.find("AWS::DynamoDB::Table").items():
        _make_table(template.resolve({"Ref": name}), properties)
    for name, properties in template.find("AWS::SQS::Queue").items():
        _create_queue(template.resolve({"Ref": name}).rsplit("/", 1)[1], properties)
    sns = sns_backends[ACCOUNT][REGION]
    for name in template.find("AWS::SNS::Topic"):
        sns.create_topic(template.resolve({"Ref": name}).rsplit(":", 1)[1])
    for properties in template.find("AWS::SNS::Subscription").values():
        sns.subscribe(properties["TopicArn"], properties["Endpoint"], properties["Protocol"])
    for properties in template.find("AWS::S3::Bucket").values():
        _create_bucket(properties)
    for name, properties in template.find("AWS::SecretsManager::Secret").items():
        _create_secret(template.resolve({"Ref": name}), properties)
    _create_keys(template)
    for properties in template.find("AWS::Events::EventBus").values():
        events_backends[ACCOUNT][REGION].create_event_bus(properties["Name"])
    ses = sesv2_backends[ACCOUNT][REGION]
    ses.create_email_identity(template.parameters["EmailSenderAddress"], None, None, None)
    for name in template.find("AWS::SES::ConfigurationSet"):
        ses.create_configuration_set(template.resolve({"Ref": name}), {}, {}, {}, {}, [], {}, {})


def _make_table(name: str, properties: dict[str, Any]) -> None:
    """A copy of what moto made of it the first time."""
    tables = dynamodb_backends[ACCOUNT][REGION].tables
    if name not in _EMPTY_TABLES:
        _create_table(boto3.client("dynamodb"), name, properties)
        _EMPTY_TABLES[name] = copy.deepcopy(tables[name])
    tables[name] = copy.deepcopy(_EMPTY_TABLES[name])


def _create_table(dynamodb: Any, name: str, properties: dict[str, Any]) -> None:
    members = ("AttributeDefinitions", "KeySchema", "BillingMode", "GlobalSecondaryIndexes")
    request = {member: properties[member] for member in members if member in properties}
    if "StreamSpecification" in properties:
        request["StreamSpecification"] = {"StreamEnabled": True, **properties["StreamSpecification"]}
    dynamodb.create_table(TableName=name, **request)


def _create_queue(name: str, properties: dict[str, Any]) -> None:
    attributes = {
        member: json.dumps(value) if isinstance(value, dict) else str(value)
        for member, value in properties.items()
        # A queue may name a dead-letter queue that is made after it; no test needs moto's redrive.
        if member in ("VisibilityTimeout", "MessageRetentionPeriod")
    }
    sqs_backends[ACCOUNT][REGION].create_queue(name, **attributes)


def _create_secret(name: str, properties: dict[str, Any]) -> None:
    request = properties["GenerateSecretString"]
    generated = secrets.token_hex(request["PasswordLength"])[: request["PasswordLength"]]
    frame = request.get("SecretStringTemplate")
    text = json.dumps(json.loads(frame) | {request["GenerateStringKey"]: generated}) if frame else generated
    secretsmanager_backends[ACCOUNT][REGION].create_secret(name, text, None, None, [], None, None, [], False)


def _create_keys(template: Template) -> None:
    """KMS chooses a key's id itself: it is put under the template's name. Its material is made once: that is slow."""
    backend = kms_backends[ACCOUNT][REGION]
    for name in template.find("AWS::KMS::Key"):
        if name not in _KEYS:
            key = boto3.client("kms").create_key()["KeyMetadata"]["KeyId"]
            _KEYS[name] = backend.keys[key]
        backend.keys[template.resolve({"Fn::GetAtt": [name, "Arn"]}).partition("/")[2]] = _KEYS[name]


def _create_bucket(properties: dict[str, Any]) -> None:
    s3 = s3_backends[ACCOUNT]["aws"]
    s3.create_bucket(properties["BucketName"], REGION)
    s3.put_bucket_versioning(properties["BucketName"], properties["VersioningConfiguration"]["Status"])


def start_session() -> None:
    """A new default session of boto3 that knows the services' models already: moto makes boto3 forget its session."""
    session = botocore.session.Session()
    session.register_component("data_loader", _MODELS)
    boto3.setup_default_session(botocore_session=session)


def forget_process_state() -> None:
    """Drop what the product keeps for the life of a process: settings and clients. The next call makes them anew."""
    for name, module in list(sys.modules.items()):
        if name.split(".", 1)[0] in _PRODUCT_PACKAGES:
            for value in vars(module).values():
                if hasattr(value, "cache_clear") and getattr(value, "__module__", "").startswith(_PRODUCT_PACKAGES):
                    value.cache_clear()
