"""The audit log: searched by what stands in the address."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlencode
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from frontend.admin import action_words, files, words
from frontend.admin.manifest import AUDIT
from frontend.admin.verification import verification
from frontend.admin.views import EntryPage
from frontend.ui.i18n import gettext
from frontend.ui.page import Page
from frontend.ui.people import People, people, with_missing

PAGE_LIMIT = 50
NEWEST = "-at"
MAX_TEXT = 100
_PEOPLE = ("actor", "behalf")


@dataclass(frozen=True, slots=True)
class Filters:
    """What the address asks for; values that the API does not know are dropped.

    `record` is a number or an id; `from` and `until` are days of the office, both included.
    """

    actor: str = ""
    behalf: str = ""
    actions: tuple[str, ...] = ()
    kind: str = ""
    record: str = ""
    outcome: str = ""
    ip: str = ""
    request: str = ""
    process: str = ""
    since: str = ""
    until: str = ""
    sort: str = NEWEST

    @classmethod
    def of(cls, page: Page) -> Filters:
        def one_of(name: str, allowed: dict[str, str]) -> str:
            value = page.query(name)
            return value if value in allowed else ""

        known = action_words.known()
        return cls(
            actor=_an_id(page.query("actor")),
            behalf=_an_id(page.query("behalf")),
            actions=tuple(dict.fromkeys(a for a in page.request.query_params.getlist("action") if a in known)),
            kind=one_of("kind", words.kinds()),
            record=page.query("record").strip()[:MAX_TEXT],
            outcome=one_of("outcome", dict.fromkeys(words.outcome_looks(), "")),
            ip=page.query("ip").strip()[:45],
            request=page.query("request").strip()[:MAX_TEXT],
            process=_an_id(page.query("process")),
            since=_a_day(page.query("from")),
            until=_a_day(page.query("until")),
            sort=one_of("sort", sorts()) or NEWEST,
        )

    @property
    def narrows(self) -> bool:
        return bool(self.pairs())

    @property
    def narrows_more(self) -> bool:
        """Whether something is set that stands below "more"."""
        return bool(self.actions or self.behalf or self.ip or self.request or self.process)

    def pairs(self) -> list[tuple[str, str]]:
        """The filter as the address has it, without the order."""
        single = {
            "actor": self.actor,
            "kind": self.kind,
            "record": self.record,
            "from": self.since,
            "until": self.until,
            "outcome": self.outcome,
            "behalf": self.behalf,
            "ip": self.ip,
            "request": self.request,
            "process": self.process,
        }
        return [(name, value) for name, value in single.items() if value] + [("action", a) for a in self.actions]

    def address(self, path: str = AUDIT, **more: str) -> str:
        """This list's address, or that of its file, with some parameters more."""
        order = [("sort", self.sort)] if self.sort != NEWEST else []
        query = urlencode([*self.pairs(), *order, *((name, value) for name, value in more.items() if value)])
        return f"{path}?{query}" if query else path

    def api(self, path: str, **more: str | int) -> str:
        record = ("resourceId" if _an_id(self.record) else "number", self.record)
        given = [
            ("actorId", self.actor),
            ("onBehalfOfId", self.behalf),
            ("resourceType", self.kind),
            record,
            ("outcome", self.outcome),
            ("ip", self.ip),
            ("requestId", self.request),
            ("processId", self.process),
            ("from", self.since),
            ("to", _day_after(self.until)),
            *(("action", action) for action in self.actions),
            ("sort", self.sort),
            *more.items(),
        ]
        return f"{path}?{urlencode([(name, value) for name, value in given if value])}"


def sorts() -> dict[str, str]:
    return {NEWEST: gettext("Newest first"), "at": gettext("Oldest first")}


def _an_id(text: str) -> str:
    try:
        return str(UUID(text.strip())) if len(text.strip()) == 36 else ""
    except ValueError:
        return ""


def _a_day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return ""


def _day_after(day: str) -> str:
    """The first day that is not included any more; none after the last day of the calendar."""
    if not day or date.fromisoformat(day) == date.max:
        return ""
    return (date.fromisoformat(day) + timedelta(days=1)).isoformat()


async def show(request: Request) -> Response:
    """GET /audit; htmx asks for the results alone, or for further rows."""
    page = Page.of(request)
    filters = Filters.of(page)
    listed = EntryPage.model_validate(
        await page.gateway.get(filters.api("/auth/audit-logs", limit=PAGE_LIMIT, cursor=page.query("cursor")))
    )
    if page.target == "admin-more":
        return page.render("admin/audit_rows.html", listed=listed, filters=filters)
    if page.target == "admin-entries":
        return page.render("admin/audit_results.html", listed=listed, filters=filters, replace=filters.address())
    verified, known = await asyncio.gather(verification(page), people(page.gateway, filters.actor, filters.behalf))
    known = await with_missing(page.gateway, known, (filters.actor, filters.behalf))
    return page.render(
        "admin/audit.html",
        listed=listed,
        filters=filters,
        verified=verified,
        persons=_persons(known, filters),
        sorts=list(sorts().items()),
    )


def _persons(known: People, filters: Filters) -> list[tuple[str, str]]:
    """By name; whoever is asked for is among them, known or not."""
    named = sorted(((user.id, user.name) for user in known.users.values()), key=lambda pair: pair[1])
    listed = {user_id for user_id, _ in named}
    asked = dict.fromkeys(who for who in (filters.actor, filters.behalf) if who and who not in listed)
    return [*named, *((who, gettext("Unknown")) for who in asked)]


async def export(request: Request) -> Response:
    """GET /audit/-/audit-log.csv: what the filter finds."""
    page = Page.of(request)
    path = Filters.of(page).api("/auth/audit-logs/export")
    return await files.passed_on(page, path, words.audit_columns())
