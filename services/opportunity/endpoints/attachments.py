"""HTTP of a request's files: streamed in and out, never whole in memory."""

import asyncio
import hashlib
import re
from typing import Annotated, Any, Final
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from starlette.responses import StreamingResponse

from services.kit.db.database import UnitOfWork
from services.kit.errors import ProblemError, Text
from services.kit.files import names
from services.kit.files.kinds import BY_MEDIA_TYPE, PDF, examine
from services.kit.files.spool import Spooled, spooled
from services.kit.http import KitDep, Reads, ServiceRoute, json_response
from services.kit.http.idempotency import REPLAYED_HEADER
from services.kit.http.service_route import in_transaction
from services.kit.http.uploads import drain, file_of
from services.kit.models import QueryModel
from services.kit.running import crashpoints
from services.kit.running.ids import new_id
from services.kit.running.logging import get_logger
from services.opportunity.endpoints.dependencies import ApprovalReader, ApprovalRequester, ShelfDep
from services.opportunity.schemas.attachments import AttachmentList, AttachmentOutput
from services.opportunity.service import attachments, firm_settings
from services.opportunity.service.attachments import NewFile, Shelf

UPLOADS: Final = re.compile(r"/approvals/[0-9a-fA-F-]{36}/attachments$")
FORM_BYTES: Final = 64 * 1024
"""What a form has around its file, and how far a file may be beyond its limit to be told so in its own words."""
CRASH_STORED: Final = "attachment.stored"
FIELD: Final = "file"
_SANDBOX: Final = "sandbox; default-src 'none'; frame-ancestors 'none'"
_PDF_VIEWER: Final = "default-src 'none'; style-src 'unsafe-inline'; object-src 'self'; frame-ancestors 'none'"
"""Browsers' own viewers do not work in a sandbox. Nothing in a PDF runs in the name of our origin."""
_PLAIN: Final = re.compile(r"[^A-Za-z0-9._-]")


def _is_told(media_type: str) -> bool:
    """Texts are sent without a word about what they are: they may be Shift_JIS, and no browser is to guess."""
    return not media_type.startswith("text/")


_FORM: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": [FIELD],
                    "properties": {FIELD: {"type": "string", "format": "binary"}},
                }
            }
        },
    }
}
_DOWNLOAD: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The file as it was uploaded",
        "content": {
            media_type: {"schema": {"type": "string", "format": "binary"}}
            for media_type in sorted({"application/octet-stream", *filter(_is_told, BY_MEDIA_TYPE)})
        },
    }
}
_log = get_logger("attachments")

router = APIRouter(tags=["approvals"], route_class=ServiceRoute)


class DownloadQuery(QueryModel):
    inline: bool = False
    """For a browser to show; PDF and pictures only, all else is saved."""


@router.get("/approvals/{approval_id}/attachments", response_model=AttachmentList)
async def list_attachments(principal: ApprovalReader, reader: Reads, shelf: ShelfDep, approval_id: UUID) -> Response:
    """What belongs to the request now, and (with `removedAt`) what earlier revisions were submitted with."""
    return json_response(await attachments.listed(reader, principal, approval_id, shelf))


@router.post(
    "/approvals/{approval_id}/attachments", response_model=AttachmentOutput, status_code=201, openapi_extra=_FORM
)
async def add_attachment(
    principal: ApprovalRequester, kit: KitDep, shelf: ShelfDep, request: Request, approval_id: UUID
) -> Response:
    """One file, as a form's field `file`, to an own draft or returned request.

    PDF, Office without macros, pictures, text and CSV, told by their content. Of a returned request, files are terms.
    """
    try:
        async with kit.db.reader() as reader:
            await attachments.require_changeable(reader, principal, approval_id)
            limits = await firm_settings.file_limits(reader, shelf.settings)
        upload = await file_of(request, FIELD)
        name = names.cleaned(upload.name)
        async with spooled(upload.chunks, limits.max_bytes) as spool:
            return await _keep(request, principal, approval_id, name, spool, shelf)
    except ProblemError:
        await drain(request)
        raise


async def _keep(
    request: Request, principal: ApprovalRequester, approval_id: UUID, name: str, spool: Spooled, shelf: Shelf
) -> Response:
    """The file first and then its row: a crash in between leaves a file that nobody knows, never a row without one."""
    if spool.what.size == 0:
        raise names.refusal("file_empty", Text("ファイルが空です", "The file is empty"))
    kind = await asyncio.to_thread(examine, spool.file, spool.what.size, name)
    key = new_id()
    file = NewFile(key, name, kind, await shelf.storage.put(str(key), spool.chunks()))
    crashpoints.reach(CRASH_STORED)

    async def work(uow: UnitOfWork) -> Response:
        row = await attachments.add(uow, principal, approval_id, file, shelf)
        # Without Location: a repeated key looks there whether its caller may still see it, which would read the file.
        return json_response(row, 201)

    content = hashlib.sha256(name.encode() + b"\0" + file.what.sha256.encode()).digest()
    try:
        response = await in_transaction(request, principal, work, content=content)
    except ProblemError:
        # Refused, so certainly not committed. After any other error nobody knows: the sweeping finds out.
        await _delete(shelf, file.id)
        raise
    if REPLAYED_HEADER in response.headers or response.status_code >= 400:
        await _delete(shelf, file.id)
    return response


@router.get(
    "/approvals/{approval_id}/attachments/{attachment_id}", response_class=StreamingResponse, responses=_DOWNLOAD
)
async def download_attachment(
    principal: ApprovalReader,
    reader: Reads,
    shelf: ShelfDep,
    approval_id: UUID,
    attachment_id: UUID,
    query: Annotated[DownloadQuery, Query()],
) -> Response:
    """For whoever may see the request. Saved by browsers, never run by them."""
    row = await attachments.downloadable(reader, principal, approval_id, attachment_id)
    file = await attachments.opened(shelf, row)
    kind = BY_MEDIA_TYPE.get(row["mediaType"])
    shown = query.inline and kind is not None and kind.inline
    headers = {
        "Content-Disposition": disposition(row["name"], inline=shown),
        "Content-Length": str(file.size),
        "Content-Security-Policy": _PDF_VIEWER if shown and kind is PDF else _SANDBOX,
        "Cross-Origin-Resource-Policy": "same-origin",
        "ETag": f'"{row["sha256"]}"',
    }
    media_type = row["mediaType"] if _is_told(row["mediaType"]) else "application/octet-stream"
    return StreamingResponse(file.chunks, headers=headers, media_type=media_type)


@router.delete("/approvals/{approval_id}/attachments/{attachment_id}", status_code=204)
async def remove_attachment(
    principal: ApprovalRequester, shelf: ShelfDep, request: Request, approval_id: UUID, attachment_id: UUID
) -> Response:
    """From an own draft or returned request. Revisions that were submitted with it keep it."""
    goes = False

    async def work(uow: UnitOfWork) -> Response:
        nonlocal goes
        goes = await attachments.remove(uow, principal, approval_id, attachment_id)
        return Response(status_code=204)

    response = await in_transaction(request, principal, work)
    if goes:
        await _delete(shelf, attachment_id)
    return response


def disposition(name: str, *, inline: bool) -> str:
    """RFC 6266 with RFC 8187: the name for all, and one of plain letters for those who read no other."""
    plain = _PLAIN.sub("_", name)
    return f"{'inline' if inline else 'attachment'}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


async def _delete(shelf: Shelf, key: UUID) -> None:
    """What stays is swept away later."""
    try:
        await shelf.storage.delete(str(key))
    except ProblemError as error:
        _log.warning("file not deleted yet", id=str(key), error=str(error))
