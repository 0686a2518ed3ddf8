"""GET /notifications and what belongs to it; everyone has their own only."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from services.analytics import schemas
from services.analytics.errors import malformed_event_id
from services.analytics.notifications import repository, stream
from services.analytics.notifications.stream import NotificationHub
from services.analytics.notifications.views import view
from services.contracts.states import NotificationType
from services.kit.errors import NotFound
from services.kit.http import CurrentUser, KitDep, Reads, ServiceRoute, Uow, json_response, live
from services.kit.http.paging import DEFAULT_LIMIT, CursorText, Limit, Page, page
from services.kit.http.problems import preferred_locale
from services.kit.http.service_route import after_commit
from services.kit.models import QueryModel

router = APIRouter(prefix="/notifications", tags=["notifications"], route_class=ServiceRoute)

_CURSOR = "notifications"
_UNREAD_ITEMS = 20


class NotificationQuery(QueryModel):
    limit: Limit = DEFAULT_LIMIT
    cursor: CursorText = None
    unread: bool | None = Field(None, description="true: only unread ones; false: only read ones.")
    type: NotificationType | None = None


def _locale(request: Request) -> str:
    return preferred_locale(request.headers.get("accept-language"))


def _wake_others(request: Request, user_id: UUID) -> None:
    """The user's other tabs learn of it once it is committed."""
    hub: NotificationHub = request.app.state.notification_hub

    async def wake(response: Response) -> Response:
        hub.wake(user_id)
        return response

    after_commit(request, wake)


@router.get("", response_model=Page[schemas.NotificationView])
async def list_notifications(
    request: Request,
    reader: Reads,
    kit: KitDep,
    principal: CurrentUser,
    query: Annotated[NotificationQuery, Query()],
) -> Response:
    """Newest first."""
    key = kit.cursors.decode(_CURSOR, query.cursor, [int])
    rows = await repository.newest(
        reader,
        principal.user_id,
        unread=query.unread,
        kind=query.type,
        before=None if key is None else key[0],
        limit=query.limit + 1,
    )
    listed = page(rows, query.limit, lambda row: kit.cursors.encode(_CURSOR, [row["seq"]]))
    locale = _locale(request)
    return json_response({**listed, "items": [view(row, locale) for row in listed["items"]]})


@router.get("/unread", response_model=schemas.UnreadView)
async def unread_notifications(request: Request, reader: Reads, principal: CurrentUser) -> Response:
    rows = await repository.newest(reader, principal.user_id, unread=True, kind=None, before=None, limit=_UNREAD_ITEMS)
    locale = _locale(request)
    count = await repository.unread_count(reader, principal.user_id)
    return json_response({"count": count, "items": [view(row, locale) for row in rows]})


@router.get("/stream", responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}})
async def stream_notifications(request: Request, kit: KitDep, principal: CurrentUser) -> Response:
    """Server-sent events: `notification` (its id resumes the stream as `Last-Event-ID`) and `unread` (the count)."""
    hub: NotificationHub = request.app.state.notification_hub
    hub.check_room(principal.user_id)
    resumed = request.headers.get("last-event-id")
    if resumed is not None and not (resumed.isascii() and resumed.isdigit() and len(resumed) < 19):
        raise malformed_event_id()
    body = stream.events(
        kit.db,
        hub,
        principal.user_id,
        _locale(request),
        None if resumed is None else int(resumed),
        live.token_check(request),
    )
    return live.stream_answer(body)


@router.patch("/read-all", response_model=schemas.MarkedView)
async def read_all(request: Request, uow: Uow, principal: CurrentUser) -> Response:
    marked = await repository.mark_all_read(uow, principal.user_id)
    _wake_others(request, principal.user_id)
    return json_response({"marked": marked})


@router.patch("/{notification_id}/read", response_model=schemas.NotificationView)
async def read_one(request: Request, uow: Uow, principal: CurrentUser, notification_id: UUID) -> Response:
    await repository.mark_read(uow, principal.user_id, notification_id)
    row = await repository.one(uow, principal.user_id, notification_id)
    if row is None:
        raise NotFound
    _wake_others(request, principal.user_id)
    return json_response(view(row, _locale(request)))


@router.delete("/{notification_id}", status_code=204)
async def delete_one(request: Request, uow: Uow, principal: CurrentUser, notification_id: UUID) -> Response:
    if not await repository.delete(uow, principal.user_id, notification_id):
        raise NotFound
    _wake_others(request, principal.user_id)
    return Response(status_code=204)
