"""Words of the WhatsApp templates. Changing one of an approved template needs a new name and a new approval."""

_DETAILS = (
    "Untuk: {payer}\nPerihal: {what}\nJumlah: {amount}\nJatuh tempo: {due_date}\n"
    "Nomor Virtual Account OCBC: {va_number}"
)

TEXTS: dict[str, str] = {
    "nobody": "Bapak/Ibu",
    "overdue": "{due_date} (lewat {days})",
    "issued": (
        f"Yth. {{name}}, berikut tagihan dari {{biller}}.\n\n{_DETAILS}\n\n"
        "Bayar tepat sejumlah di atas lewat OCBC mobile, internet banking, ATM, atau bank lain."
    ),
    "reminder_before": (
        f"Yth. {{name}}, kami ingatkan bahwa tagihan dari {{biller}} segera jatuh tempo.\n\n{_DETAILS}\n\n"
        "Abaikan pesan ini bila tagihan sudah dibayar."
    ),
    "reminder_on": (
        f"Yth. {{name}}, tagihan dari {{biller}} jatuh tempo hari ini.\n\n{_DETAILS}\n\n"
        "Abaikan pesan ini bila tagihan sudah dibayar."
    ),
    "reminder_after": (
        f"Yth. {{name}}, pembayaran tagihan dari {{biller}} belum kami terima dan sudah lewat jatuh tempo.\n\n"
        f"{_DETAILS}\n\nAbaikan pesan ini bila tagihan sudah dibayar."
    ),
    "paid": (
        f"Yth. {{name}}, terima kasih. Tagihan dari {{biller}} ini sudah lunas.\n\n{_DETAILS}\n\n"
        "Anda tidak perlu membayar lagi."
    ),
    "archived": (
        f"Yth. {{name}}, tagihan dari {{biller}} ini sudah dibatalkan. Mohon jangan dibayar.\n\n{_DETAILS}\n\n"
        "Bila ada tagihan pengganti, Anda menerima pemberitahuan yang baru."
    ),
    "footer": "OCBC tidak pernah meminta PIN, OTP, atau kata sandi Anda.",
}
