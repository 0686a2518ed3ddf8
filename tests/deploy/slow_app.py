"""An app whose only answer waits until a file (SLOW_APP_FILE) is there; run by test_stopping.py."""

import asyncio
import os
from pathlib import Path
from typing import Any

from tests.support.waiting import eventually


def create_app() -> Any:
    gate = Path(os.environ["SLOW_APP_FILE"])

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            for _ in range(2):
                message = await receive()
                await send({"type": f"{message['type']}.complete"})
            return
        gate.with_suffix(".begun").touch()
        await eventually(lambda: asyncio.to_thread(gate.exists), within=300)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]})
        await send({"type": "http.response.body", "body": b"done"})

    return app
