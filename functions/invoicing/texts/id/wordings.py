"""Alasan kata-kata sendiri untuk pemberitahuan tidak bisa dipakai."""

TEXTS: dict[str, str] = {
    "name_unknown": (
        'Tidak ada kata-kata dengan nama "{detail}". Contoh yang benar: sms.issued.id atau '
        "email_intro.reminder_after_firm.en."
    ),
    "placeholder_unknown": "Isian {detail} tidak dikenal di sini; pakai hanya isian yang tersedia.",
    "placeholder_twice": "Dalam SMS setiap isian hanya boleh dipakai sekali.",
    "brace": "Ada kurung kurawal yang bukan bagian dari isian seperti {{amount}}.",
    "fact_missing": "Isian ini wajib ada: {detail}.",
    "too_long": "Terlalu panjang; paling banyak {detail} karakter.",
    "not_plain": "Tulis satu baris teks biasa, tanpa ganti baris, spasi ganda, atau karakter tak terlihat.",
    "character": "Karakter ini tidak bisa dipakai: {detail}",
    "link": (
        'Tautan dan alamat tidak boleh ditulis: "{detail}". Tautan bank ditambahkan sendiri. Beri spasi sesudah titik.'
    ),
    "number": (
        'Nomor tidak boleh ditulis: "{detail}". Nomor VA dan jumlah diisi lewat {{va_number}} dan {{amount}}; nomor '
        "telepon Anda tampil dari profil usaha."
    ),
    "phishing": (
        '"{detail}" tidak boleh ada dalam pesan bank: kata ini lazim dalam penipuan. Jangan meminta PIN, OTP, kata '
        "sandi, kartu, atau rekening."
    ),
    "sms_alphabet": "SMS hanya bisa memuat huruf Latin biasa dan tanda baca umum.",
    "sms_too_long": "Dengan isian terpanjang pesan ini tidak muat dalam satu SMS; kurangi {detail} karakter.",
    "template_unknown": "Tidak ada templat WhatsApp yang disetujui dengan nama ini: {detail}.",
}
