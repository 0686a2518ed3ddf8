"""`ringi migrate`: bring databases and Temporal to what this version needs. Safe to repeat, and twice at once."""

import asyncio
from typing import Final

from deploy.cli.target import settings
from deploy.cli.terminal import console
from services.kit.db import migrations
from services.kit.processes.registration import register_search_attributes
from services.kit.running.settings import ServiceSettings
from services.kit.running.temporal import connect

SERVICES: Final = ("auth", "customer", "sales_activity", "opportunity", "analytics")


def command() -> None:
    """Migrate the databases named in the environment and register Temporal's search attributes."""
    target = settings()
    out = console()
    for service in SERVICES:
        migrations.upgrade(service, target.database_url_for(service))
        out.print(f"✓ {service}")
    added = asyncio.run(_register(target))
    out.print(f"✓ Temporal ({', '.join(added) or 'nothing to add'})")


async def _register(target: ServiceSettings) -> list[str]:
    return await register_search_attributes(await connect(target))
