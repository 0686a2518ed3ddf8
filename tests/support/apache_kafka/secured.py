"""Apache Kafka that takes clients over TLS only, with a name and a password."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from tests.support.apache_kafka.broker import PROPERTIES, ApacheKafka
from tests.support.authority import Authority

USERNAME: Final = "ringi"
PASSWORD: Final = "s3cret"
_MODULES: Final = "org.apache.kafka.common.security"
_SIGN_IN: Final = f'required username="{USERNAME}" password="{PASSWORD}"'
_SECURITY: Final = f"""
listener.security.protocol.map=SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT
inter.broker.listener.name=SASL_SSL
sasl.mechanism.inter.broker.protocol=PLAIN
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512
ssl.keystore.type=PEM
ssl.keystore.location={{keystore}}
listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config={_MODULES}.scram.ScramLoginModule {_SIGN_IN};
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config={_MODULES}.scram.ScramLoginModule {_SIGN_IN};
listener.name.sasl_ssl.plain.sasl.jaas.config={_MODULES}.plain.PlainLoginModule {_SIGN_IN} user_{USERNAME}="{PASSWORD}";
"""


class SecuredKafka(ApacheKafka):
    formatting = tuple(
        f"--add-scram={mechanism}=[name={USERNAME},password={PASSWORD}]"
        for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-512")
    )

    def __init__(self, authority: Authority) -> None:
        super().__init__()
        server = authority.issue("kafka", "localhost", "127.0.0.1")
        keystore = self.folder / "keystore.pem"
        keystore.write_bytes(server.key.read_bytes() + server.certificate.read_bytes())
        # Kafka's broker checks its own certificate by the same trust when it calls itself.
        truststore = f"ssl.truststore.type=PEM\nssl.truststore.location={authority.file}\n"
        self.properties = (
            PROPERTIES.replace("PLAINTEXT://", "SASL_SSL://") + _SECURITY.format(keystore=keystore) + truststore
        )


@contextmanager
def running_secured_kafka(authority: Authority) -> Iterator[SecuredKafka]:
    broker = SecuredKafka(authority)
    try:
        broker.start()
        yield broker
    finally:
        broker.remove()
