"""The scanner's protocol: a verdict, or none and the reason why."""

from collections.abc import AsyncIterator

import pytest

from services.kit.files.clamd import Scanner, ScannerAway
from tests.support.clamd import FakeClamd, fake_clamd
from tests.support.files import EICAR, in_chunks
from tests.support.ports import free_port


@pytest.fixture
async def clamd() -> AsyncIterator[FakeClamd]:
    async with fake_clamd() as fake:
        yield fake


async def test_clean_and_infected_files_are_told_apart(clamd: FakeClamd) -> None:
    scanner = Scanner("127.0.0.1", clamd.port)
    assert await scanner.scan(in_chunks(b"x" * 300_000)) is None
    assert await scanner.scan(in_chunks(EICAR)) == "Eicar-Test-Signature"
    assert clamd.scanned == [300_000, len(EICAR)]


async def test_a_scanner_that_is_down_slow_or_refuses_gives_no_verdict(clamd: FakeClamd) -> None:
    with pytest.raises(ScannerAway, match="no connection"):
        await Scanner("127.0.0.1", free_port()).scan(in_chunks(b"x"))
    clamd.refuses = True
    with pytest.raises(ScannerAway, match="size limit"):
        await Scanner("127.0.0.1", clamd.port).scan(in_chunks(b"x"))
    clamd.silent = True
    with pytest.raises(ScannerAway, match="no verdict"):
        await Scanner("127.0.0.1", clamd.port, patience_seconds=0.05).scan(in_chunks(b"x"))
