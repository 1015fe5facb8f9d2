"""Status: how far the messages of each invoice came, by channel. Transaction Report: every message of a day."""

from typing import Any
from urllib.parse import urlencode

from dashboard.areas import LOOK, Area
from dashboard.rendering import leave_blank, show
from dashboard.views.invoices import read_day, read_upload_id, show_lines
from dashboard.visits import Visit
from invoicing import clock
from invoicing.errors import CursorError
from invoicing.invoice_lists import Filters, Show, list_invoices
from invoicing.notice_lists import list_notices
from invoicing.notice_status import describe_deliveries
from invoicing.notices import PAYER_CHANNELS

area = Area()

_INVOICES = 25
_NOTICES = 100
_SHOWN = (Show.OPEN, Show.OVERDUE, Show.PAID, Show.ARCHIVED)


@area.get("/status", LOOK)
def show_status(visit: Visit) -> dict[str, Any]:
    shown, upload_id = visit.query.get("show", ""), visit.query.get("upload", "").strip()[:40]
    filters = Filters(show=Show(shown) if shown in _SHOWN else None, upload_id=read_upload_id(upload_id))
    page = list_invoices(visit.biller_id, filters, cursor=visit.query.get("after") or None, limit=_INVOICES)
    deliveries = describe_deliveries(visit.biller_id, [invoice["va_number"] for invoice in page.invoices])
    given = {name: value for name, value in (("show", shown), ("upload", upload_id)) if value}
    return show(
        visit,
        "status.html.j2",
        invoices=[
            line | {"deliveries": leave_blank(deliveries[line["va_number"]])} for line in show_lines(page.invoices)
        ],
        channels=list(PAYER_CHANNELS),
        shows=list(_SHOWN),
        shown=shown,
        upload_id=upload_id,
        first_page=f"?{urlencode(given)}" if "after" in visit.query else "",
        next_page=f"?{urlencode({**given, 'after': page.cursor})}" if page.cursor else "",
    )


@area.get("/transactions", LOOK)
def show_transactions(visit: Visit) -> dict[str, Any]:
    today = clock.today_in_jakarta()
    try:
        day = read_day(visit.query.get("day", "")) or today
    except ValueError as error:
        raise CursorError("day") from error
    page = list_notices(visit.biller_id, day, after=visit.query.get("after") or None, limit=_NOTICES)
    return show(
        visit,
        "transactions.html.j2",
        notices=[leave_blank(notice) for notice in page.notices],
        day=day.isoformat(),
        today=today.isoformat(),
        is_first="after" not in visit.query,
        next_page=f"?{urlencode({'day': day.isoformat(), 'after': page.after})}" if page.after else "",
    )
