"""Questions to a part: are you ready? Each answers with a bool and never raises for a part that is not there (yet)."""

import asyncio
import json
from pathlib import Path
from typing import Any

from deploy.embedded.state.ports import LOOPBACK

ANSWER_SECONDS = 5.0
MAX_ANSWER_BYTES = 1 << 20


async def http_get(port: int, path: str) -> tuple[int, bytes] | None:
    """Status and body of a GET on loopback, None when nobody answers in time. A few lines instead of an HTTP client:
    the supervisor stays small because it is there all day."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            reader, writer = await asyncio.open_connection(LOOPBACK, port)
            try:
                writer.write(f"GET {path} HTTP/1.0\r\nHost: {LOOPBACK}:{port}\r\nAccept: */*\r\n\r\n".encode())
                await writer.drain()
                answer = await reader.read(MAX_ANSWER_BYTES)
                while chunk := await reader.read(MAX_ANSWER_BYTES):
                    answer += chunk
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return None
    head, _, body = answer.partition(b"\r\n\r\n")
    status = head.split(b" ", 2)[1:2]
    return (int(status[0]), body) if status and status[0].isdigit() else None


async def http_ok(port: int, path: str) -> bool:
    answer = await http_get(port, path)
    return answer is not None and answer[0] == 200


async def http_json(port: int, path: str) -> Any:
    """The JSON document of a 200 answer, else None."""
    answer = await http_get(port, path)
    if answer is None or answer[0] != 200:
        return None
    try:
        return json.loads(answer[1])
    except json.JSONDecodeError:
        return None


async def accepts_connections(port: int) -> bool:
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            _, writer = await asyncio.open_connection(LOOPBACK, port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True


def postmaster_is_ready(data: Path, pid: int) -> bool:
    """The server writes its state into line 8 of postmaster.pid, which is where pg_ctl looks too."""
    try:
        lines = (data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
    except OSError:
        return False
    return len(lines) >= 8 and lines[0].strip() == str(pid) and lines[7].strip() == "ready"
