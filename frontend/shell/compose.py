"""Pages made of the remotes' fragments.

A fast remote answers before anything was sent: its status, title and redirects reach the browser as they are. After
`HEAD_START_SECONDS` the head and navigation go out first and the page follows in the same response; one that is over
its budget becomes a skeleton that loads itself. A remote that is down leaves its error card, the rest works.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import suppress
from html import unescape
from urllib.parse import quote, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse

from frontend.shell.csrf import SAFE_METHODS
from frontend.shell.layout import Pages, address_of
from frontend.shell.registry import Registry, RemoteState
from frontend.shell.upstream import Fragment, RemoteDown, Streamed, Upstream
from frontend.shell.viewer import SEE_OTHER, UNAUTHORIZED, Viewer, to_sign_in
from frontend.ui.assets import ASSET_MARK
from frontend.ui.files import FILES_MARK
from frontend.ui.gateway import NOT_FOUND, GatewayProblem
from frontend.ui.i18n import gettext
from frontend.ui.manifest import Exposed, PageRoute
from frontend.ui.page import is_fragment, is_part, page_around
from frontend.ui.security import own_path

HEAD_START_SECONDS = 0.12
OK, BAD_GATEWAY = 200, 502
_PART_MARK = "/-/"  # below it a remote keeps parts and assets, which are no pages
_SLOT = re.compile(r'<ringi-slot name="([^"]*)" query="([^"]*)"( lazy)?></ringi-slot>')
_TITLE = re.compile(r"\s*<title>(.*?)</title>", re.DOTALL)


class Composer:
    """Answers every path that belongs to a remote."""

    def __init__(self, registry: Registry, upstream: Upstream, pages: Pages) -> None:
        self._registry = registry
        self._upstream = upstream
        self._pages = pages

    async def answer(self, request: Request) -> Response:
        found = self._registry.owner(request.url.path)
        viewer: Viewer = request.state.viewer
        if found is None:
            return self._pages.problem(request, GatewayProblem(NOT_FOUND, {}))
        remote, route = found
        if FILES_MARK in request.url.path and request.method in SAFE_METHODS:
            return await self._file_of_remote(request, viewer, remote)
        request.app.state.counts.refresh_soon(viewer)
        asking = asyncio.create_task(self._ask(remote, request, viewer))
        if ASSET_MARK in request.url.path:
            return _file(request, remote, await asking)
        if request.method not in {"GET", "HEAD"} or is_fragment(request) or _PART_MARK in request.url.path:
            return await self._pass_on(request, viewer, await asking)
        await asyncio.wait({asking}, timeout=HEAD_START_SECONDS)
        if asking.done():
            return await self._whole(request, viewer, remote, route, asking.result())
        title = route.title.text(viewer.preferences.locale)
        return StreamingResponse(
            self._streamed(request, viewer, remote, route, title, asking), media_type="text/html", headers=_VARY
        )

    async def _file_of_remote(self, request: Request, viewer: Viewer, remote: RemoteState) -> Response:
        """Piece by piece; a page in its place says why there is none."""
        try:
            answer = await self._upstream.open_file(remote, _target(request), viewer.identity, headers=request.headers)
        except RemoteDown as down:
            return await self._pass_on(request, viewer, down)
        if isinstance(answer, Streamed):
            return StreamingResponse(answer.chunks, headers=dict(answer.headers))
        return await self._pass_on(request, viewer, answer)

    async def _ask(self, remote: RemoteState, request: Request, viewer: Viewer) -> Fragment | RemoteDown:
        body: bytes | AsyncIterator[bytes] | None = getattr(request.state, "upload", None)
        if body is None and request.method not in {"GET", "HEAD"}:
            body = await request.body()
        try:
            return await self._upstream.call(
                remote, request.method, _target(request), viewer.identity, headers=request.headers, body=body
            )
        except RemoteDown as down:
            return down

    async def _pass_on(self, request: Request, viewer: Viewer, answer: Fragment | RemoteDown) -> Response:
        """Answers to htmx, and to forms sent without it."""
        if isinstance(answer, RemoteDown) or answer.is_broken:
            card = self._card(request, viewer)
            if is_fragment(request):
                headers = {"HX-Reswap": "innerHTML"} if request.method == "GET" else {"HX-Retarget": "#page"}
                return HTMLResponse(card, status_code=BAD_GATEWAY, headers=headers)
            return self._framed(request, viewer, gettext("Temporarily unavailable"), card, BAD_GATEWAY)
        if answer.status == UNAUTHORIZED:
            return to_sign_in(request)
        if is_fragment(request) or not answer.is_html or answer.status in _REDIRECTS:
            return await self._as_is(request, viewer, answer)
        title, body = _split_title(answer.html)
        return self._framed(
            request, viewer, title, await self._filled(viewer, address_of(request), body), answer.status
        )

    async def _whole(
        self, request: Request, viewer: Viewer, remote: RemoteState, route: PageRoute, answer: Fragment | RemoteDown
    ) -> Response:
        """A page whose answer is there already, in one piece."""
        title = route.title.text(viewer.preferences.locale)
        if isinstance(answer, RemoteDown) or answer.is_broken:
            return self._framed(request, viewer, title, self._card(request, viewer), BAD_GATEWAY)
        if answer.status == UNAUTHORIZED:
            return to_sign_in(request)
        if not answer.is_html or answer.status in _REDIRECTS:
            return await self._as_is(request, viewer, answer)
        own_title, body = _split_title(answer.html)
        assets = remote.manifest.assets
        if _SLOT.search(body) is None:
            return self._framed(request, viewer, own_title or title, body, answer.status, assets)
        head, tail = self._pages.frame(viewer, request.url.path, own_title or title, assets)
        stream = _chained(head, self._with_slots(viewer, address_of(request), body), tail)
        return StreamingResponse(stream, status_code=answer.status, media_type="text/html", headers=_VARY)

    async def _streamed(
        self,
        request: Request,
        viewer: Viewer,
        remote: RemoteState,
        route: PageRoute,
        title: str,
        asking: asyncio.Task[Fragment | RemoteDown],
    ) -> AsyncIterator[str]:
        head, tail = self._pages.frame(viewer, request.url.path, title, remote.manifest.assets)
        yield head
        await asyncio.wait({asking}, timeout=_time_left(route))
        if not asking.done():
            asking.cancel()
            with suppress(asyncio.CancelledError):
                await asking
            yield self._pages.fragment(
                viewer, "shell/skeleton.html", url=address_of(request), kind=route.skeleton, title=title, height=0
            )
        else:
            answer = asking.result()
            if isinstance(answer, RemoteDown) or answer.is_broken:
                yield self._card(request, viewer)
            elif answer.is_html:
                async for piece in self._with_slots(viewer, address_of(request), _split_title(answer.html)[1]):
                    yield piece
            else:
                target = own_path(answer.headers.get("location"), "/")
                yield self._pages.fragment(viewer, "shell/moved.html", url=target)
        yield tail

    async def _with_slots(self, viewer: Viewer, page: str, html: str) -> AsyncIterator[str]:
        """The page with its slots filled in document order; all are asked for at once."""
        slots = [
            asyncio.create_task(
                self._slot(viewer, page, unescape(match[1]), unescape(match[2]), is_lazy=match[3] is not None)
            )
            for match in _SLOT.finditer(html)
        ]
        position = 0
        for match, filled in zip(_SLOT.finditer(html), slots, strict=True):
            yield html[position : match.start()]
            yield await filled
            position = match.end()
        yield html[position:]

    async def _filled(self, viewer: Viewer, page: str, html: str) -> str:
        return "".join([piece async for piece in self._with_slots(viewer, page, html)])

    async def _slot(self, viewer: Viewer, page: str, name: str, query: str, *, is_lazy: bool) -> str:
        """A fragment of another remote, its skeleton when it is late or lazy, its card when it is down.

        One that is lazy is asked for by the browser, once it comes into view: nobody waits for it.
        """
        found = self._registry.exposed(name)
        if found is None:
            return self._slot_card(viewer, page)
        remote, exposed = found
        url = f"{exposed.path}?{query}" if query else exposed.path
        if is_lazy:
            return self._skeleton(viewer, url, exposed, "intersect once")
        headers = {"hx-request": "true", "hx-current-url": page}
        try:
            async with asyncio.timeout(exposed.budget_ms / 1000):
                answer = await self._upstream.call(remote, "GET", url, viewer.identity, headers=headers)
        except TimeoutError:
            return self._skeleton(viewer, url, exposed, "load")
        except RemoteDown:
            return self._slot_card(viewer, page)
        return self._slot_card(viewer, page) if answer.is_broken else answer.html

    def _skeleton(self, viewer: Viewer, url: str, exposed: Exposed, trigger: str) -> str:
        """It loads itself when htmx triggers it."""
        height = exposed.min_height_px
        return self._pages.fragment(
            viewer, "shell/skeleton.html", url=url, kind="slot", title="", height=height, trigger=trigger
        )

    async def _as_is(self, request: Request, viewer: Viewer, answer: Fragment) -> Response:
        headers = dict(answer.headers)
        if "location" in headers:
            return RedirectResponse(own_path(headers["location"]), status_code=answer.status or SEE_OTHER)
        if answer.is_html:
            html = await self._filled(viewer, page_around(request, address_of(request)), answer.html)
            return HTMLResponse(html, status_code=answer.status, headers=headers)
        return Response(answer.body, status_code=answer.status, headers=headers)

    def _framed(
        self, request: Request, viewer: Viewer, title: str, body: str, status: int, assets: tuple[str, ...] = ()
    ) -> Response:
        head, tail = self._pages.frame(viewer, request.url.path, title, assets)
        return HTMLResponse(head + body + tail, status_code=status, headers=_VARY)

    def _card(self, request: Request, viewer: Viewer) -> str:
        """In place of what was asked for; after a write it says that the write may have arrived all the same."""
        here = address_of(request)
        if request.method in SAFE_METHODS:
            retry, message, part = page_around(request, here), "", is_part(request)
        else:
            around = request.headers.get("referer", "")
            retry, part = own_path(urlsplit(around).path, "/"), False
            message = gettext("It is not certain that it was received. Look first, before you send it again.")
        return self._pages.fragment(viewer, "shell/remote_down.html", retry=retry, message=message, is_part=part)

    def _slot_card(self, viewer: Viewer, page: str) -> str:
        return self._pages.fragment(viewer, "shell/remote_down.html", retry=page, message="", is_part=True)


_VARY = {"Vary": "HX-Request"}
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


def _target(request: Request) -> str:
    """Path and query as they came, still encoded: what `Edge` has checked is what the remote is asked for."""
    path = request.scope.get("raw_path") or quote(request.scope["path"]).encode()
    query = request.scope["query_string"]
    return (path + b"?" + query if query else path).decode("latin-1")


def _time_left(route: PageRoute) -> float:
    """Seconds of the page's budget that remain after the head start."""
    return max(route.budget_ms / 1000 - HEAD_START_SECONDS, 0)


def _file(request: Request, remote: RemoteState, answer: Fragment | RemoteDown) -> Response:
    """A file of the remote. What is none gets no page and no place in a cache: it may be another version's.

    While an old remote gives way to a new one, pages of both versions ask whichever answers, or nobody does. Only a
    file that the manifest names is known to exist.
    """
    if isinstance(answer, Fragment) and answer.status == OK:
        return Response(answer.body, headers=dict(answer.headers))
    is_down = isinstance(answer, RemoteDown) or answer.is_broken
    is_known = request.url.path in remote.manifest.assets
    return Response(status_code=BAD_GATEWAY if is_down and is_known else NOT_FOUND)


def _split_title(html: str) -> tuple[str, str]:
    """The title that a page begins with, and the rest."""
    match = _TITLE.match(html)
    return (unescape(match[1]).strip(), html[match.end() :]) if match else ("", html)


async def _chained(head: str, body: AsyncIterator[str], tail: str) -> AsyncIterator[str]:
    yield head
    async for piece in body:
        yield piece
    yield tail
