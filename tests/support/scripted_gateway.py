"""A remote as a real app whose gateway answers from a script: what a page asks for, sends and shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from starlette.applications import Starlette

from frontend.ui import identity as identities
from frontend.ui.gateway import Answer, GatewayProblem
from frontend.ui.identity import Identity
from frontend.ui.settings import FrontendSettings
from tests.support.document import assert_kept, contract
from tests.support.http import Answer as HttpAnswer
from tests.support.http import ServiceClient
from tests.support.keys import FRONTEND_KEYS

NOT_FOUND = GatewayProblem(404, {"code": "not_found", "title": "見つかりません"})
LATER = "UNHEARD_OF"
"""A value that a later version of the API may add; today's pages must carry it."""
SETTINGS = FrontendSettings(env="test", gateway_url="http://127.0.0.1:9", **FRONTEND_KEYS)


@dataclass(frozen=True, slots=True)
class Sent:
    """One call that reached the gateway."""

    method: str
    path: str
    query: list[tuple[str, str]]
    body: Any
    headers: Mapping[str, str]


@dataclass(slots=True)
class ScriptedGateway:
    """Takes the place of `GatewayClient`; `on` says what a method and path answer, the last word counts."""

    answers: dict[tuple[str, str], Any] = field(default_factory=dict)
    accepted: dict[tuple[str, str, str], Answer] = field(default_factory=dict)
    calls: list[Sent] = field(default_factory=list)

    def on(self, method: str, path: str, body: Any, *, status: int = 200, etag: str = "") -> None:
        headers = {"ETag": etag} if etag else {}
        problem = GatewayProblem(status, body) if status >= 400 else None
        self.answers[method, path] = problem or (Answer(status, body, headers), b"")

    def accept_only(self, method: str, path: str, etag: str, body: Any) -> None:
        """This answer for who has seen this version; everybody else gets what `on` says."""
        self.accepted[method, path, etag] = Answer(200, body, {})

    def on_file(self, path: str, content: bytes, headers: Mapping[str, str]) -> None:
        self.answers["GET", path] = (Answer(200, None, headers), content)

    def sent(self, method: str, path: str) -> list[Sent]:
        return [call for call in self.calls if (call.method, call.path) == (method, path)]

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def call(self, method: str, path: str, **given: Any) -> Answer:
        return (await self.exchange(method, path, **given))[0]

    async def exchange(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        params: Mapping[str, str] | None = None,
        body: Any = None,
        patient: bool = False,  # noqa: ARG002 - the script answers at once
    ) -> tuple[Answer, bytes]:
        parts = urlsplit(path)
        query = [*parse_qsl(parts.query), *(params or {}).items()]
        self.calls.append(Sent(method, parts.path, query, body, headers))
        accepted = self.accepted.get((method, parts.path, headers.get("If-Match", "")))
        answer = self.answers.get((method, parts.path), NOT_FOUND) if accepted is None else (accepted, b"")
        self._hold_against_the_document(self.calls[-1], answer)
        if isinstance(answer, GatewayProblem):
            raise answer
        found: tuple[Answer, bytes] = answer
        return found

    def _hold_against_the_document(self, sent: Sent, answer: Any) -> None:
        """A page that asks for what the API does not have, or is shown what it never says, proves nothing."""
        operation = contract().operation(sent.method, sent.path)
        assert operation is not None, f"{sent.method} {sent.path} is no operation of the API"
        if isinstance(answer, GatewayProblem):
            return
        shown: Answer = answer[0]
        faults = contract().faults_of_request(operation, [name for name, _ in sent.query], sent.body)
        if shown.body is not None:
            faults += contract().faults_of_answer(operation, shown.status, "application/json", shown.body)
        assert_kept({f"{sent.method} {operation.template}: {fault}" for fault in faults if LATER not in fault})


@dataclass(frozen=True, slots=True)
class Browser:
    """Asks a remote as the shell does for somebody who is signed in."""

    client: ServiceClient
    note: str

    async def get(self, address: str, headers: Mapping[str, str] | None = None) -> HttpAnswer:
        return await self.client.get(quote(address, safe="/?&=%"), headers=self._headers(headers))

    async def post(
        self,
        address: str,
        form: Mapping[str, str] | Sequence[tuple[str, str]],
        headers: Mapping[str, str] | None = None,
    ) -> HttpAnswer:
        content = urlencode(form).encode()
        sent = {"content-type": "application/x-www-form-urlencoded", "content-length": str(len(content))}
        return await self.client.request("POST", address, content=content, headers=self._headers(headers) | sent)

    def _headers(self, more: Mapping[str, str] | None) -> dict[str, str]:
        return {identities.IDENTITY_HEADER: self.note, **(more or {})}


def text(answer: HttpAnswer) -> str:
    return answer.body.decode()


def browser(app: Starlette, name: str, *roles: str, locale: str = "ja") -> tuple[Browser, ScriptedGateway]:
    """A client that the shell has signed in with these roles, and the gateway behind the remote."""
    gateway = ScriptedGateway()
    app.state.gateway = gateway
    who = Identity(
        user_id="me",
        name="加藤 浩二",
        email="me@ringi.example",
        roles=frozenset(roles),
        locale=locale,
        theme="light",
        access_token="token",
        csrf="csrf-token",
        request_id="request-1",
    )
    note = identities.sign(who, audience=name, keys=identities.signing_keys(FRONTEND_KEYS["identity_keys"]))
    return Browser(ServiceClient(app), note), gateway


def fragment(target: str) -> dict[str, str]:
    """Headers of htmx asking for what goes into the element."""
    return {"HX-Request": "true", "HX-Target": f"div#{target}"}
