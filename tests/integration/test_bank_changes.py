"""Who may tell us that money came in takes two officers: route by route, in races, after crashes, and in the trail."""

import json
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import boto3
import pytest

from infra.local.bank import write_public_key
from invoicing import bank_changes, clock, connecting_banks, two_people
from invoicing.bank_clients import BankClient, compute_fingerprint
from invoicing.changes import APPROVAL_LIFE, BANK_CLIENT_KINDS, BANK_CLIENTS, PATIENCE, ChangeKind, ChangeState
from invoicing.errors import ChangeNotFoundError
from invoicing.invoking import FunctionFailedError
from invoicing.roles import Role
from invoicing.settings import get_settings
from invoicing.store import bank_clients, changes, dynamodb, secrets
from invoicing.store.billers import load_biller
from tests.integration.api_scenario import Answer, call, make_user
from tests.integration.conftest import Aws
from tests.integration.faults import CallCounter, Killed, kill
from tests.integration.scenario import SHOP, read_table, register
from tests.integration.snap_scenario import connect, make_key, run_change_function

FIRST, SECOND = (write_public_key(make_key(number)) for number in (0, 1))
WHY = {"reason": "surat bank 12/2026"}
CLIENT = "/v1/bank/clients/BANK-A"
BODIES: dict[str, dict[str, Any]] = {
    "/v1/bank/clients/<bank_client_id>/enable": {},
    "/v1/bank/clients/<bank_client_id>/settings": {"settings": {"allowed_networks": ["203.0.113.0/28"]}},
    "/v1/bank/clients/<bank_client_id>/keys": {"public_key": SECOND},
    "/v1/bank/clients/<bank_client_id>/keys/end": {"keep": "new"},
    "/v1/bank/clients/<bank_client_id>/secrets": {},
    "/v1/bank/clients/<bank_client_id>/secrets/end": {"keep": "new"},
    "/v1/bank/token-keys": {},
}
"""Of every route that widens trust. A new one fails the test below until it stands here."""


