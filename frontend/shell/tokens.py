"""The shell's dealings with auth: sign-in, renewal of access tokens, sign-out. Refresh tokens stay here."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any

from frontend.shell.sessions import Session, Sessions
from frontend.ui.gateway import GatewayClient, GatewayProblem, on_behalf_of

RENEW_BEFORE_SECONDS = 60
_FINAL_REFUSALS = frozenset({400, 401, 403, 422})
_log = logging.getLogger("ringi.frontend.shell.tokens")


def session_from(answer: dict[str, Any]) -> Session:
    user = answer["user"]
    return Session(
        user_id=str(user["id"]),
        name=user.get("name") or user.get("email", ""),
        email=user.get("email", ""),
        roles=tuple(user.get("roles", ())),
        access_token=answer["accessToken"],
        refresh_token=answer["refreshToken"],
        access_expires_at=time.time() + float(answer.get("expiresIn", 0)),
    )


class Tokens:
    """Keeps each session's access token fresh; several requests of one browser renew it once."""

    def __init__(self, client: GatewayClient, sessions: Sessions) -> None:
        self._client = client
        self._sessions = sessions

    async def sign_in(self, email: str, password: str, totp: str, *, headers: dict[str, str]) -> Session:
        """Raises GatewayProblem: refused, a TOTP code is needed, throttled, or auth is down."""
        body = {"email": email, "password": password, **({"totp": totp} if totp else {})}
        answer = await self._client.call("POST", "/auth/login", headers=headers, body=body)
        return session_from(answer.body)

    async def sign_in_with_code(self, challenge: str, totp: str, *, headers: dict[str, str]) -> Session:
        """The second step, with what the first was answered. Raises GatewayProblem as the first does."""
        body = {"challenge": challenge, "totp": totp}
        return session_from((await self._client.call("POST", "/auth/login/code", headers=headers, body=body)).body)

    async def fresh(self, session_id: str, session: Session, *, address: str = "") -> Session | None:
        """The session with an access token that is valid for the next minute; None when auth has ended it.

        While auth is unreachable the old token is used for as long as it lasts.
        """
        if session.access_expires_at - time.time() > RENEW_BEFORE_SECONDS:
            return session
        # Shielded: a browser that leaves half-way must not lose the successor of a token that is already spent.
        return await asyncio.shield(asyncio.ensure_future(self._renew(session_id, address)))

    async def _renew(self, session_id: str, address: str) -> Session | None:
        async with self._sessions.store.lock(self._sessions.digest(session_id)):
            current = await self._sessions.read(session_id)
            if current is None or current.access_expires_at - time.time() > RENEW_BEFORE_SECONDS:
                return current
            try:
                answer = await self._client.call(
                    "POST",
                    "/auth/refresh",
                    headers=on_behalf_of(address),
                    body={"refreshToken": current.refresh_token},
                )
            except GatewayProblem as problem:
                if problem.status in _FINAL_REFUSALS:
                    _log.info("session ended by auth: %s", problem.code)
                    await self._sessions.end(session_id)
                    return None
                if current.access_expires_at > time.time():
                    return current
                raise
            body = answer.body
            renewed = current.renewed(
                body["accessToken"], body["refreshToken"], time.time() + float(body.get("expiresIn", 0))
            )
            await self._sessions.replace(session_id, renewed)
            return renewed

    async def sign_out(self, session_id: str, session: Session, *, address: str = "") -> None:
        """End the session here at once, and at auth as well as it answers."""
        await self._sessions.end(session_id)
        headers = {"Authorization": f"Bearer {session.access_token}"} | on_behalf_of(address)
        try:
            await self._client.call("POST", "/auth/logout", headers=headers)
        except GatewayProblem as problem:
            _log.warning("auth did not confirm a sign-out: %s", problem)
