"""A dossier with everything in it, made by the service."""

import copy
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from services.kit.running import clock
from services.opportunity import chain
from tests.services.opportunity.world import Person, World
from tests.support.http import Answer

Json = dict[str, Any]


async def take(world: World, by: Person, approval: Json) -> Answer:
    return await world.client.get(f"/approvals/{approval['id']}/dossier", token=by.token)


async def eventful_request(world: World) -> tuple[Json, Person]:
    """Returned, asked for again, passed on, remarked upon, approved by a proxy and then for good; and its requester."""
    rep, admin = await world.person("rep"), await world.person("admin")
    first, second = await world.person("approver"), await world.person("approver")
    third, stand_in = await world.person("approver"), await world.person("approver", name="代理 三郎")
    customer_id = await world.customer(rep)
    stages = [
        {"name": "上長承認", "approverIds": [first.id], "deadlineHours": 48, "escalateTo": second.id},
        {"name": "審査", "approverIds": [second.id]},
    ]
    request = await world.request(rep, stages=stages, customerId=customer_id, amount=300_000)
    await done(await world.act(first, request, "return", comment="根拠を追記してください"))
    await done(await world.act(rep, request, "resubmit", comment="追記しました"))
    remark = {"body": "資料はこちらです"}
    await done(await world.client.post(f"/approvals/{request['id']}/comments", remark, token=rep.token))
    period = {"startsAt": clock.now() - timedelta(hours=1), "endsAt": clock.now() + timedelta(days=1)}
    body = {"fromId": first.id, "toId": stand_in.id, **period}
    await done(await world.client.post("/proxies", _plain(body), token=admin.token))
    await done(await world.act(stand_in, request, "approve", comment="代理で承認します"))
    await done(await world.act(admin, request, "reassign", fromId=second.id, toId=third.id, reason="休暇"))
    await done(await world.act(third, request, "approve"))
    return request, rep


async def done(answer: Answer) -> None:
    assert answer.status in (200, 201), answer.json


def _plain(body: Json) -> Json:
    return {name: value.isoformat() if hasattr(value, "isoformat") else str(value) for name, value in body.items()}


def leaves(value: Any, way: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The ways to all values that hold no others."""
    if isinstance(value, dict | list) and value:
        for name, member in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(member, (*way, name))
    else:
        yield way


def changed(document: Json, way: tuple[str | int, ...]) -> Json:
    """A copy with one value changed into another of its kind."""
    other = copy.deepcopy(document)
    place: Any = other
    for step in way[:-1]:
        place = place[step]
    place[way[-1]] = _another(place[way[-1]])
    return other


def _another(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, str) and value:
        # The last letter keeps most texts of the kind that they are: ids, times, hashes.
        before, last = value[:-1], value[-1]
        if last == "Z":
            digit = before[-1]
            return before[:-1] + ("1" if digit == "0" else "0") + last
        return before + ("1" if last == "0" else "0")
    return "x"


def pointer(way: tuple[str | int, ...]) -> str:
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in way)


def written(document: Json) -> bytes:
    return chain.canonical(document)
