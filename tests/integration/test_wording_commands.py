"""Own wording and previews, through the real handlers: checked, versioned, on record, and shown as it is sent."""

from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import boto3
import pytest

from invoicing import changing_wording, clock
from invoicing.archiving import archive_invoice
from invoicing.billers import Biller
from invoicing.changing_wording import Change, set_wording
from invoicing.errors import WordingChangedError
from invoicing.gsm7 import count_segments
from invoicing.notice_policy import FallbackLadder, NoticePolicy
from invoicing.notices import Channel, NoticeKind, NoticeRef, build_notice_id
from invoicing.occasions import Tone
from invoicing.settings import get_settings
from invoicing.store.billers import load_biller
from invoicing.uploads import Upload
from invoicing.virtual_accounts import build_va_number
from notify import previewing
from notify.channels.whatsapp_templates import fill_template
from notify.command_handler import handle
from notify.previewing import SAMPLE_TOKEN
from tests.integration import notify_scenario as notify
from tests.integration import scenario
from tests.integration.conftest import Aws

CHANNELS = [Channel.EMAIL, Channel.SMS, Channel.WHATSAPP]
SHOP = scenario.SHOP.biller_id
SMS = "Halo {payer}, tagihan {biller} {amount} tempo {due_date} ke VA {va_number}"
INTRO = "Assalamualaikum, ini tagihan {biller} untuk {payer} nomor {number}."


