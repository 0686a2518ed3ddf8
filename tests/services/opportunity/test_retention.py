"""Files are kept as long as the firm has to, and then deleted: what stays says what they were."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.kit.files.folder import FolderStorage
from services.kit.files.storage import StorageAway
from services.kit.running import clock
from services.opportunity import scanning
from services.opportunity.dossier_check import check
from services.opportunity.service import purge_runs, purging
from tests.services.opportunity.dossiers import take
from tests.services.opportunity.purges import HALF_A_YEAR, TEN_YEARS, Archive, archive_of, names_in
from tests.services.opportunity.test_attachments import attached, code_of
from tests.services.opportunity.world import Person, World
from tests.support import files
from tests.support.fake_s3 import FakeS3

DAY = timedelta(days=1)


@pytest.fixture(params=["folder", "bucket"])
async def archive(world: World, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Archive]:
    if request.param == "folder":
        yield archive_of(world, FolderStorage(tmp_path), lambda: names_in(tmp_path))
        return
    async with FakeS3(locking=False) as s3:
        yield archive_of(world, s3.storage(), lambda: set(s3.objects))


@pytest.fixture
def in_folder(world: World, tmp_path: Path) -> Archive:
    return archive_of(world, FolderStorage(tmp_path), lambda: names_in(tmp_path))


@pytest.fixture
async def rep(world: World) -> Person:
    return await world.person("rep", name="田中 美咲")


async def test_a_file_goes_when_its_time_has_passed_and_its_row_says_so(archive: Archive, rep: Person) -> None:
    world, auditor = archive.world, await archive.world.person("auditor")
    request, file = await archive.recalled_with_file(rep)
    draft, young = await archive.draft_with_file(rep)
    assert await archive.purge(TEN_YEARS - 5 * DAY) == 1, "the draft was left long ago"
    assert archive.names() == {file["id"]}
    assert await archive.purge(TEN_YEARS) == 1
    assert archive.names() == set()
    assert await archive.purge(TEN_YEARS) == 0
    path = f"/approvals/{request['id']}/attachments/{file['id']}"
    answer = await world.client.get(path, token=rep.token)
    assert (answer.status, code_of(answer)) == (410, "attachment_purged")
    assert (answer.json["rule"], answer.json["term"]) == ("RETENTION", 10)
    [shown] = await attached(world, rep, request)
    assert (shown["sha256"], shown["size"], shown["name"]) == (file["sha256"], file["size"], "見積書.pdf")
    assert (shown["purgeRule"], shown["purgeTerm"], shown["state"]) == ("RETENTION", 10, "CLEAN")
    [left] = await attached(world, rep, draft)
    assert (left["id"], left["purgeRule"], left["purgeTerm"]) == (young["id"], "ABANDONED_DRAFT", 180)
    entries = await world.history(rep, request)
    assert [(entry["action"], entry["role"]) for entry in entries][-1] == ("PURGE_FILES", "SYSTEM")
    [submitted] = [entry for entry in entries if entry["action"] == "SUBMIT"]
    seen = await world.client.get(f"/approvals/{request['id']}/history/{submitted['id']}", token=rep.token)
    [then] = seen.json["seen"]["attachments"]
    assert (then["sha256"], then["purgeRule"]) == (file["sha256"], "RETENTION")
    dossier = await take(world, auditor, request)
    assert check(dossier.body).verified
    assert dossier.json["record"]["history"][-1]["personal"]["purge"]["files"] == [
        {"id": file["id"], "size": file["size"], "sha256": file["sha256"]}
    ]
    assert await archive.violations() == []


async def test_each_purge_is_audited_with_its_rule_and_the_hashes(in_folder: Archive, rep: Person) -> None:
    _, file = await in_folder.recalled_with_file(rep)
    await in_folder.purge()
    rows = await in_folder.world.rows(
        "SELECT action, actor_id, detail FROM audit_entries WHERE action LIKE 'approval.purge%%' ORDER BY at, action"
    )
    told = {name: rows[1]["detail"][name] for name in ("rule", "term", "count", "bytes", "files")}
    assert [row["action"] for row in rows] == ["approval.purge_begin", "approval.purge_files"]
    assert {row["actor_id"] for row in rows} == {None}
    assert told == {
        "rule": "RETENTION",
        "term": 10,
        "count": 1,
        "bytes": len(files.PDF),
        "files": [{"id": file["id"], "size": len(files.PDF), "sha256": file["sha256"]}],
    }
    assert told.items() <= rows[0]["detail"].items()


async def test_what_was_deleted_of_a_draft_is_no_part_of_what_is_asked_for(in_folder: Archive, rep: Person) -> None:
    world = in_folder.world
    draft, file = await in_folder.draft_with_file(rep)
    assert await in_folder.purge(HALF_A_YEAR) == 1
    assert (await world.get(rep, draft))["attachmentCount"] == 0
    assert (await world.act(rep, draft, "submit")).status == 200
    [submitted] = [entry for entry in await world.history(rep, draft) if entry["action"] == "SUBMIT"]
    seen = await world.client.get(f"/approvals/{draft['id']}/history/{submitted['id']}", token=rep.token)
    assert seen.json["seen"]["attachments"] == []
    assert [one["id"] for one in await attached(world, rep, draft)] == [file["id"]]


async def test_open_requests_keep_their_files_whatever_their_age(in_folder: Archive, rep: Person) -> None:
    draft, file = await in_folder.draft_with_file(rep)
    assert (await in_folder.world.act(rep, draft, "submit")).status == 200
    assert await in_folder.purge(3 * TEN_YEARS) == 0
    assert in_folder.names() == {file["id"]}


async def test_the_firm_says_how_long_never_less_than_the_law(in_folder: Archive, rep: Person) -> None:
    world, admin = in_folder.world, await in_folder.world.person("admin")
    limits = {"attachmentMaxBytes": None, "attachmentsPerRequest": None}

    async def put(version: int, **terms: int) -> int:
        answer = await world.client.put("/approval-settings", limits | terms, token=admin.token, if_match=version)
        return answer.status

    for terms in ({"retentionYears": 6}, {"retentionYears": 101}, {"abandonedDraftDays": 29}):
        assert await put(1, **terms) == 422
    assert await put(1, retentionYears=7, abandonedDraftDays=30) == 200
    assert await put(2) == 200, "who does not say it changes nothing"
    await in_folder.recalled_with_file(rep)
    shown = (await world.client.get("/approval-settings", token=admin.token)).json
    assert (shown["retentionYears"], shown["abandonedDraftDays"], shown["version"]) == (7, 30, 2)
    [entry] = await world.rows("SELECT detail FROM audit_entries WHERE action = 'firm_settings.update'")
    assert entry["detail"]["changes"] == {
        "retention_years": {"from": 10, "to": 7},
        "abandoned_draft_days": {"from": 180, "to": 30},
    }
    assert await in_folder.purge(timedelta(days=7 * 365)) == 0, "leap years count"
    assert await in_folder.purge(timedelta(days=7 * 365 + 2)) == 1


async def test_a_run_goes_on_in_slices_and_says_what_it_did(
    in_folder: Archive, rep: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purge_runs, "SLICE", 1)
    world, auditor = in_folder.world, await in_folder.world.person("auditor")
    for _ in range(3):
        await in_folder.recalled_with_file(rep)

    async def outlook() -> dict[str, object]:
        answer = await world.client.get("/approval-settings/retention", token=auditor.token)
        assert answer.status == 200, answer.json
        return dict(answer.json)

    before = await outlook()
    assert (before["due"], before["lastRun"]) == ({"requests": 0, "files": 0, "bytes": 0, "heldFiles": 0}, None)
    async with world.db.reader() as reader:
        with clock.travel(TEN_YEARS):
            due = (await purging.outlook(reader))["due"]
    assert due == {"requests": 3, "files": 3, "bytes": 3 * len(files.PDF), "heldFiles": 0}
    assert await in_folder.purge() == 3
    after = (await outlook())["lastRun"]
    assert isinstance(after, dict)
    assert (after["requests"], after["files"], after["bytes"]) == (3, 3, 3 * len(files.PDF))
    assert after["finishedAt"] is not None


def test_the_next_run_is_at_two_in_the_morning_in_japan() -> None:
    before, after = datetime(2026, 4, 1, 16, 59, tzinfo=UTC), datetime(2026, 4, 1, 17, 1, tzinfo=UTC)
    assert purging.next_run(before) == datetime(2026, 4, 1, 17, tzinfo=UTC)
    assert purging.next_run(after) == datetime(2026, 4, 2, 17, tzinfo=UTC)


async def test_while_the_bucket_is_away_rows_promise_nothing_and_the_next_run_ends_it(
    world: World, rep: Person
) -> None:
    async with FakeS3(locking=False) as s3:
        archive = archive_of(world, s3.storage(), lambda: set(s3.objects))
        request, file = await archive.recalled_with_file(rep)
        s3.away = True
        with pytest.raises(StorageAway):
            await archive.purge()
        path = f"/approvals/{request['id']}/attachments/{file['id']}"
        assert code_of(await world.client.get(path, token=rep.token)) == "attachment_purged"
        assert archive.names() == {file["id"]}
        s3.away = False
        assert await archive.purge() == 1
        assert archive.names() == set()
        assert await archive.violations() == []


async def test_a_file_that_a_backup_brought_back_is_swept_away(
    in_folder: Archive, rep: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, file = await in_folder.recalled_with_file(rep)
    await in_folder.purge()
    await in_folder.storage.put(file["id"], files.in_chunks(files.PDF))
    [found] = await in_folder.violations()
    assert found.detail == "was deleted, and its file is still there"
    monkeypatch.setattr(scanning, "ORPHANED_AFTER", timedelta(seconds=-1))
    assert await scanning.sweep(in_folder.world.db, in_folder.storage) == 1
    assert await in_folder.violations() == []


@pytest.mark.parametrize(
    ("tampering", "detail"),
    [
        ("purge_term = 11", "was deleted before its retention had passed"),
        ("sha256 = repeat('0', 64)", "was deleted, which no audit entry tells"),
        (
            "purged_at = NULL, purge_begun_at = now() - interval '4 days', purge_rule = 'ABANDONED_DRAFT'",
            "is to be deleted for days, and its row does not say that it was",
        ),
    ],
)
async def test_what_was_deleted_against_the_rules_is_found(
    in_folder: Archive, rep: Person, tampering: str, detail: str
) -> None:
    await in_folder.recalled_with_file(rep)
    await in_folder.purge()
    await in_folder.write(f"UPDATE approval_attachments SET {tampering}")  # noqa: S608
    assert detail in {found.detail for found in await in_folder.violations()}
