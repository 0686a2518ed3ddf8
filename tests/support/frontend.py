"""The whole browser UI on free ports against the fake gateway: shell, the remotes opportunity and admin, stand-ins."""

from __future__ import annotations

import contextlib
import inspect
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

import uvicorn
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from frontend.admin import app as admin
from frontend.analytics import notification_settings
from frontend.analytics.manifest import SETTINGS
from frontend.customer import card as customer_card
from frontend.customer import manifest as customer
from frontend.opportunity import app as opportunity
from frontend.sales import card as sales_card
from frontend.sales import manifest as sales
from frontend.shell import app as shell
from frontend.shell.defaults import DEFAULT_MANIFESTS
from frontend.ui.manifest import Exposed
from frontend.ui.page import Page
from frontend.ui.remote import Remote, build_remote
from frontend.ui.settings import FrontendSettings
from tests.support.document import Checked, assert_kept, contract
from tests.support.fake_gateway import FakeGateway
from tests.support.keys import FRONTEND_KEYS
from tests.support.ports import free_ports
from tests.support.waiting import eventually_sync

STAND_INS = ("customer", "sales", "analytics")


class ThreadServer:
    """uvicorn in a thread of its own; `stop` and `start` again to play a remote that dies and comes back."""

    def __init__(self, app: ASGIApp, port: int) -> None:
        self.app, self.port = app, port
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        config = uvicorn.Config(
            self.app, host="127.0.0.1", port=self.port, log_level="warning", timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        server = self._server
        eventually_sync(lambda: server.started, what=f"the server on port {self.port}")

    def stop(self) -> None:
        if self._server is None or self._thread is None:
            return
        self._server.should_exit = True
        self._thread.join(10)
        self._server = None


@dataclass(slots=True)
class RunningFrontend:
    """Addresses and handles of what runs."""

    url: str
    settings: FrontendSettings
    gateway: FakeGateway
    remotes: dict[str, ThreadServer] = field(default_factory=dict)
    shell: ThreadServer | None = None

    def restart_shell(self) -> None:
        """The process of the shell ends and a new one starts with the same state folder."""
        assert self.shell is not None
        self.shell.stop()
        self.shell.app = shell.create_app(self.settings)
        self.shell.start()


_CARDS: dict[str, tuple[Exposed, ModuleType]] = {
    "customer": (customer.manifest().exposes["card"], customer_card),
    "sales": (sales.manifest().exposes["card"], sales_card),
}


async def _plain(request: Request) -> Response:
    return Page.of(request).render("ui/page.html")


async def _with_slot(request: Request) -> Response:
    """As the dashboards: a part of another remote in the page."""
    page = Page.of(request).render("ui/page.html")
    return HTMLResponse(bytes(page.body).decode() + '<ringi-slot name="opportunity/weekly" query=""></ringi-slot>')


def stand_in(name: str, settings: FrontendSettings) -> ASGIApp:
    """A remote with the default manifest whose pages are empty, but for the slot of the dashboards, and for what is
    real: the part beside a request, and the settings of notifications."""
    manifest, folder = DEFAULT_MANIFESTS[name], Path(__file__).parent
    page = _with_slot if name == "analytics" else _plain
    routes = [Route(route.prefix, page) for route in manifest.routes]
    if name == "analytics":
        routes[:0] = [
            Route(SETTINGS, notification_settings.show, methods=["GET"]),
            Route(SETTINGS, notification_settings.save, methods=["POST"]),
        ]
        folder = Path(notification_settings.__file__).parent
    if name in _CARDS:
        card, module = _CARDS[name]
        manifest = manifest.model_copy(update={"exposes": {"card": card}})
        routes += [Route(card.path, module.show), Route(f"{manifest.routes[0].prefix}/{{id}}", page)]
        folder = Path(inspect.getfile(module)).parent
    return build_remote(Remote(manifest=manifest, routes=routes, folder=folder), settings)


@contextlib.contextmanager
def running_frontend(home: Path) -> Iterator[RunningFrontend]:
    """Everything up; all of it is stopped at the end."""
    gateway_port, shell_port, opportunity_port, admin_port, *others = free_ports(4 + len(STAND_INS))
    urls = {f"remote_{name}_url": f"http://127.0.0.1:{port}" for name, port in zip(STAND_INS, others, strict=True)}
    settings = FrontendSettings(
        env="test",
        gateway_url=f"http://127.0.0.1:{gateway_port}",
        public_url=f"http://127.0.0.1:{shell_port}",
        **FRONTEND_KEYS,
        home=home,
        remote_opportunity_url=f"http://127.0.0.1:{opportunity_port}",
        remote_admin_url=f"http://127.0.0.1:{admin_port}",
        **urls,
    )
    gateway = FakeGateway()
    checked = Checked(gateway.app())
    contract()  # made before anything waits for it
    servers = {
        "gateway": ThreadServer(checked, gateway_port),
        "opportunity": ThreadServer(opportunity.create_app(settings), opportunity_port),
        "admin": ThreadServer(admin.create_app(settings), admin_port),
        **{name: ThreadServer(stand_in(name, settings), port) for name, port in zip(STAND_INS, others, strict=True)},
        "shell": ThreadServer(shell.create_app(settings), shell_port),
    }
    try:
        for server in servers.values():
            server.start()
        yield RunningFrontend(
            f"http://127.0.0.1:{shell_port}",
            settings,
            gateway,
            {name: server for name, server in servers.items() if name not in {"gateway", "shell"}},
            servers["shell"],
        )
    finally:
        for server in reversed(servers.values()):
            server.stop()
    assert_kept(checked.faults)
