"""What auth reads from Kafka: the audit entries of all services."""

from services.auth.service.audit import take_over
from services.contracts.topics import AUDIT_EVENTS
from services.kit.consumer import Consumer
from services.kit.database import Database

AUDIT_CONSUMER = "auth.audit"


def consumer(db: Database, *, bootstrap: str) -> Consumer:
    return Consumer(db, bootstrap=bootstrap, name=AUDIT_CONSUMER, topics=[AUDIT_EVENTS], apply=take_over)
