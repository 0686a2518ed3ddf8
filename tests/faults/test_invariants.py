"""Each invariant holds on a system at rest, and is seen to fail when what it guards is broken.

What breaks it happens in a transaction that only the check looks into and that is rolled back after it.
"""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from deploy.invariants import attachments, processes
from deploy.invariants import system as read_only
from deploy.invariants.catalogue import INVARIANTS
from deploy.invariants.model import Invariant
from deploy.invariants.run import verify
from services.contracts.permissions import Role
from services.kit.running import clock
from tests.support.broker import running_broker
from tests.support.files import PDF, multipart
from tests.support.kind_fields import filled_in
from tests.support.postgres import PostgresServer
from tests.support.system import Caller, System, running_system
from tests.support.temporal import running_temporal
from tests.support.waiting import eventually

LONG = 120.0
SETTLE_SECONDS = 60.0


@pytest.fixture(scope="module")
async def lived_in(postgres: PostgresServer) -> AsyncIterator[System]:
    """Decided and pending requests, a deleted customer, a user who left, a task that was announced."""
    with running_temporal() as temporal, running_broker() as broker:
        async with _with_files(), running_system(postgres, temporal, broker) as running:
            admin = await running.person("admin", Role.ADMIN)
            manager = await running.person("manager", Role.MANAGER)
            rep = await running.person("rep", Role.REP, manager=manager)
            leaver = await running.person("leaver", Role.REP, manager=manager)
            approver = await running.person("approver", Role.APPROVER)
            await _decide(rep, approver)
            await _delete_customer(rep, manager)
            await _leave(admin, leaver, rep)
            await _announce(rep)
            yield running


