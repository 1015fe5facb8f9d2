"""Petunjuk pengisian tiap kolom, dicetak di lembar Petunjuk: ``{module}.{key}``."""

_PHONE = "Awali dengan 08, 8, 62 atau +62. Format kolom sebagai Teks supaya angka tidak berubah."
_EMAIL = "Satu atau dua alamat, pisahkan dengan koma."
_DATE = "Tanggal Excel, atau tulis HH/BB/TTTT, misalnya 31/12/2027 (WIB)."
_MONEY = "Rupiah bulat: 1500000, 1.500.000 atau Rp 1.500.000. Tanpa sen."
_REDUCTION = "Rupiah bulat atau persen, misalnya 50.000 atau 10%."
_UNSUPPORTED = "Belum didukung; kosongkan atau isi tidak. Untuk cicilan, tulis satu baris per cicilan (Cicilan 2/3)."
_CONTACT = "Isi paling sedikit satu kontak per baris. "

TEXTS = {
    "e_invoice.number": "Nomor tagihan Anda, unik, paling panjang 40 karakter. Baris barang memakai nomor yang sama.",
    "e_invoice.payer_name": "Nama pelanggan yang ditagih, paling panjang 100 karakter.",
    "e_invoice.amount": _MONEY,
    "e_invoice.due_date": _DATE,
    "e_invoice.whatsapp": _CONTACT + _PHONE,
    "e_invoice.email": _CONTACT + _EMAIL,
    "e_invoice.sms": _CONTACT + _PHONE,
    "e_invoice.description": "Tampil di pesan kepada pelanggan, paling panjang 140 karakter.",
    "e_invoice.payer_code": "Kode tetap pelanggan di sistem Anda.",
    "e_invoice.issue_date": _DATE + " Kosong: hari unggah.",
    "e_invoice.item_name": (
        "Nama barang atau jasa. Satu baris per barang; jumlah semua baris harus sama dengan Jumlah Tagihan."
    ),
    "e_invoice.item_quantity": "Banyaknya, misalnya 2 atau 1,5.",
    "e_invoice.item_unit_price": _MONEY,
    "e_invoice.item_discount": "Potongan untuk baris barang ini. " + _REDUCTION,
    "e_invoice.item_tax": "Pajak untuk baris barang ini, setelah diskon. " + _REDUCTION,
    "e_invoice.valid_until": (
        "Batas akhir pembayaran, paling cepat 15 menit dari sekarang. Tanggal saja berarti sampai akhir hari (WIB)."
    ),
    "e_invoice.language": "Bahasa pesan: ID atau EN.",
    "e_invoice.channel": (
        "Jalur pesan: WA, SMS, EMAIL; boleh lebih dari satu, pisahkan dengan koma. Kosong: sesuai pengaturan."
    ),
    "e_invoice.branch": "Cabang, hanya untuk Anda; tidak dikirim ke pelanggan.",
    "e_invoice.internal_note": "Catatan untuk Anda sendiri; tidak dikirim ke pelanggan.",
    "e_invoice.erp_reference": "Nomor acuan di sistem Anda; tidak dikirim ke pelanggan.",
    "e_invoice.send_email": "ya atau tidak: kirim lewat email.",
    "e_invoice.send_sms": "ya atau tidak: kirim lewat SMS.",
    "e_invoice.send_whatsapp": "ya atau tidak: kirim lewat WhatsApp.",
    "e_invoice.partial_payment": _UNSUPPORTED,
    "e_invoice.partial_minimum": _UNSUPPORTED,
    "e_invoice.fixed_va": "Belum didukung; kosongkan. Nomor VA dibuat oleh sistem.",
    "pintu_kelas.nis": "Nomor induk siswa, nol di depan ditulis lengkap (format Teks).",
    "pintu_kelas.payer_name": "Nama lengkap siswa, paling panjang 100 karakter.",
    "pintu_kelas.class_name": "Kelas siswa, misalnya 7A.",
    "pintu_kelas.fee_type": (
        "SPP, Uang Pangkal, Kegiatan, Seragam, Antar-Jemput, atau jenis lain. Cicilan: tulis Uang Pangkal Cicilan 2/3."
    ),
    "pintu_kelas.period": "Juli 2026, 2026-07, Sem 1, Sem 2, atau Cicilan 2/3.",
    "pintu_kelas.school_year": "Tahun ajaran, misalnya 2026/2027.",
    "pintu_kelas.amount": _MONEY,
    "pintu_kelas.due_date": _DATE,
    "pintu_kelas.guardian_name": "Nama orang tua atau wali yang menerima pesan.",
    "pintu_kelas.guardian_whatsapp": _CONTACT + _PHONE,
    "pintu_kelas.guardian_email": _CONTACT + _EMAIL,
    "pintu_kelas.guardian2_name": "Wali kedua, bila ada.",
    "pintu_kelas.guardian2_whatsapp": _PHONE,
    "pintu_kelas.guardian2_email": _EMAIL,
    "pintu_kelas.discount": "Mengurangi Nominal. " + _REDUCTION,
    "pintu_kelas.arrears": "Tunggakan sebelumnya, hanya ditampilkan; tidak ditambahkan ke tagihan ini. " + _MONEY,
    "pintu_kelas.family_code": "Kode yang sama untuk kakak-adik satu keluarga.",
    "pintu_kelas.nisn": "10 digit.",
    "pintu_kelas.major": "Jurusan, bila ada.",
    "pintu_kelas.unit": "Jenjang atau unit sekolah, misalnya SD, SMP, SMA.",
    "pintu_kelas.description": "Tampil di pesan kepada wali, paling panjang 140 karakter.",
    "pintu_kelas.number": (
        "Kosongkan: nomor dibuat dari unit, NIS, jenis, tahun ajaran dan periode. Atau isi nomor Anda sendiri."
    ),
    "pintu_kelas.partial_payment": _UNSUPPORTED,
    "pintu_kelas.partial_minimum": _UNSUPPORTED,
    "pintu_kelas.fixed_va": "Belum didukung; kosongkan. Nomor VA dibuat oleh sistem.",
}
