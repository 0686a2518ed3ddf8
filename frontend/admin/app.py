"""The admin remote: `python -m deploy.serving frontend.admin.app:create_app`."""

from __future__ import annotations

from pathlib import Path

from starlette.applications import Starlette
from starlette.routing import Route

from frontend.admin import access_review, action_words, audit_entry, audit_list, mail, verification, webhooks, words
from frontend.admin.manifest import ACCESS, AUDIT, MAIL, ORGANIZATION, PEOPLE, WEBHOOKS, manifest
from frontend.admin.organization import pages as organization
from frontend.admin.people import editing, leaving, pages
from frontend.admin.people import words as people_words
from frontend.ui.remote import Remote, build_remote
from frontend.ui.settings import FrontendSettings

_GET, _POST = ["GET"], ["POST"]


def create_app(settings: FrontendSettings | None = None) -> Starlette:
    """Fixed paths come before `{id}`."""
    routes = [
        Route(PEOPLE, pages.show, methods=_GET),
        Route(f"{PEOPLE}/new", editing.new, methods=_GET),
        Route(f"{PEOPLE}/new", editing.create, methods=_POST),
        Route(f"{PEOPLE}/{{id}}", pages.one, methods=_GET),
        Route(f"{PEOPLE}/{{id}}", pages.act, methods=_POST),
        Route(f"{PEOPLE}/{{id}}/edit", editing.edit, methods=_GET),
        Route(f"{PEOPLE}/{{id}}/edit", editing.update, methods=_POST),
        Route(f"{PEOPLE}/{{id}}/delete", leaving.confirm, methods=_GET),
        Route(f"{PEOPLE}/{{id}}/delete", leaving.delete, methods=_POST),
        Route(ORGANIZATION, organization.show, methods=_GET),
        Route(f"{ORGANIZATION}/new", organization.new, methods=_GET),
        Route(f"{ORGANIZATION}/new", organization.create, methods=_POST),
        Route(f"{ORGANIZATION}/{{id}}", organization.edit, methods=_GET),
        Route(f"{ORGANIZATION}/{{id}}", organization.update, methods=_POST),
        Route(AUDIT, audit_list.show, methods=_GET),
        Route(f"{AUDIT}/-/verify", verification.verify, methods=_POST),
        Route(f"{AUDIT}/-/verified", verification.show, methods=_GET),
        Route(f"{AUDIT}/-/audit-log.csv", audit_list.export, methods=_GET),
        Route(f"{AUDIT}/{{id}}", audit_entry.show, methods=_GET),
        Route(ACCESS, access_review.show, methods=_GET),
        Route(f"{ACCESS}/-/access-review.csv", access_review.export, methods=_GET),
        Route(MAIL, mail.show, methods=_GET),
        Route(MAIL, mail.save, methods=_POST),
        Route(f"{MAIL}/failing/{{id}}", mail.try_again, methods=_POST),
        Route(WEBHOOKS, webhooks.show, methods=_GET),
        Route(f"{WEBHOOKS}/new", webhooks.new, methods=_GET),
        Route(f"{WEBHOOKS}/new", webhooks.create, methods=_POST),
        Route(f"{WEBHOOKS}/{{id}}", webhooks.one, methods=_GET),
        Route(f"{WEBHOOKS}/{{id}}", webhooks.act, methods=_POST),
        Route(f"{WEBHOOKS}/{{id}}/edit", webhooks.edit, methods=_GET),
        Route(f"{WEBHOOKS}/{{id}}/edit", webhooks.update, methods=_POST),
    ]
    app = build_remote(Remote(manifest=manifest(), routes=routes, folder=Path(__file__).parent), settings)
    app.state.templates.globals["words"] = words
    app.state.templates.globals["actions"] = action_words
    app.state.templates.globals["people_words"] = people_words
    return app
