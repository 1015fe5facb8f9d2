"""template.yaml keeps the rules of the house: what each function may do and gets, what each queue and table has."""

import importlib
import json
import re
import tomllib
from functools import cached_property
from typing import Any

import pytest

from infra.local.cloud import ROOT
from invoicing.settings import Settings
from invoicing.store import settling
from notify.channels.sms_message import MAX_BASE_SEPTETS
from tests.integration.aws_from_template import STACK, Template
from tests.integration.settings_use import find_settings
from va_callback.http_call import MAX_BODY_BYTES

TEMPLATE = Template()
PROD = Template(Stage="prod")
FUNCTIONS = TEMPLATE.find("AWS::Serverless::Function")
QUEUES = TEMPLATE.find("AWS::SQS::Queue")
HTTP_APIS = TEMPLATE.find("AWS::Serverless::HttpApi")
ALARMS = TEMPLATE.find("AWS::CloudWatch::Alarm")
SETTINGS = {name for name, member in vars(Settings).items() if isinstance(member, cached_property)}
SAMCONFIG = tomllib.loads((ROOT / "samconfig.toml").read_text())
DEAD_LETTER_SECONDS = 14 * 24 * 3600
FAILURE_QUEUES = {"CheckFailuresQueue", "SettlementFailuresQueue"}
"""Where the events of functions end up that S3 calls."""


def list_statements(function: str) -> list[dict[str, Any]]:
    return [statement for policy in FUNCTIONS[function]["Policies"] for statement in policy["Statement"]]


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def find_mappings(service: str) -> list[tuple[str, dict[str, Any]]]:
    """(function, mapping) of each event source mapping from this service (``sqs``, ``dynamodb``)."""
    by_name = {TEMPLATE.resolve({"Ref": name}): name for name in FUNCTIONS}
    return [
        (by_name[mapping["FunctionName"]], mapping)
        for mapping in TEMPLATE.find("AWS::Lambda::EventSourceMapping").values()
        if mapping["EventSourceArn"].split(":")[2] == service
    ]


def list_alarms(metric: str, dimension: str) -> set[str]:
    """Values of this dimension over the alarms on this metric."""
    return {
        given["Value"]
        for alarm in ALARMS.values()
        if alarm.get("MetricName") == metric
        for given in alarm["Dimensions"]
        if given["Name"] == dimension
    }


@pytest.mark.parametrize("function", FUNCTIONS)
def test_handler_named_in_template_can_be_imported(function: str) -> None:
    module, _, name = FUNCTIONS[function]["Handler"].rpartition(".")
    assert callable(getattr(importlib.import_module(module), name))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_settings_that_code_asks_for_are_given_to_function(function: str) -> None:
    asked = {name.upper() for name in find_settings(FUNCTIONS[function]["Handler"], SETTINGS)}
    assert asked
    assert asked <= set(TEMPLATE.read_environment(function))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_variables_of_function_are_settings_of_the_code(function: str) -> None:
    general = {"STAGE", "POWERTOOLS_SERVICE_NAME", "POWERTOOLS_METRICS_NAMESPACE", "POWERTOOLS_LOG_LEVEL"}
    assert set(TEMPLATE.read_environment(function)) - general <= {name.upper() for name in SETTINGS}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_policy_names_every_action_and_resource(function: str) -> None:
    for statement in list_statements(function):
        if (function, statement["Action"]) == ("NoticeSendSmsFunction", "sns:Publish"):
            continue  # has its own test
        assert statement["Effect"] == "Allow"
        assert not any("*" in action for action in as_list(statement["Action"])), statement
        for resource in as_list(statement["Resource"]):
            service = resource.split(":")[2]
            # Open-ended: object keys and secrets under a named prefix, and the streams of one table, as AWS asks.
            open_ended = {
                "s3": ("inbox/*", "plans/*", "results/*", "reports/*", "reports/_bank/*", "settlements/*"),
                "secretsmanager": (f":secret:{STACK}/bank-clients/*",),
            }.get(service, ("Table/stream/*",))
            assert "*" not in resource or resource.endswith(open_ended)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_policies_of_a_function_fit_into_its_role(function: str) -> None:
    # IAM takes 10,240 characters; CloudFormation's own names of queues and tables are some 13 longer than the tests'.
    written = json.dumps(list_statements(function), separators=(",", ":"))
    assert len(written) + 13 * written.count("arn:aws:") < 10_000


@pytest.mark.parametrize("function", FUNCTIONS)
def test_table_that_function_gets_is_one_it_may_use(function: str) -> None:
    """A table's name without a right to it, or a right without the name, is a mistake in one of the two."""
    environment = TEMPLATE.read_environment(function)
    given = {value for name, value in environment.items() if name.endswith("_TABLE")}
    allowed = {
        resource.split(":table/")[1].split("/")[0]
        for statement in list_statements(function)
        for resource in as_list(statement["Resource"])
        if ":dynamodb:" in resource and "/stream/" not in resource
    }
    assert given == allowed


