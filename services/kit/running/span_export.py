"""Where spans go: sampled by their trace's id, stripped of what errors say, sent by OTLP over HTTP.

Imported only where an endpoint is set: the SDK costs memory and start-up time.
"""

from collections.abc import Sequence
from typing import Any

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import Status

EXCEPTION_TYPE = "exception.type"


def provider_for(endpoint: str, process: str, ratio: float, options: dict[str, Any]) -> TracerProvider:
    """``endpoint``: base URL of the collector; ``process``: as in docker-compose.yml; ``options`` of the exporter."""
    of_traces = TraceIdRatioBased(ratio)
    # A caller who says "sampled" is no reason to keep more: our own processes say so before they know.
    sampler = ParentBased(of_traces, remote_parent_sampled=of_traces)
    provider = TracerProvider(sampler=sampler, resource=Resource.create({SERVICE_NAME: f"ringi-{process}"}))
    exporter = OTLPSpanExporter(endpoint=endpoint.rstrip("/") + "/v1/traces", **options)
    provider.add_span_processor(BatchSpanProcessor(WithoutMessages(exporter)))
    return provider


class WithoutMessages(SpanExporter):
    """Keeps an error's type only: its message and stack quote values of customers (``Key (email)=(…)``)."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return self._exporter.export([_stripped(span) for span in spans])

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._exporter.force_flush(timeout_millis)


def _stripped(span: ReadableSpan) -> ReadableSpan:
    if not span.events and span.status.description is None:
        return span
    return ReadableSpan(
        name=span.name,
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=span.attributes,
        events=[_type_only(event) for event in span.events],
        links=span.links,
        kind=span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _type_only(event: Event) -> Event:
    named = (event.attributes or {}).get(EXCEPTION_TYPE)
    return Event(event.name, {} if named is None else {EXCEPTION_TYPE: named}, event.timestamp)
