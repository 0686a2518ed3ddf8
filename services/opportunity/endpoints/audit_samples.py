"""HTTP of audit samples: auditors draw them and work them through, administrators read them."""

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response

from services.kit.http import KitDep, Reads, ServiceRoute, Uow, json_response
from services.kit.http.etags import require_if_match
from services.opportunity.endpoints.dependencies import AuditReader, Examiner
from services.opportunity.schemas.audit_samples import (
    MAX_SAMPLE,
    AssessmentInput,
    ClosingInput,
    SampleInput,
    SampleItemDetail,
    SampleItems,
    SampleOutput,
    SamplePage,
)
from services.opportunity.schemas.fields import PageQuery
from services.opportunity.schemas.sample_sheet import Sheet
from services.opportunity.service import audit_sample_export, audit_samples

router = APIRouter(tags=["evidence"], route_class=ServiceRoute)

ItemPosition = Annotated[int, Path(ge=1, le=MAX_SAMPLE)]
_ZIP: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"application/zip": {"schema": {"type": "string", "contentMediaType": "application/zip"}}}}
}


@router.get("/audit-samples", response_model=SamplePage)
async def list_audit_samples(
    _: AuditReader, reader: Reads, kit: KitDep, query: Annotated[PageQuery, Query()]
) -> Response:
    """The one drawn last first."""
    return json_response(await audit_samples.listed(reader, kit.cursors, query))


@router.post("/audit-samples", response_model=SampleOutput, status_code=201)
async def draw_audit_sample(principal: Examiner, uow: Uow, body: SampleInput) -> Response:
    """Draw requests at random from those that are decided now and meet the conditions.

    The drawing can be repeated by anybody who has the list of numbers and the seed: the numbers with the lowest
    SHA-256 of seed, line feed and number are drawn, in that order.
    """
    row = await audit_samples.draw(uow, principal, body)
    headers = {"Location": f"/api/v1/audit-samples/{row['id']}"}
    return json_response(row, 201, version=row["version"], headers=headers)


@router.get("/audit-samples/{sample_id}", response_model=SampleOutput)
async def get_audit_sample(_: AuditReader, reader: Reads, sample_id: UUID) -> Response:
    row = await audit_samples.one(reader, sample_id)
    return json_response(row, version=row["version"])


@router.get("/audit-samples/{sample_id}/items", response_model=SampleItems)
async def list_items_of_audit_sample(_: AuditReader, reader: Reads, sample_id: UUID) -> Response:
    """The drawn requests with what was said of each, in the order in which they were drawn."""
    return json_response(await audit_samples.items(reader, sample_id))


@router.get("/audit-samples/{sample_id}/items/{position}", response_model=SampleItemDetail)
async def get_item_of_audit_sample(_: AuditReader, reader: Reads, sample_id: UUID, position: ItemPosition) -> Response:
    row = await audit_samples.item(reader, sample_id, position)
    return json_response(row, version=row["version"])


@router.put("/audit-samples/{sample_id}/items/{position}", response_model=SampleItemDetail)
async def assess_item_of_audit_sample(
    principal: Examiner, uow: Uow, request: Request, sample_id: UUID, position: ItemPosition, body: AssessmentInput
) -> Response:
    """Write down an assessment. `If-Match` is the item's own version: auditors who work on other items don't meet."""
    version = require_if_match(request)
    row = await audit_samples.assess(uow, principal, sample_id, position, body, version=version)
    return json_response(row, version=row["version"])


@router.post("/audit-samples/{sample_id}/close", response_model=SampleOutput)
async def close_audit_sample(
    principal: Examiner, uow: Uow, request: Request, sample_id: UUID, body: ClosingInput
) -> Response:
    """End it with a result, for good. `If-Match` is the sample's version, which moves on with each assessment."""
    row = await audit_samples.close(uow, principal, sample_id, body.result, version=require_if_match(request))
    return json_response(row, version=row["version"])


@router.get("/audit-samples/{sample_id}/export", response_class=Response, responses=_ZIP)
async def export_audit_sample(principal: AuditReader, uow: Uow, kit: KitDep, sample_id: UUID) -> Response:
    """A ZIP: `sample.json` (signed), `population.txt`, and `dossiers/<number>.json` of each drawn request with an
    index. Each making is audited, and each dossier."""
    content = await audit_sample_export.export(uow, principal, sample_id, kit.settings.evidence_keys)
    headers = {
        "Cache-Control": "no-store",
        "Content-Disposition": f'attachment; filename="audit-sample-{sample_id}.zip"',
    }
    return Response(content, media_type="application/zip", headers=headers)


@router.get("/audit-samples/{sample_id}/sheet", response_model=Sheet)
async def make_sheet_of_audit_sample(principal: AuditReader, uow: Uow, kit: KitDep, sample_id: UUID) -> Response:
    """The sample's own sheet alone, signed: how it was drawn, each assessment with its history, and the result."""
    content = await audit_sample_export.sheet(uow, principal, sample_id, kit.settings.evidence_keys)
    headers = {"Cache-Control": "no-store", "Content-Disposition": 'attachment; filename="sample.json"'}
    return Response(content, media_type="application/json", headers=headers)