def test_no_function_may_scan_or_delete_items() -> None:
    # Records of calls that failed are no facts: Powertools takes them back.
    passing = TEMPLATE.resolve({"Fn::GetAtt": ["IdempotencyTable", "Arn"]})
    actions = {
        action
        for name in FUNCTIONS
        for statement in list_statements(name)
        if as_list(statement["Resource"]) != [passing]
        for action in as_list(statement["Action"])
    }
    assert not actions & {"dynamodb:Scan", "dynamodb:DeleteItem", "dynamodb:DeleteTable"}


def test_items_of_other_banks_are_out_of_reach() -> None:
    tables = ("VirtualAccountsTable", "NoticesTable", "CountersTable")
    for name in FUNCTIONS:
        for statement in list_statements(name):
            if any(resource.endswith(tables) for resource in as_list(statement["Resource"])):
                assert statement["Condition"] == {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["028#*"]}}


def test_email_is_sent_only_from_the_products_address() -> None:
    statements = [
        statement for name in FUNCTIONS for statement in list_statements(name) if statement["Action"] == "ses:SendEmail"
    ]
    assert statements
    for statement in statements:
        assert statement["Condition"] == {"StringEquals": {"ses:FromAddress": "notifikasi@ocbc.id"}}
        assert any(resource.endswith("identity/ocbc.id") for resource in statement["Resource"])


def test_sms_function_may_publish_to_numbers_and_to_no_topic() -> None:
    statements = [
        (statement["Effect"], statement["Resource"])
        for statement in list_statements("NoticeSendSmsFunction")
        if statement["Action"] == "sns:Publish"
    ]
    assert statements == [("Allow", "*"), ("Deny", "arn:aws:sns:*:*:*")]


def test_whatsapp_function_may_send_only_from_the_two_numbers_that_it_is_given() -> None:
    template = Template(WhatsAppEInvoicePhoneNumberId="1a", WhatsAppPintuKelasPhoneNumberId="2b")
    function = template.find("AWS::Serverless::Function")["NoticeSendWhatsAppFunction"]
    environment = template.read_environment("NoticeSendWhatsAppFunction")
    given = {value for name, value in environment.items() if name.endswith("_PHONE_NUMBER_ID")}
    (statement,) = [
        statement
        for statement in function["Policies"][0]["Statement"]
        if statement["Action"] == "social-messaging:SendWhatsAppMessage"
    ]
    prefix = "arn:aws:social-messaging:ap-southeast-1:123456789012:phone-number-id/"
    assert statement["Resource"] == [f"{prefix}1a", f"{prefix}2b"]
    assert given == {"phone-number-id-1a", "phone-number-id-2b"}


@pytest.mark.parametrize("sender", ["OCBC Info", "OC", "123", "OCBCInformasi", "OCBC_1"])
def test_sender_id_that_sns_would_refuse_does_not_deploy(sender: str) -> None:
    rules = TEMPLATE.data["Parameters"]["SmsSenderId"]
    fits = rules["MinLength"] <= len(sender) <= rules["MaxLength"]
    assert not (fits and re.fullmatch(rules["AllowedPattern"], sender))
    assert re.fullmatch(rules["AllowedPattern"], rules["Default"])


def test_key_of_payers_links_outlives_the_stack_and_only_who_makes_links_reads_it() -> None:
    key = TEMPLATE.resolve({"Fn::GetAtt": ["PayerLinkKey", "Id"]})
    readers = {
        name
        for name in FUNCTIONS
        for statement in list_statements(name)
        if statement["Action"] == "secretsmanager:GetSecretValue" and key in as_list(statement["Resource"])
    }
    assert readers >= {"NoticeSendEmailFunction", "NoticeSendSmsFunction", "NoticeSendWhatsAppFunction"}
    assert readers == {name for name in FUNCTIONS if "PAYER_LINK_KEY" in TEMPLATE.read_environment(name)}
    assert TEMPLATE.data["Resources"]["PayerLinkKey"]["DeletionPolicy"] == "RetainExceptOnCreate"
    assert TEMPLATE.data["Resources"]["PayerLinkKey"]["UpdateReplacePolicy"] == "Retain"


def find_functions(action: str, resource: str) -> set[str]:
    """Those that may do this on what ends so."""
    return {
        name
        for name in FUNCTIONS
        for statement in list_statements(name)
        if action in as_list(statement["Action"])
        and any(given.endswith(resource) for given in as_list(statement["Resource"]))
    }


def test_secrets_of_banks_are_changed_by_one_function_that_only_the_officers_doors_may_invoke() -> None:
    clients = TEMPLATE.resolve({"Fn::GetAtt": ["BankClientsTable", "Arn"]})
    tokens = TEMPLATE.resolve({"Fn::GetAtt": ["SnapTokenKeys", "Id"]})
    for secret in (tokens, "/bank-clients/*"):
        assert find_functions("secretsmanager:PutSecretValue", secret) == {"BankChangeFunction"}
        readers = find_functions("secretsmanager:GetSecretValue", secret)
        assert readers == {"BankChangeFunction", "VaCallbackFunction"}
    assert find_functions("dynamodb:PutItem", clients) == {"BankChangeFunction", "BankCommandFunction"}
    assert find_functions("lambda:InvokeFunction", "-BankChangeFunction") == {"ApiFunction", "DashboardFunction"}
    # Of proposals it can say what became of them, and cannot make one.
    changes = TEMPLATE.resolve({"Fn::GetAtt": ["ChangesTable", "Arn"]})
    assert find_functions("dynamodb:PutItem", changes) == {"ApiFunction", "DashboardFunction"}
    (statement,) = [given for given in list_statements("BankChangeFunction") if given["Resource"] == changes]
    assert statement["Condition"] == {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["bank#clients"]}}


