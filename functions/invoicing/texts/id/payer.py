"""Words of the payer's page and of the documents it offers."""

TEXTS: dict[str, str] = {
    "skip": "Langsung ke isi",
    "language": "Bahasa",
    "language.id": "Indonesia",
    "language.en": "English",
    "title": "Tagihan dari {biller}",
    "state.open": "Belum dibayar",
    "state.open.note": "Jatuh tempo {days} lagi, pada {due_date}.",
    "state.due_today.note": "Jatuh tempo hari ini, {due_date}.",
    "state.overdue": "Lewat jatuh tempo",
    "state.overdue.note": "Jatuh tempo {due_date}, sudah lewat {days}. Tagihan masih dapat dibayar.",
    "state.expired": "Tidak dapat dibayar lagi",
    "state.expired.note": "Masa berlaku nomor Virtual Account berakhir pada {instant}. Hubungi {biller}.",
    "state.paid": "Sudah dibayar",
    "state.paid.note": "Pembayaran diterima pada {instant}. Terima kasih. Tidak ada lagi yang perlu dibayar.",
    "state.archived": "Ditarik oleh penagih",
    "state.archived.note": "{biller} menarik tagihan ini. Abaikan dan jangan dibayar.",
    "state.replaced.note": (
        "{biller} mengganti tagihan ini dengan tagihan baru. Jangan bayar yang ini; tagihan baru dikirim tersendiri."
    ),
    "amount": "Jumlah",
    "due_date": "Jatuh tempo",
    "va_number": "Nomor Virtual Account OCBC",
    "valid_until": "Dapat dibayar sampai {instant}.",
    "copy": "Salin",
    "copy.amount": "Salin jumlah",
    "copy.va_number": "Salin nomor Virtual Account",
    "copied": "Tersalin",
    "reload": "Sudah membayar? Muat ulang halaman ini untuk melihat status terbaru.",
    "receipt": "Unduh kwitansi (PDF)",
    "invoice": "Unduh tagihan (PDF)",
    "details": "Rincian",
    "items": "Yang ditagihkan",
    "total": "Total",
    "arrears": "Tunggakan sebelumnya {amount}: hanya informasi, tidak termasuk dalam jumlah di atas.",
    "pay": "Cara membayar",
    "pay.exact": "Bayar tepat {amount}. Jumlah lain akan ditolak, dan uang Anda tidak terpotong.",
    "family": "Tagihan lain keluarga ini",
    "family.note": "Dari sekolah yang sama, menurut kode keluarga. Setiap tagihan punya nomor Virtual Account sendiri.",
    "family.bill": "Tagihan",
    "safety": "Jaga keamanan Anda",
    "safety.secrets": (
        "Jangan berikan PIN, OTP, atau kata sandi kepada siapa pun. OCBC dan {biller} tidak pernah memintanya, "
        "juga tidak di halaman ini."
    ),
    "safety.name": "Saat membayar, periksa nama dan jumlah yang tampil di aplikasi bank Anda sebelum mengonfirmasi.",
    "qr": "Buka halaman ini di perangkat lain",
    "qr.alt": "Kode QR yang membuka halaman tagihan ini",
    "qr.note": "Kode ini hanya membuka halaman tagihan ini. Ini bukan QRIS dan tidak dapat dipakai untuk membayar.",
    "dismiss": "Bukan tagihan saya",
    "dismiss.note": (
        "Bila Anda tidak mengenal tagihan ini, kami berhenti mengirim pemberitahuan dari {biller} ke alamat atau "
        "nomor Anda ini, dan {biller} diberi tahu. Tautan ini tidak akan dapat dibuka lagi."
    ),
    "dismiss.do": "Hentikan pemberitahuan",
    "dismissed.title": "Pemberitahuan dihentikan",
    "dismissed.text": (
        "Terima kasih. Anda tidak akan menerima pemberitahuan dari penagih ini lagi di alamat atau nomor ini.\n"
        "Penagih sudah diberi tahu. Anda tidak perlu membayar atau melakukan apa pun."
    ),
    "dead_link.title": "Tautan ini tidak berlaku",
    "dead_link.text": (
        "Tautan salah, sudah kedaluwarsa, atau sudah diganti.\n"
        "Buka tautan dari pemberitahuan terbaru, atau hubungi penagih Anda."
    ),
    "failure.title": "Ada gangguan",
    "failure.text": "Halaman ini belum dapat ditampilkan. Tagihan Anda tidak berubah. Coba lagi beberapa saat lagi.",
    "help": "Pertanyaan tentang tagihan: {biller}, {contact}.",
    "help_without_contact": "Pertanyaan tentang tagihan: hubungi {biller}.",
    "bank_contact": "Pertanyaan tentang pembayaran: OCBC {phone}.",
    "pdf.invoice": "TAGIHAN",
    "pdf.receipt": "KWITANSI",
    "pdf.receipt_number": "Nomor kwitansi",
    "pdf.received_from": "Diterima dari",
    "pdf.sum": "Sejumlah",
    "pdf.in_words": "Terbilang",
    "pdf.rupiah": "{words} rupiah",
    "pdf.for": "Untuk pembayaran",
    "pdf.paid_at": "Dibayar pada",
    "pdf.paid_through": "Melalui",
    "pdf.paid_through.va": "Virtual Account OCBC {va_number}",
    "pdf.paid_through.outside": "Langsung kepada {biller}",
    "pdf.bank_reference": "Referensi bank",
    "pdf.received_by": "Diterima oleh",
    "pdf.not_tax": "Kwitansi ini bukti pembayaran. Ini bukan faktur pajak.",
    "pdf.invoice_note": "Tagihan ini bukan bukti pembayaran dan bukan faktur pajak.",
    "pdf.made": "Dibuat otomatis oleh {sender_name} dari OCBC pada {instant}.",
    "pdf.page": "Halaman {page}",
}
