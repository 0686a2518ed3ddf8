"""Whoever stands in for an approver is told of what waits in their place, and not of what is over."""

from datetime import timedelta
from typing import Any

from services.contracts.events import approval, proxy
from services.kit.events.envelope import Envelope
from services.kit.running import clock
from services.kit.running.ids import new_id
from tests.services.analytics.conftest import Consume
from tests.services.analytics.test_notifications import APPROVER, MANAGER, OTHER, PEOPLE, REP, Inbox, Request
from tests.services.analytics.world import envelope
from tests.support.http import ServiceClient, TestIssuer, new_key

STANDING = [{"user_id": MANAGER, "for_id": APPROVER}]


async def unread(client: ServiceClient, issuer: TestIssuer) -> list[dict[str, Any]]:
    return await Inbox(client, issuer, MANAGER).items(unread="true")


async def test_a_stand_in_is_told_for_whom_once_and_no_more_when_it_is_answered(
    client: ServiceClient, issuer: TestIssuer, consume: Consume
) -> None:
    request = Request()
    asked = request.emit(approval.ApprovalRequested, REP, stand_ins=STANDING)
    await consume([*PEOPLE, asked])
    await consume([asked])
    [told] = await unread(client, issuer)
    assert (told["type"], told["resourceId"]) == ("PROXY_WAITING", str(request.id))
    assert "approver" in told["title"] or told["title"].startswith("佐藤"), told
    other = request.emit(approval.ApprovalUpdated, OTHER, waiting_for=[APPROVER], stand_ins=STANDING)
    await consume([other])
    assert len(await unread(client, issuer)) == 1, "it waits for the absent one as before: that is no news"
    decided = {"state": "APPROVED", "waiting_for": [], "stand_ins": [], "decided_at": clock.now()}
    await consume([request.emit(approval.ApprovalApproved, APPROVER, **decided)])
    assert await unread(client, issuer) == []


async def test_a_reminder_reaches_the_stand_in_too(client: ServiceClient, issuer: TestIssuer, consume: Consume) -> None:
    request = Request()
    asked = request.emit(approval.ApprovalRequested, REP)
    await consume([*PEOPLE, asked, request.emit(approval.ApprovalNudged, REP, stand_ins=STANDING)])
    assert [item["type"] for item in await unread(client, issuer)] == ["PROXY_WAITING"]


async def test_whoever_wants_no_such_notice_gets_none(
    client: ServiceClient, issuer: TestIssuer, consume: Consume
) -> None:
    wish = {"items": [{"type": "PROXY_WAITING", "inApp": False}]}
    token = issuer.token(MANAGER, ["manager"])
    answer = await client.put("/notifications/preferences", wish, token=token, key=new_key())
    assert answer.status == 200, answer.json
    await consume([*PEOPLE, Request().emit(approval.ApprovalRequested, REP, stand_ins=STANDING)])
    assert await unread(client, issuer) == []


def proxy_event(payload: type[proxy.ProxyFact], **changes: Any) -> Envelope:
    now, proxy_id = clock.now(), new_id()
    fields = {
        "proxy_id": proxy_id,
        "from_id": APPROVER,
        "to_id": MANAGER,
        "starts_at": now - timedelta(days=1),
        "ends_at": now + timedelta(days=1),
        "takes_waiting": True,
    }
    return envelope(payload.model_validate(fields | changes), proxy_id, None, now, actor_id=APPROVER)


async def test_with_the_proxy_ends_what_waited_for_the_stand_in(
    client: ServiceClient, issuer: TestIssuer, consume: Consume
) -> None:
    await consume([*PEOPLE, Request().emit(approval.ApprovalRequested, REP, stand_ins=STANDING)])
    await consume([proxy_event(proxy.ProxyChanged, to_id=OTHER, previous_to_id=MANAGER)])
    assert [item["type"] for item in await unread(client, issuer)] == ["PROXY_ENDED"]
    await consume([Request().emit(approval.ApprovalRequested, REP, stand_ins=STANDING)])
    await consume([proxy_event(proxy.ProxyEnded)])
    assert {item["type"] for item in await unread(client, issuer)} == {"PROXY_ENDED"}
