"""``Prefer: wait=N`` (RFC 7240): a caller who would rather wait for a process's end than poll for it."""

import asyncio
import re
import time
from typing import Any, Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from services.kit.db.unit_of_work import UnitOfWork
from services.kit.http.kit import Kit
from services.kit.http.responses import json_response
from services.kit.http.service_route import after_commit
from services.kit.processes.ledger import process_view
from services.kit.processes.statuses import ProcessStatus
from services.kit.running import crashpoints

MAX_WAIT_SECONDS: Final = 30.0
FIRST_POLL_SECONDS: Final = 0.02
MAX_POLL_SECONDS: Final = 0.25
CRASH_BEFORE_ANSWER: Final = "http.before_answer"
_WAIT = re.compile(r"(?:^|[,;\s])wait\s*=\s*\"?([0-9]{1,4})\"?", re.IGNORECASE)
_ENDED = frozenset({ProcessStatus.COMPLETED, ProcessStatus.COMPENSATED, ProcessStatus.NEEDS_ATTENTION})


def preferred_wait(request: Request) -> float:
    """Seconds, capped; 0 without the preference."""
    match = _WAIT.search(request.headers.get("prefer", ""))
    return min(float(match.group(1)), MAX_WAIT_SECONDS) if match else 0.0


def saga_location(process_id: UUID | str) -> str:
    return f"/api/v1/sagas/{process_id}"


async def wait_for_process(kit: Kit, process_id: UUID, seconds: float) -> dict[str, Any] | None:
    """The process's view once it has ended (or needs attention), None when time ran out. Holds no connection."""
    deadline = time.monotonic() + seconds
    pause = FIRST_POLL_SECONDS
    while time.monotonic() < deadline:
        async with kit.db.reader() as reader:
            view = await process_view(reader, process_id)
        if view is not None and view["status"] in _ENDED:
            return view
        await asyncio.sleep(min(pause, max(0.0, deadline - time.monotonic())))
        pause = min(pause * 1.5, MAX_POLL_SECONDS)
    return None


async def process_accepted(request: Request, uow: UnitOfWork, process_id: UUID) -> Response:
    """The answer of an endpoint that started a process (or found the one that does it already): 202 with its place,
    or 200 once it ended in the time that the caller prefers to wait."""
    accepted = _accepted(process_id, await process_view(uow, process_id))

    async def wait(_accepted: Response) -> Response:
        return await _wait_instead(request, process_id, accepted)

    after_commit(request, wait)
    return accepted


async def process_answered(request: Request, process_id: UUID) -> Response:
    """The same on a route that has committed by itself."""
    crashpoints.reach(CRASH_BEFORE_ANSWER)
    kit: Kit = request.app.state.kit
    async with kit.db.reader() as reader:
        accepted = _accepted(process_id, await process_view(reader, process_id))
    return await _wait_instead(request, process_id, accepted)


def _accepted(process_id: UUID, view: dict[str, Any] | None) -> Response:
    assert view is not None, "whoever begins a process writes its ledger row"
    return json_response(view | {"sagaId": str(process_id)}, 202, headers={"Location": saga_location(process_id)})


async def _wait_instead(request: Request, process_id: UUID, accepted: Response) -> Response:
    kit: Kit = request.app.state.kit
    seconds = preferred_wait(request)
    ended = await wait_for_process(kit, process_id, seconds) if seconds > 0 else None
    if ended is None:
        return accepted
    headers = {"Location": saga_location(process_id), "Preference-Applied": "wait"}
    return json_response(ended | {"sagaId": str(process_id)}, headers=headers)
