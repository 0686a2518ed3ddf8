"""One request to a service and its answer, whichever way it takes to get there."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import orjson
from starlette.types import Receive, Send

from api.body import UploadBody
from services.kit.errors import ProblemError, Text

Headers = Sequence[tuple[bytes, bytes]]
"""As ASGI has them: names in lower case."""

Document = dict[str, Any]
"""OpenAPI, as JSON."""
OPERATIONS = frozenset({"get", "put", "post", "delete", "patch", "head", "options", "trace"})
"""Members of an OpenAPI path that are operations."""
DOCUMENT_PATH = "/openapi.json"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Call:
    """What a service is asked. `path` and `query` are percent-encoded, `headers` already filtered."""

    method: str
    path: str
    query: bytes = b""
    headers: Headers = ()
    body: bytes = b""
    upload: "UploadBody | None" = None
    """In place of ``body``: a file, passed on as it comes."""
    client: tuple[str, int] | None = None
    streams: bool = False
    """The answer has no end of its own (server-sent events)."""

    @property
    def target(self) -> str:
        return f"{self.path}?{self.query.decode('latin-1')}" if self.query else self.path

    @property
    def safe(self) -> bool:
        """May be repeated without harm (RFC 9110, section 9.2.1)."""
        return self.method in SAFE_METHODS


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer of a service, for those that the gateway itself reads."""

    status: int
    headers: Headers
    body: bytes

    def json(self) -> Any:
        return orjson.loads(self.body)


class Upstream(Protocol):
    """A service as the gateway reaches it."""

    name: str

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def forward(self, call: Call, receive: Receive, send: Send, deadline: float) -> None:
        """Pass the answer on as it comes. `deadline`: seconds until it begins. Raises a ProblemError before that."""

    async def fetch(self, call: Call, deadline: float) -> Reply:
        """Read the whole answer within `deadline` seconds; raises a ProblemError if there is none."""

    async def document(self, deadline: float) -> Document:
        """The service's OpenAPI document; raises a ProblemError."""


async def fetch_document(upstream: Upstream, deadline: float) -> Document:
    """Over the service's own endpoint."""
    reply = await upstream.fetch(Call("GET", DOCUMENT_PATH), deadline)
    if reply.status != 200:
        raise UpstreamBroke(upstream.name)
    document: Document = reply.json()
    return document


class UpstreamUnreachable(ProblemError):
    """Nothing was sent: repeating is safe."""

    status, code = 503, "upstream_unreachable"
    title = Text("サービスに接続できません", "The service can't be reached")

    def __init__(self, service: str, retry_after: int = 1) -> None:
        super().__init__(headers={"Retry-After": str(retry_after)}, service=service)


class UpstreamBroke(ProblemError):
    """The connection broke after the request was sent; a write may have been done. The same key repeats it safely."""

    status, code = 502, "upstream_broke"
    title = Text("サービスとの接続が途中で切れました", "The connection to the service broke")

    def __init__(self, service: str) -> None:
        super().__init__(headers={"Retry-After": "1"}, service=service)


class UpstreamSlow(ProblemError):
    """No answer in time; a write may still be done. The same key repeats it safely."""

    status, code = 504, "upstream_timeout"
    title = Text("サービスが時間内に応答しませんでした", "The service did not answer in time")

    def __init__(self, service: str) -> None:
        super().__init__(headers={"Retry-After": "5"}, service=service)
