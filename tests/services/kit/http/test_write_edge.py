"""What a client relies on when it writes: one effect and one answer per key, and nothing half done."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Annotated
from uuid import UUID, uuid4

import pytest
from fastapi import APIRouter, Depends
from starlette.responses import Response

from services.contracts.permissions import Permission, permissions_of
from services.kit.errors import Conflict, NotFound
from services.kit.http import CurrentUser, Reads, ServiceRoute, Uow, create_service_app, json_response, requires
from services.kit.http.problems import problem_response
from services.kit.models import CamelModel
from services.kit.running.context import ActorContext
from services.kit.trust.principal import Principal
from tests.support.http import ServiceClient, TestIssuer, new_key, running, settings_for

Writing = Annotated[Principal, Depends(requires(Permission.CUSTOMER_WRITE))]


@dataclass
class Gate:
    """Holds the handler of a slow request until the test opens it."""

    entered: asyncio.Event = field(default_factory=asyncio.Event)
    opened: asyncio.Event = field(default_factory=asyncio.Event)


class NewThing(CamelModel):
    name: str
    amount: int = 0


def thing_routers(gate: Gate) -> list[APIRouter]:
    router = APIRouter(route_class=ServiceRoute)

    async def insert(uow: Uow, name: str) -> UUID:
        thing_id = uuid4()
        await uow.execute("INSERT INTO things (id, name) VALUES (%s, %s)", [thing_id, name])
        return thing_id

    @router.post("/things", status_code=201)
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
        return json_response({"id": thing_id}, 201, version=1, headers={"Location": f"/api/v1/things/{thing_id}"})

    @router.get("/things")
    async def count(reader: Reads, _caller: CurrentUser) -> dict[str, int]:
        return {"count": await reader.scalar("SELECT count(*) FROM things")}

    @router.get("/things/{thing_id}")
    async def get(thing_id: UUID, reader: Reads, _caller: CurrentUser) -> dict[str, str]:
        name = await reader.scalar("SELECT name FROM things WHERE id = %s", [thing_id])
        if name is None:
            raise NotFound()
        return {"name": name}

    @router.patch("/things/{thing_id}/rename")
    async def rename(thing_id: UUID, body: NewThing, uow: Uow, _caller: Writing) -> Response:
        await uow.execute("UPDATE things SET name = %s WHERE id = %s", [body.name, thing_id])
        return json_response({"id": thing_id, "name": body.name})

    return [router]


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


async def test_a_stored_answer_is_not_shown_to_who_can_not_see_the_thing_any_more(
    client: ServiceClient, token: str
) -> None:
    key = new_key()
    made = await client.post("/things", {"name": "秘密"}, token=token, key=key)
    again = await client.post("/things", {"name": "秘密"}, token=token, key=key)
    assert (made.status, again.status, again.json) == (201, 201, made.json)
    renaming = new_key()
    path = f"/things/{made.json['id']}/rename"
    assert (await client.patch(path, {"name": "新しい秘密"}, token=token, key=renaming)).status == 200
    async with client.kit.db.transaction(ActorContext.system()) as uow:
        await uow.execute("DELETE FROM things")
    gone = await client.post("/things", {"name": "秘密"}, token=token, key=key)
    assert (gone.status, gone.json.get("code")) == (404, "not_found"), gone.json
    renamed = await client.patch(path, {"name": "新しい秘密"}, token=token, key=renaming)
    assert renamed.status == 404
    assert "新しい秘密" not in str(renamed.json)


async def test_a_stored_answer_is_not_shown_to_who_lost_the_right_to_what_was_done(
    client: ServiceClient, issuer: TestIssuer
) -> None:
    user_id = uuid4()
    rep, auditor = issuer.token(user_id, ["rep"]), issuer.token(user_id, ["auditor"])
    made = await client.post("/things", {"name": "x"}, token=rep)
    path, key = f"/things/{made.json['id']}/rename", new_key()
    assert (await client.patch(path, {"name": "y"}, token=rep, key=key)).status == 200
    refused = await client.patch(path, {"name": "y"}, token=auditor, key=key)
    assert (refused.status, refused.json["code"]) == (403, "forbidden"), refused.json
