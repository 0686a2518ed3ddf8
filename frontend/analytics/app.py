"""The analytics remote: `python -m deploy.serving frontend.analytics.app:create_app`."""

from __future__ import annotations

from pathlib import Path

from starlette.applications import Starlette
from starlette.routing import Route

from frontend.analytics import board, overview, words
from frontend.analytics.manifest import PREFIX, manifest
from frontend.ui.remote import Remote, build_remote
from frontend.ui.settings import FrontendSettings

_GET = ["GET"]


def create_app(settings: FrontendSettings | None = None) -> Starlette:
    """Fixed paths come before `{name}`."""
    routes = [
        Route(PREFIX, overview.show, methods=_GET),
        Route(f"{PREFIX}/-/{{name}}.csv", board.export, methods=_GET),
        Route(f"{PREFIX}/{{name}}", board.show, methods=_GET),
    ]
    app = build_remote(Remote(manifest=manifest(), routes=routes, folder=Path(__file__).parent), settings)
    app.state.templates.globals["words"] = words
    return app
