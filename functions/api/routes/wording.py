"""The biller's own words in its notices."""

from typing import Annotated, Any, Literal

from aws_lambda_powertools.event_handler.openapi.params import Body
from pydantic import Field, StringConstraints

from api import shapes
from api.areas import Area
from api.requests import Request
from invoicing import changing_wording, notice_previews
from invoicing.changing_wording import Change
from invoicing.notice_policy import MAX_REMINDER_DISTANCE
from invoicing.notices import NoticeKind
from invoicing.occasions import Tone
from invoicing.roles import Role

area = Area("wording")

_Name = Annotated[str, Field(pattern=r"^[a-z_.]{1,80}$")]
_Offset = Annotated[str, Field(pattern=r"^(0|-?[1-9][0-9]?)$")]


_Number = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]+$")
]
_READERS = {Role.BILLER_ADMIN, Role.MAKER, Role.CHECKER, Role.VIEWER}


class WantedWording(Request):
    """null takes the biller's own choice back; what is left out stays."""

    words: dict[_Name, Annotated[str, Field(max_length=1000)] | None] = Field(default_factory=dict, max_length=100)
    tones: dict[_Offset, Tone | None] = Field(
        default_factory=dict, max_length=20, description="by the reminder's days from the due date"
    )
    templates: dict[_Name, _Name | None] = Field(default_factory=dict, max_length=20)

    def to_domain(self) -> Change:
        tones = {int(offset): tone for offset, tone in self.tones.items()}
        return Change(words=self.words, tones=tones, templates=self.templates)


class ChangeWording(WantedWording):
    version: int = Field(ge=0, le=10**9, description="of the wording that was read: who comes second is told")


class PreviewNotice(Request):
    kind: NoticeKind = NoticeKind.ISSUED
    language: Literal["id", "en"] = "id"
    offset: int = Field(
        default=0,
        ge=-MAX_REMINDER_DISTANCE,
        le=MAX_REMINDER_DISTANCE,
        description="of a reminder: its days from the due date",
    )
    names: Literal["short", "long"] = Field(default="short", description="of the sample; long ones show what is cut")
    number: _Number | None = Field(default=None, description="of a real invoice, open or paid, in place of the sample")
    change: WantedWording = Field(default_factory=WantedWording, description="to the wording, only for this preview")


@area.get("/v1/wording", _READERS, answers=shapes.Wording)
def show_wording() -> dict[str, Any]:
    """The biller's own words, tones and templates, with all that it may write where."""
    return changing_wording.show_wording(area.caller.own_biller.wording)


@area.patch("/v1/wording", {Role.BILLER_ADMIN}, answers=shapes.Wording)
def change_wording(request: Annotated[ChangeWording, Body()]) -> dict[str, Any]:
    """Change words, tones or templates of the version that was read; every problem is named by the words it is of."""
    caller = area.caller
    wording = changing_wording.set_wording(
        caller.biller_id, request.to_domain(), by=caller.user_id, version=request.version
    )
    return changing_wording.show_wording(wording)


@area.post("/v1/wording/preview", _READERS, answers=shapes.NoticePreview, reads=True)
def preview_notice(request: Annotated[PreviewNotice, Body()]) -> dict[str, Any]:
    """What a notice would look like on each channel, rendered as it is sent; nothing is stored, nobody is written to.

    For a sample or for one of the biller's invoices, with its wording as it is or with a change to it. No contact of a
    payer is shown and no link that opens a payer's page.
    """
    caller = area.caller
    # Here every problem is named by the words it is of.
    changing_wording.apply_change(caller.own_biller.wording, request.change.to_domain())
    return notice_previews.preview_notice(caller.biller_id, caller.user_id, **request.model_dump(mode="json"))
