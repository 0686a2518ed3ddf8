"""The opportunity remote: `python -m deploy.serving frontend.opportunity.app:create_app`."""

from __future__ import annotations

from pathlib import Path

from starlette.applications import Starlette
from starlette.routing import Route

from frontend.opportunity import (
    attaching,
    chart,
    customer_facts,
    deciding,
    detail,
    dossier,
    evidence,
    inbox,
    money,
    request_form,
    sample,
    saved_views,
    snoozing,
    words,
)
from frontend.opportunity.absences import pages as absences
from frontend.opportunity.absences.calendar import weekdays
from frontend.opportunity.bulk import pages as bulk
from frontend.opportunity.circulation import pages as circulation
from frontend.opportunity.circulation import words as circulation_words
from frontend.opportunity.firm import calendar as firm_calendar
from frontend.opportunity.firm import holds as firm_holds
from frontend.opportunity.firm import limits as firm_limits
from frontend.opportunity.firm import rates as firm_rates
from frontend.opportunity.firm import words as firm_words
from frontend.opportunity.kinds.definitions import Catalogue
from frontend.opportunity.manifest import (
    ABSENCES,
    BULK,
    CIRCULATION,
    FIRM,
    PREFIX,
    ROUTES,
    SAMPLES,
    TEMPLATES,
    manifest,
)
from frontend.opportunity.request_templates import pages as request_templates
from frontend.opportunity.routes import editing as routes_editing
from frontend.opportunity.routes import pages as routes_pages
from frontend.opportunity.routes import words as routes_words
from frontend.opportunity.samples import drawing as samples_drawing
from frontend.opportunity.samples import pages as samples_pages
from frontend.opportunity.samples import words as samples_words
from frontend.opportunity.samples import working as samples_working
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
        Route(f"{PREFIX}/-/earlier", inbox.earlier, methods=_GET),
        Route(f"{PREFIX}/-/customers", customer_field.choices, methods=_GET),
        Route(f"{PREFIX}/-/dossiers/{{id}}.json", dossier.download, methods=_GET),
        Route(f"{PREFIX}/-/dossiers.zip", sample.download, methods=_GET),
        Route(f"{PREFIX}/-/evidence-keys.json", dossier.download_keys, methods=_GET),
        Route(f"{PREFIX}/-/preview", request_form.preview, methods=_POST),
        Route(f"{PREFIX}/-/files/{{id}}", attaching.add, methods=_POST),
        Route(f"{PREFIX}/-/files/{{id}}/{{file}}", attaching.download, methods=_GET),
        Route(f"{PREFIX}/{{id}}/attachments", attaching.remove, methods=_POST),
        Route(saved_views.VIEWS, saved_views.show, methods=_GET),
        Route(saved_views.VIEWS, saved_views.save, methods=_POST),
        Route(f"{saved_views.VIEWS}/{{id}}", saved_views.change, methods=_POST),
        Route(BULK, bulk.show_list, methods=_GET),
        Route(f"{BULK}/new", bulk.new, methods=_GET),
        Route(f"{BULK}/new", bulk.create, methods=_POST),
        Route(f"{BULK}/{{id}}", bulk.show, methods=_GET),
        Route(f"{BULK}/{{id}}", bulk.act, methods=_POST),
        Route(f"{PREFIX}/decide", deciding.decide, methods=_POST),
        Route(f"{PREFIX}/dossiers", sample.choose, methods=_GET),
        Route(f"{PREFIX}/evidence-keys", dossier.keys, methods=_GET),
        Route(TEMPLATES, request_templates.show, methods=_GET),
        Route(TEMPLATES, request_templates.act, methods=_POST),
        Route(f"{PREFIX}/new", request_form.new, methods=_GET),
        Route(f"{PREFIX}/new", request_form.create, methods=_POST),
        Route(f"{PREFIX}/{{id}}", detail.show, methods=_GET),
        Route(f"{PREFIX}/{{id}}", detail.act, methods=_POST),
        Route(f"{PREFIX}/{{id}}/dossier", dossier.show, methods=_GET),
        Route(f"{PREFIX}/{{id}}/history/{{entry}}", evidence.show, methods=_GET),
        Route(f"{PREFIX}/{{id}}/snooze", snoozing.snooze, methods=_POST),
        Route(f"{PREFIX}/{{id}}/wake", snoozing.wake, methods=_POST),
        Route(f"{PREFIX}/{{id}}/panel", inbox.panel, methods=_GET),
        Route(f"{PREFIX}/{{id}}/edit", request_form.edit, methods=_GET),
        Route(f"{PREFIX}/{{id}}/edit", request_form.update, methods=_POST),
        Route(CIRCULATION, circulation.show, methods=_GET),
        Route(f"{CIRCULATION}/-/count", circulation.count, methods=_GET),
        Route(f"{CIRCULATION}/{{id}}", circulation.act, methods=_POST),
        Route(ABSENCES, absences.show, methods=_GET),
        Route(f"{ABSENCES}/new", absences.new, methods=_GET),
        Route(f"{ABSENCES}/new", absences.create, methods=_POST),
        Route(f"{ABSENCES}/{{id}}", absences.one, methods=_GET),
        Route(f"{ABSENCES}/{{id}}/edit", absences.edit, methods=_GET),
        Route(f"{ABSENCES}/{{id}}/edit", absences.update, methods=_POST),
        Route(f"{ABSENCES}/{{id}}/end", absences.end, methods=_POST),
        *_of_routes(),
        *_of_the_firm(),
        *_of_samples(),
    ]
    app = build_remote(Remote(manifest=manifest(), routes=routes, folder=Path(__file__).parent), settings)
    app.state.kinds = Catalogue()
    app.state.templates.globals |= {
        "words": words,
        "route_words": routes_words,
        "circulation_words": circulation_words,
        "customer_facts": customer_facts,
        "money_words": money,
        "firm_words": firm_words,
        "sample_words": samples_words,
        "weekdays": weekdays,
    }
    return app


