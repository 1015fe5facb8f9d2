"""Words of SMS: of the SMS alphabet (GSM-7) only, and short, since amount, account and link take most of the 160.

The ``brief`` form is for what does not fit otherwise: long names, long facts, a link.
"""

TEXTS: dict[str, str] = {
    "payer": "Anda",
    "issued": "Tagihan {biller} utk {payer}: {amount}, jatuh tempo {due_date}. Bayar ke VA OCBC {va_number}.",
    "issued.brief": "Tagihan {biller} utk {payer} {amount} tempo {due_date} VA OCBC {va_number}",
    "reissued": (
        "Tagihan pengganti {biller} utk {payer}: {amount}, jatuh tempo {due_date}. Bayar ke VA OCBC {va_number}, "
        "bukan VA lama."
    ),
    "reissued.brief": "Tagihan pengganti {biller} utk {payer} {amount} tempo {due_date} VA OCBC {va_number}",
    "reminder_before_friendly": (
        "Pengingat {biller} utk {payer}: {amount}, jatuh tempo {due_date}. Ke VA OCBC {va_number}. Terima kasih."
    ),
    "reminder_before_neutral": (
        "Pengingat {biller} utk {payer}: {amount}, jatuh tempo {due_date}. Ke VA OCBC {va_number}."
    ),
    "reminder_before_firm": (
        "Mohon bayar sebelum {due_date}: tagihan {biller} utk {payer}, {amount}. Ke VA OCBC {va_number}."
    ),
    "reminder_before.brief": "Pengingat {biller} utk {payer} {amount} tempo {due_date} VA OCBC {va_number}",
    "reminder_on_friendly": (
        "Hari ini jatuh tempo {biller} utk {payer}: {amount}, {due_date}. Ke VA OCBC {va_number}. Terima kasih."
    ),
    "reminder_on_neutral": (
        "Hari ini batas bayar {biller} utk {payer}: {amount}, {due_date}. Bayar ke VA OCBC {va_number}."
    ),
    "reminder_on_firm": "Mohon bayar hari ini, {due_date}: {biller} utk {payer}, {amount}. Ke VA OCBC {va_number}.",
    "reminder_on.brief": "Hari ini tempo {biller} utk {payer} {amount} {due_date} VA OCBC {va_number}",
    "reminder_after_friendly": (
        "Mungkin terlewat ({days}): {biller} utk {payer}, {amount}, jatuh tempo {due_date}. Ke VA OCBC {va_number}."
    ),
    "reminder_after_neutral": (
        "Lewat {days}: {biller} utk {payer} {amount}, jatuh tempo {due_date}. Ke VA OCBC {va_number}."
    ),
    "reminder_after_firm": (
        "Lewat {days}, mohon segera dibayar: {biller} utk {payer} {amount}, jatuh tempo {due_date}. "
        "Ke VA OCBC {va_number}."
    ),
    "reminder_after.brief": "Lewat {days} {biller} utk {payer} {amount} tempo {due_date} VA OCBC {va_number}",
    "paid": (
        "Lunas, terima kasih: {biller} utk {payer}, {amount}, dibayar {paid_on}, VA OCBC {va_number}{reference}. "
        "Tidak perlu bayar lagi."
    ),
    "paid.reference": ", ref {reference}",
    "paid.brief": "Sudah lunas: {biller} utk {payer} {amount} tgl {paid_on} VA OCBC {va_number}",
    "archived": (
        "JANGAN BAYAR tagihan {biller} utk {payer}, {amount}, VA OCBC {va_number}: sudah dibatalkan{replacement}."
    ),
    "archived.replacement": ", ganti VA {va_number}",
    "archived.brief": "Batal, jangan bayar: {biller} utk {payer} VA OCBC {va_number}{replacement}",
}
