"""Temuan tentang unggahan yang muncul di luar pemeriksaan isi berkas."""

TEXTS = {
    "biller_not_active.what": "Akun usaha Anda belum aktif atau sedang ditangguhkan.",
    "biller_not_active.mend": "Hubungi bank untuk mengaktifkan akun, lalu unggah lagi.",
    "file_never_arrived.what": "Berkas tidak pernah sampai kepada kami.",
    "file_never_arrived.mend": "Unggah lagi berkas Anda; periksa koneksi internet.",
    "check_failed.what": "Pemeriksaan berkas terhenti karena gangguan di sistem kami. Tidak ada tagihan yang dibuat.",
    "check_failed.mend": "Unggah lagi berkas yang sama; bila terulang, hubungi bank dengan nomor unggahan ini.",
    "release_expired.what": "Unggahan ini tidak dilepas dalam 30 hari, jadi dibatalkan. Tidak ada tagihan yang dibuat.",
    "release_expired.mend": "Unggah lagi berkasnya bila tagihan masih berlaku.",
    "rejected_by_checker.what": "Ditolak oleh pemeriksa: {reason}",
    "rejected_by_checker.mend": "Perbaiki berkas sesuai alasan itu, lalu unggah lagi.",
    "rows_refused.what": "Ada baris yang salah, dan pengaturan Anda menolak seluruh berkas bila ada kesalahan.",
    "rows_refused.mend": "Perbaiki semua baris yang ditandai di berkas baris gagal, lalu unggah lagi berkas lengkap.",
    "no_good_rows.what": "Tidak ada satu baris pun yang benar, jadi tidak ada tagihan yang bisa dibuat.",
    "no_good_rows.mend": "Unduh berkas baris gagal, perbaiki sel yang ditandai, lalu unggah lagi.",
    "already_there_same.what": "Tagihan {number} sudah ada dan isinya sama; tidak dibuat lagi.",
    "already_there_same.mend": "Tidak perlu apa-apa.",
    "already_there_other_amount.what": (
        "Nomor {number} sudah dipakai dengan jumlah lain: tersimpan Rp{stored_amount}, di berkas Rp{amount}."
    ),
    "already_there_other_amount.mend": (
        "Pakai nomor lain untuk tagihan baru; untuk mengganti tagihan lama, arsipkan dahulu tagihan itu."
    ),
    "already_there_different.what": "Nomor {number} sudah dipakai dengan isi berbeda ({fields}).",
    "already_there_different.mend": (
        "Samakan isinya dengan tagihan yang ada, pakai nomor lain, atau arsipkan dahulu tagihan lama."
    ),
    "already_billed.what": ("Siswa ini sudah ditagih untuk jenis dan periode yang sama, dengan nomor {other_number}."),
    "already_billed.mend": "Hapus baris ini bila dobel; bila memang dua tagihan, setujui peringatan ini.",
    "replaces_archived.what": (
        "Nomor {number} pernah dipakai tagihan yang diarsipkan (VA {va_number}); tagihan baru ini menggantikannya."
    ),
    "replaces_archived.mend": "Tidak perlu apa-apa.",
    "failed_rows_left_out.what": "Kesalahannya terlalu banyak untuk ditandai dalam satu berkas baris gagal.",
    "failed_rows_left_out.mend": "Perbaiki berkas asli menurut daftar temuan, lalu unggah lagi.",
    "same_file.what": "Berkas yang persis sama sudah diunggah pada {date} (unggahan {upload_id}).",
    "same_file.mend": "Pastikan ini memang disengaja; tagihan yang sudah ada tidak dibuat dua kali.",
}
