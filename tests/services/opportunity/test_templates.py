"""Templates: the content of a request to begin another one with."""

import asyncio
from typing import Any

import pytest

from services.kit.running.ids import new_id
from services.opportunity.service import templates
from tests.services.opportunity.world import Person, World
from tests.support.http import Answer


async def keep(world: World, by: Person, request: dict[str, Any], name: str = "四半期の減額", **more: Any) -> Answer:
    body = {"name": name, "approvalId": request["id"]} | more
    return await world.client.post("/approval-templates", body, token=by.token)


async def names(world: World, by: Person) -> list[str]:
    answer = await world.client.get("/approval-templates", token=by.token)
    return [item["name"] for item in answer.json["items"]]


async def test_a_template_keeps_what_belongs_to_no_customer_and_is_its_owners_alone(world: World) -> None:
    rep, other, approver = [await world.person(role) for role in ("rep", "rep", "approver")]
    customer = await world.customer(rep)
    request = await world.request(
        rep, approver, customerId=customer, kind="OTHER", description="定例", amount=120_000, currency="JPY"
    )
    kept = await keep(world, rep, request)
    assert kept.status == 201, kept.json
    assert kept.json["content"] == {
        "kind": "OTHER",
        "title": "手数料の減額",
        "description": "定例",
        "amount": 120_000,
        "currency": "JPY",
        "fields": {},
    }
    assert (await names(world, rep), await names(world, other)) == (["四半期の減額"], [])
    path = f"/approval-templates/{kept.json['id']}"
    assert (await world.client.get(path, token=other.token)).status == 404
    assert (await world.client.patch(path, {"name": "盗用"}, token=other.token)).status == 404
    renamed = await world.client.patch(path, {"name": "月次の減額"}, token=rep.token)
    assert (renamed.status, renamed.json["name"]) == (200, "月次の減額")
    assert (await world.client.delete(path, token=rep.token)).status == 204
    assert (await world.client.delete(path, token=rep.token)).status == 404
    assert (await keep(world, other, request)).status == 404, "only of what one sees"
    assert (await keep(world, rep, {"id": str(new_id())})).status == 404


async def test_the_firms_templates_are_an_administrators_to_change(world: World) -> None:
    admin, rep, approver = [await world.person(role) for role in ("admin", "rep", "approver")]
    request = await world.request(rep, approver)
    assert (await keep(world, rep, request, firmWide=True)).status == 403
    kept = await keep(world, admin, request, "会社の書式", firmWide=True)
    assert (kept.status, kept.json["ownerId"]) == (201, None)
    assert (await keep(world, rep, request, "自分の書式")).status == 201
    assert await names(world, rep) == ["自分の書式", "会社の書式"]
    path = f"/approval-templates/{kept.json['id']}"
    assert (await world.client.get(path, token=rep.token)).json["mayChange"] is False
    assert (await world.client.delete(path, token=rep.token)).status == 403
    assert (await world.client.patch(path, {"name": "新"}, token=rep.token)).status == 403
    assert (await world.client.delete(path, token=admin.token)).status == 204


async def test_templates_are_few_even_when_they_come_at_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    rep, approver = await world.person("rep"), await world.person("approver")
    request = await world.request(rep, approver)
    monkeypatch.setattr(templates, "MOST_OWN", 2)
    answers = await asyncio.gather(*(keep(world, rep, request, f"第{n}") for n in range(4)))
    assert sorted(answer.status for answer in answers) == [201, 201, 409, 409]
    assert len(await names(world, rep)) == 2


@pytest.mark.parametrize("name", ["", " ", "\u0000", "あ" * 81, 7, None])
async def test_a_template_has_a_name_of_one_line(world: World, name: Any) -> None:
    rep, approver = await world.person("rep"), await world.person("approver")
    request = await world.request(rep, approver)
    assert (await keep(world, rep, request, name)).status == 422
