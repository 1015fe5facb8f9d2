"""Payers' links: one per recipient, dead when the contact was corrected, unguessable, readable through a rotation."""

import base64
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoicing import payer_links
from invoicing.payer_links import (
    TOKEN_LENGTH,
    PayerToken,
    build_payer_link,
    build_payer_token,
    find_recipient,
    has_link_expired,
    read_payer_token,
)
from invoicing.settings import get_settings

BANK, VA = "028", "8808100000000017"
MOTHER = {"name": "Ibu Sari", "email": "sari@example.com", "whatsapp": "+6281234567890"}
FATHER = {"name": "Ayah", "sms": "+6281234567891"}
INVOICE: dict[str, Any] = {
    "bank_code": BANK,
    "va_number": VA,
    "status": "open",
    "due_date": "2026-12-31",
    "recipients": [MOTHER, FATHER],
}


class Vault:
    """Stands in for Secrets Manager."""

    def __init__(self) -> None:
        self.secrets: tuple[str, ...] = ("first secret",)
        self.reads = 0

    def load(self, _arn: str) -> tuple[str, ...]:
        self.reads += 1
        return self.secrets[:2]

    def rotate(self) -> None:
        self.secrets = (f"secret {len(self.secrets)}", *self.secrets)
        payer_links._load_keys.cache_clear()


@pytest.fixture(scope="module", autouse=True)
def vault() -> Iterator[Vault]:
    vault = Vault()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(payer_links, "load_secrets", vault.load)
        patch.setenv("PAYER_LINK_KEY", "arn:aws:secretsmanager:ap-southeast-3:1:secret:x")
        patch.setenv("BANK_CODE", BANK)
        patch.setenv("PAYER_LINK_BASE", "")
        get_settings.cache_clear()
        yield vault
    get_settings.cache_clear()


@pytest.fixture(autouse=True)
def first_key(vault: Vault) -> None:
    vault.secrets = ("first secret",)
    payer_links._load_keys.cache_clear()


def read(token: str) -> PayerToken:
    found = read_payer_token(token)
    assert found is not None
    return found


@given(va_number=st.from_regex(r"[0-9]{9,23}", fullmatch=True), address=st.text(max_size=80))
def test_token_of_any_account_and_address_is_read_back(va_number: str, address: str) -> None:
    token = build_payer_token(BANK, va_number, address)

    assert re.fullmatch(r"[A-Za-z0-9_-]{22}", token, re.ASCII)
    assert len(token) == TOKEN_LENGTH
    found = read(token)
    assert (found.bank_code, found.va_number) == (BANK, va_number)
    assert va_number not in token


@given(noise=st.binary(min_size=16, max_size=16))
def test_guess_is_no_token(noise: bytes) -> None:
    assert read_payer_token(base64.urlsafe_b64encode(noise).decode().rstrip("=")) is None


@given(text=st.text(max_size=40))
def test_any_text_is_read_without_an_error(text: str) -> None:
    assert read_payer_token(text) is None


def test_one_bit_changed_anywhere_makes_it_no_token() -> None:
    block = base64.urlsafe_b64decode(build_payer_token(BANK, VA, MOTHER["email"]) + "==")
    for bit in range(128):
        changed = (int.from_bytes(block, "big") ^ (1 << bit)).to_bytes(16, "big")
        assert read_payer_token(base64.urlsafe_b64encode(changed).decode().rstrip("=")) is None


def test_link_has_one_spelling() -> None:
    token = build_payer_token(BANK, VA, MOTHER["email"])
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

    assert [char for char in alphabet if read_payer_token(token[:-1] + char)] == [token[-1]]
    for wrong in (f"{token}=", f" {token}", token.swapcase(), token[:-1], f"{token}A"):
        assert read_payer_token(wrong) is None


