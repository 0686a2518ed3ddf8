"""Another service that answers slowly must not hold up those who need nothing of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from services.kit.running.ids import new_id
from tests.services.opportunity.world import World, plain
from tests.support.http import StartService, TestIssuer
from tests.support.waiting import eventually

PREVIEWS = 8
"""As many as there are write connections."""


class SlowAuth:
    """Knows nobody, and answers only when it is released."""

    def __init__(self) -> None:
        self.released = asyncio.Event()
        self.asked: list[int] = []

    async def users(self, request: web.Request) -> web.Response:
        self.asked.append(len(request.query.getall("ids")))
        await self.released.wait()
        return web.json_response({"items": []})


@asynccontextmanager
async def _serving(auth: SlowAuth) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_get("/internal/users", auth.users)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    try:
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


def _question() -> dict[str, Any]:
    stages = [{"name": f"{number}", "approverIds": [new_id() for _ in range(20)]} for number in range(10)]
    return dict(plain({"kind": "FEE_DISCOUNT", "stages": stages}))


async def test_previews_that_wait_for_auth_hold_no_connection(service_client: StartService, issuer: TestIssuer) -> None:
    auth = SlowAuth()
    async with _serving(auth) as url:
        world = World(await service_client("opportunity", auth_url=url), issuer)
        rep, approver = await world.person("rep"), await world.person("approver")
        question = _question()
        previews = [
            asyncio.create_task(world.client.post("/approvals/preview", question, token=rep.token))
            for _ in range(PREVIEWS)
        ]
        await eventually(lambda: len(auth.asked) == PREVIEWS, what="previews that wait for auth")
        assert set(auth.asked) == {100}
        for _ in range(PREVIEWS):
            await world.request(rep, approver)
        auth.released.set()
        answers = await asyncio.gather(*previews)
        assert {answer.status for answer in answers} == {422}
        assert {len(answer.json["errors"]) for answer in answers} == {200}
        asked = len(auth.asked)
        again = await world.client.post("/approvals/preview", question, token=rep.token)
        assert (again.status, len(auth.asked)) == (422, asked)
