"""Virtual account numbers: company code + customer number, whose last digit is a Damm check digit over the whole.

Many school fees are equal amounts, so a mistyped or transposed VA number must not find another family's bill: the Damm
digit catches every single wrong digit and every swap of neighbours.
"""

from enum import StrEnum

from invoicing.errors import VirtualAccountRangeError

# H. M. Damm, "Total anti-symmetrische Quasigruppen" (2004): the weakly totally anti-symmetric quasigroup of order 10.
_DAMM: tuple[tuple[int, ...], ...] = (
    (0, 3, 1, 7, 5, 9, 8, 6, 4, 2),
    (7, 0, 9, 2, 1, 5, 4, 8, 6, 3),
    (4, 2, 0, 6, 8, 7, 1, 3, 5, 9),
    (1, 7, 5, 0, 9, 8, 3, 4, 2, 6),
    (6, 1, 2, 3, 0, 4, 5, 9, 7, 8),
    (3, 6, 7, 4, 2, 0, 9, 5, 8, 1),
    (5, 8, 6, 9, 7, 2, 0, 1, 3, 4),
    (8, 9, 4, 5, 3, 6, 2, 0, 1, 7),
    (9, 4, 3, 8, 6, 1, 7, 2, 0, 5),
    (2, 5, 8, 1, 4, 3, 6, 7, 9, 0),
)


class VirtualAccountState(StrEnum):
    OPEN = "open"
    PAID = "paid"
    CLOSED = "closed"
    """The number stays taken for ever, no payment is accepted; ``ClosedReason`` says why."""


class ClosedReason(StrEnum):
    """Why an account was closed: its ``closed_reason``."""

    ARCHIVED = "archived"
    PAID_OUTSIDE = "paid_outside"
    PAYMENT_REVERSED = "payment_reversed"


def compute_check_digit(digits: str) -> str:
    """The Damm digit that makes ``digits + result`` valid."""
    interim = 0
    for digit in digits:
        interim = _DAMM[interim][int(digit)]
    return str(interim)


def is_valid_number(va_number: str) -> bool:
    return va_number.isascii() and va_number.isdigit() and compute_check_digit(va_number) == "0"


def count_sequence_numbers(customer_number_digits: int) -> int:
    """How many VA numbers a company code has: all customer digits but the check digit count up."""
    return int(10 ** (customer_number_digits - 1))


def build_va_number(company_code: str, sequence: int, customer_number_digits: int) -> str:
    """The VA number of the ``sequence``-th bill (from 0) of a company code.

    Raises VirtualAccountRangeError when the company code has no such number.
    """
    if not 0 <= sequence < count_sequence_numbers(customer_number_digits):
        raise VirtualAccountRangeError(company_code)
    body = f"{company_code}{sequence:0{customer_number_digits - 1}d}"
    return body + compute_check_digit(body)