def test_each_address_has_its_own_token_and_leads_to_its_recipient() -> None:
    addresses = [MOTHER["email"], MOTHER["whatsapp"], FATHER["sms"]]
    tokens = [build_payer_token(BANK, VA, address) for address in addresses]

    assert len(set(tokens)) == 3
    assert [find_recipient(INVOICE, read(token)) for token in tokens] == [MOTHER, MOTHER, FATHER]
    assert build_payer_token(BANK, VA, " SARI@example.com") == tokens[0]


def test_link_is_dead_once_the_contact_was_corrected() -> None:
    token = read(build_payer_token(BANK, VA, MOTHER["email"]))

    assert find_recipient(INVOICE | {"recipients": [MOTHER | {"email": "new@example.com"}]}, token) is None


def test_link_of_another_account_leads_to_nobody() -> None:
    token = read(build_payer_token(BANK, "8808100000000025", MOTHER["email"]))

    assert find_recipient(INVOICE, token) is None


def test_link_of_another_bank_is_none_of_ours() -> None:
    assert read_payer_token(build_payer_token("014", VA, MOTHER["email"])) is None


def test_links_survive_one_rotation_and_not_two(vault: Vault) -> None:
    old = build_payer_token(BANK, VA, MOTHER["email"])
    vault.rotate()
    new = build_payer_token(BANK, VA, MOTHER["email"])

    assert new != old
    assert read(new) == read(old)
    vault.rotate()
    assert read_payer_token(old) is None
    assert read(new).va_number == VA


def test_token_made_with_a_key_that_this_process_does_not_know_yet_is_read(vault: Vault) -> None:
    build_payer_token(BANK, VA, MOTHER["email"])
    remembered = payer_links._get_keys()
    vault.rotate()
    token = build_payer_token(BANK, VA, MOTHER["email"])
    with pytest.MonkeyPatch.context() as patch:
        load_keys = payer_links._load_keys
        patch.setattr(
            payer_links,
            "_load_keys",
            lambda seconds, period: remembered if seconds > 60 else load_keys(seconds, period),
        )
        assert read_payer_token(token) is not None


def test_secret_is_read_once_for_many_links(vault: Vault) -> None:
    before = vault.reads
    for number in range(50):
        build_payer_token(BANK, VA, f"{number}@example.com")
    assert vault.reads <= before + 2


@pytest.mark.parametrize("va_number", ["", "12345678", "1" * 24, "88081x0000000017"])
def test_number_that_does_not_fit_makes_no_token(va_number: str) -> None:
    with pytest.raises(ValueError, match="account number"):
        build_payer_token(BANK, va_number, "a@example.com")


@pytest.mark.parametrize("base", ["https://bayar.example", "https://bayar.example/"])
def test_link_is_base_and_token_and_none_without_a_base(base: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert build_payer_link(BANK, VA, "a@example.com") == ""
    monkeypatch.setenv("PAYER_LINK_BASE", base)
    get_settings.cache_clear()
    assert build_payer_link(BANK, VA, "a@example.com") == (
        f"https://bayar.example/{build_payer_token(BANK, VA, 'a@example.com')}"
    )
    monkeypatch.undo()
    get_settings.cache_clear()


@pytest.mark.parametrize(
    ("changes", "last"),
    [
        # The due date begins at midnight in Jakarta.
        ({}, datetime(2026, 12, 30, 17, tzinfo=UTC)),
        ({"status": "paid", "paid_at": "2027-03-01T05:00:00.000Z"}, datetime(2027, 3, 1, 5, tzinfo=UTC)),
        ({"status": "paid", "paid_at": "2026-12-01T05:00:00.000Z"}, datetime(2026, 12, 30, 17, tzinfo=UTC)),
        ({"status": "archived"}, datetime(2026, 12, 30, 17, tzinfo=UTC)),
    ],
)
def test_link_opens_for_400_days_after_due_date_or_payment(changes: dict[str, Any], last: datetime) -> None:
    end = last + timedelta(days=400)

    assert not has_link_expired(INVOICE | changes, end)
    assert has_link_expired(INVOICE | changes, end + timedelta(seconds=1))
