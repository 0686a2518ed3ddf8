"""What changes of routes, proxies and requests leave in the audit log: before and after."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from services.kit.running import clock
from tests.services.opportunity.world import World, plain


async def details(world: World, action: str) -> list[Any]:
    async with world.db.reader() as reader:
        rows = await reader.all("SELECT detail FROM audit_entries WHERE action = %s ORDER BY at, id", [action])
    return [row["detail"] for row in rows]


async def test_a_changed_route_leaves_what_was_there_before(world: World) -> None:
    admin, first, second = await world.person("admin"), await world.person("approver"), await world.person("approver")
    route: dict[str, Any] = {
        "name": "手数料",
        "minAmount": 1_000,
        "stages": [{"name": "承認", "approverIds": [first.id]}],
    }
    made = await world.client.post("/approval-routes", plain(route), token=admin.token)
    assert made.status == 201, made.json
    route |= {"minAmount": 2_000, "stages": [{"name": "承認", "approverIds": [second.id]}]}
    path = f"/approval-routes/{made.json['id']}"
    assert (await world.client.put(path, plain(route), token=admin.token, if_match=1)).status == 200
    [created] = await details(world, "approval_route.create")
    assert created["changes"]["min_amount"] == {"from": None, "to": 1_000}
    [changed] = await details(world, "approval_route.update")
    assert changed["changed"] == ["min_amount", "stages"]
    assert changed["changes"]["min_amount"] == {"from": 1_000, "to": 2_000}
    stages = changed["changes"]["stages"]
    assert [stages[side][0]["approverIds"] for side in ("from", "to")] == [[str(first.id)], [str(second.id)]]


async def test_a_proxy_that_is_ended_leaves_its_period(world: World) -> None:
    absent, stand_in = await world.person("approver"), await world.person("approver")
    now = clock.now()
    body = {
        "toId": str(stand_in.id),
        "startsAt": (now - timedelta(hours=1)).isoformat(),
        "endsAt": (now + timedelta(days=1)).isoformat(),
    }
    made = await world.client.post("/proxies", body, token=absent.token)
    assert made.status == 201, made.json
    assert (await world.client.delete(f"/proxies/{made.json['id']}", token=absent.token)).status == 204
    [created] = await details(world, "approval_proxy.create")
    assert (UUID(created["fromId"]), UUID(created["toId"])) == (absent.id, stand_in.id)
    assert created["changed"] == ["toId", "startsAt", "endsAt", "takesWaiting"]
    [ended] = await details(world, "approval_proxy.delete")
    assert ended["changed"] == ["endsAt"]
    assert ended["changes"]["endsAt"]["from"] > ended["changes"]["endsAt"]["to"]
