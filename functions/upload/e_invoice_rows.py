"""Rows of module e-invoice: one row one invoice, or several product rows with one number one invoice."""

from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

import orjson

from invoicing.invoices import LineItem, normalise_number
from invoicing.issues import Issue, Severity
from invoicing.modules.e_invoice import ITEM_KEYS
from invoicing.money import MAX_RUPIAH, format_quantity, format_rupiah, round_half_up, take_share
from invoicing.notices import Channel
from upload.batches import Batch, Checks
from upload.duplicates import NumberRegister, report_same_number, warn_double_bills, warn_shared_contacts
from upload.plan_lines import Planned

MAX_PRODUCT_ROWS = 500
"""Product rows of one invoice (Jurnal's limit)."""
MAX_DRAFT_BYTES = 150 << 10
"""Of an invoice as JSON: DynamoDB takes items up to 400 KB, and an invoice is stored with more than its draft."""
_SURELY_SMALL = 100
"""So many product rows with the longest texts stay far below ``MAX_DRAFT_BYTES``."""
_PLANNED_AT_ONCE = 500

HEADER_KEYS = ("payer_name", "amount", "due_date", "whatsapp", "email", "sms")
"""What every invoice row states beside its number."""
_EXTRA_KEYS = (
    "description",
    "payer_code",
    "issue_date",
    "valid_until",
    "language",
    "branch",
    "internal_note",
    "erp_reference",
)
_CHANNEL_COLUMNS = {"send_email": Channel.EMAIL, "send_sms": Channel.SMS, "send_whatsapp": Channel.WHATSAPP}
_CONTACTS = {Channel.EMAIL: "email", Channel.WHATSAPP: "whatsapp", Channel.SMS: "sms"}


class _Stated(NamedTuple):
    """The header fields of one row; "" where the cell is empty."""

    payer_name: str
    amount: Any
    due_date: str
    whatsapp: str
    email: Any
    sms: str


class _ProductRow(NamedTuple):
    row: int
    number: str
    stated: _Stated
    extras: dict[str, Any]
    item: tuple[Any, ...]


