"""Service level objectives as Prometheus rules: error ratios over seven windows, and alerts on how fast a budget burns.

The windows and factors are those of Google's SRE Workbook, "Alerting on SLOs", table 5-8: of a month's budget 2 % in an
hour and 5 % in six call somebody; 10 % in three days, or in one, is work for the day. The short window ends the alert.
"""

from dataclasses import dataclass
from typing import Final

WINDOWS: Final = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")
BURNS: Final = (
    ("1h", "5m", 14.4, "critical"),
    ("6h", "30m", 6.0, "critical"),
    ("1d", "2h", 3.0, "warning"),
    ("3d", "6h", 1.0, "warning"),
)
"""Long window, short window, times the rate that would use up a budget in thirty days, severity."""


@dataclass(frozen=True, slots=True)
class Objective:
    """``bad`` and ``all``: rates over ``WINDOW``; ``target``: the part that has to be good."""

    name: str
    alert: str
    target: float
    bad: str
    all: str
    summary: str

    @property
    def record(self) -> str:
        return f"ringi:{self.name}:error_ratio"


# What operators' programs ask is no user's request; a process that somebody waits for takes as long as it takes.
_GATEWAY: Final = 'service="gateway",route=~"/api/v1/.*",route!~".*/stream|/api/v1/sagas/.*"'
_DECISIONS: Final = 'service="opportunity",route=~"/approvals/{approval_id}/(approve|reject|return)"'


def _slower(histogram: str, matchers: str, bound: str) -> tuple[str, str]:
    """Rates of what took longer than the bound (a bucket's, in seconds), and of all."""
    every = f"sum(rate({histogram}_count{{{matchers}}}[WINDOW]))"
    within = f'sum(rate({histogram}_bucket{{{matchers}{"," if matchers else ""}le="{bound}"}}[WINDOW]))'
    return f"({every}\n- {within})", every


def _objectives() -> tuple[Objective, ...]:
    asked = f"sum(rate(ringi_http_requests_total{{{_GATEWAY}}}[WINDOW]))"
    # A series of failures begins with the first one: until then there are none.
    failed = f'(sum(rate(ringi_http_requests_total{{{_GATEWAY},status=~"5.."}}[WINDOW])) or vector(0))'
    seconds = "ringi_http_request_duration_seconds"
    return (
        Objective(
            "gateway_availability",
            "RingiGatewayErrors",
            0.999,
            failed,
            asked,
            "The API answers too many requests with a server error",
        ),
        Objective(
            "gateway_latency",
            "RingiGatewaySlow",
            0.99,
            *_slower(seconds, _GATEWAY, "0.5"),
            "More than 1 % of the API's answers take longer than half a second",
        ),
        Objective(
            "decision_latency",
            "RingiDecisionsSlow",
            0.99,
            *_slower(seconds, _DECISIONS, "0.25"),
            "More than 1 % of decisions take longer than a quarter of a second",
        ),
        Objective(
            "event_delay",
            "RingiEventsLate",
            0.99,
            *_slower("ringi_event_delay_seconds", "", "5.0"),
            "More than 1 % of changes reach the read models later than after five seconds",
        ),
    )


OBJECTIVES: Final = _objectives()


def as_yaml() -> str:
    """deploy/prometheus/rules/objectives.yml."""
    lines = ["# Written by `python -m deploy.observability`; see deploy/observability/objectives.py.", "groups:"]
    for objective in OBJECTIVES:
        lines += [f"  - name: ringi_{objective.name}", "    rules:"]
        for window in WINDOWS:
            ratio = f"{objective.bad}\n/ {objective.all}".replace("WINDOW", window)
            lines += [f"      - record: {objective.record}_{window}", "        expr: >-"]
            lines += [f"          {line}" for line in ratio.splitlines()]
        for long, short, factor, severity in BURNS:
            bound = f"> {factor} * {round(1 - objective.target, 6)}"
            lines += [
                f"      - alert: {objective.alert}",
                f"        expr: {objective.record}_{long} {bound} and {objective.record}_{short} {bound}",
                f"        labels: {{severity: {severity}, burns: {long}}}",
                "        annotations:",
                f"          summary: {objective.summary} (budget of a month, looked at over {long})",
                f"          runbook_url: docs/runbooks.md#{objective.alert.lower()}",
            ]
    return "\n".join(lines) + "\n"
