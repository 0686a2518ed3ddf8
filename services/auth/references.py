"""What auth reads from Kafka: the audit entries of all services."""

from services.auth.service.audit import take_over
from services.contracts.topics import AUDIT_EVENTS
from services.kit.db.database import Database
from services.kit.events.consumer import Consumer
from services.kit.running.peers.kafka import Bootstrap

AUDIT_CONSUMER = "auth.audit"


def consumer(db: Database, *, bootstrap: Bootstrap) -> Consumer:
    return Consumer(db, bootstrap=bootstrap, name=AUDIT_CONSUMER, topics=[AUDIT_EVENTS], apply=take_over)
