"""Temporal behind TLS, and what it keeps encrypted."""

import base64
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from temporalio import workflow
from temporalio.api.common.v1 import Payload
from temporalio.client import Client, WorkflowFailureError
from temporalio.exceptions import ApplicationError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from services.kit.running.payload_codec import EncryptionCodec, UnreadablePayloadError
from services.kit.running.payload_keys import PayloadKeys
from services.kit.running.temporal import connect, renew_api_key
from tests.support.authority import Authority
from tests.support.kit_workflows import DONE_AT_ONCE, WAITING, DoneAtOnce, Waiting, Word, shout
from tests.support.tcp_proxy import tcp_proxy
from tests.support.temporal import TemporalAddress, TemporalServer

PLANTED = "山田商事 secret-word"
OLD, NEW = (base64.b64encode(os.urandom(32)).decode() for _ in range(2))


def unique_queue() -> str:
    return f"secured-{uuid4()}"


def worker(client: Client, queue: str, **more: Any) -> Worker:
    return Worker(client, task_queue=queue, workflows=[Waiting, DoneAtOnce], activities=[shout], **more)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def tls_port(temporal_server: TemporalServer, authority: Authority) -> Iterator[int]:
    """Where Temporal answers over TLS, to clients with a certificate."""
    context = authority.server_context(asks_for_certificate=True, protocols=("h2",))
    with tcp_proxy(temporal_server.port, context) as proxy:
        yield proxy.port


async def test_client_and_worker_reach_temporal_with_a_client_certificate(tls_port: int, authority: Authority) -> None:
    pair = authority.issue("worker")
    settings = TemporalAddress(
        f"127.0.0.1:{tls_port}",
        temporal_ca_file=authority.file,
        temporal_server_name="localhost",
        temporal_cert_file=pair.certificate,
        temporal_key_file=pair.key,
    )
    client, queue = await connect(settings), unique_queue()
    async with worker(client, queue):
        done = await client.execute_workflow(DONE_AT_ONCE, Word(word="hello"), id=f"tls:{uuid4()}", task_queue=queue)
    assert done == {"word": "HELLO"}


async def test_temporal_is_not_reached_without_a_certificate_or_under_another_authority(
    tls_port: int, authority: Authority, tmp_path: Path
) -> None:
    stranger = Authority(tmp_path, "Somebody else")
    right, wrong = authority.issue("worker"), stranger.issue("worker")
    for ca, pair in ((authority, None), (authority, wrong), (stranger, right)):
        files: dict[str, Any] = {"temporal_ca_file": ca.file}
        if pair is not None:
            files |= {"temporal_cert_file": pair.certificate, "temporal_key_file": pair.key}
        with pytest.raises(RuntimeError, match="Failed client connect"):
            await connect(TemporalAddress(f"localhost:{tls_port}", **files))


async def test_an_api_key_that_was_exchanged_in_its_file_is_used_without_a_restart(
    tls_port: int, authority: Authority, tmp_path: Path
) -> None:
    file, pair = tmp_path / "api-key", authority.issue("worker")
    file.write_text("first\n")
    settings = TemporalAddress(
        f"localhost:{tls_port}",
        temporal_ca_file=authority.file,
        temporal_cert_file=pair.certificate,
        temporal_key_file=pair.key,
        temporal_api_key_file=file,
    )
    client = await connect(settings)
    assert client.api_key == "first"
    file.write_text("second\n")
    renew_api_key(client, settings)
    assert client.api_key == "second"
    file.unlink()
    renew_api_key(client, settings)
    assert client.api_key == "second", "a file that is being exchanged takes no key away"
    assert await client.service_client.check_health()


@workflow.defn(name="kit_failing")
class Failing:
    @workflow.run
    async def run(self, argument: Word) -> None:
        raise ApplicationError(f"no luck with {argument.word}", {"who": argument.word}, non_retryable=True)


def keys(text: str, **more: Any) -> PayloadKeys:
    found = TemporalAddress("unused:7233", temporal_payload_keys=text, **more).payload_keys()
    assert found is not None
    return found


async def history_of(client: Client, workflow_id: str) -> bytes:
    """What Temporal keeps, as it keeps it."""
    plain = await connect(TemporalAddress(client.service_client.config.target_host))
    events = plain.get_workflow_handle(workflow_id).fetch_history_events()
    return b"".join([event.SerializeToString() async for event in events])


