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
    "files_expired": "The files of this upload were deleted at the end of their retention.",
    "upload_outdated": "An invoice could no longer be paid since {detail}; reject this upload and upload a new file.",
    "busy": "Many uploads are being released at once; try again in a moment.",
    "filename": "This file name cannot be used: {detail}.",
    "suppression_not_found": "There is no such suppressed address.",
    "report_request": "This report cannot be made; check: {detail}.",
    "report_not_found": "There is no such report.",
    "schedule_not_found": "There is no such report schedule, or it has ended.",
    "too_many_reports": "There are {detail} reports or schedules already, which is the limit; wait, or end one.",
    "settlement_format": "This form of the bank's file cannot be used; check: {detail}.",
    "reconciliation_not_found": "There is no such reconciliation.",
    "settled_line_not_found": "There is no such line.",
    "settled_line_state": "This step is not possible now: {detail}.",
    "same_person_money": "Whoever approves must not be the one who proposed.",
}
