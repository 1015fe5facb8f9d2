"""The API on the local cloud, as dashboards and programs meet it: sign-in, tokens, roles, real permissions."""

import base64
import hmac
import json
import re
import struct
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, cast
from uuid import uuid4

import boto3
import pytest
import schemathesis
import urllib3
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error

from api.handler import ACCESS
from api.openapi import build_document
from infra.local.cloud import Cloud
from infra.local.staff import PASSWORD, build_settings, sign_in_as
from invoicing import clock, sign_in, users
from invoicing.errors import (
    CodeRefusedError,
    LastAdminError,
    PasswordRuleError,
    SignInRefusedError,
    TooManyAttemptsError,
    UserStateError,
)
from invoicing.roles import Role
from invoicing.sign_in import CodeNeeded, NewPasswordNeeded, SignedIn
from tests.integration.aws_from_template import forget_process_state

NEW_PASSWORD = "Kata-Sandi-Baru-7"


@dataclass(frozen=True)
class Api:
    cloud: Cloud
    http: urllib3.PoolManager

    def call(self, method: str, path: str, token: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        answer = self.http.request(
            method,
            self.cloud.outputs["ApiAddress"] + path,
            body=None if body is None else json.dumps(body),
            headers={"authorization": f"Bearer {token}", "content-type": "application/json", **headers},
            retries=False,
        )
        return answer.status, json.loads(answer.data)


@pytest.fixture
def api(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    """The deployed API; and this process as the server that signs people in."""
    for name, value in (cloud.build_environment() | build_settings(cloud)).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    forget_process_state()
    with urllib3.PoolManager(ca_certs=str(cloud.certificate)) as http:
        yield Api(cloud, http)
    forget_process_state()


def read_mail(api: Api, email: str) -> list[dict[str, Any]]:
    """What Cognito has sent to this address, oldest first."""
    found = json.loads(api.cloud.fetch(f"{api.cloud.endpoint}/_ministack/ses/messages"))["messages"]
    return [message for messages in found.values() for message in messages if email in json.dumps(message)]


def onboard_biller(api: Api, email: str) -> str:
    """A new biller of this test alone, by two officers; its contact is invited."""
    first, second = (sign_in_as(api.cloud, f"officer{number}@bank.example") for number in (1, 2))
    code = f"{uuid4().int % 10_000:04d}"
    wanted = {
        "biller_id": f"warung-{code}",
        "module": "e_invoice",
        "name": "Warung Baru",
        "legal_name": "PT Warung Baru",
        "giro_account": "0280001234567",
        "company_code": f"6{code}",
        "contact": {"name": "Ibu Baru", "email": email, "phone": "081234567890"},
    }
    status, registered = api.call("POST", "/v1/billers", first, wanted)
    assert (status, registered["state"]) == (201, "registered")
    assert api.call("POST", f"/v1/billers/{wanted['biller_id']}/approve", first)[0] == 409
    assert read_mail(api, email) == []
    assert api.call("POST", f"/v1/billers/{wanted['biller_id']}/approve", second)[1]["state"] == "active"
    return registered["biller_id"]  # type: ignore[no-any-return]


def make_address() -> str:
    return f"orang-{uuid4().hex[:12]}@toko-sinar.example"


def invite(email: str, *roles: Role, biller_id: str = "toko-sinar") -> str:
    return users.invite_user(biller_id, email=email, name="Orang", roles=roles, invited_by="test").user_id


def make_person(api: Api, *roles: Role, biller_id: str = "toko-sinar") -> tuple[str, str]:
    """Address and id of somebody who has signed in before."""
    email = make_address()
    user_id = invite(email, *roles, biller_id=biller_id)
    api.cloud.client("cognito-idp").admin_set_user_password(
        UserPoolId=api.cloud.outputs["UserPool"], Username=user_id, Password=PASSWORD, Permanent=True
    )
    return email, user_id


def test_invited_person_signs_in_with_the_mailed_password_and_chooses_a_new_one(api: Api) -> None:
    email = make_address()
    user_id = invite(email, Role.VIEWER)
    (mail,) = read_mail(api, email)
    text = json.dumps(mail, ensure_ascii=False)
    # Indonesian first, then English.
    assert text.index("Akun tagihan digital Anda sudah aktif") < text.index("Your digital invoice account is active")
    temporary = re.search(r"temporary password <b>([^<]+)</b>", text)
    assert temporary
    needed = sign_in.sign_in(email, json.loads(f'"{temporary[1]}"'), "192.0.2.1")
    assert isinstance(needed, NewPasswordNeeded)
    with pytest.raises(PasswordRuleError):
        sign_in.answer_new_password(needed, "pendek")
    signed_in = sign_in.answer_new_password(needed, NEW_PASSWORD)
    assert isinstance(signed_in, SignedIn)
    assert signed_in.user_id == user_id
    assert api.call("GET", "/v1/me", signed_in.access_token)[1]["user_id"] == user_id
    assert isinstance(sign_in.sign_in(email, NEW_PASSWORD, "192.0.2.1"), SignedIn)


def read_code(api: Api, email: str) -> str:
    """The one in the newest mail."""
    (code,) = set(re.findall(r"<b>([0-9]{6})</b>", json.dumps(read_mail(api, email)[-1])))
    return code


def expire_codes(api: Api) -> None:
    """As if an hour had passed, for which Cognito's codes hold."""
    assert api.http.request("POST", f"{api.cloud.endpoint}/_local/codes/expire").status == 204


def make_wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06d}"


def reset(email: str, code: str, password: str = NEW_PASSWORD) -> str:
    """What Cognito said to it, in its own words; empty: done."""
    try:
        sign_in.finish_password_reset(email, code, password, "192.0.2.2")
    except CodeRefusedError as refused:
        return cast(ClientError, refused.__cause__).response["Error"]["Code"]
    return ""


def test_forgotten_password_is_reset_by_a_code_that_works_once(api: Api) -> None:
    email, _ = make_person(api, Role.VIEWER)
    assert reset(email, "123456") == "ExpiredCodeException"  # none was asked for
    sign_in.start_password_reset(email, "192.0.2.2")
    first = read_code(api, email)
    assert reset(email, make_wrong(first)) == "CodeMismatchException"
    with pytest.raises(PasswordRuleError):
        reset(email, first, "terlalupendek")
    assert isinstance(sign_in.sign_in(email, PASSWORD, "192.0.2.2"), SignedIn)
    assert reset(email, first) == ""
    with pytest.raises(SignInRefusedError):
        sign_in.sign_in(email, PASSWORD, "192.0.2.2")
    assert isinstance(sign_in.sign_in(email, NEW_PASSWORD, "192.0.2.2"), SignedIn)
    assert reset(email, first, "Kata-Sandi-Lain-8") == "ExpiredCodeException"
    assert isinstance(sign_in.sign_in(email, NEW_PASSWORD, "192.0.2.2"), SignedIn)


def test_code_is_refused_once_its_hour_has_passed_or_another_was_asked_for(api: Api) -> None:
    email, _ = make_person(api, Role.VIEWER)
    sign_in.start_password_reset(email, "192.0.2.2")
    expired = read_code(api, email)
    expire_codes(api)
    assert reset(email, expired) == "ExpiredCodeException"
    sign_in.start_password_reset(email, "192.0.2.2")
    replaced = read_code(api, email)
    sign_in.start_password_reset(email, "192.0.2.2")
    newest = read_code(api, email)
    assert {reset(email, old) for old in {expired, replaced} - {newest}} <= {"CodeMismatchException"}
    assert isinstance(sign_in.sign_in(email, PASSWORD, "192.0.2.2"), SignedIn)
    assert reset(email, newest) == ""


def test_nothing_tells_a_known_address_from_an_unknown_one(api: Api) -> None:
    known, _ = make_person(api, Role.VIEWER)
    disabled, user_id = make_person(api, Role.VIEWER)
    users.disable_user("toko-sinar", user_id, by="test")
    for email in (known, disabled, make_address()):
        sign_in.start_password_reset(email, "192.0.2.3")
        with pytest.raises(SignInRefusedError) as refused:
            sign_in.sign_in(email, "Salah-Sekali-1", "192.0.2.3")
        assert str(refused.value) == "admin_initiate_auth"
        for make_older in (None, expire_codes):
            if make_older:
                make_older(api)
            with pytest.raises(CodeRefusedError) as wrong_code:
                sign_in.finish_password_reset(email, "111111", NEW_PASSWORD, "192.0.2.3")
            assert str(wrong_code.value) == "confirm_forgot_password"
    for _ in range(2):
        sign_in.start_password_reset(known, "192.0.2.3")
    unknown = make_address()
    for _ in range(3):
        sign_in.start_password_reset(unknown, "192.0.2.3")
    for email in (known, unknown):
        with pytest.raises(TooManyAttemptsError):
            sign_in.start_password_reset(email, "192.0.2.3")


def test_sign_in_is_locked_after_five_wrong_passwords_until_the_window_has_passed(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    email, _ = make_person(api, Role.VIEWER)
    with ThreadPoolExecutor(8) as pool:
        # At once: counting comes before asking.
        refusals = list(pool.map(lambda _: _try(email, "Salah-Sekali-1"), range(12)))
    assert sorted(refusals) == ["SignInRefusedError"] * 5 + ["TooManyAttemptsError"] * 7
    assert _try(email, PASSWORD) == "TooManyAttemptsError"
    assert _try(make_address(), PASSWORD) == "SignInRefusedError"
    later = clock.now().timestamp() + 16 * 60
    monkeypatch.setattr(sign_in, "_seconds", lambda: int(later))
    assert _try(email, PASSWORD) == "SignedIn"


def _try(email: str, password: str) -> str:
    try:
        return type(sign_in.sign_in(email, password, "192.0.2.4")).__name__
    except (SignInRefusedError, TooManyAttemptsError) as refusal:
        return type(refusal).__name__


def test_codes_cannot_be_guessed_one_after_another(api: Api) -> None:
    email, _ = make_person(api, Role.VIEWER)
    sign_in.start_password_reset(email, "192.0.2.5")
    code = read_code(api, email)
    for _ in range(5):
        assert reset(email, make_wrong(code)) == "CodeMismatchException"
    with pytest.raises(TooManyAttemptsError):
        reset(email, code)
    assert isinstance(sign_in.sign_in(email, PASSWORD, "192.0.2.5"), SignedIn)


def compute_totp(secret: str) -> str:
    """RFC 6238, as an authenticator app does it."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.digest(key, struct.pack(">Q", int(time.time()) // 30), "sha1")
    offset = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[offset : offset + 4])[0] & 0x7FFFFFFF) % 1_000_000:06d}"


def test_person_with_an_authenticator_app_is_asked_for_its_code(api: Api) -> None:
    email, user_id = make_person(api, Role.VIEWER)
    signed_in = sign_in.sign_in(email, PASSWORD, "192.0.2.9")
    assert isinstance(signed_in, SignedIn)
    secret = sign_in.start_totp(signed_in.access_token)
    with pytest.raises(CodeRefusedError):
        sign_in.finish_totp(signed_in.access_token, "000000")
    sign_in.finish_totp(signed_in.access_token, compute_totp(secret))
    needed = sign_in.sign_in(email, PASSWORD, "192.0.2.9")
    assert isinstance(needed, CodeNeeded)
    with pytest.raises(CodeRefusedError):
        sign_in.answer_totp(needed, "000000")
    needed = sign_in.sign_in(email, PASSWORD, "192.0.2.9")
    assert isinstance(needed, CodeNeeded)
    answer = sign_in.answer_totp(needed, compute_totp(secret))
    assert isinstance(answer, SignedIn)
    assert answer.user_id == user_id
    # The phone is lost: an admin helps, under the permissions of the deployed function.
    admin = sign_in_as(api.cloud, "admin@toko-sinar.example")
    assert api.call("POST", f"/v1/users/{user_id}/forget-authenticator", answer.access_token)[0] == 403
    assert api.call("POST", f"/v1/users/{user_id}/forget-authenticator", admin)[0] == 200
    with pytest.raises(SignInRefusedError):
        sign_in.refresh(user_id, answer.refresh_token)
    assert isinstance(sign_in.sign_in(email, PASSWORD, "192.0.2.9"), SignedIn)


def test_session_is_refreshed_until_it_is_ended(api: Api) -> None:
    email, user_id = make_person(api, Role.VIEWER)
    signed_in = sign_in.sign_in(email, PASSWORD, "192.0.2.6")
    assert isinstance(signed_in, SignedIn)
    refreshed = sign_in.refresh(user_id, signed_in.refresh_token)
    assert api.call("GET", "/v1/me", refreshed.access_token)[0] == 200
    sign_in.sign_out(signed_in.refresh_token)
    with pytest.raises(SignInRefusedError):
        sign_in.refresh(user_id, signed_in.refresh_token)


def test_user_disabled_by_an_admin_is_out_everywhere_at_once(api: Api) -> None:
    email, user_id = make_person(api, Role.VIEWER)
    signed_in = sign_in.sign_in(email, PASSWORD, "192.0.2.7")
    assert isinstance(signed_in, SignedIn)
    admin = sign_in_as(api.cloud, "admin@toko-sinar.example")
    assert api.call("POST", f"/v1/users/{user_id}/disable", admin)[1]["state"] == "disabled"
    # The token itself holds for 15 minutes yet.
    assert api.call("GET", "/v1/me", signed_in.access_token)[0] == 403
    with pytest.raises(SignInRefusedError):
        sign_in.refresh(user_id, signed_in.refresh_token)
    with pytest.raises(SignInRefusedError):
        sign_in.sign_in(email, PASSWORD, "192.0.2.7")


def test_forged_and_foreign_tokens_are_refused_at_both_doors(api: Api) -> None:
    token = sign_in_as(api.cloud, "maker@toko-sinar.example")
    head, claims, signature = token.split(".")
    padded = claims + "=" * (-len(claims) % 4)
    other = json.loads(base64.urlsafe_b64decode(padded)) | {"sub": str(uuid4())}
    forged = base64.urlsafe_b64encode(json.dumps(other).encode()).decode().rstrip("=")
    unsigned = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
    for bad in (f"{head}.{forged}.{signature}", f"{unsigned}.{claims}.", f"{head}.{claims}.", "x", ""):
        assert api.call("GET", "/v1/me", bad)[0] == 401
        assert api.call("GET", "/erp/v1/me", bad)[0] == 401
    # A person's good token does not open the programs' door.
    assert api.call("GET", "/erp/v1/me", token)[0] == 403


def test_program_gets_a_token_for_its_credentials_until_they_are_deleted(api: Api) -> None:
    admin = sign_in_as(api.cloud, "admin@sekolah-harapan.example")
    wanted = {"name": "ERP", "roles": ["maker"], "scopes": ["invoicing/read", "invoicing/write"]}
    status, created = api.call("POST", "/v1/programs", admin, wanted)
    assert status == 201
    client_id = created["program"]["user_id"]
    basic = base64.b64encode(f"{client_id}:{created['client_secret']}".encode()).decode()

    def fetch_token() -> tuple[int, Any]:
        answer = api.http.request(
            "POST",
            f"{api.cloud.endpoint}/oauth2/token",
            body="grant_type=client_credentials",
            headers={"authorization": f"Basic {basic}", "content-type": "application/x-www-form-urlencoded"},
            retries=False,
        )
        return answer.status, json.loads(answer.data)

    token = fetch_token()[1]["access_token"]
    assert api.call("GET", "/erp/v1/me", token)[1]["biller_id"] == "sekolah-harapan"
    started = [
        api.call("POST", "/erp/v1/uploads", token, {"filename": "spp.xlsx"}, **{"idempotency-key": "a1"})
        for _ in range(2)
    ]
    assert {status for status, _ in started} == {201}
    assert started[0][1]["upload_id"] == started[1][1]["upload_id"]
    assert api.call("GET", "/v1/me", token)[0] == 401
    assert api.call("DELETE", f"/v1/programs/{client_id}", admin)[0] == 200
    assert api.call("GET", "/erp/v1/me", token)[0] == 403
    assert fetch_token()[0] >= 400


def test_two_admins_who_remove_each_other_at_once_leave_one(api: Api) -> None:
    """Transactions are real here, unlike moto's."""
    for _ in range(3):
        biller_id = f"usaha-{uuid4().hex[:8]}"
        admins = [invite(make_address(), Role.BILLER_ADMIN, biller_id=biller_id) for _ in range(2)]
        with ThreadPoolExecutor(2) as pool:
            done = list(pool.map(partial(_disable, biller_id), admins, reversed(admins)))
        left = [user for user in users.list_users(biller_id)[0] if user.state == "active"]
        assert len(left) == 1
        assert done.count("done") == 1


def _disable(biller_id: str, by: str, user_id: str) -> str:
    for _ in range(10):
        try:
            users.disable_user(biller_id, user_id, by=by)
        except LastAdminError:
            return "last"
        except UserStateError:
            # The two met; as a person would, again.
            continue
        return "done"
    return "never"


def test_officers_bring_a_biller_in_through_real_permissions(api: Api) -> None:
    first, second = (sign_in_as(api.cloud, f"officer{number}@bank.example") for number in (1, 2))
    email = make_address()
    biller_id = onboard_biller(api, email)
    assert len(read_mail(api, email)) == 1
    month = clock.to_text(clock.now())[:7]
    trail = api.call("GET", f"/v1/billers/{biller_id}/audit?month={month}", first)[1]["entries"]
    assert {entry["action"] for entry in trail} == {"register_biller", "approve_biller", "invite_user"}
    change = {"kind": "giro_account", "value": "0280007654321", "reason": "surat bank 7/2026"}
    status, proposed = api.call("POST", f"/v1/billers/{biller_id}/changes", first, change)
    assert status == 201
    path = f"/v1/billers/{biller_id}/changes/{proposed['change_id']}/approve"
    assert api.call("POST", path, second)[1]["state"] == "approved"
    assert api.call("GET", f"/v1/billers/{biller_id}", first)[1]["giro_account"] == "0280007654321"


@pytest.fixture(scope="module")
def bill(cloud: Cloud) -> dict[str, Any]:
    """An invoice given as JSON, checked, released by a second person and written, all through the deployed API."""
    number = f"API-{uuid4().hex[:8]}"
    row = {
        "number": number,
        "payer_name": "PT Maju",
        "amount": 75_000,
        "due_date": "2099-01-31",
        "email": "a@b.example",
    }
    with urllib3.PoolManager(ca_certs=str(cloud.certificate)) as http:
        api = Api(cloud, http)
        maker, checker = (sign_in_as(cloud, f"{role}@toko-sinar.example") for role in ("maker", "checker"))
        status, upload = api.call("POST", "/v1/invoices", maker, {"invoices": [row]}, **{"idempotency-key": number})
        assert status == 201, upload
        path = f"/v1/uploads/{upload['upload_id']}"
        upload = wait_until(lambda: api.call("GET", path, maker)[1], lambda seen: seen["status"] == "waiting")
        release = {"acknowledged": sorted(upload["warnings"]), "send": "now"}
        assert api.call("POST", f"{path}/release", checker, release)[0] == 200
        wait_until(lambda: api.call("GET", path, maker)[1], lambda seen: seen["status"] == "done")
        (found,) = api.call("POST", "/v1/invoices/search", maker, {"wanted": number})[1]["invoices"]
    return cast(dict[str, Any], found)


def wait_until(look: Callable[[], Any], is_so: Callable[[Any], bool]) -> Any:
    deadline = time.monotonic() + 60
    while not is_so(seen := look()):
        assert time.monotonic() < deadline, seen
        time.sleep(0.3)
    return seen


def test_bill_given_as_json_is_changed_paid_reversed_and_archived_through_real_permissions(
    api: Api, bill: dict[str, Any]
) -> None:
    maker, checker = (sign_in_as(api.cloud, f"{role}@toko-sinar.example") for role in ("maker", "checker"))
    path, why = f"/v1/invoices/{bill['va_number']}", {"reason": "diminta pelanggan"}

    def do(verb: str, body: Any, token: str = maker) -> dict[str, Any]:
        status, answer = api.call("POST", f"{path}/{verb}", token, body)
        assert status == 200, answer
        return cast(dict[str, Any], answer)

    shown = api.call("POST", "/v1/wording/preview", maker, {"number": bill["number"]})[1]
    assert "PT Maju" in shown["email"]["text"]
    do("due-date", {"due_date": "2099-03-01", **why})
    do("recipients/0", {"email": "dibetulkan@example.com"})
    do("outside-payment", {"method": "cash", "amount": bill["amount"]})
    assert api.call("POST", f"{path}/outside-payment/approve", maker, {})[0] == 403
    assert do("outside-payment/approve", {}, checker)["status"] == "paid"
    do("reversal", why)
    reopened = do("reversal/approve", {}, checker)
    many = {"va_numbers": [bill["va_number"], reopened["va_number"]], **why}
    outcomes = [result["outcome"] for result in api.call("POST", "/v1/invoices/archive", maker, many)[1]["results"]]
    assert outcomes == ["already_archived", "archived"]
    assert api.call("POST", f"/v1/uploads/{bill['upload_id']}/archive", maker, why)[0] == 200
    story = api.call("GET", path, maker)[1]
    assert {"extend_due_date", "correct_recipient", "payment_posted", "payment_reversed"} <= {
        event["event"] for event in story["timeline"]
    }
    for query in ("show=archived", "payer=payer:none", f"upload_id={bill['upload_id']}"):
        assert api.call("GET", f"/v1/invoices?{query}", maker)[0] == 200


def test_notices_wording_and_webhooks_are_reached_through_real_permissions(api: Api, bill: dict[str, Any]) -> None:
    maker, admin = (sign_in_as(api.cloud, f"{role}@toko-sinar.example") for role in ("maker", "admin"))
    upload, account = f"/v1/uploads/{bill['upload_id']}/notices", f"/v1/virtual-accounts/{bill['va_number']}/notices"
    key = {"idempotency-key": uuid4().hex}
    for verb in ("hold", "resume"):
        assert api.call("POST", f"{upload}/{verb}", maker, {})[1]["is_held"] == (verb == "hold")
    assert api.call("GET", upload, maker)[1]["written"] >= 0
    (first, *_) = api.call("GET", account, maker)[1]["notices"]
    assert api.call("POST", f"{account}/{first['notice_id']}/resend", maker, **key)[0] in (200, 409)
    today = clock.today_in_jakarta().isoformat()
    period = {"first_day": today, "last_day": today}
    assert api.call("POST", "/v1/notices/resend-failed", maker, period, **key)[0] == 200
    assert api.call("POST", f"{upload}/resend-failed", maker, {}, **key)[0] == 200
    version = api.call("GET", "/v1/wording", maker)[1]["version"]
    assert api.call("PATCH", "/v1/wording", admin, {"version": version, "tones": {"3": "firm"}})[0] == 200
    # By the function that has the senders' own rendering.
    own = "Halo {payer}, tagihan {biller} {amount} tempo {due_date} ke VA {va_number}"
    words = {"change": {"words": {"sms.issued.id": own}}}
    status, shown = api.call("POST", "/v1/wording/preview", maker, words)
    assert status == 200, shown
    assert shown["sms"]["text"].startswith("Halo Alya Putri, tagihan ")
    assert api.call("POST", "/v1/wording/preview", maker, {"number": "INV/404"})[1]["code"] == "invoice_not_found"
    undo = {"version": version + 1, "tones": {"3": None}}
    assert api.call("PATCH", "/v1/wording", admin, undo)[1]["tones"] == {}
    wanted = {"url": f"https://erp.toko-sinar.example/{uuid4().hex}"}
    status, created = api.call("POST", "/v1/webhooks", admin, wanted)
    assert status == 201, created
    path = f"/v1/webhooks/{created['webhook']['endpoint_id']}"
    assert api.call("POST", f"{path}/rotate", admin)[1]["secret"] != created["secret"]
    assert api.call("POST", f"{path}/replay", admin, {"since": clock.to_text(clock.now())}, **key)[0] == 200
    # Else every later bill of this cloud would be announced to an address that nobody answers.
    assert api.call("POST", f"{path}/disable", admin)[1]["state"] == "disabled"


def test_report_is_made_and_fetched_and_officers_see_reconciliations_through_real_permissions(api: Api) -> None:
    viewer, checker = (sign_in_as(api.cloud, f"{role}@toko-sinar.example") for role in ("viewer", "checker"))
    status, asked = api.call("POST", "/v1/reports", viewer, {"kind": "payments", "format": "pdf"})
    assert status == 202, asked
    schedule = {"kind": "collections", "every": "month", "send_to": ["bos@toko-sinar.example"]}
    made = api.call("POST", "/v1/report-schedules", checker, schedule)[1]
    assert api.call("DELETE", f"/v1/report-schedules/{made['schedule_id']}", checker)[0] == 200
    assert api.call("GET", "/v1/summary", viewer)[0] == 200
    officer = sign_in_as(api.cloud, "officer1@bank.example")
    assert api.call("GET", "/v1/bank/reconciliations", officer)[0] == 200
    assert api.call("GET", "/v1/bank/settlement-lines?result=missing_here", officer)[0] == 200
    line = {"va_number": "9" * 16, "line": "missing_there", "reason": "uji coba"}
    assert api.call("POST", "/v1/bank/settlement-lines/propose", officer, line)[0] == 404
    path = f"/v1/reports/{asked['report_id']}"
    done = wait_until(lambda: api.call("GET", path, viewer)[1], lambda seen: seen["state"] in ("done", "failed"))
    assert api.http.request("GET", done["file"]).data.startswith(b"%PDF")


SECONDS = 30
"""For all made-up calls together; on a slow machine each operation gets fewer, and at least one."""
CHECKS = [
    not_a_server_error,
    schemathesis.checks.status_code_conformance,
    schemathesis.checks.content_type_conformance,
    schemathesis.checks.response_schema_conformance,
]


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_made_up_calls_get_documented_answers_and_no_server_error(api: Api, mode: GenerationMode) -> None:
    """Schemathesis makes the calls from the OpenAPI document: fitting ones, and ones with something wrong in them."""
    biller_id = onboard_biller(api, make_address())
    email, _ = make_person(api, *sorted(users.BILLER_ROLES), biller_id=biller_id)
    staff = sign_in.sign_in(email, PASSWORD, "192.0.2.8")
    assert isinstance(staff, SignedIn)
    officer = sign_in_as(api.cloud, "officer1@bank.example")
    deadline = time.monotonic() + SECONDS / 2
    operations = [found.ok() for found in schemathesis.openapi.from_dict(build_document()).get_all_operations()]
    reached = Counter[int]()
    for operation in operations:
        path = operation.path.replace("{", "<").replace("}", ">")
        roles = ACCESS[operation.method.upper(), path].roles
        token = staff.access_token if roles & users.BILLER_ROLES else officer
        try_operation(api, operation, mode, token, deadline, reached)
    assert sum(reached.values()) >= len(operations)
    assert reached[401] == reached[403] == 0
    # Else these would be calls that all end at the check of their fields, or that all pass it. How many of the wrong
    # ones are wrong in their path, and so find nothing, depends on how many there is time for.
    total = sum(reached.values())
    if mode is GenerationMode.POSITIVE:
        assert reached[422] / total < 0.2, reached
    else:
        assert reached[422] >= len(operations) / 10, reached
        assert sum(count for status, count in reached.items() if status < 300) / total < 0.2, reached


def try_operation(
    api: Api, operation: Any, mode: GenerationMode, token: str, deadline: float, reached: Counter[int]
) -> None:
    tried = 0

    @settings(max_examples=4, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=mode))
    def run(case: Any) -> None:
        nonlocal tried
        if time.monotonic() > deadline and tried:
            return
        answer = case.call(
            base_url=api.cloud.outputs["ApiAddress"],
            headers={"authorization": f"Bearer {token}"},
            verify=str(api.cloud.certificate),
        )
        if "x-correlation-id" not in answer.headers:
            # The gateway's own: no such route, or no token where this one was taken away.
            assert answer.status_code in (400, 401, 404), answer.text
            return
        tried += 1
        reached[answer.status_code] += 1
        case.validate_response(answer, checks=CHECKS)

    run()


def test_calls_at_once_with_one_key_start_one_upload(api: Api) -> None:
    token = sign_in_as(api.cloud, "maker@toko-sinar.example")
    key = uuid4().hex

    def start(_: int) -> tuple[int, Any]:
        return api.call("POST", "/v1/uploads", token, {"filename": "a.xlsx"}, **{"idempotency-key": key})

    with ThreadPoolExecutor(4) as pool:
        answers = [*pool.map(start, range(4)), start(0)]
    assert {(status, body.get("code")) for status, body in answers} <= {(201, None), (409, "still_running")}
    assert len({body["upload_id"] for status, body in answers if status == 201}) == 1


def test_change_is_decided_once_however_many_decide_at_the_same_time(api: Api) -> None:
    officers = [sign_in_as(api.cloud, f"officer{number}@bank.example") for number in (1, 2)]
    biller_id = onboard_biller(api, make_address())
    wanted = {"kind": "giro_account", "value": "0280009999999", "reason": "surat bank 8/2026"}
    _, change = api.call("POST", f"/v1/billers/{biller_id}/changes", officers[0], wanted)
    path = f"/v1/billers/{biller_id}/changes/{change['change_id']}"
    with ThreadPoolExecutor(4) as pool:
        answers = list(
            pool.map(
                lambda verb: api.call("POST", f"{path}/{verb}", officers[1]), ["approve", "reject", "reject", "reject"]
            )
        )
    decided = {body["state"] for status, body in answers if status == 200}
    assert len(decided) == 1
    biller = api.call("GET", f"/v1/billers/{biller_id}", officers[0])[1]
    assert (biller["giro_account"] == wanted["value"]) == (decided == {"approved"})
