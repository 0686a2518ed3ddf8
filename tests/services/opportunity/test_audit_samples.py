"""Audit samples: drawn from what was decided, worked through by several auditors, closed for good."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from services.kit.running.ids import new_id
from services.opportunity import drawing
from services.opportunity.service import audit_samples as service
from tests.services.opportunity.world import SYSTEM, Person, World
from tests.support.http import Answer, new_key

Json = dict[str, Any]
QUARTER = {"decidedFrom": "2026-07-01", "decidedTo": "2026-10-01"}
DECIDED_AT = datetime(2026, 8, 3, 4, 5, tzinfo=UTC)


async def decided(world: World, number: int, *, at: datetime = DECIDED_AT, **fields: Any) -> list[str]:
    """The numbers of so many requests that were approved at a time."""
    rep, approver = await world.person("rep"), await world.person("approver")
    made = [await world.request(rep, approver, **fields) for _ in range(number)]
    async with world.db.transaction(SYSTEM) as uow:
        await uow.execute(
            "UPDATE approvals SET state = 'APPROVED', decided_at = %s WHERE id = ANY(%s)",
            [at, [request["id"] for request in made]],
        )
    return [request["number"] for request in made]


async def draw(world: World, by: Person, population: Json | None = None, **fields: Any) -> Answer:
    body = {"title": "第3四半期 抜取監査", "count": 3, "population": QUARTER | (population or {})} | fields
    return await world.client.post("/audit-samples", body, token=by.token, key=new_key())


async def drawn(world: World, by: Person, population: Json | None = None, **fields: Any) -> Json:
    answer = await draw(world, by, population, **fields)
    assert answer.status == 201, answer.json
    found: Json = answer.json
    return found


async def items(world: World, by: Person, sample: Json) -> list[Json]:
    answer = await world.client.get(f"/audit-samples/{sample['id']}/items", token=by.token)
    assert answer.status == 200, answer.json
    found: list[Json] = answer.json["items"]
    return found


async def assess(
    world: World,
    by: Person,
    sample: Json,
    position: int,
    version: int = 0,
    *,
    assessment: str = "NO_FINDING",
    note: str = "",
) -> Answer:
    path, body = f"/audit-samples/{sample['id']}/items/{position}", {"assessment": assessment, "note": note}
    return await world.client.put(path, body, token=by.token, if_match=version)


async def close(world: World, by: Person, sample: Json, version: int, result: str = "重大な指摘なし") -> Answer:
    path = f"/audit-samples/{sample['id']}/close"
    return await world.client.post(path, {"result": result}, token=by.token, key=new_key(), if_match=version)


async def test_a_sample_is_drawn_by_the_seed_from_what_was_decided_in_the_period(world: World) -> None:
    numbers = await decided(world, 5)
    await decided(world, 1, at=datetime(2026, 9, 30, 15, tzinfo=UTC))  # 1 October in Tokyo
    await world.request(await world.person("rep"), await world.person("approver"))
    auditor = await world.person("auditor", name="監査 花子")
    sample = await drawn(world, auditor, seed="2026-Q3")
    expected = drawing.draw("2026-Q3", numbers, 3)
    assert [item["number"] for item in await items(world, auditor, sample)] == expected
    assert (sample["populationSize"], sample["count"], sample["seed"], sample["seedGiven"]) == (5, 3, "2026-Q3", True)
    assert sample["populationSha256"] == drawing.digest(drawing.listing(numbers))
    assert (sample["state"], sample["drawnByName"], sample["version"]) == ("OPEN", "監査 花子", 1)
    assert sample["progress"] == {"total": 3, "open": 3, "noFinding": 0, "finding": 0, "notApplicable": 0}
    [entry] = await world.rows("SELECT actor_id, detail FROM audit_entries WHERE action = 'audit_sample.draw'")
    assert entry["actor_id"] == auditor.id
    assert entry["detail"]["numbers"] == expected
    assert entry["detail"]["populationSha256"] == sample["populationSha256"]


async def test_what_is_decided_later_changes_neither_population_nor_sample(world: World) -> None:
    await decided(world, 4)
    auditor = await world.person("auditor")
    sample = await drawn(world, auditor, seed="s", count=2)
    before = await items(world, auditor, sample)
    await decided(world, 6)
    answer = await world.client.get(f"/audit-samples/{sample['id']}", token=auditor.token)
    assert (answer.json["populationSize"], answer.json["populationSha256"]) == (4, sample["populationSha256"])
    assert await items(world, auditor, sample) == before
    again = await drawn(world, auditor, seed="s", count=2)
    assert again["populationSize"] == 10


async def test_without_a_seed_the_service_draws_one_and_shows_it(world: World) -> None:
    numbers = await decided(world, 4)
    auditor = await world.person("auditor")
    first, second = await drawn(world, auditor), await drawn(world, auditor)
    assert first["seedGiven"] is second["seedGiven"] is False
    assert first["seed"] != second["seed"]
    assert [item["number"] for item in await items(world, auditor, first)] == drawing.draw(first["seed"], numbers, 3)


@pytest.mark.parametrize(
    ("population", "size"),
    [
        ({"kinds": ["OTHER"]}, 2),
        ({"kinds": ["OTHER", "FEE_DISCOUNT"]}, 5),
        ({"states": ["APPROVED"]}, 5),
        ({"states": ["REJECTED"]}, 0),
        ({"minAmount": 200_000}, 2),
        ({"minAmount": 200_000, "currency": "USD"}, 0),
        ({"maxAmount": 100_000}, 3),
        ({"flags": ["SENIOR_80"]}, 0),
    ],
)
async def test_a_population_is_narrowed_by_kind_state_amount_and_flag(
    world: World, population: Json, size: int
) -> None:
    await decided(world, 3, amount=100_000)
    await decided(world, 2, kind="OTHER", amount=200_000)
    auditor = await world.person("auditor")
    answer = await draw(world, auditor, population)
    if size:
        assert answer.json["populationSize"] == size
        return
    assert answer.status == 422
    assert [error["code"] for error in answer.json["errors"]] == ["population_empty"]
    assert await world.rows("SELECT 1 FROM audit_samples") == []


@pytest.mark.parametrize(
    "change",
    [
        {"count": 0},
        {"count": 201},
        {"seed": "\u200b"},
        {"seed": "x" * 101},
        {"title": "\0"},
        {"population": {"decidedTo": QUARTER["decidedFrom"]}},
        {"population": {"states": ["PENDING"]}},
        {"population": {"kinds": ["OTHER"] * 100_000}},
        {"population": {"decidedTo": None}},
        {"population": {"minAmount": -1}},
        {"population": {"colour": "red"}},
        {"previousId": str(new_id())},
    ],
)
async def test_what_can_not_be_drawn_is_refused(world: World, change: Json) -> None:
    await decided(world, 1)
    answer = await draw(world, await world.person("auditor"), **change)
    assert answer.status == 422, answer.json
    assert await world.rows("SELECT 1 FROM audit_samples") == []


async def test_a_population_that_is_too_large_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await decided(world, 3)
    monkeypatch.setattr(service, "MAX_POPULATION", 2)
    answer = await draw(world, await world.person("auditor"))
    assert (answer.status, answer.json["code"], answer.json["limit"]) == (422, "population_too_large", 2)


async def test_assessments_are_kept_with_who_and_when_and_all_that_was_said_before(world: World) -> None:
    await decided(world, 3)
    one, other = await world.person("auditor", name="監査 一郎"), await world.person("auditor", name="監査 二郎")
    sample = await drawn(world, one)
    first = await assess(world, one, sample, 2, assessment="FINDING", note="根拠資料が添付されていない")
    assert (first.status, first.version) == (200, 1)
    second = await assess(world, other, sample, 2, 1, note="別紙で確認できた")
    assert (second.json["assessment"], second.json["assessedByName"]) == ("NO_FINDING", "監査 二郎")
    assert [(entry["assessment"], entry["note"], entry["assessedByName"]) for entry in second.json["history"]] == [
        ("FINDING", "根拠資料が添付されていない", "監査 一郎"),
        ("NO_FINDING", "別紙で確認できた", "監査 二郎"),
    ]
    details = await world.rows("SELECT detail FROM audit_entries WHERE action = 'audit_sample.assess' ORDER BY at")
    assert [detail["detail"]["changed"] for detail in details] == [["assessment", "note"], ["assessment", "note"]]
    assert "根拠" not in str(details), "free text stays where it can be erased"


async def test_the_same_assessment_again_writes_nothing(world: World) -> None:
    await decided(world, 1)
    auditor = await world.person("auditor")
    sample = await drawn(world, auditor)
    await assess(world, auditor, sample, 1, note="確認済")
    again = await assess(world, auditor, sample, 1, 1, note="確認済")
    assert (again.status, again.version) == (200, 1)
    assert len(await world.rows("SELECT 1 FROM audit_sample_assessments")) == 1


async def test_two_auditors_on_one_request_one_is_told_what_the_other_wrote_and_on_two_both_are_kept(
    world: World,
) -> None:
    await decided(world, 3)
    one, other = await world.person("auditor"), await world.person("auditor")
    sample = await drawn(world, one)
    both = await asyncio.gather(
        assess(world, one, sample, 1, note="甲"), assess(world, other, sample, 1, assessment="NOT_APPLICABLE")
    )
    assert sorted(answer.status for answer in both) == [200, 412]
    [lost] = [answer for answer in both if answer.status == 412]
    [won] = [answer for answer in both if answer.status == 200]
    assert lost.json["currentVersion"] == 1
    assert lost.json["changedBy"] == won.json["assessedById"]
    apart = await asyncio.gather(*(assess(world, who, sample, at) for who, at in ((one, 2), (other, 3))))
    assert [answer.status for answer in apart] == [200, 200]


async def test_a_finding_says_what_was_found(world: World) -> None:
    await decided(world, 1)
    auditor = await world.person("auditor")
    sample = await drawn(world, auditor)
    for note in ("", "  ", "\u200b"):
        answer = await assess(world, auditor, sample, 1, assessment="FINDING", note=note)
        assert (answer.status, answer.json["errors"][0]["code"]) == (422, "note_required")
    assert (await assess(world, auditor, sample, 1, note="あ" * 4_001)).status == 422
    assert (await assess(world, auditor, sample, 1, assessment="GOOD")).status == 422


async def test_a_sample_is_closed_once_all_is_assessed_and_then_stays_as_it_is(world: World) -> None:
    await decided(world, 2)
    auditor = await world.person("auditor", name="監査 花子")
    sample = await drawn(world, auditor)
    await assess(world, auditor, sample, 1)
    early = await close(world, auditor, sample, 2)
    assert (early.status, early.json["code"], early.json["open"]) == (409, "sample_not_worked_through", 1)
    await assess(world, auditor, sample, 2, assessment="FINDING", note="決裁日付の前後")
    unseen = await close(world, auditor, sample, 2)
    assert (unseen.status, unseen.json["currentVersion"]) == (412, 3), "no assessment is concluded on unseen"
    closed = await close(world, auditor, sample, 3, "指摘1件。是正を求める")
    assert (closed.status, closed.json["state"], closed.json["closedByName"]) == (200, "CLOSED", "監査 花子")
    assert closed.json["result"] == "指摘1件。是正を求める"
    for late in (await assess(world, auditor, sample, 1, 1, note="追記"), await close(world, auditor, sample, 4)):
        assert (late.status, late.json["code"]) == (409, "sample_closed")
    follow_up = await drawn(world, auditor, title="追加確認", previousId=sample["id"])
    assert (follow_up["previousId"], follow_up["previousTitle"]) == (sample["id"], sample["title"])
    actions = await world.rows("SELECT action FROM audit_entries WHERE action LIKE 'audit_sample.%%' ORDER BY at, id")
    expected = ["draw", "assess", "assess", "close", "draw"]
    assert [row["action"] for row in actions] == [f"audit_sample.{step}" for step in expected]


async def test_of_two_who_close_one_is_told_that_it_is_closed(world: World) -> None:
    await decided(world, 1)
    auditor = await world.person("auditor")
    sample = await drawn(world, auditor)
    await assess(world, auditor, sample, 1)
    both = await asyncio.gather(*(close(world, auditor, sample, 2, result) for result in ("甲", "乙")))
    assert sorted(answer.status for answer in both) == [200, 409]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_samples SET seed = 'x'",
        "UPDATE audit_samples SET population_size = 7",
        "DELETE FROM audit_samples",
        "UPDATE audit_sample_populations SET numbers = '{}'",
        "UPDATE audit_sample_items SET position = position + 10",
        "DELETE FROM audit_sample_items",
        "UPDATE audit_sample_assessments SET note = 'x'",
        "DELETE FROM audit_sample_assessments",
    ],
)
async def test_the_database_itself_refuses_to_change_what_was_kept(world: World, statement: str) -> None:
    await decided(world, 1)
    auditor = await world.person("auditor")
    sample = await drawn(world, auditor)
    await assess(world, auditor, sample, 1)
    with pytest.raises(psycopg.errors.RaiseException):
        async with world.db.transaction(SYSTEM) as uow:
            await uow.execute(statement)


async def test_only_auditors_write_administrators_read_and_nobody_else_learns_that_there_is_one(world: World) -> None:
    await decided(world, 1)
    sample = await drawn(world, await world.person("auditor"))
    root = f"/audit-samples/{sample['id']}"
    for role in ("rep", "manager", "approver", "ops", "admin"):
        person = await world.person(role)
        reads = 200 if role == "admin" else 403
        for path in ("/audit-samples", root, f"{root}/items", f"{root}/items/1", f"{root}/sheet"):
            assert (await world.client.get(path, token=person.token)).status == reads, (role, path)
        assert (await world.client.get(f"/audit-samples/{new_id()}", token=person.token)).status in (403, 404)
        assert (await draw(world, person)).status == 403
        assert (await assess(world, person, sample, 1)).status == 403
        assert (await close(world, person, sample, 1)).status == 403


async def test_what_is_not_there_is_not_found_and_a_version_is_asked_for(world: World) -> None:
    await decided(world, 1)
    auditor = await world.person("auditor")
    sample, other = await drawn(world, auditor), {"id": str(new_id())}
    assert (await assess(world, auditor, sample, 2)).status == 404
    assert (await assess(world, auditor, other, 1)).status == 404
    assert (await assess(world, auditor, sample, 1000)).status == 422
    assert (await close(world, auditor, other, 1)).status == 404
    path = f"/audit-samples/{sample['id']}/items/1"
    assert (await world.client.put(path, {"assessment": "OPEN"}, token=auditor.token)).status == 428


async def test_the_list_shows_the_last_drawn_first_page_by_page(world: World) -> None:
    await decided(world, 1)
    auditor = await world.person("auditor")
    made = [await drawn(world, auditor, title=f"監査 {number}") for number in range(3)]
    first = await world.client.get("/audit-samples?limit=2", token=auditor.token)
    assert [item["id"] for item in first.json["items"]] == [made[2]["id"], made[1]["id"]]
    rest = await world.client.get(f"/audit-samples?limit=2&cursor={first.json['nextCursor']}", token=auditor.token)
    assert ([item["id"] for item in rest.json["items"]], rest.json["nextCursor"]) == ([made[0]["id"]], None)
