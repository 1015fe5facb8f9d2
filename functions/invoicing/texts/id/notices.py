"""Words of notices to payers, and of money and dates in them."""

TEXTS: dict[str, str] = {
    "sender_name.e_invoice": "OCBC E-Invoice",
    "sender_name.pintu_kelas": "PintuKelas",
    "month.1": "Januari",
    "month.2": "Februari",
    "month.3": "Maret",
    "month.4": "April",
    "month.5": "Mei",
    "month.6": "Juni",
    "month.7": "Juli",
    "month.8": "Agustus",
    "month.9": "September",
    "month.10": "Oktober",
    "month.11": "November",
    "month.12": "Desember",
    "date": "{day} {month} {year}",
    "days": "{days} hari",
    "days.one": "{days} hari",
    "instant": "{date} pukul {time} WIB",
    "short_instant": "{date} {time} WIB",
    "period.semester": "Semester {semester}",
    "installment": "{part} dari {parts}",
    "what.number": "tagihan no. {number}",
    "issued.subject": "Tagihan {biller}: {what}, {amount}",
    "issued.preview": "Jatuh tempo {due_date}. Nomor Virtual Account OCBC: {va_number}.",
    "issued.title": "Tagihan dari {biller}",
    "greeting": "Yth. {name},",
    "greeting_without_name": "Yth. Bapak/Ibu,",
    "issued.intro": "Berikut tagihan dari {biller} untuk {payer}.",
    "reissued.subject": "Tagihan pengganti {biller}: {what}, {amount}",
    "reissued.preview": "Jatuh tempo {due_date}. Nomor Virtual Account OCBC yang baru: {va_number}.",
    "reissued.title": "Tagihan pengganti dari {biller}",
    "reissued.intro": "Berikut tagihan pengganti dari {biller} untuk {payer}, dengan nomor Virtual Account yang baru.",
    "reissued.note": (
        "Tagihan ini menggantikan tagihan lama dengan nomor Virtual Account {va_number}. Nomor lama sudah ditutup; "
        "mohon tidak membayar ke nomor itu."
    ),
    "reissued.note.payment_reversed": (
        "Pembayaran sebelumnya ke nomor Virtual Account {va_number} dibatalkan oleh bank, sehingga tagihan ini terbuka "
        "kembali. Nomor lama sudah ditutup; mohon membayar ke nomor yang baru di atas."
    ),
    "reminder_before.subject": "Pengingat dari {biller}: {what}, {amount}",
    "reminder_before.preview": "Jatuh tempo {days} lagi, {due_date}. Nomor Virtual Account OCBC: {va_number}.",
    "reminder_before.title": "Pengingat dari {biller}",
    "reminder_before_friendly.intro": (
        "Sekadar mengingatkan: tagihan dari {biller} untuk {payer} jatuh tempo {days} lagi, pada {due_date}. "
        "Terima kasih."
    ),
    "reminder_before_neutral.intro": (
        "Kami ingatkan bahwa tagihan dari {biller} untuk {payer} jatuh tempo {days} lagi, pada {due_date}."
    ),
    "reminder_before_firm.intro": (
        "Tagihan dari {biller} untuk {payer} belum dibayar dan jatuh tempo {days} lagi, pada {due_date}. Mohon dibayar "
        "sebelum tanggal itu."
    ),
    "reminder_on.subject": "Jatuh tempo hari ini, {biller}: {what}, {amount}",
    "reminder_on.preview": "Jatuh tempo hari ini, {due_date}. Nomor Virtual Account OCBC: {va_number}.",
    "reminder_on.title": "Tagihan dari {biller} jatuh tempo hari ini",
    "reminder_on_friendly.intro": (
        "Sekadar mengingatkan: tagihan dari {biller} untuk {payer} jatuh tempo hari ini, {due_date}. Terima kasih."
    ),
    "reminder_on_neutral.intro": "Tagihan dari {biller} untuk {payer} jatuh tempo hari ini, {due_date}.",
    "reminder_on_firm.intro": (
        "Hari ini, {due_date}, adalah batas akhir pembayaran tagihan dari {biller} untuk {payer}. "
        "Mohon dibayar hari ini."
    ),
    "reminder_after.subject": "Lewat jatuh tempo {days}, {biller}: {what}, {amount}",
    "reminder_after.preview": "Lewat {days} dari jatuh tempo {due_date}. Nomor Virtual Account OCBC: {va_number}.",
    "reminder_after.title": "Tagihan dari {biller} lewat jatuh tempo {days}",
    "reminder_after_friendly.intro": (
        "Mungkin terlewat: tagihan dari {biller} untuk {payer} jatuh tempo pada {due_date}, {days} yang lalu. Mohon "
        "dibayar bila belum. Terima kasih."
    ),
    "reminder_after_neutral.intro": (
        "Tagihan dari {biller} untuk {payer} jatuh tempo pada {due_date} dan sudah lewat {days}."
    ),
    "reminder_after_firm.intro": (
        "Pembayaran tagihan dari {biller} untuk {payer} belum kami terima. Tagihan jatuh tempo pada {due_date} dan "
        "sudah lewat {days}. Mohon segera dibayar."
    ),
    "paid.subject": "Lunas, {biller}: {what}, {amount}",
    "paid.preview": "Pembayaran {amount} sudah diterima. Anda tidak perlu membayar lagi.",
    "paid.title": "Pembayaran diterima",
    "paid.intro": "Terima kasih. Pembayaran tagihan dari {biller} untuk {payer} sudah diterima.",
    "paid.status": "Lunas",
    "paid.amount": "Jumlah yang dibayar",
    "paid.on": "Dibayar pada",
    "paid.recorded": "Dicatat pada",
    "paid.by": "Cara bayar",
    "paid.reference": "Referensi bank",
    "paid.way.va": "Virtual Account OCBC",
    "paid.way.outside": "Langsung kepada penagih, di luar Virtual Account",
    "paid.way.6010": "Virtual Account OCBC, teller bank",
    "paid.way.6011": "Virtual Account OCBC, ATM atau banking elektronik",
    "paid.done": "Tagihan ini sudah lunas. Anda tidak perlu membayar lagi; simpan e-mail ini sebagai bukti pembayaran.",
    "archived.subject": "Abaikan tagihan {biller}: {what}",
    "archived.preview": "Tagihan ini dibatalkan. Jangan membayar ke nomor Virtual Account {va_number}.",
    "archived.title": "Tagihan dibatalkan",
    "archived.intro": "Tagihan dari {biller} untuk {payer} ini sudah dibatalkan. Mohon abaikan dan jangan dibayar.",
    "archived.va_number": "Jangan membayar ke nomor ini",
    "archived.old_number": "Nomor Virtual Account yang dibatalkan",
    "archived.replacement": "Nomor Virtual Account pengganti",
    "archived.replaced": (
        "Tagihan pengganti dikirim dalam pesan tersendiri. Bayarlah hanya ke nomor yang tertulis di pesan itu."
    ),
    "archived.not_replaced": (
        "Bila ada tagihan pengganti, Anda menerimanya dalam pesan tersendiri dengan nomor yang baru."
    ),
    "archived.paid": "Sudah terlanjur membayar? Hubungi {biller} dan tunjukkan bukti pembayaran Anda.",
    "link.bill": "Buka halaman tagihan",
    "link.paid": "Buka halaman bukti pembayaran",
    "link.archived": "Buka halaman tagihan",
    "link.note": "Tautan ini khusus untuk Anda; jangan diteruskan. Alamatnya: {link}",
    "amount": "Jumlah tagihan",
    "bill_amount": "Jumlah tagihan",
    "due_date": "Jatuh tempo",
    "va_number": "Nomor Virtual Account OCBC",
    "va_number_plain": "Tanpa spasi: {va_number}",
    "valid_until": "Dapat dibayar sampai {instant}.",
    "details": "Rincian",
    "number": "Nomor tagihan",
    "payer": "Ditagihkan kepada",
    "student": "Nama siswa",
    "nis": "NIS",
    "class_name": "Kelas",
    "fee_type": "Jenis tagihan",
    "period": "Periode",
    "school_year": "Tahun ajaran",
    "installment_label": "Cicilan",
    "issue_date": "Tanggal tagihan",
    "description": "Keterangan",
    "discount": "Potongan (sudah dikurangkan)",
    "items": "Yang ditagihkan",
    "item.count": "{quantity} × {unit_price}",
    "item.discount": "diskon {amount}",
    "item.tax": "pajak {amount}",
    "item.more": "dan {count} barang/jasa lainnya",
    "item.more_total": "Selebihnya",
    "total": "Total",
    "arrears.title": "Tunggakan sebelumnya: {amount}",
    "arrears.note": (
        "Hanya sebagai informasi. Tidak termasuk dalam jumlah di atas dan tidak ikut terbayar dengan nomor "
        "Virtual Account ini."
    ),
    "pay.title": "Cara membayar",
    "pay.no_link": "Tanpa membuka tautan apa pun. Bayar tepat {amount} dengan salah satu cara berikut.",
    "pay.mobile.title": "OCBC mobile",
    "pay.mobile.1": "Buka sendiri aplikasi OCBC mobile di ponsel Anda dan masuk seperti biasa.",
    "pay.mobile.2": "Pilih Bayar & Beli (Pay & Purchase), lalu Virtual Account.",
    "pay.mobile.3": "Masukkan nomor {va_number}.",
    "pay.mobile.4": "Periksa nama dan jumlah {amount}, lalu konfirmasi.",
    "pay.internet.title": "Internet banking OCBC",
    "pay.internet.1": "Masuk ke internet banking OCBC seperti biasa.",
    "pay.internet.2": "Pilih Bayar & Beli (Pay & Purchase), tagihan tidak terdaftar, VIRTUAL ACCOUNT.",
    "pay.internet.3": "Isi ID pelanggan dengan nomor {va_number}.",
    "pay.internet.4": "Periksa nama dan jumlah {amount}, lalu konfirmasi.",
    "pay.atm.title": "ATM OCBC",
    "pay.atm.1": "Pilih Pembayaran (Payment), lalu Virtual Account.",
    "pay.atm.2": "Masukkan nomor {va_number}.",
    "pay.atm.3": "Periksa nama dan jumlah {amount}, lalu konfirmasi dan simpan struk.",
    "pay.other.title": "Bank lain (mobile banking, internet banking, ATM)",
    "pay.other.1": "Pilih transfer ke bank lain, dengan bank tujuan OCBC (kode {bank_code}).",
    "pay.other.2": "Isi nomor rekening tujuan dengan nomor {va_number}.",
    "pay.other.3": "Isi jumlah tepat {amount}.",
    "pay.other.4": "Periksa nama tujuan, lalu konfirmasi.",
    "safety.title": "Jaga keamanan Anda",
    "safety.secrets": (
        "Jangan pernah memberikan PIN, OTP, atau kata sandi kepada siapa pun. "
        "OCBC dan {biller} tidak pernah memintanya."
    ),
    "safety.doubt": "Ragu dengan e-mail ini? Hubungi {biller} atau OCBC di 1500-999.",
    "safety.check": ("Ragu dengan e-mail ini? Jangan membayar dulu; hubungi {biller} atau OCBC di 1500-999."),
    "ignore_if_paid": "Abaikan e-mail ini bila tagihan sudah dibayar.",
    "help": "Pertanyaan tentang tagihan ini: {biller}, {contact}",
    "help_without_contact": "Pertanyaan tentang tagihan ini: hubungi {biller}.",
    "footer": "Dikirim otomatis oleh {sender_name} dari OCBC atas nama {biller}. Mohon tidak membalas e-mail ini.",
}
