"""Bank connections, for officers: who may tell us that money came in, and what takes a second officer to change."""

import re
from collections.abc import Callable
from typing import Any

from dashboard.acting import read_choice, read_reason, refuse
from dashboard.areas import Area
from dashboard.rendering import say, show
from dashboard.visits import Visit
from invoicing import bank_changes, clock
from invoicing.bank_client_rules import MAX_KEY_CHARACTERS
from invoicing.bank_clients import BankClient, Keep, describe_client
from invoicing.changes import SHOWN_FOR, Change, ChangeKind, ChangeState
from invoicing.errors import ChangeValueError, InvoicingError
from invoicing.roles import Role
from invoicing.store import bank_clients
from webpages.answers import answer_redirect

area = Area()

_OFFICER = {Role.BANK_OFFICER}
_PAGE_SIZE = 20
_CHANGE_ID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")
_SETTINGS = (
    *("allowed_networks", "timestamp_tolerance_seconds", "signature", "minify", "signed_path_prefix"),
    *("numeric_external_id", "replay_code_success", "min_key_bits", "sub_company", "own_bank_codes"),
)
"""Shown of a client, in this order."""


@area.get("/banks", _OFFICER)
def list_banks(visit: Visit) -> dict[str, Any]:
    return _show_all(visit, "", 200)


@area.post("/banks", _OFFICER)
def propose_token_keys(visit: Visit) -> dict[str, Any]:
    try:
        bank_changes.propose_token_keys(reason=read_reason(visit), by=visit.user_id)
    except InvoicingError as error:
        return refuse(visit, error, _show_all)
    return answer_redirect(f"{visit.root}banks?done=proposed")


@area.post("/banks/changes/{change_id}", _OFFICER)
def decide_change(visit: Visit) -> dict[str, Any]:
    """A new secret is answered to who approves it, on this answer."""
    change_id = visit.parameters["change_id"]
    try:
        match visit.read("do"):
            case "approve":
                approval = bank_changes.approve_change(change_id, by=visit.user_id)
                if approval.hand_over:
                    return show(visit, "bank_secret.html.j2", given=approval.hand_over)
            case "reject":
                bank_changes.reject_change(change_id, by=visit.user_id)
                return answer_redirect(f"{visit.root}banks?done=turned_down")
            case _:
                raise ChangeValueError(say(visit, "field.do"))
    except InvoicingError as error:
        return refuse(visit, error, _show_all)
    return answer_redirect(f"{visit.root}banks?done=approved")


@area.get("/banks/{client_id}", _OFFICER)
def show_bank(visit: Visit) -> dict[str, Any]:
    return _show_one(visit, "", 200)


@area.post("/banks/{client_id}", _OFFICER)
def change_bank(visit: Visit) -> dict[str, Any]:
    """Disable at once, or propose what another officer decides."""
    client_id, step = visit.parameters["client_id"], visit.read("do")
    try:
        about = {"reason": read_reason(visit), "by": visit.user_id}
        if step == "disable":
            bank_changes.disable_client(client_id, **about)
            return answer_redirect(f"{visit.root}banks/{client_id}?done=bank_disabled")
        if step not in _PROPOSALS:
            raise ChangeValueError(say(visit, "field.do"))
        _PROPOSALS[step](visit, client_id, about)
    except InvoicingError as error:
        return refuse(visit, error, _show_one)
    return answer_redirect(f"{visit.root}banks?done=proposed")


def _propose_settings(visit: Visit, client_id: str, about: dict[str, str]) -> Change:
    """Where it may call from, and how far its clock may be off; the others go through the API."""
    seconds = visit.read("timestamp_tolerance_seconds", 6)
    if not seconds.isdecimal():
        raise ChangeValueError(say(visit, "setting.timestamp_tolerance_seconds"))
    networks = visit.read("allowed_networks", 2500).replace(",", " ").split()
    settings = {"allowed_networks": tuple(networks), "timestamp_tolerance_seconds": int(seconds)}
    return bank_changes.propose_settings(client_id, settings, **about)


_PROPOSALS: dict[str, Callable[[Visit, str, dict[str, str]], Change]] = {
    "enable": lambda _visit, client_id, about: bank_changes.propose_enabling(client_id, **about),
    "settings": _propose_settings,
    "add_key": lambda visit, client_id, about: bank_changes.propose_key(
        client_id, visit.read("public_key", MAX_KEY_CHARACTERS), **about
    ),
    "end_key_change": lambda visit, client_id, about: bank_changes.propose_key_end(
        client_id, read_choice(visit, "keep", Keep), **about
    ),
    "begin_secret_change": lambda _visit, client_id, about: bank_changes.propose_secret(client_id, **about),
    "end_secret_change": lambda visit, client_id, about: bank_changes.propose_secret_end(
        client_id, read_choice(visit, "keep", Keep), **about
    ),
}


def _show_all(visit: Visit, problem: str, status: int) -> dict[str, Any]:
    clients = {client.client_id: client for client in bank_clients.list_clients()}
    after = visit.query.get("after", "")
    found, more = bank_changes.list_changes(after if _CHANGE_ID.fullmatch(after) else None, _PAGE_SIZE)
    return show(
        visit,
        "banks.html.j2",
        status=status,
        problem=problem,
        clients=list(clients.values()),
        changes=[bank_changes.show_change(change) | {"may": _list_steps(change, clients, visit)} for change in found],
        more=more,
    )


def _show_one(visit: Visit, problem: str, status: int) -> dict[str, Any]:
    client = bank_clients.load_client(visit.parameters["client_id"])
    shown = describe_client(client)
    return show(
        visit,
        "bank.html.j2",
        status=status,
        problem=problem,
        client=client,
        keys=list(zip(shown["public_keys"], client.keys_since, strict=False)),
        settings={name: shown[name] for name in _SETTINGS},
        keeps=list(Keep),
    )


def _list_steps(change: Change, clients: dict[str, BankClient], visit: Visit) -> list[str]:
    """What this visitor may do about it."""
    if change.proposed_by == visit.user_id:
        return []
    if bank_changes.show_change(change)["state"] == ChangeState.PROPOSED:
        return ["approve", "reject"]
    if change.state is ChangeState.APPROVED:
        return ["finish"]
    is_begun = change.kind is ChangeKind.BEGIN_BANK_SECRET_CHANGE and change.state is ChangeState.CARRIED_OUT
    if is_begun and change.decided_by == visit.user_id and change.decided_at:
        is_going_on = any(client.secret_change == change.change_id for client in clients.values())
        if is_going_on and clock.now() - clock.from_text(change.decided_at) <= SHOWN_FOR:
            return ["show_again"]
    return []
