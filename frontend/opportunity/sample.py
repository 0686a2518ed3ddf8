"""Dossiers of many requests at once, for an audit sample: the page that chooses them, and the file."""

from __future__ import annotations

from datetime import date, timedelta
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from frontend.opportunity import words
from frontend.opportunity.manifest import PREFIX
from frontend.ui.gateway import UNPROCESSABLE, GatewayProblem
from frontend.ui.page import SEE_OTHER, Page

DATES = {"from": "decidedAfter", "until": "decidedBefore"}
CHOICES = ("q", "state", "kind", *DATES)
TOO_LARGE = "sample_too_large"


async def choose(request: Request) -> Response:
    """GET /approvals/dossiers. With `refused` it says why there was no file."""
    page = Page.of(request)
    return page.render(
        "opportunity/sample.html",
        chosen=_chosen(page),
        states=words.STATES,
        kinds=words.kinds(),
        refused=page.query("refused"),
        too_large=page.query("refused") == TOO_LARGE,
    )


async def download(request: Request) -> Response:
    """GET /approvals/-/dossiers.zip. What the API refuses is said on the page that asked."""
    page = Page.of(request)
    chosen = _chosen(page)
    asked = {DATES.get(name, name): value for name, value in chosen.items()}
    if "until" in chosen:
        asked["decidedBefore"] = _day_after(chosen["until"])
    try:
        answer, content = await page.gateway.download(f"/approvals/dossiers?{urlencode(asked)}", patient=True)
    except GatewayProblem as problem:
        if problem.status != UNPROCESSABLE:
            raise
        query = urlencode(chosen | {"refused": problem.code})
        return RedirectResponse(f"{PREFIX}/dossiers?{query}", status_code=SEE_OTHER)
    disposition = answer.headers.get("Content-Disposition", "attachment")
    return Response(content, headers={"Content-Disposition": disposition}, media_type="application/zip")


def address(**chosen: str) -> str:
    """Where an auditor takes the dossiers of what is listed, with these filters."""
    given = {name: value for name, value in chosen.items() if value}
    return f"{PREFIX}/dossiers?{urlencode(given)}" if given else f"{PREFIX}/dossiers"


def _day_after(day: str) -> str:
    """People name the last day, the API what lies before a moment. What is no day is left for the API to refuse."""
    try:
        return (date.fromisoformat(day) + timedelta(days=1)).isoformat()
    except (ValueError, OverflowError):
        return day


def _chosen(page: Page) -> dict[str, str]:
    """The filters that are set."""
    return {name: value for name in CHOICES if (value := page.query(name).strip()[:100])}
