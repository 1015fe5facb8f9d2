"""Answers to the bank about one virtual account: at most 64 characters, free texts 32, bill details 18."""

TEXTS: dict[str, str] = {
    "accepted": "Success",
    "unknown_biller": "Biller not found",
    "not_found": "Bill not found",
    "archived": "Bill cancelled",
    "reversed": "Bill has a new number",
    "biller_suspended": "Biller is suspended",
    "expired": "Bill expired",
    "paid": "Bill has been paid",
    "wrong_amount": "Invalid amount",
    "inconsistent": "Request differs from the earlier one",
    "id_reused": "Request id was used before today",
    "not_told": "There is no payment of this id",
    "invalid_format": "Invalid format: {field}",
    "missing_field": "Mandatory field: {field}",
    "bill": "Bill",
    "date": "{day} {month} {year}",
    "due": "Due {date}",
    "valid_until": "Pay by {date} {time} WIB",
    "semester": "Semester {semester}",
}
