"""`ringi migrate`: bring databases and Temporal to what this version needs. Safe to repeat, and twice at once."""

import asyncio
from typing import Final

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.client import Client

from deploy.cli.target import settings
from deploy.cli.terminal import console
from services.kit.db import migrations
from services.kit.processes.search_attributes import ALL_KEYS
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


async def register_search_attributes(client: Client) -> list[str]:
    """Add the search attributes that the namespace lacks; returns their names."""
    listed = await client.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace=client.namespace)
    )
    missing = [key.name for key in ALL_KEYS if key.name not in listed.custom_attributes]
    if missing:
        keyword = IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD
        request = AddSearchAttributesRequest(
            namespace=client.namespace, search_attributes=dict.fromkeys(missing, keyword)
        )
        await client.operator_service.add_search_attributes(request)
    return missing
