"""Gives each activity the trace of the process that it belongs to, for its logs, its calls and its events."""

from typing import Any, Final

from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from temporalio import activity
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from services.kit.running import correlation

TRACE_HEADER: Final = "_tracer-data"
"""Where temporalio's TracingInterceptor carries the trace."""


class CorrelationInterceptor(Interceptor):
    """Stands inside of the TracingInterceptor, whose span it takes over where there is one."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002
        return _CorrelatedActivity(super().intercept_activity(next))


class _CorrelatedActivity(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002
        info = activity.info()
        correlation.use(
            correlation.Correlation(
                traceparent=correlation.child_traceparent(_traceparent(input)), request_id=info.workflow_id
            )
        )
        return await super().execute_activity(input)


def _traceparent(input: ExecuteActivityInput) -> str | None:  # noqa: A002
    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    if "traceparent" in carrier:
        return carrier["traceparent"]
    # Without an exporter there is no span, but the header still names the trace.
    header = input.headers.get(TRACE_HEADER)
    if header is None:
        return None
    carried = activity.payload_converter().from_payload(header, dict[str, str])
    return carried.get("traceparent")
