"""The opportunity remote: `python -m deploy.serving frontend.opportunity.app:create_app`."""

from __future__ import annotations

from pathlib import Path

from starlette.applications import Starlette
from starlette.routing import Route

from frontend.opportunity import attaching, chart, deciding, detail, inbox, request_form, words
from frontend.opportunity.manifest import PREFIX, manifest
from frontend.ui import customer_field
from frontend.ui.remote import Remote, build_remote
from frontend.ui.settings import FrontendSettings

_GET, _POST = ["GET"], ["POST"]


def create_app(settings: FrontendSettings | None = None) -> Starlette:
    """Fixed paths come before `{id}`."""
    routes = [
        Route(PREFIX, inbox.show, methods=_GET),
        Route(f"{PREFIX}/-/count", inbox.count, methods=_GET),
        Route(f"{PREFIX}/-/fresh", inbox.fresh, methods=_GET),
        Route(f"{PREFIX}/-/weekly", chart.weekly, methods=_GET),
        Route(f"{PREFIX}/-/of-customer", inbox.of_customer, methods=_GET),
        Route(f"{PREFIX}/-/customers", customer_field.choices, methods=_GET),
        Route(f"{PREFIX}/-/preview", request_form.preview, methods=_POST),
        Route(f"{PREFIX}/-/files/{{id}}", attaching.add, methods=_POST),
        Route(f"{PREFIX}/-/files/{{id}}/{{file}}", attaching.download, methods=_GET),
        Route(f"{PREFIX}/{{id}}/attachments", attaching.remove, methods=_POST),
        Route(f"{PREFIX}/decide", deciding.decide, methods=_POST),
        Route(f"{PREFIX}/new", request_form.new, methods=_GET),
        Route(f"{PREFIX}/new", request_form.create, methods=_POST),
        Route(f"{PREFIX}/{{id}}", detail.show, methods=_GET),
        Route(f"{PREFIX}/{{id}}", detail.act, methods=_POST),
        Route(f"{PREFIX}/{{id}}/panel", inbox.panel, methods=_GET),
        Route(f"{PREFIX}/{{id}}/edit", request_form.edit, methods=_GET),
        Route(f"{PREFIX}/{{id}}/edit", request_form.update, methods=_POST),
    ]
    app = build_remote(Remote(manifest=manifest(), routes=routes, folder=Path(__file__).parent), settings)
    app.state.templates.globals["words"] = words
    return app
