"""The bank's support, or an officer, looks a bill up for a payer or a biller who asks."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Body
from pydantic import Field

from api import shapes
from api.areas import Area
from api.requests import Reason, Request
from invoicing import support
from invoicing.roles import BANK_ROLES

area = Area("support")


class FindByVirtualAccount(Request):
    va_number: str = Field(pattern=r"^[0-9]{9,23}$")
    reason: Reason = Field(description="who asks and why; kept in the audit trail")


class FindByBankReference(Request):
    bank_reference: str = Field(pattern=r"^[!-~]{1,64}$", description="as it stands on the receipt or statement")
    reason: Reason = Field(description="who asks and why; kept in the audit trail")


class FindByNumber(Request):
    biller_id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{2,39}$")
    number: str = Field(min_length=1, max_length=64)
    reason: Reason = Field(description="who asks and why; kept in the audit trail")


@area.post("/v1/support/by-virtual-account", BANK_ROLES, answers=shapes.FoundBills)
def find_by_virtual_account(request: Annotated[FindByVirtualAccount, Body()]) -> dict[str, Any]:
    """The bill that a virtual account collects, contacts masked."""
    found = support.find_by_virtual_account(request.va_number, reason=request.reason, by=area.caller.user_id)
    return {"bills": found}


@area.post("/v1/support/by-bank-reference", BANK_ROLES, answers=shapes.FoundBills)
def find_by_bank_reference(request: Annotated[FindByBankReference, Body()]) -> dict[str, Any]:
    """The bills that payments with this reference of the bank were for, contacts masked."""
    found = support.find_by_bank_reference(request.bank_reference, reason=request.reason, by=area.caller.user_id)
    return {"bills": found}


@area.post("/v1/support/by-number", BANK_ROLES, answers=shapes.FoundBills)
def find_by_number(request: Annotated[FindByNumber, Body()]) -> dict[str, Any]:
    """A biller's open or paid bill of this number, contacts masked."""
    found = support.find_by_number(request.biller_id, request.number, reason=request.reason, by=area.caller.user_id)
    return {"bills": found}
