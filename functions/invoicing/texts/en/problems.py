"""Answers of the API to calls that are refused, beside those in ``commands``."""

TEXTS = {
    "bad_request": "These fields are missing or cannot be used: {detail}.",
    "content_type": "The body must be JSON (content-type application/json).",
    "body_too_large": "The body is too large; at most {detail} bytes are taken.",
    "route_not_found": "There is nothing at this address.",
    "not_signed_in": "Sign in first: the access token is missing, expired or not valid.",
    "access_denied": "You are not permitted to do this.",
    "user_not_found": "There is no such user.",
    "invoice_not_found": "There is no such invoice.",
    "company_code": "The company code {detail} does not have the bank's number of digits.",
    "still_running": "The same call is still being carried out; ask again in a moment.",
    "key_reused": "This Idempotency-Key was used for another request; take a new one.",
    "defect": "Something went wrong on our side. Tell the bank's support the number in instance.",
}
