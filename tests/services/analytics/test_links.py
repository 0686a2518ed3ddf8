"""A figure whose link leads to a refusal, or to other rows than it counts, explains nothing."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from services.analytics.reports.links import API
from services.kit.running import clock
from tests.services.analytics import sources
from tests.services.analytics.conftest import consuming
from tests.services.analytics.world import World
from tests.support.http import ServiceClient, StartService, TestIssuer

AFTERWARDS = datetime(2027, 1, 5, 3, tzinfo=UTC)
"""Behind all that happens in a world."""
PERIODS = [{"from": "2026-08-01", "to": "2026-10-01"}, {"from": "2026-07-01", "to": "2027-02-01"}]
FIGURES_WITH_A_LINK = {
    "sales-summary": {
        *("meetingsScheduled", "meetingsHeld", "heldRate", "activeCustomers", "requestsSubmitted", "requestsApproved"),
    },
    "customer-statistics": {"activeCustomers", "newCustomers"},
    "approval-statistics": {"approved", "rejected", "approvalRate", "submitted", "recalled", "recallRate"},
    "task-completion": {"due", "completed", "completionRate", "overdueNow"},
}
"""What leads somewhere for whoever sees everything, in a period that lasts until today."""


class Office:
    """Four services on the same world, so that links can be followed."""

    def __init__(self, world: World, analytics: ServiceClient, lists: dict[str, ServiceClient]) -> None:
        self.world, self.analytics, self.lists = world, analytics, lists

    async def report(self, name: str, token: str, **params: str) -> Any:
        answer = await self.analytics.get(f"/reports/{name}", token=token, params=params)
        assert answer.status == 200, answer.json
        return answer.json

    async def count_behind(self, link: str, token: str) -> int:
        parts = urlsplit(link)
        path, query = parts.path.removeprefix(API), parse_qsl(parts.query)
        client, count, cursor = self.lists[path.split("/")[1]], 0, None
        while True:
            asked = [*query, ("limit", "200"), *([("cursor", cursor)] if cursor else [])]
            answer = await client.get(path, token=token, params=asked)
            assert answer.status == 200, (link, answer.json)
            count += len(answer.json["items"])
            cursor = answer.json["nextCursor"]
            if cursor is None:
                return count


@pytest.fixture
async def office(service_client: StartService) -> Office:
    world = World(31).populate(customers=30, meetings=90, tasks=70, requests=70)
    analytics = await service_client("analytics")
    await consuming(analytics)(world.events)
    customers = await service_client("customer")
    activities = await service_client("sales_activity")
    requests = await service_client("opportunity")
    await sources.fill_customers(customers.kit.db, world)
    await sources.fill_activities(activities.kit.db, world)
    await sources.fill_requests(requests.kit.db, world)
    lists = {"customers": customers, "meetings": activities, "tasks": activities, "approvals": requests}
    return Office(world, analytics, lists)


def linked(document: Any) -> Iterator[tuple[str, str, Any]]:
    """Name, link and number of every figure that leads somewhere."""
    for figures in (document["figures"], *(group["figures"] for group in document["groups"])):
        for name, figure in figures.items():
            if figure["link"] is not None:
                yield name, figure["link"], figure["numerator"] if figure["unit"] == "rate" else figure["value"]


@pytest.mark.parametrize("name", FIGURES_WITH_A_LINK)
async def test_a_link_leads_to_exactly_as_many_rows_as_its_figure_says_for_whoever_asks(
    office: Office, issuer: TestIssuer, name: str
) -> None:
    with clock.travel(at=AFTERWARDS):
        world, followed = office.world, 0
        callers = [
            issuer.token(world.reps[0], ["rep"]),
            issuer.token(world.reps[1], ["rep", "approver"]),
            issuer.token(world.managers[0], ["manager"]),
            issuer.token(world.approvers[0], ["auditor"]),
            issuer.token(world.approvers[1], ["approver", "auditor"]),
        ]
        if name == "approval-statistics":
            callers.append(issuer.token(world.approvers[0], ["approver"]))
        for token in callers:
            behind: dict[str, int] = {}
            for period in PERIODS:
                for grouping in ({}, {"by": "rep"}, {"by": "team", "groupBy": "month"}):
                    document = await office.report(name, token, **period, **grouping)
                    for figure, link, number in linked(document):
                        if link not in behind:
                            behind[link] = await office.count_behind(link, token)
                        assert behind[link] == number, (figure, link)
            followed += len(behind)
        assert followed > 10


@pytest.mark.parametrize("name", FIGURES_WITH_A_LINK)
async def test_figures_that_a_list_can_show_have_a_link(office: Office, issuer: TestIssuer, name: str) -> None:
    with clock.travel(at=AFTERWARDS):
        # A part of the period in which nobody was entered who has left since.
        token = issuer.token(office.world.approvers[0], ["auditor"])
        document = await office.report(name, token, **PERIODS[1], groupBy="month")
    assert {figure for figure, _, _ in linked(document)} == FIGURES_WITH_A_LINK[name]


async def test_a_stock_of_the_past_has_no_link_because_the_list_shows_the_present(
    office: Office, issuer: TestIssuer
) -> None:
    with clock.travel(at=AFTERWARDS):
        token = issuer.token(office.world.approvers[0], ["auditor"])
        document = await office.report("customer-statistics", token, **PERIODS[0])
    assert document["figures"]["activeCustomers"]["link"] is None
