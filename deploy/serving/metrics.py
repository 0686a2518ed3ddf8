"""A port for Prometheus beside an app whose own port the public reaches: shell and remotes."""

from prometheus_client import start_http_server

from services.kit.running.settings import ServiceSettings


def serve_metrics(settings: ServiceSettings) -> None:
    """In a thread of its own, if RINGI_METRICS_PORT is set. Services and gateway answer `/metrics` themselves."""
    if settings.metrics_port is None:
        return
    start_http_server(settings.metrics_port, addr=settings.listening_address)
