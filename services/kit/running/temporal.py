"""The Temporal client that all processes use, and the link to the UI."""

from datetime import timedelta
from typing import Final, Protocol
from urllib.parse import quote

from temporalio.client import Client
from temporalio.contrib.opentelemetry import TracingInterceptor
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.service import RetryConfig

STICKY_TIMEOUT: Final = timedelta(seconds=1)
"""How long an update waits for a worker that cached the workflow and was killed (the default is 10 s)."""


class TemporalSettings(Protocol):
    @property
    def temporal_address(self) -> str | None: ...
    @property
    def temporal_namespace(self) -> str: ...


async def connect(settings: TemporalSettings, *, lazy: bool = False) -> Client:
    """A client with pydantic payloads and traces. Raises RuntimeError if the server can't be reached.

    ``lazy``: connects at the first call, so that Temporal may be down now; Temporal's Worker refuses such a client.
    """
    if settings.temporal_address is None:
        raise ValueError("RINGI_TEMPORAL_ADDRESS is not set")
    return await Client.connect(
        settings.temporal_address,
        namespace=settings.temporal_namespace,
        data_converter=pydantic_data_converter,
        interceptors=[TracingInterceptor()],
        # The relay and the endpoints decide themselves what to repeat and for how long.
        retry_config=RetryConfig(max_retries=2, max_elapsed_time_millis=5_000),
        lazy=lazy,
    )


def workflow_url(ui_url: str | None, namespace: str, workflow_id: str) -> str | None:
    """Where ops sees the workflow in the Temporal UI, newest run first; None without a UI."""
    if ui_url is None:
        return None
    return f"{ui_url.rstrip('/')}/namespaces/{quote(namespace)}/workflows/{quote(workflow_id, safe='')}"
