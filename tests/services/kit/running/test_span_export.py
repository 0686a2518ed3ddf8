"""Which traces leave the process, and that errors in them say nothing of people."""

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Status, StatusCode

from services.kit.running.correlation import new_traceparent
from services.kit.running.span_export import WithoutMessages, provider_for
from services.kit.running.tracing import context_of

NOWHERE = "http://127.0.0.1:9"
SECRET = "Key (email)=(hanako@ringi.example) already exists"


def kept(ratio: float, traceparent: str | None) -> bool:
    provider = provider_for(NOWHERE, "test", ratio, {})
    span = provider.get_tracer("test").start_span("a request", context=context_of(traceparent))
    return span.is_recording()


def test_an_error_keeps_its_type_alone() -> None:
    memory, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(WithoutMessages(memory)))
    with provider.get_tracer("test").start_as_current_span("a step") as span:
        span.record_exception(ValueError(SECRET))
        span.set_status(Status(StatusCode.ERROR, SECRET))
    [sent] = memory.get_finished_spans()
    assert SECRET not in sent.to_json()
    assert sent.status.status_code is StatusCode.ERROR
    assert [dict(event.attributes or {}) for event in sent.events] == [{"exception.type": "ValueError"}]


def test_a_caller_may_decline_a_trace_and_not_force_one() -> None:
    asked = new_traceparent()
    assert kept(1, asked)
    assert not kept(0, asked)
    assert not kept(1, f"{asked[:-2]}00")


def test_processes_of_one_ratio_agree_on_each_trace() -> None:
    traces = [new_traceparent() for _ in range(200)]
    first, second = ([kept(0.5, trace) for trace in traces] for _ in range(2))
    assert first == second
    assert 50 < sum(first) < 150
