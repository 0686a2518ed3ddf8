"""Sagas: the list comes from analytics, one saga from the service that is its home."""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import replace
from typing import Final
from uuid import UUID

from starlette.types import Receive, Send

from api.answers import send_reply
from api.calls import Call, Reply, Upstream
from api.paths import PROCESSES, Location
from services.kit.errors import MethodNotAllowed, NotFound, ProblemError, Text, Unavailable, Unprocessable
from services.kit.models import is_canonical_uuid

LIST_SERVICE: Final = "analytics"
HOMES: Final = ("customer", "opportunity", "auth")
"""Services that keep ledgers, in the order of how often they are asked for."""
COMMANDS: Final = frozenset({"retry", "compensate"})
LOOKUP_SECONDS: Final = 5.0
REMEMBERED: Final = 10_000

_NOT_AN_ID = Text("処理 ID の形式が正しくありません", "This is no id of a process")


class Sagas:
    """Remembers which service is whose home; that never changes."""

    def __init__(self, upstreams: Mapping[str, Upstream]) -> None:
        self._upstreams = upstreams
        self._homes: OrderedDict[UUID, str] = OrderedDict()

    async def serve(self, location: Location, call: Call, receive: Receive, send: Send, deadline: float) -> None:
        """`call` has the path of the API; raises a ProblemError."""
        match location.segments[1:], call.method:
            case ((), "GET"):
                listed = replace(call, path=f"/{PROCESSES}")
                await self._upstreams[LIST_SERVICE].forward(listed, receive, send, deadline)
            case ((text,), "GET"):
                await self._show(_process_id(text), call, receive, send, deadline)
            case ((text, command), "POST") if command in COMMANDS:
                await self._command(_process_id(text), command, call, receive, send, deadline)
            case ((), _) | ((_,), _):
                raise MethodNotAllowed(headers={"Allow": "GET"})
            case ((_, command), _) if command in COMMANDS:
                raise MethodNotAllowed(headers={"Allow": "POST"})
            case _:
                raise NotFound

    async def _show(self, process_id: UUID, call: Call, receive: Receive, send: Send, deadline: float) -> None:
        asked = replace(call, path=f"/{PROCESSES}/{process_id}")
        home = self._homes.get(process_id)
        if home is not None:
            await self._upstreams[home].forward(asked, receive, send, deadline)
        else:
            _, reply = await self._look_up(process_id, asked)
            await send_reply(reply, send)

    async def _command(
        self, process_id: UUID, command: str, call: Call, receive: Receive, send: Send, deadline: float
    ) -> None:
        path = f"/{PROCESSES}/{process_id}"
        home = self._homes.get(process_id)
        if home is None:
            authorization = [item for item in call.headers if item[0] in _CARRIED]
            home, _ = await self._look_up(process_id, Call("GET", path, headers=authorization, client=call.client))
        await self._upstreams[home].forward(replace(call, path=f"{path}/{command}"), receive, send, deadline)

    async def _look_up(self, process_id: UUID, call: Call) -> tuple[str, Reply]:
        """Asks all homes at once. NotFound only if every one of them says so."""
        replies = await asyncio.gather(
            *(self._upstreams[home].fetch(call, LOOKUP_SECONDS) for home in HOMES), return_exceptions=True
        )
        for home, reply in zip(HOMES, replies, strict=True):
            if isinstance(reply, Reply) and reply.status == 200:
                self._remember(process_id, home)
                return home, reply
        for reply in replies:
            if isinstance(reply, BaseException) and not isinstance(reply, ProblemError):
                raise reply
            if isinstance(reply, BaseException) or reply.status >= 500:
                raise Unavailable(Text("処理の状態を確認できません", "A service that may know this process is away"))
        refused = next((r for r in replies if isinstance(r, Reply) and r.status != 404), None)
        if refused is not None:
            return HOMES[0], refused
        raise NotFound

    def _remember(self, process_id: UUID, home: str) -> None:
        self._homes[process_id] = home
        if len(self._homes) > REMEMBERED:
            self._homes.popitem(last=False)


_CARRIED = frozenset({b"authorization", b"accept-language", b"x-request-id", b"traceparent", b"x-forwarded-for"})


def _process_id(text: str) -> UUID:
    if not is_canonical_uuid(text):
        raise Unprocessable.field("/process_id", "uuid_parsing", _NOT_AN_ID, "path")
    return UUID(text)
