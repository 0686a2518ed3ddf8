"""Bulk decisions as tests ask for them and look at what became of them."""

from typing import Any

from tests.services.opportunity.world import Person, World
from tests.support.http import Answer, new_key
from tests.support.waiting import eventually

BATCHES = "/approvals/bulk-decisions"
MANY = 500
FINISHED_SECONDS = 240
Items = list[dict[str, Any]]


def item(request: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": request["id"], "revision": request["revision"], "stage": request["stage"]} | more


async def ask(world: World, by: Person, items: Items, *, key: str | None = None, **body: Any) -> Answer:
    content = {"decision": "APPROVE", "items": items} | body
    return await world.client.post(BATCHES, content, token=by.token, key=key or new_key())


async def batch_of(world: World, by: Person, batch: dict[str, Any]) -> dict[str, Any]:
    answer = await world.client.get(f"{BATCHES}/{batch['id']}", token=by.token)
    assert answer.status == 200, answer.json
    shown: dict[str, Any] = answer.json
    return shown


async def finished(world: World, by: Person, batch: dict[str, Any]) -> dict[str, Any]:
    async def done() -> dict[str, Any] | None:
        shown = await batch_of(world, by, batch)
        return shown if shown["state"] == "FINISHED" else None

    shown = await eventually(done, within=FINISHED_SECONDS, what="the end of the batch")
    assert shown is not None
    return shown


async def results(world: World, by: Person, batch: dict[str, Any], status: str | None = None) -> Items:
    """All of them, page by page."""
    found: Items = []
    cursor = ""
    while True:
        chosen = f"&status={status}" if status else ""
        path = f"{BATCHES}/{batch['id']}/items?limit=200{chosen}{cursor}"
        answer = await world.client.get(path, token=by.token)
        assert answer.status == 200, answer.json
        found += answer.json["items"]
        if answer.json["nextCursor"] is None:
            return found
        cursor = f"&cursor={answer.json['nextCursor']}"


async def requests(world: World, rep: Person, count: int, *approvers: Person) -> Items:
    return [await world.request(rep, *approvers) for _ in range(count)]


def counts(**given: int) -> dict[str, int]:
    return dict.fromkeys(("waiting", "decided", "refused", "failed", "cancelled"), 0) | given
