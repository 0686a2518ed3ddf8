"""How commands speak to the person at the terminal."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import typer
from rich.console import Console
from rich.text import Text

from deploy.embedded.errors import StartError

FAILURE = 1
WORTH_TELLING_SECONDS = 2.0
TELL_SECONDS = 5.0
"""Between two lines about one long step, where no line can change in place."""


PIPE_WIDTH = 160
"""Columns when nobody's window sets them: a table in a file or a pipe must not be folded."""


def console() -> Console:
    return Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else PIPE_WIDTH)


def fail(what: str, remedy: str, *, code: int = FAILURE) -> NoReturn:
    """Two lines, what is wrong and what to do, and an exit code that scripts notice."""
    errors = Console(stderr=True, highlight=False, soft_wrap=True)
    errors.print(Text.assemble(("Error: ", "bold red"), what))
    errors.print(Text.assemble(("To do: ", "bold"), remedy))
    raise typer.Exit(code)


@contextmanager
def start_errors() -> Iterator[None]:
    """Turn what keeps the run from starting into two lines."""
    try:
        yield
    except StartError as error:
        fail(error.what, error.remedy)


class TerminalProgress:
    """Steps with a tick and their time: one changing line each on a terminal, plain lines elsewhere."""

    def __init__(self, *, verbose: bool = False, before_seconds: float = 0.0) -> None:
        """`before_seconds`: how long the person has waited already, for packages to be installed."""
        self._before = before_seconds
        self._console = console()
        self._live = self._console.status("starting") if sys.stdout.isatty() else None
        self._running: dict[str, str] = {}
        self._verbose = verbose
        self._told = time.monotonic()
        self.summary: dict[str, Any] | None = None
        if self._live is not None:
            self._live.start()

    def begin(self, key: str, text: str) -> None:
        self._running[key] = text
        self._show()

    def advance(self, key: str, text: str) -> None:
        self._running[key] = f"{self._running.get(key, key).split(':')[0]}: {text}"
        self._show()
        if self._live is None and time.monotonic() - self._told >= TELL_SECONDS:
            self._told = time.monotonic()
            self._console.print(f"  {self._running[key]}")

    def end(self, key: str) -> None:
        text = self._running.pop(key, key)
        self._console.print(Text.assemble(("✓ ", "green"), text.split(":")[0]))
        self._show()

    def note(self, text: str) -> None:
        self._console.print(Text.assemble(("! ", "yellow"), text))

    def ready(self, summary: dict[str, Any]) -> None:
        self.close()
        self.summary = summary
        if self._verbose:
            print_timings(self._console, summary["timings"])
        print_summary(self._console, summary, self._before)

    def close(self) -> None:
        if self._live is not None:
            self._live.stop()

    def _show(self) -> None:
        if self._live is not None:
            self._live.update(", ".join(self._running.values()) or "…")


def print_timings(target: Console, timings: dict[str, dict[str, float | None]]) -> None:
    for key, span in timings.items():
        ended = "…" if span["ended"] is None else f"{span['ended']:6.2f}"
        target.print(Text(f"  {key:<12} {span['began']:6.2f} → {ended} s", style="dim"))


def print_summary(target: Console, summary: dict[str, Any], before_seconds: float) -> None:
    """Addresses and demo accounts, when all is up, and how long the person waited for it."""
    took = f"{summary['seconds']} s"
    if before_seconds >= WORTH_TELLING_SECONDS:
        took = f"{summary['seconds'] + before_seconds:.1f} s, {before_seconds:.0f} s of it installing"
    target.print()
    if summary["infrastructureOnly"]:
        target.print(f"Infrastructure is ready after {took} in {summary['home']}.")
        target.print(f"  Temporal UI  {summary['temporalUi']}")
        target.print("  Environment  eval $(ringi env)")
    else:
        target.print(Text(f"Ringi is ready after {took}: {summary['web']}", style="bold"))
        target.print(f"  API documents  {summary['web']}/api/docs")
        target.print(f"  Temporal UI    {summary['temporalUi']}")
        target.print(f"  State folder   {summary['home']}")
        people = "admin, manager, rep, rep2, approver, approver2, auditor, ops"
        target.print(f"  Accounts       {people} — each @ringi.example, password {summary['demoPassword']}")
        target.print("  Next           make demo · make verify · make status")
    target.print()
