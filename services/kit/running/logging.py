"""Structured logs: one JSON object a line on standard output, with trace, request, process and actor."""

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from functools import lru_cache
from typing import Any

import orjson
import structlog
from prometheus_client import Counter

from services.kit.running import correlation

REDACTED = "[redacted]"
_SECRET_NAMES = re.compile(
    r"(password|passwd|secret|token|authorization|cookie|totp|recovery_?code|api_?key|private)", re.IGNORECASE
)
_SECRET_TEXT = re.compile(
    r"(?P<jwt>eyJ[\w-]+\.[\w-]+\.[\w-]+)"
    r"|(?P<scheme>(?:Bearer|Basic)\s+)[\w.~+/=-]+"
    r"|(?P<url>\w+://[^\s:/@]*:)[^\s@/]+(?=@)"
    r"|(?P<pair>(?:password|secret|token)=)[^\s&;]+",
    re.IGNORECASE,
)
_MAX_TEXT = 8_000
"""Characters of one value; a stack trace fits, an uploaded file does not."""

_OURS = frozenset(
    {"component", "level", "method", "route", "service", "timestamp", "traceId", "requestId", "processId", "actorId"}
)
"""Values that we make or have checked ourselves; every line has them, so they are not searched."""

LINES_LOST = Counter("ringi_log_lines_lost", "Log lines that standard output did not take: full disk, closed pipe")

EventDict = MutableMapping[str, Any]


class _Output:
    """Standard output, without its failures: what a full disk costs is the line, never the request that is logged."""

    def write(self, text: str) -> None:
        try:
            sys.stdout.write(text)
        except OSError:
            LINES_LOST.inc()

    def flush(self) -> None:
        try:
            sys.stdout.flush()
        except OSError:
            LINES_LOST.inc()


_OUTPUT: Any = _Output()
"""``Any``: writing and flushing is all that loggers need of a TextIO."""


def redact_text(text: str) -> str:
    """Tokens, credentials and passwords inside a text are replaced."""
    return _SECRET_TEXT.sub(lambda m: (m["scheme"] or m["url"] or m["pair"] or "") + REDACTED, text)[:_MAX_TEXT]


@lru_cache(maxsize=1024)
def _names_a_secret(name: str) -> bool:
    return _SECRET_NAMES.search(name) is not None


def _redact(name: str, value: Any) -> Any:
    if _names_a_secret(name) and not isinstance(value, bool | int | float | None):
        return REDACTED
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, Mapping):
        return {str(key): _redact(str(key), item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_redact("", item) for item in value]
    return value


def redact(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Processor: no secret reaches a log, whatever a caller passes."""
    for name, value in event.items():
        if name not in _OURS:
            event[name] = _redact(name, value)
    return event


def add_correlation(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Processor: trace, request, process and actor of the running task."""
    present = correlation.current()
    if present is not None:
        event["traceId"] = present.trace_id
        if present.request_id:
            event["requestId"] = present.request_id
        if present.process_id:
            event["processId"] = present.process_id
        if present.actor_id:
            event["actorId"] = present.actor_id
    return event


def _dumps(event: Any, **_: Any) -> str:
    # JSON escapes line breaks, so that no value can forge a line of its own.
    return orjson.dumps(event, default=repr, option=orjson.OPT_NON_STR_KEYS).decode()


def configure(*, level: str = "INFO", log_format: str = "json", process: str = "") -> None:
    """Set up structlog and the standard library's loggers for this process; call once, at start."""
    shared = _shared_processors(process)
    renderer = _renderer(log_format)
    _configure_structlog(shared, renderer, level)
    handler = logging.StreamHandler(_OUTPUT)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in ("uvicorn", "uvicorn.error"):
        logging.getLogger(noisy).handlers.clear()
        logging.getLogger(noisy).propagate = True
    # Our own middleware writes the access log, with route template and trace.
    logging.getLogger("uvicorn.access").disabled = True


def _shared_processors(process: str) -> list[Any]:
    def add_process(_logger: Any, _method: str, event: EventDict) -> EventDict:
        event.setdefault("service", process)
        return event

    return [
        add_correlation,
        add_process,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        redact,
    ]


def _renderer(log_format: str) -> Any:
    if log_format == "json":
        return structlog.processors.JSONRenderer(serializer=_dumps)
    return structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty())


def _configure_structlog(shared: list[Any], renderer: Any, level: str) -> None:
    structlog.configure(
        processors=[*shared, renderer],
        logger_factory=structlog.WriteLoggerFactory(_OUTPUT),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        cache_logger_on_first_use=True,
    )


def get_logger(name: str) -> Any:
    """A structlog logger bound to a component's name (``Any``: structlog's loggers are lazy proxies)."""
    if not structlog.is_configured():
        # Until the composition root has configured it (and in tests): never the default, which prints local variables.
        _configure_structlog(_shared_processors(""), _renderer("json"), "INFO")
    return structlog.get_logger(component=name)
