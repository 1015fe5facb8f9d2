"""The first page: the money and the messages at a glance, and what waits for this user."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from dashboard.areas import LOOK, Area
from dashboard.charts import Bar, build_bars
from dashboard.rendering import say, show
from dashboard.views.invoices import show_lines
from dashboard.visits import Visit
from invoicing import clock, summaries
from invoicing.invoice_lists import Filters, Show, list_invoices
from invoicing.notice_outcomes import Outcome
from invoicing.notices import PAYER_CHANNELS
from invoicing.roles import BANK_ROLES, Role
from invoicing.store import uploads as upload_store
from invoicing.upload_view import show_upload
from invoicing.uploads import UploadStatus
from webpages.answers import answer_redirect, answer_text

area = Area()

_RECENT_UPLOADS = 5
_LOOKED_AT = 30
"""Uploads among which those that wait for this user are looked for."""
_WAITING_PAYMENTS = 5
_AGES = (("not_due", "calm"), ("0_30", "warn"), ("31_60", "warn"), ("61_90", "bad"), ("over_90", "bad"))
_OUTCOMES = (Outcome.ARRIVED, Outcome.SENT, Outcome.WAITING, Outcome.FAILED)


@area.get("/", LOOK | BANK_ROLES)
def show_home(visit: Visit) -> dict[str, Any]:
    if visit.biller is None:
        return answer_redirect(f"{visit.root}billers")
    recent, _ = upload_store.list_uploads(visit.biller_id, None, _LOOKED_AT)
    may_check = visit.has_role(Role.CHECKER)
    summary = summaries.show_summary(visit.biller_id)
    return show(
        visit,
        "home.html.j2",
        uploads=[show_upload(upload) for upload in recent[:_RECENT_UPLOADS]],
        to_release=[
            show_upload(upload)
            for upload in recent
            if may_check and upload.status is UploadStatus.WAITING and upload.uploaded_by != visit.user_id
        ],
        to_approve=_list_to_approve(visit) if may_check else [],
        **describe_figures(visit, summary),
        watch="figures" if summary["is_being_counted"] else "",
        state=summary.get("as_of", ""),
    )


@area.get("/figures", LOOK)
def show_figures_state(visit: Visit) -> dict[str, Any]:
    """Which count the page should show: it renews itself when there is a newer one."""
    summary = summaries.show_summary(visit.biller_id)
    return answer_text(200, json.dumps({"state": summary.get("as_of", "")}), "application/json")


def describe_figures(visit: Visit, summary: Mapping[str, Any]) -> dict[str, Any]:
    """The biller's figures as templates and charts take them; ``figures`` None before the first count."""
    figures = summary.get("figures")
    if figures is None:
        return {"figures": None, "as_of": "", "ages": [], "days": [], "delivery": [], "classes": [], "collected": 0}
    days = _fill_days(figures["collected"])
    return {
        "figures": figures,
        "as_of": summary["as_of"],
        "ages": _build_ages(visit, figures),
        "days": build_bars((day, va + outside, count, "good") for day, va, outside, count in days),
        "collected": sum(va + outside for _, va, outside, _ in days),
        "delivery": _build_delivery(visit, figures.get("delivery", {})),
        "classes": figures.get("classes", []),
    }


def _build_ages(visit: Visit, figures: Mapping[str, Any]) -> list[Bar]:
    ages = figures["ages"]
    return build_bars((say(visit, f"age.{age}"), ages[age]["amount"], ages[age]["count"], kind) for age, kind in _AGES)


def _fill_days(collected: Mapping[str, Any]) -> list[tuple[str, int, int, int]]:
    """(day, VA money, money outside, payments) of the last days, those without any too."""
    today = clock.today_in_jakarta()
    days = []
    for back in range(summaries.COLLECTED_DAYS - 1, -1, -1):
        day = (today - timedelta(days=back)).isoformat()
        va, outside = (collected.get(day, {}).get(kind, {"amount": 0, "count": 0}) for kind in ("va", "outside"))
        days.append((day, va["amount"], outside["amount"], va["count"] + outside["count"]))
    return days


def _build_delivery(visit: Visit, delivery: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Channel by channel: how many messages came to what, and the share that arrived of those that have an end."""
    shown = []
    for channel in PAYER_CHANNELS:
        outcomes = delivery.get("channels", {}).get(channel, {})
        counts = {outcome: outcomes.get(outcome, 0) for outcome in _OUTCOMES}
        total = sum(counts.values())
        if total:
            arrived = counts[Outcome.ARRIVED] + counts[Outcome.SENT]
            shown.append(
                {
                    "label": say(visit, f"channel.{channel}"),
                    "counts": counts,
                    "total": total,
                    "percent": arrived * 100 // total,
                    "failed_percent": -(-counts[Outcome.FAILED] * 100 // total),
                }
            )
    return shown


def _list_to_approve(visit: Visit) -> list[dict[str, Any]]:
    """The first of what waits for a second person; what this user began waits for somebody else."""
    page = list_invoices(visit.biller_id, Filters(show=Show.WAITING), limit=_WAITING_PAYMENTS)
    return [
        line
        for line, invoice in zip(show_lines(page.invoices), page.invoices, strict=True)
        if visit.user_id
        not in (
            invoice.get("outside_payment", {}).get("recorded_by"),
            invoice.get("reversal", {}).get("proposed_by"),
        )
    ]
