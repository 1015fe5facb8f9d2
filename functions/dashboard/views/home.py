"""The first page: what waits for this user."""

from typing import Any

from dashboard.areas import LOOK, Area
from dashboard.rendering import show
from dashboard.visits import Visit
from invoicing.roles import BANK_ROLES
from invoicing.store import uploads as upload_store
from invoicing.upload_view import show_upload
from webpages.answers import answer_redirect

area = Area()

_RECENT_UPLOADS = 5


@area.get("/", LOOK | BANK_ROLES)
def show_home(visit: Visit) -> dict[str, Any]:
    if visit.biller is None:
        return answer_redirect(f"{visit.root}billers")
    recent, _ = upload_store.list_uploads(visit.biller_id, None, _RECENT_UPLOADS)
    return show(visit, "home.html.j2", uploads=[show_upload(upload) for upload in recent])
