"""The pages in a real browser: from a maker's workbook to a payer's receipt, by keyboard, in both languages, for all.

Debian's Chromium through Playwright. The certificate is the local cloud's own, so its authority is not asked.
"""

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from openpyxl import Workbook, load_workbook
from playwright.sync_api import Browser, BrowserContext, Error, Page, expect, sync_playwright

from dashboard.areas import Page as DashboardPage
from dashboard.handler import PAGES
from infra.local.bank import open_bank
from infra.local.cloud import Cloud
from infra.local.messages import list_messages
from infra.local.staff import PASSWORD
from invoicing import clock
from invoicing.roles import Role
from tests.integration.report_scenario import Sheets

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
SECONDS = 30
PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True}
HEADERS = ["No. Invoice", "Nama Pelanggan", "Jumlah Tagihan", "Jatuh Tempo", "Email"]
NUMBER, ADDRESS = "PAGES-1", "pages1@example.com"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    expect.set_options(timeout=SECONDS * 1000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@dataclass(frozen=True)
class Visitors:
    """Opens the pages of this cloud, each visitor with cookies of an own."""

    browser: Browser
    cloud: Cloud

    @contextmanager
    def open(self, **options: Any) -> Iterator[BrowserContext]:
        context = self.browser.new_context(
            ignore_https_errors=True, base_url=f"{self.cloud.front}/", accept_downloads=True, **options
        )
        context.set_default_timeout(SECONDS * 1000)
        yield context
        context.close()

    @contextmanager
    def sign_in(self, email: str, **options: Any) -> Iterator[Page]:
        with self.open(**options) as context:
            page = context.new_page()
            sign_in(page, email)
            yield page


@pytest.fixture(scope="module")
def visitors(chromium: Browser, cloud: Cloud) -> Visitors:
    return Visitors(chromium, cloud)


def sign_in(page: Page, email: str, password: str = PASSWORD) -> None:
    page.goto("sign-in")
    page.locator("#email").fill(email)
    page.locator("#password").fill(password)
    page.locator("main button").click()
    expect(page.locator("nav")).to_be_visible()


def write_workbook(path: Path, *rows: list[Any]) -> Path:
    book = Workbook()
    sheet = book.worksheets[0]
    for row in (HEADERS, *rows):
        sheet.append(row)
    book.save(path)
    return path


def wait_for_link(cloud: Cloud, to: str) -> str:
    """The link to the payer's page in a message to this address."""
    deadline = time.monotonic() + SECONDS
    while True:
        for message in list_messages(cloud, to=to):
            found = re.search(rf"{re.escape(cloud.front)}/t/[A-Za-z0-9_-]{{22}}", message["text"])
            if found:
                return found[0]
        assert time.monotonic() < deadline, f"no link came to {to}"
        time.sleep(0.25)


@dataclass(frozen=True)
class Story:
    """What the first story leaves behind for the other tests."""

    upload: str
    """Path of the released upload's page."""
    link: str
    """A second payer's, whose bill is open."""
    va_number: str
    report_id: str


@pytest.fixture(scope="module")
def story(visitors: Visitors, tmp_path_factory: pytest.TempPathFactory) -> Story:
    """A maker uploads, mends and uploads again; a checker acknowledges and releases; a payer pays and sees it."""
    folder = tmp_path_factory.mktemp("pages")
    good = [NUMBER, "Budi Santoso", 175_000, clock.today_in_jakarta() - timedelta(days=3), ADDRESS]
    other = ["PAGES-2", "Sri Wahyu", 250_000, date(2099, 1, 4), "pages2@example.com"]
    wrong = write_workbook(folder / "salah.xlsx", [NUMBER, "Budi Santoso", "seratus", "31/02/2099", "budi.example.com"])
    mended = write_workbook(folder / "benar.xlsx", good, other)

    with visitors.sign_in("maker@toko-sinar.example") as page:
        page.goto("uploads/new")
        page.locator("#file").set_input_files(wrong)
        rows = page.locator("tr.error")
        expect(rows).to_have_count(3)
        expect(page.locator("main")).to_contain_text("Jatuh Tempo")
        with page.expect_download() as failed_rows:
            page.get_by_role("link", name="Unduh baris yang salah").click()
        assert failed_rows.value.path().read_bytes().startswith(b"PK")

        page.goto("uploads/new")
        drop_file(page, mended)
        expect(page.locator(".badge.waiting")).to_be_visible()
        expect(page.locator("main")).to_contain_text("Rp425.000")
        expect(page.locator("main")).to_contain_text("harus dirilis oleh orang lain")
        upload = page.url.partition(visitors.cloud.front)[2].lstrip("/")

    with visitors.sign_in("checker@toko-sinar.example") as page:
        page.goto(upload)
        look_at_sample(page)
        assert look_at(page, f"{upload}/sample") == []
        page.goto(upload)
        # A due date in the past is asked about.
        for box in page.locator("input[name=acknowledged]").all():
            box.check()
        page.get_by_label("Sekarang juga").check()
        page.get_by_role("button", name="Rilis 2 tagihan, Rp425.000").click()
        # The page renews itself while the invoices are written.
        expect(page.locator(".badge.done")).to_be_visible()

    paid_link, open_link = wait_for_link(visitors.cloud, ADDRESS), wait_for_link(visitors.cloud, "pages2@example.com")
    with visitors.open(**PHONE) as context:
        page = context.new_page()
        page.goto(paid_link)
        expect(page.locator(".amount")).to_have_text("Rp175.000")
        va_number = page.locator(".va").inner_text().replace(" ", "")
        page.evaluate("window.stays = true")
        reply = open_bank(visitors.cloud).pay(va_number)
        assert reply.http_status == 200
        expect(page.locator("#bill")).to_have_attribute("data-state", "paid")
        assert page.evaluate("window.stays"), "the page was loaded anew"
        receipt = page.get_by_role("link", name="kwitansi").get_attribute("href")
        assert receipt
        document = context.request.get(page.url.rpartition("/")[0] + "/" + receipt)
        assert document.headers["content-type"].startswith("application/pdf")
        assert document.body().startswith(b"%PDF")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
    return Story(upload, open_link, va_number, read_report(visitors, va_number))


def look_at_sample(page: Page) -> None:
    """What the payers will get, before anybody releases it: rendered in place, for other rows too."""
    page.locator("summary", has_text="Contoh pesan").click()
    sample = page.locator("#sample")
    expect(sample).to_contain_text("Budi Santoso")
    expect(sample).to_contain_text("p***@example.com")
    expect(sample).not_to_contain_text(ADDRESS)
    letter = sample.frame_locator("iframe").locator("body")
    expect(letter).to_contain_text("Rp175.000")
    expect(letter).to_contain_text("0000 0000 0000 0000")
    address = page.url
    sample.get_by_role("link", name="Jumlah terbesar").click()
    expect(sample).to_contain_text("Sri Wahyu")
    expect(letter).to_contain_text("Rp250.000")
    assert page.url == address


def read_report(visitors: Visitors, va_number: str) -> str:
    """Ask for the report of payments, find the payment in its file, compare its totals, and tell its id."""
    with visitors.sign_in("viewer@toko-sinar.example") as page:
        page.goto("reports")
        page.locator("#format").select_option("xlsx")
        page.locator("main form[action$=reports] button.primary").click()
        link = page.locator("main table a[href*='.xlsx']").first
        expect(link).to_be_visible()
        address = link.get_attribute("href")
        assert address
        content = page.request.get(address).body()
    rows = [
        [str(cell) for cell in row]
        for sheet in load_workbook(BytesIO(content), read_only=True)
        for row in sheet.iter_rows(values_only=True)
    ]
    (paid,) = [row for row in rows if va_number in row]
    assert "175000" in paid
    details, totals = Sheets(content).table("Rincian", "No. tagihan")
    standings, _ = Sheets(content).table("Ringkasan", "Keadaan")
    by_standing = {row["Keadaan"]: row["Nilai (Rp)"] for row in standings}
    column = "Lewat rekening virtual (Rp)"
    collected = sum(row[column] or 0 for row in details)
    assert collected == totals[column] == by_standing["Lunas lewat rekening virtual"] >= 175_000
    found = re.search(r"[0-9A-HJKMNP-TV-Z]{26}", address)
    assert found
    return found[0]


def drop_file(page: Page, path: Path) -> None:
    """Drag a file onto the page as a hand does: the browser's own events, with the file in them."""
    content = list(path.read_bytes())
    transfer = page.evaluate_handle(
        """([content, name]) => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([new Uint8Array(content)], name));
            return transfer;
        }""",
        [content, path.name],
    )
    page.dispatch_event("#drop", "drop", {"dataTransfer": transfer})


def test_workbook_becomes_a_paid_bill_with_a_receipt(story: Story) -> None:
    assert re.fullmatch(r"[0-9]{9,23}", story.va_number)


def test_keyboard_alone_signs_in_and_out(visitors: Visitors) -> None:
    with visitors.open() as context:
        page = context.new_page()
        page.goto("sign-in")
        tab_to(page, "#email")
        page.keyboard.type("viewer@toko-sinar.example")
        page.keyboard.press("Tab")
        page.keyboard.type(PASSWORD)
        page.keyboard.press("Enter")
        expect(page.locator("nav")).to_be_visible()
        page.keyboard.press("Tab")
        skip = page.locator("a.skip")
        expect(skip).to_be_focused()
        expect(skip).to_be_in_viewport()
        tab_to(page, "form[action$=sign-out] button")
        page.keyboard.press("Enter")
        expect(page.locator("#password")).to_be_visible()
        page.goto("uploads")
        expect(page.locator("#password")).to_be_visible()


def tab_to(page: Page, selector: str) -> None:
    for _ in range(30):
        if page.locator(selector).evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the keyboard does not reach {selector}")


def ask_for_code(page: Page, email: str) -> None:
    page.goto("sign-in")
    page.get_by_role("link", name="Lupa").click()
    page.locator("#email").fill(email)
    page.locator("main button").click()
    expect(page.locator("#code")).to_be_visible()


def read_code(cloud: Cloud, email: str) -> str:
    """The one in the newest mail of the user pool to this address."""
    boxes = json.loads(cloud.fetch(f"{cloud.endpoint}/_ministack/ses/messages"))["messages"].values()
    newest = [message for box in boxes for message in box if email in json.dumps(message)][-1]
    (code,) = set(re.findall(r"<b>([0-9]{6})</b>", json.dumps(newest)))
    return code


def enter_code(page: Page, code: str, password: str) -> str:
    """What the page says to it; empty: the password is changed."""
    page.locator("#code").fill(code)
    page.locator("#password").fill(password)
    page.locator("#repeat").fill(password)
    page.locator("main button").click()
    outcome = page.locator("main [role=alert], .done")
    expect(outcome).to_be_visible()
    return "" if page.locator(".done").count() else outcome.inner_text()


def test_forgotten_password_is_replaced_by_a_code_but_not_by_a_wrong_expired_or_used_one(visitors: Visitors) -> None:
    cloud, email, chosen = visitors.cloud, "viewer@sekolah-harapan.example", "Kata-Sandi-Baru-7"
    with visitors.open() as context:
        page = context.new_page()
        ask_for_code(page, email)
        code = read_code(cloud, email)
        wrong = enter_code(page, f"{(int(code) + 1) % 10**6:06d}", chosen)
        context.request.post(f"{cloud.endpoint}/_local/codes/expire")
        expired = enter_code(page, code, chosen)
        ask_for_code(page, email)
        code = read_code(cloud, email)
        try:
            assert enter_code(page, code, chosen) == ""
            ask_for_code(page, "siapa@sekolah-harapan.example")
            page.locator("form input[name=email]").evaluate("(field, email) => { field.value = email }", email)
            used = enter_code(page, code, "Kata-Sandi-Lain-8")
            ask_for_code(page, "entah@sekolah-harapan.example")
            unknown = enter_code(page, code, chosen)
            # One sentence for all, which says what to do: nobody learns whose addresses are users'.
            assert {wrong, expired, used, unknown} == {wrong}
            assert "kode" in wrong.lower()
            sign_in(page, email, chosen)
        finally:
            cloud.client("cognito-idp").admin_set_user_password(
                UserPoolId=cloud.outputs["UserPool"], Username=email, Password=PASSWORD, Permanent=True
            )


def test_chosen_language_stays(visitors: Visitors) -> None:
    with visitors.sign_in("maker@toko-sinar.example") as page:
        expect(page.locator("html")).to_have_attribute("lang", "id")
        page.get_by_title("English").click()
        expect(page.locator("html")).to_have_attribute("lang", "en")
        page.goto("uploads")
        expect(page.get_by_role("heading", level=1)).to_have_text("Uploads")


def test_every_page_of_the_dashboard_is_open_to_everybody(visitors: Visitors, story: Story) -> None:
    """No serious finding by axe, light and dark; no page wider than a phone."""
    places = {
        "upload_id": story.upload.rpartition("/")[2],
        "va_number": story.va_number,
        "number": NUMBER,
        "biller_id": "toko-sinar",
        "endpoint_id": create_webhook(visitors),
        "report_id": story.report_id,
        "user_id": find_user(visitors.cloud, "viewer@toko-sinar.example"),
        "client_id": "OCBC-SNAP",
    }
    people = {
        Role.BILLER_ADMIN: "admin@toko-sinar.example",
        Role.MAKER: "maker@toko-sinar.example",
        Role.CHECKER: "checker@toko-sinar.example",
        Role.VIEWER: "viewer@toko-sinar.example",
        Role.BANK_OFFICER: "officer1@bank.example",
        Role.BANK_SUPPORT: "support@bank.example",
        None: "",
    }
    found: list[str] = []
    waiting = [page for page in PAGES if page.method == "GET" and not page.path.endswith("/state")]
    for role, email in people.items():
        mine = [page for page in waiting if (page.roles is None if role is None else role in (page.roles or ()))]
        waiting = [page for page in waiting if page not in mine]
        with visitors.open() as context:
            page = context.new_page()
            if email:
                sign_in(page, email)
            for place in mine:
                found += look_at(page, fill(place, places))
    assert not waiting
    assert not found, "\n".join(found)


def test_payers_page_is_open_to_everybody(visitors: Visitors, story: Story) -> None:
    with visitors.open() as context:
        assert look_at(context.new_page(), story.link) == []


def create_webhook(visitors: Visitors) -> str:
    """An endpoint made and switched off on the pages; its secret is shown once."""
    with visitors.sign_in("admin@toko-sinar.example") as page:
        page.goto("settings/webhooks")
        page.locator("#url").fill("https://erp.example.com/pages")
        page.get_by_role("button", name="Tambah").click()
        expect(page.locator("main")).to_contain_text("whsec_")
        page.goto("settings/webhooks")
        expect(page.locator("main")).not_to_contain_text("whsec_")
        page.get_by_role("link", name="https://erp.example.com/pages").click()
        endpoint_id = page.url.rpartition("/")[2]
        page.get_by_role("button", name="Nonaktifkan").click()
        expect(page.locator(".badge.disabled")).to_be_visible()
    return endpoint_id


def find_user(cloud: Cloud, email: str) -> str:
    answer = cloud.client("cognito-idp").admin_get_user(UserPoolId=cloud.outputs["UserPool"], Username=email)
    return next(str(given["Value"]) for given in answer["UserAttributes"] if given["Name"] == "sub")


def test_own_words_are_shown_while_they_are_typed(visitors: Visitors) -> None:
    with visitors.sign_in("admin@sekolah-harapan.example") as page:
        page.goto("settings/wording")
        page.locator("#email_intro").press_sequentially("Halo {payer}, dari {biller}.")
        # Rendered by the senders' own code, without a button and without keeping it.
        expect(page.locator("#preview")).to_contain_text("Halo Alya Putri, dari Sekolah Harapan.")
        page.locator("#email_intro").fill("{biller}: kirim PIN Anda")
        expect(page.locator("#preview .problem")).to_contain_text("penipuan")
        page.goto("settings/wording")
        expect(page.locator("#email_intro")).to_have_value("")


def test_officers_bring_a_biller_in_and_its_first_person_signs_in(visitors: Visitors) -> None:
    cloud, email, biller_id = visitors.cloud, "pemilik@kedai.example", "kedai-baru"
    with visitors.sign_in("officer1@bank.example") as page:
        page.goto("billers/new")
        for name, value in {
            "name": "Kedai Baru",
            "legal_name": "PT Kedai Baru",
            "biller_id": biller_id,
            "company_code": "88942",
            "giro_account": "0281234567890",
            "contact_name": "Dewi",
            "contact_email": email,
            "contact_phone": "081200000001",
        }.items():
            page.locator(f"#{name}").fill(value)
        page.locator("main form button").click()
        page.get_by_role("link", name="Kedai Baru").click()
        expect(page.locator("main")).to_contain_text("petugas lain menyetujuinya")
    with visitors.sign_in("officer2@bank.example") as page:
        page.goto(f"billers/{biller_id}")
        page.get_by_role("button", name="Setujui usaha ini").click()
        expect(page.locator(".badge.active")).to_be_visible()
    with visitors.open() as context:
        page = context.new_page()
        page.goto("sign-in")
        page.locator("#email").fill(email)
        page.locator("#password").fill(read_mailed_password(cloud, email))
        page.locator("main button").click()
        page.locator("#password").fill("Kata-Sandi-Baru-7")
        page.locator("#repeat").fill("Kata-Sandi-Baru-7")
        page.locator("main button").click()
        expect(page.locator("nav")).to_be_visible()
        page.goto("settings/users")
        expect(page.locator("table")).to_contain_text(email)


def read_mailed_password(cloud: Cloud, email: str) -> str:
    found = json.loads(cloud.fetch(f"{cloud.endpoint}/_ministack/ses/messages"))["messages"]
    (mail,) = [message for messages in found.values() for message in messages if email in json.dumps(message)]
    temporary = re.search(r"temporary password <b>([^<]+)</b>", json.dumps(mail, ensure_ascii=False))
    assert temporary
    return str(json.loads(f'"{temporary[1]}"'))


def test_officer_lets_dead_letters_be_tried_again(visitors: Visitors) -> None:
    cloud = visitors.cloud
    sqs, dead = cloud.client("sqs"), cloud.outputs["ReceiptsDeadLetterQueue"]
    # An event of which nothing is to be done: taken at the second try.
    sqs.send_message(QueueUrl=dead, MessageBody='{"Message": "{}"}')
    with visitors.sign_in("officer1@bank.example") as page:
        page.goto("health")
        page.get_by_role("button", name="Laporan pengiriman").click()
        expect(page.locator(".done")).to_be_visible()
        expect(page.locator("tr", has_text="Laporan pengiriman")).to_contain_text("Baik")
    left = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["ApproximateNumberOfMessages"])["Attributes"]
    assert left["ApproximateNumberOfMessages"] == "0"


