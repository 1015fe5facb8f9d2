"""The API's frame: who gets in, what every answer carries, and how refusals look."""

import base64
import json
import logging

import pytest

from invoicing import errors
from invoicing.billers import BillerState
from invoicing.error_words import STATUSES, find_words
from invoicing.roles import Role, UserState
from invoicing.store import uploads
from invoicing.texts import LANGUAGES
from tests.integration.api_scenario import call, make_event, make_user
from tests.integration.conftest import Aws
from tests.integration.scenario import SCHOOL, SHOP, FakeContext, register

NO_UPLOAD = "/v1/uploads/01ARZ3NDEKTSV4RRFFQ69G5FAV"


@pytest.fixture(autouse=True)
def staff(aws: Aws) -> None:
    aws.become("ApiFunction")
    register(SHOP, SCHOOL)
    make_user("siti", Role.MAKER)
    make_user("budi", Role.CHECKER)


def test_upload_started_on_the_api_belongs_to_the_callers_biller() -> None:
    answer = call("POST", "/v1/uploads", "siti", {"filename": "tagihan.xlsx"})
    assert answer.status == 201
    assert answer.body["post"]["fields"]["key"] == f"inbox/toko-sinar/{answer.body['upload_id']}.xlsx"
    upload = uploads.load_upload("toko-sinar", answer.body["upload_id"])
    assert (upload.uploaded_by, upload.biller_id) == ("siti", "toko-sinar")


def test_call_without_verified_token_is_refused() -> None:
    assert call("GET", NO_UPLOAD, None).code == "not_signed_in"


def test_id_token_does_not_pass_for_an_access_token() -> None:
    answer = call("GET", NO_UPLOAD, "siti", claims={"token_use": "id"})
    assert (answer.status, answer.code) == (401, "not_signed_in")


def test_stranger_of_the_user_pool_is_nobody_here() -> None:
    answer = call("GET", NO_UPLOAD, "nobody")
    assert (answer.status, answer.code) == (403, "access_denied")


def test_disabled_user_is_out_at_once() -> None:
    assert call("GET", NO_UPLOAD, "siti").status == 404
    make_user("siti", Role.MAKER, state=UserState.DISABLED)
    assert call("GET", NO_UPLOAD, "siti").status == 403


def test_role_that_a_route_does_not_name_is_refused_before_the_body_is_read() -> None:
    assert call("POST", "/v1/uploads", "budi", "{not json").status == 403
    assert call("POST", "/v1/uploads", "siti", "{not json").status == 422


def test_refusal_says_what_is_wrong_in_both_languages_and_names_the_call() -> None:
    answer = call("POST", "/v1/uploads", "siti", {"filename": "", "biller_id": "sekolah-harapan"})
    assert answer.status == 422
    assert {given["field"] for given in answer.body["errors"]} == {"body.filename", "body.biller_id"}
    assert answer.body["message"].keys() == {"id", "en"}
    assert answer.body["instance"].endswith(answer.headers["x-correlation-id"])


def test_every_answer_is_kept_out_of_caches_and_frames() -> None:
    for answer in (call("GET", NO_UPLOAD, "siti"), call("GET", "/v1/nothing", "siti"), call("GET", NO_UPLOAD, None)):
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


def test_unknown_address_is_a_problem_too() -> None:
    assert call("GET", "/v1/nothing", "siti").code == "route_not_found"
    assert call("PATCH", NO_UPLOAD, "siti").code == "route_not_found"


def test_body_over_the_limit_is_not_parsed() -> None:
    answer = call("POST", "/v1/uploads", "siti", {"filename": "x" * 70_000})
    assert (answer.status, answer.code) == (413, "body_too_large")


@pytest.mark.parametrize(
    ("body", "code"),
    [("[" * 60_000, "body_unreadable"), ("{not json", "bad_request"), ("null", "bad_request"), ("", "bad_request")],
)
def test_body_that_is_no_object_is_the_callers_mistake(body: str, code: str) -> None:
    assert call("POST", "/v1/uploads", "siti", body).code == code


def test_body_that_is_no_text_is_the_callers_mistake() -> None:
    from api import handler

    event = make_event("POST", "/v1/uploads", "siti", base64.b64encode(b"\xff\xfe").decode())
    answer = handler.handle(event | {"isBase64Encoded": True}, FakeContext())
    assert json.loads(answer["body"])["code"] == "body_unreadable"


def test_every_error_has_a_status_and_words_in_both_languages() -> None:
    from api import problems

    own = [error for error in errors.InvoicingError.__subclasses__() if error.kind is not errors.ErrorKind.DEFECT]
    assert len(own) > 70
    codes = {error.code for error in own} | {code for _, code in problems._CODES.values()} | {"bad_command", "defect"}
    for code in codes:
        for language in LANGUAGES:
            assert find_words(code, "detail", language, ("dashboard.problem",))
    assert set(STATUSES) == set(errors.ErrorKind)


def test_correlation_id_of_the_caller_is_taken_if_it_may_stand_in_a_log() -> None:
    good = call("GET", NO_UPLOAD, "siti", headers={"x-correlation-id": "erp-42"})
    assert good.headers["x-correlation-id"] == "erp-42"
    bad = call("GET", NO_UPLOAD, "siti", headers={"x-correlation-id": "a\nb"})
    assert bad.headers["x-correlation-id"] == "request-1"


def test_defect_is_logged_without_its_message_and_says_nothing_of_itself(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("siti@example.com")

    monkeypatch.setattr(uploads, "load_upload", fail)
    with caplog.at_level(logging.INFO):
        answer = call("GET", NO_UPLOAD, "siti")
    assert (answer.status, answer.code) == (500, "defect")
    assert "siti@example.com" not in caplog.text + str(answer.body)


@pytest.mark.parametrize("state", [BillerState.REGISTERED, BillerState.SUSPENDED])
def test_biller_that_is_not_active_changes_nothing(state: BillerState) -> None:
    from dataclasses import replace

    register(replace(SHOP, biller_id="warung", company_code="88090", state=state))
    make_user("joko", Role.MAKER, biller_id="warung")
    assert call("POST", "/v1/uploads", "joko", {"filename": "tagihan.xlsx"}).code == "biller_not_active"
    # What it has done before its suspension can still be looked at.
    seen = call("GET", NO_UPLOAD, "joko")
    assert seen.code == ("biller_not_active" if state is BillerState.REGISTERED else "upload_not_found")


def test_openapi_document_in_docs_is_that_of_the_code() -> None:
    from api.openapi import PATH, build_document

    assert json.loads(PATH.read_text()) == build_document(), "run `python -m api.openapi` in functions/"


def test_every_route_names_its_roles_and_the_document_names_every_route() -> None:
    from api.handler import ACCESS
    from api.openapi import build_document

    documented = {
        (method.upper(), path.replace("{", "<").replace("}", ">"))
        for path, operations in build_document()["paths"].items()
        for method in operations
    }
    assert set(ACCESS) == documented
    assert all(access.roles for access in ACCESS.values())