def test_base_of_payers_links_that_would_burst_an_sms_does_not_deploy() -> None:
    rules = TEMPLATE.data["Parameters"]["PayerLinkBase"]
    assert rules["MaxLength"] == MAX_BASE_SEPTETS
    for wrong in ("http://bayar.example", "https://bayar.example/{x}", "https://bayar.example?a", "https://b.exämple"):
        assert not re.fullmatch(rules["AllowedPattern"], wrong)
    for right in ("", "https://bayar.example", "https://bayar.example/t", "https://127.0.0.1:8443/t"):
        assert re.fullmatch(rules["AllowedPattern"], right)


def test_notice_commands_may_write_a_billers_wording_and_webhooks_and_nothing_else_of_it() -> None:
    billers = TEMPLATE.resolve({"Fn::GetAtt": ["BillersTable", "Arn"]})
    (statement,) = [
        given
        for given in list_statements("NoticeCommandFunction")
        if given["Resource"] == billers and given["Action"] != "dynamodb:GetItem"
    ]
    assert statement["Action"] == "dynamodb:UpdateItem"
    assert statement["Condition"]["ForAllValues:StringEquals"] == {"dynamodb:Attributes": ["pk", "wording", "webhooks"]}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_function_runs_on_the_agreed_platform(function: str) -> None:
    common = TEMPLATE.data["Globals"]["Function"]
    assert (common["Runtime"], common["Architectures"], common["Tracing"]) == ("python3.13", ["arm64"], "Active")
    assert "ReservedConcurrentExecutions" not in FUNCTIONS[function]


@pytest.mark.parametrize("stage", ["local", "dev", "prod"])
def test_every_function_logs_to_its_own_group_with_retention(stage: str) -> None:
    template = Template(Stage=stage)
    groups = {properties["LogGroupName"]: properties for properties in template.find("AWS::Logs::LogGroup").values()}
    used = [function["LoggingConfig"]["LogGroup"] for function in template.find("AWS::Serverless::Function").values()]
    others = {api["AccessLogSettings"]["DestinationArn"].rsplit(":", 1)[1] for api in HTTP_APIS.values()}
    others.add(f"/{STACK}/bank-api-access")
    assert sorted(used) == sorted(name for name in groups if not name.startswith("sns/") and name not in others)
    assert all(group["RetentionInDays"] >= 1 for group in groups.values())


@pytest.mark.parametrize("table", TEMPLATE.find("AWS::DynamoDB::Table"))
def test_table_is_on_demand_recoverable_encrypted_and_outlives_the_stack(table: str) -> None:
    properties = TEMPLATE.find("AWS::DynamoDB::Table")[table]
    assert properties["BillingMode"] == "PAY_PER_REQUEST"
    assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert properties["SSESpecification"] == {"SSEEnabled": True}
    assert PROD.find("AWS::DynamoDB::Table")[table]["DeletionProtectionEnabled"] is True
    assert TEMPLATE.data["Resources"][table]["DeletionPolicy"] == "RetainExceptOnCreate"


