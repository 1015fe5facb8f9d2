"""Words of the dashboard where a school says it in another way; keys of ``dashboard`` and ``biller_pages``."""

TEXTS: dict[str, str] = {
    "nav.uploads": "Unggahan SPP",
    "nav.invoices": "Tagihan siswa",
    "uploads.new": "Unggah tagihan siswa",
    "invoice.payer": "Siswa",
    "sample.what": "Lihat pesan yang akan diterima para wali dari unggahan ini, sebelum dirilis.",
    "invoice.payer_code": "NIS",
    "invoice.all_of_payer": "Semua tagihan siswa ini",
    "invoices.of_payer": "Semua tagihan siswa ini:",
    "invoice.recipients": "Wali",
    "invoice.recipient": "Wali {count}",
    "invoice.branch": "Unit",
    "invoice.item": "Biaya",
    "invoice.archive.notify": "Beri tahu wali agar tidak membayar",
    "invoice.resend.text": "Semua wali siswa ini mendapat tagihannya sekali lagi.",
    "invoices.many.resend_text": "Setiap wali mendapat tagihannya sekali lagi, sekarang juga.",
}
