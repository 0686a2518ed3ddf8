"""A worker's own little port: /metrics for Prometheus, /healthz (the event loop turns), /readyz (it does its work)."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from services.kit.running.settings import ServiceSettings

STOP_SECONDS: Final = 1.0


async def _metrics(_request: web.Request) -> web.Response:
    return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})


async def _healthz(_request: web.Request) -> web.Response:
    return web.json_response({"status": "ok"})


@asynccontextmanager
async def health_port(
    settings: ServiceSettings, waiting_for: Callable[[], list[str]], stopped: Callable[[], list[str]]
) -> AsyncIterator[None]:
    """Serves while the block runs, if RINGI_WORKER_METRICS_PORT is set. ``waiting_for``: what is not ready yet.

    ``stopped``: consumers that need somebody's decision. The worker is ready all the same: to start it again, as who
    watches it would, helps nobody.
    """

    async def readyz(_request: web.Request) -> web.Response:
        missing = waiting_for()
        return web.json_response(
            {"status": "waiting" if missing else "ok", "waitingFor": missing, "stopped": stopped()},
            status=503 if missing else 200,
        )

    if settings.worker_metrics_port is None:
        yield
        return
    app = web.Application()
    app.add_routes([web.get("/metrics", _metrics), web.get("/healthz", _healthz), web.get("/readyz", readyz)])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=STOP_SECONDS)
    await runner.setup()
    await web.TCPSite(runner, settings.listening_address, settings.worker_metrics_port).start()
    try:
        yield
    finally:
        await runner.cleanup()
