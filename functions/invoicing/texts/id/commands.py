"""Jawaban atas perintah yang ditolak."""

TEXTS = {
    "bad_command": "Perintah tidak lengkap atau tidak dikenal: {detail}.",
    "biller_not_found": "Usaha dengan kode ini tidak terdaftar.",
    "biller_not_active": "Akun usaha belum aktif atau sedang ditangguhkan; hubungi bank.",
    "upload_not_found": "Unggahan ini tidak ada.",
    "upload_state": "Langkah ini tidak bisa dilakukan sekarang: {detail}.",
    "same_person": "Langkah ini harus dilakukan orang lain, bukan yang memulainya.",
    "decided_elsewhere": "Persetujuan orang kedua diberikan di dasbor atau lewat API, tempat orangnya dikenal.",
    "warnings_not_acknowledged": "Masih ada peringatan yang belum disetujui: {detail}.",
    "virtual_accounts_used_up": "Nomor virtual account untuk kode perusahaan {detail} sudah habis; hubungi bank.",
    "notice_policy": (
        "Pengaturan pemberitahuan ini tidak bisa dipakai: {detail}. Tulis jam sebagai HH:MM; pengingat paling banyak "
        "10 hari yang berbeda, berurutan, dari -60 sampai 60 hari dari jatuh tempo; urutan kanal paling sedikit dua "
        "kanal berbeda, dengan menit tunggu 0 atau dari 5 (WhatsApp), 15 (email), 4320 (SMS) sampai 10080."
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
    "files_expired": "Berkas unggahan ini sudah dihapus karena masa simpannya habis.",
    "upload_outdated": (
        "Ada tagihan yang masa berlakunya sudah lewat ({detail}); tolak unggahan ini dan unggah berkas baru."
    ),
    "busy": "Sedang banyak unggahan dilepas bersamaan; coba lagi sebentar lagi.",
    "filename": "Nama berkas tidak bisa dipakai: {detail}.",
    "wording": "Kata-kata atau pilihan ini tidak bisa dipakai: {detail}.",
    "wording_changed": "Kata-kata sudah diubah orang lain sementara itu; lihat dulu yang terbaru, lalu ulangi.",
    "suppression_not_found": "Alamat yang ditangguhkan ini tidak ada.",
    "report_request": "Laporan ini tidak bisa dibuat; periksa: {detail}.",
    "report_not_found": "Laporan ini tidak ada.",
    "schedule_not_found": "Jadwal laporan ini tidak ada atau sudah dihentikan.",
    "too_many_reports": "Sudah ada {detail} laporan atau jadwal, yaitu batasnya; tunggu atau hentikan satu.",
    "settlement_format": "Bentuk berkas bank ini tidak bisa dipakai; periksa: {detail}.",
    "reconciliation_not_found": "Rekonsiliasi ini tidak ada.",
    "settled_line_not_found": "Baris ini tidak ada.",
    "settled_line_state": "Langkah ini tidak bisa dilakukan sekarang: {detail}.",
    "changed_meanwhile": "Data ini baru saja diubah orang lain; lihat keadaannya lalu ulangi.",
    "notice_not_found": "Pemberitahuan ini tidak ada.",
    "notice_not_resendable.invoice_paid": "Tidak dikirim ulang: tagihannya sudah dibayar.",
    "notice_not_resendable.invoice_archived": "Tidak dikirim ulang: tagihannya sudah diarsipkan.",
    "notice_not_resendable.invoice_expired": "Tidak dikirim ulang: masa berlaku tagihannya sudah lewat.",
    "notice_not_resendable.invoice_open": "Tidak dikirim ulang: tagihannya masih terbuka.",
    "notice_not_resendable.due_date_extended": "Tidak dikirim ulang: jatuh temponya dimundurkan; ada pengingat baru.",
    "notice_not_resendable.suppressed": "Tidak dikirim ulang: alamatnya ditangguhkan. Cabut dulu penangguhannya.",
    "notice_not_resendable.recipient_removed": "Tidak dikirim ulang: alamat ini tidak lagi tercantum di tagihan.",
    "notice_not_resendable.under_way": "Tidak dikirim ulang: pengiriman sebelumnya masih berjalan.",
    "notice_not_resendable.sent_since": "Tidak dikirim ulang: pesan ini sudah dikirim lagi setelah gagal.",
    "notice_not_resendable.too_often": "Tidak dikirim ulang: pesan ini sudah sepuluh kali dikirim ke alamat yang sama.",
    "notice_not_resendable.endpoint_off": "Tidak dikirim ulang: webhook ini tidak aktif. Aktifkan dulu.",
    "notice_not_resendable.event": "Peristiwa untuk sistem inti bank diputar ulang dari arsip bank, bukan dari sini.",
    "notice_not_resendable.busy": "Tidak dikirim ulang: pesan ini sedang dikirim oleh pihak lain. Silakan coba lagi.",
    "notice_not_resendable.defect": "Tidak dikirim ulang: catatannya tidak dapat dibaca. Mohon beri tahu bank.",
    "resend_period": "Rentang ini tidak bisa dikirim ulang: {detail}. Pilih 1 sampai 31 hari yang sudah berjalan.",
    "webhook_address.url": "Alamat webhook bukan URL yang sah.",
    "webhook_address.https": "Alamat webhook harus dimulai dengan https://.",
    "webhook_address.host": "Alamat webhook harus memakai nama domain umum, tanpa alamat IP, nama pengguna, atau #.",
    "webhook_address.port": "Port alamat webhook harus 443, atau 1024 ke atas.",
    "webhook_address.path": "Jalur alamat webhook memuat karakter yang tidak diizinkan.",
    "webhook_exists": "Alamat {detail} sudah punya webhook aktif.",
    "webhook_limit": "Paling banyak {detail} webhook aktif per usaha.",
    "webhook_not_found": "Webhook ini tidak ada.",
    "bank_client_not_found": "Klien bank {detail} tidak ada.",
    "bank_client_exists": "{detail} sudah dipakai klien bank lain.",
    "bank_client_invalid": "Pengaturan klien bank ini tidak bisa dipakai: {detail}.",
    "rotation": "Pergantian kunci tidak bisa dilakukan sekarang: {detail}.",
    "rotation.two_keys": "Sudah ada dua kunci publik; akhiri pergantian itu dahulu.",
    "rotation.same_key": "Kunci publik ini sudah terdaftar.",
    "rotation.no_key_change": "Hanya ada satu kunci publik: tidak ada pergantian yang berjalan.",
    "rotation.no_secret": "Bank ini menandatangani dengan kuncinya sendiri dan tidak punya rahasia.",
    "rotation.two_secrets": "Pergantian rahasia sedang berjalan; akhiri dahulu.",
    "rotation.no_secret_change": "Tidak ada pergantian rahasia yang berjalan.",
    "rotation.not_made": "Rahasia baru belum pernah dibuat: pertahankan yang lama, atau setujui lagi usulannya.",
    "rotation.token_keys_rest": "Kunci token akses baru saja diganti; tunggu 30 menit di antara dua pergantian.",
    "rotation.changed": "Klien ini baru saja diubah orang lain; periksa lalu coba lagi.",
    "bank_change_unfinished": "Sudah disetujui, tetapi belum dijalankan. Setujui sekali lagi untuk melanjutkan.",
    "bank_call_not_found": "Panggilan bank {detail} tidak ada atau masa simpannya sudah habis.",
}
