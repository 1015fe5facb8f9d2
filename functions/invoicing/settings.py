"""The one place that reads the environment: lazily, once per process.

Each function gets only the variables it needs from ``template.yaml``; asking for one that it was not
given raises ``MissingSettingError``; ``tests/integration/test_template.py`` holds the template against this.
"""

import os
from functools import cached_property, lru_cache

from invoicing.errors import MissingSettingError


def _read(name: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        raise MissingSettingError(name)
    return value


def _read_numbers(name: str) -> dict[str, int]:
    """``email=14,sms=20`` -> ``{"email": 14, "sms": 20}``."""
    pairs = (pair.partition("=") for pair in _read(name).split(","))
    return {key: int(number) for key, _, number in pairs}


class Settings:
    """Deployment parameters, as set by ``template.yaml``."""

    @cached_property
    def bank_code(self) -> str:
        """Bank Indonesia's three-digit code of the bank that owns the virtual accounts, e.g. ``028``."""
        return _read("BANK_CODE")

    @cached_property
    def dynamodb_read_seconds(self) -> int:
        """How long a request to DynamoDB may take before it is tried again on another connection."""
        return int(os.environ.get("DYNAMODB_READ_SECONDS", "10"))

    @cached_property
    def dynamodb_tries(self) -> int:
        return int(os.environ.get("DYNAMODB_TRIES", "5"))

    @cached_property
    def second_person(self) -> str:
        """Of what takes two people, by command: ``asserted`` (its word is enough) or ``known`` (refused)."""
        return _read("SECOND_PERSON")

    @cached_property
    def va_company_code_digits(self) -> int:
        return int(_read("VA_COMPANY_CODE_DIGITS"))

    @cached_property
    def va_customer_number_digits(self) -> int:
        """Length of the customer number within a VA, its last digit (the check digit) included."""
        return int(_read("VA_CUSTOMER_NUMBER_DIGITS"))

    @cached_property
    def billers_table(self) -> str:
        return _read("BILLERS_TABLE")

    @cached_property
    def counters_table(self) -> str:
        return _read("COUNTERS_TABLE")

    @cached_property
    def uploads_table(self) -> str:
        return _read("UPLOADS_TABLE")

    @cached_property
    def invoices_table(self) -> str:
        return _read("INVOICES_TABLE")

    @cached_property
    def virtual_accounts_table(self) -> str:
        return _read("VIRTUAL_ACCOUNTS_TABLE")

    @cached_property
    def notices_table(self) -> str:
        return _read("NOTICES_TABLE")

    @cached_property
    def channels_table(self) -> str:
        return _read("CHANNELS_TABLE")

    @cached_property
    def requests_table(self) -> str:
        return _read("REQUESTS_TABLE")

    @cached_property
    def suppressions_table(self) -> str:
        return _read("SUPPRESSIONS_TABLE")

    @cached_property
    def payments_table(self) -> str:
        return _read("PAYMENTS_TABLE")

    @cached_property
    def reports_table(self) -> str:
        return _read("REPORTS_TABLE")

    @cached_property
    def reconciliations_table(self) -> str:
        return _read("RECONCILIATIONS_TABLE")

    @cached_property
    def report_queue_url(self) -> str:
        return _read("REPORT_QUEUE_URL")

    @cached_property
    def report_max_receives(self) -> int:
        """How often the report queue delivers a message before it goes to the dead-letter queue."""
        return int(_read("REPORT_MAX_RECEIVES"))

    @cached_property
    def report_retention_days(self) -> int:
        return int(_read("REPORT_RETENTION_DAYS"))

    @cached_property
    def report_mail_queue_url(self) -> str:
        return _read("REPORT_MAIL_QUEUE_URL")

    @cached_property
    def dashboard_origin(self) -> str:
        """Origin of the billers' web pages; empty: there are none."""
        return os.environ.get("DASHBOARD_ORIGIN", "")

    @cached_property
    def settlement_max_bytes(self) -> int:
        """Bytes that a bank's settlement file may have."""
        return int(_read("SETTLEMENT_MAX_BYTES"))

    @cached_property
    def inbox_bucket(self) -> str:
        return _read("INBOX_BUCKET")

    @cached_property
    def chunk_queue_url(self) -> str:
        return _read("CHUNK_QUEUE_URL")

    @cached_property
    def audit_table(self) -> str:
        return _read("AUDIT_TABLE")

    @cached_property
    def users_table(self) -> str:
        return _read("USERS_TABLE")

    @cached_property
    def changes_table(self) -> str:
        return _read("CHANGES_TABLE")

    @cached_property
    def sign_in_attempts_table(self) -> str:
        return _read("SIGN_IN_ATTEMPTS_TABLE")

    @cached_property
    def idempotency_table(self) -> str:
        return _read("IDEMPOTENCY_TABLE")

    @cached_property
    def user_pool_id(self) -> str:
        return _read("USER_POOL_ID")

    @cached_property
    def dashboard_client_id(self) -> str:
        """App client of the user pool through which persons sign in."""
        return _read("DASHBOARD_CLIENT_ID")

    @cached_property
    def chunk_max_receives(self) -> int:
        """How often the chunk queue delivers a message before it goes to the dead-letter queue."""
        return int(_read("CHUNK_MAX_RECEIVES"))

    @cached_property
    def email_queue_url(self) -> str:
        return _read("EMAIL_QUEUE_URL")

    @cached_property
    def email_express_queue_url(self) -> str:
        return _read("EMAIL_EXPRESS_QUEUE_URL")

    @cached_property
    def sms_queue_url(self) -> str:
        return _read("SMS_QUEUE_URL")

    @cached_property
    def sms_express_queue_url(self) -> str:
        return _read("SMS_EXPRESS_QUEUE_URL")

    @cached_property
    def whatsapp_queue_url(self) -> str:
        return _read("WHATSAPP_QUEUE_URL")

    @cached_property
    def whatsapp_express_queue_url(self) -> str:
        return _read("WHATSAPP_EXPRESS_QUEUE_URL")

    @cached_property
    def event_queue_url(self) -> str:
        return _read("EVENT_QUEUE_URL")

    @cached_property
    def webhook_queue_url(self) -> str:
        return _read("WEBHOOK_QUEUE_URL")

    @cached_property
    def event_bus_name(self) -> str:
        """The EventBridge bus that the bank's core listens to."""
        return _read("EVENT_BUS_NAME")

    @cached_property
    def webhooks_table(self) -> str:
        return _read("WEBHOOKS_TABLE")

    @cached_property
    def webhook_key(self) -> str:
        """KMS key (ARN) under which the secrets of webhooks are kept."""
        return _read("WEBHOOK_KEY")

    @cached_property
    def webhook_allowed_networks(self) -> tuple[str, ...]:
        """Networks (CIDR) that webhooks may call although they are not public; none in production."""
        return tuple(os.environ.get("WEBHOOK_ALLOWED_NETWORKS", "").split())

    @cached_property
    def reminder_queue_url(self) -> str:
        return _read("REMINDER_QUEUE_URL")

    @cached_property
    def sms_sender_id(self) -> str:
        """3-11 letters and digits, one letter at least: SNS refuses every message of a sender id with a space."""
        return _read("SMS_SENDER_ID")

    @cached_property
    def sms_max_price(self) -> str:
        """US dollars that one SMS may cost; SNS does not send a dearer one."""
        return _read("SMS_MAX_PRICE")

    @cached_property
    def payer_link_base(self) -> str:
        """Address of the payer's page, to which each message adds its token; empty: there is none."""
        return os.environ.get("PAYER_LINK_BASE", "")

    @cached_property
    def payer_link_key(self) -> str:
        """ARN of the secret that payers' links are made with."""
        return _read("PAYER_LINK_KEY")

    @cached_property
    def form_key(self) -> str:
        """ARN of the secret that the keys in the dashboard's forms are made with."""
        return _read("FORM_KEY")

    @cached_property
    def help_phone(self) -> str:
        """Of the bank, as the pages name it."""
        return _read("HELP_PHONE")

    @cached_property
    def help_email(self) -> str:
        return _read("HELP_EMAIL")

    @cached_property
    def notice_command_function(self) -> str:
        """Name of the function that renders previews, since it has the senders' own code."""
        return _read("NOTICE_COMMAND_FUNCTION")

    @cached_property
    def watched_queues(self) -> dict[str, tuple[str, str]]:
        """URLs of the queues that officers look after, and of their dead letters: ``chunks=URL,URL email=URL,URL``."""
        pairs = (pair.partition("=") for pair in _read("WATCHED_QUEUES").split())
        return {name: (urls.split(",")[0], urls.split(",")[1]) for name, _, urls in pairs}

    @cached_property
    def failed_event_queues(self) -> dict[str, str]:
        """URLs of the queues of events that a function failed on every time: ``checks=URL settlements=URL``."""
        return dict(pair.split("=", 1) for pair in _read("FAILED_EVENT_QUEUES").split())

    @cached_property
    def wa_region(self) -> str:
        """Region of AWS End User Messaging Social, which may not exist in the stack's own."""
        return _read("WA_REGION")

    @cached_property
    def whatsapp_api_version(self) -> str:
        """Meta's Graph API version of the messages, e.g. ``v23.0``."""
        return _read("WHATSAPP_API_VERSION")

    @cached_property
    def whatsapp_e_invoice_phone_number_id(self) -> str:
        return _read("WHATSAPP_E_INVOICE_PHONE_NUMBER_ID")

    @cached_property
    def whatsapp_pintu_kelas_phone_number_id(self) -> str:
        return _read("WHATSAPP_PINTU_KELAS_PHONE_NUMBER_ID")

    @cached_property
    def email_sender_address(self) -> str:
        return _read("EMAIL_SENDER_ADDRESS")

    @cached_property
    def email_configuration_set(self) -> str:
        return _read("EMAIL_CONFIGURATION_SET")

    @cached_property
    def notice_prices(self) -> dict[str, int]:
        """Rupiah per message, by channel: the bank's own price list."""
        return _read_numbers("NOTICE_PRICES")

    @cached_property
    def notice_rates(self) -> dict[str, int]:
        """Messages per second, by channel."""
        return _read_numbers("NOTICE_RATES")

    @cached_property
    def whatsapp_daily_limit(self) -> int:
        """People whom WhatsApp lets the bank write to in a day (its messaging tier)."""
        return int(_read("WHATSAPP_DAILY_LIMIT"))

    @cached_property
    def ses_events_topic(self) -> str:
        """ARN of the topic that SES publishes its events to."""
        return _read("SES_EVENTS_TOPIC")

    @cached_property
    def whatsapp_events_topic(self) -> str:
        return _read("WHATSAPP_EVENTS_TOPIC")

    @cached_property
    def sms_events_topic(self) -> str:
        return _read("SMS_EVENTS_TOPIC")

    @cached_property
    def bank_clients_table(self) -> str:
        return _read("BANK_CLIENTS_TABLE")

    @cached_property
    def bank_calls_table(self) -> str:
        return _read("BANK_CALLS_TABLE")

    @cached_property
    def bank_call_retention_days(self) -> int:
        return int(_read("BANK_CALL_RETENTION_DAYS"))

    @cached_property
    def bank_secrets_prefix(self) -> str:
        """What the names of the bank clients' secrets begin with: the function may touch no other secret."""
        return _read("BANK_SECRETS_PREFIX")

    @cached_property
    def bank_change_function(self) -> str:
        """Name of the function that carries out changes of bank clients, since it alone holds their secrets."""
        return _read("BANK_CHANGE_FUNCTION")

    @cached_property
    def snap_token_keys(self) -> str:
        """ARN of the secret that holds the keys of access tokens."""
        return _read("SNAP_TOKEN_KEYS")

    @cached_property
    def snap_base_url(self) -> str:
        """Address of the bank's API, without the path prefix: what a bank is told."""
        return _read("SNAP_BASE_URL")

    @cached_property
    def snap_path_prefix(self) -> str:
        """What comes before the version in the path of every SNAP call, e.g. ``/snap``; empty where nothing does."""
        return os.environ.get("SNAP_PATH_PREFIX", "")

    @cached_property
    def snap_versions(self) -> tuple[str, ...]:
        """Versions in the path, e.g. ``v1.0``; banks number the same service differently."""
        return tuple(_read("SNAP_VERSIONS").split(","))

    @cached_property
    def upload_max_rows(self) -> int:
        return int(_read("UPLOAD_MAX_ROWS"))

    @cached_property
    def upload_max_bytes(self) -> int:
        return int(_read("UPLOAD_MAX_BYTES"))


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The process's settings. Tests that change the environment call ``get_settings.cache_clear()``."""
    return Settings()
