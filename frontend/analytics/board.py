"""One dashboard: figures, charts over time, distributions, and the same by rep or team."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from frontend.analytics import boards, words
from frontend.analytics.export import in_words
from frontend.analytics.links import page_of
from frontend.analytics.period import Choice, group_names, split_names
from frontend.analytics.views import Report
from frontend.ui.page import Page

NOT_FOUND = 404


async def show(request: Request) -> Response:
    """GET /reports/{name}?from&until&groupBy&by."""
    page, name = Page.of(request), request.path_params["name"]
    board = boards.BOARDS.get(name)
    if board is None:
        raise HTTPException(NOT_FOUND)
    choice = Choice.of(page)
    over_time, split = await asyncio.gather(
        page.gateway.get(f"/reports/{name}", **_given(choice.params(groupBy=choice.group))),
        page.gateway.get(f"/reports/{name}", **_given(choice.params(by=choice.split))),
    )
    report, by = Report.model_validate(over_time), Report.model_validate(split)
    return page.render(
        "analytics/board.html",
        name=name,
        board=board,
        report=report,
        by=by,
        choice=choice,
        charts=boards.draw(board, report, choice.group),
        groups=group_names(),
        splits=split_names(),
        titles=words.titles(),
        names=boards.readable(page.identity.roles),
        page_of=page_of,
    )


async def export(request: Request) -> Response:
    """GET /reports/-/{name}.csv: the figures by part of the period and rep or team, under headings in words."""
    page, name = Page.of(request), request.path_params["name"]
    if name not in boards.BOARDS:
        raise HTTPException(NOT_FOUND)
    choice = Choice.of(page)
    params = choice.params(groupBy=choice.group, by=choice.split, format="csv")
    query = "&".join(f"{key}={value}" for key, value in params.items())
    answer, content = await page.gateway.download(f"/reports/{name}?{query}")
    headers = {"Content-Disposition": answer.headers.get("Content-Disposition", "attachment")}
    return Response(in_words(content), headers=headers, media_type=answer.headers.get("Content-Type", "text/csv"))


def _given(params: dict[str, str]) -> dict[str, Any]:
    """`from` is a word of Python; the gateway client takes the underscore away again."""
    return {"from_" if key == "from" else key: value for key, value in params.items()}
