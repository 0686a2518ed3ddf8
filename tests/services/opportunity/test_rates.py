"""The rate table over HTTP: who adds to it, what a request keeps of it, and that every door compares by it alike."""

from datetime import date, timedelta
from decimal import Decimal
from math import ceil
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.kit.running import clock, zone
from tests.services.opportunity.world import Person, World, plain, stage
from tests.support.http import Answer
from tests.support.postgres import execute_as_owner

DAY = timedelta(days=1)
PER_UNIT = {"USD": "150.00", "KWD": "490.125", "IDR": "0.0093"}


async def enter(world: World, by: Person, currency: str = "USD", yen: str = "150.00", **fields: Any) -> Answer:
    body = {"currency": currency, "yenPerUnit": yen, "validFrom": zone.today()} | fields
    return await world.client.post("/currency-rates", plain(body), token=by.token)


async def entered(world: World, by: Person, *args: Any, **fields: Any) -> dict[str, Any]:
    answer = await enter(world, by, *args, **fields)
    assert answer.status == 201, answer.json
    row: dict[str, Any] = answer.json
    return row


async def listed(world: World, by: Person, query: str = "") -> Any:
    answer = await world.client.get(f"/currency-rates{query}", token=by.token)
    assert answer.status == 200, answer.json
    return answer.json


async def route(world: World, admin: Person, approver: Person, **fields: Any) -> dict[str, Any]:
    body = {"name": "ルート", "stages": [stage("承認", approver)]} | fields
    answer = await world.client.post("/approval-routes", plain(body), token=admin.token)
    assert answer.status == 201, answer.json
    made: dict[str, Any] = answer.json
    return made


def codes(answer: Answer) -> list[tuple[str, str]]:
    return [(error["pointer"], error["code"]) for error in answer.json.get("errors", [])]


async def test_a_correction_is_another_row_and_the_list_tells_what_counts(world: World) -> None:
    admin, rep = await world.person("admin", name="管理 花子"), await world.person("rep")
    today = zone.today()
    past = await entered(world, admin, yen="149.5", validFrom=today - 3 * DAY)
    wrong = await entered(world, admin, yen="151.00")
    right = await entered(world, admin, yen="150.00", note="桁の訂正")
    planned = await entered(world, admin, yen="152", validFrom=today + 5 * DAY)
    old = await entered(world, admin, "EUR", "160", validFrom=today - 31 * DAY)
    found = await listed(world, rep)
    assert [(row["id"], row["state"]) for row in found["items"]] == [
        (planned["id"], "PLANNED"),
        (right["id"], "CURRENT"),
        (wrong["id"], "CORRECTED"),
        (past["id"], "PAST"),
        (old["id"], "CURRENT"),
    ]
    assert (found["goodForDays"], found["stale"]) == (35, [])
    assert right | {"note": "桁の訂正", "createdByName": "管理 花子", "yenPerUnit": "150.00"} == right
    assert (await world.client.get(f"/currency-rates/{wrong['id']}", token=rep.token)).json["yenPerUnit"] == "151.00"
    with clock.travel(5 * DAY):
        later = await listed(world, world.renewed(rep, "rep"), "?currency=EUR")
        assert [row["state"] for row in later["items"]] == ["STALE"]
        assert later["stale"] == [{"currency": "EUR", "validFrom": old["validFrom"]}]
    first = await listed(world, rep, "?limit=2")
    rest = await listed(world, rep, f"?limit=10&cursor={first['nextCursor']}")
    assert [row["id"] for row in first["items"] + rest["items"]] == [row["id"] for row in found["items"]]
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied"):
        async with world.db.transaction(world.system) as uow:
            await uow.execute("UPDATE currency_rates SET yen_per_unit = 1")


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"currency": "JPY"}, ("/currency", "rate_of_yen")),
        ({"currency": "ZZZ"}, ("/currency", "currency_unknown")),
        ({"currency": "US\x00"}, ("/currency", "string_unicode")),
        ({"currency": "usd"}, ("/currency", "string_pattern_mismatch")),
        ({"yenPerUnit": 150.5}, ("/yenPerUnit", "decimal_text")),
        ({"yenPerUnit": "0"}, ("/yenPerUnit", "greater_than")),
        ({"yenPerUnit": "-1"}, ("/yenPerUnit", "greater_than")),
        ({"yenPerUnit": "NaN"}, ("/yenPerUnit", "finite_number")),
        ({"yenPerUnit": "1e7"}, ("/yenPerUnit", "less_than")),
        ({"yenPerUnit": "0.000000001"}, ("/yenPerUnit", "decimal_max_places")),
        ({"validFrom": -32}, ("/validFrom", "time_past")),
        ({"validFrom": 367}, ("/validFrom", "time_too_far")),
        ({"validFrom": "2026-13-01"}, ("/validFrom", "date_from_datetime_parsing")),
        ({"note": "長" * 501}, ("/note", "string_too_long")),
    ],
)
async def test_what_is_no_rate_is_refused(world: World, fields: dict[str, Any], fault: tuple[str, str]) -> None:
    admin = await world.person("admin")
    if isinstance(fields.get("validFrom"), int):
        fields = {"validFrom": zone.today() + fields["validFrom"] * DAY}
    answer = await enter(world, admin, **fields)
    assert (answer.status, codes(answer)) == (422, [fault])
    assert await world.rows("SELECT 1 FROM currency_rates") == []


