"""What an approver's attention is drawn to: the customer's past and profile against what is asked for now."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from psycopg.types.json import Jsonb

from services.contracts.states import ApprovalKind, CustomerKind, Product, RiskTolerance
from services.kit.running import clock
from services.opportunity.suitability import (
    AMOUNT_RISE_WINDOW,
    Approved,
    CustomerFacts,
    Flag,
    Past,
    Proposal,
    noted,
)
from tests.services.opportunity.world import Person, World
from tests.support.http import new_key
from tests.support.kind_fields import COMPLETE

NOW = datetime(2026, 11, 2, 3, tzinfo=UTC)
CUSTOMER = CustomerFacts(CustomerKind.CORPORATE, None, True, NOW, RiskTolerance.BALANCED)
LARGEST = Approved("RNG-2026-000007", 1_000_000, NOW)


@pytest.mark.parametrize(("amount", "flagged"), [(2_000_000, False), (2_000_001, True), (None, False)])
def test_more_than_twice_the_largest_is_a_rise(amount: int | None, *, flagged: bool) -> None:
    found = noted(Proposal(ApprovalKind.EXPENSE, amount), CUSTOMER, Past(LARGEST), NOW)
    assert (Flag.AMOUNT_RISE in found.flags) is flagged
    assert (found.grounds.get(Flag.AMOUNT_RISE, {}).get("amount") == 1_000_000) is flagged


def test_without_an_approval_before_there_is_no_rise() -> None:
    assert noted(Proposal(ApprovalKind.EXPENSE, 10**12), CUSTOMER, Past(), NOW).flags == []


@pytest.mark.parametrize(("kind", "flagged"), [("PRODUCT_PROPOSAL", True), ("FEE_DISCOUNT", False)])
def test_the_first_of_a_product_is_noted_where_one_is_proposed(kind: str, *, flagged: bool) -> None:
    asked = Proposal(ApprovalKind(kind), product=Product.BONDS)
    assert (Flag.FIRST_IN_PRODUCT in noted(asked, CUSTOMER, Past(), NOW).flags) is flagged
    assert Flag.FIRST_IN_PRODUCT not in noted(asked, CUSTOMER, Past(in_product=True), NOW).flags


@pytest.mark.parametrize(("risk", "flagged"), [("BALANCED", False), ("SOMEWHAT_AGGRESSIVE", True), ("STABLE", False)])
def test_more_risk_than_the_profile_bears_is_noted(risk: str, *, flagged: bool) -> None:
    asked = Proposal(ApprovalKind.PRODUCT_PROPOSAL, risk_class=RiskTolerance(risk))
    assert (Flag.RISK_ABOVE_TOLERANCE in noted(asked, CUSTOMER, None, NOW).flags) is flagged


async def approve(world: World, approval: dict[str, Any], days_ago: float = 0) -> None:
    """As its workflow would have left the row."""
    async with world.db.transaction(world.system) as uow:
        decided = clock.now() - timedelta(days=days_ago)
        await uow.execute(
            "UPDATE approvals SET state = 'APPROVED', decided_at = %s WHERE id = %s", [decided, approval["id"]]
        )


@pytest.fixture
async def rep(world: World) -> Person:
    return await world.person("rep")


async def test_a_rise_says_against_which_request_and_stands_in_lists(world: World, rep: Person) -> None:
    approver, customer = await world.person("approver"), await world.customer(rep)
    about = {"customerId": customer, "kind": "OTHER"}
    before = await world.request(rep, approver, amount=1_000_000, **about)
    assert before["flags"] == []
    await approve(world, before, days_ago=30)
    raised = await world.request(rep, approver, amount=2_000_001, **about)
    assert raised["flags"] == ["AMOUNT_RISE"]
    ground = raised["flagGrounds"]["AMOUNT_RISE"]
    assert (ground["number"], ground["amount"], ground["currency"]) == (before["number"], 1_000_000, "JPY")
    for path in ("/approvals/pending", "/approvals?flag=AMOUNT_RISE"):
        listed = await world.client.get(path, token=approver.token)
        assert [item["number"] for item in listed.json["items"] if item["flags"]] == [raised["number"]]


@pytest.mark.parametrize(
    ("days_ago", "change", "flagged"),
    [
        (AMOUNT_RISE_WINDOW.days - 1, {}, True),
        (AMOUNT_RISE_WINDOW.days + 1, {}, False),
        (1, {"currency": "USD"}, False),
        (1, {"customer": "another"}, False),
        (1, {"state": "REJECTED"}, False),
    ],
)
async def test_only_what_was_approved_for_the_customer_in_the_currency_within_a_year_is_compared(
    world: World, rep: Person, days_ago: float, change: dict[str, str], *, flagged: bool
) -> None:
    approver, customer = await world.person("approver"), await world.customer(rep)
    of_before = await world.customer(rep) if "customer" in change else customer
    currency = change.get("currency", "JPY")
    before = await world.request(rep, approver, amount=10, currency=currency, customerId=of_before, kind="OTHER")
    await approve(world, before, days_ago)
    if "state" in change:
        async with world.db.transaction(world.system) as uow:
            await uow.execute("UPDATE approvals SET state = %s WHERE id = %s", [change["state"], before["id"]])
    asked = await world.request(rep, approver, amount=1_000, customerId=customer, kind="OTHER")
    assert (asked["flags"] == ["AMOUNT_RISE"]) is flagged


async def test_the_first_of_a_product_is_noted_until_one_was_approved(world: World, rep: Person) -> None:
    approver, customer = await world.person("approver"), await world.customer(rep)
    proposed: dict[str, Any] = {"customerId": customer, "kind": "PRODUCT_PROPOSAL"}
    first = await world.request(rep, approver, **proposed)
    assert (first["flags"], first["flagGrounds"]) == (
        ["FIRST_IN_PRODUCT"],
        {"FIRST_IN_PRODUCT": {"product": "FUNDS"}},
    )
    assert (await world.request(rep, approver, **proposed))["flags"] == ["FIRST_IN_PRODUCT"]
    await approve(world, first)
    assert (await world.request(rep, approver, **proposed))["flags"] == []
    bonds = COMPLETE["PRODUCT_PROPOSAL"] | {"product": "BONDS"}
    assert (await world.request(rep, approver, fields=bonds, **proposed))["flags"] == ["FIRST_IN_PRODUCT"]


async def set_profile(world: World, customer: UUID, **columns: Any) -> None:
    async with world.db.transaction(world.system) as uow:
        for column, value in columns.items():
            await uow.execute(f"UPDATE customer_copies SET {column} = %s WHERE id = %s", [value, customer])  # noqa: S608


async def test_a_preview_flags_like_the_submission(world: World, rep: Person) -> None:
    approver, customer = await world.person("approver"), await world.customer(rep)
    await set_profile(world, customer, risk_tolerance="STABLE")
    body = {"kind": "PRODUCT_PROPOSAL", "customerId": str(customer), "approverId": str(approver.id)}
    question = body | {"fields": COMPLETE["PRODUCT_PROPOSAL"]}
    preview = await world.client.post("/approvals/preview", question, token=rep.token)
    assert preview.status == 200, preview.json
    created = await world.create(rep, **body)
    assert created.json["flags"] == preview.json["flags"] == ["FIRST_IN_PRODUCT", "RISK_ABOVE_TOLERANCE"]
    assert created.json["flagGrounds"] == preview.json["flagGrounds"]


async def test_a_resubmission_is_flagged_anew_and_each_decision_keeps_what_it_rested_on(live: World) -> None:
    rep, approver = await live.person("rep"), await live.person("approver")
    customer = await live.customer(rep)
    await set_profile(live, customer, risk_tolerance="BALANCED")
    request = await live.request(rep, approver, customerId=customer, kind="PRODUCT_PROPOSAL")
    assert (await live.act(approver, request, "return", comment="再検討")).status == 200
    await set_profile(live, customer, risk_tolerance="STABLE")
    answer = await live.act(rep, request, "resubmit")
    assert answer.json["flags"] == ["FIRST_IN_PRODUCT", "RISK_ABOVE_TOLERANCE"]
    assert (await live.act(approver, request, "approve")).status == 200
    kept = await live.rows(
        "SELECT h.action, p.content -> 'snapshot' AS seen FROM approval_history h JOIN approval_history_personal p"
        " ON p.history_id = h.id ORDER BY h.sequence"
    )
    above = {"RISK_ABOVE_TOLERANCE": {"riskClass": "BALANCED", "riskTolerance": "STABLE"}}
    first = {"FIRST_IN_PRODUCT": {"product": "FUNDS"}}
    assert [(row["action"], row["seen"]["flagGrounds"], row["seen"]["revision"]) for row in kept] == [
        ("SUBMIT", first, 1),
        ("RETURN", first, 1),
        ("RESUBMIT", first | above, 2),
        ("APPROVE", first | above, 2),
    ]


async def test_a_profile_that_is_told_for_the_first_time_has_not_changed(live: World) -> None:
    rep, approver = await live.person("rep"), await live.person("approver")
    customer = await live.customer(rep)
    request = await live.request(rep, approver, customerId=customer, amount=30_000_000, kind="OTHER")
    assert (await live.act(approver, request, "return", comment="再検討")).status == 200
    told = {"experience": Jsonb({"BONDS": "Y3_5"}), "objectives": ["INCOME"], "horizon": "Y1_3"}
    await set_profile(live, customer, assets_band="M30_50", **told)
    shown = await live.get(approver, request)
    facts = shown["customerFacts"]
    assert (facts["experience"], facts["objectives"], facts["incomeBand"]) == ({"BONDS": "Y3_5"}, ["INCOME"], None)
    assert facts["assetsShare"] == {"low": 60, "high": 100}
    changes = await live.client.get(f"/approvals/{request['id']}/changes", token=approver.token)
    assert [change["pointer"] for change in changes.json["content"]["changes"]] == ["/customer/assetsBand"]
    kept = (await live.history(approver, request))[-1]
    entry = (await live.client.get(f"/approvals/{request['id']}/history/{kept['id']}", token=approver.token)).json
    assert (entry["seen"]["customer"]["experience"], entry["seen"]["customer"]["assetsShare"]) == (None, None)
    assert entry["now"]["customer"]["assetsShare"] == {"low": 60, "high": 100}


async def test_a_flag_of_the_past_stops_an_approval_among_many_like_the_others(live: World) -> None:
    rep, approver = await live.person("rep"), await live.person("approver")
    customer = await live.customer(rep)
    await approve(live, await live.request(rep, approver, amount=10, customerId=customer, kind="OTHER"))
    request = await live.request(rep, approver, amount=21, customerId=customer, kind="OTHER")
    plain, noted_item = {"id": request["id"]}, {"id": request["id"], "acknowledgedFlags": ["AMOUNT_RISE"]}
    [refused], [allowed] = [await bulk(live, approver, item) for item in (plain, noted_item)]
    assert (refused["status"], refused["problem"]["flags"]) == (409, ["AMOUNT_RISE"])
    assert allowed["status"] == 200


async def bulk(world: World, by: Person, item: dict[str, Any]) -> list[dict[str, Any]]:
    body = {"decision": "APPROVE", "items": [item]}
    answer = await world.client.post("/approvals/bulk-decide", body, token=by.token, key=new_key())
    results: list[dict[str, Any]] = answer.json["results"]
    return results
