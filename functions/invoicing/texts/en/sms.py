"""Words of SMS: of the SMS alphabet (GSM-7) only, and short, since amount, account and link take most of the 160.

The ``brief`` form is for what does not fit otherwise: long names, long facts, a link.
"""

TEXTS: dict[str, str] = {
    "payer": "you",
    "issued": "Bill from {biller} for {payer}: {amount}, due {due_date}. Pay to OCBC VA {va_number}.",
    "issued.brief": "Bill {biller} for {payer} {amount} due {due_date} OCBC VA {va_number}",
    "reissued": (
        "Replacement bill from {biller} for {payer}: {amount}, due {due_date}. Pay to OCBC VA {va_number}, "
        "not the old VA."
    ),
    "reissued.brief": "Replacement bill {biller} for {payer} {amount} due {due_date} OCBC VA {va_number}",
    "reminder_before_friendly": (
        "Reminder from {biller} for {payer}: {amount}, due {due_date}. Pay to OCBC VA {va_number}. Thank you."
    ),
    "reminder_before_neutral": (
        "Reminder from {biller} for {payer}: {amount}, due {due_date}. Pay to OCBC VA {va_number}."
    ),
    "reminder_before_firm": (
        "Please pay before {due_date}: bill from {biller} for {payer}, {amount}. OCBC VA {va_number}."
    ),
    "reminder_before.brief": "Reminder {biller} for {payer} {amount} due {due_date} OCBC VA {va_number}",
    "reminder_on_friendly": (
        "Due today: {biller} for {payer}, {amount}, {due_date}. Pay to OCBC VA {va_number}. Thank you."
    ),
    "reminder_on_neutral": "Due today: {biller} for {payer}, {amount}, {due_date}. Pay to OCBC VA {va_number}.",
    "reminder_on_firm": "Please pay today, {due_date}: {biller} for {payer}, {amount}. OCBC VA {va_number}.",
    "reminder_on.brief": "Due today {biller} for {payer} {amount} {due_date} OCBC VA {va_number}",
    "reminder_after_friendly": (
        "Perhaps overlooked ({days}): {biller} for {payer}, {amount}, due {due_date}. Pay to OCBC VA {va_number}."
    ),
    "reminder_after_neutral": (
        "{days} overdue: {biller} for {payer}, {amount}, due {due_date}. Pay to OCBC VA {va_number}."
    ),
    "reminder_after_firm": (
        "{days} overdue, please pay without delay: {biller} for {payer}, {amount}, due {due_date}. OCBC VA {va_number}."
    ),
    "reminder_after.brief": "{days} overdue {biller} for {payer} {amount} due {due_date} OCBC VA {va_number}",
    "paid": (
        "Paid, thank you: {biller} for {payer}, {amount}, paid {paid_on}, OCBC VA {va_number}{reference}. "
        "Nothing more to pay."
    ),
    "paid.reference": ", ref {reference}",
    "paid.brief": "Fully paid: {biller} for {payer} {amount} on {paid_on} OCBC VA {va_number}",
    "archived": (
        "DO NOT PAY the bill from {biller} for {payer}, {amount}, OCBC VA {va_number}: cancelled{replacement}."
    ),
    "archived.replacement": ", now VA {va_number}",
    "archived.brief": "Cancelled, do not pay: {biller} for {payer} OCBC VA {va_number}{replacement}",
}
