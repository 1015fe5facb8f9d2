"""Words of the dashboard where a school says it in another way; keys of ``dashboard``."""

TEXTS: dict[str, str] = {
    "nav.uploads": "Unggahan SPP",
    "uploads.new": "Unggah tagihan siswa",
}
