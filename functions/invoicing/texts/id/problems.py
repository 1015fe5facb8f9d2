"""Jawaban API atas permintaan yang ditolak, di samping yang ada di ``commands``."""

TEXTS = {
    "bad_request": "Isian ini kurang atau tidak bisa dipakai: {detail}.",
    "content_type": "Isi permintaan harus JSON (content-type application/json).",
    "body_too_large": "Isi permintaan terlalu besar; paling banyak {detail} byte.",
    "body_unreadable": "Isi permintaan tidak bisa dibaca; kirim JSON dalam UTF-8.",
    "upload_too_large": "Lembar untuk periode berikutnya paling banyak {detail} tagihan; pakai berkas Anda sendiri.",
    "route_not_found": "Tidak ada apa-apa di alamat ini.",
    "not_signed_in": "Masuk dahulu: token akses tidak ada, kedaluwarsa atau tidak sah.",
    "access_denied": "Anda tidak berwenang melakukan ini.",
    "user_not_found": "Pengguna ini tidak ada.",
    "invoice_not_found": "Tagihan ini tidak ada.",
    "company_code": "Kode perusahaan {detail} tidak sesuai dengan jumlah digit yang ditetapkan bank.",
    "company_code_taken": "Kode perusahaan {detail} sudah atau pernah dipakai usaha lain.",
    "biller_exists": "Nama singkat {detail} sudah dipakai.",
    "biller_state": "Langkah ini tidak bisa dilakukan selama status usaha {detail}.",
    "contact_phone": "Nomor telepon narahubung bukan nomor ponsel yang bisa dibaca.",
    "settings_changed": "Pengaturan sudah diubah orang lain; baca lagi (versi {detail}).",
    "change_not_found": "Usulan perubahan ini tidak ada.",
    "change_state": "Usulan ini tidak bisa diputuskan lagi: {detail}.",
    "change_value": "Nilai ini tidak bisa dipakai: {detail}.",
    "user_exists": "Alamat email ini tidak bisa diundang: sudah dipakai.",
    "user_email": "Isi tepat satu alamat email yang bisa dihubungi.",
    "user_state": "Langkah ini tidak bisa dilakukan untuk pengguna tersebut sekarang; lihat lagi daftarnya.",
    "roles": "Peran atau cakupan ini tidak bisa diberikan di sini: {detail}.",
    "last_admin": "Usaha harus punya paling sedikit satu admin aktif.",
    "too_many_programs": "Sudah ada dua program yang punya kredensial; hapus salah satu dahulu.",
    "too_many_attempts": "Terlalu sering dicoba; tunggu sebentar lalu coba lagi.",
    "sign_in_refused": "Alamat email dan kata sandi tidak cocok, atau sesi sudah berakhir.",
    "code_refused": "Kode salah atau tidak berlaku lagi; minta kode baru.",
    "password_rule": (
        "Pilih kata sandi paling sedikit 12 karakter dengan huruf kecil, huruf besar dan angka, yang belum pernah "
        "dipakai."
    ),
    "still_running": "Permintaan yang sama masih dikerjakan; tanyakan lagi sebentar lagi.",
    "key_reused": "Idempotency-Key ini sudah dipakai untuk permintaan lain; pakai yang baru.",
    "defect": "Terjadi kesalahan di pihak kami. Sampaikan nomor di instance kepada layanan bank.",
}
