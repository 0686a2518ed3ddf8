"""As much of S3 as a journal and attachments need: objects that are put once, read, listed, deleted, over real HTTP.

By default an object is refused without its SHA-256, as by a bucket with object lock; `make test-s3` asks a real server.
"""

from __future__ import annotations

import base64
import hashlib
import re
from datetime import UTC, datetime, timedelta
from functools import partial
from xml.sax.saxutils import escape

from aiohttp import web
from aiohttp.test_utils import TestServer

from services.kit.files.bucket import BucketStorage, s3_store
from services.kit.files.journal import BucketJournal

BUCKET = "evidence"
PREFIX = "audit-heads/"


class FakeS3:
    """``objects`` by key below the prefix. ``away``: every request is answered with 503. ``locking``: the bucket has
    object lock."""

    def __init__(self, *, locking: bool = True) -> None:
        self.locking = locking
        self.objects: dict[str, bytes] = {}
        self._parts: dict[str, dict[int, bytes]] = {}
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

    def storage(self, bucket: str = BUCKET) -> BucketStorage:
        return BucketStorage(
            bucket,
            prefix=PREFIX.rstrip("/"),
            endpoint=f"http://{self._server.host}:{self._server.port}",
            region="us-east-1",
            access_key_id="test-access",
            secret_access_key="test-only-secret",  # pragma: allowlist secret
        )

    async def _handle(self, request: web.Request) -> web.Response:
        if self.away:
            return web.Response(status=503)
        signed = request.headers.get("Authorization", "")
        # As S3 does: a header of its own that is not signed is refused.
        if any(name.lower() not in signed for name in request.headers if name.lower().startswith("x-amz-")):
            return web.Response(status=403)
        if request.path.split("/")[1] != BUCKET:
            return web.Response(status=404, text="<Error><Code>NoSuchBucket</Code></Error>")
        key = request.path.removeprefix(f"/{BUCKET}").lstrip("/").removeprefix(PREFIX)
        if request.method == "GET" and request.query.get("list-type") == "2":
            return self._listed(request)
        if "uploads" in request.query or "uploadId" in request.query:
            return await self._in_parts(key, request)
        if request.method == "PUT":
            return self._put(key, await request.read(), request)
        if request.method == "POST" and "delete" in request.query:
            keys = re.findall("<Key>(.*?)</Key>", await request.text())
            for named in keys:
                self.objects.pop(named.removeprefix(PREFIX), None)
            gone = "".join(f"<Deleted><Key>{named}</Key></Deleted>" for named in keys)
            return _xml(f"<DeleteResult>{gone}</DeleteResult>")
        content = self.objects.get(key)
        if content is None:
            return web.Response(status=404)
        return web.Response(
            body=content, headers={"ETag": _tag(content), "Last-Modified": _now("%a, %d %b %Y %H:%M:%S GMT")}
        )

    def _put(self, key: str, content: bytes, request: web.Request) -> web.Response:
        if self.locking and (refused := self._refused(key, content, request)) is not None:
            return refused
        self.puts += 1
        self.objects[key] = content
        self.locks[key] = (
            request.headers.get("x-amz-object-lock-mode"),
            request.headers.get("x-amz-object-lock-retain-until-date"),
        )
        return web.Response(headers={"ETag": _tag(content)})

    async def _in_parts(self, key: str, request: web.Request) -> web.Response:
        """What is sent in parts is there when it is complete."""
        content = await request.read()
        if "uploads" in request.query:
            self._parts[key] = {}
            return _xml(f"<InitiateMultipartUploadResult><UploadId>{key}</UploadId></InitiateMultipartUploadResult>")
        if request.method == "PUT":
            self._parts[key][int(request.query["partNumber"])] = content
            return web.Response(headers={"ETag": _tag(content)})
        parts = self._parts.pop(key)
        if request.method == "DELETE":
            return web.Response(status=204)
        self.objects[key] = b"".join(parts[number] for number in sorted(parts))
        tag = escape(_tag(self.objects[key]))
        return _xml(f"<CompleteMultipartUploadResult><ETag>{tag}</ETag></CompleteMultipartUploadResult>")

    def _refused(self, key: str, content: bytes, request: web.Request) -> web.Response | None:
        told = request.headers.get("x-amz-checksum-sha256")
        if told != base64.b64encode(hashlib.sha256(content).digest()).decode():
            return web.Response(status=400, text="a checksum is needed")
        if request.headers.get("If-None-Match") != "*":
            return web.Response(status=400, text="only what is new is put")
        if key in self.objects:
            return web.Response(status=412)
        return None

    def _listed(self, request: web.Request) -> web.Response:
        after = request.query.get("start-after", "").removeprefix(PREFIX)
        found = "".join(
            f"<Contents><Key>{escape(PREFIX + key)}</Key><LastModified>{_now('%Y-%m-%dT%H:%M:%S.000Z')}</LastModified>"
            f"<ETag>{escape(_tag(content))}</ETag><Size>{len(content)}</Size></Contents>"
            for key, content in sorted(self.objects.items())
            if key > after
        )
        body = f"<ListBucketResult><IsTruncated>false</IsTruncated>{found}</ListBucketResult>"
        return _xml(body)


def _xml(body: str) -> web.Response:
    return web.Response(text=body, content_type="application/xml")


def _tag(content: bytes) -> str:
    return f'"{hashlib.sha256(content).hexdigest()[:32]}"'


def _now(form: str) -> str:
    return datetime.now(UTC).strftime(form)
