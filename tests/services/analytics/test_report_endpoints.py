"""Who sees which figures over HTTP, in which form, and how fresh."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.contracts.events import customer
from services.kit.events.envelope import Envelope
from services.kit.running import clock
from tests.services.analytics.conftest import Consume, person
from tests.services.analytics.world import envelope
from tests.support.http import ServiceClient, TestIssuer

MANAGER, UNDER, BELOW, STRANGER, ADMIN = (uuid4() for _ in range(5))
PEOPLE = [
    person("manager", user_id=MANAGER, name="高橋 直樹"),
    person("rep", user_id=UNDER, manager_id=MANAGER, name="=cmd|' /C calc'!A0"),
    person("rep", user_id=BELOW, manager_id=UNDER),
    person("rep", user_id=STRANGER),
    person("admin", user_id=ADMIN),
]
NAMES = ("sales-summary", "customer-statistics", "approval-statistics", "task-completion")
PERIOD = {"from": "2026-07-01", "to": "2026-08-01"}
each_report = pytest.mark.parametrize("name", NAMES)


def created(rep: UUID, at: datetime) -> Envelope:
    customer_id = uuid4()
    payload = customer.CustomerCreated.model_validate(
        {
            "customer_id": customer_id,
            "name": "顧客",
            "kind": "INDIVIDUAL",
            "relationship": "CLIENT",
            "state": "ACTIVE",
            "assigned_sales_id": rep,
            "birth_date": "1950-02-03",
            "created_at": at,
        }
    )
    return envelope(payload, customer_id, 1, at, actor_id=rep)


MID_JULY = datetime(2026, 7, 15, tzinfo=UTC)


async def active(client: ServiceClient, token: str, **params: Any) -> int:
    answer = await client.get("/reports/customer-statistics", token=token, params=PERIOD | params)
    assert answer.status == 200, answer.json
    figure: int = answer.json["figures"]["activeCustomers"]["value"]
    return figure


async def test_a_manager_sees_the_whole_tree_below_a_rep_only_themselves(
    client: ServiceClient, issuer: TestIssuer, consume: Consume
) -> None:
    await consume([*PEOPLE, *(created(rep, MID_JULY) for rep in (UNDER, BELOW, BELOW, STRANGER))])
    assert await active(client, issuer.token(MANAGER, ["manager"])) == 3
    assert await active(client, issuer.token(UNDER, ["rep"])) == 1
    assert await active(client, issuer.token(STRANGER, ["rep"])) == 1
    for all_seeing in ("admin", "auditor"):
        assert await active(client, issuer.token(ADMIN, [all_seeing])) == 4


@each_report
async def test_operators_see_no_figures_and_approvers_only_those_of_approvals(
    client: ServiceClient, issuer: TestIssuer, name: str
) -> None:
    async def status(*roles: str) -> int:
        return (await client.get(f"/reports/{name}", token=issuer.token(uuid4(), roles))).status

    assert await status("ops") == 403
    assert await status("approver") == (200 if name == "approval-statistics" else 403)
    assert (await client.get(f"/reports/{name}")).status == 401


@each_report
@pytest.mark.parametrize(
    ("params", "pointer"),
    [
        ({"from": "2026-08-01", "to": "2026-07-01"}, "/to"),
        ({"from": "2026-07-01", "to": "2026-07-01"}, "/to"),
        ({"from": "0001-01-01"}, "/from"),
        ({"from": "gestern"}, "/from"),
        ({"timeZone": "Mars/Olympus"}, "/timeZone"),
        ({"timeZone": "../../etc/passwd"}, "/timeZone"),
        ({"groupBy": "day", "from": "2020-01-01", "to": "2026-01-01"}, "/groupBy"),
        ({"groupBy": "hour"}, "/groupBy"),
        ({"by": "planet"}, "/by"),
        ({"format": "xml"}, "/format"),
        ({"rep": "x"}, "/rep"),
    ],
)
async def test_a_question_that_makes_no_sense_is_refused_with_its_place(
    client: ServiceClient, issuer: TestIssuer, name: str, params: dict[str, str], pointer: str
) -> None:
    answer = await client.get(f"/reports/{name}", token=issuer.token(ADMIN, ["admin"]), params=params)
    assert answer.status == 422
    assert [error["pointer"] for error in answer.json["errors"]] == [pointer]


@each_report
async def test_a_report_without_dates_is_about_this_month_up_to_today(
    client: ServiceClient, issuer: TestIssuer, name: str
) -> None:
    with clock.travel(at=datetime(2026, 10, 31, 15, 30, tzinfo=UTC)):  # November has begun in Tokyo
        token = issuer.token(ADMIN, ["admin"])
        period = (await client.get(f"/reports/{name}", token=token)).json["period"]
        utc = (await client.get(f"/reports/{name}", token=token, params={"timeZone": "UTC"})).json["period"]
    assert (period["from"], period["to"]) == ("2026-11-01", "2026-11-02")
    assert (utc["from"], utc["to"]) == ("2026-10-01", "2026-11-01")


async def test_the_last_day_of_a_period_ends_at_the_readers_midnight(
    client: ServiceClient, issuer: TestIssuer, consume: Consume
) -> None:
    await consume([*PEOPLE, created(UNDER, datetime(2026, 7, 31, 16, tzinfo=UTC))])  # the 1st of August in Tokyo
    token = issuer.token(ADMIN, ["admin"])
    assert await active(client, token) == 0
    assert await active(client, token, timeZone="UTC") == 1


async def test_an_answer_is_kept_until_an_event_changes_what_it_is_made_of(
    client: ServiceClient, issuer: TestIssuer, consume: Consume
) -> None:
    token = issuer.token(ADMIN, ["admin"])

    async def report(name: str) -> Any:
        return (await client.get(f"/reports/{name}", token=token, params=PERIOD)).json

    await consume([*PEOPLE, created(UNDER, MID_JULY)])
    before = {name: await report(name) for name in NAMES}
    again = {name: await report(name) for name in NAMES}
    assert again == before  # "as of" included: nothing was computed
    await consume([created(UNDER, MID_JULY + timedelta(hours=1))])
    after = {name: await report(name) for name in NAMES}
    assert after["customer-statistics"]["figures"]["activeCustomers"]["value"] == 2
    assert after["customer-statistics"]["asOf"] > before["customer-statistics"]["asOf"]
    assert after["task-completion"] == before["task-completion"]


async def test_an_answer_for_one_person_is_not_served_to_another(
    client: ServiceClient, issuer: TestIssuer, consume: Consume
) -> None:
    await consume([*PEOPLE, created(UNDER, MID_JULY), created(STRANGER, MID_JULY)])
    assert await active(client, issuer.token(ADMIN, ["admin"])) == 2
    assert await active(client, issuer.token(UNDER, ["rep"])) == 1


async def test_a_csv_opens_in_a_spreadsheet_and_runs_nothing_there(
    client: ServiceClient, issuer: TestIssuer, consume: Consume
) -> None:
    await consume([*PEOPLE, created(UNDER, MID_JULY)])
    token = issuer.token(ADMIN, ["admin"])
    params = PERIOD | {"by": "rep", "format": "csv"}
    answer = await client.get("/reports/customer-statistics", token=token, params=params)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert 'filename="customer-statistics_2026-07-01_2026-08-01.csv"' in answer.headers["content-disposition"]
    assert answer.body.startswith(b"\xef\xbb\xbf")
    lines = answer.body.decode("utf-8-sig").splitlines()
    assert lines[0].startswith("from,to,key,activeCustomers,")
    assert lines[1].startswith("2026-07-01,2026-08-01,'=cmd|' /C calc'!A0,1,1,")
    assert lines[-1].startswith("2026-07-01,2026-08-01,,1,1,")


async def test_the_columns_of_a_csv_are_the_same_in_every_language(
    client: ServiceClient, issuer: TestIssuer, consume: Consume
) -> None:
    await consume([*PEOPLE, created(UNDER, MID_JULY)])
    heads = [
        (
            await client.get(
                "/reports/customer-statistics",
                token=issuer.token(ADMIN, ["admin"]),
                params=PERIOD | {"by": "rep", "format": "csv"},
                headers={"accept-language": locale},
            )
        ).body.splitlines()[0]
        for locale in ("ja", "en")
    ]
    assert heads[0] == heads[1]


async def test_a_figure_leads_to_the_list_that_it_counts(
    client: ServiceClient, issuer: TestIssuer, consume: Consume
) -> None:
    await consume([*PEOPLE, created(UNDER, MID_JULY)])
    token, params = issuer.token(ADMIN, ["admin"]), {"from": "2026-07-01", "by": "rep"}
    answer = await client.get("/reports/customer-statistics", token=token, params=params)
    link = answer.json["groups"][0]["figures"]["activeCustomers"]["link"]
    assert link == f"/api/v1/customers?state=ACTIVE&assignedSalesId={UNDER}"


async def test_metrics_show_ones_own_days_only(client: ServiceClient, issuer: TestIssuer, consume: Consume) -> None:
    await consume([*PEOPLE, *(created(rep, MID_JULY) for rep in (UNDER, BELOW, STRANGER))])

    async def count(user_id: UUID, role: str) -> list[tuple[str, str, int]]:
        answer = await client.get("/reports/metrics", token=issuer.token(user_id, [role]), params=PERIOD)
        return [(item["metric"], item["day"], item["count"]) for item in answer.json["items"]]

    assert await count(ADMIN, "admin") == [("customer.created", "2026-07-15", 3)]
    assert await count(MANAGER, "manager") == [("customer.created", "2026-07-15", 2)]
    assert await count(UNDER, "rep") == [("customer.created", "2026-07-15", 1)]
