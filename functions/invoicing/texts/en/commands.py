"""Answers to commands that are refused."""

TEXTS = {
    "bad_command": "The command is incomplete or unknown: {detail}.",
    "biller_not_found": "No business is registered under this code.",
    "biller_not_active": "The business account is not active or is suspended; ask the bank.",
    "upload_not_found": "There is no such upload.",
    "upload_state": "This step is not possible now: {detail}.",
    "same_person": "A second person has to do this, not the one who started it.",
    "decided_elsewhere": "A second person decides in the dashboard or by the API, where it is known who that is.",
    "warnings_not_acknowledged": "Some warnings are not acknowledged yet: {detail}.",
    "virtual_accounts_used_up": "Company code {detail} has no virtual account numbers left; ask the bank.",
    "notice_policy": (
        "These notice settings cannot be used: {detail}. Write times as HH:MM; reminders are at most 10 different "
        "days, in order, from -60 to 60 days from the due date; a ladder has at least two different channels, with "
        "minutes to wait of 0, or from 5 (WhatsApp), 15 (e-mail), 4320 (SMS) to 10080."
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
    "files_expired": "The files of this upload were deleted at the end of their retention.",
    "upload_outdated": "An invoice could no longer be paid since {detail}; reject this upload and upload a new file.",
    "busy": "Many uploads are being released at once; try again in a moment.",
    "filename": "This file name cannot be used: {detail}.",
    "wording": "These words or choices cannot be used: {detail}.",
    "wording_changed": "Somebody changed the wording meanwhile; look at the newest first, then try again.",
    "suppression_not_found": "There is no such suppressed address.",
    "report_request": "This report cannot be made; check: {detail}.",
    "report_not_found": "There is no such report.",
    "schedule_not_found": "There is no such report schedule, or it has ended.",
    "too_many_reports": "There are {detail} reports or schedules already, which is the limit; wait, or end one.",
    "settlement_format": "This form of the bank's file cannot be used; check: {detail}.",
    "reconciliation_not_found": "There is no such reconciliation.",
    "settled_line_not_found": "There is no such line.",
    "settled_line_state": "This step is not possible now: {detail}.",
    "changed_meanwhile": "Somebody else has just changed this; look at it and try again.",
    "notice_not_found": "There is no such notice.",
    "notice_not_resendable.invoice_paid": "Not sent again: its invoice is paid.",
    "notice_not_resendable.invoice_archived": "Not sent again: its invoice is archived.",
    "notice_not_resendable.invoice_expired": "Not sent again: its invoice can no longer be paid.",
    "notice_not_resendable.invoice_open": "Not sent again: its invoice is open.",
    "notice_not_resendable.due_date_extended": "Not sent again: its due date was put off. A new reminder follows.",
    "notice_not_resendable.suppressed": "Not sent again: its address is suppressed. Lift the suppression first.",
    "notice_not_resendable.recipient_removed": "Not sent again: the invoice no longer names this address.",
    "notice_not_resendable.under_way": "Not sent again: it is still being sent.",
    "notice_not_resendable.sent_since": "Not sent again: it was sent once more since it failed.",
    "notice_not_resendable.too_often": "Not sent again: this message went to this address ten times already.",
    "notice_not_resendable.endpoint_off": "Not sent again: this webhook is not active. Enable it first.",
    "notice_not_resendable.event": "Events for the bank's core are replayed from the bank's archive, not from here.",
    "notice_not_resendable.busy": "Not sent again: others are having it sent again just now. Please try again.",
    "notice_not_resendable.defect": "Not sent again: its record cannot be read. Please tell the bank.",
    "resend_period": "Nothing can be sent again for this period: {detail}. Choose 1 to 31 days that have begun.",
    "webhook_address.url": "The webhook's address is no valid URL.",
    "webhook_address.https": "The webhook's address must begin with https://.",
    "webhook_address.host": "The webhook's address needs a public domain name, without IP address, user name or #.",
    "webhook_address.port": "The port of the webhook's address must be 443, or 1024 or above.",
    "webhook_address.path": "The path of the webhook's address has characters that are not allowed.",
    "webhook_exists": "{detail} has an active webhook already.",
    "webhook_limit": "A business may have at most {detail} active webhooks.",
    "webhook_not_found": "There is no such webhook.",
    "bank_client_not_found": "There is no bank client {detail}.",
    "bank_client_exists": "{detail} belongs to another bank client already.",
    "bank_client_invalid": "This setting of a bank client cannot be used: {detail}.",
    "rotation": "Keys cannot be changed now: {detail}.",
    "rotation.two_keys": "There are two public keys already; end that change first.",
    "rotation.same_key": "The bank has this public key already.",
    "rotation.no_key_change": "There is but one public key: no change is going on.",
    "rotation.no_secret": "This bank signs with its own key and has no secret.",
    "rotation.two_secrets": "A change of the secret is going on already; end it first.",
    "rotation.no_secret_change": "No change of the secret is going on.",
    "rotation.not_made": "The new secret was never made: keep the old one, or approve its change again.",
    "rotation.token_keys_rest": "The keys of access tokens were changed just before; wait 30 minutes between changes.",
    "rotation.changed": "The client was changed by somebody else just now; look at it and try again.",
    "bank_change_unfinished": "Approved, but not carried out yet. Approve it again to go on.",
    "bank_call_not_found": "There is no call {detail} of a bank, or it has expired.",
}
