"""How every HTTP server of Ringi is run, in one process or in a container of its own."""

import resource
from typing import Any, Final

import uvicorn

from deploy.serving.protocol import BoundedProtocol

GRACE_SECONDS: Final = 8
"""For requests under way at shutdown; less than supervisors wait (15 s) and Docker (10 s)."""
BACKLOG: Final = 2048


def serve(app: Any, *, host: str, port: int, **more: Any) -> None:
    """Until SIGTERM or SIGINT. `app`: an ASGI app, or with `factory=True` where to import what makes one."""
    _allow_as_many_files_as_possible()
    uvicorn.run(
        app,
        host=host,
        port=port,
        http=BoundedProtocol,
        ws="none",
        loop="uvloop",
        lifespan="on",
        backlog=BACKLOG,
        access_log=False,  # the apps write their own, with request ids
        log_config=None,
        proxy_headers=False,  # the apps know our proxies themselves
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        **more,
    )


def _allow_as_many_files_as_possible() -> None:
    """A live stream holds two sockets, or four where the shell and the gateway share a process: 1,024 are few."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
