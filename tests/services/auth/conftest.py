"""The running auth service with a few people in it."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from services.auth.commands import create_user
from services.auth.service.audit_verification import Finding, verify
from services.auth.service.head_stores import BUCKET, WEBHOOK, activate
from services.auth.signing import SigningKeys
from services.contracts.permissions import Role
from services.kit.db.database import Database
from services.kit.running.context import ActorContext
from services.kit.running.settings import ServiceSettings
from tests.services.auth.kept_heads import Kept
from tests.support.fake_s3 import FakeS3
from tests.support.http import Answer, ServiceClient, StartService, new_key

PASSWORD = "correct horse battery staple"


async def rotate_signing_key(settings: ServiceSettings, db: Database) -> str:
    """As the service does by itself when the present key has served its time. Returns the new key's id."""
    async with db.transaction(ActorContext.system()) as uow:
        return await SigningKeys(db, settings.signing_keys).rotate(uow)


async def verify_audit_chain(db: Database, head_file: Path | None = None) -> list[Finding]:
    """What ``ringi verify`` asks of the chain; empty when it holds."""
    async with db.reader() as reader:
        return await verify(reader, head_file)


@dataclass
class Person:
    id: UUID
    email: str
    token: str = ""
    refresh_token: str = ""


@dataclass
class AuthWorld:
    """``world.person(Role.REP)`` creates a user; ``world.sign_in(person)`` brings tokens."""

    client: ServiceClient
    numbers: Any = field(default_factory=lambda: itertools.count(1))

    async def person(self, *roles: Role, name: str = "山田 太郎", manager: Person | None = None) -> Person:
        email = f"user{next(self.numbers)}@ringi.example"
        user_id = await create_user(
            self.client.kit.db,
            email=email,
            name=name,
            password=PASSWORD,
            roles=roles or (Role.REP,),
            manager_id=manager.id if manager else None,
        )
        return Person(user_id, email)

    async def login(self, person: Person, password: str = PASSWORD, **more: Any) -> Answer:
        address = more.pop("address", None)
        client = ServiceClient(self.client.app, address) if address else self.client
        body = {"email": person.email, "password": password} | more
        return await client.post("/auth/login", body)

    async def signed_in(self, *roles: Role, **options: Any) -> Person:
        person = await self.person(*roles, **options)
        return await self.sign_in(person)

    async def sign_in(self, person: Person, **more: Any) -> Person:
        answer = await self.login(person, **more)
        assert answer.status == 200, answer.json
        person.token, person.refresh_token = answer.json["accessToken"], answer.json["refreshToken"]
        return person

    async def department(self, admin: Person, name: str, **more: Any) -> dict[str, Any]:
        answer = await self.client.post("/departments", {"name": name} | more, token=admin.token, key=new_key())
        assert answer.status == 201, answer.json
        made: dict[str, Any] = answer.json
        return made

    async def user(self, person: Person) -> dict[str, Any]:
        async with self.client.kit.db.reader() as reader:
            row = await reader.one("SELECT * FROM users WHERE id = %s", [person.id])
        assert row is not None
        return row

    async def events(self, person: Person) -> list[str]:
        async with self.client.kit.db.reader() as reader:
            rows = await reader.all(
                "SELECT event_type FROM outbox WHERE aggregate_id = %s AND topic = 'user.events' ORDER BY seq",
                [person.id],
            )
        return [row["event_type"] for row in rows]

    async def audit(self, action: str) -> list[dict[str, Any]]:
        async with self.client.kit.db.reader() as reader:
            return await reader.all("SELECT * FROM audit_entries WHERE action = %s ORDER BY at", [action])


@pytest.fixture
async def world(service_client: StartService) -> AuthWorld:
    return AuthWorld(await service_client("auth"))


@pytest.fixture
async def admin(world: AuthWorld) -> Person:
    return await world.signed_in(Role.ADMIN, name="管理 花子")


@pytest.fixture
async def kept(world: AuthWorld) -> AsyncIterator[Kept]:
    auditor = await world.signed_in(Role.AUDITOR)
    async with FakeS3() as s3:
        kept = Kept(world, s3, auditor)
        await kept.keys.ensure()
        await activate(kept.db, [BUCKET, WEBHOOK], asyncio.Event())
        await kept.receiver.start_server()
        yield kept
        await kept.receiver.close()
