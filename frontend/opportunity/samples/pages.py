"""The list of samples, the end of one, and what is taken away of it."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from frontend.opportunity.dossier import in_groups
from frontend.opportunity.manifest import SAMPLES
from frontend.opportunity.samples import words as sample_words
from frontend.opportunity.samples.views import Items, Sample, SampleItem, SamplePage, Sheet
from frontend.ui.gateway import GatewayProblem, UserGateway, segment
from frontend.ui.page import KEY_FIELD, Page
from frontend.ui.saving import PRECONDITION_FAILED, refusal


async def show(request: Request) -> Response:
    """GET /audit-samples: the one drawn last first."""
    page = Page.of(request)
    cursor = {"cursor": page.query("cursor")} if page.query("cursor") else {}
    listed = SamplePage.model_validate(await page.gateway.get("/audit-samples", **cursor))
    return page.render("opportunity/samples_list.html", listed=listed)


async def conclude(request: Request) -> Response:
    """GET /audit-samples/{id}/close: what was found, and the form of the result."""
    return await _conclude(Page.of(request), request.path_params["id"])


async def close(request: Request) -> Response:
    """POST /audit-samples/{id}/close: for good. Who has not seen the last assessment is shown it first."""
    page = Page.of(request)
    form = await page.form()
    sample_id, result = request.path_params["id"], str(form.get("result", ""))
    try:
        await page.gateway.send(
            "POST",
            f"/audit-samples/{segment(sample_id)}/close",
            {"result": result},
            key=str(form.get(KEY_FIELD, "")) or None,
            if_match=str(form.get("etag", "")),
        )
    except GatewayProblem as problem:
        error = problem.field_errors.get("result", "")
        message = "" if error else await refusal(page, problem)
        outrun = problem.status == PRECONDITION_FAILED
        return await _conclude(page, sample_id, problem.status, result, message=message, error=error, outrun=outrun)
    return page.redirect(f"{SAMPLES}/{segment(sample_id)}/sheet")


async def _conclude(
    page: Page,
    sample_id: str,
    status: int = 200,
    result: str = "",
    *,
    message: str = "",
    error: str = "",
    outrun: bool = False,
) -> Response:
    answer = await page.gateway.read(f"/audit-samples/{segment(sample_id)}")
    items = await _items(page.gateway, sample_id)
    return page.render(
        "opportunity/samples_close.html",
        status=status,
        sample=Sample.model_validate(answer.body),
        etag=answer.headers.get("ETag", ""),
        items=[item for item in items if item.note or item.is_open],
        result=result,
        message=message,
        error=error,
        outrun=outrun,
    )


async def sheet(request: Request) -> Response:
    """GET /audit-samples/{id}/sheet: makes a signed sheet, and shows it for paper."""
    page = Page.of(request)
    sample_id = request.path_params["id"]
    root = f"/audit-samples/{segment(sample_id)}"
    _, content = await page.gateway.download(f"{root}/sheet")
    signed = Sheet.model_validate_json(content)
    sample, items = await asyncio.gather(page.gateway.get(root), _items(page.gateway, sample_id))
    shown = Sample.model_validate(sample)
    return page.render(
        "opportunity/samples_sheet.html",
        sample=shown,
        items=[(item, said.assessments) for item, said in zip(items, signed.record.items, strict=True)],
        names=signed.record.people,
        facts=sample_words.drawing_facts(shown),
        made=signed.made,
        fingerprint=in_groups(signed.signature.fingerprint),
        sha256=in_groups(signed.record_sha256),
        population_sha256=in_groups(shown.population_sha256),
    )


async def download(request: Request) -> Response:
    """GET /audit-samples/-/{id}.zip: sheet, population and dossiers."""
    page = Page.of(request)
    path = f"/audit-samples/{segment(request.path_params['id'])}/export"
    answer, content = await page.gateway.download(path, patient=True)
    disposition = answer.headers.get("Content-Disposition", "attachment")
    headers = {"Content-Disposition": disposition, "Cache-Control": "no-store"}
    return Response(content, headers=headers, media_type="application/zip")


async def _items(gateway: UserGateway, sample_id: str) -> list[SampleItem]:
    return Items.model_validate(await gateway.get(f"/audit-samples/{segment(sample_id)}/items")).items