@pytest.mark.parametrize("queue", QUEUES)
def test_queue_is_encrypted_and_refuses_plain_http(queue: str) -> None:
    assert QUEUES[queue]["SqsManagedSseEnabled"] is True
    policies = TEMPLATE.find("AWS::SQS::QueuePolicy").values()
    # A second policy would replace the first.
    (policy,) = [policy for policy in policies if TEMPLATE.resolve({"Ref": queue}) in policy["Queues"]]
    (statement,) = [given for given in policy["PolicyDocument"]["Statement"] if given["Sid"] == "TlsOnly"]
    assert (statement["Effect"], statement["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


def find_dead_letter_queues() -> dict[str, str]:
    """Logical id of each queue that a function reads -> logical id of its dead-letter queue."""
    by_arn = {TEMPLATE.resolve({"Fn::GetAtt": [name, "Arn"]}): name for name in QUEUES}
    pairs = {}
    for _, mapping in find_mappings("sqs"):
        name = by_arn[mapping["EventSourceArn"]]
        pairs[name] = by_arn[QUEUES[name]["RedrivePolicy"]["deadLetterTargetArn"]]
    return pairs


def test_every_queue_has_a_dead_letter_queue_that_takes_only_from_it_and_its_other_lane() -> None:
    pairs = find_dead_letter_queues()
    assert set(pairs) | set(pairs.values()) | FAILURE_QUEUES == set(QUEUES)
    for dead in set(pairs.values()):
        sources = {name for name, other in pairs.items() if other == dead}
        assert len({name.replace("Express", "") for name in sources}) == 1
        allowed = QUEUES[dead]["RedriveAllowPolicy"]
        assert allowed["redrivePermission"] == "byQueue"
        assert set(allowed["sourceQueueArns"]) == {TEMPLATE.resolve({"Fn::GetAtt": [name, "Arn"]}) for name in sources}


@pytest.mark.parametrize("channel", ["Email", "Sms", "WhatsApp"])
def test_channel_has_two_lanes_read_by_one_function_and_an_alarm_when_stopped(channel: str) -> None:
    readers = {
        event["EventSourceArn"].rsplit(":", 1)[1]: (function, event["ScalingConfig"]["MaximumConcurrency"])
        for function, event in find_mappings("sqs")
        if function == f"NoticeSend{channel}Function"
    }
    assert set(readers) == {f"{STACK}-{channel.lower()}", f"{STACK}-{channel.lower()}-express"}
    assert {f"{channel}Concurrency", f"{channel}ExpressConcurrency"} <= set(TEMPLATE.data["Parameters"])
    waits = {
        alarm["Dimensions"][0]["Value"] for alarm in ALARMS.values() if "OldestMessage" in alarm.get("MetricName", "")
    }
    assert set(readers) <= waits
    assert channel.lower() in list_alarms("ChannelStopped", "channel")


def test_officers_see_every_queue_of_what_failed_for_good() -> None:
    shown = FUNCTIONS["DashboardFunction"]["Environment"]["Variables"]
    watched = f"{shown['WATCHED_QUEUES']} {shown['FAILED_EVENT_QUEUES']}"
    assert {name for name in {*find_dead_letter_queues().values(), *FAILURE_QUEUES} if name not in watched} == set()


def test_dead_letters_are_kept_two_weeks_and_raise_an_alarm_at_the_first() -> None:
    for function, queue in (("UploadCheck", "CheckFailuresQueue"), ("Reconcile", "SettlementFailuresQueue")):
        failed = FUNCTIONS[f"{function}Function"]["EventInvokeConfig"]["DestinationConfig"]["OnFailure"]
        assert failed["Destination"].endswith(queue)
    dead = {*find_dead_letter_queues().values(), *FAILURE_QUEUES}
    assert {QUEUES[name]["MessageRetentionPeriod"] for name in dead} == {DEAD_LETTER_SECONDS}
    names = {TEMPLATE.resolve({"Fn::GetAtt": [name, "QueueName"]}) for name in dead}
    assert names == list_alarms("ApproximateNumberOfMessagesVisible", "QueueName")
    for alarm in ALARMS.values():
        if alarm.get("MetricName") == "ApproximateNumberOfMessagesVisible":
            assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (1, "GreaterThanOrEqualToThreshold")


def test_no_function_has_an_event_for_which_sam_widens_its_role() -> None:
    kinds = {event["Type"] for function in FUNCTIONS.values() for event in function.get("Events", {}).values()}
    assert kinds <= {"S3", "ScheduleV2", "CloudWatchLogs", "HttpApi"}


@pytest.mark.parametrize(("function", "event"), find_mappings("sqs"))
def test_queue_reader_reports_single_failures_and_has_six_times_its_timeout(
    function: str, event: dict[str, Any]
) -> None:
    queue = next(
        properties
        for name, properties in QUEUES.items()
        if TEMPLATE.resolve({"Fn::GetAtt": [name, "Arn"]}) == event["EventSourceArn"]
    )
    assert queue["VisibilityTimeout"] >= 6 * FUNCTIONS[function]["Timeout"]
    assert event["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert int(event["ScalingConfig"]["MaximumConcurrency"]) >= 2


def test_writer_knows_after_how_many_receives_its_queue_gives_up() -> None:
    chances = TEMPLATE.read_environment("UploadWriteFunction")["CHUNK_MAX_RECEIVES"]
    assert str(QUEUES["ChunkQueue"]["RedrivePolicy"]["maxReceiveCount"]) == chances


def test_poisoned_stream_record_cannot_block_its_shard() -> None:
    ((_, event),) = find_mappings("dynamodb")
    assert event["BisectBatchOnFunctionError"]
    assert 0 < event["MaximumRecordAgeInSeconds"] <= 3600
    assert event["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    patterns = [json.loads(given["Pattern"]) for given in event["FilterCriteria"]["Filters"]]
    assert patterns == [{"eventName": ["INSERT"]}]


def test_every_function_has_an_alarm_on_errors_and_every_alarm_tells_somebody() -> None:
    assert list_alarms("Errors", "FunctionName") == {TEMPLATE.resolve({"Ref": name}) for name in FUNCTIONS}
    assert list_alarms("IteratorAge", "FunctionName") == {TEMPLATE.resolve({"Ref": "NoticeDispatchFunction"})}
    topic = TEMPLATE.resolve({"Ref": "AlarmTopic"})
    assert all(alarm["AlarmActions"] == [topic] for alarm in ALARMS.values())


def test_alarm_on_duration_rings_before_the_timeout() -> None:
    for alarm in ALARMS.values():
        if alarm.get("MetricName") == "Duration":
            (name,) = [name for name in FUNCTIONS if TEMPLATE.resolve({"Ref": name}) == alarm["Dimensions"][0]["Value"]]
            assert alarm["Threshold"] == 0.8 * 1000 * FUNCTIONS[name]["Timeout"]


def test_inbox_is_private_versioned_encrypted_and_tls_only() -> None:
    (bucket,) = TEMPLATE.find("AWS::S3::Bucket").values()
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    (policy,) = TEMPLATE.find("AWS::S3::BucketPolicy").values()
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


def test_files_of_every_prefix_expire_in_all_versions() -> None:
    (bucket,) = TEMPLATE.find("AWS::S3::Bucket").values()
    rules = {rule.get("Prefix", ""): rule for rule in bucket["LifecycleConfiguration"]["Rules"]}
    lives = {"inbox/": 90, "plans/": 90, "results/": 90, "reports/": 30, "settlements/": 730}
    for prefix, days in lives.items():
        assert int(rules[prefix]["ExpirationInDays"]) == days
        assert 0 < int(rules[prefix]["NoncurrentVersionExpiration"]["NoncurrentDays"]) <= days
    assert rules[""]["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"] == 1


def test_browsers_may_post_from_the_dashboard_only() -> None:
    (closed,) = TEMPLATE.find("AWS::S3::Bucket").values()
    assert "CorsConfiguration" not in closed
    (open_bucket,) = Template(DashboardOrigin="https://tagihan.example.com").find("AWS::S3::Bucket").values()
    (rule,) = open_bucket["CorsConfiguration"]["CorsRules"]
    assert (rule["AllowedMethods"], rule["AllowedOrigins"]) == (["POST"], ["https://tagihan.example.com"])


def test_receipts_come_from_our_three_topics_and_nowhere_else() -> None:
    topics = {name for name in TEMPLATE.find("AWS::SNS::Topic") if name != "AlarmTopic"}
    assert topics == {"SesEventsTopic", "WhatsAppEventsTopic", "SmsEventsTopic"}
    arns = {TEMPLATE.resolve({"Ref": name}) for name in topics}
    queue = TEMPLATE.resolve({"Fn::GetAtt": ["ReceiptsQueue", "Arn"]})
    subscriptions = TEMPLATE.find("AWS::SNS::Subscription").values()
    assert {given["TopicArn"] for given in subscriptions if given.get("Endpoint") == queue} == arns
    (statement,) = [
        given
        for given in TEMPLATE.find("AWS::SQS::QueuePolicy")["ReceiptsQueuePolicy"]["PolicyDocument"]["Statement"]
        if given["Effect"] == "Allow"
    ]
    assert set(statement["Condition"]["ArnEquals"]["aws:SourceArn"]) == arns
    environment = TEMPLATE.read_environment("NoticeReceiptsFunction")
    assert {value for name, value in environment.items() if name.endswith("_TOPIC")} == arns


@pytest.mark.parametrize(
    ("topic", "publisher"),
    [("SesEventsTopic", "ses"), ("WhatsAppEventsTopic", "social-messaging"), ("SmsEventsTopic", None)],
)
def test_only_its_provider_of_this_account_publishes_to_a_topic(topic: str, publisher: str | None) -> None:
    statements = TEMPLATE.find("AWS::SNS::TopicPolicy")[f"{topic}Policy"]["PolicyDocument"]["Statement"]
    allowed = [statement for statement in statements if statement["Effect"] == "Allow"]
    assert [statement["Principal"]["Service"] for statement in allowed] == (
        [f"{publisher}.amazonaws.com"] if publisher else []
    )
    assert all(statement["Condition"]["StringEquals"]["aws:SourceAccount"] for statement in allowed)
    assert {"Bool": {"aws:SecureTransport": "false"}} in [statement["Condition"] for statement in statements]


def test_ses_reports_every_event_that_settles_a_notice() -> None:
    (destination,) = TEMPLATE.find("AWS::SES::ConfigurationSetEventDestination").values()
    assert destination["ConfigurationSetName"] == TEMPLATE.resolve({"Ref": "EmailConfigurationSet"})
    event_types = set(destination["EventDestination"]["MatchingEventTypes"])
    assert event_types >= {"SEND", "DELIVERY", "BOUNCE", "COMPLAINT", "REJECT", "RENDERING_FAILURE"}
    # Whom we stop writing to is the biller's list; SES's own would go on refusing an address that was lifted.
    configuration = TEMPLATE.find("AWS::SES::ConfigurationSet")["EmailConfigurationSet"]
    assert configuration["SuppressionOptions"]["SuppressedReasons"] == []


def test_both_logs_of_sms_outcomes_are_read_and_soon_forgotten() -> None:
    logs = {name: given for name, given in TEMPLATE.find("AWS::Logs::LogGroup").items() if name.startswith("Sms")}
    events = [event["Properties"] for event in FUNCTIONS["NoticeSmsLogFunction"]["Events"].values()]
    assert sorted(event["LogGroupName"] for event in events) == sorted(TEMPLATE.resolve({"Ref": name}) for name in logs)
    assert {given["RetentionInDays"] for given in logs.values()} == {3}
    second_stack = Template(SmsStatusLogs="use")
    assert not {"SmsDeliveredLogGroup", "SmsFailedLogGroup"} & set(second_stack.find("AWS::Logs::LogGroup"))
    read = second_stack.find("AWS::Serverless::Function")["NoticeSmsLogFunction"]["Events"].values()
    assert all(event["Properties"]["LogGroupName"].endswith(("PhoneNumber", "PhoneNumber/Failure")) for event in read)


def test_every_channel_that_goes_silent_rings() -> None:
    silent = {name: alarm for name, alarm in ALARMS.items() if name.endswith("SilentAlarm")}
    channels = set()
    for alarm in silent.values():
        queries = {query["Id"]: query for query in alarm["Metrics"]}
        dimensions = {
            name: {given["Name"]: given["Value"] for given in queries[name]["MetricStat"]["Metric"]["Dimensions"]}
            for name in ("sent", "received")
        }
        assert dimensions["sent"] == dimensions["received"]
        assert (
            dimensions["sent"]["service"]
            == TEMPLATE.read_environment("NoticeReceiptsFunction")["POWERTOOLS_SERVICE_NAME"]
        )
        channels.add(dimensions["sent"]["channel"])
        assert {query["MetricStat"]["Period"] for query in queries.values() if "MetricStat" in query} == {3600}
        assert queries["silent"]["Expression"] == "IF(sent > 20 AND received < 1, 1, 0)"
    assert channels == {"email", "whatsapp", "sms"}


def test_api_lets_nobody_past_the_authorizer_but_programs_to_their_own_door() -> None:
    api = HTTP_APIS["Api"]
    assert api["Auth"]["DefaultAuthorizer"] in api["Auth"]["Authorizers"]
    events = [event["Properties"] for event in FUNCTIONS["ApiFunction"]["Events"].values()]
    doors = {(event["Path"], event["Method"]): event.get("Auth", {}).get("Authorizer") for event in events}
    # No method ANY: it would take the browsers' OPTIONS, which carry no token.
    methods = {"GET", "POST", "PUT", "PATCH", "DELETE"}
    assert doors == {("/v1/{proxy+}", method): None for method in methods} | {
        ("/erp/v1/{proxy+}", method): "NONE" for method in methods
    }
    assert int(api["DefaultRouteSettings"]["ThrottlingRateLimit"]) > 0
    assert FUNCTIONS["ApiFunction"]["Timeout"] < 30


def test_browsers_may_call_the_api_from_the_dashboard_only() -> None:
    assert HTTP_APIS["Api"]["CorsConfiguration"]["AllowOrigins"] == ["https://none.invalid"]
    opened = Template(DashboardOrigin="https://tagihan.example.com").find("AWS::Serverless::HttpApi")["Api"]
    assert opened["CorsConfiguration"]["AllowOrigins"] == ["https://tagihan.example.com"]


def test_nobody_joins_the_user_pool_uninvited_or_learns_who_is_in_it() -> None:
    pool = TEMPLATE.find("AWS::Cognito::UserPool")["UserPool"]
    assert pool["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"] is True
    assert pool["AccountRecoverySetting"]["RecoveryMechanisms"] == [{"Name": "verified_email", "Priority": 1}]
    assert PROD.find("AWS::Cognito::UserPool")["UserPool"]["DeletionProtection"] == "ACTIVE"
    (client,) = TEMPLATE.find("AWS::Cognito::UserPoolClient").values()
    assert client["GenerateSecret"] is True
    assert (client["PreventUserExistenceErrors"], client["EnableTokenRevocation"]) == ("ENABLED", True)
    assert (client["AccessTokenValidity"], client["TokenValidityUnits"]["AccessToken"]) == (15, "minutes")
    assert not any("SRP" in flow or flow == "ALLOW_USER_PASSWORD_AUTH" for flow in client["ExplicitAuthFlows"])
    protected = Template(ThreatProtection="on").find("AWS::Cognito::UserPool")["UserPool"]
    assert protected["UserPoolAddOns"] == {"AdvancedSecurityMode": "ENFORCED"}


def test_password_rule_of_the_code_is_that_of_the_user_pool() -> None:
    from invoicing.errors import PasswordRuleError
    from invoicing.sign_in import MIN_PASSWORD, _check_password

    rule = TEMPLATE.find("AWS::Cognito::UserPool")["UserPool"]["Policies"]["PasswordPolicy"]
    assert rule["MinimumLength"] == MIN_PASSWORD
    needed = {"RequireLowercase": "a", "RequireUppercase": "A", "RequireNumbers": "1"}
    assert {name for name in rule if name.startswith("Require") and rule[name]} == set(needed)
    _check_password("aA1" + "x" * (MIN_PASSWORD - 3))
    for missing in needed.values():
        password = "".join(mark * MIN_PASSWORD for mark in needed.values() if mark != missing)
        with pytest.raises(PasswordRuleError):
            _check_password(password)


def test_trail_can_be_added_to_and_read_and_nothing_else() -> None:
    table = TEMPLATE.resolve({"Fn::GetAtt": ["AuditTable", "Arn"]})
    actions = {
        action
        for name in FUNCTIONS
        for statement in list_statements(name)
        if table in as_list(statement["Resource"])
        for action in as_list(statement["Action"])
    }
    assert actions == {"dynamodb:PutItem", "dynamodb:Query"}


@pytest.mark.parametrize(("given", "bus"), [("", STACK), ("core-bus", "core-bus")])
def test_events_are_put_on_the_banks_bus_and_on_no_other(given: str, bus: str) -> None:
    template = Template(EventBusName=given)
    function = template.find("AWS::Serverless::Function")["NoticeSendEventFunction"]
    (statement,) = [
        statement for statement in function["Policies"][0]["Statement"] if statement["Action"] == "events:PutEvents"
    ]
    assert statement["Resource"] == f"arn:aws:events:ap-southeast-3:123456789012:event-bus/{bus}"
    assert template.read_environment("NoticeSendEventFunction")["EVENT_BUS_NAME"] == bus
    assert len(template.find("AWS::Events::EventBus")) == (0 if given else 1)


def test_events_are_archived_only_where_asked_for_and_on_the_stacks_own_bus() -> None:
    assert not TEMPLATE.find("AWS::Events::Archive")
    assert not Template(EventArchiveDays="30", EventBusName="core-bus").find("AWS::Events::Archive")
    (archive,) = Template(EventArchiveDays="30").find("AWS::Events::Archive").values()
    assert archive["RetentionDays"] == "30"


def test_secrets_of_webhooks_are_opened_by_their_sender_only() -> None:
    allowed = {
        (name, action)
        for name in FUNCTIONS
        for statement in list_statements(name)
        for action in as_list(statement["Action"])
        if action.startswith("kms:")
    }
    assert allowed == {
        ("NoticeCommandFunction", "kms:Encrypt"),
        ("ApiFunction", "kms:Encrypt"),
        ("DashboardFunction", "kms:Encrypt"),
        ("NoticeSendWebhookFunction", "kms:Decrypt"),
    }


def test_webhooks_reach_no_private_network_unless_a_parameter_says_so() -> None:
    assert TEMPLATE.read_environment("NoticeSendWebhookFunction")["WEBHOOK_ALLOWED_NETWORKS"] == ""
    assert set(SAMCONFIG) >= {"dev", "prod"}
    assert "WebhookAllowedNetworks" not in json.dumps(SAMCONFIG)


def test_of_a_biller_webhook_sender_writes_its_endpoints_only() -> None:
    for name in ("NoticeSendWebhookFunction",):
        (statement,) = [
            statement
            for statement in list_statements(name)
            if str(statement["Resource"]).endswith("BillersTable") and "dynamodb:UpdateItem" in statement["Action"]
        ]
        assert statement["Condition"]["ForAllValues:StringEquals"] == {"dynamodb:Attributes": ["pk", "webhooks"]}


@pytest.mark.parametrize("channel", ["Event", "Webhook"])
def test_program_channel_has_one_lane_capped_by_its_parameter(channel: str) -> None:
    ((_, mapping),) = [
        (function, event) for function, event in find_mappings("sqs") if function == f"NoticeSend{channel}Function"
    ]
    assert mapping["EventSourceArn"].endswith(f"{STACK}-{channel.lower()}")
    assert f"{channel}Concurrency" in TEMPLATE.data["Parameters"]
    assert {alarm for alarm in ALARMS if alarm.startswith(channel)} >= {
        f"{channel}DeadLetterAlarm",
        f"{channel}QueueAgeAlarm",
    }


def find_bank_api(**parameters: str) -> dict[str, Any]:
    (api,) = Template(**parameters).find("AWS::Serverless::Api").values()
    return api


def test_bank_api_lets_in_listed_networks_only_and_by_default_nobody() -> None:
    for parameters, networks in ((({}), "127.0.0.1/32"), ({"BankAllowedNetworks": "203.0.113.0/28"}, "203.0.113.0/28")):
        policy = find_bank_api(**parameters)["DefinitionBody"]["x-amazon-apigateway-policy"]
        (statement,) = policy["Statement"]
        assert (statement["Effect"], statement["Condition"]) == ("Allow", {"IpAddress": {"aws:SourceIp": networks}})


def test_bank_with_a_domain_has_no_other_way_in() -> None:
    assert find_bank_api()["DisableExecuteApiEndpoint"] is False
    domain = {
        "BankDomainName": "bank.example.id",
        "BankDomainCertificate": "arn:aws:acm:x",
        "BankTruststore": "s3://a/b",
    }
    assert find_bank_api(**domain)["DisableExecuteApiEndpoint"] is True
    (mutual,) = Template(**domain).find("AWS::ApiGateway::DomainName").values()
    assert mutual["MutualTlsAuthentication"] == {"TruststoreUri": "s3://a/b"}
    assert (mutual["SecurityPolicy"], "EndpointAccessMode" in mutual) == ("TLS_1_2", False)
    # AWS refuses mutual TLS together with the policies that allow TLS 1.3 only.
    (newest,) = Template(**domain, BankTransport="tls13").find("AWS::ApiGateway::DomainName").values()
    assert "MutualTlsAuthentication" not in newest
    assert newest["SecurityPolicy"].startswith("SecurityPolicy_TLS13_1_3")
    assert not TEMPLATE.find("AWS::ApiGateway::DomainName")


def test_bank_api_logs_neither_bodies_nor_headers_and_takes_bytes_as_they_come() -> None:
    api = find_bank_api()
    (setting,) = api["MethodSettings"]
    assert setting["DataTraceEnabled"] is False
    assert setting["ThrottlingRateLimit"]
    logged = json.loads(api["AccessLogSetting"]["Format"])
    assert not any(word in json.dumps(logged) for word in ("header", "body", "querystring", "authorizer"))
    assert api["BinaryMediaTypes"] == ["*/*"]


def test_bank_function_gives_up_before_the_gateway_and_the_gateway_before_the_bank() -> None:
    operation = find_bank_api()["DefinitionBody"]["paths"]["/{proxy+}"]["x-amazon-apigateway-any-method"]
    gateway = operation["x-amazon-apigateway-integration"]["timeoutInMillis"]
    assert 1000 * FUNCTIONS["VaCallbackFunction"]["Timeout"] < gateway < 8000


def read_answers_of_the_gateway() -> dict[str, tuple[int, dict[str, str]]]:
    """Status and body of every answer that the function never sees, the firewall's own too."""
    given = find_bank_api()["DefinitionBody"]["x-amazon-apigateway-gateway-responses"]
    answers = {
        name: (response["statusCode"], json.loads(response["responseTemplates"]["application/json"]))
        for name, response in given.items()
    }
    (acl,) = TEMPLATE.find("AWS::WAFv2::WebACL").values()
    for rule in acl["Rules"]:
        if "Action" in rule:
            custom = rule["Action"]["Block"]["CustomResponse"]
            body = acl["CustomResponseBodies"][custom["CustomResponseBodyKey"]]
            assert body["ContentType"] == "APPLICATION_JSON"
            answers[rule["Name"]] = (custom["ResponseCode"], json.loads(body["Content"]))
    return answers


def test_whatever_the_gateway_or_the_firewall_answers_is_an_answer_of_snap() -> None:
    answers = read_answers_of_the_gateway()
    for status, body in answers.values():
        assert set(body) == {"responseCode", "responseMessage"}
        # The service is unknown there: 00.
        assert body["responseCode"] == f"{status}0000"
    assert {name: status for name, (status, _) in answers.items()} == {
        "THROTTLED": 429,
        "ACCESS_DENIED": 401,
        "WAF_FILTERED": 403,
        "REQUEST_TOO_LARGE": 400,
        "UNSUPPORTED_MEDIA_TYPE": 400,
        "MISSING_AUTHENTICATION_TOKEN": 404,
        "RESOURCE_NOT_FOUND": 404,
        "DEFAULT_4XX": 400,
        "INTEGRATION_TIMEOUT": 504,
        "INTEGRATION_FAILURE": 500,
        "DEFAULT_5XX": 500,
        "rate": 429,
        "size": 400,
    }


def test_bank_api_takes_as_many_calls_a_second_and_at_one_moment_as_its_parameter_says() -> None:
    (setting,) = find_bank_api(BankCallsPerSecond="7")["MethodSettings"]
    assert (setting["ResourcePath"], setting["HttpMethod"]) == ("/*", "*")
    assert [int(setting[name]) for name in ("ThrottlingRateLimit", "ThrottlingBurstLimit")] == [7, 7]


@pytest.mark.parametrize(
    ("prefix", "is_allowed"), [("", True), ("/snap", True), ("/openapi/snap", True), ("/", False), ("snap", False)]
)
def test_path_of_the_bank_may_have_a_prefix_or_none(prefix: str, is_allowed: bool) -> None:
    pattern = TEMPLATE.data["Parameters"]["SnapPathPrefix"]["AllowedPattern"]
    assert bool(re.fullmatch(pattern, prefix)) is is_allowed


def test_firewall_stands_before_the_bank_api_and_knows_the_largest_body() -> None:
    (acl,) = TEMPLATE.find("AWS::WAFv2::WebACL").values()
    rules = {rule["Name"]: rule["Statement"] for rule in acl["Rules"]}
    assert rules["size"]["SizeConstraintStatement"]["Size"] == MAX_BODY_BYTES
    assert rules["rate"]["RateBasedStatement"]["AggregateKeyType"] == "IP"
    assert {"bad-inputs", "common"} <= set(rules)
    (association,) = TEMPLATE.find("AWS::WAFv2::WebACLAssociation").values()
    assert association["ResourceArn"].endswith("/stages/live")
    assert not Template(BankFirewall="off").find("AWS::WAFv2::WebACLAssociation")


def test_calls_of_the_bank_expire() -> None:
    table = TEMPLATE.find("AWS::DynamoDB::Table")["BankCallsTable"]
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}


def test_bank_is_answered_before_its_function_is_killed_even_if_the_database_hangs() -> None:
    properties = FUNCTIONS["VaCallbackFunction"]
    variables = properties["Environment"]["Variables"]
    a_request = int(variables["DYNAMODB_READ_SECONDS"]) * int(variables["DYNAMODB_TRIES"])
    keeping = 1.2  # connecting and reading of the one put that keeps the call (store/bank_calls.py)
    assert 2 * a_request <= settling.LONGEST_SECONDS
    assert settling.LONGEST_SECONDS + keeping < properties["Timeout"]
