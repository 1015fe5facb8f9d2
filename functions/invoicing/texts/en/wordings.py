"""Why own words for notices cannot be used."""

TEXTS: dict[str, str] = {
    "name_unknown": (
        'There are no words of the name "{detail}". Right would be, for example, sms.issued.id or '
        "email_intro.reminder_after_firm.en."
    ),
    "placeholder_unknown": "The placeholder {detail} is not known here; use only those that are offered.",
    "placeholder_twice": "In an SMS each placeholder may be used only once.",
    "brace": "A brace is no part of a placeholder such as {{amount}}.",
    "fact_missing": "These placeholders may not be left out: {detail}.",
    "too_long": "Too long; at most {detail} characters.",
    "not_plain": "Write one line of plain text, without line breaks, double spaces or invisible characters.",
    "character": "These characters cannot be used: {detail}",
    "link": (
        'Links and addresses may not be written: "{detail}". The bank adds its own link. Put a space after a full stop.'
    ),
    "number": (
        'Numbers may not be written: "{detail}". VA number and amount are filled in by {{va_number}} and {{amount}}; '
        "your telephone number is shown from your profile."
    ),
    "phishing": (
        '"{detail}" may not be in a message of the bank: swindlers use such words. Do not ask for a PIN, OTP, '
        "password, card or account."
    ),
    "sms_alphabet": "An SMS can hold plain Latin letters and usual punctuation only.",
    "sms_too_long": "With the longest facts this does not fit one SMS; make it {detail} characters shorter.",
    "template_unknown": "There is no approved WhatsApp template of this name: {detail}.",
}
