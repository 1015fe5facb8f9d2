"""Routes over invoices, their notices, webhooks, wording, reports and reconciliations: for dashboards and ERPs."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from api.callers import READ_SCOPE
from infra.local.settlement_files import distort, settle_postings
from invoicing import clock, onboarding, users
from invoicing.notices import NoticeState
from invoicing.payer_links import build_payer_token
from invoicing.roles import Role
from invoicing.settings import get_settings
from invoicing.store import dynamodb, files, uploads
from invoicing.store.invoices import load_current_invoice
from invoicing.texts import text
from invoicing.uploads import Upload
from notify.previewing import SAMPLE_TOKEN
from tests.integration import api_scenario, report_scenario, scenario
from tests.integration import invoice_scenario as bills
from tests.integration.api_scenario import Answer, PreviewsHere, call, make_user
from tests.integration.aws_from_template import forget_process_state
from tests.integration.conftest import Aws
from tests.integration.report_scenario import Invoice
from tests.integration.scenario import CHECKER, MAKER, SCHOOL, SHOP
from tests.integration.test_reconciliation import drop, write

ADMIN, OFFICERS = "ani", ("rina", "dodi")
WHY = {"reason": "pelanggan minta"}


@pytest.fixture(autouse=True)
def staff(aws: Aws) -> None:
    scenario.register(SHOP, SCHOOL)
    make_user(MAKER, Role.MAKER, Role.CHECKER)
    make_user(CHECKER, Role.CHECKER)
    make_user(ADMIN, Role.BILLER_ADMIN)
    for officer in OFFICERS:
        make_user(officer, Role.BANK_OFFICER)


def issue(folder: Path, count: int = 1, **changes: Any) -> list[dict[str, Any]]:
    bills.issue(folder, *(scenario.make_draft(index, **changes) for index in range(count)))
    return [bills.current(f"INV-{index:04d}") for index in range(count)]


def post(path: str, body: Any = None, user: str = MAKER, key: str | None = None) -> Answer:
    return call("POST", f"/v1/{path}", user, body, headers={"idempotency-key": key} if key else {})


def get(path: str, user: str = MAKER, **query: str) -> Answer:
    return call("GET", f"/v1/{path}", user, query=query)


# --- lists, search, details ------------------------------------------------------------------------------------------


def test_list_is_filtered_and_goes_on_behind_its_cursor(tmp_path: Path) -> None:
    pens = {"name": "Pena", "quantity": "2", "unit_price": 50_000, "total": 100_000}
    made = issue(tmp_path, 5, items=[pens])
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = get("invoices", show="open", limit="2", **cursor).body
        found += [invoice["number"] for invoice in page["invoices"]]
        if "cursor" not in page:
            break
        cursor = {"cursor": page["cursor"]}
    assert found == [invoice["number"] for invoice in made]
    assert get("invoices", show="overdue", cursor=cursor["cursor"]).code == "cursor"
    (one,) = get("invoices", payer="payer:C3").body["invoices"]
    assert (one["number"], "items" in one) == ("INV-0003", False)
    assert get(f"invoices/{one['va_number']}").body["items"] == [pens]
    assert len(get("invoices", upload_id=made[0]["upload_id"]).body["invoices"]) == 5
    assert get("invoices", show="paid").body == {"invoices": []}
    assert get("invoices", due_to="2026-12-30").body == {"invoices": []}
    assert get("invoices", show="lost").code == "bad_request"


@pytest.mark.parametrize("wanted", ["INV-0001", "p1@example.com", "va"])
def test_bill_is_found_by_number_contact_or_account_and_shows_no_contact(tmp_path: Path, wanted: str) -> None:
    _, invoice, _ = issue(tmp_path, 3)
    wanted = invoice["va_number"] if wanted == "va" else wanted
    answer = post("invoices/search", {"wanted": wanted})
    assert [found["va_number"] for found in answer.body["invoices"]] == [invoice["va_number"]]
    assert "p1@example.com" not in str(answer.body)
    assert post("invoices/search", {"wanted": f"{wanted}x"}).body == {"invoices": []}


def test_program_that_may_only_read_and_a_suspended_biller_may_search(tmp_path: Path, monkeypatch: Any) -> None:
    """A search is a POST only so that no contact stands in a URL."""
    issue(tmp_path)
    api_scenario.create_user_pool(monkeypatch)
    program, _ = users.create_program(SHOP.biller_id, name="ERP", roles=[Role.MAKER], scopes=[READ_SCOPE], by=ADMIN)
    claims = {"sub": program.user_id, "token_use": "access", "scope": READ_SCOPE}
    monkeypatch.setattr("api.callers.verify_access_token", lambda _: claims)
    headers = {"authorization": "Bearer x"}

    def ask(path: str, body: Any) -> Answer:
        return call("POST", f"/erp/v1/{path}", None, body, headers=headers)

    assert len(ask("invoices/search", {"wanted": "INV-0000"}).body["invoices"]) == 1
    assert ask("invoices/archive", {"va_numbers": ["9" * 16], **WHY}).code == "access_denied"
    onboarding.suspend_biller(SHOP.biller_id, reason="uji", by=OFFICERS[0])
    assert post("invoices/search", {"wanted": "INV-0000"}).status == 200
    assert post("invoices/archive", {"va_numbers": ["9" * 16], **WHY}).code == "biller_not_active"


def test_details_tell_the_whole_story_of_a_bill(tmp_path: Path) -> None:
    (invoice,) = issue(tmp_path)
    path = f"invoices/{invoice['va_number']}"
    assert post(f"{path}/due-date", {"due_date": "2027-01-15", **WHY, "revision": 0}).body["due_date"] == "2027-01-15"
    assert post(f"{path}/due-date", {"due_date": "2027-01-20", "revision": 0}).code == "invoice_changed"
    assert post(f"{path}/due-date", {"due_date": "2027-01-10"}).code == "due_date"
    bills.pay_at_bank(SHOP.biller_id, invoice["number"], invoice["va_number"], invoice["amount"])
    story = get(path).body
    events = [event["event"] for event in story["timeline"]]
    assert events[0] == "created"
    assert {"extend_due_date", "notice_created", "payment_posted"} <= set(events)
    assert (story["status"], story["others"]) == ("paid", [])


# --- archive ---------------------------------------------------------------------------------------------------------


def test_archive_minutes_after_a_banks_inquiry_wants_a_confirmation(tmp_path: Path) -> None:
    (invoice,) = issue(tmp_path)
    path = f"invoices/{invoice['va_number']}/archive"
    bills.inquire(invoice["va_number"], clock.now() - timedelta(minutes=2))
    assert post(path, WHY).code == "inquired_recently"
    assert post(path, WHY | {"confirmed": True}).body["outcome"] == "archived"
    assert post(path, WHY).body["outcome"] == "already_archived"
    assert get(f"invoices/{invoice['va_number']}").body["archive_reason"] == WHY["reason"]


def test_many_are_archived_each_with_its_own_outcome(tmp_path: Path) -> None:
    first, paid, third = issue(tmp_path, 3)
    bills.pay_at_bank(SHOP.biller_id, paid["number"], paid["va_number"], paid["amount"])
    numbers = [first["va_number"], paid["va_number"], "9" * 16, third["va_number"], first["va_number"]]

    def archive(user: str) -> list[str]:
        results = post("invoices/archive", {"va_numbers": numbers, **WHY}, user).body["results"]
        assert [result["va_number"] for result in results] == numbers[:4]
        return [result["outcome"] for result in results]

    make_user("guru", Role.MAKER, biller_id=SCHOOL.biller_id)
    assert archive("guru") == ["not_found"] * 4
    assert archive(MAKER) == ["archived", "paid", "not_found", "archived"]
    # After the corrected upload has taken the number, the old account still names the old bill only.
    (again,) = issue(tmp_path, 1)
    assert archive(MAKER) == ["already_archived", "paid", "not_found", "already_archived"]
    assert load_current_invoice(SHOP.biller_id, again["number"])


def test_upload_is_archived_in_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("invoicing.archiving.MAX_INVOICES", 2)
    upload_id = issue(tmp_path, 3)[0]["upload_id"]
    first = post(f"uploads/{upload_id}/archive", WHY).body
    assert (len(first["results"]), first["cursor"]) == (2, 2)
    rest = post(f"uploads/{upload_id}/archive", WHY | {"cursor": 2}).body
    assert ([result["outcome"] for result in rest["results"]], "cursor" in rest) == (["archived"], False)


# --- changes and money -----------------------------------------------------------------------------------------------


def test_corrected_contact_is_masked_in_the_answer(tmp_path: Path) -> None:
    (invoice,) = issue(tmp_path)
    path = f"invoices/{invoice['va_number']}/recipients"
    answer = post(f"{path}/1", {"email": "baru@example.com"})
    assert answer.body["recipients"][1]["email"] != "baru@example.com"
    assert bills.current(invoice["number"])["recipients"][1]["email"] == "baru@example.com"
    assert post(f"{path}/7", {"email": "baru@example.com"}).code == "contact"
    assert post(f"{path}/1", {"email": "bukan alamat"}).code == "contact"


def test_money_outside_the_account_is_posted_and_reversed_by_two_people(tmp_path: Path) -> None:
    (invoice,) = issue(tmp_path)
    path = f"invoices/{invoice['va_number']}"
    told = {"method": "cash", "amount": invoice["amount"], "note": "kuitansi 7"}
    assert post(f"{path}/outside-payment", told | {"amount": 1}).code == "outside_payment"
    assert post(f"{path}/outside-payment", told).body["outside_payment"]["recorded_by"] == MAKER
    # MAKER is a checker too, and yet not a second person.
    assert post(f"{path}/outside-payment/approve", {}).code == "two_people"
    assert post(f"{path}/archive", WHY).code == "invoice_state"
    assert post(f"{path}/outside-payment/reject", WHY, CHECKER).body["status"] == "open"
    post(f"{path}/outside-payment", told)
    paid = post(f"{path}/outside-payment/approve", {}, CHECKER).body
    assert (paid["status"], paid["paid_via"]) == ("paid", "outside")
    assert bills.account(invoice["va_number"])["state"] == "closed"

    assert post(f"{path}/reversal", WHY).body["reversal"]["proposed_by"] == MAKER
    assert post(f"{path}/reversal/approve", {}).code == "two_people"
    assert "reversal" not in post(f"{path}/reversal/reject", WHY).body
    post(f"{path}/reversal", WHY)
    reopened = post(f"{path}/reversal/approve", {}, CHECKER).body
    assert (reopened["status"], reopened["replaces"]) == ("open", invoice["va_number"])
    # The answer was lost: asked again, the same invoice.
    assert post(f"{path}/reversal/approve", {}, CHECKER).body["va_number"] == reopened["va_number"]


# --- invoices as JSON ------------------------------------------------------------------------------------------------

BILL = {"number": "API-1", "payer_name": "PT Maju", "amount": 5_000, "due_date": "2099-01-31", "email": "a@b.example"}


def test_bills_given_as_json_become_one_upload_that_waits_for_another_person() -> None:
    first, again = (post("invoices", {"invoices": [BILL]}, key="order-1") for _ in range(2))
    assert (first.status, first.body["upload_id"]) == (201, again.body["upload_id"])
    upload = uploads.load_upload(SHOP.biller_id, first.body["upload_id"])
    assert upload.uploaded_by == MAKER
    assert load_current_invoice(SHOP.biller_id, "API-1") is None
    check_and_release(upload)
    assert bills.current("API-1")["amount"] == 5_000


def check_and_release(upload: Upload) -> None:
    from upload import checking

    checking.check_upload(upload.biller_id, upload.upload_id)
    path = f"uploads/{upload.upload_id}/release"
    warned = get(f"uploads/{upload.upload_id}").body.get("warnings", {})
    assert post(path, {"acknowledged": list(warned)}).code == "same_person"
    assert post(path, {"acknowledged": list(warned), "send": "now"}, CHECKER).status == 200
    scenario.write_all_chunks()


def test_key_used_for_other_bills_and_bills_that_are_none_are_refused() -> None:
    post("invoices", {"invoices": [BILL]}, key="order-1")
    assert post("invoices", {"invoices": [BILL | {"amount": 6_000}]}, key="order-1").code == "key_reused"
    assert post("invoices", {"invoices": [BILL]}).code == "bad_request"
    assert post("invoices", {"invoices": [BILL]}, key="../x").code == "bad_request"
    assert post("invoices", {"invoices": []}, key="order-2").code == "bad_request"
    for wrong in ({"amount": 1.5}, {"amount": 10**30}, {"nobody_knows": "x"}, {"payer_name": {"a": 1}}):
        assert post("invoices", {"invoices": [BILL | wrong]}, key="order-3").code == "invoice_rows"
    assert len(get("uploads").body["uploads"]) == 1


# --- notices ---------------------------------------------------------------------------------------------------------


def fail_notices() -> list[str]:
    """As if the provider had refused all e-mails; their ids."""
    table = get_settings().notices_table
    emails = [item for item in scenario.read_table(table) if item["channel"] == "email"]
    for item in emails:
        failed = item | {"state": NoticeState.FAILED, "reason": "rejected"}
        dynamodb.client().put_item(TableName=table, Item=dynamodb.to_item(failed))
    return [item["sk"] for item in emails]


def test_notice_is_sent_again_once_per_key_and_user(tmp_path: Path) -> None:
    (invoice,) = issue(tmp_path)
    path = f"virtual-accounts/{invoice['va_number']}/notices"
    notice_id, _ = fail_notices()
    assert post(f"{path}/{notice_id}/resend").code == "bad_request"
    first = post(f"{path}/{notice_id}/resend", key="k1").body["notice_id"]
    assert post(f"{path}/{notice_id}/resend", key="k1").body["notice_id"] == first != notice_id
    # A key is its user's own; what is under way is not sent a second time.
    other = post(f"{path}/{notice_id}/resend", user=CHECKER, key="k1")
    assert (other.status, other.code) == (409, "notice_not_resendable")
    assert other.body["message"]["id"] == text("commands.notice_not_resendable.under_way", "id")
    listed = {notice["notice_id"]: notice for notice in get(path).body["notices"]}
    assert listed[first]["resend_of"] == notice_id
    assert post(f"{path}/no-such-notice/resend", key="k1").code == "notice_not_found"


def test_failed_notices_of_an_invoice_an_upload_or_a_period_are_sent_again(tmp_path: Path) -> None:
    (invoice,) = issue(tmp_path)
    fail_notices()
    today = clock.today_in_jakarta().isoformat()
    by_period = {"first_day": today, "last_day": today}
    assert post("notices/resend-failed", by_period, key="k1").body["resent"] == 2
    again = post(f"uploads/{invoice['upload_id']}/notices/resend-failed", {}, key="k2").body
    assert (again["resent"], again["skipped"]) == (0, {"sent_since": 2})
    assert post("notices/resend-failed", by_period | {"cursor": "x"}, key="k1").code == "resend_period"
    one = post(f"virtual-accounts/{invoice['va_number']}/notices/resend", key="k3").body
    assert set(one["skipped"].values()) == {"under_way"}


def test_notices_of_an_upload_are_held_and_go_on(tmp_path: Path) -> None:
    path = f"uploads/{issue(tmp_path)[0]['upload_id']}/notices"
    assert post(f"{path}/resume").code == "upload_state"
    assert "hold" not in get(path).body
    assert post(f"{path}/hold", WHY).body["is_held"]
    assert get(path).body["hold"]["reason"] == WHY["reason"]
    assert not post(f"{path}/resume").body["is_held"]


def test_wording_names_every_problem_in_both_languages_and_tells_who_comes_second() -> None:
    seen = get("wording").body
    name = next(
        f"{part}.{occasion}.id"
        for part, occasions in seen["choices"]["parts"].items()
        for occasion, choice in occasions.items()
        if choice["required"]
    )
    bad = call("PATCH", "/v1/wording", ADMIN, {"version": 0, "words": {"nothing.id": "x", name: "kosong"}})
    assert (bad.status, bad.code) == (422, "wording")
    assert {problem["field"] for problem in bad.body["errors"]} == {"nothing.id", name}
    assert all(problem["message"].keys() == {"id", "en"} for problem in bad.body["errors"])
    good = call("PATCH", "/v1/wording", ADMIN, {"version": 0, "tones": {"3": "firm"}})
    assert (good.body["version"], good.body["tones"]) == (1, {"3": "firm"})
    assert call("PATCH", "/v1/wording", ADMIN, {"version": 0, "tones": {"3": None}}).code == "wording_changed"


@pytest.fixture
def previews(monkeypatch: pytest.MonkeyPatch) -> PreviewsHere:
    return PreviewsHere(monkeypatch)


def preview(user: str = MAKER, **members: Any) -> Answer:
    return post("wording/preview", members, user)


def test_notice_is_previewed_on_each_channel_with_a_change_that_is_not_stored(previews: PreviewsHere) -> None:
    intro = "Assalamualaikum, ini tagihan {biller} untuk {payer}."
    assert "Assalamualaikum" not in json.dumps(preview().body)
    shown = preview(change={"words": {"email_intro.issued.id": intro}}).body
    assert shown.keys() == {"email", "sms", "whatsapp"}
    assert f"Assalamualaikum, ini tagihan {SHOP.name}" in shown["email"]["html"]
    assert get("wording").body["version"] == 0
    late = {"kind": "reminder", "offset": 3, "language": "id"}
    tones = {
        tone: preview(**late, change={"tones": {"3": tone}}).body["email"]["text"] for tone in ("friendly", "firm")
    }
    assert tones["friendly"] != tones["firm"]
    assert preview(language="en").body["sms"]["text"] != preview().body["sms"]["text"]
    assert preview(names="long").body["sms"]["segments"] >= preview().body["sms"]["segments"]


def test_preview_of_a_real_invoice_shows_no_contact_and_no_link_of_its_payer(
    previews: PreviewsHere, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAYER_LINK_BASE", "https://bayar.example/t")
    forget_process_state()
    (invoice,) = issue(tmp_path)
    text = json.dumps(preview(number=invoice["number"]).body, ensure_ascii=False)
    contacts = [
        recipient[name] for recipient in invoice["recipients"] for name in ("email", "phone") if name in recipient
    ]
    links = [build_payer_token(invoice["bank_code"], invoice["va_number"], contact) for contact in contacts]
    assert len(contacts) >= 2
    assert invoice["va_number"] in text
    assert SAMPLE_TOKEN in text
    assert not [secret for secret in contacts + links if secret in text]
    make_user("murid", Role.VIEWER, biller_id=SCHOOL.biller_id)
    missing = [preview(user, number=number) for user, number in (("murid", invoice["number"]), (MAKER, "INV-404"))]
    assert [(answer.status, answer.code) for answer in missing] == [(404, "invoice_not_found")] * 2


def test_preview_names_each_problem_of_the_words_that_it_is_given(previews: PreviewsHere) -> None:
    bad = preview(change={"words": {"email_intro.issued.id": "{biller}: kirim PIN Anda"}, "templates": {"x": "y"}})
    assert (bad.status, bad.code) == (422, "wording")
    assert {problem["field"] for problem in bad.body["errors"]} == {"email_intro.issued.id", "templates.x"}
    assert preview(kind="lost").code == preview(offset=10_000).code == "bad_request"


@pytest.mark.parametrize(
    "trouble",
    [
        {"errorMessage": "Task timed out", "errorType": "Sandbox.Timedout"},
        ReadTimeoutError(endpoint_url="https://lambda"),
        ClientError(
            {"Error": {"Code": "TooManyRequestsException"}, "ResponseMetadata": {"HTTPStatusCode": 429}}, "Invoke"
        ),
    ],
)
def test_preview_that_fails_says_in_both_languages_that_it_may_be_asked_again(
    previews: PreviewsHere, trouble: Any
) -> None:
    previews.trouble = trouble
    answer = preview()
    assert (answer.status, answer.code) == (503, "preview_failed")
    assert answer.body["message"] == {language: text("problems.preview_failed", language) for language in ("id", "en")}
    previews.trouble = None
    assert preview().status == 200


def test_preview_function_that_may_not_be_called_is_a_defect(previews: PreviewsHere) -> None:
    refusal: Any = {"Error": {"Code": "AccessDeniedException"}, "ResponseMetadata": {"HTTPStatusCode": 403}}
    previews.trouble = ClientError(refusal, "Invoke")
    assert preview().code == "defect"


def test_secret_of_a_webhook_is_answered_once_and_kept_nowhere() -> None:
    wanted = {"url": "https://erp.toko.example/orders", "kinds": ["paid"]}
    created = post("webhooks", wanted, ADMIN, key="k1")
    assert created.status == 201
    endpoint_id, secret = created.body["webhook"]["endpoint_id"], created.body["secret"]
    assert post("webhooks", wanted, ADMIN, key="k1").code == "webhook_exists"
    rotated = post(f"webhooks/{endpoint_id}/rotate", user=ADMIN).body
    assert rotated["secret"] != secret
    (listed,) = get("webhooks", ADMIN).body["webhooks"]
    assert (listed["kinds"], len(listed["secrets"])) == (["paid"], 2)
    for shown in (json.dumps(listed), json.dumps(scenario.dump_tables())):
        assert secret not in shown
        assert rotated["secret"] not in shown
    bad = post("webhooks", {"url": "http://erp.toko.example/"}, ADMIN)
    assert (bad.code, bad.body["detail"]) == ("webhook_address", bad.body["message"]["en"])
    assert "https://" in bad.body["detail"]
    assert post(f"webhooks/{endpoint_id}/disable", user=ADMIN).body["state"] == "disabled"
    since = {"since": clock.to_text(clock.now() - timedelta(days=1))}
    assert post(f"webhooks/{endpoint_id}/replay", since, ADMIN, key="k2").code == "notice_not_resendable"
    assert post(f"webhooks/{endpoint_id}/enable", user=ADMIN).body["state"] == "active"
    assert post(f"webhooks/{endpoint_id}/replay", since, ADMIN, key="k2").body["resent"] == 0


# --- reports and reconciliations -------------------------------------------------------------------------------------


def test_report_is_asked_for_once_per_key_made_and_linked() -> None:
    Invoice(1, clock.now() - timedelta(days=9))
    asked, again = (post("reports", {"kind": "invoices", "format": "csv"}, key="r1") for _ in range(2))
    assert (asked.status, asked.body["report_id"]) == (202, again.body["report_id"])
    path = f"reports/{asked.body['report_id']}"
    assert "file" not in get(path).body
    assert report_scenario.build(*report_scenario.receive(get_settings().report_queue_url)) == []
    done = get(path).body
    assert (done["state"], done["rows"]) == ("done", 1)
    assert files.report_key(SHOP.biller_id, done["report_id"], "csv") in done["file"]
    (listed,) = get("reports").body["reports"]
    assert "file" not in listed
    assert post("reports", {"kind": "collections"}).code == "report_request"


def test_schedule_is_made_by_people_who_answer_for_it_and_ends() -> None:
    wanted = {"kind": "collections", "every": "week", "send_to": ["bos@toko.example"]}
    make_user("joko", Role.MAKER)
    assert post("report-schedules", wanted, "joko").code == "access_denied"
    schedule = post("report-schedules", wanted, ADMIN).body
    assert get("report-schedules").body["schedules"] == [schedule]
    path = f"/v1/report-schedules/{schedule['schedule_id']}"
    assert call("DELETE", path, ADMIN).body == {"done": True}
    assert call("DELETE", path, ADMIN).code == "schedule_not_found"


def test_summary_says_that_it_is_being_counted() -> None:
    assert get("summary").body == {"is_being_counted": True}


def test_settled_money_is_posted_by_two_officers_and_what_fits_no_bill_is_explained(tmp_path: Path) -> None:
    when = clock.now() - timedelta(days=1)
    unpaid = Invoice(50, when - timedelta(days=9))
    paid = Invoice(1, when - timedelta(days=9))
    paid.pay(when)
    lines = distort(
        settle_postings([paid.posting]), ["missing_here", "unidentified"], [(unpaid.va_number, unpaid.draft["amount"])]
    )
    drop(write(lines, tmp_path))
    first, second = OFFICERS

    def read(result: str) -> dict[str, str]:
        (line,) = get("bank/settlement-lines", first, result=result).body["lines"]
        return {"va_number": line["va_number"], "line": line["line"]}

    def act(verb: str, line: dict[str, str], user: str = first, **more: str) -> Answer:
        return post(f"bank/settlement-lines/{verb}", line | more, user)

    missing, unknown = read("missing_here"), read("unidentified")
    assert act("approve", missing).code == "settled_line_state"
    assert act("propose", missing, **WHY).body["proposed_by"] == first
    assert act("approve", missing).code == "same_person"
    assert act("withdraw", missing, second, **WHY).body["state"] == "open"
    act("propose", missing, **WHY)
    assert act("approve", missing, second).body["state"] == "posted"
    assert bills.current(unpaid.number)["status"] == "paid"
    assert act("propose", unknown, **WHY).code == "settled_line_state"
    assert act("resolve", unknown, note="dikembalikan ke pengirim").body["closed_by"] == first
    (file,) = get("bank/reconciliations", first).body["reconciliations"]
    shown = get(f"bank/reconciliations/{file['file_hash']}", first).body
    assert "report" in shown
    assert get(f"bank/reconciliations/{'0' * 64}", first).code == "reconciliation_not_found"
