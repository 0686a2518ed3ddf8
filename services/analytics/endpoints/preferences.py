"""Which notifications reach somebody, in the app and by mail; everyone sets their own. And the way out of mail that
asks for no sign-in (RFC 8058)."""

from dataclasses import asdict
from datetime import time
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.analytics import schemas
from services.analytics.errors import unknown_unsubscribe_token
from services.analytics.mail import failures
from services.analytics.mail import repository as mail
from services.analytics.mail.message import SETTINGS_PATH
from services.analytics.mail.preferences import change_wishes, switch_off, wishes_of
from services.analytics.mail.tokens import TOKEN_MAX_LENGTH, Unsubscribing
from services.analytics.mail.wishes import mailed
from services.analytics.notifications import repository
from services.contracts.states import NotificationType
from services.kit.db.unit_of_work import Reader
from services.kit.http import CurrentUser, KitDep, Reads, ServiceRoute, Uow, json_response
from services.kit.running.logging import get_logger

router = APIRouter(prefix="/notifications", tags=["notifications"], route_class=ServiceRoute)
_log = get_logger("mail")

Token = Annotated[str, Query(min_length=1, max_length=TOKEN_MAX_LENGTH)]


@router.get("/preferences", response_model=schemas.PreferencesView)
async def read_preferences(reader: Reads, principal: CurrentUser) -> Response:
    return json_response(await _view(reader, principal.user_id))


@router.put("/preferences", response_model=schemas.PreferencesView)
async def write_preferences(uow: Uow, principal: CurrentUser, body: schemas.PreferencesChange) -> Response:
    """Types that the body does not name stay as they are, and so does all of `mail` where it is absent."""
    user_id = principal.user_id
    await repository.set_preferences(uow, user_id, ((item.type, item.in_app, item.mail) for item in body.items))
    if body.mail is not None:
        wishes = body.mail.model_dump()
        await change_wishes(uow, user_id, **wishes | {"digest_at": time.fromisoformat(body.mail.digest_at)})
    return json_response(await _view(uow, user_id))


async def _view(reader: Reader, user_id: UUID) -> dict[str, Any]:
    chosen = await repository.preferences(reader, user_id)
    firm = await mail.firm_defaults(reader)
    wishes = await wishes_of(reader, user_id)
    available, _ = await mail.switch(reader)
    failing = await failures.of(reader, user_id)
    return {
        "items": [_item(kind, chosen.get(kind), firm) for kind in NotificationType],
        "mail": schemas.MailPreferencesView(
            **asdict(wishes) | {"digest_at": wishes.digest_at.strftime("%H:%M")}
        ).model_dump(by_alias=True),
        "mailState": {
            "available": available,
            "failing": None if failing is None else {"since": failing["since"], "reason": failing["reason"]},
        },
    }


def _item(kind: NotificationType, chosen: dict[str, Any] | None, firm: dict[str, bool]) -> dict[str, Any]:
    by_mail = None if chosen is None else chosen["mail"]
    return {
        "type": kind,
        "inApp": chosen is None or chosen["in_app"],
        "mail": mailed(kind, firm) if by_mail is None else by_mail,
    }


@router.post("/unsubscribe", status_code=204)
async def unsubscribe(uow: Uow, kit: KitDep, token: Token) -> Response:
    """What a mail program calls for `List-Unsubscribe`: ends the mail that the token came with, and nothing else. The
    body (`List-Unsubscribe=One-Click`) is not needed."""
    found = Unsubscribing.of(token, kit.settings.mail_keys)
    if found is None:
        raise unknown_unsubscribe_token()
    await switch_off(uow, found.user_id, found.kind)
    _log.info("mail ended by its recipient", user=str(found.user_id), kind=found.kind)
    return Response(status_code=204)


@router.get("/unsubscribe", status_code=303, response_class=RedirectResponse)
async def show_settings(request: Request, kit: KitDep, token: Token) -> Response:
    """For a mail program that opens the address in a browser: nothing changes by that; it leads to the settings."""
    del request, token
    public = (kit.settings.public_url or "").rstrip("/")
    return RedirectResponse(public + SETTINGS_PATH, status_code=303)
