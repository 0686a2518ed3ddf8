"""The two relays of a service's database: events to Kafka, intents to Temporal. See event_relay and intent_relay."""

from services.kit.event_relay import EventRelay
from services.kit.intent_relay import IntentRelay

__all__ = ["EventRelay", "IntentRelay"]
