import phonenumbers
import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given
from hypothesis import strategies as st

from invoicing.contacts import parse_common_emails, parse_common_phones, parse_emails, parse_phone
from invoicing.typed_text import InvalidValueError

national = st.from_regex(r"8[1-35-9][0-9]{7,10}", fullmatch=True)

WRITTEN = [
    lambda digits: f"0{digits}",
    lambda digits: digits,
    lambda digits: f"62{digits}",
    lambda digits: f"+62{digits}",
    lambda digits: f"+62 {digits[:3]}-{digits[3:7]}-{digits[7:]}",
    lambda digits: f"(0{digits[:3]}) {digits[3:7]}.{digits[7:]}",
    lambda digits: f"+62 (0) {digits}",
    lambda digits: f"0062{digits}",
    lambda digits: f"\u202a+62\u00a0{digits}\u200b",
    lambda digits: f"'0{digits}",
    lambda digits: f"WA: 0{digits}",
    lambda digits: float(digits),
    lambda digits: float(f"62{digits}"),
    lambda digits: int(digits),
]


@given(national, st.sampled_from(WRITTEN))
def test_indonesian_mobile_however_written_becomes_e164(digits, write):
    assert parse_phone(write(digits)) == f"+62{digits}"


@given(st.text(alphabet="0123456789+-. ()/", max_size=18) | st.text(max_size=18) | st.integers() | st.floats())
def test_accepted_phone_is_a_possible_mobile_number(cell):
    try:
        phone = parse_phone(cell)
    except InvalidValueError:
        return
    number = phonenumbers.parse(phone)
    assert phonenumbers.is_valid_number(number)
    assert phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) == phone


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("(021) 5551234", "phone_landline"),
        ("+62 21 555 1234", "phone_landline"),
        ("6,28123E+12", "phone_digits_lost"),
        ("8.1E+10", "phone_digits_lost"),
        ("081234567890 / 081334567890", "phone_several"),
        ("0812-3456-7890 atau 0813-3456-7890", "phone_several"),
        ("0812345", "phone_invalid"),
        ("0812 3456 789O", "phone_invalid"),
        ("6591234567", "phone_invalid"),
        (True, "phone_invalid"),
        (float("nan"), "phone_invalid"),
        (81234567890.5, "phone_invalid"),
    ],
)
def test_phone_that_cannot_be_messaged_is_refused_with_its_reason(cell, code):
    with pytest.raises(InvalidValueError) as caught:
        parse_phone(cell)
    assert caught.value.code == code


def test_scientific_text_with_all_its_digits_is_taken():
    assert parse_phone("6,281234567890E+12") == "+6281234567890"


@pytest.mark.parametrize(("cell", "phone"), [("+65 9123 4567", "+6591234567"), ("0060123456789", "+60123456789")])
def test_foreign_mobile_is_taken_with_its_country_code(cell, phone):
    assert parse_phone(cell) == phone


@given(st.emails())
def test_accepted_address_satisfies_a_strict_validator_and_is_one_line(address):
    try:
        (parsed,) = parse_emails(address)
    except InvalidValueError:
        return
    assert (
        validate_email(parsed, check_deliverability=False, test_environment=True).ascii_email.lower() == parsed.lower()
    )


@given(st.text(alphabet="ab.@-_+,; <>\n\r\"'é", max_size=25))
def test_no_accepted_garbage(cell):
    try:
        parsed = parse_emails(cell)
    except InvalidValueError:
        return
    for address in parsed:
        assert address.isprintable()
        assert not set(address) & set(' ,;<>\r\n"')
        try:
            validate_email(address, check_deliverability=False, test_environment=True)
        except EmailNotValidError as error:
            pytest.fail(f"{address}: {error}")


@given(
    st.from_regex(
        r"[a-z0-9]{1,10}([.+_-][a-z0-9]{1,5}){0,2}@[a-z][a-z0-9]{0,8}(-[a-z0-9]{1,4})?\.(com|co\.id|sch\.id)",
        fullmatch=True,
    )
)
def test_plain_address_is_taken_as_it_is(address):
    assert parse_emails(address) == (address,)


@pytest.mark.parametrize(
    ("cell", "addresses"),
    [
        ("a@b.co, c@d.co;", ("a@b.co", "c@d.co")),
        ("a@b.co; a@b.co", ("a@b.co",)),
        ("mailto:a@B.CO", ("a@b.co",)),
        ("Budi Santoso <a@b.co>", ("a@b.co",)),
        (" a@b.co. ", ("a@b.co",)),
        ("a@b.co\n", ("a@b.co",)),
        ("a@münchen.de", ("a@xn--mnchen-3ya.de",)),
        ("Nama.Depan@Contoh.CO.ID", ("Nama.Depan@contoh.co.id",)),
    ],
)
def test_odd_forms_are_understood(cell, addresses):
    assert parse_emails(cell) == addresses


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("a@b.co\nBcc: x@y.zz", "email_line_break"),
        ("a@b.co\r\nx@y.zz", "email_line_break"),
        ("a@b.co,b@b.co,c@b.co", "email_too_many"),
        ("budi @b.co", "email_invalid"),
        ("budi@b", "email_invalid"),
        ("Budi, S.Pd <a@b.co>", "email_invalid"),
        ("büdi@b.co", "email_non_ascii"),
        (812.0, "email_invalid"),
    ],
)
def test_address_that_cannot_be_sent_to_is_refused_with_its_reason(cell, code):
    with pytest.raises(InvalidValueError) as caught:
        parse_emails(cell)
    assert caught.value.code == code


COMMON_CELLS = st.lists(
    st.sampled_from(["", "081234567890", "0813456789", "a@b.co", "a.b+c@d-e.co.id", "a@b", "a@b.c", "A@b.co", 8.1e10])
    | st.sampled_from(
        [
            "081234567890\n",
            "081234567890\n081234567891",
            "\n",
            "a@b.co\n",
            "a@b.co\nc@d.co",
            "08123",
            "x" * 70 + "@b.co",
        ]
    ),
    min_size=1,
    max_size=4,
)


@given(COMMON_CELLS)
def test_common_cell_is_read_as_it_would_be_alone_and_any_other_left_for_later(cells):
    for read_column, read_cell in ((parse_common_phones, parse_phone), (parse_common_emails, parse_emails)):
        for cell, value in zip(cells, read_column(cells), strict=True):
            if value is not None:
                assert value == (read_cell(cell) if cell != "" else "")


def test_plain_columns_are_read_at_once():
    assert parse_common_phones(["081234567890", ""]) == ["+6281234567890", ""]
    assert parse_common_emails(["a@b.co", "", "A <a@b.co>"]) == [("a@b.co",), "", None]