def _of_routes() -> list[Route]:
    version = f"{ROUTES}/{{id}}/versions/{{number}}"
    return [
        Route(ROUTES, routes_pages.show, methods=_GET),
        Route(f"{ROUTES}/-/customers", customer_field.choices, methods=_GET),
        Route(f"{ROUTES}/-/try", routes_editing.try_out, methods=_POST),
        Route(f"{ROUTES}/naming", routes_pages.naming, methods=_GET),
        Route(f"{ROUTES}/new", routes_editing.new, methods=_GET),
        Route(f"{ROUTES}/new", routes_editing.create, methods=_POST),
        Route(f"{ROUTES}/{{id}}", routes_pages.detail, methods=_GET),
        Route(f"{ROUTES}/{{id}}/edit", routes_editing.edit, methods=_GET),
        Route(f"{ROUTES}/{{id}}/edit", routes_editing.update, methods=_POST),
        Route(version, routes_pages.version, methods=_GET),
        Route(f"{version}/edit", routes_editing.edit, methods=_GET),
        Route(f"{version}/edit", routes_editing.update, methods=_POST),
        Route(f"{version}/simulate", routes_pages.simulate, methods=_GET),
        Route(f"{version}/withdraw", routes_pages.withdraw, methods=_POST),
    ]


def _of_the_firm() -> list[Route]:
    return [
        Route(FIRM, firm_rates.home, methods=_GET),
        Route(firm_words.RATES, firm_rates.show, methods=_GET),
        Route(firm_words.RATES, firm_rates.enter, methods=_POST),
        Route(firm_words.CALENDAR, firm_calendar.show, methods=_GET),
        Route(firm_words.CALENDAR, firm_calendar.say, methods=_POST),
        Route(f"{firm_words.CALENDAR}/confirm", firm_calendar.confirm, methods=_POST),
        Route(firm_words.LIMITS, firm_limits.show, methods=_GET),
        Route(firm_words.LIMITS, firm_limits.update, methods=_POST),
        Route(firm_words.HOLDS, firm_holds.show, methods=_GET),
    ]


def _of_samples() -> list[Route]:
    return [
        Route(SAMPLES, samples_pages.show, methods=_GET),
        Route(f"{SAMPLES}/-/{{id}}.zip", samples_pages.download, methods=_GET),
        Route(f"{SAMPLES}/new", samples_drawing.new, methods=_GET),
        Route(f"{SAMPLES}/new", samples_drawing.create, methods=_POST),
        Route(f"{SAMPLES}/{{id}}", samples_working.show, methods=_GET),
        Route(f"{SAMPLES}/{{id}}/items/{{position}}", samples_working.panel, methods=_GET),
        Route(f"{SAMPLES}/{{id}}/items/{{position}}", samples_working.assess, methods=_POST),
        Route(f"{SAMPLES}/{{id}}/close", samples_pages.conclude, methods=_GET),
        Route(f"{SAMPLES}/{{id}}/close", samples_pages.close, methods=_POST),
        Route(f"{SAMPLES}/{{id}}/sheet", samples_pages.sheet, methods=_GET),
    ]
