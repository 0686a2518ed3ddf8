"""One app in a process of its own: `python -m deploy.serving services.auth.app:create_app --host 0.0.0.0`."""

import argparse

from deploy.serving.metrics import serve_metrics
from deploy.serving.run import serve
from services.kit.running import logging as kit_logging
from services.kit.running import tracing
from services.kit.running.settings import ServiceSettings


def part_of(factory: str) -> str:
    """The name of its container: `services.sales_activity.app:create_app` is `sales-activity`."""
    package = factory.partition(":")[0].removesuffix(".app")
    floor, _, name = package.partition(".")
    if floor == "frontend" and name != "shell":
        return f"remote-{name}"
    return (name or "gateway").replace("_", "-")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m deploy.serving", description="Serve one app.")
    parser.add_argument("factory", help="module:function that makes the ASGI app")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    given = parser.parse_args()
    settings = ServiceSettings()
    process = part_of(given.factory)
    kit_logging.configure(level=settings.log_level, log_format=settings.log_format, process=process)
    tracing.configure(settings, process)
    serve_metrics(settings)
    serve(given.factory, host=given.host, port=given.port, factory=True)


if __name__ == "__main__":
    main()
