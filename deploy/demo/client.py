"""A demo user at the gateway: logs in as any client would and speaks the public API only."""

import asyncio
import json as jsonlib
import uuid
from collections.abc import Awaitable, Callable
from typing import Any, Self, TypeVar

import aiohttp

REQUEST_TIMEOUT_S = 30.0
POLL_INTERVAL_S = 0.1
PATIENCE_S = 90.0
RETRY_INTERVAL_S = 0.5
PART_IS_AWAY = {502, 503, 504}

T = TypeVar("T")


class DemoError(Exception):
    """The system did not answer as the demo needs it; the text is for the person who runs the demo."""


class User:
    """One signed-in person. Every write carries an idempotency key, as a careful client's would."""

    def __init__(self, session: aiohttp.ClientSession, base_url: str, account: dict[str, Any], token: str) -> None:
        self._session = session
        self._base = base_url
        self._headers = {"Authorization": f"Bearer {token}", "Accept-Language": "ja"}
        self.id: str = account["id"]
        self.name: str = account["name"]

    @classmethod
    async def sign_in(cls, session: aiohttp.ClientSession, gateway: str, email: str, password: str) -> Self:
        base = f"{gateway.rstrip('/')}/api/v1"
        async with session.post(f"{base}/auth/login", json={"email": email, "password": password}) as answer:
            body = await _body(answer)
            if answer.status != 200:
                raise DemoError(f"{email} cannot sign in: {answer.status} {body}")
        return cls(session, base, body["user"], body["accessToken"])

    async def send(
        self, method: str, path: str, json: Any = None, *, headers: dict[str, str] | None = None, **query: Any
    ) -> tuple[int, Any]:
        """Status and body, whatever they are. What got no answer, or the answer that a part is away, is asked again
        with the same idempotency key until `PATIENCE_S` are over: so the demo goes on when a part is killed."""
        sent = self._headers | {"Idempotency-Key": str(uuid.uuid4())} if method in {"POST", "PATCH"} else self._headers
        params = {k: str(v) for k, v in query.items() if v is not None}
        clock = asyncio.get_running_loop().time
        deadline = clock() + PATIENCE_S
        while True:
            try:
                status, body = await self._once(method, path, json, sent | (headers or {}), params)
            except (aiohttp.ClientConnectionError, TimeoutError):
                if clock() > deadline:
                    raise
            else:
                if status not in PART_IS_AWAY or clock() > deadline:
                    return status, body
            await asyncio.sleep(RETRY_INTERVAL_S)

    async def _once(
        self, method: str, path: str, json: Any, headers: dict[str, str], params: dict[str, str]
    ) -> tuple[int, Any]:
        timeout = aiohttp.ClientTimeout(total=REQUEST_TIMEOUT_S)
        async with self._session.request(
            method, self._base + path, json=json, params=params, headers=headers, timeout=timeout
        ) as answer:
            return answer.status, await _body(answer)

    async def _expect(self, method: str, path: str, json: Any = None, **rest: Any) -> Any:
        status, body = await self.send(method, path, json, **rest)
        if status >= 400:
            raise DemoError(f"{self.name}: {method} {path} answered {status}: {body}")
        return body

    async def get(self, path: str, **query: Any) -> Any:
        return await self._expect("GET", path, **query)

    async def post(self, path: str, json: Any) -> Any:
        return await self._expect("POST", path, json)

    async def patch(self, path: str, json: Any) -> Any:
        return await self._expect("PATCH", path, json)

    async def delete(self, path: str, **query: Any) -> Any:
        return await self._expect("DELETE", path, **query)

    async def items(self, path: str, **query: Any) -> list[Any]:
        """Every item of a list, page after page."""
        found: list[Any] = []
        cursor = None
        while True:
            page = await self.get(path, limit=200, cursor=cursor, **query)
            found += page["items"]
            cursor = page.get("nextCursor")
            if cursor is None:
                return found


async def _body(answer: aiohttp.ClientResponse) -> Any:
    """What JSON says, the text where it is none, None where there is nothing."""
    text = await answer.text()
    try:
        return jsonlib.loads(text) if text else None
    except ValueError:
        return text


async def until(what: str, look: Callable[[], Awaitable[T | None]], *, seconds: float = 60.0) -> T:
    """Look again until the answer is neither None nor False; DemoError when `seconds` have passed."""
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        seen = await look()
        if seen:
            return seen
        if asyncio.get_running_loop().time() > deadline:
            raise DemoError(f"{what} did not come about within {seconds:.0f} s")
        await asyncio.sleep(POLL_INTERVAL_S)
