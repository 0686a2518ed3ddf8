"""What a namespace of Temporal has to know before the first process starts."""

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.client import Client

from services.kit.processes.search_attributes import ALL_KEYS


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
