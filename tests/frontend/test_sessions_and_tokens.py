"""Sessions outlive a restart and leak nothing; a refresh token is spent once however many requests want it."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest

from frontend.shell import sessions as module
from frontend.shell.sessions import RedisSessions, Session, Sessions, SqliteSessions
from frontend.shell.tokens import Tokens
from frontend.ui.gateway import Answer, GatewayProblem
from frontend.ui.keys import Keyring
from tests.support.redis import running_redis
from tests.support.waiting import eventually

KEYS = Keyring("a-secret-of-at-least-thirty-two-characters")
SESSION = Session("u1", "佐藤 美咲", "rep@ringi.example", ("rep",), "access-1", "refresh-1", time.time() - 1)


class AuthClient:
    """Answers refreshes as auth does: each token once, a second use ends the family."""

    def __init__(self, refusal: GatewayProblem | None = None) -> None:
        self.used: list[str] = []
        self.refusal = refusal

    async def call(self, method: str, path: str, *, headers: dict[str, str], body: Any = None) -> Answer:
        await asyncio.sleep(0)
        if self.refusal:
            raise self.refusal
        assert (method, path, headers) == ("POST", "/auth/refresh", {})
        assert body["refreshToken"] not in self.used, "the token was used twice"
        self.used.append(body["refreshToken"])
        number = len(self.used) + 1
        tokens = {"accessToken": f"access-{number}", "refreshToken": f"refresh-{number}", "expiresIn": 900}
        return Answer(200, tokens)


def stored_bytes(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir())


async def opened(path: Path) -> Sessions:
    sessions = Sessions(SqliteSessions(path), KEYS)
    await sessions.store.open()
    return sessions


async def test_a_session_is_there_after_a_restart_and_gone_after_signing_out(tmp_path: Path) -> None:
    path = tmp_path / "frontend" / "sessions.sqlite3"
    first = await opened(path)
    session_id = await first.create(SESSION)
    await first.store.close()
    second = await opened(path)
    assert await second.read(session_id) == SESSION
    await second.end(session_id)
    assert await second.read(session_id) is None


async def test_expired_sessions_are_forgotten_while_the_shell_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PRUNE_SECONDS", 0.05)
    path = tmp_path / "sessions.sqlite3"
    sessions = await opened(path)
    living = await sessions.create(SESSION)
    for number in range(2 * module.PRUNED_AT_ONCE + 1):
        await sessions.store.save(f"expired-{number}", b"", seconds=-1)

    def left() -> int:
        with sqlite3.connect(path) as db:
            count: int = db.execute("SELECT count(*) FROM sessions").fetchone()[0]
            return count

    await eventually(lambda: left() == 1, what="only the session that lives is kept")
    assert await sessions.read(living) == SESSION
    await sessions.store.close()


async def test_a_store_that_is_slow_holds_up_nobody_else(tmp_path: Path) -> None:
    path = tmp_path / "sessions.sqlite3"
    sessions = await opened(path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    saving = asyncio.create_task(sessions.create(SESSION))
    # The loop has to come back to this test for the lock to go.
    await asyncio.sleep(0)
    other.execute("ROLLBACK")
    other.close()
    assert await sessions.read(await saving) == SESSION
    await sessions.store.close()


async def test_a_copied_store_signs_nobody_in(tmp_path: Path) -> None:
    path = tmp_path / "sessions.sqlite3"
    sessions = await opened(path)
    session_id, other_id = await sessions.create(SESSION), await sessions.create(SESSION)
    content = stored_bytes(tmp_path)
    for secret in (session_id, "refresh-1", "access-1", "rep@ringi.example"):
        assert secret.encode() not in content
    with sqlite3.connect(path) as db:
        mine, others = Sessions.digest(session_id), Sessions.digest(other_id)
        db.execute(
            "UPDATE sessions SET record = (SELECT record FROM sessions WHERE digest = ?) WHERE digest = ?",
            (others, mine),
        )
    assert await sessions.read(session_id) is None, "a record moved to another id does not open"
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("session_id", [None, "", "unknown", "x" * 10_000])
async def test_an_unknown_id_is_nobody(tmp_path: Path, session_id: str | None) -> None:
    assert await (await opened(tmp_path / "s.sqlite3")).read(session_id) is None


async def test_many_requests_renew_the_token_once(tmp_path: Path) -> None:
    sessions, client = await opened(tmp_path / "s.sqlite3"), AuthClient()
    session_id = await sessions.create(SESSION)
    tokens = Tokens(client, sessions)  # type: ignore[arg-type]  # the one method that is used
    renewed = await asyncio.gather(*(tokens.fresh(session_id, SESSION) for _ in range(20)))
    assert {session and session.access_token for session in renewed} == {"access-2"}
    assert client.used == ["refresh-1"]


async def test_a_browser_that_leaves_does_not_lose_the_new_token(tmp_path: Path) -> None:
    sessions, client = await opened(tmp_path / "s.sqlite3"), AuthClient()
    session_id = await sessions.create(SESSION)
    tokens = Tokens(client, sessions)  # type: ignore[arg-type]
    leaving = asyncio.create_task(tokens.fresh(session_id, SESSION))
    await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    session = await tokens.fresh(session_id, SESSION)
    assert session is not None
    assert session.access_token == "access-2"
    assert client.used == ["refresh-1"]


async def test_auths_refusal_ends_the_session_and_an_outage_does_not(tmp_path: Path) -> None:
    sessions = await opened(tmp_path / "s.sqlite3")
    session_id = await sessions.create(SESSION)
    down = Tokens(AuthClient(GatewayProblem(503, {"code": "unreachable"})), sessions)  # type: ignore[arg-type]
    with pytest.raises(GatewayProblem):
        await down.fresh(session_id, SESSION)
    assert await sessions.read(session_id) == SESSION
    refusing = Tokens(AuthClient(GatewayProblem(401, {"code": "refresh_token_reused"})), sessions)  # type: ignore[arg-type]
    assert await refusing.fresh(session_id, SESSION) is None
    assert await sessions.read(session_id) is None


async def test_replicas_share_sessions_and_renew_once_between_them() -> None:
    with running_redis() as redis:
        first, second = (Sessions(RedisSessions(redis.url), KEYS) for _ in range(2))
        await first.store.open()
        await second.store.open()
        session_id, client = await first.create(SESSION), AuthClient()
        assert await second.read(session_id) == SESSION
        shells = [Tokens(client, sessions) for sessions in (first, second)]  # type: ignore[arg-type]
        renewed = await asyncio.gather(*(shells[number % 2].fresh(session_id, SESSION) for number in range(10)))
        assert {session and session.access_token for session in renewed} == {"access-2"}
        assert client.used == ["refresh-1"]
        await second.end(session_id)
        assert await first.read(session_id) is None
        await first.store.close()
        await second.store.close()
