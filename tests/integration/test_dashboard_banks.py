"""Bank connections in the dashboard: what officers see, propose, approve and disable, by forms alone."""

import re

import pytest

from infra.local.bank import write_public_key
from invoicing import bank_changes
from invoicing.bank_clients import compute_fingerprint
from invoicing.roles import Role
from invoicing.store import bank_clients, secrets
from tests.integration.api_scenario import make_user
from tests.integration.conftest import Aws
from tests.integration.dashboard_scenario import Answer, sign_in_as, trust_tokens
from tests.integration.snap_scenario import connect, make_key, run_change_function

FIRST, SECOND = (write_public_key(make_key(number)) for number in (0, 1))
PAGE = "/banks/BANK-A"
NO_SCRIPT = re.compile(r"<script(?![^>]*\bsrc=)|\son[a-z]+=|\sstyle=|<style")


@pytest.fixture(autouse=True)
def dashboard(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    connect()
    for officer in ("rini", "tono"):
        make_user(officer, Role.BANK_OFFICER)
    trust_tokens(monkeypatch)
    aws.become("DashboardFunction")
    for name, value in aws.template.read_environment("BankChangeFunction").items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(bank_changes, "invoke_function", run_change_function)


def propose(step: str, **members: str) -> str:
    """By a form of the client's page; the id of what it left."""
    answer = sign_in_as("rini").post(PAGE, do=step, reason="surat 12", **members)
    assert (answer.status, answer.location.endswith("banks?done=proposed")) == (303, True), answer.text
    return find_newest()


def find_newest() -> str:
    return bank_changes.list_changes(None, 1)[0][0].change_id


def decide(change_id: str, do: str = "approve", by: str = "tono") -> Answer:
    return sign_in_as(by).post(f"/banks/changes/{change_id}", page="/banks", do=do)


def test_officer_proposes_and_only_another_one_finds_the_buttons_to_decide() -> None:
    change_id = propose("add_key", public_key=SECOND.replace("\n", "\r\n"))
    own, other = (sign_in_as(user).get("/banks").text for user in ("rini", "tono"))
    assert f"banks/changes/{change_id}" not in own
    assert "diputuskan orang lain" in own
    assert f"banks/changes/{change_id}" in other
    assert compute_fingerprint(SECOND) in other
    assert "PUBLIC KEY" not in other
    assert decide(change_id, by="rini").status == 409
    assert len(bank_clients.load_client("BANK-A").public_keys) == 1
    assert decide(change_id).status == 303
    assert bank_clients.load_client("BANK-A").public_keys == (SECOND, FIRST)
    page = sign_in_as("rini").get(PAGE).text
    assert compute_fingerprint(FIRST) in page
    assert compute_fingerprint(SECOND) in page
    decide(propose("end_key_change", keep="new"))
    assert bank_clients.load_client("BANK-A").public_keys == (SECOND,)


def test_new_secret_stands_on_the_answer_to_its_approval_and_on_no_other_page() -> None:
    change_id = propose("begin_secret_change")
    answer = decide(change_id)
    secret = secrets.fetch_secret(bank_clients.load_client("BANK-A").secret_arn)[0]
    assert (answer.status, secret in answer.text) == (200, True)
    assert answer.headers["cache-control"] == "no-store"
    for user in ("rini", "tono"):
        for path in ("/banks", PAGE):
            assert secret not in sign_in_as(user).get(path).text
    assert "Tampilkan rahasia lagi" in sign_in_as("tono").get("/banks").text
    assert "Tampilkan rahasia lagi" not in sign_in_as("rini").get("/banks").text
    assert secret in decide(change_id).text
    decide(propose("end_secret_change", keep="old"))
    assert "Tampilkan rahasia lagi" not in sign_in_as("tono").get("/banks").text
    assert secret not in secrets.fetch_secret(bank_clients.load_client("BANK-A").secret_arn)


def test_one_officer_disables_and_two_enable_again() -> None:
    answer = sign_in_as("rini").post(PAGE, do="disable", reason="kunci bocor")
    assert answer.location.endswith("BANK-A?done=bank_disabled")
    assert not bank_clients.load_client("BANK-A").is_active
    decide(propose("enable"))
    assert bank_clients.load_client("BANK-A").is_active


def test_settings_are_proposed_line_by_line_and_turned_down() -> None:
    networks = "203.0.113.0/28\r\n2001:db8::/64"
    change_id = propose("settings", allowed_networks=networks, timestamp_tolerance_seconds="600")
    assert "2001:db8::/64" in sign_in_as("tono").get("/banks").text
    assert decide(change_id, "reject").location.endswith("done=turned_down")
    assert bank_clients.load_client("BANK-A").allowed_networks == ()
    decide(propose("settings", allowed_networks=networks, timestamp_tolerance_seconds="900"))
    assert bank_clients.load_client("BANK-A").allowed_networks == ("203.0.113.0/28", "2001:db8::/64")


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"do": "enable"}, 422),
        ({"do": "add_key", "public_key": "ssh-rsa AAAA"}, 422),
        ({"do": "end_key_change", "keep": "new"}, 409),
        ({"do": "end_key_change", "keep": "both"}, 422),
        ({"do": "settings", "timestamp_tolerance_seconds": "lama"}, 422),
        ({"do": "sell"}, 422),
        ({"do": "disable", "reason": ""}, 422),
    ],
)
def test_step_that_cannot_be_comes_back_on_its_page_with_the_reason(form: dict[str, str], status: int) -> None:
    answer = sign_in_as("rini").post(PAGE, **({"reason": "surat 12"} | form))
    assert (answer.status, 'role="alert"' in answer.text) == (status, True)
    assert bank_clients.load_client("BANK-A").version == 1


@pytest.mark.parametrize("language", ["id", "en"])
def test_pages_in_every_state_render_in_both_languages_without_script(language: str) -> None:
    propose("settings", allowed_networks="203.0.113.0/28", timestamp_tolerance_seconds="900")
    decide(propose("add_key", public_key=SECOND))
    secret = decide(propose("begin_secret_change"))
    sign_in_as("rini").post("/banks", do="", reason="tahunan")
    browser = sign_in_as("tono")
    for answer in (browser.get("/banks", lang=language), browser.get(PAGE, lang=language), secret):
        assert answer.status == 200
        assert not NO_SCRIPT.search(answer.text)
        ids = re.findall(r'\sid="([^"]+)"', answer.text)
        assert len(ids) == len(set(ids))
    assert sign_in_as("rini").get("/banks/NOBODY").status == 404
