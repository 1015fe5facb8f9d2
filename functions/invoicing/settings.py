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


class Settings:
    """Deployment parameters, as set by ``template.yaml``."""

    @cached_property
    def bank_code(self) -> str:
        """Bank Indonesia's three-digit code of the bank that owns the virtual accounts, e.g. ``028``."""
        return _read("BANK_CODE")

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
    def inbox_bucket(self) -> str:
        return _read("INBOX_BUCKET")

    @cached_property
    def chunk_queue_url(self) -> str:
        return _read("CHUNK_QUEUE_URL")

    @cached_property
    def chunk_max_receives(self) -> int:
        """How often the chunk queue delivers a message before it goes to the dead-letter queue."""
        return int(_read("CHUNK_MAX_RECEIVES"))

    @cached_property
    def email_queue_url(self) -> str:
        return _read("EMAIL_QUEUE_URL")

    @cached_property
    def email_sender_address(self) -> str:
        return _read("EMAIL_SENDER_ADDRESS")

    @cached_property
    def email_configuration_set(self) -> str:
        return _read("EMAIL_CONFIGURATION_SET")

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
