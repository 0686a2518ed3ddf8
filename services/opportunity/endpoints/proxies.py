"""HTTP of proxies: everybody's own, for administrators and auditors all."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from services.kit.http import KitDep, Reads, ServiceRoute, Uow, json_response
from services.kit.http.etags import require_if_match
from services.kit.http.paging import page
from services.opportunity.endpoints.dependencies import ApprovalReader, ProxyMaker, ReferencesDep
from services.opportunity.schemas.proxies import ProxyChange, ProxyInput, ProxyOutput, ProxyPage, ProxyQuery
from services.opportunity.service import proxies

router = APIRouter(tags=["approval rules"], route_class=ServiceRoute)


@router.get("/proxies", response_model=ProxyPage)
async def list_proxies(
    principal: ApprovalReader, reader: Reads, kit: KitDep, query: Annotated[ProxyQuery, Query()]
) -> Response:
    """Proxies that the caller gave or holds, or (``scope=TEAM``) that their team gave; administrators and auditors
    see all. The latest period first."""
    key = kit.cursors.decode("proxies", query.cursor, [datetime, UUID])
    rows = await proxies.page(
        reader, principal, query, after=None if key is None else (key[0], key[1]), limit=query.limit + 1
    )
    return json_response(
        page(rows, query.limit, lambda row: kit.cursors.encode("proxies", [row["startsAt"], row["id"]]))
    )


@router.get("/proxies/{proxy_id}", response_model=ProxyOutput)
async def get_proxy(principal: ApprovalReader, reader: Reads, proxy_id: UUID) -> Response:
    row = await proxies.visible(reader, principal, proxy_id)
    return json_response(row, version=row["version"])


@router.post("/proxies", response_model=ProxyOutput, status_code=201)
async def create_proxy(principal: ProxyMaker, uow: Uow, references: ReferencesDep, body: ProxyInput) -> Response:
    """Name who decides in one's place for a period."""
    row = await proxies.create_proxy(uow, principal, body, references)
    return json_response(row, 201, version=row["version"])


@router.put("/proxies/{proxy_id}", response_model=ProxyOutput)
async def replace_proxy(
    principal: ProxyMaker, uow: Uow, references: ReferencesDep, request: Request, proxy_id: UUID, body: ProxyChange
) -> Response:
    """Once it has begun, only its end can be moved: somebody may have decided by it as it is."""
    row = await proxies.change_proxy(uow, principal, proxy_id, require_if_match(request), body, references)
    return json_response(row, version=row["version"])


@router.delete("/proxies/{proxy_id}", status_code=204)
async def delete_proxy(principal: ApprovalReader, uow: Uow, proxy_id: UUID) -> Response:
    """Ends a proxy now. One that has not begun vanishes; the others stay listed, as evidence of what was decided."""
    await proxies.end_proxy(uow, principal, proxy_id)
    return Response(status_code=204)
