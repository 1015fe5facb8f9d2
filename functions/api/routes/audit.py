"""Who did what when, before and after."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Query

from api import shapes
from api.areas import Area
from api.requests import BillerId, Month, build_page
from invoicing.roles import Role
from invoicing.store.audit import BANK, list_audit_entries
from invoicing.store.billers import load_biller

area = Area("audit")

Cursor = Annotated[
    str | None, Query(pattern=r"^20[0-9T:.-]{21}Z#[0-9A-HJKMNP-TV-Z]{26}$", description="of the page before")
]


@area.get("/v1/audit", {Role.BILLER_ADMIN}, answers=shapes.AuditPage)
def list_audit(month: Month, cursor: Cursor = None) -> dict[str, Any]:
    """The biller's trail of one month, newest first."""
    return build_page("entries", *list_audit_entries(area.caller.biller_id, month, cursor))


@area.get("/v1/billers/<biller_id>/audit", {Role.BANK_OFFICER}, answers=shapes.AuditPage)
def list_biller_audit(biller_id: BillerId, month: Month, cursor: Cursor = None) -> dict[str, Any]:
    """A biller's trail of one month; ``bank`` in the place of a biller: the bank's own."""
    if biller_id != BANK:
        load_biller(biller_id)
    return build_page("entries", *list_audit_entries(biller_id, month, cursor))
