"""A journal in a bucket: numbered entries that sort, last as long as they have to, and are never overwritten."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest

from services.kit.files import journal as journals
from services.kit.files.storage import StorageAway
from services.kit.running import clock
from tests.support.fake_s3 import FakeS3


@pytest.fixture
async def s3() -> AsyncIterator[FakeS3]:
    async with FakeS3() as running:
        yield running


async def test_entries_come_in_the_order_of_their_numbers_from_any_of_them_on(s3: FakeS3) -> None:
    journal = s3.journal()
    for number in (10, 2, 9, 100, 1):
        assert await journal.append(number, f"entry {number}".encode()) is None
    assert [entry async for entry in journal.read()] == [(n, f"entry {n}".encode()) for n in (1, 2, 9, 10, 100)]
    assert [number async for number, _ in journal.read(after=9)] == [10, 100]


async def test_what_is_there_stays_and_is_told(s3: FakeS3) -> None:
    journal = s3.journal()
    assert await journal.append(1, b"first") is None
    assert await journal.append(1, b"second") == b"first"
    assert [entry async for entry in journal.read()] == [(1, b"first")]


async def test_an_entry_asks_that_nobody_deletes_it_for_so_long(s3: FakeS3) -> None:
    journal = s3.journal(timedelta(days=3650))
    await journal.append(1, b"first")
    [(mode, until)] = s3.locks.values()
    assert (mode, until is not None) == ("COMPLIANCE", True)
    ahead = datetime.fromisoformat(str(until)) - clock.now()
    assert timedelta(days=3649) < ahead <= timedelta(days=3650)
    with clock.travel(timedelta(days=1)):
        await journal.append(2, b"second")
    assert s3.locks["00000000000000000002"] > s3.locks["00000000000000000001"], "each from its own moment on"
    await s3.journal().append(3, b"third")
    assert s3.locks["00000000000000000003"] == (None, None), "the bucket's own default is left to it"


async def test_what_is_none_of_ours_comes_without_a_number_and_what_is_too_large_empty(
    s3: FakeS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3.objects |= {"1": b"short", "readme": b"text", "00000000000000000001": b"x" * 50}
    monkeypatch.setattr(journals, "ENTRY_BYTES_MAX", 49)
    assert sorted([entry async for entry in s3.journal().read()]) == [(0, b"short"), (0, b"text"), (1, b"")]


async def test_a_bucket_that_is_away_is_told_by_each_operation(s3: FakeS3) -> None:
    journal = s3.journal()
    s3.away = True
    with pytest.raises(StorageAway):
        await journal.append(1, b"x")
    with pytest.raises(StorageAway):
        _ = [entry async for entry in journal.read()]
