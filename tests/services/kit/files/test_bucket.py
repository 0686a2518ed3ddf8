"""The same promises kept by a bucket of a real S3-compatible server (`make test-s3`)."""

import hashlib
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from functools import partial

import pytest

from services.kit.files.bucket import PART_BYTES, BucketStorage, s3_store
from services.kit.files.journal import BucketJournal
from services.kit.files.storage import FileMissing, StorageAway, digest_of
from services.kit.running import clock
from services.kit.running.ids import new_id
from tests.support.files import in_chunks, together
from tests.support.s3 import ACCESS_KEY, BUCKET, SECRET_KEY, S3Server, running_s3

SMALL, LARGE = b"x" * 1000, bytes(range(256)) * 4096 * 20


@pytest.fixture(scope="module")
def server() -> Iterator[S3Server]:
    with running_s3() as running:
        yield running


def storage_of(server: S3Server) -> BucketStorage:
    return BucketStorage(
        BUCKET,
        prefix="attachments",
        endpoint=server.endpoint,
        region="us-east-1",
        access_key_id=ACCESS_KEY,
        secret_access_key=SECRET_KEY,
    )


@pytest.mark.parametrize("content", [SMALL, LARGE], ids=["one part", "many parts"])
async def test_what_was_put_is_there_whole_and_goes_when_it_is_deleted(server: S3Server, content: bytes) -> None:
    storage, key = storage_of(server), str(new_id())
    stored = await storage.put(key, in_chunks(content))
    assert (stored.size, stored.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    opened = await storage.open(key)
    assert opened.size == len(content)
    assert await together(opened.chunks) == content
    assert await storage.exists(key)
    assert await digest_of(storage, key) == stored
    later = clock.now() + timedelta(minutes=1)
    assert key in [found async for found in storage.older_than(later)]
    assert key not in [found async for found in storage.older_than(later - timedelta(hours=1))]
    await storage.delete(key)
    await storage.delete(key)
    assert not await storage.exists(key)
    with pytest.raises(FileMissing):
        await storage.open(key)


async def test_a_journal_keeps_its_entries_in_order_and_overwrites_none(server: S3Server) -> None:
    store_with = partial(
        s3_store,
        BUCKET,
        prefix=f"journal-{new_id()}",
        endpoint=server.endpoint,
        region="us-east-1",
        access_key_id=ACCESS_KEY,
        secret_access_key=SECRET_KEY,
        checksums=True,
    )
    journal = BucketJournal(lambda headers: store_with(headers=headers))
    for number in (10, 2, 1):
        assert await journal.append(number, f"entry {number}".encode()) is None
    assert await journal.append(2, b"another") == b"entry 2"
    assert [entry async for entry in journal.read()] == [(n, f"entry {n}".encode()) for n in (1, 2, 10)]
    assert [number async for number, _ in journal.read(after=2)] == [10]


async def test_an_upload_that_breaks_off_leaves_nothing(server: S3Server) -> None:
    async def broken() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield bytes(PART_BYTES // 50)
        raise ValueError("the client has gone")

    storage, key = storage_of(server), str(new_id())
    with pytest.raises(ValueError, match="the client has gone"):
        await storage.put(key, broken())
    assert not await storage.exists(key)


async def test_memory_does_not_grow_with_the_file(server: S3Server) -> None:
    async def much() -> AsyncIterator[bytes]:
        for _ in range(60):
            yield bytes(1024 * 1024)

    storage, key = storage_of(server), str(new_id())
    tracemalloc.start()
    try:
        await storage.put(key, much())
        async for chunk in (await storage.open(key)).chunks:
            assert len(chunk) <= PART_BYTES
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 60 * 1024 * 1024 / 3
    await storage.delete(key)


async def test_a_server_that_is_away_is_told_apart_from_a_missing_file() -> None:
    server = S3Server()
    try:
        with pytest.raises(StorageAway):
            await storage_of(server).exists(str(new_id()))
        with pytest.raises(StorageAway):
            await storage_of(server).put(str(new_id()), in_chunks(SMALL))
    finally:
        server.remove()
