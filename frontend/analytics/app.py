"""The analytics remote: `python -m deploy.serving frontend.analytics.app:create_app`."""

from __future__ import annotations

from pathlib import Path

from starlette.applications import Starlette
from starlette.routing import Route

from frontend.analytics import board, notification_settings, overview, words
from frontend.analytics.manifest import PREFIX, SETTINGS, manifest
from frontend.ui.remote import Remote, build_remote
from frontend.ui.settings import FrontendSettings

_GET, _POST = ["GET"], ["POST"]


def create_app(settings: FrontendSettings | None = None) -> Starlette:
    """Fixed paths come before `{name}`."""
    routes = [
        Route(PREFIX, overview.show, methods=_GET),
        Route(f"{PREFIX}/-/{{name}}.csv", board.export, methods=_GET),
        Route(f"{PREFIX}/{{name}}", board.show, methods=_GET),
        Route(SETTINGS, notification_settings.show, methods=_GET),
        Route(SETTINGS, notification_settings.save, methods=_POST),
    ]
    app = build_remote(Remote(manifest=manifest(), routes=routes, folder=Path(__file__).parent), settings)
    app.state.templates.globals["words"] = words
    return app
