"""How the rates, the calendar and the limits of the firm are asked for."""

from tests.rights.recipes import STALE, Ask, simple
from tests.rights.world import rate_body

_NO_DAY = {"firstDay": "2000-01-01", "open": False, "name": "照合"}
"""Refused for everybody who may, so that no deadline of the others depends on it."""

simple("GET", "/currency-rates", lambda _case: Ask("/currency-rates"))
simple("POST", "/currency-rates", lambda _case: Ask("/currency-rates", rate_body()))
simple("GET", "/currency-rates/{rate_id}", lambda case: Ask(f"/currency-rates/{case.world.rate_id}"))
simple("GET", "/business-calendar", lambda _case: Ask("/business-calendar"))
simple("GET", "/business-calendar/{year}", lambda _case: Ask("/business-calendar/2027"))
simple("POST", "/business-calendar/days", lambda _case: Ask("/business-calendar/days", _NO_DAY))
simple(
    "PUT",
    "/business-calendar/{year}/confirmation",
    lambda _case: Ask("/business-calendar/2000/confirmation", {"confirmed": True}),
)
simple("GET", "/approval-settings", lambda _case: Ask("/approval-settings"))
simple(
    "PUT",
    "/approval-settings",
    lambda _case: Ask("/approval-settings", {"attachmentMaxBytes": None, "attachmentsPerRequest": None}, STALE),
)
simple("GET", "/approval-settings/retention", lambda _case: Ask("/approval-settings/retention"))
simple("GET", "/legal-holds", lambda _case: Ask("/legal-holds"))
