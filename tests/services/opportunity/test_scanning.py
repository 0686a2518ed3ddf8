"""Quarantine: what waits for the scanner is neither read nor submitted, and no crash or outage forgets it."""

import os
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from services.kit.files.clamd import Scanner
from services.kit.files.folder import FolderStorage
from services.kit.running import clock
from services.kit.running.ids import new_id
from services.opportunity import scanning
from tests.services.opportunity.test_attachments import attach, attached, code_of, files_in, keep_files
from tests.services.opportunity.world import Person, World
from tests.support import files
from tests.support.clamd import FakeClamd, fake_clamd
from tests.support.ports import free_port


@pytest.fixture
async def clamd() -> AsyncIterator[FakeClamd]:
    async with fake_clamd() as fake:
        yield fake


@pytest.fixture
def folder(world: World, clamd: FakeClamd, tmp_path: Path) -> Path:
    return keep_files(world, tmp_path / "files", scanner_host="127.0.0.1", scanner_port=clamd.port)


@pytest.fixture
async def rep(world: World, folder: Path) -> Person:
    return await world.person("rep")


@pytest.fixture
async def draft(world: World, rep: Person) -> dict[str, Any]:
    return await world.request(rep, await world.person("approver"), draft=True)


async def scan(world: World, folder: Path, port: int, **options: Any) -> bool:
    scanner = Scanner("127.0.0.1", port, **options)
    return await scanning.scan_next(world.db, FolderStorage(folder), scanner)


async def waited(world: World) -> None:
    """Time passes until every try is due again."""
    async with world.db.transaction(world.system) as uow:
        await uow.execute("UPDATE approval_attachments SET scan_after = %s", [clock.now() - timedelta(seconds=1)])


async def test_a_file_waits_for_the_scanner_and_is_free_afterwards(
    world: World, rep: Person, draft: dict[str, Any], folder: Path, clamd: FakeClamd
) -> None:
    added = (await attach(world, rep, draft)).json
    assert added["state"] == "QUARANTINED"
    path = f"/approvals/{draft['id']}/attachments/{added['id']}"
    answer = await world.client.get(path, token=rep.token)
    assert (answer.status, answer.json["code"]) == (409, "attachment_quarantined")
    refused = await world.act(rep, draft, "submit")
    assert (refused.status, refused.json["code"], refused.json["attachments"]) == (
        409,
        "attachments_not_clean",
        ["見積書.pdf"],
    )
    assert await scan(world, folder, clamd.port)
    assert not await scan(world, folder, clamd.port), "nothing is scanned twice"
    assert (await world.client.get(path, token=rep.token)).body == files.PDF
    assert (await world.act(rep, draft, "submit")).status == 200
    told = await world.rows("SELECT detail FROM audit_entries WHERE action = 'approval.attachment_scanned'")
    assert [row["detail"]["attachment"]["state"] for row in told] == ["CLEAN"]


async def test_what_is_infected_loses_its_file_and_keeps_its_row(
    world: World, rep: Person, draft: dict[str, Any], folder: Path, clamd: FakeClamd
) -> None:
    added = (await attach(world, rep, draft, "eicar.txt", files.EICAR)).json
    assert await scan(world, folder, clamd.port)
    [shown] = await attached(world, rep, draft)
    assert (shown["state"], shown["found"]) == ("INFECTED", "Eicar-Test-Signature")
    assert files_in(folder) == []
    path = f"/approvals/{draft['id']}/attachments/{added['id']}"
    answer = await world.client.get(path, token=rep.token)
    assert (answer.status, answer.json["code"], answer.json["found"]) == (
        410,
        "attachment_infected",
        "Eicar-Test-Signature",
    )
    assert code_of(await world.act(rep, draft, "submit")) == "attachments_not_clean"
    assert (await world.client.delete(path, token=rep.token)).status == 204
    assert (await world.act(rep, draft, "submit")).status == 200


async def test_a_scanner_that_is_down_slow_or_refuses_is_asked_again(
    world: World, rep: Person, draft: dict[str, Any], folder: Path, clamd: FakeClamd
) -> None:
    await attach(world, rep, draft)
    assert await scan(world, folder, free_port())
    assert not await scan(world, folder, clamd.port), "the next try is not due yet"
    await waited(world)
    clamd.silent = True
    assert await scan(world, folder, clamd.port, patience_seconds=0.05)
    await waited(world)
    clamd.silent, clamd.refuses = False, True
    assert await scan(world, folder, clamd.port)
    assert [item["state"] for item in await attached(world, rep, draft)] == ["QUARANTINED"]
    assert (await world.act(rep, draft, "submit")).json["code"] == "attachments_not_clean"
    await waited(world)
    clamd.refuses = False
    assert await scan(world, folder, clamd.port)
    assert [item["state"] for item in await attached(world, rep, draft)] == ["CLEAN"]
    [row] = await world.rows("SELECT scans FROM approval_attachments")
    assert row["scans"] == 4


async def test_a_scan_that_a_crash_cut_short_is_done_by_the_next(
    world: World, rep: Person, draft: dict[str, Any], folder: Path, clamd: FakeClamd
) -> None:
    """The claim of whoever died ends by itself: it is a time in the row."""
    added = (await attach(world, rep, draft)).json
    with psycopg.connect(world.db.url) as dying:
        # What a process has done that is killed over a file: its claim is committed, its verdict never comes.
        now = clock.now()
        changed = dying.execute("UPDATE approval_attachments SET scan_after = %s, scans = 1", [now + scanning.CLAIM])
        assert changed.rowcount == 1
    assert not await scan(world, folder, clamd.port), "claimed"
    await waited(world)
    assert await scan(world, folder, clamd.port)
    [shown] = await attached(world, rep, draft)
    assert (shown["id"], shown["state"]) == (added["id"], "CLEAN")


async def test_files_that_no_row_keeps_are_swept_when_they_are_old(
    world: World, rep: Person, draft: dict[str, Any], folder: Path
) -> None:
    kept = (await attach(world, rep, draft)).json
    storage, orphan, young = FolderStorage(folder), str(new_id()), str(new_id())
    await storage.put(orphan, files.in_chunks(b"left by a crash"))
    for path in files_in(folder):
        os.utime(path, (0, 0))
    await storage.put(young, files.in_chunks(b"an upload under way"))
    strange = folder / "aa" / "not-one-of-ours"
    strange.parent.mkdir(exist_ok=True)
    strange.write_bytes(b"")
    os.utime(strange, (0, 0))
    assert await scanning.sweep(world.db, storage) == 1
    assert sorted(path.name for path in files_in(folder)) == sorted([kept["id"], young, strange.name])
