"""Jawaban kepada bank tentang satu virtual account: paling panjang 64 huruf, teks bebas 32, rincian tagihan 18."""

TEXTS: dict[str, str] = {
    "accepted": "Sukses",
    "unknown_biller": "Penagih tidak ditemukan",
    "not_found": "Tagihan tidak ditemukan",
    "archived": "Tagihan dibatalkan",
    "reversed": "Tagihan sudah diganti nomor baru",
    "biller_suspended": "Penagih sedang ditangguhkan",
    "expired": "Tagihan kedaluwarsa",
    "paid": "Tagihan sudah dibayar",
    "wrong_amount": "Jumlah tidak sesuai",
    "inconsistent": "Permintaan tidak sama dengan sebelumnya",
    "id_reused": "Nomor permintaan sudah dipakai hari ini",
    "not_told": "Pembayaran dengan nomor ini tidak ada",
    "invalid_format": "Format salah: {field}",
    "missing_field": "Wajib diisi: {field}",
    "bill": "Tagihan",
    "date": "{day} {month} {year}",
    "due": "Jatuh tempo {date}",
    "valid_until": "Bayar s.d. {date} {time} WIB",
    "semester": "Semester {semester}",
}
