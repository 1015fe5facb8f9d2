"""The biller's own words in its notices."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Body
from pydantic import Field

from api import shapes
from api.areas import Area
from api.requests import Request
from invoicing import changing_wording
from invoicing.occasions import Tone
from invoicing.roles import Role

area = Area("wording")

_Name = Annotated[str, Field(pattern=r"^[a-z_.]{1,80}$")]
_Offset = Annotated[str, Field(pattern=r"^(0|-?[1-9][0-9]?)$")]


class ChangeWording(Request):
    """null takes the biller's own choice back; what is left out stays."""

    version: int = Field(ge=0, le=10**9, description="of the wording that was read: who comes second is told")
    words: dict[_Name, Annotated[str, Field(max_length=1000)] | None] = Field(default_factory=dict, max_length=100)
    tones: dict[_Offset, Tone | None] = Field(
        default_factory=dict, max_length=20, description="by the reminder's days from the due date"
    )
    templates: dict[_Name, _Name | None] = Field(default_factory=dict, max_length=20)


@area.get("/v1/wording", {Role.BILLER_ADMIN, Role.MAKER, Role.CHECKER, Role.VIEWER}, answers=shapes.Wording)
def show_wording() -> dict[str, Any]:
    """The biller's own words, tones and templates, with all that it may write where."""
    return changing_wording.show_wording(area.caller.own_biller.wording)


@area.patch("/v1/wording", {Role.BILLER_ADMIN}, answers=shapes.Wording)
def change_wording(request: Annotated[ChangeWording, Body()]) -> dict[str, Any]:
    """Change words, tones or templates of the version that was read; every problem is named by the words it is of."""
    change = changing_wording.Change(
        words=request.words,
        tones={int(offset): tone for offset, tone in request.tones.items()},
        templates=request.templates,
    )
    caller = area.caller
    wording = changing_wording.set_wording(caller.biller_id, change, by=caller.user_id, version=request.version)
    return changing_wording.show_wording(wording)
