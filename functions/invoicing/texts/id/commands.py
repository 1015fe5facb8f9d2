"""Jawaban atas perintah yang ditolak."""

TEXTS = {
    "bad_command": "Perintah tidak lengkap atau tidak dikenal: {detail}.",
    "biller_not_found": "Usaha dengan kode ini tidak terdaftar.",
    "biller_not_active": "Akun usaha belum aktif atau sedang ditangguhkan; hubungi bank.",
    "upload_not_found": "Unggahan ini tidak ada.",
    "upload_state": "Langkah ini tidak bisa dilakukan sekarang: {detail}.",
    "same_person": "Yang melepas unggahan harus orang lain, bukan yang mengunggah.",
    "warnings_not_acknowledged": "Masih ada peringatan yang belum disetujui: {detail}.",
    "virtual_accounts_used_up": "Nomor virtual account untuk kode perusahaan {detail} sudah habis; hubungi bank.",
    "notice_policy": (
        "Pengaturan pemberitahuan ini tidak bisa dipakai: {detail}. Tulis jam sebagai HH:MM; pengingat paling banyak "
        "10 hari yang berbeda, berurutan, dari -60 sampai 60 hari dari jatuh tempo."
    ),
    "sending_time": (
        'Pemberitahuan tidak bisa dikirim pada "{detail}". Isi in_hours, now, atau waktu lengkap dengan selisih zona '
        "seperti 2026-11-24T09:00:00+07:00 yang belum lewat dan paling lama 30 hari ke depan."
    ),
    "invoice_not_found": "Tagihan ini tidak ada.",
    "invoice_state": "Langkah ini tidak bisa dilakukan pada tagihan ini sekarang: {detail}.",
    "invoice_changed": "Tagihan {detail} sudah berubah sejak Anda melihatnya; muat ulang lalu putuskan lagi.",
    "inquired_recently": (
        "Baru saja ada yang memeriksa tagihan {detail} di bank, mungkin sedang membayar. Pastikan, lalu arsipkan "
        "dengan konfirmasi."
    ),
    "due_date": (
        "Tanggal ini tidak bisa dipakai: {detail}. Jatuh tempo hanya bisa dimundurkan, tidak lebih awal dari hari "
        "ini, dan masa berlaku tidak boleh berakhir sebelum jatuh tempo."
    ),
    "contact": "Kontak ini tidak bisa dipakai: {detail}.",
    "outside_payment": (
        "Pembayaran di luar VA ini tidak bisa dicatat: {detail}. Jumlahnya harus sama dengan tagihan, dan waktunya "
        "sudah lewat."
    ),
    "two_people": "Uang dicatat atau dibatalkan oleh dua orang: yang menyetujui {detail} harus orang lain.",
    "cursor": "Penanda halaman ini bukan dari daftar ini; mulai lagi dari halaman pertama.",
    "invoice_busy": "Tagihan ini sedang diubah oleh orang lain; coba lagi sebentar lagi.",
    "invoice_rows": "Daftar tagihan ini tidak bisa dibaca: {detail}.",
    "idempotency_key": "Kunci {detail} sudah dipakai untuk isi lain; pakai kunci baru.",
    "files_expired": "Berkas unggahan ini sudah dihapus karena masa simpannya habis.",
    "upload_outdated": (
        "Ada tagihan yang masa berlakunya sudah lewat ({detail}); tolak unggahan ini dan unggah berkas baru."
    ),
    "busy": "Sedang banyak unggahan dilepas bersamaan; coba lagi sebentar lagi.",
    "filename": "Nama berkas tidak bisa dipakai: {detail}.",
    "suppression_not_found": "Alamat yang ditangguhkan ini tidak ada.",
}
