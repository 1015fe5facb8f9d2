"""How to fill in each column, printed on the sheet Petunjuk: ``{module}.{key}``."""

_PHONE = "Start with 08, 8, 62 or +62. Format the column as Text so that the digits stay as typed."
_EMAIL = "One or two addresses, separated by a comma."
_DATE = "An Excel date, or write DD/MM/YYYY, e.g. 31/12/2027 (Jakarta time)."
_MONEY = "Whole rupiah: 1500000, 1.500.000 or Rp 1.500.000. No cents."
_REDUCTION = "Whole rupiah or a percentage, e.g. 50.000 or 10%."
_UNSUPPORTED = "Not supported yet; leave empty or write no. For instalments write one row each (Cicilan 2/3)."
_CONTACT = "Fill in at least one contact per row. "

TEXTS = {
    "e_invoice.number": "Your invoice number, unique, at most 40 characters. Product rows repeat the same number.",
    "e_invoice.payer_name": "Name of the customer, at most 100 characters.",
    "e_invoice.amount": _MONEY,
    "e_invoice.due_date": _DATE,
    "e_invoice.whatsapp": _CONTACT + _PHONE,
    "e_invoice.email": _CONTACT + _EMAIL,
    "e_invoice.sms": _CONTACT + _PHONE,
    "e_invoice.description": "Shown in the message to the customer, at most 140 characters.",
    "e_invoice.payer_code": "Your own fixed code of the customer.",
    "e_invoice.issue_date": _DATE + " Empty: the day of upload.",
    "e_invoice.item_name": "Product or service. One row per product; all rows together must equal the amount.",
    "e_invoice.item_quantity": "How many, e.g. 2 or 1,5.",
    "e_invoice.item_unit_price": _MONEY,
    "e_invoice.item_discount": "Discount on this product row. " + _REDUCTION,
    "e_invoice.item_tax": "Tax on this product row, after the discount. " + _REDUCTION,
    "e_invoice.valid_until": (
        "Last moment to pay, at least 15 minutes from now. A date alone means the end of that day (Jakarta)."
    ),
    "e_invoice.language": "Language of the message: ID or EN.",
    "e_invoice.channel": "Ways to send: WA, SMS, EMAIL; more than one with commas. Empty: as in your settings.",
    "e_invoice.branch": "Branch, for you only; not sent to the customer.",
    "e_invoice.internal_note": "A note for yourself; not sent to the customer.",
    "e_invoice.erp_reference": "Reference in your own system; not sent to the customer.",
    "e_invoice.send_email": "yes or no: send by e-mail.",
    "e_invoice.send_sms": "yes or no: send by SMS.",
    "e_invoice.send_whatsapp": "yes or no: send by WhatsApp.",
    "e_invoice.partial_payment": _UNSUPPORTED,
    "e_invoice.partial_minimum": _UNSUPPORTED,
    "e_invoice.fixed_va": "Not supported yet; leave empty. The system makes the VA number.",
    "pintu_kelas.nis": "Student number, with its leading zeros (Text format).",
    "pintu_kelas.payer_name": "Full name of the student, at most 100 characters.",
    "pintu_kelas.class_name": "Class of the student, e.g. 7A.",
    "pintu_kelas.fee_type": (
        "SPP, Uang Pangkal, Kegiatan, Seragam, Antar-Jemput or another. Instalment: Uang Pangkal Cicilan 2/3."
    ),
    "pintu_kelas.period": "Juli 2026, 2026-07, Sem 1, Sem 2, or Cicilan 2/3.",
    "pintu_kelas.school_year": "School year, e.g. 2026/2027.",
    "pintu_kelas.amount": _MONEY,
    "pintu_kelas.due_date": _DATE,
    "pintu_kelas.guardian_name": "Name of the parent or guardian who gets the message.",
    "pintu_kelas.guardian_whatsapp": _CONTACT + _PHONE,
    "pintu_kelas.guardian_email": _CONTACT + _EMAIL,
    "pintu_kelas.guardian2_name": "Second guardian, if any.",
    "pintu_kelas.guardian2_whatsapp": _PHONE,
    "pintu_kelas.guardian2_email": _EMAIL,
    "pintu_kelas.discount": "Taken off the amount. " + _REDUCTION,
    "pintu_kelas.arrears": "Earlier debt, shown only; never added to this bill. " + _MONEY,
    "pintu_kelas.family_code": "The same code for brothers and sisters of one family.",
    "pintu_kelas.nisn": "10 digits.",
    "pintu_kelas.major": "Major, if any.",
    "pintu_kelas.unit": "School level or unit, e.g. SD, SMP, SMA.",
    "pintu_kelas.description": "Shown in the message to the guardian, at most 140 characters.",
    "pintu_kelas.number": "Leave empty: made from unit, NIS, fee type, school year and period. Or your own number.",
    "pintu_kelas.partial_payment": _UNSUPPORTED,
    "pintu_kelas.partial_minimum": _UNSUPPORTED,
    "pintu_kelas.fixed_va": "Not supported yet; leave empty. The system makes the VA number.",
}
