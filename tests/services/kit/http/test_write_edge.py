"""What a client relies on when it writes: one effect and one answer per key, and nothing half done."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import pytest
from fastapi import APIRouter
from starlette.responses import Response

from services.contracts.permissions import permissions_of
from services.kit.errors import Conflict
from services.kit.http import CurrentUser, Reads, ServiceRoute, Uow, create_service_app, json_response
from services.kit.http.problems import problem_response
from services.kit.models import CamelModel, Int64
from tests.support.http import ServiceClient, TestIssuer, new_key, running, settings_for


@dataclass
class Gate:
    """Holds the handler of a slow request until the test opens it."""

    entered: asyncio.Event = field(default_factory=asyncio.Event)
    opened: asyncio.Event = field(default_factory=asyncio.Event)


class NewThing(CamelModel):
    name: str
    amount: Int64 = 0


def thing_routers(gate: Gate) -> list[APIRouter]:
    writes = APIRouter(route_class=ServiceRoute)
    reads = APIRouter()

    async def insert(uow: Uow, name: str) -> UUID:
        thing_id = uuid4()
        await uow.execute("INSERT INTO things (id, name) VALUES (%s, %s)", [thing_id, name])
        return thing_id

    @writes.post("/things", status_code=201)
    async def create(body: NewThing, uow: Uow, _caller: CurrentUser) -> Response:
        thing_id = await insert(uow, body.name)
        if body.name == "slow":
            gate.entered.set()
            await gate.opened.wait()
        if body.name == "refused":
            raise Conflict()
        if body.name == "broken":
            raise RuntimeError("the secret is sesame")
        if body.name == "counted":
            return problem_response(Conflict())
        return json_response({"id": thing_id}, 201, version=1)

    @reads.get("/things")
    async def count(reader: Reads, _caller: CurrentUser) -> dict[str, int]:
        return {"count": await reader.scalar("SELECT count(*) FROM things")}

    return [writes, reads]


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
async def client(kit_database_url: str, issuer: TestIssuer, gate: Gate) -> AsyncIterator[ServiceClient]:
    app = create_service_app(
        "customer", settings_for("customer", kit_database_url), thing_routers(gate), permissions_of=permissions_of
    )
    async with running(app, issuer) as started:
        yield started


@pytest.fixture
def token(issuer: TestIssuer) -> str:
    return issuer.token(uuid4(), ["rep"])


async def things(client: ServiceClient, token: str) -> int:
    count: int = (await client.get("/things", token=token)).json["count"]
    return count


async def test_the_same_key_and_body_gives_the_same_answer_and_one_effect(client: ServiceClient, token: str) -> None:
    key = new_key()
    first = await client.post("/things", {"name": "a"}, token=token, key=key)
    second = await client.post("/things", {"name": "a"}, token=token, key=key)
    assert first.status == second.status == 201
    assert first.body == second.body
    assert second.headers["etag"] == first.headers["etag"]
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert await things(client, token) == 1


async def test_the_same_key_with_another_body_is_refused(client: ServiceClient, token: str) -> None:
    key = new_key()
    await client.post("/things", {"name": "a"}, token=token, key=key)
    second = await client.post("/things", {"name": "b"}, token=token, key=key)
    assert (second.status, second.json["code"]) == (422, "idempotency_key_reused")


async def test_another_caller_may_use_the_same_key(client: ServiceClient, token: str, issuer: TestIssuer) -> None:
    key = new_key()
    first = await client.post("/things", {"name": "a"}, token=token, key=key)
    other = await client.post("/things", {"name": "a"}, token=issuer.token(uuid4(), ["rep"]), key=key)
    assert other.status == 201
    assert other.body != first.body


async def test_a_repeat_while_the_first_still_runs_is_told_so(client: ServiceClient, token: str, gate: Gate) -> None:
    key = new_key()
    first = asyncio.create_task(client.post("/things", {"name": "slow"}, token=token, key=key))
    await gate.entered.wait()
    repeat = await client.post("/things", {"name": "slow"}, token=token, key=key)
    assert repeat.status == 409
    assert repeat.json["code"] == "idempotency_in_flight"
    assert repeat.headers["retry-after"] == "1"
    gate.opened.set()
    assert (await first).status == 201


@pytest.mark.parametrize("name", ["refused", "broken"])
async def test_a_failed_write_leaves_nothing_and_is_not_replayed(client: ServiceClient, token: str, name: str) -> None:
    key = new_key()
    failed = await client.post("/things", {"name": name}, token=token, key=key)
    assert failed.status in (409, 500)
    assert await things(client, token) == 0
    again = await client.post("/things", {"name": name}, token=token, key=key)
    assert "idempotency-replayed" not in again.headers


async def test_a_refusal_that_is_returned_keeps_what_it_counted(client: ServiceClient, token: str) -> None:
    refused = await client.post("/things", {"name": "counted"}, token=token)
    assert refused.status == 409
    assert await things(client, token) == 1


async def test_an_unexpected_error_tells_nothing_but_its_trace(client: ServiceClient, token: str) -> None:
    failed = await client.post("/things", {"name": "broken"}, token=token)
    assert failed.status == 500
    assert failed.headers["content-type"] == "application/problem+json"
    assert failed.json["traceId"] in failed.headers["traceparent"]
    assert b"sesame" not in failed.body
    assert b"Traceback" not in failed.body


async def test_stored_answers_are_not_readable_in_the_database(client: ServiceClient, token: str) -> None:
    answer = await client.post("/things", {"name": "a"}, token=token, key=new_key())
    async with client.kit.db.reader() as reader:
        stored = await reader.scalar("SELECT body FROM idempotency_keys")
    assert answer.json["id"].encode() not in stored


@pytest.mark.parametrize("key", ["", "ключ", "a" * 256, "with space"])
async def test_a_malformed_key_is_a_field_error(client: ServiceClient, token: str, key: str) -> None:
    headers = {"idempotency-key": key.encode().decode("latin-1")}
    answer = await client.post("/things", {"name": "a"}, token=token, headers=headers)
    assert answer.status == 422
    assert answer.json["errors"][0] | {"message": ""} == {
        "pointer": "/Idempotency-Key",
        "in": "header",
        "code": "idempotency_key_malformed",
        "message": "",
    }
