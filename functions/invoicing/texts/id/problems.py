"""Jawaban API atas permintaan yang ditolak, di samping yang ada di ``commands``."""

TEXTS = {
    "bad_request": "Isian ini kurang atau tidak bisa dipakai: {detail}.",
    "content_type": "Isi permintaan harus JSON (content-type application/json).",
    "body_too_large": "Isi permintaan terlalu besar; paling banyak {detail} byte.",
    "route_not_found": "Tidak ada apa-apa di alamat ini.",
    "not_signed_in": "Masuk dahulu: token akses tidak ada, kedaluwarsa atau tidak sah.",
    "access_denied": "Anda tidak berwenang melakukan ini.",
    "user_not_found": "Pengguna ini tidak ada.",
    "invoice_not_found": "Tagihan ini tidak ada.",
    "company_code": "Kode perusahaan {detail} tidak sesuai dengan jumlah digit yang ditetapkan bank.",
    "still_running": "Permintaan yang sama masih dikerjakan; tanyakan lagi sebentar lagi.",
    "key_reused": "Idempotency-Key ini sudah dipakai untuk permintaan lain; pakai yang baru.",
    "defect": "Terjadi kesalahan di pihak kami. Sampaikan nomor di instance kepada layanan bank.",
}