class EInvoiceRows:
    def __init__(self, checks: Checks) -> None:
        self._checks = checks
        self._numbers = NumberRegister()
        self._groups: dict[str, list[_ProductRow]] = {}
        self._active_contacts = {_CONTACTS[channel] for channel in checks.channels}

    def check_batch(self, batch: Batch) -> None:
        products = batch.find_filled(ITEM_KEYS)
        self._report_missing(batch, products)
        self._check_products(batch, products)
        channels = self._choose_channels(batch)
        self._check_expiry(batch)
        if products:
            self._register_plain_rows(batch, products)
        else:
            self._numbers.add_batch(batch.rows, batch.column("number"))
        self._plan(batch, products, channels)

    def _report_missing(self, batch: Batch, products: set[int]) -> None:
        for position in batch.find_empty("number"):
            above = position - 1 if position in products and position - 1 in products else None
            code = "missing_value" if above is None else "product_row_without_number"
            batch.add(code, position, "number")
        for key in ("payer_name", "amount", "due_date"):
            for position in batch.find_empty(key):
                # Only the first product row of an invoice must state them; that is known at the end.
                if position not in products:
                    batch.add("missing_value", position, key)
        for position in batch.find_without_contact():
            if position not in products:
                self._checks.add_missing_contact(batch.rows[position])

    def _check_products(self, batch: Batch, products: set[int]) -> None:
        needed = ("item_name", "item_quantity", "item_unit_price")
        if products and _are_complete(*map(batch.column, needed)):
            return
        for position, item in enumerate(batch.zip_columns(needed)) if products else ():
            if position not in products:
                continue
            for key, value in zip(needed, item, strict=True):
                if value == "":
                    batch.add("item_incomplete", position, key)
            _, quantity, price = item
            if isinstance(quantity, Decimal) and isinstance(price, int) and quantity * price > MAX_RUPIAH:
                batch.add("amount_too_large", position, "item_unit_price", maximum=format_rupiah(MAX_RUPIAH))

    def _check_expiry(self, batch: Batch) -> None:
        if not batch.has_values("valid_until"):
            return
        due_dates = batch.column("due_date")
        for position, value in enumerate(batch.column("valid_until")):
            due = due_dates[position]
            if isinstance(value, tuple) and isinstance(due, str) and value[1] < due:
                batch.add("expiry_before_due", position, "valid_until", due_date=due)

    def _choose_channels(self, batch: Batch) -> dict[int, list[str]]:
        """Position -> the channels that the row asks for, where it says anything about them."""
        chosen: dict[int, list[str]] = {}
        for position in sorted(batch.find_filled(("channel", *_CHANNEL_COLUMNS))):
            named = batch.column("channel")[position]
            wanted = list(named) if isinstance(named, tuple) else []
            answers = {channel: batch.column(key)[position] for key, channel in _CHANNEL_COLUMNS.items()}
            for channel, answer in answers.items():
                if answer is True and channel not in wanted:
                    wanted.append(channel)
            if not wanted:
                wanted = list(self._checks.channels)
            for channel in wanted:
                if channel not in self._checks.channels:
                    key = next((key for key, c in _CHANNEL_COLUMNS.items() if c is channel), "channel")
                    column = "channel" if isinstance(named, tuple) and channel in named else key
                    batch.add("channel_not_active", position, column, channel=channel.value)
            chosen[position] = [channel.value for channel in wanted if answers[channel] is not False]
        return chosen

    def _register_plain_rows(self, batch: Batch, products: set[int]) -> None:
        plain = [position for position in range(len(batch.rows)) if position not in products]
        numbers = batch.column("number")
        self._numbers.add_batch([batch.rows[i] for i in plain], [numbers[i] for i in plain])

    def _plan(self, batch: Batch, products: set[int], channels: dict[int, list[str]]) -> None:
        bad_rows = self._checks.findings.bad_rows
        extra_keys = [key for key in _EXTRA_KEYS if batch.has_values(key)]
        stated = batch.zip_columns(HEADER_KEYS)
        extra_values = batch.zip_columns(extra_keys)
        planned = []
        items = batch.zip_columns(ITEM_KEYS)
        rows = zip(batch.rows, batch.column("number"), stated, extra_values, items, strict=True)
        for position, (row, number, fields, values, item) in enumerate(rows):
            is_product = position in products
            if row in bad_rows and not (is_product and isinstance(number, str) and number):
                continue
            extras = {key: value for key, value in zip(extra_keys, values, strict=True) if value}
            if position in channels:
                extras["channels"] = channels[position]
            if is_product:
                product = _ProductRow(row, number, _Stated(*fields), extras, item)
                group = self._groups.setdefault(normalise_number(number), [])
                if group:
                    self._compare(batch, position, group[0], product)
                group.append(product)
            else:
                planned.append(self._draft(row, number, fields, extras))
        self._checks.plan.add(planned)

    def _draft(self, row: int, number: str, stated: tuple[Any, ...], extras: dict[str, Any]) -> Planned:
        name, amount, due_date, whatsapp, emails, sms = stated
        recipient = {"name": name}
        contacts = [*emails]
        if emails:
            recipient["email"] = emails[0]
        if whatsapp:
            recipient["whatsapp"] = whatsapp
            contacts.append(whatsapp)
        if sms:
            recipient["sms"] = sms
            if sms != whatsapp:
                contacts.append(sms)
        draft: dict[str, Any] = {
            "number": number,
            "payer_name": name,
            "amount": amount,
            "due_date": due_date,
            "recipients": [recipient] if len(emails) < 2 else [recipient, {"name": name, "email": emails[1]}],
            **extras,
        }
        if "valid_until" in extras:
            draft["valid_until"] = extras["valid_until"][0]
        self._checks.warn_about_amount_and_date(row, amount, due_date)
        self._warn_about_channels(row, recipient, extras)
        return row, draft, bill_of(draft), payer_of(draft), contacts, []

    def _warn_about_channels(self, row: int, recipient: dict[str, str], extras: dict[str, Any]) -> None:
        checks = self._checks
        requested = extras.get("channels")
        if requested is None:
            if self._active_contacts.isdisjoint(recipient):
                checks.warn("no_notice", row)
            return
        without = [channel for channel in requested if _CONTACTS[Channel(channel)] not in recipient]
        if len(without) == len(requested):
            checks.warn("no_notice", row)
        else:
            for channel in without:
                checks.warn("channel_without_contact", row, channel=channel)

    def finish(self) -> None:
        checks = self._checks
        number_header = checks.headers["number"]
        planned: list[Planned] = []
        for key, rows in self._groups.items():
            plain = self._numbers.rows_of(key)
            if plain:
                same = sorted([(row, rows[0].number) for row in plain] + [(line.row, line.number) for line in rows])
                report_same_number(checks.findings, "duplicate_number", number_header, same)
            elif line := self._plan_group(rows):
                planned.append(line)
            if len(planned) == _PLANNED_AT_ONCE:
                checks.plan.add(planned)
                planned.clear()
        checks.plan.add(planned)
        self._numbers.report(checks.findings, "duplicate_number", number_header)
        warn_double_bills(checks.plan, checks.findings, bill_of)
        warn_shared_contacts(checks, payer_of)

    def _plan_group(self, rows: list[_ProductRow]) -> Planned | None:
        """The invoice of these rows; None if it is refused, and then every row of it is bad."""
        first = rows[0]
        self._check_first(first)
        if len(rows) > MAX_PRODUCT_ROWS:
            self._refuse_group("invoice_too_many_products", rows, maximum=MAX_PRODUCT_ROWS)
            return None
        items = self._build_items(rows)
        if not items:
            self._refuse_rest(rows)
            return None
        row, draft, bill, payer, contacts, _ = self._draft(first.row, first.number, first.stated, first.extras)
        draft["items"] = items
        if len(items) > _SURELY_SMALL and len(orjson.dumps(draft)) > MAX_DRAFT_BYTES:
            self._refuse_group("invoice_too_large", rows, maximum=MAX_DRAFT_BYTES >> 10)
            return None
        return row, draft, bill, payer, contacts, [line.row for line in rows[1:]]

    def _refuse_group(self, code: str, rows: list[_ProductRow], **params: Any) -> None:
        """An error on every row."""
        params |= {"number": rows[0].number, "rows": len(rows)}
        for line in rows:
            self._checks.findings.add(Issue(code, Severity.ERROR, line.row, params=params))
        self._checks.bad_rows_merged += len(rows) - 1

    def _refuse_rest(self, rows: list[_ProductRow]) -> None:
        """An error on the rows that have none of their own."""
        findings = self._checks.findings
        bad_row = next(line.row for line in rows if line.row in findings.bad_rows)
        params = {"number": rows[0].number, "bad_row": bad_row}
        for line in rows:
            if line.row not in findings.bad_rows:
                findings.add(Issue("invoice_has_bad_row", Severity.ERROR, line.row, params=params))
        self._checks.bad_rows_merged += len(rows) - 1

    def _check_first(self, first: _ProductRow) -> None:
        """What the first row of an invoice must say."""
        name, amount, due_date, *contacts = first.stated
        if name != "" and amount != "" and due_date != "" and any(contacts):
            return
        checks = self._checks
        for key, value in zip(HEADER_KEYS[:3], first.stated, strict=False):
            if value == "":
                checks.add("missing_value", first.row, key)
        if not (first.stated.whatsapp or first.stated.email or first.stated.sms):
            checks.add_missing_contact(first.row)

    def _build_items(self, rows: list[_ProductRow]) -> list[LineItem]:
        """The products; none if a row is bad or they do not add up to the invoice's amount."""
        checks = self._checks
        bad_rows = checks.findings.bad_rows
        if bad_rows and any(line.row in bad_rows for line in rows):
            return []
        items = [_build_item(*line.item) for line in rows]
        total = 0
        for line, item in zip(rows, items, strict=True):
            total += item["total"]
            if item["total"] < 0:
                checks.add("item_total_negative", line.row, "item_discount", missing=format_rupiah(-item["total"]))
        first = rows[0]
        amount = first.stated.amount
        if total != amount:
            params = {"total": format_rupiah(total), "amount": format_rupiah(amount)}
            checks.add("items_total_differs", first.row, "amount", str(amount), **params)
        return [] if bad_rows and any(line.row in bad_rows for line in rows) else items

    def _compare(self, batch: Batch, position: int, first: _ProductRow, line: _ProductRow) -> None:
        """A further row of an invoice repeats what the first one states, or leaves it out."""
        if line.stated == first.stated and line.extras == first.extras:
            return
        stated = [*zip(HEADER_KEYS, first.stated, line.stated, strict=True)]
        stated += [(key, first.extras.get(key, ""), value) for key, value in line.extras.items()]
        for key, first_value, value in stated:
            if isinstance(value, Exception) or isinstance(first_value, Exception):
                continue
            if value != "" and value != first_value:
                column = self._find_channel_column(first_value, value) if key == "channels" else key
                batch.add("product_row_differs", position, column, first_row=first.row)

    def _find_channel_column(self, *wishes: Sequence[str]) -> str:
        """The column that makes two rows ask for different channels."""
        unlike = set(wishes[0]) ^ set(wishes[1])
        answering = [key for key, channel in _CHANNEL_COLUMNS.items() if channel.value in unlike]
        return next(key for key in ("channel", *answering, *_CHANNEL_COLUMNS) if key in self._checks.headers)


