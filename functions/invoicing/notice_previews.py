"""What a notice will look like: asked of the function that has the senders' own rendering (docs/decisions.md)."""

from collections.abc import Mapping
from typing import Any

from invoicing.errors import InvoiceNotFoundError, PreviewFailedError
from invoicing.invoking import FunctionFailedError, invoke_function
from invoicing.settings import get_settings
from invoicing.upload_samples import Pick


def preview_notice(biller_id: str, user_id: str, **members: Any) -> dict[str, Any]:
    """Each channel's message. ``members`` as of command ``preview_notice``; its change is one that the domain takes.

    Raises InvoiceNotFoundError, PreviewFailedError.
    """
    return _ask("preview_notice", biller_id, user_id, members)


def preview_upload(biller_id: str, user_id: str, upload_id: str, pick: Pick) -> dict[str, Any]:
    """What the payer of one bill of an upload that waits will be sent, and whom: ``notify.previewing`` has the form.

    Raises PreviewFailedError.
    """
    return _ask("preview_upload", biller_id, user_id, {"upload_id": upload_id, "pick": pick})


def _ask(operation: str, biller_id: str, user_id: str, members: Mapping[str, Any]) -> dict[str, Any]:
    command = {"operation": operation, "biller_id": biller_id, "user_id": user_id, **members}
    try:
        shown = invoke_function(get_settings().notice_command_function, command)
    except FunctionFailedError as error:
        raise PreviewFailedError(str(error)) from error
    code = shown.get("error", {}).get("code", "")
    if code == "invoice_not_found":
        raise InvoiceNotFoundError(members["number"])
    if code:
        raise PreviewFailedError(code)
    return shown
