"""What each kind of request asks for: definitions, what is refused at which door, and what is kept of a change."""

from typing import Any

import pytest
from pydantic import ValidationError

from services.contracts.states import ApprovalKind, RiskTolerance
from services.opportunity.kinds import FIELDS, contradictions, missing
from services.opportunity.schemas.kind_fields import parsed
from tests.services.opportunity.world import Person, World
from tests.support.http import Answer
from tests.support.kind_fields import COMPLETE

FEE, PROPOSAL, ACCOUNT = ApprovalKind.FEE_DISCOUNT, ApprovalKind.PRODUCT_PROPOSAL, ApprovalKind.ACCOUNT_CHANGE
DISCOUNT = COMPLETE["FEE_DISCOUNT"]


@pytest.mark.parametrize("kind", ApprovalKind)
def test_definitions_are_sound(kind: ApprovalKind) -> None:
    names = [field.name for field in FIELDS[kind]]
    assert len(set(names)) == len(names)
    for position, field in enumerate(FIELDS[kind]):
        for named in filter(None, (field.compared, field.only_if)):
            assert named.field in names[:position], "a rule looks back to a field that was filled in before"
    assert parsed(kind, COMPLETE[kind]) == COMPLETE[kind]
    assert missing(kind, COMPLETE[kind]) == []
    assert missing(kind, {}) == [field.name for field in FIELDS[kind] if field.required and field.only_if is None]


@pytest.mark.parametrize(
    ("kind", "name", "given", "kept"),
    [
        (FEE, "feeRateBefore", "1.6500", "1.65"),
        (FEE, "feeRateBefore", "100.0", "100"),
        (FEE, "feeRateAfter", "0.00", "0"),
        (PROPOSAL, "productName", "  グローバル債券\u202e \n", "グローバル債券"),
        (PROPOSAL, "riskClass", RiskTolerance.STABLE.value, "STABLE"),
        (ACCOUNT, "creditLineAfter", 10**15, 10**15),
        (ACCOUNT, "creditLineAfter", "1250.00", 1_250),
        (ACCOUNT, "creditLineBefore", "1250.50", "1250.5"),
    ],
)
def test_each_value_has_one_form(kind: ApprovalKind, name: str, given: Any, kept: Any) -> None:
    assert parsed(kind, {name: given, FIELDS[kind][0].name: None}) == {name: kept}


@pytest.mark.parametrize(
    ("kind", "name", "given"),
    [
        *(
            (FEE, "feeRateBefore", wrong)
            for wrong in (1.65, 1, "1,65", "-1", "100.0001", "1.23456", "1e1", "１", "NaN", "")
        ),
        *((FEE, "product", wrong) for wrong in ("GOLD", 1, ["FUNDS"], {"a": 1}, True)),
        *((FEE, "validFrom", wrong) for wrong in ("1999-12-31", "2100-01-01", "20260401", 20260401, "2026-02-30")),
        *((PROPOSAL, "productName", wrong) for wrong in ("\0", " \u200b ", "長" * 101, 5, "a" * 1_000_000)),
        *((PROPOSAL, "complexProduct", wrong) for wrong in ("true", 1, "YES")),
        *((ACCOUNT, "creditLineBefore", wrong) for wrong in (-1, 10**15 + 1, 1.5, "1,000")),
        *((ApprovalKind.EXPENSE, "participants", wrong) for wrong in (0, 10_001, "3", True)),
    ],
)
def test_a_value_of_another_form_is_refused_where_it_stands(kind: ApprovalKind, name: str, given: Any) -> None:
    with pytest.raises(ValidationError) as refused:
        parsed(kind, {name: given})
    assert [error["loc"] for error in refused.value.errors()] == [(name,)]


