"""Typed search attributes of every process, as Temporal's UI lists and filters them.

Apart from the client, so that a workflow's sandbox can import the keys without a settings or gRPC module.
"""

from collections.abc import Mapping

from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes

PROCESS_TYPE = SearchAttributeKey.for_keyword("ProcessType")
RESOURCE_ID = SearchAttributeKey.for_keyword("ResourceId")
ACTOR_ID = SearchAttributeKey.for_keyword("ActorId")
PROCESS_STATUS = SearchAttributeKey.for_keyword("ProcessStatus")

ALL_KEYS = (PROCESS_TYPE, RESOURCE_ID, ACTOR_ID, PROCESS_STATUS)
"""What must be registered with a namespace before the first start."""


def search_attributes(values: Mapping[str, str]) -> TypedSearchAttributes:
    """From the JSON of an intent (services.kit.processes.intents.SearchAttributes)."""
    keys = {key.name: key for key in ALL_KEYS}
    return TypedSearchAttributes([SearchAttributePair(keys[name], value) for name, value in values.items()])
