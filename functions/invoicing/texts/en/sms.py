"""Words of SMS: of the SMS alphabet (GSM-7) only, and short, since amount, account and link take most of the 160."""

TEXTS: dict[str, str] = {
    "payer": "you",
    "issued": "Bill from {biller} for {payer}: {amount}, due {due_date}. Pay to OCBC VA {va_number}.",
    "reminder_before": "Reminder from {biller} for {payer}: {amount}, due {due_date}. Pay to OCBC VA {va_number}.",
    "reminder_on": "Due today: {biller} for {payer}, {amount}, {due_date}. Pay to OCBC VA {va_number}.",
    "reminder_after": "{days} overdue: {biller} for {payer}, {amount}, due {due_date}. Pay to OCBC VA {va_number}.",
    "paid": "Paid, thank you: {biller} for {payer}, {amount}, due {due_date}, OCBC VA {va_number}.",
    "archived": "Cancelled, do not pay: {biller} for {payer}, {amount}, due {due_date}, OCBC VA {va_number}.",
}
