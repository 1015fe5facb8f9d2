"""The bank's settlement files against our payments, for its officers: what differs, and what two people do about it."""

from enum import StrEnum
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Body, Path, Query
from pydantic import Field

from api import shapes
from api.areas import Area
from api.requests import Reason, Request, VaNumber, build_page
from invoicing import reconciling
from invoicing.reconciliation import Result
from invoicing.roles import Role

area = Area("reconciliations")

_OFFICER = {Role.BANK_OFFICER}
_Cursor = Annotated[str | None, Query(min_length=1, max_length=300, description="of the page before")]


class OpenResult(StrEnum):
    """Results that stay on a list until somebody, or a later file, has settled them."""

    MISSING_HERE = Result.MISSING_HERE
    MISSING_THERE = Result.MISSING_THERE
    AMOUNT_DIFFERS = Result.AMOUNT_DIFFERS
    DUPLICATE = Result.DUPLICATE
    UNIDENTIFIED = Result.UNIDENTIFIED
    REVERSED = Result.REVERSED
    WAITING = Result.WAITING


class _OnLine(Request):
    va_number: VaNumber
    line: str = Field(pattern=r"^(settled|missing_there|line#.{1,250})$", description="as the list names it")


class SettleWithReason(_OnLine):
    reason: Reason


class ApproveLine(_OnLine):
    pass


class ResolveLine(_OnLine):
    note: Reason = Field(description="what became of the money")


@area.get("/v1/bank/reconciliations", _OFFICER, answers=shapes.ReconciliationPage)
def list_reconciliations(cursor: _Cursor = None) -> dict[str, Any]:
    """The bank's settlement files, newest first, and what came of each."""
    return build_page("reconciliations", *reconciling.list_files(cursor))


@area.get("/v1/bank/reconciliations/<file_hash>", _OFFICER, answers=shapes.Reconciliation)
def describe_reconciliation(file_hash: Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")]) -> dict[str, Any]:
    """One file, and a link to its report for a few minutes."""
    return reconciling.describe_file(file_hash)


@area.get("/v1/bank/settlement-lines", _OFFICER, answers=shapes.SettledLinePage)
def list_settlement_lines(result: Annotated[OpenResult, Query()], cursor: _Cursor = None) -> dict[str, Any]:
    """What of one result somebody must settle, oldest first."""
    return build_page("lines", *reconciling.list_lines(Result(result), cursor))


@area.post("/v1/bank/settlement-lines/propose", _OFFICER, answers=shapes.SettledLine)
def propose_settlement_line(request: Annotated[SettleWithReason, Body()]) -> dict[str, Any]:
    """Ask that a missing payment be posted, or one that the bank took back be reversed; another officer approves."""
    return reconciling.propose_line(request.va_number, request.line, by=area.caller.user_id, reason=request.reason)


@area.post("/v1/bank/settlement-lines/withdraw", _OFFICER, answers=shapes.SettledLine)
def withdraw_settlement_line(request: Annotated[SettleWithReason, Body()]) -> dict[str, Any]:
    """Take a proposal back; the line waits again."""
    return reconciling.withdraw_line(request.va_number, request.line, by=area.caller.user_id, reason=request.reason)


@area.post("/v1/bank/settlement-lines/approve", _OFFICER, answers=shapes.SettledLine)
def approve_settlement_line(request: Annotated[ApproveLine, Body()]) -> dict[str, Any]:
    """Do what another officer proposed: the money is posted, or reversed and the bill opened again."""
    return reconciling.approve_line(request.va_number, request.line, by=area.caller.user_id)


@area.post("/v1/bank/settlement-lines/resolve", _OFFICER, answers=shapes.SettledLine)
def resolve_settlement_line(request: Annotated[ResolveLine, Body()]) -> dict[str, Any]:
    """Close a line that needs no change here, such as money that nobody's bill explains."""
    return reconciling.resolve_line(request.va_number, request.line, by=area.caller.user_id, note=request.note)
