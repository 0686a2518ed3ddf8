"""Whether the gateway lives, and whether everything behind it is ready."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from api.calls import Call, Upstream
from services.kit.errors import ProblemError

READY_SECONDS: Final = 3.0


async def readiness(upstreams: Mapping[str, Upstream]) -> tuple[bool, dict[str, Any]]:
    """All services are asked at once; each is `ready` or `away`."""
    answers = await asyncio.gather(*(_is_ready(upstream) for upstream in upstreams.values()))
    services = {name: "ready" if ready else "away" for name, ready in zip(upstreams, answers, strict=True)}
    return all(answers), {"status": "ready" if all(answers) else "waiting", "services": services}


async def _is_ready(upstream: Upstream) -> bool:
    try:
        reply = await upstream.fetch(Call("GET", "/readyz"), READY_SECONDS)
    except ProblemError:
        return False
    return reply.status == 200
