import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoicing.errors import VirtualAccountRangeError
from invoicing.virtual_accounts import (
    build_va_number,
    compute_check_digit,
    count_sequence_numbers,
    is_valid_number,
)

company_codes = st.text("0123456789", min_size=5, max_size=5)
sequences = st.integers(min_value=0, max_value=10**10 - 1)


def test_published_damm_example_has_its_check_digit() -> None:
    # The worked example of the Damm article: 572 -> 4.
    assert compute_check_digit("572") == "4"
    assert is_valid_number("5724")


@given(company_codes, sequences)
def test_built_number_is_valid_and_has_the_length_of_its_parts(company_code: str, sequence: int) -> None:
    number = build_va_number(company_code, sequence, 11)
    assert len(number) == 16
    assert number.startswith(company_code)
    assert is_valid_number(number)


@given(company_codes, sequences, st.integers(0, 15), st.integers(1, 9))
def test_any_wrong_digit_is_noticed(company_code: str, sequence: int, place: int, shift: int) -> None:
    number = build_va_number(company_code, sequence, 11)
    wrong = str((int(number[place]) + shift) % 10)
    assert not is_valid_number(number[:place] + wrong + number[place + 1 :])


@given(company_codes, sequences, st.integers(0, 14))
def test_any_swap_of_neighbours_is_noticed(company_code: str, sequence: int, place: int) -> None:
    number = build_va_number(company_code, sequence, 11)
    swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    assert swapped == number or not is_valid_number(swapped)


@given(company_codes, st.lists(sequences, unique=True, min_size=2, max_size=50))
def test_different_bills_never_share_a_number(company_code: str, bills: list[int]) -> None:
    numbers = {build_va_number(company_code, sequence, 11) for sequence in bills}
    assert len(numbers) == len(bills)


@given(st.sampled_from(["8808a12345678901", "", "٣" * 16, "880 012345678901", "-1"]))
def test_anything_but_ascii_digits_is_invalid(text: str) -> None:
    assert not is_valid_number(text)


@pytest.mark.parametrize("sequence", [-1, 10**10])
def test_sequence_outside_the_company_codes_range_is_refused(sequence: int) -> None:
    assert count_sequence_numbers(11) == 10**10
    with pytest.raises(VirtualAccountRangeError):
        build_va_number("88081", sequence, 11)
