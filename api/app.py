"""The gateway: one entrance to all services, as a plain ASGI app (nested frameworks cost several times as much)."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from api import docs, headers, paths
from api.answers import Outgoing, send_bytes, send_json
from api.body import ClientGone, UploadBody, needs_reading, read_body
from api.calls import Call, Upstream
from api.cors import Cors
from api.health import Readiness
from api.limits import Policy, Verdict, address_key, buckets_for
from api.mounted import MountedUpstream
from api.network import AnswerCutOff, NetworkUpstream
from api.openapi import MergedDocument
from api.sagas import Sagas
from api.search import Search
from api.settings import GatewaySettings
from api.trust import GATEWAY, Trust
from services.kit.errors import MethodNotAllowed, NotFound, PayloadTooLarge, ProblemError, Text, TooManyRequests
from services.kit.http.middleware import RequestMiddleware
from services.kit.http.problems import problem_response
from services.kit.running import correlation, tracing
from services.kit.running.logging import get_logger

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
MAX_WAIT_SECONDS: Final = 30.0
"""What `Prefer: wait` may add to a call's deadline; services cap the wait likewise."""
STREAM_RETRY_SECONDS: Final = 15
_log = get_logger("gateway")

Local = Callable[[Send], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Route:
    """Label for metrics: a path with ids would make a series of its own for each."""

    path: str


def create_app(settings: GatewaySettings | None = None, upstreams: Mapping[str, ASGIApp] | None = None) -> ASGIApp:
    """`upstreams`: apps of services that run in this process; the others are reached at their URL in the settings."""
    settings = settings or GatewaySettings()
    mounted = upstreams or {}
    ways: dict[str, Upstream] = {
        name: MountedUpstream(name, mounted[name])
        if name in mounted
        else NetworkUpstream(name, settings.service_url_for(name))
        for name in paths.SERVICES
    }
    return RequestMiddleware(
        Gateway(settings, ways),
        service=GATEWAY,
        trusted_proxies=settings.trusted_proxies,
        body_cap=lambda scope: paths.body_cap(scope["method"], scope["path"], settings.upload_cap_bytes),
    )


class Gateway:
    def __init__(self, settings: GatewaySettings, upstreams: Mapping[str, Upstream]) -> None:
        self._settings = settings
        self._upstreams = upstreams
        self._trust = Trust(settings, upstreams["auth"])
        self._cors = Cors(settings.allowed_origins())
        self._buckets = buckets_for(settings.redis_address)
        self._per_user = Policy("user", settings.rate_limit_user)
        self._per_address = Policy("address", settings.rate_limit_address)
        self._per_login = Policy("login", settings.rate_limit_login)
        self._per_decoder = Policy("decode", settings.rate_limit_decode)
        self._sagas = Sagas(upstreams)
        self._search = Search(upstreams)
        self._document = MergedDocument(upstreams)
        self._readiness = Readiness(upstreams)
        self._listening: Counter[tuple[str, str]] = Counter()
        """Open streams by user."""
        self._locals: dict[str, Local] = {
            "/api/healthz": self._healthz,
            "/api/readyz": self._readyz,
            "/api/openapi.json": self._openapi,
            "/api/docs": self._docs,
            "/metrics": self._metrics,
        }
        self._unlimited = frozenset({self._healthz, self._metrics})
        """What the operator's own programs ask for, who must not be held up with a crowd from their address."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        async with AsyncExitStack() as stack:
            tracing.configure(self._settings, GATEWAY)
            for upstream in self._upstreams.values():
                await upstream.open()
                stack.push_async_callback(upstream.close)
            stack.push_async_callback(self._buckets.close)
            await self._trust.revocations.start()
            stack.push_async_callback(self._trust.revocations.stop)
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        outgoing = Outgoing(send, self._cors.headers(scope["headers"]))
        try:
            await self._handle(scope, receive, outgoing)
        except ProblemError as error:
            await self._refuse(error, scope, receive, outgoing)
        except HTTPException:
            # The middleware around counts a body of undeclared length, and stops it like this.
            await self._refuse(PayloadTooLarge(), scope, receive, outgoing)
        except ClientGone:
            _log.info("client gone before its request was complete")
        except AnswerCutOff as error:
            _log.warning("answer cut off", upstream=str(error))
            raise

    async def _refuse(self, error: ProblemError, scope: Scope, receive: Receive, outgoing: Outgoing) -> None:
        if outgoing.started:
            raise error
        if error.status >= 500:
            _log.warning("problem", code=error.code, detail=str(error), **error.extra)
        await problem_response(error)(scope, receive, outgoing.send)

    async def _handle(self, scope: Scope, receive: Receive, outgoing: Outgoing) -> None:
        method, given = scope["method"], scope["headers"]
        raw_path = scope.get("raw_path") or quote(scope["path"]).encode()
        paths.check_raw(raw_path)
        headers.check(given)
        if method not in METHODS:
            raise MethodNotAllowed(headers={"Allow": ", ".join(sorted(METHODS))})
        if self._cors.is_preflight(method, given):
            await self._cors.answer_preflight(given, outgoing.send)
            return
        local = self._locals.get(scope["path"])
        if local is not None:
            scope["route"] = Route(scope["path"])
            if method not in ("GET", "HEAD"):
                raise MethodNotAllowed(headers={"Allow": "GET, HEAD"})
            if local not in self._unlimited:
                await self._admit_address(self._per_address, outgoing)
            await local(outgoing.send)
            return
        location = paths.locate(raw_path.decode("ascii"))
        await self._admit(method, location, given, outgoing)
        passed_on = method == "POST" and paths.PASSED_ON.fullmatch(location.path) is not None
        upload = UploadBody(receive, headers.find(given, b"content-length")) if passed_on else None
        call = Call(
            method,
            location.path,
            query=scope["query_string"],
            headers=headers.to_upstream(given, _own_headers()),
            body=await read_body(receive) if upload is None and needs_reading(given) else b"",
            upload=upload,
            client=scope.get("client"),
            streams=(method, location.path) in paths.STREAMS,
        )
        with self._room_for_stream(location.path) if call.streams else nullcontext():
            await self._pass_on(scope, location, call, receive, outgoing.send)

    @contextmanager
    def _room_for_stream(self, path: str) -> Iterator[None]:
        """Raises TooManyRequests when the caller listens often enough there."""
        present = correlation.current()
        listening = ((present.actor_id if present is not None else None) or "", path)
        if self._listening[listening] >= self._settings.streams_per_user:
            message = Text("同時に開けるストリームの上限です", "Too many streams are open")
            raise TooManyRequests(STREAM_RETRY_SECONDS, message)
        self._listening[listening] += 1
        try:
            yield
        finally:
            self._listening[listening] -= 1
            if not self._listening[listening]:
                del self._listening[listening]

    async def _admit(
        self, method: str, location: paths.Location, given: list[tuple[bytes, bytes]], outgoing: Outgoing
    ) -> None:
        """Rate limits and the token check; raises 401, 429 or 503."""
        policy = self._per_login if (method, location.path) in paths.LOGIN else self._per_address
        verdict = await self._take_for_address(policy)
        if (method, location.path) not in paths.PUBLIC and verdict.allowed:
            principal = await self._trust.caller(given)
            correlation.amend(actor_id=str(principal.user_id))
            of_user = self._per_decoder if (method, location.path) == paths.DECODE else self._per_user
            verdict = await self._buckets.take(of_user, str(principal.user_id))
        outgoing.added += verdict.headers
        verdict.enforce()

    async def _admit_address(self, policy: Policy, outgoing: Outgoing) -> None:
        verdict = await self._take_for_address(policy)
        outgoing.added += verdict.headers
        verdict.enforce()

    async def _take_for_address(self, policy: Policy) -> Verdict:
        present = correlation.current()
        return await self._buckets.take(policy, address_key(present.ip if present is not None else None))

    async def _pass_on(self, scope: Scope, location: paths.Location, call: Call, receive: Receive, send: Send) -> None:
        first = location.segments[0]
        deadline = self._settings.upstream_timeout_seconds + _wished_wait(call)
        if first == paths.SAGAS:
            scope["route"] = Route(f"{paths.VERSION_PREFIX}/{paths.SAGAS}/*")
            await self._sagas.serve(location, call, receive, send, deadline)
        elif first == paths.SEARCH:
            scope["route"] = Route(f"{paths.VERSION_PREFIX}/{paths.SEARCH}")
            await self._answer_search(location, call, send)
        else:
            service = paths.service_of(location)
            # How long somebody listens is no measure of how fast we answer: streams have a label of their own.
            scope["route"] = Route(f"{paths.VERSION_PREFIX}{location.path if call.streams else f'/{first}/*'}")
            await self._upstreams[service].forward(call, receive, send, deadline)

    async def _answer_search(self, location: paths.Location, call: Call, send: Send) -> None:
        if len(location.segments) > 1:
            raise NotFound
        if call.method != "GET":
            raise MethodNotAllowed(headers={"Allow": "GET"})
        await send_json(await self._search.find(call.query, call.headers), send)

    # What the gateway answers by itself ------------------------------------------------------------

    async def _healthz(self, send: Send) -> None:
        await send_json({"status": "ok"}, send)

    async def _readyz(self, send: Send) -> None:
        ready, report = await self._readiness.get()
        await send_json(report, send, status=200 if ready else 503)

    async def _openapi(self, send: Send) -> None:
        document = await self._document.get()
        await send_bytes(document.json, send, status=200, head=[(b"content-type", b"application/json")])

    async def _docs(self, send: Send) -> None:
        document = await self._document.get()
        await send_bytes(document.page, send, status=200, head=docs.HEADERS)

    async def _metrics(self, send: Send) -> None:
        head = [(b"content-type", CONTENT_TYPE_LATEST.encode())]
        await send_bytes(generate_latest(), send, status=200, head=head)


def _own_headers() -> list[tuple[bytes, bytes]]:
    """What services learn from the gateway about a request."""
    present = correlation.current()
    assert present is not None, "the request middleware stands around the gateway"
    own = [(b"traceparent", present.traceparent.encode())]
    if present.request_id is not None:
        own.append((b"x-request-id", present.request_id.encode()))
    if present.ip is not None:
        own.append((b"x-forwarded-for", present.ip.encode()))
    return own


def _wished_wait(call: Call) -> float:
    """Seconds of `Prefer: wait=N` (RFC 7240)."""
    prefer = headers.find(call.headers, b"prefer")
    if prefer is None:
        return 0.0
    _, found, value = prefer.partition(b"wait=")
    digits = value.split(b",")[0].split(b";")[0].strip(b'" ')
    if not found or not digits.isdigit() or len(digits) > 4:
        return 0.0
    return min(float(digits), MAX_WAIT_SECONDS)
