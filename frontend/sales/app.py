"""The sales remote: `python -m deploy.serving frontend.sales.app:create_app`."""

from __future__ import annotations

from pathlib import Path

from starlette.applications import Starlette
from starlette.routing import Route

from frontend.sales import (
    card,
    meeting_form,
    meeting_list,
    meeting_page,
    task_form,
    task_list,
    task_page,
    words,
)
from frontend.sales.manifest import MEETINGS, TASKS, manifest
from frontend.ui import customer_field
from frontend.ui.remote import Remote, build_remote
from frontend.ui.settings import FrontendSettings

_GET, _POST = ["GET"], ["POST"]


def create_app(settings: FrontendSettings | None = None) -> Starlette:
    """Fixed paths come before `{id}`."""
    routes = [
        Route(MEETINGS, meeting_list.show, methods=_GET),
        Route(f"{MEETINGS}/-/customers", customer_field.choices, methods=_GET),
        Route(f"{MEETINGS}/-/card", card.show, methods=_GET),
        Route(f"{MEETINGS}/-/of-customer", meeting_page.of_customer, methods=_GET),
        Route(f"{MEETINGS}/new", meeting_form.new, methods=_GET),
        Route(f"{MEETINGS}/new", meeting_form.create, methods=_POST),
        Route(f"{MEETINGS}/{{id}}", meeting_page.show, methods=_GET),
        Route(f"{MEETINGS}/{{id}}", meeting_page.act, methods=_POST),
        Route(f"{MEETINGS}/{{id}}/edit", meeting_form.edit, methods=_GET),
        Route(f"{MEETINGS}/{{id}}/edit", meeting_form.update, methods=_POST),
        Route(TASKS, task_list.show, methods=_GET),
        Route(f"{TASKS}/-/count", task_list.count, methods=_GET),
        Route(f"{TASKS}/-/of-customer", task_page.of_customer, methods=_GET),
        Route(f"{TASKS}/new", task_form.new, methods=_GET),
        Route(f"{TASKS}/new", task_form.create, methods=_POST),
        Route(f"{TASKS}/{{id}}", task_page.show, methods=_GET),
        Route(f"{TASKS}/{{id}}/edit", task_form.edit, methods=_GET),
        Route(f"{TASKS}/{{id}}/edit", task_form.update, methods=_POST),
        Route(f"{TASKS}/{{id}}/status", task_page.change_state, methods=_POST),
        Route(f"{TASKS}/{{id}}/delete", task_page.delete, methods=_POST),
    ]
    app = build_remote(Remote(manifest=manifest(), routes=routes, folder=Path(__file__).parent), settings)
    app.state.templates.globals["words"] = words
    return app
