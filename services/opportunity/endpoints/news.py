"""GET /approvals/stream: requests that changed, to those who may read them."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from services.kit.http import KitDep, ServiceRoute, live
from services.opportunity.endpoints.dependencies import ApprovalReader
from services.opportunity.service import news

router = APIRouter(tags=["approvals"], route_class=ServiceRoute)


@router.get("/approvals/stream", responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}})
async def stream_approvals(request: Request, kit: KitDep, principal: ApprovalReader) -> Response:
    """Server-sent events: `changed` with the `ids` of requests that changed and that the caller may read; `others`
    where something else may have left or come into the caller's lists. What changed is read as ever."""
    hub: news.NewsHub = request.app.state.news_hub
    hub.check_room(principal.user_id)
    return live.stream_answer(news.events(kit.db, hub, principal, live.token_check(request)))