async def test_a_figure_too_many_is_asked_about_and_everything_is_audited(world: World) -> None:
    admin = await world.person("admin")
    await entered(world, admin, yen="150.00")
    slip = await enter(world, admin, yen="15.00")
    assert (slip.status, codes(slip)) == (422, [("/yenPerUnit", "rate_unusual")])
    await entered(world, admin, yen="15.00", confirmed=True)
    await entered(world, admin, yen="180.0", confirmed=True)
    await entered(world, admin, yen="144.0")
    found = await world.rows("SELECT detail FROM audit_entries WHERE action = 'currency_rate.create' ORDER BY at")
    assert [row["detail"]["changes"]["yenPerUnit"] for row in found] == [
        {"from": None, "to": "150.00"},
        {"from": "150.00", "to": "15.00"},
        {"from": "15.00", "to": "180.0"},
        {"from": "180.0", "to": "144.0"},
    ]
    assert {row["detail"]["currency"] for row in found} == {"USD"}


async def test_a_request_keeps_the_very_rate_of_its_submission(world: World) -> None:
    admin, rep, boss = await world.person("admin"), await world.person("rep"), await world.person("approver")
    small = await route(world, admin, boss, name="小口", maxAmount=2_000_000)
    large = await route(world, admin, boss, name="大口", minAmount=2_000_000)
    rate = await entered(world, admin, yen="150.00")
    kept = {"id": rate["id"], "currency": "USD", "yenPerUnit": "150.00", "validFrom": rate["validFrom"]}
    draft = await world.request(rep, draft=True, amount=12_000, currency="USD")
    assert (draft["yenAmount"], draft["rates"]) == (None, []), "it is that of the submission"
    request = await world.request(rep, amount=12_000, currency="USD")
    assert (request["routeId"], request["yenAmount"], request["rates"]) == (small["id"], 1_800_000, [kept])
    await entered(world, admin, yen="200.00", confirmed=True)
    assert (await world.get(rep, request))["rates"] == [kept]
    submitted = (await world.act(rep, draft, "submit")).json
    assert (submitted["routeId"], submitted["yenAmount"]) == (large["id"], 2_400_000)
    inbox = await world.client.get("/approvals/pending", token=boss.token)
    assert {item["yenAmount"] for item in inbox.json["items"]} == {1_800_000, 2_400_000}
    [entry] = await world.history(rep, request)
    seen = (await world.client.get(f"/approvals/{request['id']}/history/{entry['id']}", token=boss.token)).json["seen"]
    assert (seen["yenAmount"], seen["rates"]) == (1_800_000, [kept])
    named = await world.request(rep, boss, amount=5, currency="USD")
    assert (named["yenAmount"], len(named["rates"])) == (1_000, 1), (
        "shown beside the figure, whoever chose the approvers"
    )
    yen = await world.request(rep, amount=5)
    assert (yen["yenAmount"], yen["rates"]) == (None, [])


