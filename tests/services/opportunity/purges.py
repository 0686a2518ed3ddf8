"""Requests that have ended, and a purge some years later."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import psycopg
from psycopg.rows import dict_row
from temporalio.client import Client

from deploy.invariants import attachments, retention
from deploy.invariants.model import Violation
from deploy.invariants.system import System
from services.contracts.processes import UPDATE_RECALL, RecallCommand
from services.kit.files.storage import Storage
from services.kit.running import clock
from services.kit.running.ids import new_id
from services.opportunity.service import commands, purge_runs
from services.opportunity.service.attachments import Shelf
from services.opportunity.settings import OpportunitySettings
from tests.services.opportunity.test_attachments import attach
from tests.services.opportunity.world import Person, World
from tests.support.http import Answer

Json = dict[str, Any]
TEN_YEARS = timedelta(days=3_653)
HALF_A_YEAR = timedelta(days=181)


@dataclass
class Archive:
    """A world that keeps files in ``storage``; ``names`` tells which are there."""

    world: World
    storage: Storage
    names: Callable[[], set[str]]

    async def draft_with_file(self, rep: Person) -> tuple[Json, Json]:
        draft = await self.world.request(rep, await self.world.person("approver"), draft=True)
        answer = await attach(self.world, rep, draft)
        assert answer.status == 201, answer.json
        return draft, answer.json

    async def recalled_with_file(self, rep: Person) -> tuple[Json, Json]:
        draft, file = await self.draft_with_file(rep)
        assert (await self.world.act(rep, draft, "submit")).status == 200
        command = RecallCommand(
            approval_id=draft["id"], actor_id=rep.id, actor_roles=["rep"], command_key=str(new_id())
        )
        await commands.once(self.world.db, UPDATE_RECALL, command)
        return draft, file

    async def purge(self, later: timedelta = TEN_YEARS) -> int:
        """One run that begins so much later; of how many requests it deleted files."""
        run_id, done = new_id(), 0
        with clock.travel(later):
            while True:
                counted, remaining = await purge_runs.purge_slice(self.world.db, self.storage, run_id, lambda *_: None)
                done += counted
                if not remaining:
                    return done

    async def hold(self, by: Person, request: Json, reason: str = "訴訟 2026 年（ワ）第 1 号") -> Answer:
        return await self.world.client.post(
            f"/approvals/{request['id']}/legal-holds", {"reason": reason}, token=by.token
        )

    async def release(self, by: Person, hold: Json) -> Answer:
        return await self.world.client.post(
            f"/legal-holds/{hold['id']}/release", {"reason": "和解が成立した"}, token=by.token
        )

    async def violations(self) -> list[Violation]:
        """What `ringi verify` says of files."""
        async with AsyncExitStack() as stack:
            connection = await stack.enter_async_context(
                await psycopg.AsyncConnection.connect(self.world.db.url, autocommit=True, row_factory=dict_row)
            )
            system = System(
                {"opportunity": connection}, cast("Client", None), "", AsyncExitStack(), attachments=self.storage
            )
            return [*await attachments.files_match(system), *await retention.deleted_by_rule(system)]

    async def write(self, statement: str, *params: object) -> None:
        """Behind the service's back."""
        async with self.world.db.transaction(self.world.system) as uow:
            await uow.execute(statement, params)


def archive_of(world: World, storage: Storage, names: Callable[[], set[str]]) -> Archive:
    settings = OpportunitySettings(**world.client.kit.settings.model_dump())
    world.client.app.state.shelf = Shelf(settings, storage)
    return Archive(world, storage, names)


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*") if path.is_file()}
