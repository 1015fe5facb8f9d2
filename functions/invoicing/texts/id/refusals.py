"""Alasan satu berkas ditolak seluruhnya, sebelum barisnya sempat diperiksa."""

_SAVE_AGAIN = "Buka berkas di Excel, LibreOffice atau Google Sheets, simpan sebagai .xlsx, lalu unggah hasilnya."
_COPY_VALUES = "Salin isinya (Tempel Khusus > Nilai) ke templat yang baru diunduh, lalu unggah templat itu."

TEXTS = {
    "file_empty.what": "Berkas kosong (0 bita); tidak ada yang bisa dibaca.",
    "file_empty.mend": "Pastikan berkas sudah tersimpan di komputer Anda dan bisa dibuka, lalu unggah lagi.",
    "file_too_large.what": "Ukuran berkas melebihi batas {max_mb} MB.",
    "file_too_large.mend": "Hapus gambar dan lembar yang tidak perlu, atau bagi daftar menjadi beberapa berkas.",
    "file_truncated.what": "Berkas terpotong: bagian akhirnya hilang, mungkin karena unduhan atau salinan terputus.",
    "file_truncated.mend": "Buka berkas aslinya untuk memastikan isinya utuh, simpan, lalu unggah lagi.",
    "file_is_xls.what": "Berkas ini berformat Excel lama (.xls atau Excel 97-2003), bukan .xlsx.",
    "file_is_xls.mend": "Buka di Excel, pilih Simpan Sebagai > Excel Workbook (.xlsx), lalu unggah hasilnya. "
    "Mengganti akhiran nama berkas saja tidak cukup.",
    "file_has_password.what": "Berkas dilindungi kata sandi, sehingga isinya tidak bisa dibaca.",
    "file_has_password.mend": "Di Excel pilih File > Info > Proteksi Buku Kerja > Enkripsi dengan Kata Sandi, "
    "kosongkan kata sandinya, simpan, lalu unggah lagi.",
    "file_is_csv.what": "Berkas ini berupa teks biasa (CSV), bukan buku kerja Excel.",
    "file_is_csv.mend": "Salin isinya ke templat .xlsx, periksa nol di depan nomor dan format tanggal, lalu unggah.",
    "file_is_html.what": "Berkas ini berupa halaman web atau XML yang hanya diberi nama Excel, "
    "biasanya hasil ekspor dari aplikasi lain.",
    "file_is_html.mend": _SAVE_AGAIN,
    "file_is_pdf.what": "Berkas ini PDF, bukan buku kerja Excel.",
    "file_is_pdf.mend": "Unggah berkas Excel (.xlsx) yang menjadi sumber PDF ini, atau isi templat yang kami sediakan.",
    "file_is_image.what": "Berkas ini gambar atau foto, bukan buku kerja Excel.",
    "file_is_image.mend": "Ketik datanya di templat .xlsx yang kami sediakan, lalu unggah templat itu.",
    "file_is_xlsb.what": "Berkas ini berformat Excel biner (.xlsb), bukan .xlsx.",
    "file_is_xlsb.mend": _SAVE_AGAIN,
    "file_is_ods.what": "Berkas ini berformat OpenDocument (.ods), bukan .xlsx.",
    "file_is_ods.mend": _SAVE_AGAIN,
    "file_is_document.what": "Berkas ini dokumen Word atau PowerPoint, bukan buku kerja Excel.",
    "file_is_document.mend": "Salin tabelnya ke templat .xlsx yang kami sediakan, lalu unggah templat itu.",
    "file_not_workbook.what": "Berkas ini bukan buku kerja Excel (.xlsx).",
    "file_not_workbook.mend": "Pilih berkas .xlsx yang benar. Mengganti akhiran nama berkas saja tidak cukup.",
    "file_has_macros.what": "Berkas berisi makro (program); demi keamanan, bank tidak menerimanya.",
    "file_has_macros.mend": "Di Excel pilih Simpan Sebagai > Excel Workbook (.xlsx), pilih Ya ketika ditanya apakah "
    "disimpan tanpa makro, lalu unggah hasilnya.",
    "workbook_damaged.what": "Berkas rusak: ada bagian di dalamnya yang tidak bisa dibaca.",
    "workbook_damaged.mend": "Buka di Excel (pilih Ya bila ditawari perbaikan), periksa isinya, simpan ulang sebagai "
    ".xlsx, lalu unggah lagi.",
    "workbook_suspicious.what": "Susunan di dalam berkas tidak wajar dan tidak seperti buatan aplikasi lembar kerja; "
    "demi keamanan berkas tidak dibuka.",
    "workbook_suspicious.mend": _SAVE_AGAIN,
    "workbook_inflates_too_much.what": "Isi berkas setelah dibuka jauh lebih besar daripada batas, "
    "biasanya karena format sel terpasang sampai ke ujung lembar.",
    "workbook_inflates_too_much.mend": _COPY_VALUES,
    "workbook_too_complex.what": "Isi berkas terlalu berat untuk dibaca: terlalu banyak isian atau format, "
    "atau ada isian yang letaknya sangat jauh dari data.",
    "workbook_too_complex.mend": _COPY_VALUES,
    "workbook_too_slow.what": "Berkas tidak selesai dibaca dalam batas waktu.",
    "workbook_too_slow.mend": _COPY_VALUES + " Daftar yang sangat panjang sebaiknya dibagi menjadi beberapa berkas.",
    "value_far_away.what": "Ada isian di sel {cell}, jauh di luar daerah data (kolom A sampai AZ).",
    "value_far_away.mend": "Tekan Ctrl+G (Buka), ketik {cell}, hapus isiannya beserta kolom atau barisnya, simpan, "
    "lalu unggah lagi.",
    "too_many_rows.what": "Ada isian di sel {cell}, padahal satu berkas paling banyak {max_rows} baris.",
    "too_many_rows.mend": "Bila daftarnya memang sepanjang itu, bagi menjadi beberapa berkas. Bila tidak, tekan Ctrl+G "
    "(Buka), ketik {cell}, hapus baris di sekitarnya, simpan, lalu unggah lagi.",
    "text_too_long.what": "Ada teks yang jauh lebih panjang daripada batas Excel (32.767 karakter per sel).",
    "text_too_long.mend": _COPY_VALUES,
    "too_many_texts.what": "Jumlah teks di dalam berkas jauh lebih banyak daripada isi daftar terpanjang.",
    "too_many_texts.mend": _COPY_VALUES,
}
