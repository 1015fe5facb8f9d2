"""Words of the dashboard where a school says it in another way; keys of ``dashboard`` and ``biller_pages``."""

TEXTS: dict[str, str] = {
    "nav.uploads": "Fee uploads",
    "nav.invoices": "Student fees",
    "uploads.new": "Upload student fees",
    "sample.what": "See what the guardians of this upload will receive, before it is released.",
    "invoice.payer": "Student",
    "invoice.payer_code": "NIS",
    "invoice.all_of_payer": "All fees of this student",
    "invoices.of_payer": "All fees of this student:",
    "invoice.recipients": "Guardians",
    "invoice.recipient": "Guardian {count}",
    "invoice.branch": "Unit",
    "invoice.item": "Fee",
    "invoice.archive.notify": "Tell the guardians not to pay",
    "invoice.resend.text": "Every guardian of this student gets the bill once more.",
    "invoices.many.resend_text": "Every guardian gets the bill once more, right now.",
}
