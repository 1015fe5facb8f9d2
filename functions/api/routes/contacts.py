"""Contacts of payers: erased at their request."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Body
from pydantic import Field

from api import shapes
from api.areas import Area
from api.requests import Reason, Request
from invoicing import erasing
from invoicing.roles import Role

area = Area("contacts")


class EraseContact(Request):
    contact: str = Field(min_length=1, max_length=300, description="an e-mail address or a mobile number")
    reason: Reason = Field(description="kept in the trail: who asked and where it is filed, no name and no contact")
    cursor: str | None = Field(default=None, max_length=1000, description="of the answer before")


@area.post("/v1/contacts/erase", {Role.BILLER_ADMIN}, answers=shapes.Erasure)
def erase_contact(request: Annotated[EraseContact, Body()]) -> dict[str, Any]:
    """Take a person out of the paid and archived invoices and their notices; money, numbers and times stay.

    Whoever has the contact loses name and all addresses. With a cursor there is more: call again with it and the same
    contact. Again from the beginning, it changes nothing that is done.
    """
    erasure = erasing.erase_contact(
        area.caller.biller_id, request.contact, by=area.caller.user_id, reason=request.reason, cursor=request.cursor
    )
    return erasing.show_erasure(erasure)
