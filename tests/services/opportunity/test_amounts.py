"""Amounts with the decimals of their currency: exact in every room, one form in JSON, refused instead of rounded."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import orjson
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from services.contracts.events.approval import ApprovalRequested
from services.contracts.money import Money, of_json, to_json
from services.kit.running import clock
from services.opportunity import suitability
from services.opportunity.dossier_check import check
from services.opportunity.repository import routes
from services.opportunity.schemas.fields import CURRENCIES, decimals
from tests.services.opportunity.dossiers import take
from tests.services.opportunity.world import Person, World, plain, stage
from tests.support.http import Answer
from tests.support.kind_fields import filled_in

DAY = timedelta(days=1)
LINE = {"change": "CREDIT_LINE", "effectiveOn": "2026-12-01"}


@dataclass(frozen=True)
class Asked:
    """An amount, the only JSON for it, and another text that means the same."""

    currency: str
    exact: Decimal
    json: int | str
    spelled: str


@st.composite
def amounts(draw: st.DrawFn) -> Asked:
    currency = draw(st.sampled_from(sorted(CURRENCIES)))
    places = decimals(currency)
    units = draw(st.integers(0, 10 ** (15 + places)))
    text = str(units).rjust(places + 1, "0")
    spelled = f"{text[:-places]}.{text[-places:]}" if places else text
    whole, _, fraction = spelled.partition(".")
    fraction = fraction.rstrip("0")
    return Asked(currency, Decimal(spelled), f"{whole}.{fraction}" if fraction else int(whole), spelled)


class Held(BaseModel):
    amount: Money


@given(asked=amounts())
def test_one_amount_has_one_json_and_comes_back_from_it(asked: Asked) -> None:
    held = Held(amount=asked.spelled)  # type: ignore[arg-type]
    assert held.amount == asked.exact
    assert held.model_dump(mode="json") == {"amount": asked.json}
    assert orjson.loads(held.model_dump_json()) == {"amount": asked.json}
    assert of_json(to_json(held.amount)) == asked.exact
    assert Held.model_validate_json(held.model_dump_json()) == held


@pytest.mark.parametrize("value", [12.5, 1e3, True, "1e3", "-1.5", "+1", " 1", "1,250.5", "١", "NaN", ".5", "1.", ""])
def test_what_is_no_exact_amount_is_none(value: object) -> None:
    with pytest.raises(ValidationError):
        Held(amount=value)  # type: ignore[arg-type]


def test_decimals_are_those_of_the_currency() -> None:
    assert [decimals(code) for code in ("JPY", "KRW", "USD", "EUR", "KWD", "BHD")] == [0, 0, 2, 2, 3, 3]
    assert max(map(decimals, CURRENCIES)) == 3


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked=amounts())
async def test_an_amount_is_the_same_in_answer_row_event_evidence_and_dossier(live: World, asked: Asked) -> None:
    rep, approver = await live.person("rep"), await live.person("approver")
    fields = LINE | {"creditLineBefore": asked.spelled, "creditLineAfter": 1}
    body = {"kind": "ACCOUNT_CHANGE", "amount": asked.spelled, "currency": asked.currency, "fields": fields}
    if asked.exact == 1:
        fields["creditLineAfter"] = 2
    request = await live.request(rep, approver, **body)
    assert (request["amount"], request["fields"]["creditLineBefore"]) == (asked.json, asked.json)
    [row] = await live.rows("SELECT amount, exact_amount FROM approvals WHERE id = %s", [request["id"]])
    kept = row["amount"] if row["exact_amount"] is None else row["exact_amount"]
    assert kept == asked.exact
    assert (row["exact_amount"] is None) == isinstance(asked.json, int)
    [told] = await live.rows(
        "SELECT data::text FROM outbox WHERE aggregate_id = %s AND event_type = %s",
        [request["id"], ApprovalRequested.event_type],
    )
    event = orjson.loads(told["data"])
    assert (event["amount"], event["fields"]["creditLineBefore"]) == (asked.json, asked.json)
    assert ApprovalRequested.model_validate(event).amount == asked.exact
    [entry] = await live.history(rep, request)
    path = f"/approvals/{request['id']}/history/{entry['id']}"
    assert (await live.client.get(path, token=rep.token)).json["seen"]["amount"] == asked.json
    dossier = await take(live, rep, request)
    assert check(dossier.body).problems == []
    record = dossier.json["record"]
    assert record["request"]["amount"] == record["history"][0]["personal"]["snapshot"]["amount"] == asked.json


def _codes(answer: Answer) -> list[tuple[str, str]]:
    return [(error["pointer"], error["code"]) for error in answer.json.get("errors", [])]


async def _post(world: World, by: Person, path: str, body: dict[str, Any]) -> Answer:
    return await world.client.post(path, plain(body), token=by.token)


Door = Callable[[World, Person, dict[str, Any]], Awaitable[Answer]]


def _of_a_request(path: str) -> Door:
    return lambda world, by, given: _post(world, by, path, filled_in({"kind": "OTHER", "title": "外貨"}) | given)


def _of_a_route(path: str) -> Door:
    async def door(world: World, by: Person, given: dict[str, Any]) -> Answer:
        approver = await world.person("approver")
        route = {"name": "ドル", "stages": [stage("承認", approver)]} | given
        return await _post(world, by, path, route if path == "/approval-routes" else {"draft": {"route": route}})

    return door


async def _trial(world: World, by: Person, given: dict[str, Any]) -> Answer:
    return await _post(world, by, "/approval-routes/try", {"kind": "OTHER", "requesterId": by.id} | given)


async def _draft_changed(world: World, by: Person, given: dict[str, Any]) -> Answer:
    approver = await world.person("approver")
    draft = await world.request(by, approver, draft=True, kind="OTHER", amount="0.01", currency="USD")
    body = {"kind": "OTHER", "title": "外貨"} | given
    return await world.client.put(f"/approvals/{draft['id']}", body, token=by.token, if_match=draft["version"])


async def _view(world: World, by: Person, given: dict[str, Any]) -> Answer:
    return await _post(world, by, "/approvals/views", {"name": "外貨", "filter": given})


async def _sample(world: World, by: Person, given: dict[str, Any]) -> Answer:
    period = {"decidedFrom": clock.now() - DAY, "decidedTo": clock.now()}
    return await _post(world, by, "/audit-samples", {"title": "標本", "count": 1, "population": period | given})


def _list(path: str) -> Door:
    async def door(world: World, by: Person, given: dict[str, Any]) -> Answer:
        query = "&".join(f"{name}={value}" for name, value in given.items())
        return await world.client.get(f"{path}?{query}", token=by.token)

    return door


@pytest.mark.parametrize(
    ("door", "field", "pointer"),
    [
        (_of_a_request("/approvals"), "amount", "/amount"),
        (_of_a_request("/approvals/preview"), "amount", "/amount"),
        (_draft_changed, "amount", "/amount"),
        (_of_a_route("/approval-routes"), "minAmount", "/minAmount"),
        (_of_a_route("/approval-routes"), "maxAmount", "/maxAmount"),
        (_of_a_route("/approval-routes/simulate"), "maxAmount", "/draft/route/maxAmount"),
        (_trial, "amount", "/amount"),
        (_view, "minAmount", "/filter/minAmount"),
        (_sample, "maxAmount", "/population/maxAmount"),
        (_list("/approvals"), "minAmount", "/minAmount"),
        (_list("/approvals/pending"), "maxAmount", "/maxAmount"),
    ],
)
async def test_too_many_decimals_are_refused_at_every_door(world: World, door: Door, field: str, pointer: str) -> None:
    everybody = await world.person("admin", "rep", "auditor", "approver")
    for currency, figure in (("JPY", "1.5"), ("USD", "0.001"), ("KWD", "1.0001"), ("USD", "1.00000000000001")):
        answer = await door(world, everybody, {field: figure, "currency": currency})
        assert answer.status == 422, answer.json
        assert _codes(answer) == [(pointer, "amount_decimals")]


async def test_an_amount_of_a_kind_has_the_decimals_of_the_request_too(world: World) -> None:
    rep, approver = await world.person("rep"), await world.person("approver")
    fields = LINE | {"creditLineBefore": "100.50", "creditLineAfter": "100.5"}
    same = await world.create(rep, kind="ACCOUNT_CHANGE", currency="USD", fields=fields, draft=True)
    assert _codes(same) == [("/fields/creditLineAfter", "field_not_different")], "1.50 is 1.5"
    fields |= {"creditLineAfter": "100.505"}
    fine = await world.create(rep, kind="ACCOUNT_CHANGE", currency="USD", fields=fields, draft=True)
    assert _codes(fine) == [("/fields/creditLineAfter", "amount_decimals")]
    draft = await world.request(rep, approver, kind="ACCOUNT_CHANGE", currency="KWD", fields=fields, draft=True)
    assert draft["fields"]["creditLineAfter"] == "100.505"
    body = {"kind": "ACCOUNT_CHANGE", "title": "枠", "currency": "USD"}
    path = f"/approvals/{draft['id']}"
    moved = await world.client.put(path, body, token=rep.token, if_match=draft["version"])
    assert _codes(moved) == [("/fields/creditLineAfter", "amount_decimals")], "what is kept is of the currency as well"
    english = await world.client.put(
        path, body, token=rep.token, if_match=draft["version"], headers={"Accept-Language": "en"}
    )
    assert english.json["errors"][0]["message"] == "An amount in USD has at most 2 decimals"


async def test_a_number_that_is_not_whole_is_asked_for_as_a_text(world: World) -> None:
    rep = await world.person("rep")
    for body in ({"amount": 12.5}, {"amount": 1e3}, {"amount": "12,5"}):
        answer = await world.create(rep, kind="OTHER", currency="USD", draft=True, **body)
        assert _codes(answer) == [("/amount", "amount_text")]


async def test_the_same_amount_spelled_otherwise_changes_no_terms_and_a_cent_more_is_a_rise(live: World) -> None:
    rep, first, second = await live.person("rep"), await live.person("approver"), await live.person("approver")
    content = {"kind": "OTHER", "title": "外貨", "currency": "USD"}
    stages = [stage("課長", first), stage("部長", second)]
    request = await live.request(rep, amount="1250.50", stages=stages, **content)
    await live.act(first, request, "approve")
    await live.act(second, request, "return", comment="根拠を追記してください")
    returned = await live.get(rep, request)
    path = f"/approvals/{request['id']}"

    async def put(amount: str) -> Answer:
        version = (await live.get(rep, request))["version"]
        return await live.client.put(path, content | {"amount": amount}, token=rep.token, if_match=version)

    assert returned["amount"] == "1250.5"
    assert (await put("1250.500")).json["termsChanged"] is False
    assert _codes(await put("1250.51")) == [("/amount", "amount_raised")]
    assert (await put("1250.49")).json["termsChanged"] is True
    changes = (await live.client.get(f"{path}/changes?since=1", token=second.token)).json["content"]["changes"]
    assert changes == [{"pointer": "/amount", "before": "1250.5", "after": "1250.49"}]
    found = await live.rows("SELECT detail FROM audit_entries WHERE action = 'approval.update' ORDER BY at")
    assert found[-1]["detail"]["changes"]["amount"] == {"from": "1250.5", "to": "1250.49"}
    assert found[0]["detail"]["changes"] == {}


async def test_limits_hold_to_the_cent_and_go_over_with_who_takes_the_places(live: World) -> None:
    admin, rep, boss = await live.person("admin"), await live.person("rep"), await live.person("approver")
    small = {"name": "小口", "maxAmount": "1000.50", "currency": "USD", "stages": [stage("承認", boss)]}
    answer = await _post(live, admin, "/approval-routes", small)
    assert (answer.json["minAmount"], answer.json["maxAmount"]) == (None, "1000.5")
    large = await _post(
        live, admin, "/approval-routes", small | {"name": "大口", "minAmount": "1000.5", "maxAmount": None}
    )
    below = await live.request(rep, kind="OTHER", amount="1000.49", currency="USD")
    assert below["routeId"] == answer.json["id"]
    reached = await live.request(rep, kind="OTHER", amount="1000.5", currency="USD")
    assert reached["routeId"] == large.json["id"]
    drafted = {"routeId": answer.json["id"], "route": small | {"maxAmount": "1000.49"}}
    simulated = await _post(live, admin, "/approval-routes/simulate", {"draft": drafted})
    assert [(item["number"], item["amount"]) for item in simulated.json["items"]] == [(below["number"], "1000.49")]
    async with live.db.transaction(live.system) as uow:
        for version in await routes.living_naming(uow, boss.id, clock.now()):
            await routes.add_version(uow, version["route_id"], version | {"note": "引継ぎ"}, clock.now(), None)
    again = (await live.client.get(f"/approval-routes/{large.json['id']}", token=admin.token)).json
    assert (again["version"], again["minAmount"], again["maxAmount"]) == (2, "1000.5", None)
    changed = {"maxAmount": "1000.25"}
    path = f"/approval-routes/{answer.json['id']}"
    await live.client.put(path, plain(small | changed), token=admin.token, if_match=2)
    [audited] = await live.rows("SELECT detail FROM audit_entries WHERE action = 'approval_route.update'")
    assert audited["detail"]["changes"]["max_amount"] == {"from": "1000.5", "to": "1000.25"}


async def test_lists_views_templates_and_flags_know_cents(live: World) -> None:
    rep, approver = await live.person("rep"), await live.person("approver")
    customer = await live.customer(rep)
    common = {"kind": "PRODUCT_PROPOSAL", "currency": "USD", "customerId": customer}
    requests = [await live.request(rep, approver, amount=amount, **common) for amount in ("10.49", "10.50", 11)]

    async def listed(query: str) -> list[int | str]:
        answer = await live.client.get(f"/approvals?currency=USD&sort=createdAt&{query}", token=rep.token)
        return [item["amount"] for item in answer.json["items"]]

    assert await listed("minAmount=10.5") == ["10.5", 11]
    assert await listed("maxAmount=10.50") == ["10.49", "10.5"]
    view = await _post(
        live, rep, "/approvals/views", {"name": "外貨", "filter": {"minAmount": "10.50", "currency": "USD"}}
    )
    assert view.json["filter"]["minAmount"] == "10.5"
    template = await _post(live, rep, "/approval-templates", {"name": "外貨", "approvalId": requests[0]["id"]})
    assert template.json["content"]["amount"] == "10.49"
    await live.act(approver, requests[1], "approve")
    doubled = await live.request(rep, approver, amount="21.00", **common)
    assert suitability.Flag.AMOUNT_RISE not in doubled["flags"]
    above = await live.request(rep, approver, amount="21.01", **common)
    assert above["flagGrounds"]["AMOUNT_RISE"]["amount"] == "10.5"


async def test_a_replica_of_before_reads_whole_amounts_and_never_writes_over_cents(world: World) -> None:
    """Its statements, on the tables of now: during a rolling update both are there."""
    rep, approver = await world.person("rep"), await world.person("approver")
    request = await world.request(rep, approver, kind="OTHER", amount="1250.50", currency="USD")
    whole = await world.request(rep, approver, kind="OTHER", amount=1_250, currency="USD")
    seen = "SELECT amount FROM approvals WHERE id = %s"
    assert [await world.rows(seen, [one["id"]]) for one in (request, whole)] == [[{"amount": 1251}], [{"amount": 1250}]]

    async def old(amount: int | None, one: dict[str, Any]) -> None:
        async with world.db.transaction(world.system) as uow:
            await uow.execute("UPDATE approvals SET amount = %s WHERE id = %s", [amount, one["id"]])

    await old(1_251, request)
    assert (await world.get(rep, request))["amount"] == "1250.5", "a row that is written back as it was read"
    for other in (1_000, None):
        with pytest.raises(psycopg.errors.CheckViolation):
            await old(other, request)
    await old(1_000, whole)
    assert (await world.get(rep, whole))["amount"] == 1_000