_print_quantity = lru_cache(1000)(format_quantity)


def _are_complete(names: list[Any], quantities: list[Any], prices: list[Any]) -> bool:
    """True if no row can lack a part of its product or exceed the largest amount."""
    return (
        "" not in names
        and set(map(type, quantities)) == {Decimal}
        and set(map(type, prices)) == {int}
        and max(quantities) * max(prices) <= MAX_RUPIAH
    )


# A biller sells the same things again and again. Typed: 50 is rupiah, Decimal(50) is percent, yet they are equal.
@lru_cache(10_000, typed=True)
def _build_item(
    name: str, quantity: Decimal, unit_price: int, discount: int | Decimal | str, tax: int | Decimal | str
) -> LineItem:
    gross: Decimal = quantity * unit_price
    line: LineItem = {"name": name, "quantity": _print_quantity(quantity), "unit_price": unit_price, "total": 0}
    net = gross
    if not isinstance(discount, str):
        line["discount"] = take_share(gross, discount)
        net -= line["discount"]
    if not isinstance(tax, str):
        line["tax"] = take_share(net, tax)
        net += line["tax"]
    line["total"] = round_half_up(net)
    return line


def bill_of(draft: dict[str, Any]) -> tuple[Any, ...]:
    """Two invoices that agree in this ask the same payer for the same money on the same day."""
    payer = draft.get("payer_code")
    if not payer:
        recipient = draft["recipients"][0]
        payer = (
            draft["payer_name"].casefold(),
            recipient.get("whatsapp") or recipient.get("sms") or recipient.get("email"),
        )
    return payer, draft["amount"], draft["due_date"]


def payer_of(draft: dict[str, Any]) -> str:
    code: str | None = draft.get("payer_code")
    return code or draft["payer_name"].casefold()