async def _post(caller: Caller, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = await caller.ask("POST", path, body)
    assert answer.status < 300, answer.json
    created: dict[str, Any] = answer.json
    return created


def _request_to(approver: Caller) -> dict[str, Any]:
    return filled_in({"kind": "FEE_DISCOUNT", "title": "手数料", "approverId": str(approver.id)})


async def _decide(rep: Caller, approver: Caller) -> None:
    customer = await _post(rep, "/customers", {"name": "山田 太郎", "kind": "INDIVIDUAL"})
    content = _request_to(approver) | {"customerId": customer["id"], "amount": "1250.50", "currency": "USD"}
    decided = await _post(rep, "/approvals", content | {"draft": True})
    await _attach(rep, decided)
    submitted = await rep.ask("PATCH", f"/approvals/{decided['id']}/submit")
    assert submitted.status == 200, submitted.json
    answer = await approver.ask("PATCH", f"/approvals/{decided['id']}/approve", {"comment": "承認します。"})
    assert answer.status == 200, answer.json
    stage = {"name": "承認", "approverIds": [str(approver.id)], "deadlineHours": 24}
    waiting = {name: value for name, value in content.items() if name != "approverId"} | {"stages": [stage]}
    await _post(rep, "/approvals", waiting | {"title": "決裁待ち"})
    many = await _post(rep, "/approvals", content | {"title": "一括"})
    batch = await _post(approver, "/approvals/bulk-decisions", {"decision": "APPROVE", "items": [{"id": many["id"]}]})
    await _ended(approver, {"id": batch["processId"]})


@asynccontextmanager
async def _with_files() -> AsyncIterator[None]:
    """A place for attachments, which services and checks read from the environment."""
    with tempfile.TemporaryDirectory(prefix="ringi-files-") as folder, pytest.MonkeyPatch.context() as environment:
        environment.setenv("RINGI_ATTACHMENTS_FOLDER", folder)
        yield


def _stored_files() -> list[Path]:
    return [path for path in Path(os.environ["RINGI_ATTACHMENTS_FOLDER"]).rglob("*") if path.is_file()]


async def _attach(rep: Caller, request: dict[str, Any]) -> None:
    body, media_type = multipart("見積書.pdf", PDF)
    headers = {"Content-Type": media_type, "Authorization": f"Bearer {rep.token}"}
    url = f"{rep.url}/api/v1/approvals/{request['id']}/attachments"
    async with rep.session.post(url, data=body, headers=headers) as response:
        assert response.status == 201, await response.text()


async def _ended(caller: Caller, process: dict[str, Any]) -> None:
    identity = process.get("sagaId", process.get("id"))

    async def completed() -> bool:
        return bool((await caller.get(f"/sagas/{identity}")).json["status"] == "COMPLETED")

    await eventually(completed, within=LONG, what="the end of the process")


async def _delete_customer(rep: Caller, manager: Caller) -> None:
    customer = await _post(rep, "/customers", {"name": "消える 商会", "kind": "CORPORATE"})
    due = (clock.now() + timedelta(days=30)).isoformat()
    await _post(rep, "/tasks", {"title": "隠れる仕事", "customerId": customer["id"], "dueDate": due})
    await _ended(manager, (await manager.ask("DELETE", f"/customers/{customer['id']}")).json)


async def _leave(admin: Caller, leaver: Caller, successor: Caller) -> None:
    await _post(leaver, "/customers", {"name": "引継ぎ 花子", "kind": "INDIVIDUAL"})
    answer = await admin.ask("DELETE", f"/auth/users/{leaver.id}?successorId={successor.id}")
    await _ended(admin, answer.json)


async def _announce(rep: Caller) -> None:
    due = (clock.now() + timedelta(hours=1)).isoformat()
    task = await _post(rep, "/tasks", {"title": "間近の仕事", "dueDate": due})

    async def told() -> bool:
        notices = (await rep.get("/notifications")).json["items"]
        return any(notice["resourceId"] == task["id"] for notice in notices)

    await eventually(told, within=LONG, what="the notice of a task that falls due")
    done = await rep.ask("PATCH", f"/tasks/{task['id']}/status", {"status": "COMPLETED"})
    assert done.status == 200, done.json


async def test_a_system_at_rest_holds_every_invariant(lived_in: System) -> None:
    async with await read_only.System.open(lived_in.settings) as system:
        findings = await verify(system, settle_seconds=SETTLE_SECONDS)
    assert [(f.invariant.key, f.violations) for f in findings if not f.holds] == []


@dataclass(frozen=True)
class Tampering:
    """How a database is made to say what must not be."""

    service: str
    statement: str


LAST = "(SELECT max(seq) FROM outbox WHERE aggregate_version IS NOT NULL)"
COPY_NOTICE = (
    "INSERT INTO outbox (created_at, event_id, event_type, schema_version, topic, aggregate_id, data, cluster_id)"
    " SELECT now(), gen_random_uuid(), event_type, schema_version, topic, aggregate_id, {data}, cluster_id"
    " FROM outbox WHERE event_type = 'task.due_soon'"
)
TAMPERINGS = {
    "deleted-customers": Tampering("sales_activity", "UPDATE tasks SET deleted_at = NULL WHERE title = '隠れる仕事'"),
    "deleted-users": Tampering(
        "customer",
        "UPDATE customers SET assigned_sales_id = (SELECT id FROM user_copies WHERE state = 'DELETED')"
        " WHERE state = 'ACTIVE'",
    ),
    "one-decision": Tampering("opportunity", "UPDATE approvals SET state = 'REJECTED' WHERE state = 'APPROVED'"),
    "decision-workflow": Tampering("opportunity", "UPDATE approvals SET state = 'PENDING' WHERE state = 'APPROVED'"),
    "decision-read-model": Tampering(
        "analytics", "UPDATE read_model.approval_history SET state = 'REJECTED' WHERE state = 'APPROVED'"
    ),
    "decision-right": Tampering(
        "opportunity",
        "UPDATE approvals a SET requester_id = h.actor_id FROM approval_history h"
        " WHERE h.approval_id = a.id AND h.action = 'APPROVE'",
    ),
    "as-seen": Tampering(
        "opportunity", "UPDATE approvals SET fields = fields || '{\"feeRateAfter\": \"0\"}' WHERE state = 'APPROVED'"
    ),
    "one-place": Tampering(
        "opportunity",
        "INSERT INTO approval_votes (approval_id, generation, revision, stage, approver_id, voter_id, decision, at)"
        " SELECT approval_id, generation, revision, stage, gen_random_uuid(), voter_id, decision, at"
        " FROM approval_votes WHERE decision = 'APPROVE'",
    ),
    "opinions": Tampering(
        "opportunity",
        "INSERT INTO approval_participants (user_id, relation, approval_id, created_at)"
        " SELECT owner_id, 'ASKED', id, created_at FROM approvals WHERE state = 'APPROVED'",
    ),
    "opinions-clock": Tampering(
        "opportunity",
        """UPDATE approvals SET opinions = '[{"answerId": null, "blocks": true}]' WHERE title = '決裁待ち'""",
    ),
    "approval-chains": Tampering("opportunity", "UPDATE approval_history SET role = 'ADMIN' WHERE action = 'APPROVE'"),
    "receipts": Tampering("opportunity", "UPDATE approval_history SET action = 'READ' WHERE action = 'APPROVE'"),
    "circulation": Tampering(
        "opportunity",
        "INSERT INTO approval_circulation (id, approval_id, purpose, user_id, generation, revision, since)"
        " SELECT gen_random_uuid(), id, 'CONSULT', gen_random_uuid(), generation, revision, now() FROM approvals"
        " WHERE state = 'APPROVED'",
    ),
    "attachments": Tampering("opportunity", "UPDATE approval_attachments SET sha256 = repeat('0', 64)"),
    "retention": Tampering(
        "opportunity",
        "UPDATE approval_attachments SET purge_rule = 'RETENTION', purge_term = 10, purge_begun_at = now()",
    ),
    "bulk-items": Tampering(
        "opportunity", "UPDATE bulk_decision_items SET status = 'CANCELLED' WHERE status = 'DECIDED'"
    ),
    "audit-chain": Tampering("auth", "UPDATE audit_log SET action = 'nothing' WHERE action = 'user.created'"),
    "published": Tampering("customer", f"UPDATE outbox SET cluster_id = 'another' WHERE seq = {LAST}"),  # noqa: S608
    "applied-once": Tampering(
        "analytics", "DELETE FROM inbox WHERE event_id = (SELECT event_id FROM inbox ORDER BY event_id LIMIT 1)"
    ),
    "positions": Tampering(
        "analytics", "UPDATE consumer_positions SET next_offset = next_offset + 1000 WHERE topic = 'user.events'"
    ),
    "no-gaps": Tampering("customer", f"UPDATE outbox SET aggregate_version = 99 WHERE seq = {LAST}"),  # noqa: S608
    "rows-events": Tampering("customer", "UPDATE customers SET event_version = event_version + 1"),
    "copies": Tampering("sales_activity", "UPDATE user_copies SET name = 'somebody else' WHERE name = 'rep'"),
    "read-models": Tampering("analytics", "UPDATE read_model.task_history SET state = 'CANCELLED'"),
    "processes-rows": Tampering("customer", "UPDATE customers SET state = 'DELETING' WHERE state = 'ACTIVE'"),
    "processes-workflows": Tampering("customer", "UPDATE processes SET finished_at = NULL"),
    "processes-deadline": Tampering(
        "customer", "UPDATE processes SET finished_at = NULL, started_at = now() - interval '2 hours'"
    ),
    "fences": Tampering("opportunity", "UPDATE customer_copies SET blocked_by_process = gen_random_uuid()"),
    "notices-once": Tampering("sales_activity", COPY_NOTICE.format(data="data")),
    "notices-live": Tampering("sales_activity", COPY_NOTICE.format(data='data || \'{"dueDate": "2030-01-01"}\'')),
    "notices-over": Tampering("analytics", "UPDATE notifications SET read_at = NULL WHERE closed_at IS NOT NULL"),
    "at-rest": Tampering(
        "opportunity",
        "INSERT INTO dead_letters (id, consumer, cluster_id, topic, partition, source_offset, body, reason, attempts)"
        " VALUES (gen_random_uuid(), 'opportunity.references', 'c', 'user.events', 0, 1, '', 'poison', 3)",
    ),
}


@asynccontextmanager
async def tampered(lived_in: System, tampering: Tampering) -> AsyncIterator[read_only.System]:
    """The system as a check sees it from inside the transaction that tampers with one database."""
    async with AsyncExitStack() as stack:
        connections = {}
        for service, url in lived_in.databases.items():
            connection = await psycopg.AsyncConnection.connect(url, autocommit=True, row_factory=dict_row)
            connections[service] = await stack.enter_async_context(connection)
        honest = await stack.enter_async_context(await read_only.System.open(lived_in.settings))
        broken = connections[tampering.service]
        await stack.enter_async_context(broken.transaction(force_rollback=True))
        await broken.execute("SET LOCAL session_replication_role = replica")  # past the insert-only triggers
        changed = await broken.execute(tampering.statement)
        assert changed.rowcount > 0, "nothing was tampered with"
        kafka = lived_in.settings.require("kafka_bootstrap")
        yield read_only.System(connections, honest.temporal, kafka, AsyncExitStack(), attachments=honest.attachments)


async def test_a_command_that_can_not_be_settled_is_found(lived_in: System, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "COMMAND_DEADLINE", timedelta(0))
    rep, approver = await lived_in.person("asker", Role.REP), await lived_in.person("decider", Role.APPROVER)
    request = await _post(rep, "/approvals", _request_to(approver))
    async with await read_only.System.open(lived_in.settings) as system:

        async def found() -> bool:
            return await processes.no_command_lingers(system) != []

        assert not await found()
        async with await psycopg.AsyncConnection.connect(lived_in.databases["opportunity"]) as locker:
            await locker.execute("SELECT 1 FROM approvals WHERE id = %s FOR UPDATE", [request["id"]])
            asking = asyncio.create_task(approver.ask("PATCH", f"/approvals/{request['id']}/approve", {}))
            await eventually(found, within=LONG, what="the command that waits for the row")
            await locker.rollback()
            await asking

        async def settled() -> bool:
            return not await found()

        await eventually(settled, within=LONG)


async def test_a_flipped_byte_and_a_missing_file_are_found(lived_in: System) -> None:
    [file] = _stored_files()
    async with await read_only.System.open(lived_in.settings) as system:
        assert await attachments.files_match(system) == []
        whole = file.read_bytes()
        file.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        [flipped] = await attachments.files_match(system)
        file.unlink()
        [missing] = await attachments.files_match(system)
        file.write_bytes(whole)
    assert (flipped.subject, missing.subject) == (f"attachment:{file.name}",) * 2
    assert "hash" in flipped.detail
    assert missing.detail == "its file is missing"


IN_DATABASES = [invariant for invariant in INVARIANTS if invariant.key != "commands"]


@pytest.mark.parametrize("invariant", IN_DATABASES, ids=lambda invariant: invariant.key)
async def test_a_broken_invariant_is_found(lived_in: System, invariant: Invariant) -> None:
    async with tampered(lived_in, TAMPERINGS[invariant.key]) as system:
        assert await invariant.check(system) != []
