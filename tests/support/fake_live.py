"""Notifications, their stream, and processes, as the stand-in for the gateway answers them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from starlette.responses import Response, StreamingResponse

from tests.support import fake_records as records
from tests.support.fake_answers import Ask, Json, problem


class LiveAnswers:
    """Handlers over what changes while a page is open."""

    notifications: list[Json]
    processes: dict[str, Json]
    approvals: dict[str, Json]
    customers: dict[str, Json]
    users: dict[str, Json]
    _listeners: set[asyncio.Queue[Json]]
    _followers: set[asyncio.Queue[Json]]

    def tell_change(self, *ids: str) -> None:
        """What the stream of requests tells those who may read them; with no id, that something left their lists."""
        for queue in self._followers:
            queue.put_nowait({"ids": list(ids), "others": not ids})

    @property
    def followers(self) -> int:
        """Open streams of requests."""
        return len(self._followers)

    @property
    def listeners(self) -> int:
        """Open notification streams."""
        return len(self._listeners)

    def _notifications(self, _ask: Ask) -> Json:
        return {"items": self.notifications, "nextCursor": None}

    def _unread(self, _ask: Ask) -> Json:
        unread = [item for item in self.notifications if not item["readAt"]]
        return {"count": len(unread), "items": unread[:20]}

    def _unread_now(self) -> int:
        return sum(not item["readAt"] for item in self.notifications)

    def _read_all(self, _ask: Ask) -> Json:
        for item in self.notifications:
            item["readAt"] = records.iso()
        return {"marked": len(self.notifications)}

    def _read(self, ask: Ask) -> Any:
        item = next(i for i in self.notifications if i["id"] == ask.request.path_params["id"])
        item["readAt"] = records.iso()
        return item

    def _forget(self, ask: Ask) -> Response:
        self.notifications = [i for i in self.notifications if i["id"] != ask.request.path_params["id"]]
        return Response(status_code=204)

    def _stream(self, _ask: Ask) -> Response:
        queue: asyncio.Queue[Json] = asyncio.Queue()
        self._listeners.add(queue)

        async def lines() -> AsyncIterator[str]:
            try:
                yield "retry: 3000\n\n"
                yield f"event: unread\ndata: {json.dumps({'count': self._unread_now()})}\n\n"
                while True:
                    notice = await queue.get()
                    if notice:
                        yield f"event: notification\ndata: {json.dumps(notice)}\n\n"
                    yield f"event: unread\ndata: {json.dumps({'count': self._unread_now()})}\n\n"
            finally:
                self._listeners.discard(queue)

        return StreamingResponse(lines(), media_type="text/event-stream")

    def _news(self, _ask: Ask) -> Response:
        queue: asyncio.Queue[Json] = asyncio.Queue()
        self._followers.add(queue)

        async def lines() -> AsyncIterator[str]:
            try:
                yield "retry: 3000\n\n"
                while True:
                    yield f"event: changed\ndata: {json.dumps(await queue.get())}\n\n"
            finally:
                self._followers.discard(queue)

        return StreamingResponse(lines(), media_type="text/event-stream")

    def _sagas(self, ask: Ask) -> Json:
        status = ask.request.query_params.get("status")
        found = [p for p in self.processes.values() if not status or p["status"] == status]
        return {"items": [p | self._names(ask, p) for p in found], "nextCursor": None}

    def _names(self, ask: Ask, process: Json) -> Json:
        """What only the list tells; operators read numbers of requests and no names."""
        known = {} if ask.user["roles"] == ["ops"] else self.customers | self.users
        names = {item["id"]: item["name"] for item in known.values()}
        numbers = {item["id"]: item["number"] for item in self.approvals.values()}
        return {
            "resourceName": (names | numbers).get(process["resourceId"]),
            "actorName": names.get(process["actorId"]),
        }

    def _saga(self, ask: Ask) -> Any:
        return self.processes.get(ask.request.path_params["id"]) or problem(404, "not_found", "見つかりません")

    def _operate(self, ask: Ask) -> Any:
        process = self.processes[ask.request.path_params["id"]]
        if ask.request.path_params["action"] == "compensate" and process["steps"][3]["status"] == "DONE":
            return problem(409, "past_pivot", "決定後の処理は取り消せません")
        process["status"] = "RUNNING" if ask.request.path_params["action"] == "retry" else "COMPENSATED"
        return process
