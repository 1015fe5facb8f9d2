"""Words of the WhatsApp templates. Changing one of an approved template needs a new name and a new approval."""

_DETAILS = (
    "For: {payer}\nSubject: {what}\nAmount: {amount}\nDue date: {due_date}\nOCBC Virtual Account number: {va_number}"
)
_IGNORE = "Please ignore this message if the bill is already paid."
_RECEIPT = (
    "For: {payer}\nSubject: {what}\nAmount paid: {amount}\nPaid on: {paid_on}\nPaid by: {paid_by}\n"
    "Bank reference: {reference}\nOCBC Virtual Account number: {va_number}"
)

TEXTS: dict[str, str] = {
    "nobody": "Sir or Madam",
    "overdue": "{due_date} ({days} overdue)",
    "no_replacement": "none yet",
    "issued": (
        f"Dear {{name}}, this is a bill from {{biller}}.\n\n{_DETAILS}\n\n"
        "Pay exactly the amount above by OCBC mobile, internet banking, ATM, or another bank."
    ),
    "issued.brief": f"New bill for {{name}} from {{biller}}.\n\n{_DETAILS}\n\nPlease pay exactly the amount above.",
    "reissued": (
        f"Dear {{name}}, this is a replacement bill from {{biller}}.\n\n{_DETAILS}\n\n"
        "It replaces the earlier one. The old VA number {replaced} is closed; please do not pay to it."
    ),
    "reminder_before_friendly": (
        f"Dear {{name}}, a friendly reminder that the bill from {{biller}} is due soon.\n\n{_DETAILS}\n\n"
        f"Thank you. {_IGNORE}"
    ),
    "reminder_before_neutral": (
        f"Dear {{name}}, we remind you that the bill from {{biller}} is due soon.\n\n{_DETAILS}\n\n{_IGNORE}"
    ),
    "reminder_before_firm": (
        f"Dear {{name}}, the bill from {{biller}} is not paid yet. Please pay it before it is due.\n\n{_DETAILS}\n\n"
        f"{_IGNORE}"
    ),
    "reminder_on_friendly": (
        f"Dear {{name}}, a friendly reminder that the bill from {{biller}} is due today.\n\n{_DETAILS}\n\n"
        f"Thank you. {_IGNORE}"
    ),
    "reminder_on_neutral": f"Dear {{name}}, the bill from {{biller}} is due today.\n\n{_DETAILS}\n\n{_IGNORE}",
    "reminder_on_firm": (
        f"Dear {{name}}, today is the last day to pay the bill from {{biller}}. Please pay it today.\n\n"
        f"{_DETAILS}\n\n{_IGNORE}"
    ),
    "reminder_after_friendly": (
        f"Dear {{name}}, perhaps it was overlooked: the bill from {{biller}} is overdue.\n\n{_DETAILS}\n\n"
        f"Thank you. {_IGNORE}"
    ),
    "reminder_after_neutral": f"Dear {{name}}, the bill from {{biller}} is overdue.\n\n{_DETAILS}\n\n{_IGNORE}",
    "reminder_after_firm": (
        f"Dear {{name}}, we have not received the payment of the bill from {{biller}}, and it is overdue. "
        f"Please pay it without delay.\n\n{_DETAILS}\n\n{_IGNORE}"
    ),
    "paid": (
        f"Dear {{name}}, the payment of the bill from {{biller}} has been received. It is fully paid.\n\n{_RECEIPT}\n\n"
        "There is nothing more to pay."
    ),
    "paid.warm": (
        f"Thank you, {{name}}! Your payment for {{biller}} has arrived safely.\n\n{_RECEIPT}\n\n"
        "This bill is fully paid, there is nothing more to pay."
    ),
    "archived": (
        "Dear {name}, this bill from {biller} has been cancelled. Please ignore it and do not pay it.\n\n"
        "For: {payer}\nSubject: {what}\nAmount: {amount}\n"
        "Cancelled OCBC VA number: {va_number}\nReplaced by VA number: {replacement}\n\n"
        "If there is a replacement bill, you receive a new notice of it."
    ),
    "footer": "OCBC never asks for your PIN, OTP or password.",
    "button": "Open the bill page",
}