def fill(place: DashboardPage, places: dict[str, str]) -> str:
    """The address of a page; a parameter that is not known here has to be added to ``places``."""
    return re.sub(r"\{(\w+)\}", lambda match: places[match[1]], place.path).lstrip("/")


def look_at(page: Page, address: str) -> list[str]:
    """What makes this page hard to use for some; of a file that is no page nothing."""
    page.set_viewport_size({"width": 360, "height": 740})
    page.emulate_media(color_scheme="light")
    try:
        answer = page.goto(address)
    except Error as error:
        if "Download is starting" in str(error):
            return []
        raise
    assert answer
    assert answer.ok, f"{address}: {answer.status}"
    if not answer.headers["content-type"].startswith("text/html"):
        return []
    violations = [("light", found) for found in Axe().run(page).response["violations"]]
    page.emulate_media(color_scheme="dark")
    # The checker is in the page by now; only colours differ.
    again = page.evaluate("axe.run({ runOnly: ['color-contrast'], resultTypes: ['violations'] })")
    violations += [("dark", found) for found in again["violations"]]
    found = [
        f"{address} ({scheme}): {violation['id']} at {', '.join(str(node['target']) for node in violation['nodes'])}"
        for scheme, violation in violations
        if violation["impact"] in ("serious", "critical")
    ]
    if page.evaluate("document.documentElement.scrollWidth") > 360:
        found.append(f"{address}: wider than a phone")
    return found
