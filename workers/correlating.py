"""Gives each activity the trace of the process that it belongs to, for its logs, its calls and its events.

Its log lines name the process and who asked for it as well, where its input does.
"""

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
                traceparent=correlation.child_traceparent(_traceparent(input)),
                request_id=info.workflow_id,
                process_id=_named(input, "process_id"),
                actor_id=_named(input, "actor_id"),
            )
        )
        return await super().execute_activity(input)


def _named(input: ExecuteActivityInput, member: str) -> str | None:  # noqa: A002
    """An id that the step's input names; some belong to no process, and some processes were asked for by nobody."""
    named = getattr(input.args[0], member, None) if input.args else None
    return None if named is None else str(named)


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
