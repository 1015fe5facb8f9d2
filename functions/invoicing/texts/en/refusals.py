"""Why a file is refused as a whole, before its rows could be looked at."""

_SAVE_AGAIN = (
    "Open the file in Excel, LibreOffice or Google Sheets, save it again as an Excel Workbook (.xlsx) and upload that."
)
_COPY_VALUES = "Copy the contents (Paste Special > Values) into a newly downloaded template and upload that."

TEXTS = {
    "file_empty.what": "The file is empty (0 bytes); there is nothing to read.",
    "file_empty.mend": "Make sure that the file is saved on your computer and opens there, then upload it again.",
    "file_too_large.what": "The file is larger than the limit of {max_mb} MB.",
    "file_too_large.mend": "Remove pictures and sheets that are not needed, or split the list into several files.",
    "file_truncated.what": "The file is cut off: its end is missing, perhaps after a broken download or copy.",
    "file_truncated.mend": "Open the original to make sure that it is complete, save it and upload it again.",
    "file_is_xls.what": "This file has the old Excel format (.xls, Excel 97-2003), not .xlsx.",
    "file_is_xls.mend": "Open it in Excel, choose Save As > Excel Workbook (.xlsx) and upload the result. "
    "Changing the ending of the file name is not enough.",
    "file_has_password.what": "The file is protected by a password, so its contents cannot be read.",
    "file_has_password.mend": "In Excel choose File > Info > Protect Workbook > Encrypt with Password, "
    "clear the password, save and upload again.",
    "file_is_csv.what": "This file is plain text (CSV), not an Excel workbook.",
    "file_is_csv.mend": "Copy its contents into the .xlsx template, check leading zeros and dates, and upload that.",
    "file_is_html.what": "This file is a web page or XML that only bears an Excel name, "
    "usually an export of another application.",
    "file_is_html.mend": _SAVE_AGAIN,
    "file_is_pdf.what": "This file is a PDF, not an Excel workbook.",
    "file_is_pdf.mend": "Upload the Excel file (.xlsx) that the PDF was made from, or fill in our template.",
    "file_is_image.what": "This file is a picture or photo, not an Excel workbook.",
    "file_is_image.mend": "Type the data into our .xlsx template and upload that.",
    "file_is_xlsb.what": "This file has the binary Excel format (.xlsb), not .xlsx.",
    "file_is_xlsb.mend": _SAVE_AGAIN,
    "file_is_ods.what": "This file has the OpenDocument format (.ods), not .xlsx.",
    "file_is_ods.mend": _SAVE_AGAIN,
    "file_is_document.what": "This file is a Word or PowerPoint document, not an Excel workbook.",
    "file_is_document.mend": "Copy its table into our .xlsx template and upload that.",
    "file_not_workbook.what": "This file is not an Excel workbook (.xlsx).",
    "file_not_workbook.mend": "Choose the right .xlsx file. Changing the ending of the file name is not enough.",
    "file_has_macros.what": "The file contains macros (programs); for safety the bank does not accept them.",
    "file_has_macros.mend": "In Excel choose Save As > Excel Workbook (.xlsx), answer Yes when asked whether to save "
    "without macros, and upload the result.",
    "workbook_damaged.what": "The file is damaged: a part inside it cannot be read.",
    "workbook_damaged.mend": "Open it in Excel (answer Yes if a repair is offered), check its contents, save it again "
    "as .xlsx and upload that.",
    "workbook_suspicious.what": "The inside of the file is unusual, unlike what spreadsheet programs write; "
    "for safety it was not opened.",
    "workbook_suspicious.mend": _SAVE_AGAIN,
    "workbook_inflates_too_much.what": "Unpacked, the file is far larger than the limit, "
    "usually because cells are formatted down to the end of the sheet.",
    "workbook_inflates_too_much.mend": _COPY_VALUES,
    "workbook_too_complex.what": "The file is too heavy to read: it has too many values or formats, "
    "or a value that lies very far from the data.",
    "workbook_too_complex.mend": _COPY_VALUES,
    "workbook_too_slow.what": "The file could not be read within the time limit.",
    "workbook_too_slow.mend": _COPY_VALUES + " A very long list is best split into several files.",
    "value_far_away.what": "Cell {cell} holds a value far outside the area of the data (columns A to AZ).",
    "value_far_away.mend": "Press Ctrl+G (Go To), type {cell}, delete the value together with its column or row, save "
    "and upload again.",
    "too_many_rows.what": "Cell {cell} holds a value, but one file may have at most {max_rows} rows.",
    "too_many_rows.mend": "If the list really is that long, split it into several files. If not, press Ctrl+G "
    "(Go To), type {cell}, delete the rows around it, save and upload again.",
    "text_too_long.what": "The file holds a text far longer than Excel's limit (32,767 characters in a cell).",
    "text_too_long.mend": _COPY_VALUES,
    "too_many_texts.what": "The file holds far more texts than fit a list of the permitted length.",
    "too_many_texts.mend": _COPY_VALUES,
}
