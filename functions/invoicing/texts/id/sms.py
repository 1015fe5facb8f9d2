"""Words of SMS: of the SMS alphabet (GSM-7) only, and short, since amount, account and link take most of the 160."""

TEXTS: dict[str, str] = {
    "payer": "Anda",
    "issued": "Tagihan {biller} utk {payer}: {amount}, jatuh tempo {due_date}. Bayar ke VA OCBC {va_number}.",
    "reminder_before": "Pengingat {biller} utk {payer}: {amount}, jatuh tempo {due_date}. Ke VA OCBC {va_number}.",
    "reminder_on": "Hari ini batas bayar {biller} utk {payer}: {amount}, {due_date}. Bayar ke VA OCBC {va_number}.",
    "reminder_after": "Lewat {days}: {biller} utk {payer} {amount}, jatuh tempo {due_date}. Ke VA OCBC {va_number}.",
    "paid": "Lunas, terima kasih: {biller} utk {payer}, {amount}, jatuh tempo {due_date}, VA OCBC {va_number}.",
    "archived": "Batal, jangan bayar: {biller} utk {payer}, {amount}, jatuh tempo {due_date}, VA OCBC {va_number}.",
}
