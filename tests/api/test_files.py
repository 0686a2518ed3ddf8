"""Files through gateway and service: in pieces, so that no process ever holds one."""

import asyncio
import hashlib
import os
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest

from api.app import create_app
from api.settings import GatewaySettings
from services.contracts.permissions import Role
from services.kit.db.database import Database
from services.kit.files.folder import FolderStorage
from services.opportunity.endpoints.attachments import CRASH_STORED
from services.opportunity.scanning import sweep
from services.opportunity.settings import MIB
from tests.api.conftest import listening
from tests.faults.web import web_process
from tests.support.broker import running_broker
from tests.support.files import multipart
from tests.support.postgres import PostgresServer
from tests.support.system import Caller, System, running_system
from tests.support.temporal import running_temporal

CAP = 20 * MIB
LINE = b"%07d,abcdefgh\r\n" % 1
LINES_AT_ONCE = 4096


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as environment:
        kept = tmp_path_factory.mktemp("files")
        environment.setenv("RINGI_ATTACHMENTS_FOLDER", str(kept))
        yield kept


@pytest.fixture(scope="module")
async def files_system(postgres: PostgresServer, folder: Path) -> AsyncIterator[System]:
    with running_temporal() as temporal, running_broker() as broker:
        async with running_system(postgres, temporal, broker) as running:
            await running.person("rep", Role.REP)
            await running.person("approver", Role.APPROVER)
            yield running


async def draft_of(system: System) -> tuple[Caller, str]:
    rep, approver = system.people["rep"], system.people["approver"]
    content = {"kind": "OTHER", "title": "添付", "approverId": str(approver.id), "draft": True}
    answer = await rep.ask("POST", "/approvals", content)
    assert answer.status == 201, answer.json
    return rep, answer.json["id"]


async def large_form(sent: "hashlib._Hash", size: int) -> AsyncIterator[bytes]:
    form, _ = multipart("明細.csv", b"\1")
    head, tail = form.split(b"\1")
    yield head
    piece = LINE * LINES_AT_ONCE
    left = size
    while left:
        part = piece[:left]
        sent.update(part)
        left -= len(part)
        yield part
    yield tail


def url_of(url: str, request: str) -> str:
    return f"{url}/api/v1/approvals/{request}/attachments"


def headers_of(caller: Caller) -> dict[str, str]:
    return {"Authorization": f"Bearer {caller.token}", "Content-Type": multipart("", b"")[1]}


@pytest.mark.parametrize("mounted", [True, False], ids=["in one process", "over the network"])
async def test_memory_does_not_grow_with_the_file(files_system: System, mounted: bool) -> None:
    """Client, gateway and service are one process here: all of them together take a fraction of the file."""
    rep, request = await draft_of(files_system)
    async with _alone(files_system) if not mounted else _same(files_system) as url:
        sent, got = hashlib.sha256(), hashlib.sha256()
        tracemalloc.start()
        try:
            async with rep.session.post(
                url_of(url, request), data=large_form(sent, CAP), headers=headers_of(rep)
            ) as response:
                answer = await response.json()
                assert response.status == 201, answer
            assert (answer["size"], answer["sha256"]) == (CAP, sent.hexdigest())
            headers = {"Authorization": f"Bearer {rep.token}"}
            async with rep.session.get(f"{url_of(url, request)}/{answer['id']}", headers=headers) as response:
                async for chunk in response.content.iter_any():
                    got.update(chunk)
            assert got.hexdigest() == sent.hexdigest()
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < CAP / 3


async def test_a_file_beyond_the_cap_is_refused_in_its_own_words_and_leaves_nothing(
    files_system: System, folder: Path
) -> None:
    rep, request = await draft_of(files_system)
    before = _stored(folder)
    form = large_form(hashlib.sha256(), CAP + 1)
    async with rep.session.post(url_of(rep.url, request), data=form, headers=headers_of(rep)) as response:
        answer = await response.json()
    assert (response.status, answer["code"], answer["maxBytes"]) == (413, "file_too_large", CAP)
    assert _stored(folder) == before


async def test_an_upload_that_breaks_off_is_not_to_be_seen(files_system: System, folder: Path) -> None:
    rep, request = await draft_of(files_system)
    before = _stored(folder)

    async def half() -> AsyncIterator[bytes]:
        async for chunk in large_form(hashlib.sha256(), CAP):
            yield chunk
            break
        raise ConnectionResetError

    with pytest.raises((aiohttp.ClientError, ConnectionError)):
        await rep.session.post(url_of(rep.url, request), data=half(), headers=headers_of(rep))
    assert (await rep.get(f"/approvals/{request}/attachments")).json["items"] == []
    assert _stored(folder) == before


async def test_a_slow_sender_holds_nobody_up(files_system: System) -> None:
    rep, request = await draft_of(files_system)
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        async for chunk in large_form(hashlib.sha256(), 100):
            yield chunk
            begun.set()
            await go_on.wait()

    async def upload() -> int:
        url, headers = url_of(rep.url, request), headers_of(rep)
        async with rep.session.post(url, data=slowly(), headers=headers) as response:
            return response.status

    sending = asyncio.create_task(upload())
    await begun.wait()
    answers = await asyncio.gather(*(rep.get(f"/approvals/{request}") for _ in range(20)))
    assert {answer.status for answer in answers} == {200}
    go_on.set()
    assert await sending == 201


async def test_a_crash_between_file_and_row_leaves_a_file_that_is_swept_later_and_no_row(
    files_system: System, folder: Path, tmp_path: Path
) -> None:
    rep, request = await draft_of(files_system)
    before = _stored(folder)
    environment = files_system.environment | {"RINGI_ATTACHMENTS_FOLDER": str(folder)}
    system = replace(files_system, environment=environment)
    with web_process(system, tmp_path, f"{CRASH_STORED}:1") as web:
        await web.ready()
        form = large_form(hashlib.sha256(), 1000)
        with pytest.raises(aiohttp.ClientError):
            await rep.session.post(url_of(web.url, request), data=form, headers=headers_of(rep))
        await web.process.dies("the process that had stored the file")
    assert (await rep.get(f"/approvals/{request}/attachments")).json["items"] == []
    [orphan] = set(_stored(folder)) - set(before)
    async with Database(files_system.databases["opportunity"], name="test") as db:
        assert await sweep(db, FolderStorage(folder)) == 0, "an upload may still be under way"
        for path in _stored(folder):
            os.utime(path, (0, 0))
        assert await sweep(db, FolderStorage(folder)) == 1
    assert _stored(folder) == before
    assert orphan not in before


@asynccontextmanager
async def _same(system: System) -> AsyncIterator[str]:
    yield system.url


@asynccontextmanager
async def _alone(system: System) -> AsyncIterator[str]:
    """Another gateway, which reaches the services by their addresses."""
    settings = GatewaySettings(**system.settings.model_dump(exclude_none=True))
    async with listening(create_app(settings)) as port:
        yield f"http://127.0.0.1:{port}"


def _stored(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())
