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
    "files_expired": "Berkas unggahan ini sudah dihapus karena masa simpannya habis.",
    "upload_outdated": (
        "Ada tagihan yang masa berlakunya sudah lewat ({detail}); tolak unggahan ini dan unggah berkas baru."
    ),
    "busy": "Sedang banyak unggahan dilepas bersamaan; coba lagi sebentar lagi.",
    "filename": "Nama berkas tidak bisa dipakai: {detail}.",
    "suppression_not_found": "Alamat yang ditangguhkan ini tidak ada.",
    "report_request": "Laporan ini tidak bisa dibuat; periksa: {detail}.",
    "report_not_found": "Laporan ini tidak ada.",
    "schedule_not_found": "Jadwal laporan ini tidak ada atau sudah dihentikan.",
    "too_many_reports": "Sudah ada {detail} laporan atau jadwal, yaitu batasnya; tunggu atau hentikan satu.",
    "settlement_format": "Bentuk berkas bank ini tidak bisa dipakai; periksa: {detail}.",
    "reconciliation_not_found": "Rekonsiliasi ini tidak ada.",
    "settled_line_not_found": "Baris ini tidak ada.",
    "settled_line_state": "Langkah ini tidak bisa dilakukan sekarang: {detail}.",
    "same_person_money": "Yang menyetujui harus orang lain, bukan yang mengusulkan.",
}
