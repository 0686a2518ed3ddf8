"""A worker of its own process, which a fault test lets die: the queue of the service and the relay of intents.

usage: python -m tests.services.opportunity.worker_child DATABASE_URL TEMPORAL_ADDRESS
"""

import asyncio
import sys

from services.kit.db.database import Database
from services.kit.processes.intent_relay import IntentRelay
from services.kit.running.temporal import connect
from services.kit.trust.internal import InternalClient, InternalTokens
from tests.support.http import settings_for
from tests.support.temporal import TemporalAddress
from workers.opportunity import temporal_part
from workers.runtime import build_worker


async def main(url: str, address: str) -> None:
    settings = settings_for("opportunity", url)
    client = await connect(TemporalAddress(address), lazy=False)
    internal = InternalClient(settings, InternalTokens(settings, "opportunity"))
    async with Database(url, name="opportunity") as db, build_worker(client, temporal_part(db, internal, client)):
        print("ready", flush=True)  # noqa: T201 - what the test waits for
        await IntentRelay(db, client).run(asyncio.Event())


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