async def test_a_rate_that_is_missing_or_too_old_leaves_the_strictest_route(world: World) -> None:
    admin, rep, boss = await world.person("admin"), await world.person("rep"), await world.person("approver")
    await route(world, admin, boss, name="小口", maxAmount=2_000_000)
    large = await route(world, admin, boss, name="大口", minAmount=2_000_000)
    await entered(world, admin, yen="150.00", validFrom=zone.today() - 20 * DAY)
    for currency, days in (("EUR", 0), ("USD", 15)):
        with clock.travel(days * DAY):
            request = await world.request(world.renewed(rep, "rep"), amount=1, currency=currency)
            assert (request["routeId"], request["yenAmount"], request["rates"]) == (large["id"], None, [])
    with clock.travel(14 * DAY):
        assert (await world.request(world.renewed(rep, "rep"), amount=1, currency="USD"))["yenAmount"] == 150


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    amount=st.none() | st.sampled_from([0, 1, 6_666, 6_667, 20_000, 999_999, 1_000_000, 10**15]),
    currency=st.sampled_from(["JPY", "USD", "KWD", "IDR", "EUR"]),
    ages=st.dictionaries(st.sampled_from(sorted(PER_UNIT)), st.sampled_from([0, 31])),
)
async def test_preview_trial_submission_and_simulation_agree(
    world: World, amount: int | None, currency: str, ages: dict[str, int]
) -> None:
    admin, rep, boss = await world.person("admin"), await world.person("rep"), await world.person("approver")
    execute_as_owner(
        world.db.url,
        "ALTER TABLE currency_rates DISABLE TRIGGER USER",
        "DELETE FROM currency_rates",
        "ALTER TABLE currency_rates ENABLE TRIGGER USER",
    )
    async with world.db.transaction(world.system) as uow:
        await uow.execute("UPDATE approval_routes SET active = false, version = version + 1, updated_at = now()")
    for name, fields in {
        "小口": {"maxAmount": 1_000_000, "priority": 3},
        "ドル": {"minAmount": 6_667, "currency": "USD", "priority": 2},
        "ディナール": {"maxAmount": 40_000, "currency": "KWD", "priority": 1},
    }.items():
        await route(world, admin, boss, name=name, **fields)
    for code, age in ages.items():
        await entered(world, admin, code, PER_UNIT[code], validFrom=zone.today() - age * DAY)
    asked = {"kind": "OTHER", "amount": amount, "currency": currency}
    preview = (await world.client.post("/approvals/preview", plain(asked), token=rep.token)).json
    trial = await world.client.post("/approval-routes/try", plain(asked | {"requesterId": rep.id}), token=admin.token)
    done = await world.request(rep, title="外貨", **asked)
    told = trial.json["taken"] or {"routeId": None}
    assert preview["routeId"] == told["routeId"] == done["routeId"]
    for part in ("yenAmount", "rates"):
        assert preview[part] == trial.json[part] == done[part]
    everything = {"name": "案", "priority": 9, "stages": [stage("案", await world.person("approver"))]}
    body = plain({"draft": {"route": everything}})
    simulated = await world.client.post("/approval-routes/simulate", body, token=admin.token)
    [item] = [one for one in simulated.json["items"] if one["approvalId"] == done["id"]]
    assert (item["before"]["route"] or {"routeId": None})["routeId"] == done["routeId"]
    assert item["yenAmount"] == done["yenAmount"]
    measured = amount is not None and currency in ages
    expected = ceil(Decimal(PER_UNIT[currency]) * amount) if measured and amount is not None else None
    assert done["yenAmount"] == expected


async def test_a_trial_of_a_day_to_come_takes_the_rates_of_that_day_and_says_what_has_none(world: World) -> None:
    admin, rep, boss = await world.person("admin"), await world.person("rep"), await world.person("approver")
    await route(world, admin, boss, name="小口", maxAmount=2_000_000)
    await entered(world, admin, yen="150.00")
    await entered(world, admin, yen="170.00", validFrom=zone.today() + 10 * DAY)

    async def tried(days: int, currency: str = "USD") -> dict[str, Any]:
        at = clock.now() + days * DAY if days else None
        body = {"kind": "OTHER", "requesterId": rep.id, "amount": 10, "currency": currency, "at": at}
        answer = await world.client.post("/approval-routes/try", plain(body), token=admin.token)
        told: dict[str, Any] = answer.json
        return told

    assert [(await tried(days))["yenAmount"] for days in (0, 9, 10, 44, 45)] == [1_500, 1_500, 1_700, 1_700, None]
    euro = await tried(0, "EUR")
    assert [(one["beyond"], one["failed"]) for one in euro["routes"]] == [(True, ["AMOUNT"])]


async def test_only_administrators_add_to_it(world: World) -> None:
    for role in ("rep", "manager", "approver", "auditor"):
        assert (await enter(world, await world.person(role))).status == 403
    assert date.fromisoformat((await entered(world, await world.person("admin")))["validFrom"]) == zone.today()


async def test_a_simulation_takes_the_rate_that_was_kept_and_for_other_currencies_that_of_the_day(world: World) -> None:
    admin, rep, boss = await world.person("admin"), await world.person("rep"), await world.person("approver")
    await route(world, admin, boss)
    await entered(world, admin, yen="150")
    dollars = await world.request(rep, amount=12_000, currency="USD")
    yen = await world.request(rep, amount=1_000_000)
    await entered(world, admin, yen="300", confirmed=True)

    async def changed(least: int, currency: str) -> set[str]:
        stages = [stage("部長", await world.person("approver"))]
        drafted = {"name": "案", "priority": 9, "minAmount": least, "currency": currency, "stages": stages}
        body = plain({"draft": {"route": drafted}})
        answer = await world.client.post("/approval-routes/simulate", body, token=admin.token)
        return {item["approvalId"] for item in answer.json["items"]}

    assert await changed(2_000_000, "JPY") == set(), "at 150 it was 1,800,000 yen, whatever was entered since"
    assert await changed(5_000, "USD") == {dollars["id"]}
    assert await changed(3_000, "USD") == {dollars["id"], yen["id"]}
