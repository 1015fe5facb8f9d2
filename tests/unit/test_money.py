from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoicing.money import (
    MAX_RUPIAH,
    format_quantity,
    format_rupiah,
    parse_quantity,
    parse_reduction,
    parse_rupiah,
    round_half_up,
    take_share,
)
from invoicing.typed_text import InvalidValueError

amounts = st.integers(min_value=1, max_value=MAX_RUPIAH)


def _dots(amount: int) -> str:
    return f"{amount:,}".replace(",", ".")


WRITTEN = [
    str,
    int,
    float,
    _dots,
    lambda amount: f"{amount:,}",
    lambda amount: f"{amount:,}.00",
    lambda amount: f"{_dots(amount)},00",
    lambda amount: f"Rp {_dots(amount)}",
    lambda amount: f"Rp{_dots(amount)},-",
    lambda amount: f"Rp. {_dots(amount)},--",
    lambda amount: f"IDR {amount}",
    lambda amount: f"{_dots(amount)} rupiah",
    lambda amount: f"\u00a0Rp\u00a0{_dots(amount)}\u200b ",
    lambda amount: f"{amount:,}".replace(",", "\u00a0"),
    format_rupiah,
]


@given(amounts, st.sampled_from(WRITTEN))
def test_amount_however_written_reads_as_itself(amount, write):
    assert parse_rupiah(write(amount)) == amount


@given(st.text(max_size=20))
def test_any_text_is_an_amount_in_range_or_refused(text):
    try:
        amount = parse_rupiah(text)
    except InvalidValueError:
        return
    assert 1 <= amount <= MAX_RUPIAH
    # Nothing but the digits of the amount (and zero cents) was in the text.
    digits = "".join(filter(str.isdigit, text))
    assert digits in (str(amount), f"{amount}0", f"{amount}00")


@given(st.floats() | st.integers())
def test_any_number_is_the_same_amount_or_refused(number):
    try:
        amount = parse_rupiah(number)
    except InvalidValueError:
        return
    assert abs(amount - number) < 0.5
    assert 1 <= amount <= MAX_RUPIAH


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("1,5", "amount_decimals"),
        ("1.500.000,50", "amount_decimals"),
        (1500.5, "amount_decimals"),
        ("-1.000", "amount_negative"),
        ("(1.000)", "amount_negative"),
        (-5.0, "amount_negative"),
        (0.0, "amount_zero"),
        ("Rp 0", "amount_zero"),
        (1e13, "amount_too_large"),
        ("123456789012345678", "amount_too_large"),
        ("1,5E+06", "amount_scientific"),
        ("1,5 juta", "amount_in_words"),
        ("500rb", "amount_in_words"),
        (True, "amount_not_number"),
        (float("nan"), "amount_not_number"),
        (float("inf"), "amount_not_number"),
        ("1.50.000", "amount_not_number"),
        ("081234567890", "amount_not_number"),
        ("lunas", "amount_not_number"),
        ("10%", "amount_not_number"),
        (date(2026, 1, 1), "amount_is_date"),
    ],
)
def test_cell_that_is_no_amount_is_refused_with_its_reason(cell, code):
    with pytest.raises(InvalidValueError) as caught:
        parse_rupiah(cell)
    assert caught.value.code == code


def test_dot_before_three_digits_groups_thousands():
    assert parse_rupiah("1.500") == parse_rupiah("1,500") == 1500


def test_binary_noise_behind_fifteen_digits_is_not_a_fraction():
    assert parse_rupiah(100 * 1.1) == 110


@pytest.mark.parametrize("cell", ["10%", "10 %", "10,0%", 0.1, "10 persen"])
def test_percentage_in_any_form_is_a_decimal(cell):
    assert parse_reduction(cell) == Decimal(10)
    assert isinstance(parse_reduction(cell), Decimal)


@pytest.mark.parametrize("cell", [1.0, "1", 10.0, "99"])
def test_small_bare_number_is_too_ambiguous_to_take(cell):
    with pytest.raises(InvalidValueError) as caught:
        parse_reduction(cell)
    assert caught.value.code == "reduction_ambiguous"


def test_small_amount_with_currency_is_taken():
    assert parse_reduction("Rp 50") == 50


@given(st.integers(min_value=0, max_value=10**12), st.decimals(min_value=0, max_value=100, places=2))
def test_share_rounds_half_up_and_never_exceeds_the_amount(amount, percent):
    share = take_share(amount, percent)
    exact = Decimal(amount) * percent / 100
    assert 0 <= share <= amount
    assert share - Decimal("0.5") <= exact < share + Decimal("0.5")


def test_half_a_rupiah_rounds_up():
    assert [round_half_up(Decimal(text)) for text in ("0.5", "1.5", "2.5", "2.49")] == [1, 2, 3, 2]


@given(st.decimals(min_value="0.01", max_value=10**6, places=2))
def test_quantity_round_trips_with_comma_or_point(quantity):
    text = format_quantity(quantity)
    if len(text.partition(".")[2]) != 3:
        assert parse_quantity(text) == parse_quantity(text.replace(".", ",")) == quantity


@pytest.mark.parametrize("cell", ["1.500", "0", "-1", "2 pcs", True, float("inf"), float("nan"), 1e12, "", None])
def test_cell_that_is_no_quantity_is_refused(cell):
    with pytest.raises(InvalidValueError):
        parse_quantity(cell)
