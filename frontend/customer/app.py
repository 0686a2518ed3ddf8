"""The customer remote: `python -m deploy.serving frontend.customer.app:create_app`."""

from __future__ import annotations

from pathlib import Path

from starlette.applications import Starlette
from starlette.routing import Route

from frontend.customer import card, detail, editing, lifecycle, listing, words
from frontend.customer.manifest import PREFIX, manifest
from frontend.ui.remote import Remote, build_remote
from frontend.ui.settings import FrontendSettings

_GET, _POST = ["GET"], ["POST"]


def create_app(settings: FrontendSettings | None = None) -> Starlette:
    """Fixed paths come before `{id}`."""
    routes = [
        Route(PREFIX, listing.show, methods=_GET),
        Route(f"{PREFIX}/-/card", card.show, methods=_GET),
        Route(f"{PREFIX}/new", editing.new, methods=_GET),
        Route(f"{PREFIX}/new", editing.create, methods=_POST),
        Route(f"{PREFIX}/{{id}}", detail.show, methods=_GET),
        Route(f"{PREFIX}/{{id}}/edit", editing.edit, methods=_GET),
        Route(f"{PREFIX}/{{id}}/edit", editing.update, methods=_POST),
        Route(f"{PREFIX}/{{id}}/assign", detail.assign, methods=_POST),
        Route(f"{PREFIX}/{{id}}/delete", lifecycle.confirm, methods=_GET),
        Route(f"{PREFIX}/{{id}}/delete", lifecycle.delete, methods=_POST),
        Route(f"{PREFIX}/{{id}}/restore", lifecycle.restore, methods=_POST),
    ]
    app = build_remote(Remote(manifest=manifest(), routes=routes, folder=Path(__file__).parent), settings)
    app.state.templates.globals["words"] = words
    return app
