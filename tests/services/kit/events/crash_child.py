"""A process that a fault test lets die at a crash point: runs a relay or the test's consumer until it is killed.

usage: python -m tests.services.kit.events.crash_child events|intents|consumer DATABASE_URL ADDRESS
"""

import asyncio
import sys

from services.kit.db.database import Database
from services.kit.events.consumer import Consumer
from services.kit.events.event_relay import EventRelay
from services.kit.processes.intent_relay import IntentRelay
from services.kit.running.temporal import connect
from tests.support.events import record_effects
from tests.support.kit_tables import THINGS_TOPIC
from tests.support.temporal import TemporalAddress


async def main(what: str, url: str, address: str) -> None:
    async with Database(url, name="kit") as db:
        if what == "events":
            await EventRelay(db, address).run(asyncio.Event())
        elif what == "intents":
            await IntentRelay(db, await connect(TemporalAddress(address))).run(asyncio.Event())
        else:
            consumer = Consumer(db, bootstrap=address, name="test", topics=[THINGS_TOPIC], apply=record_effects)
            await consumer.run(asyncio.Event())


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
