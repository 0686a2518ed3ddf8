"""What a rep relies on when keeping customers: nothing lost, nothing overwritten, everything told to the others."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from services.contracts.permissions import Role
from services.contracts.states import UserState
from services.kit.running import clock
from tests.services.customer.conftest import Team
from tests.support.http import new_key

PROFILE: dict[str, Any] = {
    "riskTolerance": "BALANCED",
    "objectives": ["GROWTH", "RETIREMENT"],
    "experience": dict.fromkeys(["EQUITIES", "FUNDS", "BONDS", "FOREIGN_CURRENCY", "DERIVATIVES"], "Y1_3"),
    "assetsBand": "M10_30",
    "incomeBand": "M5_10",
    "horizon": "Y5_10",
    "fundSource": "SURPLUS",
    "investorClass": "GENERAL",
}


async def test_a_customer_comes_back_as_it_was_entered(team: Team) -> None:
    body = {
        "name": "  山田 太郎 ",
        "nameKana": "やまだ たろう",
        "kind": "INDIVIDUAL",
        "email": "yamada@example.com",
        "phone": "０３−１２３４−５６７８".replace("−", "-"),
        "birthDate": "1950-04-01",
        "occupation": "会社役員",
        "relationship": "CLIENT",
        "tags": ["重要", "NISA", "重要"],
        "notes": "午前中に電話\n奥様も同席",
        "profile": PROFILE,
    }
    answer = await team.client.post("/customers", body, token=team.rep.token, key=new_key())
    assert answer.status == 201, answer.json
    created = answer.json
    assert answer.version == created["version"] == 1
    assert created["name"] == "山田 太郎"
    assert created["phone"] == "03-1234-5678"
    assert created["tags"] == ["重要", "NISA"]
    assert created["assignedSalesId"] == str(team.rep.id)
    assert created["state"] == "ACTIVE"
    assert created["createdAt"].endswith("Z")
    assert created["profile"] == PROFILE | {
        "reviewedAt": created["profile"]["reviewedAt"],
        "reviewedBy": str(team.rep.id),
        "version": 1,
    }
    read = await team.client.get(f"/customers/{created['id']}", token=team.rep.token)
    assert (read.status, read.json, read.version) == (200, created | {"allowedActions": ["CHANGE"]}, 1)


async def test_others_learn_of_a_new_customer_with_its_whole_state(team: Team) -> None:
    created = await team.create(profile=PROFILE, email="yamada@example.com")
    (event,) = await team.events(created["id"])
    assert event["event_type"] == "customer.created"
    assert event["aggregate_version"] == 1
    assert event["actor_id"] == team.rep.id
    assert event["data"]["email"] == "yamada@example.com"
    assert event["data"]["profileComplete"] is True
    assert event["data"]["assetsBand"] == "M10_30"
    (audit,) = await team.rows("SELECT action, actor_id FROM audit_entries WHERE resource_id = %s", [created["id"]])
    assert audit == {"action": "customer.create", "actor_id": team.rep.id}


async def test_the_same_key_makes_one_customer(team: Team) -> None:
    key = new_key()
    first = await team.client.post("/customers", {"name": "山田"}, token=team.rep.token, key=key)
    again = await team.client.post("/customers", {"name": "山田"}, token=team.rep.token, key=key)
    assert first.json == again.json
    assert again.status == 201
    assert len(await team.rows("SELECT id FROM customers")) == 1


async def test_what_is_not_sent_stays_and_null_clears(team: Team) -> None:
    created = await team.create(email="a@example.com", phone="03-1234-5678", tags=["重要"], profile=PROFILE)
    answer = await team.put(created, name="山田 次郎", phone=None)
    assert answer.status == 200, answer.json
    assert answer.version == 2
    changed = answer.json
    assert changed["name"] == "山田 次郎"
    assert changed["phone"] is None
    assert changed["email"] == "a@example.com"
    assert changed["tags"] == ["重要"]
    assert changed["profile"] == created["profile"]
    assert [event["event_type"] for event in await team.events(created["id"])] == [
        "customer.created",
        "customer.updated",
    ]


async def test_a_put_that_changes_nothing_is_no_change(team: Team) -> None:
    created = await team.create(email="a@example.com", profile=PROFILE)
    answer = await team.put(created, name=created["name"], email="a@example.com", profile=PROFILE)
    assert answer.version == 1
    assert len(await team.events(created["id"])) == 1


async def test_who_read_an_older_version_does_not_overwrite_the_newer(team: Team) -> None:
    created = await team.create()
    answers = await asyncio.gather(*(team.put(created, name=f"山田 {n}郎") for n in range(8)))
    assert sorted(answer.status for answer in answers) == [200] + [412] * 7
    lost = next(answer for answer in answers if answer.status == 412)
    assert lost.json["currentVersion"] == 2
    assert lost.json["changedBy"] == str(team.rep.id)
    missing = await team.client.put(f"/customers/{created['id']}", {"name": "x"}, token=team.rep.token)
    assert missing.status == 428
    events = await team.events(created["id"])
    assert [event["aggregate_version"] for event in events] == [1, 2]


async def test_each_review_of_a_profile_is_kept(team: Team) -> None:
    created = await team.create(profile=PROFILE)
    bolder = PROFILE | {"riskTolerance": "AGGRESSIVE"}
    second = (await team.put(created, profile=bolder)).json
    confirmed = clock.now().isoformat()
    third = (await team.put(second, person=team.manager, profile=bolder | {"reviewedAt": confirmed})).json
    assert third["profile"]["version"] == 3
    assert third["profile"]["reviewedBy"] == str(team.manager.id)
    path = f"/customers/{created['id']}/profile-versions"
    page = (await team.client.get(path, token=team.rep.token, params={"limit": 2})).json
    assert [(p["version"], p["riskTolerance"]) for p in page["items"]] == [(3, "AGGRESSIVE"), (2, "AGGRESSIVE")]
    rest = (await team.client.get(path, token=team.rep.token, params={"cursor": page["nextCursor"]})).json
    assert [(p["version"], p["riskTolerance"]) for p in rest["items"]] == [(1, "BALANCED")]
    assert rest["nextCursor"] is None


async def test_a_profile_is_complete_only_with_experience_for_every_product(team: Team) -> None:
    created = await team.create(profile=PROFILE | {"experience": {"EQUITIES": "NONE"}})
    (event,) = await team.events(created["id"])
    assert event["data"]["profileComplete"] is False


async def test_bad_values_are_named_one_by_one(team: Team) -> None:
    tomorrow = (clock.now() + timedelta(days=2)).date().isoformat()
    body = {
        "name": " ",
        "kind": "ROBOT",
        "email": "nobody",
        "birthDate": tomorrow,
        "state": "DELETED",
        "tags": ["x" * 51],
        "profile": {"riskTolerance": "RECKLESS", "version": 3},
    }
    answer = await team.client.post("/customers", body, token=team.rep.token, key=new_key())
    assert answer.status == 422
    pointers = {error["pointer"] for error in answer.json["errors"]}
    assert pointers == {
        "/name",
        "/kind",
        "/email",
        "/birthDate",
        "/state",
        "/tags/0",
        "/profile/riskTolerance",
        "/profile/version",
    }
    assert await team.rows("SELECT 1 FROM customers") == []


async def test_a_member_that_a_customer_needs_cannot_be_cleared(team: Team) -> None:
    created = await team.create()
    answer = await team.put(created, name=None)
    assert answer.status == 422


async def test_nobody_but_an_active_rep_or_manager_gets_a_customer(team: Team) -> None:
    locked = await team.join("locked", Role.REP, state=UserState.SUSPENDED)
    for person in (team.auditor.id, locked.id):
        answer = await team.client.post(
            "/customers", {"name": "x", "assignedSalesId": str(person)}, token=team.admin.token, key=new_key()
        )
        assert (answer.status, answer.json["errors"][0]["pointer"]) == (422, "/assignedSalesId")
    unasked = await team.client.post(
        "/customers", {"name": "x", "assignedSalesId": str(uuid4())}, token=team.admin.token, key=new_key()
    )
    assert unasked.status == 503  # auth, which would know, can't be reached in this test


async def test_a_manager_assigns_within_the_team_only(team: Team) -> None:
    created = await team.create()
    path = f"/customers/{created['id']}/assign"
    refused = await team.client.post(
        path, {"assignedSalesId": str(team.outsider.id)}, token=team.manager.token, key=new_key()
    )
    assert refused.status == 403
    answer = await team.client.post(
        path, {"assignedSalesId": str(team.rep2.id)}, token=team.manager.token, key=new_key()
    )
    assert (answer.status, answer.json["assignedSalesId"], answer.version) == (200, str(team.rep2.id), 2)
    event = (await team.events(created["id"]))[-1]
    assert event["event_type"] == "customer.assigned"
    assert event["data"]["previousSalesId"] == str(team.rep.id)
    gone = await team.client.get(f"/customers/{created['id']}", token=team.rep.token)
    assert gone.status == 404


async def test_nothing_is_assigned_to_a_user_whose_work_a_process_moves(team: Team) -> None:
    process = uuid4()
    await team.execute("UPDATE user_copies SET blocked_by_process = %s WHERE id = %s", [process, team.rep.id])
    answer = await team.client.post("/customers", {"name": "x"}, token=team.rep.token, key=new_key())
    assert (answer.status, answer.json["code"], answer.json["processId"]) == (409, "blocked_by_process", str(process))


@pytest.mark.parametrize(
    ("field", "typed", "stored"),
    [
        ("name", "山田\n太郎\u202e ", "山田 太郎"),
        ("name", "葛\U000e0100城　髙﨑", "葛\U000e0100城　髙﨑"),
        ("email", "Taro＠Example.JP", "Taro@example.jp"),
        ("phone", "０７５ー６５２ー１５３５", "075-652-1535"),
        ("phone", "\u202a090-1234-5678\u202c", "090-1234-5678"),
        ("notes", "  一行目\r\n\r\n二行目 \x1b[31m", "  一行目\n\n二行目 [31m"),
        ("tags", ["ＶＩＰ", "vip", "重要"], ["ＶＩＰ", "重要"]),
    ],
)
async def test_text_is_cleaned_and_otherwise_kept_as_typed(team: Team, field: str, typed: Any, stored: Any) -> None:
    assert (await team.create(**{field: typed}))[field] == stored


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("name", nothing) for nothing in ("\u200b", "\u3164", "\ufe0f", "　\n")),
        *(("email", wrong) for wrong in ("ta＠ro@example.jp", "taro@", "taro@example", "a b@example.jp")),
        *(("phone", wrong) for wrong in ("12", "電話", "03-1234-5678;")),
    ],
)
async def test_what_nobody_could_read_or_call_is_refused(team: Team, field: str, value: str) -> None:
    body = {"name": "山田"} | {field: value}
    answer = await team.client.post("/customers", body, token=team.rep.token, key=new_key())
    assert (answer.status, answer.json["errors"][0]["pointer"]) == (422, f"/{field}")


async def test_notes_that_fill_their_field_are_taken_with_the_line_ends_of_a_browser(team: Team) -> None:
    notes = "あ\r\n" * 5_000
    assert (await team.create(notes=notes))["notes"] == "あ\n" * 5_000


async def test_the_audit_tells_who_was_in_charge_and_of_personal_data_only_that_it_changed(team: Team) -> None:
    made = await team.client.post(
        "/customers", {"name": "山田", "kind": "INDIVIDUAL"}, token=team.rep.token, key=new_key()
    )
    path = f"/customers/{made.json['id']}"
    body = {"name": "山田 太郎", "relationship": "CLIENT"}
    answer = await team.client.put(path, body, token=team.rep.token, if_match=1)
    assert answer.status == 200, answer.json
    async with team.client.kit.db.reader() as reader:
        detail = await reader.scalar("SELECT detail FROM audit_entries WHERE action = 'customer.update'")
    assert detail["changed"] == ["name", "relationship"]
    assert detail["changes"] == {"relationship": {"from": "PROSPECT", "to": "CLIENT"}}
