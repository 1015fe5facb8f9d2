"""Answers to commands that are refused."""

TEXTS = {
    "bad_command": "The command is incomplete or unknown: {detail}.",
    "biller_not_found": "No business is registered under this code.",
    "biller_not_active": "The business account is not active or is suspended; ask the bank.",
    "upload_not_found": "There is no such upload.",
    "upload_state": "This step is not possible now: {detail}.",
    "same_person": "Whoever releases an upload must not be the one who uploaded it.",
    "warnings_not_acknowledged": "Some warnings are not acknowledged yet: {detail}.",
    "virtual_accounts_used_up": "Company code {detail} has no virtual account numbers left; ask the bank.",
    "notice_policy": (
        "These notice settings cannot be used: {detail}. Write times as HH:MM; reminders are at most 10 different "
        "days, in order, from -60 to 60 days from the due date."
    ),
    "sending_time": (
        'The notices cannot go out at "{detail}". Give in_hours, now, or a time with its offset such as '
        "2026-11-24T09:00:00+07:00 that has not passed and is at most 30 days ahead."
    ),
    "invoice_not_found": "There is no such invoice.",
    "invoice_state": "This step is not possible for this invoice now: {detail}.",
    "invoice_changed": "Invoice {detail} has changed since you looked at it; load it again, then decide again.",
    "inquired_recently": (
        "Somebody has just looked up invoice {detail} at a bank and may be paying it. Make sure, then archive it "
        "with a confirmation."
    ),
    "due_date": (
        "These dates cannot be used: {detail}. A due date can only be put off, is never before today, and the "
        "validity must not end before it."
    ),
    "contact": "This contact cannot be used: {detail}.",
    "outside_payment": (
        "This payment outside the VA cannot be recorded: {detail}. Its amount must be what is due, and its time in "
        "the past."
    ),
    "two_people": "Money is posted or reversed by two people: {detail} must be approved by somebody else.",
    "cursor": "This page marker is not of this list; start again from the first page.",
    "invoice_busy": "Others are changing this invoice; try again in a moment.",
    "invoice_rows": "This list of invoices cannot be read: {detail}.",
    "idempotency_key": "Key {detail} was used for another content before; use a new one.",
    "files_expired": "The files of this upload were deleted at the end of their retention.",
    "upload_outdated": "An invoice could no longer be paid since {detail}; reject this upload and upload a new file.",
    "busy": "Many uploads are being released at once; try again in a moment.",
    "filename": "This file name cannot be used: {detail}.",
    "suppression_not_found": "There is no such suppressed address.",
}
