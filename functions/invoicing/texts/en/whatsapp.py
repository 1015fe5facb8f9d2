"""Words of the WhatsApp templates. Changing one of an approved template needs a new name and a new approval."""

_DETAILS = (
    "For: {payer}\nSubject: {what}\nAmount: {amount}\nDue date: {due_date}\nOCBC Virtual Account number: {va_number}"
)

TEXTS: dict[str, str] = {
    "nobody": "Sir or Madam",
    "overdue": "{due_date} ({days} overdue)",
    "issued": (
        f"Dear {{name}}, this is a bill from {{biller}}.\n\n{_DETAILS}\n\n"
        "Pay exactly this amount by OCBC mobile, internet banking, ATM or another bank."
    ),
    "reminder_before": (
        f"Dear {{name}}, this is a reminder that your bill from {{biller}} is due soon.\n\n{_DETAILS}\n\n"
        "Please ignore this message if the bill is already paid."
    ),
    "reminder_on": (
        f"Dear {{name}}, your bill from {{biller}} is due today.\n\n{_DETAILS}\n\n"
        "Please ignore this message if the bill is already paid."
    ),
    "reminder_after": (
        f"Dear {{name}}, we have not received the payment of your bill from {{biller}}, which is past its due date.\n\n"
        f"{_DETAILS}\n\nPlease ignore this message if the bill is already paid."
    ),
    "paid": (
        f"Dear {{name}}, thank you. This bill from {{biller}} has been paid.\n\n{_DETAILS}\n\n"
        "There is nothing more to pay."
    ),
    "archived": (
        f"Dear {{name}}, this bill from {{biller}} was cancelled. Please do not pay it.\n\n{_DETAILS}\n\n"
        "If another bill replaces it, you receive a new message."
    ),
    "footer": "OCBC never asks for your PIN, OTP or password.",
}
