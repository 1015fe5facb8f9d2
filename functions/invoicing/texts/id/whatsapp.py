"""Words of the WhatsApp templates. Changing one of an approved template needs a new name and a new approval."""

_DETAILS = (
    "Untuk: {payer}\nPerihal: {what}\nJumlah: {amount}\nJatuh tempo: {due_date}\n"
    "Nomor Virtual Account OCBC: {va_number}"
)
_IGNORE = "Abaikan pesan ini bila tagihan sudah dibayar."
_RECEIPT = (
    "Untuk: {payer}\nPerihal: {what}\nJumlah yang dibayar: {amount}\nDibayar pada: {paid_on}\nCara bayar: {paid_by}\n"
    "Referensi bank: {reference}\nNomor Virtual Account OCBC: {va_number}"
)

TEXTS: dict[str, str] = {
    "nobody": "Bapak/Ibu",
    "overdue": "{due_date} (lewat {days})",
    "no_replacement": "belum ada",
    "issued": (
        f"Yth. {{name}}, berikut tagihan dari {{biller}}.\n\n{_DETAILS}\n\n"
        "Bayar tepat sejumlah di atas lewat OCBC mobile, internet banking, ATM, atau bank lain."
    ),
    "issued.brief": (
        f"Tagihan baru untuk {{name}} dari {{biller}}.\n\n{_DETAILS}\n\nMohon bayar tepat sejumlah di atas."
    ),
    "reissued": (
        f"Yth. {{name}}, berikut tagihan pengganti dari {{biller}}.\n\n{_DETAILS}\n\n"
        "Tagihan ini menggantikan yang lama. Nomor VA lama {replaced} sudah ditutup; mohon tidak membayar ke sana."
    ),
    "reminder_before_friendly": (
        f"Yth. {{name}}, sekadar mengingatkan bahwa tagihan dari {{biller}} segera jatuh tempo.\n\n{_DETAILS}\n\n"
        f"Terima kasih. {_IGNORE}"
    ),
    "reminder_before_neutral": (
        f"Yth. {{name}}, kami ingatkan bahwa tagihan dari {{biller}} segera jatuh tempo.\n\n{_DETAILS}\n\n{_IGNORE}"
    ),
    "reminder_before_firm": (
        f"Yth. {{name}}, tagihan dari {{biller}} belum dibayar. Mohon dibayar sebelum jatuh tempo.\n\n{_DETAILS}\n\n"
        f"{_IGNORE}"
    ),
    "reminder_on_friendly": (
        f"Yth. {{name}}, sekadar mengingatkan bahwa tagihan dari {{biller}} jatuh tempo hari ini.\n\n{_DETAILS}\n\n"
        f"Terima kasih. {_IGNORE}"
    ),
    "reminder_on_neutral": (f"Yth. {{name}}, tagihan dari {{biller}} jatuh tempo hari ini.\n\n{_DETAILS}\n\n{_IGNORE}"),
    "reminder_on_firm": (
        f"Yth. {{name}}, hari ini batas akhir pembayaran tagihan dari {{biller}}. Mohon dibayar hari ini.\n\n"
        f"{_DETAILS}\n\n{_IGNORE}"
    ),
    "reminder_after_friendly": (
        f"Yth. {{name}}, mungkin terlewat: tagihan dari {{biller}} sudah lewat jatuh tempo.\n\n{_DETAILS}\n\n"
        f"Terima kasih. {_IGNORE}"
    ),
    "reminder_after_neutral": (
        f"Yth. {{name}}, tagihan dari {{biller}} sudah lewat jatuh tempo.\n\n{_DETAILS}\n\n{_IGNORE}"
    ),
    "reminder_after_firm": (
        f"Yth. {{name}}, pembayaran tagihan dari {{biller}} belum kami terima dan sudah lewat jatuh tempo. "
        f"Mohon segera dibayar.\n\n{_DETAILS}\n\n{_IGNORE}"
    ),
    "paid": (
        f"Yth. {{name}}, pembayaran tagihan dari {{biller}} sudah diterima. Tagihan ini lunas.\n\n{_RECEIPT}\n\n"
        "Anda tidak perlu membayar lagi."
    ),
    "paid.warm": (
        f"Terima kasih, {{name}}! Pembayaran Anda untuk {{biller}} sudah diterima dengan baik.\n\n{_RECEIPT}\n\n"
        "Tagihan ini lunas, tidak ada lagi yang perlu dibayar."
    ),
    "archived": (
        "Yth. {name}, tagihan dari {biller} ini sudah dibatalkan. Mohon diabaikan dan jangan dibayar.\n\n"
        "Untuk: {payer}\nPerihal: {what}\nJumlah: {amount}\n"
        "Nomor VA OCBC yang dibatalkan: {va_number}\nNomor VA pengganti: {replacement}\n\n"
        "Bila ada tagihan pengganti, Anda menerima pemberitahuan yang baru."
    ),
    "footer": "OCBC tidak pernah meminta PIN, OTP, atau kata sandi Anda.",
    "button": "Buka halaman tagihan",
}
