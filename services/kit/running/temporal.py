"""The Temporal client that all processes use, and the link to the UI."""

from datetime import timedelta
from typing import Final, Protocol
from urllib.parse import quote

from temporalio.client import Client
from temporalio.contrib.opentelemetry import TracingInterceptor
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.runtime import PrometheusConfig, Runtime, TelemetryConfig
from temporalio.service import KeepAliveConfig, RetryConfig, RPCError, RPCStatusCode

from services.kit.running.settings import ServiceSettings

STICKY_TIMEOUT: Final = timedelta(seconds=1)
"""How long an update waits for a worker that cached the workflow and was killed (the default is 10 s)."""
KEEP_ALIVE: Final = KeepAliveConfig(interval_millis=15_000, timeout_millis=5_000)
"""A connection that died at one end only is given up after twenty seconds (the default is 45 s). Temporal refuses who
asks more often than every ten seconds."""
BEAT_EVERY: Final = timedelta(seconds=2)
"""How often the SDK passes heartbeats on, at least: the shortest patience that a step is given is ten seconds, in which
four beats have to fit. Left to itself it passes one on in four fifths of that patience."""

AWAY: Final = (
    "Failed client connect",
    "Worker validation failed",
    "Workflow worker failed",
    "Activity worker failed",
    "Poll failure",
)
"""The SDK has no class of its own for a server that does not answer: these begin the RuntimeErrors that say so."""
UNREACHABLE: Final = frozenset(
    {
        RPCStatusCode.UNAVAILABLE,
        RPCStatusCode.DEADLINE_EXCEEDED,
        RPCStatusCode.RESOURCE_EXHAUSTED,
        RPCStatusCode.CANCELLED,
        RPCStatusCode.ABORTED,
        RPCStatusCode.INTERNAL,
    }
)
"""Answers that say nothing about what was asked: it may be asked again."""


def is_away(error: BaseException) -> bool:
    """Whether an error of the SDK means that Temporal could not be asked, rather than a defect or a refusal."""
    if isinstance(error, BaseExceptionGroup):
        return all(is_away(inner) for inner in error.exceptions)
    if isinstance(error, RPCError):
        return error.status in UNREACHABLE
    return isinstance(error, OSError) or (isinstance(error, RuntimeError) and str(error).startswith(AWAY))


def measure(settings: ServiceSettings, process: str) -> None:
    """Has the SDK serve its own figures, if RINGI_TEMPORAL_METRICS_PORT is set. Before the first client of a process.

    Counters and durations are named as Prometheus has it (``_total``, seconds); the SDK's default is neither.
    """
    if settings.temporal_metrics_port is None:
        return
    prometheus = PrometheusConfig(
        bind_address=f"{settings.listening_address}:{settings.temporal_metrics_port}",
        counters_total_suffix=True,
        unit_suffix=True,
        durations_as_seconds=True,
    )
    telemetry = TelemetryConfig(metrics=prometheus, global_tags={"process": process})
    Runtime.set_default(Runtime(telemetry=telemetry))


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
        keep_alive_config=KEEP_ALIVE,
        lazy=lazy,
    )


def workflow_url(ui_url: str | None, namespace: str, workflow_id: str) -> str | None:
    """Where ops sees the workflow in the Temporal UI, newest run first; None without a UI."""
    if ui_url is None:
        return None
    return f"{ui_url.rstrip('/')}/namespaces/{quote(namespace)}/workflows/{quote(workflow_id, safe='')}"
