"""Apa yang salah di berkas unggahan dan cara memperbaikinya, untuk setiap kode temuan dan penolakan."""

TEXTS = {
    "amount_negative.what": "Jumlah bernilai negatif.",
    "amount_negative.mend": "Tulis jumlah tanpa tanda minus atau kurung, misalnya 1.500.000.",
    "amount_zero.what": "Jumlah nol tidak bisa ditagih.",
    "amount_zero.mend": "Isi jumlah yang benar, atau hapus baris ini.",
    "amount_too_large.what": "Jumlah melebihi batas {maximum}.",
    "amount_too_large.mend": "Periksa apakah ada angka nol atau digit yang berlebih.",
    "amount_is_date.what": "Sel ini berisi tanggal atau jam, bukan jumlah uang.",
    "amount_is_date.mend": "Ubah format sel menjadi Angka, lalu ketik ulang jumlahnya, misalnya 1.500.000.",
    "amount_not_number.what": "Isi sel ini bukan jumlah rupiah yang bisa dibaca.",
    "amount_not_number.mend": "Tulis angka saja, misalnya 1500000, 1.500.000 atau Rp 1.500.000.",
    "amount_decimals.what": "Jumlah memuat pecahan rupiah (sen).",
    "amount_decimals.mend": "Bulatkan ke rupiah penuh. Satu juta lima ratus ribu ditulis 1.500.000, bukan 1,5.",
    "amount_scientific.what": "Jumlah tertulis dalam notasi ilmiah, sehingga sebagian digit bisa hilang.",
    "amount_scientific.mend": (
        "Ubah format sel menjadi Angka tanpa desimal, lalu ketik ulang jumlahnya, misalnya 1500000."
    ),
    "amount_in_words.what": "Jumlah memakai kata seperti ribu atau juta.",
    "amount_in_words.mend": "Tulis semua angkanya, misalnya 1.500.000 untuk 1,5 juta.",
    "percent_too_large.what": "Persentase lebih dari 100%.",
    "percent_too_large.mend": "Isi paling tinggi 100%, atau tulis potongan dalam rupiah, misalnya 50.000.",
    "reduction_ambiguous.what": "Angka {number} bisa berarti {number}% atau Rp {number}.",
    "reduction_ambiguous.mend": "Tulis {number}% untuk persen, atau Rp {number} untuk rupiah.",
    "quantity_invalid.what": "Jumlah barang tidak bisa dibaca.",
    "quantity_invalid.mend": "Isi angka lebih dari nol, misalnya 2 atau 1,5, tanpa satuan dan tanpa titik ribuan.",
    "date_invalid.what": "Isi sel ini bukan tanggal yang bisa dibaca.",
    "date_invalid.mend": "Tulis hari/bulan/tahun, misalnya 31/12/2026, atau pakai format Tanggal di Excel.",
    "date_out_of_range.what": "Tahunnya di luar {first}–{last}.",
    "date_out_of_range.mend": "Periksa tahun, misalnya 31/12/2026.",
    "date_short_year.what": "Tahun dua angka ini tidak jelas.",
    "date_short_year.mend": "Tulis tahun empat angka, misalnya 31/12/2026.",
    "date_us_order.what": "Urutannya bulan/hari/tahun, padahal di sini hari/bulan/tahun.",
    "date_us_order.mend": "Tulis {meant}. Periksa juga tanggal lain: 05/06/2026 dibaca 5 Juni.",
    "date_impossible.what": "Tanggal ini tidak ada di kalender.",
    "date_impossible.mend": "Periksa hari dan bulannya, misalnya 28/02/2027.",
    "phone_invalid.what": "Nomor ini bukan nomor ponsel yang benar.",
    "phone_invalid.mend": (
        "Tulis misalnya 081234567890 atau +6281234567890; nomor luar negeri diawali + dan kode negara."
    ),
    "phone_several.what": "Ada lebih dari satu nomor dalam satu sel.",
    "phone_several.mend": "Isi satu nomor saja, misalnya 081234567890.",
    "phone_digits_lost.what": "Excel mengubah nomor ini menjadi notasi ilmiah, sehingga sebagian digit hilang.",
    "phone_digits_lost.mend": (
        "Format kolom sebagai Teks (Format Cells > Text), lalu ketik ulang nomornya, misalnya 081234567890."
    ),
    "phone_landline.what": "Ini nomor telepon tetap; pesan WhatsApp atau SMS tidak bisa dipastikan sampai.",
    "phone_landline.mend": "Isi nomor ponsel, misalnya 081234567890, atau kosongkan dan isi kontak lain.",
    "email_invalid.what": "Alamat email ini tidak benar.",
    "email_invalid.mend": "Tulis misalnya nama@contoh.co.id, tanpa spasi; dua alamat dipisah koma.",
    "email_line_break.what": "Ada ganti baris di dalam sel email.",
    "email_line_break.mend": "Tulis dalam satu baris; dua alamat dipisah koma, misalnya a@contoh.id, b@contoh.id.",
    "email_too_many.what": "Ada {count} alamat email; paling banyak {maximum}.",
    "email_too_many.mend": "Sisakan {maximum} alamat, pisahkan dengan koma.",
    "email_non_ascii.what": "Bagian sebelum @ memuat huruf yang tidak didukung.",
    "email_non_ascii.mend": "Pakai huruf biasa tanpa tanda, misalnya nama@contoh.co.id.",
    "school_year_invalid.what": "Tahun ajaran tidak bisa dibaca.",
    "school_year_invalid.mend": "Tulis misalnya 2026/2027.",
    "school_year_not_consecutive.what": "Kedua tahun pada tahun ajaran tidak berurutan.",
    "school_year_not_consecutive.mend": "Tulis misalnya {expected}.",
    "installment_invalid.what": "Cicilan {part}/{whole} tidak mungkin.",
    "installment_invalid.mend": "Tulis nomor cicilan dan banyaknya, misalnya Cicilan 2/3.",
    "installment_differs.what": "Jenis Tagihan menyebut cicilan {fee}, tetapi Periode menyebut {period}.",
    "installment_differs.mend": "Tulis cicilan di satu kolom saja, misalnya Cicilan 2/3 di Periode.",
    "period_invalid.what": "Periode tidak bisa dibaca.",
    "period_invalid.mend": "Tulis misalnya Juli 2026, 2026-07, Sem 1, atau nama kegiatan.",
    "period_ambiguous.what": "Angka {number} bisa berarti bulan atau semester.",
    "period_ambiguous.mend": "Tulis nama bulan (misalnya Januari 2027), atau Sem {number}.",
    "period_other_school_year.what": (
        "Periode menyebut tahun ajaran {period_year}, tetapi kolom Tahun Ajaran berisi {school_year}."
    ),
    "period_other_school_year.mend": "Samakan keduanya.",
    "period_outside_school_year.what": "Bulan {period} di luar tahun ajaran {school_year} (Juli–Juni).",
    "period_outside_school_year.mend": (
        "Periksa Periode dan Tahun Ajaran; bila memang demikian, setujui peringatan ini."
    ),
    "no_tariff.what": "Nominal kosong; tarif bawaan per jenis dan kelas belum didukung.",
    "no_tariff.mend": "Isi Nominal, misalnya 350.000.",
    "nothing_left_to_pay.what": "Setelah potongan {discount} dari {amount}, tidak ada yang perlu dibayar.",
    "nothing_left_to_pay.mend": "Kurangi potongannya, atau hapus baris ini bila siswa bebas biaya.",
    "nisn_invalid.what": "NISN harus 10 digit.",
    "nisn_invalid.mend": "Format kolom sebagai Teks supaya nol di depan tidak hilang, misalnya 0123456789.",
    "duplicate_school_bill.what": (
        "Tagihan {number} sudah ada di baris {other_row}: siswa, jenis, tahun ajaran dan periode sama."
    ),
    "duplicate_school_bill.mend": "Hapus salah satu, betulkan periodenya, atau isi No. Tagihan yang berbeda.",
    "cell_error.what": "Sel ini berisi kesalahan Excel: {text}.",
    "cell_error.mend": "Betulkan rumusnya, atau ketik nilainya langsung.",
    "formula_without_value.what": "Rumus ini belum dihitung, jadi nilainya tidak tersimpan: {text}.",
    "formula_without_value.mend": "Buka berkas di Excel, simpan, lalu unggah lagi; atau ganti rumus dengan nilainya.",
    "text_became_date.what": "Excel mengubah isi sel ini menjadi tanggal.",
    "text_became_date.mend": "Format kolom sebagai Teks (Format Cells > Text), lalu ketik ulang isinya.",
    "text_became_other.what": "Sel ini berisi TRUE/FALSE, bukan teks.",
    "text_became_other.mend": "Ketik ulang isinya sebagai teks.",
    "digits_lost.what": "Excel menyimpan isi ini sebagai angka, sehingga digitnya bisa hilang atau berubah.",
    "digits_lost.mend": "Format kolom sebagai Teks (Format Cells > Text), lalu ketik ulang isinya.",
    "text_longer.what": "Teksnya {length} karakter; paling panjang {maximum}.",
    "text_longer.mend": "Singkatkan menjadi paling banyak {maximum} karakter.",
    "yes_no_invalid.what": "Isi sel ini bukan ya atau tidak.",
    "yes_no_invalid.mend": "Tulis ya atau tidak.",
    "language_unknown.what": "Bahasa ini tidak tersedia.",
    "language_unknown.mend": "Tulis ID untuk Indonesia atau EN untuk Inggris.",
    "channel_unknown.what": "Kanal {channel} tidak dikenal.",
    "channel_unknown.mend": "Tulis WA, SMS atau EMAIL; lebih dari satu dipisah koma, misalnya WA,EMAIL.",
    "channel_not_active.what": "Kanal {channel} belum aktif untuk usaha Anda.",
    "channel_not_active.mend": "Hapus kanal itu dari baris ini, atau hubungi bank untuk mengaktifkannya.",
    "partial_payment_unsupported.what": "Boleh Cicil belum didukung.",
    "partial_payment_unsupported.mend": (
        "Kosongkan atau isi tidak; buat satu baris per cicilan, misalnya Cicilan 1/3, Cicilan 2/3, Cicilan 3/3."
    ),
    "partial_minimum_unsupported.what": "Minimal Bayar belum didukung.",
    "partial_minimum_unsupported.mend": (
        "Kosongkan; buat satu baris per cicilan, misalnya Cicilan 1/3, Cicilan 2/3, Cicilan 3/3."
    ),
    "fixed_va_unsupported.what": "Nomor VA tetap belum didukung.",
    "fixed_va_unsupported.mend": "Kosongkan; nomor VA dibuat oleh sistem untuk setiap tagihan.",
    "expiry_too_soon.what": "Batas waktu ini terlalu dekat atau sudah lewat.",
    "expiry_too_soon.mend": "Isi waktu setelah {earliest} WIB, misalnya 31/12/2026 17:00, atau kosongkan.",
    "expiry_before_due.what": "Berlaku Sampai lebih awal daripada jatuh tempo {due_date}.",
    "expiry_before_due.mend": "Isi tanggal yang sama atau sesudah jatuh tempo, atau kosongkan.",
    "missing_value.what": "Sel wajib ini kosong.",
    "missing_value.mend": "Isi sel ini; lihat contoh di lembar Contoh.",
    "missing_contact.what": "Tidak ada kontak di baris ini.",
    "missing_contact.mend": "Isi paling sedikit satu dari: {columns}.",
    "product_row_without_number.what": "Baris barang ini tidak punya nomor invoice.",
    "product_row_without_number.mend": "Ulangi nomor invoice yang sama di setiap baris barangnya, misalnya INV-001.",
    "item_incomplete.what": "Data barang di baris ini belum lengkap.",
    "item_incomplete.mend": "Isi nama barang, qty dan harga satuan; atau kosongkan semua kolom barang.",
    "item_total_negative.what": "Diskon lebih besar daripada harga barang (kurang {missing}).",
    "item_total_negative.mend": "Kurangi diskonnya, misalnya 10%.",
    "items_total_differs.what": "Jumlah semua barang {total}, tetapi Jumlah Tagihan {amount}.",
    "items_total_differs.mend": "Samakan keduanya: betulkan qty, harga, diskon, pajak, atau Jumlah Tagihan.",
    "product_row_differs.what": "Isinya berbeda dari baris {first_row} dengan nomor invoice yang sama.",
    "product_row_differs.mend": (
        "Kosongkan sel ini atau samakan dengan baris {first_row}; untuk tagihan lain pakai nomor lain."
    ),
    "invoice_has_bad_row.what": (
        "Baris lain dari tagihan {number} salah (baris {bad_row}), jadi tagihan ini tidak dibuat."
    ),
    "invoice_has_bad_row.mend": "Perbaiki baris {bad_row}; baris ini ikut diunggah lagi.",
    "invoice_too_many_products.what": "Tagihan {number} punya {rows} baris barang; paling banyak {maximum}.",
    "invoice_too_many_products.mend": "Gabungkan barang yang sama, atau bagi menjadi beberapa nomor invoice.",
    "invoice_too_large.what": "Isi {rows} baris barang tagihan {number} terlalu besar (batasnya {maximum} KB).",
    "invoice_too_large.mend": "Singkatkan nama barangnya, atau bagi menjadi beberapa nomor invoice.",
    "duplicate_number.what": "Nomor {number} juga ada di baris {other_row}.",
    "duplicate_number.mend": (
        "Beri setiap tagihan nomor sendiri; baris barang dari satu tagihan harus mengisi kolom barang."
    ),
    "total_row_inside.what": "Ini tampak seperti baris jumlah di tengah data.",
    "total_row_inside.mend": "Hapus baris ini, atau lengkapi bila memang tagihan.",
    "footer_row_ignored.what": (
        "Baris di bawah data ini dianggap jumlah, catatan atau tanda tangan, dan tidak dibaca."
    ),
    "footer_row_ignored.mend": "Tidak perlu apa-apa; bila ini tagihan, lengkapi barisnya lalu unggah lagi.",
    "total_differs.what": "Baris jumlah menulis {total}, tetapi jumlah semua baris {sum}.",
    "total_differs.mend": "Periksa apakah ada baris yang kurang, berlebih, atau salah jumlahnya.",
    "unknown_column.what": "Kolom ini (kolom {letter}) tidak dikenal dan tidak dibaca.",
    "unknown_column.mend": "Bila perlu dibaca, ganti judulnya menurut template; judul terdekat: {nearest}.",
    "column_without_header.what": "Kolom {letter} berisi data tetapi tidak berjudul, jadi tidak dibaca.",
    "column_without_header.mend": "Beri judul menurut template, atau hapus kolom itu (judul terdekat: {nearest}).",
    "no_notice.what": "Tidak ada kontak untuk kanal yang aktif, jadi tidak ada pesan yang dikirim untuk tagihan ini.",
    "no_notice.mend": "Isi kontak untuk kanal yang aktif, atau setujui bila Anda memberi tahu sendiri.",
    "channel_without_contact.what": "Kanal {channel} diminta, tetapi kontaknya kosong.",
    "channel_without_contact.mend": "Isi kontak untuk kanal itu, atau hapus kanalnya.",
    "due_date_past.what": "Jatuh tempo sudah lewat (hari ini {today}).",
    "due_date_past.mend": "Periksa tanggal dan tahunnya; bila memang menagih tunggakan, setujui peringatan ini.",
    "amount_far_from_last.what": "Jumlah ini jauh dari unggahan terakhir Anda ({smallest} sampai {largest}).",
    "amount_far_from_last.mend": (
        "Periksa apakah ada nol yang kurang atau berlebih; bila benar, setujui peringatan ini."
    ),
    "likely_double_bill.what": (
        "Baris ini tampak menagih hal yang sama dengan baris {other_row} (nomor {other_number})."
    ),
    "likely_double_bill.mend": "Hapus salah satu bila dobel; bila memang dua tagihan, setujui peringatan ini.",
    "contact_shared.what": "Kontak ini dipakai oleh {payers} pembayar yang berbeda.",
    "contact_shared.mend": "Periksa apakah kontaknya tersalin keliru; bila benar, setujui peringatan ini.",
    "several_data_sheets.what": "Ada lebih dari satu lembar yang berisi tagihan: {sheets}.",
    "several_data_sheets.mend": "Satukan di satu lembar, atau hapus (atau sembunyikan) yang lain, lalu unggah lagi.",
    "empty_sheet.what": "Lembar “{sheet}” tidak berisi tagihan.",
    "empty_sheet.mend": "Isi mulai dari baris di bawah judul kolom, lalu unggah lagi.",
    "missing_headers.what": (
        "Judul kolom wajib tidak ditemukan di lembar “{sheet}” (baris {row}): {headers}. Judul yang tidak "
        "dikenal: {unknown}."
    ),
    "missing_headers.mend": "Tambahkan atau ganti nama judul itu persis seperti di template, lalu unggah lagi.",
    "sheet_incomplete.what": (
        "Lembar “{sheet}” tampak berisi tagihan juga, tetapi judul kolom wajib ini tidak ada (baris {row}): {headers}. "
        "Judul yang tidak dikenal: {unknown}."
    ),
    "sheet_incomplete.mend": (
        "Satukan tagihannya di satu lembar; bila lembar itu bukan tagihan, hapus atau sembunyikan, lalu unggah lagi."
    ),
    "repeated_headers.what": "Ada beberapa kolom yang artinya sama di lembar “{sheet}” (baris {row}): {headers}.",
    "repeated_headers.mend": "Hapus atau ganti nama salah satunya, lalu unggah lagi.",
    "only_hidden_sheet.what": "Tagihan hanya ada di lembar tersembunyi “{sheet}”.",
    "only_hidden_sheet.mend": "Tampilkan lembar itu (klik kanan > Unhide), periksa isinya, lalu unggah lagi.",
    "other_module.what": "Lembar “{sheet}” memakai template produk lain.",
    "other_module.mend": "Pakai template “{expected}”, lalu unggah lagi.",
    "no_data_sheet.what": "Tidak ada lembar berisi tagihan. Lembar yang ada: {found}.",
    "no_data_sheet.mend": "Isi lembar “{sheet}” dari template, lalu unggah lagi.",
}