async def test_nothing_that_people_typed_can_be_read_at_temporal(temporal_server: TemporalServer) -> None:
    settings = TemporalAddress(temporal_server.address, temporal_payload_keys=f"new:{NEW},old:{OLD}")
    client, queue = await connect(settings), unique_queue()
    waiting, failing = f"sealed:{uuid4()}", f"failing:{uuid4()}"
    async with (
        worker(client, queue),
        Worker(client, task_queue=f"{queue}-failing", workflows=[Failing], workflow_runner=UnsandboxedWorkflowRunner()),
    ):
        handle = await client.start_workflow(
            WAITING, Word(word=PLANTED), id=waiting, task_queue=queue, memo={"of": PLANTED}, static_summary=PLANTED
        )
        await handle.signal("say", Word(word=f"{PLANTED} again"))
        await handle.signal("say", Word(word="end"))
        assert await handle.result() == [PLANTED, f"{PLANTED} again", "end"]
        assert await (await handle.describe()).static_summary() == PLANTED
        with pytest.raises(WorkflowFailureError) as failed:
            await client.execute_workflow("kit_failing", Word(word=PLANTED), id=failing, task_queue=f"{queue}-failing")
    cause = failed.value.cause
    assert isinstance(cause, ApplicationError)
    assert (cause.message, cause.details) == (f"no luck with {PLANTED}", ({"who": PLANTED},))
    for workflow_id in (waiting, failing):
        kept = await history_of(client, workflow_id)
        assert b"new" in kept
        for word in ("secret-word", "山田商事", "no luck"):
            assert word.encode() not in kept
            assert base64.b64encode(word.encode()) not in kept


async def test_a_history_from_before_encryption_goes_on_under_it(temporal_server: TemporalServer) -> None:
    plain, queue = await connect(temporal_server.settings), unique_queue()
    workflow_id = f"mixed:{uuid4()}"
    async with worker(plain, queue):
        handle = await plain.start_workflow(WAITING, Word(word="plain"), id=workflow_id, task_queue=queue)
        await handle.signal("say", Word(word="early"))
    assert b"early" in await history_of(plain, workflow_id)
    for text, word in ((f"old:{OLD}", "one"), (f"new:{NEW},old:{OLD}", "two")):
        client = await connect(TemporalAddress(temporal_server.address, temporal_payload_keys=text))
        await client.get_workflow_handle(workflow_id).signal("say", Word(word=word))
    await client.get_workflow_handle(workflow_id).signal("say", Word(word="end"))
    async with worker(client, queue):
        assert await client.get_workflow_handle(workflow_id).result() == ["plain", "early", "one", "two", "end"]


async def test_a_new_key_is_read_before_it_is_used() -> None:
    """How keys are exchanged: first every process can read with the new one, then they write with it."""
    words = [Payload(metadata={"encoding": b"json/plain"}, data=b'"word"')]
    reads_only = EncryptionCodec(keys(f"new:{NEW}", temporal_encrypt_payloads=False))
    assert await reads_only.encode(words) == words
    writes = EncryptionCodec(keys(f"new:{NEW}"))
    sealed = await writes.encode(words)
    assert sealed[0].metadata["encryption-key-id"] == b"new"
    assert sealed != await writes.encode(words), "the same words twice can't be seen to be the same"
    assert await reads_only.decode([*sealed, *words]) == [*words, *words]


async def test_what_no_key_opens_is_refused_without_a_word_of_its_content() -> None:
    words = [Payload(metadata={"encoding": b"json/plain"}, data=b'"word"')]
    (sealed,) = await EncryptionCodec(keys(f"new:{NEW}")).encode(words)
    with pytest.raises(UnreadablePayloadError, match="a key that is not set here"):
        await EncryptionCodec(keys(f"old:{OLD}")).decode([sealed])
    with pytest.raises(UnreadablePayloadError, match="not encrypted with the key that it names"):
        await EncryptionCodec(keys(f"new:{OLD}")).decode([sealed])
    for data in (b"", sealed.data[:11], sealed.data[:-1], sealed.data[:-1] + bytes([sealed.data[-1] ^ 1])):
        damaged = Payload(metadata=dict(sealed.metadata), data=data)
        with pytest.raises(UnreadablePayloadError):
            await EncryptionCodec(keys(f"new:{NEW}")).decode([damaged])
