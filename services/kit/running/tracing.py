"""OpenTelemetry: spans are exported only when RINGI_OTLP_ENDPOINT is set; trace ids are propagated always."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, TraceFlags, Tracer

from services.kit.running import correlation
from services.kit.running.settings import ServiceSettings

_state: dict[str, Tracer] = {}


def configure(settings: ServiceSettings, process: str) -> None:
    """Install the exporter once per process; without an endpoint the SDK is not even imported.

    ``process``: as in docker-compose.yml. What mounts several apps in one process is told apart by its spans' names.
    """
    if settings.otlp_endpoint is None or _state:
        return
    from services.kit.running.span_export import provider_for

    options = settings.otlp_exporter_options()
    provider = provider_for(settings.otlp_endpoint, process, settings.trace_sample_ratio, options)
    trace.set_tracer_provider(provider)
    _state["tracer"] = provider.get_tracer("ringi")


def enabled() -> bool:
    return bool(_state)


def context_of(traceparent: str | None) -> Context | None:
    """An OpenTelemetry context whose parent is the given traceparent."""
    if traceparent is None:
        return None
    _, trace_id, span_id, flags = traceparent.split("-")
    parent = SpanContext(int(trace_id, 16), int(span_id, 16), is_remote=True, trace_flags=TraceFlags(int(flags, 16)))
    return trace.set_span_in_context(NonRecordingSpan(parent))


def traceparent_of(span: trace.Span) -> str:
    context = span.get_span_context()
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{int(context.trace_flags):02x}"


@contextmanager
def span(
    name: str,
    *,
    parent: str | None = None,
    kind: SpanKind = SpanKind.INTERNAL,
) -> Iterator[str | None]:
    """A span below ``parent`` (a traceparent; default: the running task's); yields its own traceparent.

    Without an exporter it costs nothing and yields the parent, so that the trace id still travels on.
    """
    tracer = _state.get("tracer")
    if parent is None and (present := correlation.current()) is not None:
        parent = present.traceparent
    if tracer is None:
        yield parent
        return
    with tracer.start_as_current_span(name, context=context_of(parent), kind=kind) as active:
        yield traceparent_of(active)


@contextmanager
def spans(name: str, parents: Iterable[str | None], kind: SpanKind) -> Iterator[dict[str, str]]:
    """One span for each trace that a batch belongs to; yields the traceparents of these by the given ones."""
    with ExitStack() as stack:
        traces = [parent for parent in dict.fromkeys(parents) if parent is not None]
        if not enabled():
            yield {parent: parent for parent in traces}
            return
        yield {parent: stack.enter_context(span(name, parent=parent, kind=kind)) or parent for parent in traces}


@contextmanager
def server_span(name: str, incoming: str | None) -> Iterator[tuple[trace.Span, str]]:
    """The span of a request below its caller's; call only when enabled(). Yields the span and its traceparent."""
    parent = correlation.child_traceparent(incoming) if incoming is not None else None
    # A malformed header gave a fresh trace id above; only a well-formed one is a parent.
    context = context_of(incoming) if parent is not None and incoming is not None and parent[3:35] in incoming else None
    with _state["tracer"].start_as_current_span(name, context=context, kind=SpanKind.SERVER) as active:
        yield active, traceparent_of(active)
