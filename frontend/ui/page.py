"""One request to a remote as its handlers see it: who asks, their gateway, the form, and how to answer."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from frontend.ui.gateway import UserGateway
from frontend.ui.identity import Identity
from frontend.ui.security import own_path

SEE_OTHER = 303
KEY_FIELD = "idempotency_key"
FORM_PARAMETER = "form"
_FORM_KEY = re.compile(r"[0-9a-f-]{36}")


@dataclass(frozen=True, slots=True)
class Page:
    """`Page.of(request)` in a handler, then `gateway`, `form`, and `render` or `redirect`."""

    request: Request
    identity: Identity
    gateway: UserGateway

    @classmethod
    def of(cls, request: Request) -> Page:
        who: Identity = request.state.identity
        gateway = UserGateway(request.app.state.gateway, who.access_token, who.locale, who.request_id, who.address)
        return cls(request, who, gateway)

    @property
    def is_fragment(self) -> bool:
        return is_fragment(self.request)

    @property
    def target(self) -> str:
        """Id of the element that the answer goes into, empty for a full page."""
        return target_of(self.request)

    def query(self, name: str, default: str = "") -> str:
        return self.request.query_params.get(name, default)

    def here(self, **changes: str | None) -> str:
        """This address with some parameters changed; None or empty removes one."""
        params = {**dict(self.request.query_params), **{name: value or "" for name, value in changes.items()}}
        query = urlencode({name: value for name, value in params.items() if value})
        return f"{self._path}?{query}" if query else self._path

    @property
    def _path(self) -> str:
        return self.request.url.path.removeprefix(self.request.scope.get("root_path", "")) or "/"

    @property
    def form_key(self) -> str:
        """The idempotency key of an empty form. It stands in the address, so that the form that somebody goes back to
        is the same one: registered again, it is answered with what was registered, and makes no twin.
        """
        key = self.query(FORM_PARAMETER)
        return key if _FORM_KEY.fullmatch(key) else ""

    def with_form_key(self) -> Response:
        """To the same address with a key of its own."""
        return self.redirect(self.here(**{FORM_PARAMETER: str(uuid.uuid4())}))

    async def form(self) -> FormData:
        return await self.request.form()

    def render(
        self,
        template: str,
        /,
        *,
        status: int = 200,
        push: str | None = None,
        replace: str | None = None,
        events: str | None = None,
        **values: Any,
    ) -> HTMLResponse:
        """A template with the identity at hand.

        `push` makes a new place in the browser's history; `replace` changes the address of the present one, for what
        follows somebody's typing: one press of Back leaves the list. `events` fires in the browser.
        """
        headers = {"Vary": "HX-Request"}
        if push is not None:
            headers["HX-Push-Url"] = own_path(push)
        if replace is not None:
            headers["HX-Replace-Url"] = own_path(replace)
        if events is not None:
            headers["HX-Trigger"] = events
        context: Mapping[str, Any] = {
            "me": self.identity,
            "csrf": self.identity.csrf,
            "request_id": self.identity.request_id,
            "page": self,
            **values,
        }
        html = self.request.app.state.templates.get_template(template).render(context)
        return HTMLResponse(html, status_code=status, headers=headers)

    def redirect(self, path: str) -> Response:
        """After a write: go to another page of this origin, with and without JavaScript."""
        target = quote(own_path(path), safe="/?&=%#:+,")
        if self.is_fragment:
            return Response(headers={"HX-Redirect": target})
        return Response(status_code=SEE_OTHER, headers={"Location": target})


def is_fragment(request: Request) -> bool:
    """Whether htmx asked for a part of the page (and not to restore one from history)."""
    headers = request.headers
    return headers.get("HX-Request") == "true" and headers.get("HX-History-Restore-Request") != "true"


def target_of(request: Request) -> str:
    """Id of the element that htmx puts the answer into, empty for a full page."""
    return request.headers.get("HX-Target", "").partition("#")[2] if is_fragment(request) else ""


def is_part(request: Request) -> bool:
    """Whether the answer goes into a page that stays, so that a title of its own would be a second one."""
    return is_fragment(request) and target_of(request) != "page"


def page_around(request: Request, here: str) -> str:
    """Where everything can be loaded again: `here`, or the page around a part that has an address of its own."""
    around = urlsplit(request.headers.get("HX-Current-URL", ""))
    if not is_part(request) or around.path in {"", urlsplit(here).path}:
        return here
    return own_path(around.path + (f"?{around.query}" if around.query else ""))
