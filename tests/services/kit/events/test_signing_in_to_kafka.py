"""Events pass through a Kafka that asks for TLS and a sign-in, with each mechanism, and not with a wrong password."""

from collections.abc import Iterator

import pytest
from aiokafka.errors import KafkaError

from services.kit.db.database import Database
from services.kit.events.broker import meet
from services.kit.events.event_relay import EventRelay
from services.kit.running.peers.kafka import KafkaAddress
from tests.support.apache_kafka.secured import PASSWORD, USERNAME, SecuredKafka, running_secured_kafka
from tests.support.authority import Authority
from tests.support.events import create_things, outbox_count, published, running
from tests.support.http import settings_for
from tests.support.waiting import eventually


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def kafka(authority: Authority) -> Iterator[SecuredKafka]:
    with running_secured_kafka(authority) as broker:
        yield broker


def address(kafka: SecuredKafka, authority: Authority, mechanism: str, password: str = PASSWORD) -> KafkaAddress:
    return settings_for(
        "auth",
        "",
        kafka_bootstrap=kafka.bootstrap,
        kafka_security_protocol="SASL_SSL",
        kafka_sasl_mechanism=mechanism,
        kafka_username=USERNAME,
        kafka_password=password,
        kafka_ca_file=authority.file,
    ).kafka()


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
async def test_the_outbox_reaches_a_broker_that_asks_for_a_sign_in(
    database: Database, kafka: SecuredKafka, authority: Authority, mechanism: str
) -> None:
    things = await create_things(database, 3)
    reached = address(kafka, authority, mechanism)

    async def all_published() -> bool:
        return await outbox_count(database, "cluster_id IS NULL") == 0

    async with running(EventRelay(database, reached).run):
        await eventually(all_published, what="the events at the broker")
    assert set(things) <= {envelope.aggregate_id for envelope in await published(reached)}


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-512"])
async def test_a_wrong_password_is_refused(kafka: SecuredKafka, authority: Authority, mechanism: str) -> None:
    with pytest.raises(KafkaError):
        await meet(address(kafka, authority, mechanism, password="guessed"))
