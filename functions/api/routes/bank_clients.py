"""Bank clients: who may tell us that money came in. Proposed by one officer, approved by another; disabled by one."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Body, Path, Query
from pydantic import Field

from api import shapes
from api.areas import Area
from api.requests import Reason, Request, Ulid, build_page
from invoicing import bank_changes
from invoicing.bank_client_rules import CLIENT_ID, MAX_KEY_CHARACTERS, ClientSettings
from invoicing.bank_clients import BankClient, Keep, describe_client
from invoicing.changes import Change
from invoicing.roles import Role
from invoicing.store.bank_clients import list_clients

area = Area("bank clients")

_OFFICER = {Role.BANK_OFFICER}
_PAGE_SIZE = 50
ClientId = Annotated[str, Path(pattern=CLIENT_ID, description="what the bank sends as X-CLIENT-KEY")]
ChangeId = Annotated[str, Path(pattern=Ulid)]


class WithReason(Request):
    reason: Reason


class ProposeSettings(WithReason):
    settings: ClientSettings = Field(description="those to change; the others stay")


class ProposeKey(WithReason):
    public_key: str = Field(min_length=1, max_length=MAX_KEY_CHARACTERS, description="RSA, in PEM form")


class ProposeEnd(WithReason):
    keep: Keep


@area.get("/v1/bank/clients", _OFFICER, answers=shapes.BankClientList)
def list_bank_clients() -> dict[str, Any]:
    """Every bank client with its settings and the fingerprints of its keys, never a secret."""
    return {"clients": [_show_client(client) for client in list_clients()]}


@area.post("/v1/bank/clients/<bank_client_id>/enable", _OFFICER, answers=shapes.BankChange, status=HTTPStatus.CREATED)
def propose_enabling_bank_client(bank_client_id: ClientId, request: Annotated[WithReason, Body()]) -> dict[str, Any]:
    """Propose that this bank may call; another officer decides."""
    return _show(bank_changes.propose_enabling(bank_client_id, reason=request.reason, by=area.caller.user_id))


@area.post("/v1/bank/clients/<bank_client_id>/disable", _OFFICER, answers=shapes.BankClient)
def disable_bank_client(bank_client_id: ClientId, request: Annotated[WithReason, Body()]) -> dict[str, Any]:
    """Refuse this bank's calls, everywhere within a minute. One officer does it alone."""
    client = bank_changes.disable_client(bank_client_id, reason=request.reason, by=area.caller.user_id)
    return _show_client(client)


@area.post("/v1/bank/clients/<bank_client_id>/settings", _OFFICER, answers=shapes.BankChange, status=HTTPStatus.CREATED)
def propose_bank_client_settings(
    bank_client_id: ClientId, request: Annotated[ProposeSettings, Body()]
) -> dict[str, Any]:
    """Propose other settings; another officer decides."""
    settings = request.settings.model_dump(exclude_unset=True)
    change = bank_changes.propose_settings(bank_client_id, settings, reason=request.reason, by=area.caller.user_id)
    return _show(change)


@area.post("/v1/bank/clients/<bank_client_id>/keys", _OFFICER, answers=shapes.BankChange, status=HTTPStatus.CREATED)
def propose_bank_key(bank_client_id: ClientId, request: Annotated[ProposeKey, Body()]) -> dict[str, Any]:
    """Propose a second public key of the bank, good beside the first until the change ends; another officer decides."""
    change = bank_changes.propose_key(bank_client_id, request.public_key, reason=request.reason, by=area.caller.user_id)
    return _show(change)


@area.post("/v1/bank/clients/<bank_client_id>/keys/end", _OFFICER, answers=shapes.BankChange, status=HTTPStatus.CREATED)
def propose_bank_key_end(bank_client_id: ClientId, request: Annotated[ProposeEnd, Body()]) -> dict[str, Any]:
    """Propose which of two public keys stays; another officer decides."""
    change = bank_changes.propose_key_end(bank_client_id, request.keep, reason=request.reason, by=area.caller.user_id)
    return _show(change)


@area.post("/v1/bank/clients/<bank_client_id>/secrets", _OFFICER, answers=shapes.BankChange, status=HTTPStatus.CREATED)
def propose_bank_secret(bank_client_id: ClientId, request: Annotated[WithReason, Body()]) -> dict[str, Any]:
    """Propose a second secret, good beside the first until the change ends. Who approves it is shown it."""
    return _show(bank_changes.propose_secret(bank_client_id, reason=request.reason, by=area.caller.user_id))


@area.post(
    "/v1/bank/clients/<bank_client_id>/secrets/end", _OFFICER, answers=shapes.BankChange, status=HTTPStatus.CREATED
)
def propose_bank_secret_end(bank_client_id: ClientId, request: Annotated[ProposeEnd, Body()]) -> dict[str, Any]:
    """Propose which of two secrets stays; another officer decides."""
    change = bank_changes.propose_secret_end(
        bank_client_id, request.keep, reason=request.reason, by=area.caller.user_id
    )
    return _show(change)


@area.post("/v1/bank/token-keys", _OFFICER, answers=shapes.BankChange, status=HTTPStatus.CREATED)
def propose_token_keys(request: Annotated[WithReason, Body()]) -> dict[str, Any]:
    """Propose a new key for the access tokens that banks get; another officer decides. Tokens given out stay good."""
    return _show(bank_changes.propose_token_keys(reason=request.reason, by=area.caller.user_id))


@area.get("/v1/bank/client-changes", _OFFICER, answers=shapes.BankChangePage)
def list_bank_client_changes(cursor: Annotated[str | None, Query(pattern=Ulid)] = None) -> dict[str, Any]:
    """What was proposed about bank clients, decided ones too, newest first."""
    found, more = bank_changes.list_changes(cursor, _PAGE_SIZE)
    return build_page("changes", [_show(change) for change in found], more)


@area.post("/v1/bank/client-changes/<change_id>/approve", _OFFICER, answers=shapes.BankApproval)
def approve_bank_client_change(change_id: ChangeId) -> dict[str, Any]:
    """Approve what another officer proposed, and carry it out.

    Again by the same officer: what was left undone, and a new secret once more within an hour.
    """
    approval = bank_changes.approve_change(change_id, by=area.caller.user_id)
    hand_over = {"hand_over": _leave_out(approval.hand_over)} if approval.hand_over else {}
    return {"change": _show(approval.change), **hand_over}


@area.post("/v1/bank/client-changes/<change_id>/reject", _OFFICER, answers=shapes.BankChange)
def reject_bank_client_change(change_id: ChangeId) -> dict[str, Any]:
    """Turn down what another officer proposed."""
    return _show(bank_changes.reject_change(change_id, by=area.caller.user_id))


def _show(change: Change) -> dict[str, Any]:
    return bank_changes.show_change(change)


def _show_client(client: BankClient) -> dict[str, Any]:
    shown = describe_client(client)
    return {name: list(value) if isinstance(value, tuple) else value for name, value in shown.items()}


def _leave_out(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