@pytest.fixture(autouse=True)
def time(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> notify.Clock:
    time = notify.Clock(scenario.NOW)
    monkeypatch.setattr(clock, "now", time.now)
    scenario.register(scenario.SHOP, scenario.SCHOOL)
    for index, channel in enumerate(CHANNELS):
        notify.issue(index, channels=[channel])
    aws.become("NoticeCommandFunction")
    return time


def command(operation: str, biller_id: str = SHOP, **members: Any) -> dict[str, Any]:
    payload = {"operation": operation, "biller_id": biller_id, "user_id": "siti", **members}
    return handle(payload, scenario.FakeContext())


def preview(**members: Any) -> dict[str, Any]:
    return command("preview_notice", **members)


def read_audit() -> list[dict[str, Any]]:
    table = boto3.resource("dynamodb").Table(get_settings().audit_table)
    return sorted(table.scan()["Items"], key=lambda entry: entry["sk"])


def test_words_are_stored_with_who_and_when_and_the_change_is_on_record(time: notify.Clock) -> None:
    first = command("set_wording", change={"words": {"sms.issued.id": SMS}, "tones": {"7": "friendly"}})
    time.advance(minutes=1)
    second = command("set_wording", change={"words": {"sms.issued.id": None}, "templates": {"issued": "brief"}})

    assert (first["version"], first["words"], first["tones"]) == (1, {"sms.issued.id": SMS}, {"7": "friendly"})
    assert (second["version"], second["words"], second["templates"]) == (2, {}, {"issued": "brief"})
    assert (second["changed_by"], second["changed_at"]) == ("siti", clock.to_text(clock.now()))
    assert command("show_wording") == second
    entries = read_audit()
    assert [(entry["action"], entry["user_id"], entry["biller_id"]) for entry in entries] == [
        ("change_wording", "siti", SHOP)
    ] * 2
    assert entries[0]["before"] == {"version": 0, "words": {}, "tones": {}}
    assert entries[0]["after"] == {"version": 1, "words": {"sms.issued.id": SMS}, "tones": {"7": "friendly"}}
    assert entries[1]["before"]["words"] == {"sms.issued.id": SMS}
    assert "tones" not in entries[1]["after"]


def test_biller_stays_as_it_was_but_for_the_wording() -> None:
    before = load_biller(SHOP)
    command("set_wording", change={"tones": {"-3": "firm"}})
    after = load_biller(SHOP)

    assert after.wording.tones == {-3: Tone.FIRM}
    assert (after.policy, after.name, after.channels) == (before.policy, before.name, before.channels)
    assert load_biller(scenario.SCHOOL.biller_id).wording.version == 0


def test_all_problems_are_named_in_both_languages_and_nothing_is_stored() -> None:
    before = scenario.dump_tables()
    change = {
        "words": {"sms.issued.id": "Bayar {nama}", "email_intro.paid.en": "{biller}: send your PIN", "fax.x.id": "x"},
        "templates": {"issued": "loud", "archived": "brief"},
    }
    error = command("set_wording", change=change)["error"]

    assert error["code"] == "wording"
    assert {(problem["of"], problem["code"]) for problem in error["problems"]} == {
        ("sms.issued.id", "placeholder_unknown"),
        ("sms.issued.id", "fact_missing"),
        ("email_intro.paid.en", "phishing"),
        ("fax.x.id", "name_unknown"),
        ("templates.issued", "template_unknown"),
        ("templates.archived", "template_unknown"),
    }
    for problem in [error, *error["problems"]]:
        assert set(problem["message"]) == {"id", "en"}
        assert all(problem["message"].values())
        assert "{detail}" not in str(problem["message"])
    assert scenario.dump_tables() == before


def test_change_from_an_outdated_version_is_refused() -> None:
    command("set_wording", version=0, change={"tones": {"7": "friendly"}})
    error = command("set_wording", version=0, change={"tones": {"7": "neutral"}})["error"]

    assert error["code"] == "wording_changed"
    assert command("show_wording")["tones"] == {"7": "friendly"}


def test_of_two_changes_at_once_one_is_told_to_look_again(monkeypatch: pytest.MonkeyPatch) -> None:
    real_save = changing_wording.billers.save_wording

    def save_late(*given: Any) -> bool:
        monkeypatch.setattr(changing_wording.billers, "save_wording", real_save)
        set_wording(SHOP, Change(tones={3: Tone.FIRM}), by="budi")
        return real_save(*given)

    monkeypatch.setattr(changing_wording.billers, "save_wording", save_late)
    with pytest.raises(WordingChangedError):
        set_wording(SHOP, Change(tones={3: Tone.FRIENDLY}), by="siti")
    wording = load_biller(SHOP).wording
    assert (wording.version, wording.changed_by, wording.tones) == (1, "budi", {3: Tone.FIRM})
    assert len(read_audit()) == 1


def test_same_words_again_are_no_new_version() -> None:
    command("set_wording", change={"tones": {"7": "friendly"}})

    assert command("set_wording", change={"tones": {"7": "friendly"}})["version"] == 1
    assert len(read_audit()) == 1


@pytest.mark.parametrize("operation", ["show_wording", "set_wording", "preview_notice"])
def test_biller_that_is_none_is_refused(operation: str) -> None:
    members = {"change": {}} if operation == "set_wording" else {}

    assert command(operation, "nobody", **members)["error"]["code"] == "biller_not_found"


@pytest.mark.parametrize(
    "members",
    [
        {"change": {"tones": {"7": "angry"}}},
        {"change": {"tones": {"x": "firm"}}},
        {"change": {"tones": {"-07": "firm"}}},
        {"change": {"words": {"SMS": "x"}}},
        {"change": {"words": {"sms.issued.id": "x" * 1001}}},
        {"change": {"more": {}}},
        {"change": {}, "version": -1},
        {},
    ],
)
def test_change_of_another_form_is_refused(members: dict[str, Any]) -> None:
    assert command("set_wording", **members)["error"]["code"] == "bad_command"


def test_sample_of_every_kind_is_shown_on_every_channel_in_both_languages_with_short_and_long_names() -> None:
    for kind, language, names in product(NoticeKind, ("id", "en"), ("short", "long")):
        shown = preview(kind=kind, language=language, names=names, offset=7)

        assert set(shown) == set(CHANNELS)
        assert shown["sms"]["segments"] == count_segments(shown["sms"]["text"]) == 1
        for words in (shown["email"]["text"], shown["email"]["html"], shown["sms"]["text"], shown["whatsapp"]["text"]):
            assert "0000000000000000" in words
        assert shown["email"]["subject"]


def test_change_is_previewed_before_it_is_stored() -> None:
    change = {"words": {"email_intro.issued.id": INTRO, "sms.issued.id": SMS}, "templates": {"issued": "brief"}}
    shown = preview(change=change)

    assert "Assalamualaikum, ini tagihan Toko Sinar Jaya untuk Alya Putri nomor CONTOH-001." in shown["email"]["text"]
    assert shown["sms"]["text"].startswith("Halo Alya Putri, tagihan Toko Sinar Jaya Rp1.500.000")
    assert shown["whatsapp"]["text"].startswith("Tagihan baru")
    assert command("show_wording")["version"] == 0
    assert preview(change={"words": {"sms.issued.id": "x"}})["error"]["code"] == "wording"


def test_tone_of_a_step_shows_in_its_preview() -> None:
    command("set_wording", change={"tones": {"7": "friendly"}})

    assert "Mungkin terlewat" in preview(kind="reminder", offset=7)["email"]["text"]
    assert "belum kami terima" in preview(kind="reminder", offset=3)["email"]["text"]


def test_preview_of_an_invoice_that_is_none_or_anothers_is_refused() -> None:
    assert preview(number="INV-9999")["error"]["code"] == "invoice_not_found"
    assert preview(biller_id=scenario.SCHOOL.biller_id, number="INV-0001")["error"]["code"] == "invoice_not_found"
    assert "Pelanggan 1" in preview(number="INV-0001")["email"]["text"]


@pytest.mark.parametrize(
    ("channel", "function"),
    [
        (Channel.EMAIL, "NoticeSendEmailFunction"),
        (Channel.SMS, "NoticeSendSmsFunction"),
        (Channel.WHATSAPP, "NoticeSendWhatsAppFunction"),
    ],
)
def test_preview_is_what_is_sent(channel: Channel, function: str, aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    base, index = "https://bayar.example", CHANNELS.index(channel)
    monkeypatch.setenv("PAYER_LINK_BASE", base)
    get_settings.cache_clear()
    words = {"email_intro.issued.id": INTRO, "email_subject.issued.id": "{biller} {number}", "sms.issued.id": SMS}
    assert "error" not in command("set_wording", change={"words": words, "templates": {"issued": "brief"}})
    shown = preview(number=f"INV-000{index}")
    aws.become(function)
    monkeypatch.setenv("PAYER_LINK_BASE", base)
    if channel is Channel.WHATSAPP:
        notify.stand_in_for_whatsapp()
    address = "sari0@example.com" if channel is Channel.EMAIL else notify.PHONE
    notice_id = build_notice_id(notify.va_number(index), NoticeKind.ISSUED, channel, address)
    assert notify.send(NoticeRef("028", notify.va_number(index), notice_id)) == []

    taken = notify.PROVIDERS[channel].mailbox()[-1]
    match channel:
        case Channel.EMAIL:
            assert taken.subject == shown["email"]["subject"] == "Toko Sinar Jaya INV-0000"
            sent, previewed = taken.body, shown["email"]["html"]
        case Channel.SMS:
            sent, previewed = taken[1], shown["sms"]["text"]
        case Channel.WHATSAPP:
            sent, previewed = fill_template(taken["message"]["template"], base), shown["whatsapp"]["text"]
    own_link = sent.split(f"{base}/")[1][:22]
    assert own_link != SAMPLE_TOKEN
    assert sent.replace(own_link, SAMPLE_TOKEN) == previewed


class TestUpload:
    """The messages of a bill that a checked upload would make."""

    def prepare(self, aws: Aws, tmp_path: Path, *drafts: dict[str, Any], biller: Biller = scenario.SHOP) -> Upload:
        aws.become("DashboardFunction")
        upload = scenario.make_waiting_upload(tmp_path, list(drafts), biller=biller)
        aws.become("NoticeCommandFunction")
        return upload

    def test_shown_before_the_release_is_what_is_sent_after_it(self, aws: Aws, tmp_path: Path) -> None:
        recipients = [
            {"name": "Bapak Joko", "email": "joko@example.com", "sms": "+6281234567890"},
            {"name": "Ibu Sari", "email": "sari@example.com"},
        ]
        school = {
            "student": {"nis": "C7", "class_name": "7A"},
            "fee_type": "SPP",
            "period": "2026-12",
            "school_year": "2026/2027",
        }
        draft = scenario.make_draft(7, recipients=recipients, language="en", channels=["email", "sms"], **school)
        upload = self.prepare(aws, tmp_path, draft, biller=scenario.SCHOOL)
        shown = command("preview_upload", upload.biller_id, upload_id=upload.upload_id)

        assert shown["bill"]["number"] == "INV-0007"
        assert shown["language"] == "en"
        assert [(told["channel"], told["name"], told["address"]) for told in shown["told"]] == [
            ("email", "Bapak Joko", "j***@example.com"),
            ("sms", "Bapak Joko", "+62812****890"),
            ("email", "Ibu Sari", "s***@example.com"),
        ]
        assert "whatsapp" not in shown
        assert "joko@example.com" not in str(shown)

        aws.become("UploadCommandFunction")
        released = scenario.release(upload)
        bodies = [message["Body"] for message in scenario.receive_chunk_messages()]
        aws.become("UploadWriteFunction")
        assert scenario.write_chunks(bodies) == []
        va_number = build_va_number(
            str(released.company_code), released.va_first or 0, get_settings().va_customer_number_digits
        )
        for channel, function, address in (
            (Channel.EMAIL, "NoticeSendEmailFunction", "joko@example.com"),
            (Channel.SMS, "NoticeSendSmsFunction", "+6281234567890"),
        ):
            aws.become(function)
            notice_id = build_notice_id(va_number, NoticeKind.ISSUED, channel, address)
            assert notify.send(NoticeRef("028", va_number, notice_id)) == []
            taken = notify.PROVIDERS[channel].mailbox()[-1]
            if channel is Channel.EMAIL:
                assert taken.subject == shown["email"]["subject"]
            sent = taken.body if channel is Channel.EMAIL else taken[1]
            expected = shown["email"]["html"] if channel is Channel.EMAIL else shown["sms"]["text"]
            in_groups = " ".join(va_number[start : start + 4] for start in range(0, 16, 4))
            assert sent.replace(va_number, "0" * 16).replace(in_groups, "0000 0000 0000 0000") == expected

    def test_bill_that_replaces_another_says_so(self, aws: Aws, tmp_path: Path) -> None:
        aws.become("InvoiceCommandFunction")
        archive_invoice(SHOP, "INV-0000", by="siti", reason="corrected")
        shown = command("preview_upload", upload_id=self.prepare(aws, tmp_path, scenario.make_draft(0)).upload_id)
        assert notify.va_number(0) in shown["email"]["text"]

    def test_message_of_a_later_channel_is_shown_too(
        self, aws: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shop = replace(scenario.SHOP, policy=NoticePolicy(fallback=FallbackLadder(is_on=True)))
        monkeypatch.setattr(previewing, "load_biller", lambda _: shop)
        phone = "+6281234567890"
        draft = scenario.make_draft(
            8, recipients=[{"whatsapp": phone, "sms": phone}], channels=["whatsapp", "sms", "email"]
        )
        shown = command("preview_upload", upload_id=self.prepare(aws, tmp_path, draft).upload_id)
        assert [(told["channel"], told["later"]) for told in shown["told"]] == [("whatsapp", ["sms"])]
        assert set(CHANNELS) & set(shown) == {"whatsapp", "sms"}

    def test_row_without_channels_tells_nobody(self, aws: Aws, tmp_path: Path) -> None:
        upload = self.prepare(aws, tmp_path, scenario.make_draft(8, channels=[]))
        shown = command("preview_upload", upload_id=upload.upload_id)
        assert shown["told"] == []
        assert not set(CHANNELS) & set(shown)

    def test_upload_of_another_biller_or_one_that_waits_no_more_is_refused(self, aws: Aws, tmp_path: Path) -> None:
        upload = self.prepare(aws, tmp_path, scenario.make_draft(8))
        other = command("preview_upload", scenario.SCHOOL.biller_id, upload_id=upload.upload_id)
        assert other["error"]["code"] == "upload_not_found"
        aws.become("UploadCommandFunction")
        scenario.release(upload)
        aws.become("NoticeCommandFunction")
        assert command("preview_upload", upload_id=upload.upload_id)["error"]["code"] == "upload_state"
