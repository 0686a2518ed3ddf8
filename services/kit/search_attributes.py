"""Typed search attributes of every process, as Temporal's UI lists and filters them.

Apart from the client, so that a workflow's sandbox can import the keys without a settings or gRPC module.
"""

from temporalio.common import SearchAttributeKey

PROCESS_TYPE = SearchAttributeKey.for_keyword("ProcessType")
RESOURCE_ID = SearchAttributeKey.for_keyword("ResourceId")
ACTOR_ID = SearchAttributeKey.for_keyword("ActorId")
PROCESS_STATUS = SearchAttributeKey.for_keyword("ProcessStatus")

ALL_KEYS = (PROCESS_TYPE, RESOURCE_ID, ACTOR_ID, PROCESS_STATUS)
"""What must be registered with a namespace before the first start."""
