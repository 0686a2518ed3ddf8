"""What a start tells the person who waits for it, whichever way it reaches them."""

import json
import sys
import time
from datetime import UTC, datetime
from typing import Any, Protocol, TextIO

from deploy.embedded.children.logs import FULL_DISK_ERRORS


class Progress(Protocol):
    """Steps have a key, a text while they run and a time when they end; notes stand by themselves."""

    def begin(self, key: str, text: str) -> None: ...
    def end(self, key: str) -> None: ...
    def advance(self, key: str, text: str) -> None: ...
    def note(self, text: str) -> None: ...
    def ready(self, summary: dict[str, Any]) -> None: ...


class Timings:
    """Seconds from the start at which each step began and ended, for `--verbose` and `ringi status --json`."""

    def __init__(self) -> None:
        self._zero = time.monotonic()
        self.steps: dict[str, tuple[float, float | None]] = {}

    def elapsed(self) -> float:
        return time.monotonic() - self._zero

    def begin(self, key: str) -> None:
        self.steps[key] = (self.elapsed(), None)

    def end(self, key: str) -> None:
        self.steps[key] = (self.steps[key][0], self.elapsed())

    def to_json(self) -> dict[str, dict[str, float | None]]:
        return {
            key: {"began": round(began, 3), "ended": None if ended is None else round(ended, 3)}
            for key, (began, ended) in self.steps.items()
        }


class LineProgress:
    """JSON lines for another process: the detached supervisor tells the command that started it. That command leaves
    when all is ready; from then on (or when it was killed) the lines go to standard error, which is the log."""

    def __init__(self) -> None:
        self._stream: TextIO = sys.stdout

    def begin(self, key: str, text: str) -> None:
        self._write("begin", key=key, text=text)

    def end(self, key: str) -> None:
        self._write("end", key=key)

    def advance(self, key: str, text: str) -> None:
        self._write("advance", key=key, text=text)

    def note(self, text: str) -> None:
        self._write("note", text=text)

    def ready(self, summary: dict[str, Any]) -> None:
        self._write("ready", summary=summary)
        self._stream = sys.stderr

    def failed(self, what: str, remedy: str) -> None:
        self._write("failed", what=what, remedy=remedy)

    def _write(self, kind: str, **fields: Any) -> None:
        line = json.dumps({"kind": kind, "at": datetime.now(UTC).isoformat(), **fields}, ensure_ascii=False) + "\n"
        try:
            self._stream.write(line)
            self._stream.flush()
        except BrokenPipeError:
            self._stream = sys.stderr
            self._stream.write(line)
        except OSError as error:
            if error.errno not in FULL_DISK_ERRORS:  # a line of the log is the least that a full disk costs
                raise
