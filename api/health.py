"""Whether the gateway lives, and whether everything behind it is ready."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any, Final

from api.calls import Call, Upstream
from services.kit.errors import ProblemError

READY_SECONDS: Final = 3.0
FRESH_SECONDS: Final = 1.0
"""An answer is given again for so long: probes may be many."""


class Readiness:
    """However often it is asked, each service is asked once a second, and looks at its database as rarely."""

    def __init__(self, upstreams: Mapping[str, Upstream]) -> None:
        self._upstreams = upstreams
        self._asking: asyncio.Task[tuple[bool, dict[str, Any]]] | None = None
        self._asked_at = float("-inf")

    async def get(self) -> tuple[bool, dict[str, Any]]:
        """All services are asked at once; each is `ready` or `away`."""
        if self._asking is None or (self._asking.done() and time.monotonic() - self._asked_at > FRESH_SECONDS):
            self._asked_at = time.monotonic()
            self._asking = asyncio.create_task(self._ask(), name="readiness")
        return await asyncio.shield(self._asking)

    async def _ask(self) -> tuple[bool, dict[str, Any]]:
        answers = await asyncio.gather(*(_is_ready(upstream) for upstream in self._upstreams.values()))
        services = {name: "ready" if ready else "away" for name, ready in zip(self._upstreams, answers, strict=True)}
        return all(answers), {"status": "ready" if all(answers) else "waiting", "services": services}


async def _is_ready(upstream: Upstream) -> bool:
    try:
        reply = await upstream.fetch(Call("GET", "/readyz"), READY_SECONDS)
    except ProblemError:
        return False
    return reply.status == 200