@pytest.mark.parametrize(
    ("kind", "given", "wrong"),
    [
        (FEE, {"feeRateBefore": "9.9", "feeRateAfter": "10"}, [("feeRateAfter", "field_not_less")]),
        (FEE, {"feeRateBefore": "1.1", "feeRateAfter": "1.1"}, [("feeRateAfter", "field_not_less")]),
        (FEE, {"validFrom": "2026-04-02", "validUntil": "2026-04-01"}, [("validUntil", "field_before")]),
        (FEE, {"validFrom": "2026-04-01", "validUntil": "2026-04-01"}, []),
        (ACCOUNT, {"change": "MARGIN_TRADING", "creditLineAfter": 1}, [("creditLineAfter", "field_not_asked")]),
        (
            *(ACCOUNT, {"change": "CREDIT_LINE", "creditLineBefore": 1, "creditLineAfter": 1}),
            [("creditLineAfter", "field_not_different")],
        ),
        (ACCOUNT, {"creditLineBefore": 1, "creditLineAfter": 2}, []),
    ],
)
def test_values_have_to_go_with_each_other(
    kind: ApprovalKind, given: dict[str, Any], wrong: list[tuple[str, str]]
) -> None:
    assert list(contradictions(kind, given)) == wrong


def test_a_credit_line_is_needed_where_it_changes_and_nowhere_else() -> None:
    assert missing(ACCOUNT, {"change": "CREDIT_LINE"}) == ["effectiveOn", "creditLineBefore", "creditLineAfter"]
    assert missing(ACCOUNT, {"change": "DERIVATIVES", "effectiveOn": "2026-04-01"}) == []


def _faults(answer: Answer) -> dict[str, str]:
    assert answer.status == 422, answer.json
    return {error["pointer"]: error["code"] for error in answer.json["errors"]}


async def _edit(world: World, by: Person, approval: dict[str, Any], **content: Any) -> Answer:
    present = await world.client.get(f"/approvals/{approval['id']}", token=by.token)
    kept = {name: present.json[name] for name in ("kind", "title", "amount", "currency", "customerId")}
    path = f"/approvals/{approval['id']}"
    return await world.client.put(path, kept | content, token=by.token, if_match=present.version)


async def test_every_wrong_field_is_told_beside_what_else_is_wrong(world: World) -> None:
    rep, approver = await world.person("rep"), await world.person("approver")
    fields = {"feeRateBefore": 1.65, "riskClass": "STABLE", "validFrom": "2026-04-02", "validUntil": "2026-04-01"}
    wrong = {"/fields/feeRateBefore": "string_type", "/fields/riskClass": "extra_forbidden"}
    answer = await world.create(rep, approverId=approver.id, title="", fields=fields, draft=True)
    assert _faults(answer) == wrong | {"/title": "string_too_short"}
    assert _faults(await world.create(rep, approverId=approver.id, fields=["FUNDS"])) == {"/fields": "dict_type"}
    preview = await world.client.post("/approvals/preview", {"kind": "OTHER", "fields": fields}, token=rep.token)
    assert set(_faults(preview)) == {f"/fields/{name}" for name in fields}


async def test_nobody_submits_what_lacks_a_field_by_any_door(live: World) -> None:
    rep, approver = await live.person("rep"), await live.person("approver")
    lacking = {"/fields/validUntil": "field_missing", "/fields/discountReason": "field_missing"}
    some = {name: value for name, value in DISCOUNT.items() if f"/fields/{name}" not in lacking}
    assert _faults(await live.create(rep, approverId=approver.id, fields=some)) == lacking
    draft = await live.request(rep, approverId=approver.id, fields=some, draft=True)
    assert draft["fields"] == some
    assert _faults(await live.act(rep, draft, "submit")) == lacking
    assert (await _edit(live, rep, draft, fields=DISCOUNT)).status == 200
    assert (await live.act(rep, draft, "submit")).status == 200
    assert (await live.act(approver, draft, "return", comment="期間を短く")).status == 200
    assert (await _edit(live, rep, draft, fields=some)).json["fields"] == some
    assert _faults(await live.act(rep, draft, "resubmit")) == lacking
    assert (await live.get(rep, draft))["state"] == "RETURNED"


