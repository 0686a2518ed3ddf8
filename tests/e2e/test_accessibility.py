"""axe on the pages of shell, approvals and audit log, odd states too, in both themes and languages, on desk and phone.

The pages of the other remotes are checked on their real data in `test_whole_system.py`.
"""

from __future__ import annotations

import pytest
from playwright.async_api import Page

from tests.e2e.axe import grave_faults
from tests.e2e.conftest import DESK, PHONE, OpenPage, Watch
from tests.support import fake_records as records
from tests.support.frontend import RunningFrontend

PAGES = {
    "sign-in": (None, "/login"),
    "inbox": ("approver", "/approvals"),
    "requested": ("rep", "/approvals?tab=requested"),
    "all": ("manager", "/approvals?tab=all"),
    "empty": ("manager", "/approvals?tab=all&q=nothing-like-this"),
    "form": ("rep", "/approvals/new"),
    "detail": ("approver", "/approvals/{approval}"),
    "circulated": ("manager", "/circulation"),
    "templates": ("rep", "/approvals/templates"),
    "absences": ("manager", "/absences"),
    "absence": ("manager", "/absences/{absence}"),
    "absence-form": ("manager", "/absences/new"),
    "absence-edit": ("manager", "/absences/{absence}/edit"),
    "inbox-by-proxy": ("manager", "/approvals"),
    "calendar-of-all": ("auditor", "/absences"),
    "seen": ("approver", "/approvals/{approval}/history/{entry}"),
    "dossier": ("manager", "/approvals/{approval}/dossier"),
    "evidence-keys": ("manager", "/approvals/evidence-keys"),
    "sample": ("auditor", "/approvals/dossiers?refused=sample_too_large"),
    "processes": ("ops", "/processes"),
    "process": ("ops", "/processes/{process}"),
    "notifications": ("manager", "/notifications"),
    "notification-settings": ("rep", "/notification-settings"),
    "mail": ("admin", "/mail"),
    "people": ("admin", "/people"),
    "person": ("admin", "/people/{named}"),
    "person-form": ("admin", "/people/{named}/edit"),
    "person-delete": ("admin", "/people/{named}/delete?successorId={other}"),
    "organization": ("admin", "/organization"),
    "department-form": ("admin", "/organization/{department}"),
    "webhooks": ("admin", "/webhooks"),
    "webhook": ("admin", "/webhooks/{webhook}"),
    "webhook-form": ("admin", "/webhooks/{webhook}/edit"),
    "search": ("manager", "/search?q=山田"),
    "audit": ("auditor", "/audit"),
    "audit-filter": ("auditor", "/audit?ip=192.0.2.7"),
    "audit-entry": ("auditor", "/audit/{audited}"),
    "audit-refused": ("manager", "/audit"),
    "access-review": ("admin", "/access-review"),
    "routes": ("admin", "/routes"),
    "route": ("auditor", "/routes/{route}"),
    "route-form": ("admin", "/routes/{route}/edit"),
    "route-version": ("admin", "/routes/{route}/versions/1"),
    "samples": ("auditor", "/audit-samples"),
    "sample-form": ("auditor", "/audit-samples/new"),
    "sample-work": ("auditor", "/audit-samples/{sample}?item=2"),
    "sample-close": ("auditor", "/audit-samples/{sample}/close"),
    "sample-sheet": ("auditor", "/audit-samples/{sample}/sheet"),
    "routes-naming": ("auditor", "/routes/naming?userId={named}"),
    "rates": ("admin", "/firm/rates"),
    "business-calendar": ("admin", "/firm/calendar"),
    "limits": ("admin", "/firm/limits"),
    "holds": ("admin", "/firm/holds"),
    "not-found": ("manager", "/nowhere"),
}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("locale", "size"), [("ja", DESK), ("en", DESK), ("ja", PHONE)])
async def test_axe_finds_nothing_serious_and_no_page_scrolls_sideways(
    open_page: OpenPage, frontend: RunningFrontend, watch: Watch, locale: str, size: tuple[int, int], theme: str
) -> None:
    watch.expects_failures = True  # one of the pages is "not found"
    approval = frontend.gateway.waiting("approver@ringi.example")[0]["id"]
    entry = frontend.gateway.history[approval][-1]["id"]
    process = next(iter(frontend.gateway.processes))
    audited = frontend.gateway.audit_entries[0]["id"]
    absence = frontend.gateway.add_absence("manager", "approver2")["id"]
    frontend.gateway.add_absence("approver", "manager", -48, 240)
    webhook = next(iter(frontend.gateway.webhooks))
    drawn = frontend.gateway.draw()
    frontend.gateway.assess(drawn, 2, "FINDING", "根拠資料なし")
    route, named = next(iter(frontend.gateway.versions)), records.uuid_of("approver")
    pages: dict[str | None, Page] = {}
    faults: dict[str, list[object]] = {}
    for name, (user, path) in PAGES.items():
        if user not in pages:
            pages[user] = await open_page(user, theme=theme, locale=locale, size=size)
        page = pages[user]
        address = path.format(
            approval=approval,
            process=process,
            entry=entry,
            audited=audited,
            absence=absence,
            sample=drawn["id"],
            route=route,
            named=named,
            other=records.uuid_of("approver2"),
            department=next(iter(frontend.gateway.departments)),
            webhook=webhook,
        )
        await page.goto(address)
        found = await grave_faults(page)
        if not await page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
            found.append("scrolls sideways")
        if found:
            faults[name] = found
    assert faults == {}
