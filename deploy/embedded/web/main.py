"""The `web` process: gateway, the five services, the shell and the remotes on one port.

`/api` gateway · `/_svc/{service}` the services, for callers on this machine only (gateway, shell and workers reach them
there) · `/_remote/{name}` the micro frontends and `/metrics` of all of them, likewise · everything else the shell.
"""

import importlib
import os
import sys

from starlette.applications import Starlette
from starlette.routing import Route

from api.app import create_app as create_gateway
from deploy.databases.names import SERVICES
from deploy.embedded.children.gate import wait_for_start
from deploy.embedded.state.ports import LOOPBACK
from deploy.embedded.web.composition import Composition, Mount
from deploy.embedded.web.lifespans import ASGIApp
from deploy.serving.run import serve
from services.kit.running import logging as kit_logging
from services.kit.running import tracing
from services.kit.running.metrics import metrics_endpoint
from services.kit.running.settings import ServiceSettings

REMOTES = ("customer", "sales", "opportunity", "analytics", "admin")


def compose() -> Composition:
    services = {name: _app(f"services.{name}.app") for name in SERVICES}
    # The gateway calls the services' apps directly: a second way through this process's own port would double the work.
    mounts = [Mount("gateway", "/api", create_gateway(upstreams=services), starts_last=True)]
    mounts += [
        Mount(f"service {name}", f"/_svc/{name}", app, strips=True, loopback_only=True)
        for name, app in services.items()
    ]
    mounts += [
        Mount(f"remote {name}", f"/_remote/{name}", _app(f"frontend.{name}.app"), strips=True, loopback_only=True)
        for name in REMOTES
    ]
    metrics = Starlette(routes=[Route("/metrics", metrics_endpoint)])
    mounts.append(Mount("metrics", "/metrics", metrics, loopback_only=True))
    return Composition(mounts, otherwise=Mount("shell", "", _app("frontend.shell.app")))


def _app(module: str) -> ASGIApp:
    app: ASGIApp = importlib.import_module(module).create_app()
    return app


def main() -> None:
    settings = ServiceSettings()
    kit_logging.configure(level=settings.log_level, log_format=settings.log_format, process="web")
    tracing.configure(settings, "web")
    composition = compose()
    wait_for_start(sys.argv)
    serve(composition, host=LOOPBACK, port=int(os.environ["RINGI_PORT"]))


if __name__ == "__main__":
    main()
