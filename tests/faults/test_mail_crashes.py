"""A worker dies around the moment at which the mail server takes a mail: it arrives, and whoever gets it twice can
tell. In the whole system: a request over HTTP, its event over the broker, a mail over SMTP, and the way out of it."""

from collections.abc import Iterator

import pytest

from services.analytics.mail.sending import CRASH_ACCEPTED
from services.kit.db.database import Database
from services.kit.running.context import ActorContext
from tests.faults.scenarios import asked, request_to
from tests.faults.worker import WorkerProcesses
from tests.support.http import Answer
from tests.support.mail_server import Delivered, MailServer, mail_server
from tests.support.system import System
from tests.support.waiting import eventually


@pytest.fixture
def server(system: System, monkeypatch: pytest.MonkeyPatch) -> Iterator[MailServer]:
    """Workers that start from now on know it."""
    with mail_server() as started:
        for name, value in started.settings.items():
            if name != "public_url":  # the system's own
                monkeypatch.setitem(system.environment, f"RINGI_{name.upper()}", str(value))
        yield started


async def is_on(system: System) -> bool:
    return bool(await system.rows("analytics", "SELECT FROM mail_switch WHERE is_on"))


async def of_request(system: System, server: MailServer, request_id: str) -> list[Delivered]:
    return [mail for mail in server.delivered if f"{system.url}/approvals/{request_id}" in mail.part("plain")]


async def test_an_approver_gets_one_mail_and_ends_them_without_signing_in(
    system: System, workers: WorkerProcesses, server: MailServer
) -> None:
    workers.start()
    await eventually(lambda: is_on(system))
    rep, approver = system.people["rep"], system.people["approver"]
    request = await asked(rep, "POST", "/approvals", request_to(approver))
    (mail,) = await eventually(lambda: of_request(system, server, request["id"]))
    assert mail.recipient == "approver@ringi.example"
    assert request["number"] in mail.message["Subject"]

    way_out = mail.message["List-Unsubscribe"].strip("<>")
    body = "List-Unsubscribe=One-Click"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    async with system.session.post(way_out, data=body, headers=headers) as response:
        assert response.status == 204, Answer(response.status, {}, await response.read())
    await asked(rep, "POST", "/approvals", request_to(approver))
    # Its notice in the app tells that the second request has been consumed, by the batch that would make its mail.
    await eventually(lambda: _told(system, 2))
    left = await system.rows("analytics", "SELECT FROM mail_notices WHERE type = 'APPROVAL_WAITING'")
    assert len(left) == 1
    assert len(server.delivered) == 1


async def _told(system: System, times: int) -> bool:
    rows = await system.rows("analytics", "SELECT FROM notifications WHERE type = 'APPROVAL_WAITING'")
    return len(rows) >= times


async def test_a_mail_that_was_taken_before_the_crash_comes_again_under_its_own_name(
    system: System, workers: WorkerProcesses, server: MailServer
) -> None:
    manager, rep = system.people["manager"], system.people["rep"]
    workers.start(service="opportunity")
    mailing = workers.start(f"{CRASH_ACCEPTED}:1", service="analytics")
    await eventually(lambda: is_on(system))
    request = await asked(rep, "POST", "/approvals", request_to(manager))
    await mailing.dies(f"death at {CRASH_ACCEPTED}")
    (first,) = await of_request(system, server, request["id"])

    database = Database(system.databases["analytics"], name="test")
    async with database as db, db.transaction(ActorContext.system()) as uow:
        # As if the dead worker's claim had run out.
        await uow.execute("UPDATE mails SET next_at = now() WHERE next_at IS NOT NULL")
    workers.start(service="analytics")

    async def again() -> list[Delivered]:
        found = await of_request(system, server, request["id"])
        return found if len(found) > 1 else []

    second = (await eventually(again))[1]
    assert second.message["Message-ID"] == first.message["Message-ID"]
    assert second.recipient == first.recipient

    async def finished() -> bool:
        return [row["state"] for row in await system.rows("analytics", "SELECT state FROM mails")][-1:] == ["SENT"]

    await eventually(finished)
    assert len(await of_request(system, server, request["id"])) == 2
