"""The Temporal client that all processes use, and the link to the UI."""

import asyncio
import logging
from datetime import timedelta
from typing import Final
from urllib.parse import quote

from temporalio.client import Client
from temporalio.contrib.opentelemetry import TracingInterceptor
from temporalio.runtime import PrometheusConfig, Runtime, TelemetryConfig
from temporalio.service import KeepAliveConfig, RetryConfig, RPCError, RPCStatusCode

from services.kit.running.backoff import pause
from services.kit.running.payload_codec import data_converter
from services.kit.running.peers.temporal import TemporalSettings
from services.kit.running.settings import ServiceSettings

log = logging.getLogger(__name__)

STICKY_TIMEOUT: Final = timedelta(seconds=1)
"""How long an update waits for a worker that cached the workflow and was killed (the default is 10 s)."""
KEEP_ALIVE: Final = KeepAliveConfig(interval_millis=15_000, timeout_millis=5_000)
"""A connection that died at one end only is given up after twenty seconds (the default is 45 s). Temporal refuses who
asks more often than every ten seconds."""
BEAT_EVERY: Final = timedelta(seconds=2)
"""How often the SDK passes heartbeats on, at least: the shortest patience that a step is given is ten seconds, in which
four beats have to fit. Left to itself it passes one on in four fifths of that patience."""

KEY_CHECK_EVERY: Final = timedelta(seconds=15)
"""How long after its file a new API key counts, at most; the old one has to be good for as long."""

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


async def connect(settings: TemporalSettings, *, lazy: bool = False) -> Client:
    """A client with pydantic payloads and traces. Raises RuntimeError if the server can't be reached or refuses the
    certificate, OSError if a file of the settings can't be read.

    ``lazy``: connects at the first call, so that Temporal may be down now; Temporal's Worker refuses such a client.
    """
    if settings.temporal_address is None:
        raise ValueError("RINGI_TEMPORAL_ADDRESS is not set")
    return await Client.connect(
        settings.temporal_address,
        namespace=settings.temporal_namespace,
        data_converter=data_converter(settings.payload_keys()),
        interceptors=[TracingInterceptor()],
        # The relay and the endpoints decide themselves what to repeat and for how long.
        retry_config=RetryConfig(max_retries=2, max_elapsed_time_millis=5_000),
        keep_alive_config=KEEP_ALIVE,
        lazy=lazy,
        **settings.temporal_security(),
    )


def renew_api_key(client: Client, settings: TemporalSettings) -> None:
    """Gives the client the API key that the file has now. A file that can't be read leaves it the one that it has."""
    if settings.temporal_api_key_file is None:
        return
    try:
        key = settings.present_api_key()
    except OSError as error:
        log.warning("Temporal's API key can't be read: %s", error)
        return
    if key and key != client.api_key:
        client.api_key = key
        log.info("Temporal's API key was exchanged")


async def keep_api_key(client: Client, settings: TemporalSettings, stop: asyncio.Event) -> None:
    """For a client that is in use all the time, until ``stop`` is set."""
    while not stop.is_set():
        await pause(stop, KEY_CHECK_EVERY.total_seconds())
        renew_api_key(client, settings)


def workflow_url(ui_url: str | None, namespace: str, workflow_id: str) -> str | None:
    """Where ops sees the workflow in the Temporal UI, newest run first; None without a UI."""
    if ui_url is None:
        return None
    return f"{ui_url.rstrip('/')}/namespaces/{quote(namespace)}/workflows/{quote(workflow_id, safe='')}"
