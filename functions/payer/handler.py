"""The payer's page: HTTP API -> a bill, its live state, its PDFs, and "this is not my bill". The link is the login.

Tokens are credentials: they are never logged, and the API's access log leaves paths out.
"""

import json
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from invoicing import defects, payer_bills
from invoicing.errors import PayerLinkError
from invoicing.texts import LANGUAGES
from payer import pages
from webpages.answers import answer_asset, answer_file, answer_page, answer_text
from webpages.assets import find_asset

logger = Logger()


@logger.inject_lambda_context
def handle(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    route = event["routeKey"]
    parameters = event.get("pathParameters") or {}
    language = (event.get("queryStringParameters") or {}).get("lang", "")
    chosen = language if language in LANGUAGES else None
    try:
        return _answer(route, parameters, chosen)
    except PayerLinkError:
        logger.info("link_refused", extra={"route": route})
        return answer_page(404, pages.render_dead_link(chosen or LANGUAGES[0], _find_root(route)))
    except Exception as error:
        logger.error("page_failed", extra={"route": route, **defects.describe(error)})
        return answer_page(500, pages.render_failure(chosen or LANGUAGES[0], _find_root(route)))


def _answer(route: str, parameters: dict[str, str], language: str | None) -> dict[str, Any]:
    token = parameters.get("token", "")
    match route:
        case "GET /{token}":
            return answer_page(200, pages.render_bill(token, payer_bills.open_bill(token), language))
        case "GET /{token}/state":
            state = payer_bills.open_bill(token).state
            return answer_text(200, json.dumps({"state": state}), "application/json")
        case "GET /{token}/invoice.pdf":
            # reportlab takes longer to import than everything else here: only for those who ask for a file.
            from payer.documents import render_invoice_pdf

            bill = payer_bills.open_bill(token)
            return _answer_pdf(render_invoice_pdf(token, bill, language), f"tagihan-{bill.invoice['va_number']}.pdf")
        case "GET /{token}/receipt.pdf":
            from payer.documents import render_receipt_pdf

            bill = payer_bills.open_bill(token)
            if bill.state is not payer_bills.BillState.PAID:
                raise PayerLinkError
            return _answer_pdf(render_receipt_pdf(bill, language), f"kwitansi-{bill.invoice['va_number']}.pdf")
        case "POST /{token}/dismiss":
            payer_bills.dismiss_bill(token)
            return answer_page(200, pages.render_dismissed(language or LANGUAGES[0], _find_root(route)))
        case "GET /robots.txt":
            return answer_text(200, "User-agent: *\nDisallow: /\n", "text/plain")
        case "GET /assets/{file}":
            return answer_asset(find_asset(pages.STATIC, parameters.get("file", "")))
    return answer_page(404, pages.render_dead_link(language or LANGUAGES[0], _find_root(route)))


def _answer_pdf(content: bytes, filename: str) -> dict[str, Any]:
    return answer_file(content, filename, "application/pdf", inline=True)


def _find_root(route: str) -> str:
    """The way from a page to the folder of all pages: addresses are relative, whatever stands before them."""
    return "../" if route.count("/") > 1 else ""
