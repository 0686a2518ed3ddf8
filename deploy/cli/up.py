"""`ringi up`: start everything; in the foreground until Ctrl-C, or detached."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from enum import StrEnum
from typing import Annotated, Any

import typer

from deploy.cli.terminal import TerminalProgress, fail, start_errors
from deploy.embedded.setup.preflight import check_before_start
from deploy.embedded.state.home import Home
from deploy.embedded.supervision.supervisor import EVERYTHING, INFRASTRUCTURE_ONLY, Supervisor

ASKED_AT = "RINGI_ASKED_AT"
"""Seconds since 1970 at which `make` began."""


class Only(StrEnum):
    infra = "infra"


def command(
    detach: Annotated[bool, typer.Option("--detach", help="Return when ready; `ringi down` stops it.")] = False,
    only: Annotated[
        Only | None, typer.Option(help="infra: PostgreSQL, Temporal and broker, migrated, nothing more.")
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", help="Show how long each part took.")] = False,
) -> None:
    """Start everything on this machine and stay until Ctrl-C."""
    if detach:
        _detach(only, verbose=verbose)
    else:
        progress = TerminalProgress(verbose=verbose, before_seconds=_waited_already())
        plan = INFRASTRUCTURE_ONLY if only is Only.infra else EVERYTHING
        try:
            with start_errors():
                asyncio.run(Supervisor(plan, Home.from_environment(), progress).run())
        finally:
            progress.close()


def _waited_already() -> float:
    """Seconds since `make up` was typed: before this command it installs, if something is missing."""
    asked_at = os.environ.get(ASKED_AT, "")
    return max(0.0, time.time() - int(asked_at)) if asked_at.isdecimal() else 0.0


def _detach(only: Only | None, *, verbose: bool) -> None:
    home = Home.from_environment()
    with start_errors():
        check_before_start(home)
        home.create()
    arguments = [sys.executable, "-m", "deploy.embedded.supervision.detached", *([only] if only else [])]
    with home.log("supervisor").open("ab") as log:
        child = subprocess.Popen(  # noqa: S603 - our own command line
            arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, start_new_session=True, text=True
        )
    progress = TerminalProgress(verbose=verbose, before_seconds=_waited_already())
    try:
        _follow(child, progress)
    except KeyboardInterrupt:
        os.kill(child.pid, signal.SIGTERM)
        child.wait()
        raise
    finally:
        progress.close()
    if progress.summary is None:
        fail("The supervisor ended before it was ready.", f"Its log: {home.log('supervisor')}")


def _follow(child: "subprocess.Popen[str]", progress: TerminalProgress) -> None:
    """Show what the supervisor reports until it is ready or gives up."""
    assert child.stdout is not None
    for line in child.stdout:
        report: dict[str, Any] = json.loads(line)
        kind = report.pop("kind")
        del report["at"]
        if kind == "failed":
            progress.close()
            child.wait()
            fail(report["what"], report["remedy"])
        getattr(progress, kind)(**report)
        if kind == "ready":
            return
