"""Structured logs: one JSON object a line on standard output, with trace, request, process and actor."""

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from functools import lru_cache
from itertools import islice
from typing import Any

import orjson
import structlog
from opentelemetry import trace
from prometheus_client import Counter

from services.kit.running import correlation

REDACTED = "[redacted]"
_SECRET_NAMES = re.compile(
    r"(password|passwd|secret|token|authorization|cookie|totp|recovery_?code|api_?key|private)", re.IGNORECASE
)
_SECRET_TEXT = re.compile(
    # Each alternative can begin only where a run of its characters does, and gives nothing back: the time grows with
    # the length of the text alone, whatever a stranger writes into it.
    r"(?P<jwt>(?<![\w-])(?P<before>(?=[\w-]*+\.)[\w-]*?)eyJ[\w-]++(?:\.[\w-]*+)+)"
    r"|(?P<scheme>(?:Bearer|Basic)\s++)[\w.~+/=-]++"
    r"|(?P<url>(?<!\w)\w++://[^\s:/@]*+:)[^\s@/]++(?=@)"
    r"|(?P<pair>(?:password|secret|token)=)[^\s&;]++",
    re.IGNORECASE,
)
_MAX_TEXT = 8_000
"""Characters of one value; a stack trace fits, an uploaded file does not."""
_MAX_SECRET = 4_096
"""Read beyond what is kept, so that a secret which is cut in two is recognised; access tokens are no longer."""
_MAX_NAME = 200
_MAX_ITEMS = 200
"""Of one collection."""

_OURS = frozenset(
    {"component", "level", "method", "route", "service", "timestamp", "traceId", "requestId", "processId", "actorId"}
)
"""Values that we make or have checked ourselves; every line has them, so they are not searched."""

_EXTRA = frozenset(
    {"attempts", "batch_id", "consumer", "database", "dead_letter", "item", "lane", "lease", "offset", "schedules"}
    | {"services", "size", "status", "step", "topic", "workflow_id"}
)
"""What our modules hand the standard library's loggers as ``extra``; others' (uvicorn's, Temporal's) say it twice."""

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
    """Tokens, credentials and passwords inside a text are replaced. It is cut first: no text costs more than that."""
    return _SECRET_TEXT.sub(_replacement, text[: _MAX_TEXT + _MAX_SECRET])[:_MAX_TEXT]


def _replacement(match: re.Match[str]) -> str:
    return (match["before"] or match["scheme"] or match["url"] or match["pair"] or "") + REDACTED


@lru_cache(maxsize=1024)
def _names_a_secret(name: str) -> bool:
    return _SECRET_NAMES.search(name) is not None


def _redact(name: str, value: Any) -> Any:
    if _names_a_secret(name[:_MAX_NAME]) and not isinstance(value, bool | int | float | None):
        return REDACTED
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, Mapping):
        return {str(key)[:_MAX_TEXT]: _redact(str(key), item) for key, item in islice(value.items(), _MAX_ITEMS)}
    if isinstance(value, list | tuple | set | frozenset):
        return [_redact("", item) for item in islice(value, _MAX_ITEMS)]
    return value


def redact(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Processor: no secret reaches a log, whatever a caller passes."""
    for name, value in event.items():
        if name not in _OURS:
            event[name] = _redact(name, value)
    return event


def add_correlation(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Processor: trace, request, process and actor of the running task. Frontends have a span alone."""
    present = correlation.current()
    if present is None and (span := trace.get_current_span().get_span_context()).is_valid:
        event["traceId"] = trace.format_trace_id(span.trace_id)
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
            foreign_pre_chain=[structlog.stdlib.add_logger_name, structlog.stdlib.ExtraAdder(_EXTRA), *shared],
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
