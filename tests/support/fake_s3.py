"""As much of S3 as a journal in a bucket needs: objects that are put once, read and listed, over real HTTP.

An object is refused without its SHA-256, as by a bucket with object lock; `make test-s3` asks a real server.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime, timedelta
from functools import partial
from xml.sax.saxutils import escape

from aiohttp import web
from aiohttp.test_utils import TestServer

from services.kit.files.bucket import s3_store
from services.kit.files.journal import BucketJournal

BUCKET = "evidence"
PREFIX = "audit-heads/"


class FakeS3:
    """``objects`` by key below the prefix. ``away``: every request is answered with 503."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.away = False
        self.puts = 0
        self.locks: dict[str, tuple[str | None, str | None]] = {}
        """Mode and end of the retention that each object was put with."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._server = TestServer(app)

    async def __aenter__(self) -> FakeS3:
        await self._server.start_server()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._server.close()

    def journal(self, retention: timedelta | None = None) -> BucketJournal:
        store_with = partial(
            s3_store,
            BUCKET,
            prefix=PREFIX.rstrip("/"),
            endpoint=f"http://{self._server.host}:{self._server.port}",
            region="us-east-1",
            access_key_id="test-access",
            secret_access_key="test-only-secret",  # pragma: allowlist secret
            checksums=True,
        )
        return BucketJournal(lambda headers: store_with(headers=headers), retention)

    async def _handle(self, request: web.Request) -> web.Response:
        if self.away:
            return web.Response(status=503)
        signed = request.headers.get("Authorization", "")
        # As S3 does: a header of its own that is not signed is refused.
        if any(name.lower() not in signed for name in request.headers if name.lower().startswith("x-amz-")):
            return web.Response(status=403)
        key = request.path.removeprefix(f"/{BUCKET}").lstrip("/").removeprefix(PREFIX)
        if request.method == "GET" and request.query.get("list-type") == "2":
            return self._listed(request)
        if request.method == "PUT":
            return self._put(key, await request.read(), request)
        content = self.objects.get(key)
        if content is None:
            return web.Response(status=404)
        return web.Response(
            body=content, headers={"ETag": _tag(content), "Last-Modified": _now("%a, %d %b %Y %H:%M:%S GMT")}
        )

    def _put(self, key: str, content: bytes, request: web.Request) -> web.Response:
        told = request.headers.get("x-amz-checksum-sha256")
        if told != base64.b64encode(hashlib.sha256(content).digest()).decode():
            return web.Response(status=400, text="a checksum is needed")
        if request.headers.get("If-None-Match") != "*":
            return web.Response(status=400, text="only what is new is put")
        if key in self.objects:
            return web.Response(status=412)
        self.puts += 1
        self.objects[key] = content
        self.locks[key] = (
            request.headers.get("x-amz-object-lock-mode"),
            request.headers.get("x-amz-object-lock-retain-until-date"),
        )
        return web.Response(headers={"ETag": _tag(content)})

    def _listed(self, request: web.Request) -> web.Response:
        after = request.query.get("start-after", "").removeprefix(PREFIX)
        found = "".join(
            f"<Contents><Key>{escape(PREFIX + key)}</Key><LastModified>{_now('%Y-%m-%dT%H:%M:%S.000Z')}</LastModified>"
            f"<ETag>{escape(_tag(content))}</ETag><Size>{len(content)}</Size></Contents>"
            for key, content in sorted(self.objects.items())
            if key > after
        )
        body = f"<ListBucketResult><IsTruncated>false</IsTruncated>{found}</ListBucketResult>"
        return web.Response(text=body, content_type="application/xml")


def _tag(content: bytes) -> str:
    return f'"{hashlib.sha256(content).hexdigest()[:32]}"'


def _now(form: str) -> str:
    return datetime.now(UTC).strftime(form)
