"""HTTP of evidence: what an approver saw, the dossier of a request or of a sample, and the keys that verify them."""

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.kit.http import KitDep, Reads, ServiceRoute, Uow, json_response
from services.opportunity import chain
from services.opportunity.endpoints.dependencies import ApprovalReader, AuditReader
from services.opportunity.schemas.approvals import ApprovalChoice
from services.opportunity.schemas.changes import Changes, ChangesQuery
from services.opportunity.schemas.dossier import Dossier, EvidenceKeys
from services.opportunity.schemas.evidence import EntryOutput
from services.opportunity.service import changes, dossiers, evidence, evidence_keys, samples

router = APIRouter(tags=["evidence"], route_class=ServiceRoute)

_ZIP: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"application/zip": {"schema": {"type": "string", "contentMediaType": "application/zip"}}}}
}


@router.get("/approvals/evidence-keys", response_model=EvidenceKeys)
async def list_evidence_keys(_: ApprovalReader, reader: Reads) -> Response:
    """The public keys that verify dossiers, the newest first; none is ever taken away."""
    return json_response(await evidence_keys.public_keys(reader))


@router.get("/approvals/dossiers", response_class=Response, responses=_ZIP)
async def make_approval_dossiers(
    principal: AuditReader, uow: Uow, kit: KitDep, query: Annotated[ApprovalChoice, Query()]
) -> Response:
    """Dossiers of all requests that match, for an audit sample: a ZIP with `dossiers/<number>.json` and an index as
    JSON and as CSV. Refused (422, `sample_too_large`) when more match than one sample holds. Each dossier is audited,
    and the sample."""
    content = await samples.take(uow, principal, query, kit.settings.evidence_keys)
    headers = {"Cache-Control": "no-store", "Content-Disposition": 'attachment; filename="dossiers.zip"'}
    return Response(content, media_type="application/zip", headers=headers)


@router.get("/approvals/{approval_id}/dossier", response_model=Dossier)
async def make_approval_dossier(principal: ApprovalReader, uow: Uow, kit: KitDep, approval_id: UUID) -> Response:
    """Everything about one request's approval, signed: request, route, history with hashes and commitments, votes,
    proxies and comments. Each making is audited."""
    document = await dossiers.make(uow, principal, approval_id, kit.settings.evidence_keys)
    name = document["record"]["request"]["number"]
    headers = {"Cache-Control": "no-store", "Content-Disposition": f'attachment; filename="{name}.json"'}
    return Response(chain.canonical(document), media_type="application/json", headers=headers)


@router.get("/approvals/{approval_id}/history/{entry_id}", response_model=EntryOutput)
async def get_approval_history_entry(
    principal: ApprovalReader, reader: Reads, approval_id: UUID, entry_id: UUID
) -> Response:
    """One entry with what its actor saw of request and customer, and the same as it is now."""
    return json_response(await evidence.entry(reader, principal, approval_id, entry_id))


@router.get("/approvals/{approval_id}/changes", response_model=Changes)
async def compare_approval(
    principal: ApprovalReader, reader: Reads, approval_id: UUID, query: Annotated[ChangesQuery, Query()]
) -> Response:
    """What is different now from what the caller decided on last, or from an earlier revision: values side by side,
    the description in pieces, files, and the customer's facts."""
    return json_response(await changes.since(reader, principal, approval_id, query.since))
