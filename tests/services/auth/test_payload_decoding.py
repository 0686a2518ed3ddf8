"""The codec server: who may operate processes reads what Temporal keeps of them, and the audit log says so."""

import base64
from typing import Any

import pytest
from temporalio.api.common.v1 import Payload

from services.contracts.permissions import Role
from services.kit.running.payload_codec import EncryptionCodec
from services.kit.running.payload_keys import PayloadKeys
from tests.services.auth.conftest import AuthWorld
from tests.support.http import StartService

NEW, OLD = (base64.b64encode(bytes([number]) * 32).decode() for number in (1, 2))
PLAIN = Payload(metadata={"encoding": b"json/plain"}, data='"山田商事"'.encode())


def as_json(payload: Payload) -> dict[str, Any]:
    """Protobuf's JSON, as Temporal's UI sends and reads it."""
    metadata = {name: base64.b64encode(value).decode() for name, value in payload.metadata.items()}
    return {"metadata": metadata, "data": base64.b64encode(payload.data).decode()}


async def sealed(text: str, *payloads: Payload) -> list[dict[str, Any]]:
    return [as_json(payload) for payload in await EncryptionCodec(PayloadKeys.parse(text)).encode(payloads)]


@pytest.fixture
async def world(service_client: StartService) -> AuthWorld:
    return AuthWorld(await service_client("auth", temporal_payload_keys=f"new:{NEW},old:{OLD}"))


async def test_an_operator_reads_payloads_of_every_key_and_of_none_and_it_is_audited(world: AuthWorld) -> None:
    ops = await world.signed_in(Role.OPS)
    body = {
        "payloads": [
            *await sealed(f"new:{NEW}", PLAIN),
            *await sealed(f"old:{OLD}", PLAIN),
            as_json(PLAIN) | {"addedLater": 1},
        ]
    }
    headers = {"x-namespace": "crm"}
    answer = await world.client.post("/auth/temporal/decode", body, token=ops.token, headers=headers)
    assert (answer.status, answer.headers["cache-control"]) == (200, "no-store")
    assert answer.json == {"payloads": [as_json(PLAIN)] * 3}
    (entry,) = await world.audit("payloads.decode")
    assert (entry["actor_id"], entry["detail"]) == (ops.id, {"namespace": "crm", "count": 3})


async def test_a_rep_reads_none_and_nobody_without_a_token_does(world: AuthWorld) -> None:
    body = {"payloads": await sealed(f"new:{NEW}", PLAIN)}
    for roles in ((Role.REP,), (Role.AUDITOR, Role.APPROVER)):
        person = await world.signed_in(*roles)
        assert (await world.client.post("/auth/temporal/decode", body, token=person.token)).status == 403
    assert (await world.client.post("/auth/temporal/decode", body)).status == 401
    assert await world.audit("payloads.decode") == []


async def test_what_no_key_opens_is_refused(world: AuthWorld) -> None:
    ops = await world.signed_in(Role.OPS)
    foreign = await sealed(f"other:{NEW}", PLAIN)
    for payload, code in ((foreign[0], "payload_unreadable"), ({"metadata": {"encoding": "a"}}, "unprocessable")):
        answer = await world.client.post("/auth/temporal/decode", {"payloads": [payload]}, token=ops.token)
        assert (answer.status, answer.json["code"]) == (422, code)


async def test_a_payload_of_the_size_that_temporal_takes_is_read(world: AuthWorld) -> None:
    ops = await world.signed_in(Role.OPS)
    large = Payload(metadata={"encoding": b"json/plain"}, data=b'"' + b"x" * (2 * 1024 * 1024 - 200) + b'"')
    body = {"payloads": await sealed(f"new:{NEW}", large)}
    answer = await world.client.post("/auth/temporal/decode", body, token=ops.token)
    assert answer.json == {"payloads": [as_json(large)]}
