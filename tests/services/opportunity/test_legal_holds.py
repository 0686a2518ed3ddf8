"""Legal holds: nothing is deleted of what is held, and each office lifts its own holds only."""

from pathlib import Path

import pytest

from services.kit.files.folder import FolderStorage
from services.kit.running import clock
from services.kit.running.ids import new_id
from services.opportunity.service import purging
from tests.services.opportunity.purges import TEN_YEARS, Archive, Json, archive_of, names_in
from tests.services.opportunity.world import Person, World


@pytest.fixture
def archive(world: World, tmp_path: Path) -> Archive:
    return archive_of(world, FolderStorage(tmp_path), lambda: names_in(tmp_path))


@pytest.fixture
async def rep(world: World) -> Person:
    return await world.person("rep")


@pytest.fixture
async def admin(world: World) -> Person:
    return await world.person("admin", name="管理 花子")


@pytest.fixture
async def auditor(world: World) -> Person:
    return await world.person("auditor", name="監査 次郎")


async def listed(archive: Archive, by: Person) -> list[Json]:
    answer = await archive.world.client.get("/legal-holds", token=by.token)
    assert answer.status == 200, answer.json
    items: list[Json] = answer.json["items"]
    return items


async def test_what_is_held_outlives_its_retention_until_it_is_released(
    archive: Archive, rep: Person, admin: Person
) -> None:
    request, file = await archive.recalled_with_file(rep)
    held = await archive.hold(admin, request)
    assert held.status == 201, held.json
    assert [one["reason"] for one in await listed(archive, admin)] == ["訴訟 2026 年（ワ）第 1 号"]
    assert await archive.purge() == 0
    assert archive.names() == {file["id"]}
    async with archive.world.db.reader() as reader:
        with clock.travel(TEN_YEARS):
            due = (await purging.outlook(reader))["due"]
    assert (due["files"], due["heldFiles"]) == (0, 1)
    released = await archive.release(admin, held.json)
    assert (released.status, released.json["releasedByName"]) == (200, "管理 花子")
    assert (await archive.release(admin, held.json)).json["code"] == "legal_hold_released"
    assert await listed(archive, admin) == []
    assert await archive.purge() == 1
    assert [(entry["action"], entry["role"], entry["comment"]) for entry in await archive.world.history(rep, request)][
        -3:
    ] == [("LEGAL_HOLD", "ADMIN", None), ("LEGAL_RELEASE", "ADMIN", None), ("PURGE_FILES", "SYSTEM", None)]
    assert await archive.violations() == []
    await archive.write("UPDATE legal_holds SET released_at = now() + interval '20 years'")
    assert "was deleted though its request was held" in {found.detail for found in await archive.violations()}


async def test_an_office_lifts_its_own_holds_only(
    archive: Archive, rep: Person, admin: Person, auditor: Person
) -> None:
    request, file = await archive.recalled_with_file(rep)
    by_admin, by_auditor = await archive.hold(admin, request), await archive.hold(auditor, request)
    assert (by_admin.json["office"], by_auditor.json["office"]) == ("ADMINISTRATION", "AUDIT")
    again = await archive.hold(await archive.world.person("admin"), request)
    assert (again.status, again.json["code"]) == (409, "already_on_legal_hold")
    for person, hold in ((admin, by_auditor), (auditor, by_admin)):
        refused = await archive.release(person, hold.json)
        assert (refused.status, refused.json["code"]) == (403, "legal_hold_of_other_office")
    assert (await archive.release(admin, by_admin.json)).status == 200
    assert await archive.purge() == 0, "the other one still stands"
    assert archive.names() == {file["id"]}
    assert (await archive.hold(rep, request)).status == 403
    assert (await archive.hold(admin, {"id": new_id()})).status == 404


async def test_nobody_lifts_a_hold_on_a_request_of_their_own(archive: Archive, admin: Person) -> None:
    request, _ = await archive.draft_with_file(admin)
    other = await archive.world.person("admin")
    held = await archive.hold(other, request)
    assert (await archive.release(admin, held.json)).json["code"] == "legal_hold_of_other_office"
    assert (await archive.release(other, held.json)).status == 200


async def test_everybody_sees_that_it_is_held_and_only_those_who_hold_see_why(
    archive: Archive, rep: Person, admin: Person, auditor: Person
) -> None:
    request, _ = await archive.recalled_with_file(rep)
    await archive.hold(auditor, request)
    [for_rep] = (await archive.world.get(rep, request))["legalHolds"]
    assert (for_rep["reason"], for_rep["setByName"], for_rep["mayRelease"]) == (None, None, False)
    [for_admin] = (await archive.world.get(admin, request))["legalHolds"]
    assert (for_admin["setByName"], for_admin["mayRelease"]) == ("監査 次郎", False)
    [for_auditor] = (await archive.world.get(auditor, request))["legalHolds"]
    assert (for_auditor["reason"], for_auditor["mayRelease"]) == ("訴訟 2026 年（ワ）第 1 号", True)
    rows = await archive.world.rows("SELECT detail::text AS detail FROM audit_entries WHERE action LIKE '%%legal%%'")
    assert all("訴訟" not in row["detail"] for row in rows)


async def test_a_hold_saves_what_a_run_that_died_has_not_deleted_yet(
    archive: Archive, rep: Person, admin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    request, file = await archive.recalled_with_file(rep)

    def dies(point: str) -> None:
        if point == purging.CRASH_BEGUN:
            raise ConnectionResetError

    with monkeypatch.context() as dying:
        dying.setattr(purging.crashpoints, "reach", dies)
        with pytest.raises(ConnectionResetError):
            await archive.purge()
    assert (await archive.hold(admin, request)).status == 201
    assert await archive.purge() == 0
    path = f"/approvals/{request['id']}/attachments/{file['id']}"
    assert (await archive.world.client.get(path, token=rep.token)).status == 200
    actions = await archive.world.rows("SELECT action FROM audit_entries WHERE action LIKE 'approval.purge%%'")
    assert {row["action"] for row in actions} == {"approval.purge_begin", "approval.purge_call_off"}
    assert await archive.violations() == []


async def test_nothing_is_removed_for_good_from_what_is_held(archive: Archive, rep: Person, admin: Person) -> None:
    draft, file = await archive.draft_with_file(rep)
    held = await archive.hold(admin, draft)
    path = f"/approvals/{draft['id']}/attachments/{file['id']}"
    refused = await archive.world.client.delete(path, token=rep.token)
    assert (refused.status, refused.json["code"]) == (409, "under_legal_hold")
    assert archive.names() == {file["id"]}
    assert (await archive.release(admin, held.json)).status == 200
    assert (await archive.world.client.delete(path, token=rep.token)).status == 204
    assert archive.names() == set()