@pytest.fixture(autouse=True)
def bank(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """BANK-A may call; three officers. Token keys count as old: moto knows only the true time."""
    connect()
    aws.become("ApiFunction")
    for name, value in aws.template.read_environment("BankChangeFunction").items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(bank_changes, "invoke_function", run_change_function)
    monkeypatch.setattr(secrets, "fetch_change_time", lambda _arn: clock.now() - timedelta(hours=1))
    for officer in ("rini", "tono", "wati"):
        make_user(officer, Role.BANK_OFFICER)


def load() -> BankClient:
    return bank_clients.load_client("BANK-A")


def read_values() -> tuple[str, ...]:
    return secrets.fetch_secret(load().secret_arn)


def read_state() -> tuple[Any, ...]:
    """Everything that an approval could change."""
    return load(), read_values(), secrets.fetch_secret(get_settings().snap_token_keys)


def propose(path: str, by: str = "rini", **members: Any) -> str:
    answer = call("POST", path, by, {**WHY, **members})
    assert answer.status == 201, answer.body
    change_id: str = answer.body["change_id"]
    return change_id


def approve(change_id: str, by: str = "tono") -> Answer:
    return call("POST", f"/v1/bank/client-changes/{change_id}/approve", by)


def reject(change_id: str, by: str = "tono") -> Answer:
    return call("POST", f"/v1/bank/client-changes/{change_id}/reject", by)


def do(path: str, **members: Any) -> Answer:
    answer = approve(propose(path, **members))
    assert (answer.status, answer.body["change"]["state"]) == (200, "carried_out"), answer.body
    return answer


def prepare(route: str) -> str:
    """Bring the client to where this route has something to propose; the route's path for it."""
    if route.endswith("/enable"):
        assert call("POST", f"{CLIENT}/disable", "rini", WHY).body["is_active"] is False
    if route.endswith("/keys/end"):
        do(f"{CLIENT}/keys", public_key=SECOND)
    if route.endswith("/secrets/end"):
        do(f"{CLIENT}/secrets")
    return route.replace("<bank_client_id>", "BANK-A")


def read_trail() -> list[dict[str, Any]]:
    return sorted(read_table(get_settings().audit_table), key=lambda entry: str(entry["sk"]))


def test_every_route_that_proposes_is_tried_here() -> None:
    from api.routes.bank_clients import area

    posts = {path for method, path in area.access if method == "POST"}
    decisions = {f"/v1/bank/client-changes/<change_id>/{verb}" for verb in ("approve", "reject")}
    assert posts - decisions - {"/v1/bank/clients/<bank_client_id>/disable"} == set(BODIES)


@pytest.mark.parametrize("route", BODIES)
def test_nothing_changes_until_another_officer_approves_and_then_it_changes_once(route: str) -> None:
    path = prepare(route)
    before = read_state()
    change_id = propose(path, **BODIES[route])
    assert read_state() == before
    assert (approve(change_id, "rini").status, approve(change_id, "rini").code) == (409, "same_person")
    assert read_state() == before
    done = approve(change_id)
    assert (done.status, done.body["change"]["state"], done.body["change"]["decided_by"]) == (
        200,
        "carried_out",
        "tono",
    )
    after = read_state()
    assert after != before
    # Replayed by who approved: it stands. By another one: it is over.
    assert approve(change_id).body["change"] == done.body["change"]
    assert approve(change_id, "wati").code == "change_state"
    assert reject(change_id, "wati").code == "change_state"
    assert read_state() == after


@pytest.mark.parametrize("route", BODIES)
def test_proposal_that_was_turned_down_or_has_expired_is_dead(route: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = prepare(route)
    before = read_state()
    rejected = propose(path, **BODIES[route])
    assert reject(rejected, "rini").code == "same_person"
    assert reject(rejected).body["state"] == "rejected"
    assert approve(rejected, "wati").code == "change_state"
    late = propose(path, **BODIES[route])
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + PATIENCE + timedelta(seconds=1))
    assert approve(late).code == "change_state"
    shown = call("GET", "/v1/bank/client-changes", "wati").body["changes"]
    assert [change["state"] for change in shown[:2]] == ["expired", "rejected"]
    assert read_state() == before


@pytest.mark.parametrize("route", [route for route in BODIES if "<" in route])
def test_client_that_changed_since_is_not_changed_by_an_old_proposal(route: str) -> None:
    path = prepare(route)
    change_id = propose(path, **BODIES[route])
    do(f"{CLIENT}/settings", settings={"numeric_external_id": True})
    before = read_state()
    assert approve(change_id).code == "change_state"
    assert read_state() == before
    assert reject(change_id).body["state"] == "rejected"


@pytest.mark.parametrize("route", [route for route in BODIES if "<" in route])
def test_client_that_changes_between_approval_and_act_lets_the_change_lapse(
    route: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = prepare(route)
    change_id = propose(path, **BODIES[route])

    def disable_first(name: str, command: dict[str, Any]) -> dict[str, Any]:
        tightened = replace(load(), numeric_external_id=True)
        assert bank_clients.replace_client(load(), tightened, action="x", user_id="wati", reason="meanwhile")
        return run_change_function(name, command)

    with monkeypatch.context() as racing:
        racing.setattr(bank_changes, "invoke_function", disable_first)
        assert approve(change_id).code == "change_state"
    before = read_state()
    assert bank_changes.load_change(change_id).state is ChangeState.LAPSED
    assert approve(change_id).code == "change_state"
    assert read_state() == before
    assert read_trail()[-1]["action"].startswith("lapse_")


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("route", BODIES)
def test_approval_killed_between_any_two_steps_is_finished_by_repeating_it(route: str, after: bool) -> None:
    in_use = read_values()[-1]
    path = prepare(route)
    change_id = propose(path, **BODIES[route])
    killed, told = 0, len(read_trail())
    for at in range(60):
        clients = [dynamodb.client(), secrets.client()]
        try:
            with CallCounter(clients, kill, at, after=after).installed():
                answer = approve(change_id)
        except Killed:
            killed += 1
            # The bank notices nothing in between: what it uses is good.
            assert in_use in read_values() or route.endswith("/secrets/end")
            continue
        if answer.status == 200:
            break
        assert answer.code == "change_state", answer.body
    assert answer.body["change"]["state"] == "carried_out"
    assert killed >= 5
    # Each step is told once, however often it was tried; the end of a secret's change is two steps.
    steps = Counter(entry["action"] for entry in read_trail()[told:])
    kind = answer.body["change"]["kind"]
    shown = steps.pop("show_bank_secret", 0)
    assert steps == {f"approve_{kind}": 1, kind: 2 if kind == ChangeKind.END_BANK_SECRET_CHANGE else 1}
    assert (shown > 0) == route.endswith("/secrets")
    assert len(read_values()) == (2 if route.endswith("/secrets") else 1)


@pytest.mark.parametrize("is_busy", [False, True], ids=["no_answer", "busy"])
def test_function_that_does_not_answer_leaves_an_approval_that_any_other_officer_finishes(
    monkeypatch: pytest.MonkeyPatch, is_busy: bool
) -> None:
    change_id = propose(f"{CLIENT}/secrets")
    before = read_values()

    def fail(name: str, command: dict[str, Any]) -> dict[str, Any]:
        if is_busy:
            return {"error": {"code": "busy", "detail": ""}}
        raise FunctionFailedError(name)

    with monkeypatch.context() as broken:
        broken.setattr(bank_changes, "invoke_function", fail)
        failed = approve(change_id)
    assert (failed.status, failed.code) == (503, "bank_change_unfinished")
    assert bank_changes.load_change(change_id).state is ChangeState.APPROVED
    assert reject(change_id, "wati").code == "change_state"
    assert approve(change_id, "rini").code == "same_person"
    finished = approve(change_id, "wati")
    # Finished, but the secret is not for her.
    assert (finished.status, "hand_over" in finished.body) == (200, False)
    assert read_values()[1:] == before
    assert approve(change_id, "tono").body["hand_over"]["client_secret"] == read_values()[0]


def test_approval_that_nothing_came_of_is_no_blank_cheque(monkeypatch: pytest.MonkeyPatch) -> None:
    change_id = propose("/v1/bank/token-keys")
    with monkeypatch.context() as broken:
        broken.setattr(bank_changes, "invoke_function", lambda *_: {"error": {"code": "rotation", "detail": "changed"}})
        assert approve(change_id).code == "rotation"
    before = read_state()
    later = clock.now() + APPROVAL_LIFE + timedelta(seconds=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert approve(change_id).code == "change_state"
    assert read_state() == before


class TestSecrets:
    def test_new_secret_is_shown_to_who_approved_it_again_for_an_hour_and_is_the_same(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        old = read_values()
        change_id = propose(f"{CLIENT}/secrets")
        shown = approve(change_id).body["hand_over"]
        assert (shown["X-CLIENT-KEY"], shown["signature"]) == ("BANK-A", "HMAC-SHA512")
        assert read_values() == (shown["client_secret"], *old)
        now = clock.now()
        monkeypatch.setattr(clock, "now", lambda: now + timedelta(minutes=59))
        assert approve(change_id).body["hand_over"] == shown
        assert [entry["user_id"] for entry in read_trail() if entry["action"] == "show_bank_secret"] == ["tono"] * 2
        monkeypatch.setattr(clock, "now", lambda: now + timedelta(minutes=61))
        assert "hand_over" not in approve(change_id).body

    def test_secret_of_a_change_that_has_ended_is_shown_to_nobody(self) -> None:
        change_id = propose(f"{CLIENT}/secrets")
        assert "hand_over" in approve(change_id).body
        do(f"{CLIENT}/secrets/end", keep="new")
        assert "hand_over" not in approve(change_id).body

    @pytest.mark.parametrize(("keep", "position"), [("new", 0), ("old", 1)])
    def test_change_ends_with_one_of_both_and_the_next_can_begin(self, keep: str, position: int) -> None:
        do(f"{CLIENT}/secrets")
        assert call("POST", f"{CLIENT}/secrets", "rini", WHY).code == "rotation"
        both, since = read_values(), load().secrets_since
        do(f"{CLIENT}/secrets/end", keep=keep)
        assert (read_values(), load().secrets_since) == ((both[position],), (since[position],))
        assert call("POST", f"{CLIENT}/secrets/end", "rini", {**WHY, "keep": "new"}).code == "rotation"
        do(f"{CLIENT}/secrets")
        assert read_values()[1:] == (both[position],)

    def test_change_whose_secret_was_never_made_ends_only_with_the_old_one(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        old = read_values()
        change_id = propose(f"{CLIENT}/secrets")
        with monkeypatch.context() as broken:
            broken.setattr(secrets, "replace_secret", lambda *_: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                approve_in_process(change_id)
        assert load().secret_change == change_id
        assert approve(propose(f"{CLIENT}/secrets/end", keep="new")).code == "rotation"
        do(f"{CLIENT}/secrets/end", keep="old")
        assert (read_values(), load().secret_change) == (old, "")
        # What was begun is over: it may not come back.
        assert approve(change_id).code == "change_state"
        assert read_values() == old

    def test_two_processes_that_carry_out_one_change_make_one_secret(self, monkeypatch: pytest.MonkeyPatch) -> None:
        change_id = propose(f"{CLIENT}/secrets")
        make = connecting_banks._make_secret
        inner: list[str] = []

        def make_late() -> str:
            if not inner:
                inner.append("")
                inner[0] = approve(change_id, "tono").body["hand_over"]["client_secret"]
            return make()

        monkeypatch.setattr(connecting_banks, "_make_secret", make_late)
        outer = approve(change_id).body["hand_over"]["client_secret"]
        assert outer == inner[0] == read_values()[0]

    def test_client_that_signs_with_its_own_key_has_none(self, aws: Aws) -> None:
        for name in ("BANK_SECRETS_PREFIX", "BANK_CALLS_TABLE"):
            assert name not in aws.template.read_environment("BankChangeFunction")
        bank_clients.add_client(replace(load(), client_id="OWN", partner_id="OWN", secret_arn=""), user_id="rini")
        assert call("POST", "/v1/bank/clients/OWN/secrets", "rini", WHY).code == "rotation"


def approve_in_process(change_id: str) -> None:
    """Without the API's handler, which would turn the fault into an answer."""
    bank_changes.approve_change(change_id, by="tono")


class TestCarryingOut:
    """The function that holds the secrets believes the table, not who calls it."""

    def order(self, change_id: str, by: str = "tono") -> dict[str, Any]:
        return run_change_function("", {"operation": "carry_out", "change_id": change_id, "user_id": by})

    def test_change_that_nobody_approved_is_not_carried_out(self) -> None:
        before = read_state()
        change_id = propose(f"{CLIENT}/secrets")
        assert self.order(change_id)["error"]["code"] == "change_state"
        reject(change_id)
        assert self.order(change_id)["error"]["code"] == "change_state"
        assert self.order("0" * 26)["error"]["code"] == "change_not_found"
        assert read_state() == before

    def test_change_that_one_person_proposed_and_approved_is_not_carried_out(self) -> None:
        """No function writes such a record; whoever did would gain nothing."""
        before = read_state()
        for path, members in ((f"{CLIENT}/secrets", {}), (f"{CLIENT}/keys", {"public_key": SECOND})):
            change_id = propose(path, **members)
            boto3.resource("dynamodb").Table(get_settings().changes_table).update_item(
                Key={"pk": BANK_CLIENTS, "sk": change_id},
                UpdateExpression="SET #state = :approved, decided_by = :by, decided_at = :at",
                ExpressionAttributeNames={"#state": "state"},
                ExpressionAttributeValues={":approved": "approved", ":by": "rini", ":at": clock.to_text(clock.now())},
            )
            assert self.order(change_id, "rini")["error"]["code"] == "same_person"
            change = changes.load_change(BANK_CLIENTS, change_id)
            outcome = changes.build_outcome(change, ChangeState.CARRIED_OUT, change.proposed_at)
            assert not bank_clients.replace_client(
                load(), replace(load(), is_active=False), action="x", user_id="rini", reason="x", also=[outcome]
            )
        assert read_state() == before

    def test_change_of_another_kind_is_none_of_its_business(self) -> None:
        register(SHOP)
        change = two_people.propose_biller_change(
            load_biller(SHOP.biller_id), ChangeKind.GIRO_ACCOUNT, "028000777666", reason="test", by="rini"
        )
        with pytest.raises(ChangeNotFoundError):
            bank_changes.load_change(change.change_id)
        bank_change = propose(f"{CLIENT}/secrets")
        # Nor does it stand in the list of what the other routes decide.
        (shown,) = call("GET", "/v1/bank/changes", "tono").body["changes"]
        assert shown["change_id"] == change.change_id
        for owner in ("bank", SHOP.biller_id):
            path = f"/v1/billers/{owner}/changes/{bank_change}/approve"
            assert call("POST", path, "tono").code == "change_not_found"

    def test_secret_is_told_to_nobody_but_who_approved_it(self) -> None:
        change_id = propose(f"{CLIENT}/secrets")
        approve(change_id)
        for other in ("rini", "wati", "operator"):
            assert self.order(change_id, other) == {}


class TestKeys:
    def test_both_keys_are_good_until_the_change_ends_and_people_see_fingerprints(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (since,) = load().keys_since
        now = clock.now() + timedelta(minutes=1)
        monkeypatch.setattr(clock, "now", lambda: now)
        added = do(f"{CLIENT}/keys", public_key=SECOND).body["change"]
        prints = [compute_fingerprint(SECOND), compute_fingerprint(FIRST)]
        assert (added["before"], added["after"]) == ({"public_keys": prints[1:]}, {"public_keys": prints})
        (shown,) = call("GET", "/v1/bank/clients", "wati").body["clients"]
        assert (shown["public_keys"], shown["keys_since"]) == (prints, [clock.to_text(now), since])
        third = write_public_key(make_key(2))
        assert call("POST", f"{CLIENT}/keys", "rini", {**WHY, "public_key": third}).code == "rotation"
        do(f"{CLIENT}/keys/end", keep="old")
        assert (load().public_keys, load().keys_since) == ((FIRST,), (since,))

    def test_key_that_cannot_be_added_is_not_proposed(self) -> None:
        for key, code in (
            ("ssh-rsa AAAA", "bank_client_invalid"),
            (write_public_key(make_key(9, bits=1024)), "bank_client_invalid"),
            (FIRST, "rotation"),
            (FIRST.replace("\n", "\r\n"), "rotation"),
        ):
            refused = call("POST", f"{CLIENT}/keys", "rini", {**WHY, "public_key": key})
            assert (refused.status in (409, 422), refused.code) == (True, code), key
        assert call("GET", "/v1/bank/client-changes", "rini").body["changes"][0]["kind"] == "enable_bank_client"


def test_settings_that_cannot_be_are_not_proposed() -> None:
    for settings, code in (
        ({}, "bank_client_invalid"),
        ({"minify": "keep_strings"}, "bank_client_invalid"),
        ({"allowed_networks": ["10.0.0.1/8"]}, "bank_client_invalid"),
        ({"timestamp_tolerance_seconds": 30_000}, "bank_client_invalid"),
        ({"timestamp_tolerance_seconds": 1}, "bad_request"),
        ({"secret_arn": "arn:aws:secretsmanager:x"}, "bad_request"),
        ({"is_active": True}, "bad_request"),
    ):
        assert call("POST", f"{CLIENT}/settings", "rini", {**WHY, "settings": settings}).code == code, settings


def test_settings_that_are_not_named_stay() -> None:
    do(f"{CLIENT}/settings", settings={"minify": "strip_all", "channels_by_id": {"95221": "atm"}})
    do(f"{CLIENT}/settings", settings={"replay_code_success": True})
    client = load()
    assert (client.minify, client.replay_code_success, client.channels_by_id) == ("strip_all", True, {"95221": "atm"})


def test_client_without_a_secret_cannot_be_set_to_sign_with_one() -> None:
    own = replace(load(), client_id="OWN", partner_id="OWN", secret_arn="", signature="asymmetric")  # type: ignore[arg-type]
    bank_clients.add_client(own, user_id="rini")
    settings = {"settings": {"signature": "symmetric"}}
    assert call("POST", "/v1/bank/clients/OWN/settings", "rini", {**WHY, **settings}).code == "bank_client_invalid"


def test_unknown_client_and_change_are_said_to_be_unknown() -> None:
    for route, body in BODIES.items():
        if "<" in route:
            path = route.replace("<bank_client_id>", "NOBODY")
            assert call("POST", path, "rini", {**WHY, **body}).code == "bank_client_not_found"
    assert call("POST", "/v1/bank/clients/NOBODY/disable", "rini", WHY).code == "bank_client_not_found"
    assert approve("0" * 26).code == reject("0" * 26).code == "change_not_found"


def test_one_officer_disables_at_once_and_again_changes_nothing() -> None:
    assert call("POST", f"{CLIENT}/disable", "rini", WHY).body["is_active"] is False
    version = load().version
    assert call("POST", f"{CLIENT}/disable", "tono", WHY).status == 200
    assert load().version == version
    entry = read_trail()[-1]
    assert (entry["action"], entry["user_id"], entry["reason"]) == ("disable_bank_client", "rini", WHY["reason"])


def test_disabling_wins_over_a_change_at_the_same_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    write = bank_clients.replace_client
    others = [replace(load(), numeric_external_id=True)]

    def lose_once(before: BankClient, after: BankClient, **members: Any) -> bool:
        if others:
            assert write(before, others.pop(), action="x", user_id="wati", reason="meanwhile")
        return write(before, after, **members)

    monkeypatch.setattr(bank_clients, "replace_client", lose_once)
    assert call("POST", f"{CLIENT}/disable", "rini", WHY).body["is_active"] is False
    assert (load().is_active, load().numeric_external_id) == (False, True)


def test_approver_who_comes_second_is_told_and_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both have read the proposal; the condition of the write lets one of them."""
    change_id = propose(f"{CLIENT}/keys", public_key=SECOND)
    decide = changes.decide_change
    answers: list[Answer] = []

    def decide_late(*given: Any) -> bool:
        if not answers:
            answers.append(Answer(0, {}, {}))
            answers[0] = approve(change_id, "wati")
        return decide(*given)

    monkeypatch.setattr(changes, "decide_change", decide_late)
    late = approve(change_id, "tono")
    assert (answers[0].status, late.code) == (200, "change_state")
    assert bank_changes.load_change(change_id).decided_by == "wati"
    assert len(load().public_keys) == 2


def test_trail_and_tables_tell_who_what_and_why_and_never_a_secret_or_a_whole_key(
    capsys: pytest.CaptureFixture[str],
) -> None:
    known, told = [*read_values()], len(read_trail())
    for route, body in BODIES.items():
        done = do(prepare(route), **body)
        known += [*read_values(), *secrets.fetch_secret(get_settings().snap_token_keys)]
        assert ("hand_over" in done.body) == route.endswith("/secrets")
        if route.endswith(("/keys", "/secrets")):
            do(f"{CLIENT}/{route.rpartition('/')[2]}/end", keep="old")
    trail = read_trail()[told:]
    by_action = {entry["action"]: entry for entry in trail}
    for kind in BANK_CLIENT_KINDS:
        proposed, approved, done_entry = (by_action[name] for name in (f"propose_{kind}", f"approve_{kind}", kind))
        assert (proposed["user_id"], approved["user_id"], done_entry["user_id"]) == ("rini", "tono", "tono")
        assert {entry["reason"] for entry in (proposed, approved, done_entry)} == {WHY["reason"]}
        assert (proposed["before"], proposed["after"]) == (approved["before"], approved["after"])
    assert {entry["pk"].split("#")[0] for entry in trail} == {"bank"}
    audited = json.dumps(trail, default=str)
    assert "PUBLIC KEY" not in audited
    assert compute_fingerprint(SECOND) in audited
    written = audited + json.dumps(read_table(get_settings().changes_table), default=str) + capsys.readouterr().out
    assert not [secret for secret in known if secret in written]