async def test_fields_stay_with_their_kind_and_go_with_it(world: World) -> None:
    rep, approver = await world.person("rep"), await world.person("approver")
    draft = await world.request(rep, approverId=approver.id, draft=True)
    assert (await _edit(world, rep, draft, title="改題")).json["fields"] == DISCOUNT
    assert (await _edit(world, rep, draft, kind="OTHER")).json["fields"] == {}
    assert _faults(await _edit(world, rep, draft, fields=DISCOUNT)).keys() == {f"/fields/{name}" for name in DISCOUNT}
    proposal = COMPLETE["PRODUCT_PROPOSAL"]
    assert (await _edit(world, rep, draft, kind="PRODUCT_PROPOSAL", fields=proposal)).json["fields"] == proposal
    assert (await _edit(world, rep, draft, fields={})).json["fields"] == {}


async def test_a_change_of_a_field_asks_the_first_stage_again(live: World) -> None:
    rep, first, second = await live.person("rep"), await live.person("approver"), await live.person("approver")
    stages = [{"name": "一", "approverIds": [first.id]}, {"name": "二", "approverIds": [second.id]}]
    request = await live.request(rep, stages=stages)
    assert (await live.act(first, request, "approve")).status == 200
    assert (await live.act(second, request, "return", comment="料率を見直してください")).status == 200
    assert (await _edit(live, rep, request, fields=DISCOUNT | {"feeRateAfter": "1.10"})).json["termsChanged"] is False
    assert (await _edit(live, rep, request, fields=DISCOUNT | {"feeRateAfter": "1.2"})).json["termsChanged"] is True
    resubmitted = (await live.act(rep, request, "resubmit")).json
    assert (resubmitted["stage"], resubmitted["fields"]["feeRateAfter"]) == (0, "1.2")


async def test_events_and_audit_tell_of_the_fields(world: World) -> None:
    rep, approver = await world.person("rep"), await world.person("approver")
    proposal = COMPLETE["PRODUCT_PROPOSAL"]
    draft = await world.request(rep, approverId=approver.id, kind="PRODUCT_PROPOSAL", draft=True)
    changed = proposal | {"riskClass": "AGGRESSIVE", "productName": "山田様の私募債"}
    assert (await _edit(world, rep, draft, fields=changed)).status == 200
    events = await world.rows("SELECT data FROM outbox WHERE topic = 'approval.events' ORDER BY seq")
    assert [event["data"]["fields"] for event in events] == [proposal, changed]
    [entry] = await world.rows("SELECT detail FROM audit_entries WHERE action = 'approval.update'")
    assert entry["detail"]["changed"] == ["fields.productName", "fields.riskClass"]
    assert entry["detail"]["changes"] == {"fields.riskClass": {"from": "BALANCED", "to": "AGGRESSIVE"}}


async def test_clients_are_told_what_to_ask_for(world: World) -> None:
    rep = await world.person("rep")
    answer = await world.client.get("/approvals/kinds", token=rep.token)
    assert answer.headers["cache-control"] == "private, max-age=300"
    told = {item["kind"]: {field["name"]: field for field in item["fields"]} for item in answer.json["items"]}
    assert {kind: list(fields) for kind, fields in told.items()} == {
        kind: [field.name for field in fields] for kind, fields in FIELDS.items()
    }
    assert told["FEE_DISCOUNT"]["feeRateAfter"] == {
        "name": "feeRateAfter",
        "type": "PERCENT",
        "meaning": "Fee that is asked for.",
        "required": True,
        "choices": None,
        "bounds": {"minimum": 0, "maximum": 100, "decimals": 4, "maxLength": None},
        "compared": {"field": "feeRateBefore", "rule": "LESS"},
        "onlyIf": None,
    }
    assert told["ACCOUNT_CHANGE"]["creditLineAfter"]["onlyIf"] == {"field": "change", "value": "CREDIT_LINE"}
