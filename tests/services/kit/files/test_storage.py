"""Whatever keeps files: whole or not at all, by keys that lead nowhere else."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from services.kit.files.folder import FolderStorage
from services.kit.files.storage import FileMissing, Storage, StorageAway, digest_of
from services.kit.running import clock
from services.kit.running.ids import new_id
from tests.support.fake_s3 import FakeS3
from tests.support.files import in_chunks, together

CONTENT = bytes(range(256)) * 4096


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "files"


@pytest.fixture
def storage(folder: Path) -> Storage:
    return FolderStorage(folder)


async def test_what_was_put_is_there_whole_and_goes_when_it_is_deleted(storage: Storage) -> None:
    key = str(new_id())
    stored = await storage.put(key, in_chunks(CONTENT))
    assert (stored.size, stored.sha256) == (len(CONTENT), hashlib.sha256(CONTENT).hexdigest())
    opened = await storage.open(key)
    assert opened.size == len(CONTENT)
    assert await together(opened.chunks) == CONTENT
    assert await storage.exists(key)
    assert await digest_of(storage, key) == stored
    await storage.delete(key)
    await storage.delete(key)
    assert not await storage.exists(key)
    with pytest.raises(FileMissing):
        await storage.open(key)


async def test_an_upload_that_breaks_off_leaves_nothing(storage: Storage, folder: Path) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"half"
        raise ConnectionResetError

    key = str(new_id())
    with pytest.raises(StorageAway):
        await storage.put(key, broken())
    assert not await storage.exists(key)
    assert files_in(folder) == []


async def test_a_cancelled_put_leaves_nothing(storage: Storage, folder: Path) -> None:
    begun = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        yield b"half"
        begun.set()
        await asyncio.Event().wait()

    putting = asyncio.create_task(storage.put(str(new_id()), endless()))
    await begun.wait()
    putting.cancel()
    await asyncio.wait({putting})
    assert putting.cancelled()
    assert files_in(folder) == []


async def test_no_key_leads_out_of_the_folder(storage: Storage, folder: Path) -> None:
    for key in ("../../etc/passwd", "/etc/passwd", "a/b/c/d/e/f", "..........", "ABCDEFGHIJ", ""):
        with pytest.raises(ValueError, match="not a key"):
            await storage.put(key, in_chunks(b"x"))
    assert files_in(folder) == []


async def test_old_keys_are_found_with_what_a_crash_left_of_them(storage: Storage, folder: Path) -> None:
    assert [key async for key in storage.older_than(clock.now())] == []
    key, crashed = str(new_id()), str(new_id())
    await storage.put(key, in_chunks(b"x"))
    part = folder / crashed[-2:] / f"{crashed}.part"
    part.parent.mkdir(exist_ok=True)
    part.write_bytes(b"half")
    later = clock.now() + timedelta(minutes=1)
    assert sorted([found async for found in storage.older_than(later)]) == sorted([key, crashed])
    assert [found async for found in storage.older_than(clock.now() - timedelta(hours=1))] == []
    await storage.delete(crashed)
    assert not part.exists()


async def test_files_are_readable_for_the_owner_only(storage: Storage, folder: Path) -> None:
    key = str(new_id())
    await storage.put(key, in_chunks(b"x"))
    assert (folder / key[-2:] / key).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("act", ["open", "exists", "delete"])
async def test_a_bucket_that_is_not_there_is_told_apart_from_a_missing_file(act: str) -> None:
    """What is deleted by rule counts as gone where the store does not have it; a misspelt bucket has nothing."""
    async with FakeS3(locking=False) as server:
        with pytest.raises(StorageAway):
            await getattr(server.storage("misspelt"), act)(str(new_id()))
