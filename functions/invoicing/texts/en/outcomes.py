"""Findings about uploads that come from outside the check of the file's content."""

TEXTS = {
    "biller_not_active.what": "Your business account is not active yet, or it is suspended.",
    "biller_not_active.mend": "Ask the bank to activate it, then upload again.",
    "file_never_arrived.what": "The file never reached us.",
    "file_never_arrived.mend": "Upload your file again; check your internet connection.",
    "check_failed.what": "The check stopped because of a fault in our system. No invoice was created.",
    "check_failed.mend": "Upload the same file again; if it happens again, give the bank this upload number.",
    "release_expired.what": "This upload was not released within 30 days and was cancelled. No invoice was created.",
    "release_expired.mend": "Upload the file again if the bills are still valid.",
    "rejected_by_checker.what": "Rejected by the checker: {reason}",
    "rejected_by_checker.mend": "Mend the file accordingly, then upload it again.",
    "rows_refused.what": "Some rows are wrong, and your setting refuses the whole file in that case.",
    "rows_refused.mend": "Mend every row marked in the failed-rows workbook, then upload the whole file again.",
    "no_good_rows.what": "Not one row is right, so no invoice can be created.",
    "no_good_rows.mend": "Download the failed-rows workbook, mend the marked cells, then upload it again.",
    "already_there_same.what": "Invoice {number} is there already with the same content; it is not created again.",
    "already_there_same.mend": "Nothing to do.",
    "already_there_other_amount.what": (
        "Number {number} is taken with another amount: stored Rp{stored_amount}, in the file Rp{amount}."
    ),
    "already_there_other_amount.mend": (
        "Use another number for a new bill; to replace the old one, archive that invoice first."
    ),
    "already_there_different.what": "Number {number} is taken with other content ({fields}).",
    "already_there_different.mend": (
        "Make it equal to the existing invoice, use another number, or archive the old invoice first."
    ),
    "already_billed.what": "This student is billed already for the same fee and period, under number {other_number}.",
    "already_billed.mend": "Delete this row if it is a double; if both are meant, acknowledge the warning.",
    "replaces_archived.what": (
        "Number {number} belonged to an archived invoice (VA {va_number}); this new invoice replaces it."
    ),
    "replaces_archived.mend": "Nothing to do.",
    "failed_rows_left_out.what": "There are too many mistakes to mark them all in a failed-rows workbook.",
    "failed_rows_left_out.mend": "Mend the original file by the list of findings, then upload it again.",
    "same_file.what": "The very same file was uploaded on {date} (upload {upload_id}).",
    "same_file.mend": "Make sure this is intended; invoices that exist are not created twice.",
}
