"""Start-up and shut-down of several ASGI apps in one process: else a mounted app's own lifespan would never run."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]


class LifespanError(RuntimeError):
    """An app said that it cannot start."""


class Lifespan:
    """One app's lifespan, spoken over the ASGI protocol, so that any kind of app will do."""

    def __init__(self, name: str, app: ASGIApp) -> None:
        self._name = name
        self._app = app
        self._to_app: asyncio.Queue[Message] = asyncio.Queue()
        self._from_app: asyncio.Queue[Message] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None
        self.state: dict[str, Any] = {}

    async def start(self) -> None:
        """Returns when the app is ready; raises LifespanError (or the app's own exception) when it is not."""
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": self.state}
        self._task = asyncio.create_task(self._talk(scope), name=f"lifespan of {self._name}")
        await self._expect("lifespan.startup")

    async def stop(self) -> None:
        if self._task is not None and not self._task.done():
            await self._expect("lifespan.shutdown")
            await self._task

    async def _talk(self, scope: Scope) -> None:
        await self._app(scope, self._to_app.get, self._from_app.put)

    async def _expect(self, phase: str) -> None:
        assert self._task is not None
        await self._to_app.put({"type": phase})
        answer = asyncio.ensure_future(self._from_app.get())
        await asyncio.wait({answer, self._task}, return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            answer.cancel()
            self._task.result()  # its exception, if it ended with one
            raise LifespanError(f"{self._name} ended during {phase}")
        message = answer.result()
        if message["type"] != f"{phase}.complete":
            raise LifespanError(f"{self._name}: {message.get('message') or message['type']}")


class Lifespans:
    """Those of all apps in this process, group after group: the apps of one group begin together. They end one by one,
    last group first."""

    def __init__(self, groups: Sequence[Mapping[str, ASGIApp]]) -> None:
        self._groups = [{name: Lifespan(name, app) for name, app in group.items()} for group in groups]
        self.by_name = {name: lifespan for group in self._groups for name, lifespan in group.items()}

    async def serve(self, receive: Receive, send: Send) -> None:
        """Answer the server's lifespan messages for all apps together."""
        await receive()
        try:
            for lifespans in self._groups:
                async with asyncio.TaskGroup() as group:
                    for lifespan in lifespans.values():
                        group.create_task(lifespan.start())
        except BaseExceptionGroup as errors:
            await self._stop()
            await send({"type": "lifespan.startup.failed", "message": "; ".join(map(repr, errors.exceptions))})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._stop()
        await send({"type": "lifespan.shutdown.complete"})

    async def _stop(self) -> None:
        for lifespan in reversed(self.by_name.values()):
            await lifespan.stop()
