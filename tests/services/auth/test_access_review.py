"""The access review: roles with their origin, from what was recorded and from nothing else."""

import csv
import io
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from services.auth.access_grants import Given, RoleRecord, grants
from services.contracts.permissions import Role
from tests.services.auth.audit_entries import as_an_intruder
from tests.services.auth.conftest import AuthWorld, Person

REVIEW = "/auth/access-review"
ADMIN = UUID(int=1)


def at(day: int) -> datetime:
    return datetime(2026, 4, day, tzinfo=UTC)


def created(day: int, *roles: str) -> RoleRecord:
    return RoleRecord(at(day), ADMIN, "user.created", {"roles": list(roles)})


def changed(day: int, before: list[str], after: list[str]) -> RoleRecord:
    return RoleRecord(at(day), ADMIN, "user.updated", {"changes": {"roles": {"from": before, "to": after}}})


def old_change(day: int) -> RoleRecord:
    return RoleRecord(at(day), ADMIN, "user.updated", {"changed": ["roles"]})


@pytest.mark.parametrize(
    ("records", "held", "expected"),
    [
        ([created(1, "rep")], ["rep"], {"rep": Given(at(1), ADMIN)}),
        (
            [created(1, "rep"), changed(2, ["rep"], ["manager", "rep"])],
            ["manager", "rep"],
            {"manager": Given(at(2), ADMIN), "rep": Given(at(1), ADMIN)},
        ),
        # Taken and given again: since the second time.
        (
            [created(1, "rep"), changed(2, ["rep"], ["ops"]), changed(3, ["ops"], ["ops", "rep"])],
            ["ops", "rep"],
            {"ops": Given(at(2), ADMIN), "rep": Given(at(3), ADMIN)},
        ),
        # Something changed, nobody wrote what.
        ([created(1, "rep"), old_change(2)], ["rep"], {"rep": Given(None)}),
        (
            [created(1, "rep"), old_change(2), changed(3, ["rep"], ["ops", "rep"])],
            ["ops", "rep"],
            {"ops": Given(at(3), ADMIN), "rep": Given(None, known_from=at(3))},
        ),
        ([], ["admin"], {"admin": Given(None)}),
        ([RoleRecord(at(1), ADMIN, "user.updated", {"changed": ["name"]})], ["rep"], {"rep": Given(None)}),
    ],
)
def test_roles_are_traced_to_what_gave_them(
    records: list[RoleRecord], held: list[str], expected: dict[str, Given]
) -> None:
    assert grants(held, records) == expected


async def items(world: AuthWorld, person: Person, **params: str) -> dict[str, dict[str, Any]]:
    answer = await world.client.get(REVIEW, token=person.token, params=params)
    assert answer.status == 200, answer.json
    return {item["userId"]: item for item in answer.json["items"]}


async def test_it_says_who_gave_which_role_and_when_somebody_was_last_here(world: AuthWorld, admin: Person) -> None:
    auditor = await world.signed_in(Role.AUDITOR, name="中村 翔")
    quiet = await world.person(name="静か 一郎")
    body = {"name": "静か 一郎", "roles": ["rep", "manager"]}
    assert (await world.client.put(f"/auth/users/{quiet.id}", body, token=admin.token, if_match=1)).status == 200
    seen = await items(world, auditor)
    manager, rep = seen[str(quiet.id)]["roles"]
    assert (manager["role"], manager["givenByName"]) == ("manager", "管理 花子")
    assert (rep["role"], rep["givenById"]) == ("rep", None)
    assert rep["since"] < manager["since"]
    assert seen[str(quiet.id)]["lastSignInAt"] is None
    (signed_in,) = [row for row in await world.audit("user.login") if row["resource_id"] == auditor.id]
    assert seen[str(auditor.id)]["lastSignInAt"] == signed_in["at"].isoformat().replace("+00:00", "Z")
    assert set(await items(world, auditor, role="auditor")) == {str(auditor.id)}
    assert await items(world, auditor, state="SUSPENDED") == {}


async def test_what_was_not_recorded_is_not_made_up(world: AuthWorld, admin: Person) -> None:
    person = await world.person()
    async with as_an_intruder(world.client.kit.db) as before:
        await before.execute("ALTER TABLE audit_entries DISABLE TRIGGER USER")
        await before.execute("DELETE FROM audit_entries WHERE resource_id = %s", [person.id])
    (grant,) = (await items(world, admin))[str(person.id)]["roles"]
    assert (grant["since"], grant["givenById"], grant["notRecordedBefore"]) == (None, None, None)


async def test_it_pages_by_name(world: AuthWorld, admin: Person) -> None:
    for number in range(4):
        await world.person(name=f"社員 {number}")
    seen: list[str] = []
    params: dict[str, Any] = {"limit": 2}
    while True:
        page = (await world.client.get(REVIEW, token=admin.token, params=params)).json
        seen += [item["name"] for item in page["items"]]
        if page["nextCursor"] is None:
            break
        params["cursor"] = page["nextCursor"]
    assert seen == ["社員 0", "社員 1", "社員 2", "社員 3", "管理 花子"]


async def test_the_file_has_a_line_for_each_role_and_leaves_an_entry(world: AuthWorld, admin: Person) -> None:
    both = await world.person(Role.REP, Role.MANAGER, name="=危険 太郎")
    answer = await world.client.get(f"{REVIEW}/export", token=admin.token)
    rows = list(csv.DictReader(io.StringIO(answer.body.decode("utf-8-sig"), newline="")))
    mine = [row for row in rows if row["userId"] == str(both.id)]
    assert [row["role"] for row in mine] == ["manager", "rep"]
    assert {row["name"] for row in mine} == {"'=危険 太郎"}
    (noted,) = await world.audit("access_review.export")
    assert noted["actor_id"] == admin.id


@pytest.mark.parametrize("path", [REVIEW, f"{REVIEW}/export", "/auth/audit-logs/export", "/auth/audit-verification"])
@pytest.mark.parametrize("role", [Role.REP, Role.MANAGER, Role.APPROVER, Role.OPS])
async def test_nobody_but_auditors_and_administrators_sees_it(world: AuthWorld, path: str, role: Role) -> None:
    person = await world.signed_in(role)
    assert (await world.client.get(path, token=person.token)).status == 403
