"""What the six dashboards show. Each answers one question; numbers that nobody would act on are left out."""

from typing import Final

from deploy.observability.dashboards import Dashboard, Panel

_RATE: Final = "[$__rate_interval]"


def _quantile(part: float, histogram: str, matchers: str = "", by: str = "") -> str:
    labels = f"le,{by}" if by else "le"
    return f"histogram_quantile({part}, sum by ({labels}) (rate({histogram}_bucket{{{matchers}}}{_RATE})))"


_REQUESTS: Final = "ringi_http_requests_total"
_SECONDS: Final = "ringi_http_request_duration_seconds"
_GATEWAY: Final = 'service="gateway",route!~".*/stream"'
_DECISION: Final = 'service="opportunity",method="PATCH",route=~"/approvals/{approval_id}/(approve|reject|return)"'

OVERVIEW: Final = Dashboard(
    "ringi-overview",
    "Ringi: overview",
    (
        Panel("Parts that do not answer", {"": 'count(up{job=~"ringi-.*"} == 0) or vector(0)'}, kind="stat", width=6,
              alert="RingiPartDown", bound=1),
        Panel("Processes that need somebody",
              {"": 'sum(ringi_processes_open{status="NEEDS_ATTENTION"}) or vector(0)'}, kind="stat", width=6,
              alert="RingiProcessNeedsAttention", bound=1),
        Panel("Dead letters", {"": "sum(ringi_consumer_dead_letters_open) or vector(0)"}, kind="stat", width=6,
              alert="RingiDeadLetters", bound=1),
        Panel("Faults in the audit log", {"": "max(ringi_audit_findings)"}, kind="stat", width=6,
              alert="RingiAuditBroken", bound=1),
        Panel("Requests at the gateway", {"{{status}}": f"sum by (status) (rate({_REQUESTS}{{{_GATEWAY}}}{_RATE}))"},
              unit="reqps"),
        Panel("Part of the gateway's answers that were errors",
              {"5 minutes": "ringi:gateway_availability:error_ratio_5m",
               "1 hour": "ringi:gateway_availability:error_ratio_1h"},
              unit="percentunit", alert="RingiGatewayErrors", bound=0.001),
        Panel("Time of the gateway's answers",
              {"half": _quantile(0.5, _SECONDS, _GATEWAY), "99 of 100": _quantile(0.99, _SECONDS, _GATEWAY)},
              unit="s", alert="RingiGatewaySlow", bound=0.5),
        Panel("Time of pages, 99 of 100", {"{{app}}": _quantile(0.99, "ringi_page_duration_seconds", by="app")},
              unit="s", says="As the browser's server sees it: shell and remotes, without the network."),
    ),
)  # fmt: skip

PROCESSES: Final = Dashboard(
    "ringi-processes",
    "Ringi: processes",
    (
        Panel("Open processes", {"{{type}} {{status}}": "sum by (type, status) (ringi_processes_open)"},
              alert="RingiProcessNeedsAttention"),
        Panel("Age of the oldest, requests apart",
              {"{{type}} {{status}}": 'max by (type, status) (ringi_processes_oldest_seconds{type!="approval"})'},
              unit="s", alert="RingiProcessStandsStill", bound=3600),
        Panel("What Temporal has not been told", {"{{database}} {{lane}}": "ringi_intents_waiting"},
              alert="RingiIntentsWait"),
        Panel("For how long", {"{{database}} {{lane}}": "ringi_intents_oldest_seconds"}, unit="s",
              alert="RingiIntentsWait", bound=60),
        Panel("Steps by time, 99 of 100",
              {"{{activity_type}}": _quantile(0.99, "temporal_activity_execution_latency_seconds", by="activity_type")},
              unit="s"),
        Panel("Steps and tasks that failed",
              {"step {{activity_type}}":
               f"sum by (activity_type) (rate(temporal_activity_execution_failed_total{_RATE}))",
               "task {{workflow_type}}":
               f"sum by (workflow_type) (rate(temporal_workflow_task_execution_failed_total{_RATE}))"},
              unit="ops", alert="RingiWorkflowTasksFail",
              says="Steps are tried again by themselves; a task that fails is a defect of ours."),
        Panel("How late timers are", {"tasks": "max(ringi_task_timers_late_seconds)",
                                      "deadlines": "max(ringi_approval_deadlines_late_seconds)"},
              unit="s", alert="RingiTaskTimersLate", bound=600),
        Panel("Timers that run", {"tasks": "max(ringi_task_timers_open)"}),
    ),
)  # fmt: skip

APPROVALS: Final = Dashboard(
    "ringi-approvals",
    "Ringi: approvals",
    (
        Panel("Requests that wait for approvers", {"": "max(ringi_approvals_pending)"}, kind="stat", width=8),
        Panel("Longest time since a deadline without escalation", {"": "max(ringi_approval_deadlines_late_seconds)"},
              unit="s", kind="stat", width=8, alert="RingiDeadlinesLate", bound=1800),
        Panel("Decisions slower than a quarter of a second",
              {"": "ringi:decision_latency:error_ratio_1h"}, unit="percentunit", kind="stat", width=8,
              alert="RingiDecisionsSlow", bound=0.01),
        Panel("Decisions",
              {"{{route}} {{status}}": f"sum by (route, status) (rate({_REQUESTS}{{{_DECISION}}}{_RATE}))"},
              unit="reqps"),
        Panel("Time of a decision", {"half": _quantile(0.5, _SECONDS, _DECISION),
                                     "99 of 100": _quantile(0.99, _SECONDS, _DECISION)},
              unit="s", alert="RingiDecisionsSlow", bound=0.25),
        Panel("Mails", {"{{outcome}}": f"sum by (outcome) (rate(ringi_mails_total{_RATE}))",
                        "waiting": "max(ringi_mails_waiting)"}, alert="RingiMailsWait"),
        Panel("Webhooks", {"{{outcome}}": f"sum by (outcome) (rate(ringi_webhook_deliveries_total{_RATE}))",
                           "waiting": "max(ringi_webhook_deliveries_waiting)"}, alert="RingiWebhooksWait"),
    ),
)  # fmt: skip

EVENTS: Final = Dashboard(
    "ringi-events",
    "Ringi: events",
    (
        Panel("Events that wait in an outbox", {"{{database}}": "ringi_outbox_unpublished"}, alert="RingiOutboxStale"),
        Panel("Age of the oldest", {"{{database}}": "ringi_outbox_oldest_seconds"}, unit="s",
              alert="RingiOutboxStale", bound=60),
        Panel("Published", {"{{database}}": f"sum by (database) (rate(ringi_outbox_published_total{_RATE}))"},
              unit="ops"),
        Panel("Applied", {"{{consumer}}": f"sum by (consumer) (rate(ringi_consumer_events_total{_RATE}))"}, unit="ops"),
        Panel("How far consumers are behind", {"{{consumer}}": "ringi_consumer_lag"}, alert="RingiConsumerLag",
              bound=1000),
        Panel("From the change to the read model, 99 of 100",
              {"{{consumer}}": _quantile(0.99, "ringi_event_delay_seconds", by="consumer")}, unit="s",
              alert="RingiEventsLate", bound=5),
        Panel("Stopped, parked, dead",
              {"stopped {{consumer}}": "ringi_consumer_stopped", "parked {{consumer}}": "ringi_consumer_parked",
               "dead {{consumer}}": "ringi_consumer_dead_letters_open"}, alert="RingiConsumerStopped"),
        Panel("Tried again", {"relay {{database}}": f"rate(ringi_outbox_failures_total{_RATE})",
                              "consumer {{consumer}}": f"rate(ringi_consumer_failures_total{_RATE})"}, unit="ops"),
    ),
)  # fmt: skip

DATABASES: Final = Dashboard(
    "ringi-databases",
    "Ringi: databases",
    (
        Panel("Connections in use, of those allowed",
              {"{{instance}} {{database}} {{pool}}":
               'sum without (state) (ringi_pool_connections{state="used"}) / ringi_pool_connections_max'},
              unit="percentunit", alert="RingiPoolExhausted", bound=1),
        Panel("Tasks that wait for a connection", {"{{instance}} {{database}} {{pool}}": "ringi_pool_waiting"},
              alert="RingiPoolExhausted"),
        Panel("Wait for a connection, mean",
              {"{{database}} {{pool}}":
               f"sum by (database, pool) (rate(ringi_pool_wait_seconds_total{_RATE}))"
               f" / sum by (database, pool) (rate(ringi_pool_requests_total{_RATE}))"}, unit="s"),
        Panel("Requests for a connection that failed",
              {"{{database}} {{pool}}": f"sum by (database, pool) (rate(ringi_pool_errors_total{_RATE}))"}, unit="ops",
              alert="RingiPoolExhausted"),
        Panel("Audit log: since the last verification", {"": "max(ringi_audit_verified_seconds)"}, unit="s",
              alert="RingiAuditUnverified", bound=3600),
        Panel("Signed heads that wait for a store", {"{{store}}": "ringi_audit_head_waits_seconds"}, unit="s",
              alert="RingiAuditHeadsWait", bound=300),
    ),
)  # fmt: skip

CAPACITY: Final = Dashboard(
    "ringi-capacity",
    "Ringi: capacity",
    (
        Panel("Processor time", {"{{job}} {{instance}}": f'rate(process_cpu_seconds_total{{job=~"ringi-.*"}}{_RATE})'},
              says="One process fills one core: near 1, add a replica."),
        Panel("Memory", {"{{job}} {{instance}}": 'process_resident_memory_bytes{job=~"ringi-.*"}'}, unit="bytes"),
        Panel("Files and sockets, of those allowed",
              {"{{job}} {{instance}}": 'process_open_fds{job=~"ringi-.*"} / process_max_fds'}, unit="percentunit"),
        Panel("Requests being answered", {"{{service}}": "sum by (service) (ringi_http_requests_in_progress)",
                                          "{{app}}": "sum by (app) (ringi_pages_in_progress)"}),
        Panel("Requests by service", {"{{service}}": f"sum by (service) (rate({_REQUESTS}{_RATE}))"}, unit="reqps"),
        Panel("Pages", {"{{app}} {{status}}": f"sum by (app, status) (rate(ringi_pages_total{_RATE}))"}, unit="reqps"),
        Panel("Free places for activities",
              {"{{process}} {{worker_type}}":
               "min by (process, worker_type) (temporal_worker_task_slots_available)"}, alert="RingiWorkerFull"),
        Panel("Refused by a rate limit, or by a breaker",
              {"{{policy}}": f"sum by (policy) (rate(ringi_gateway_limited_total{_RATE}))",
               "breaker {{service}}": "max by (service) (ringi_gateway_breaker_open)"}, alert="RingiBreakerOpen"),
    ),
)  # fmt: skip

DASHBOARDS: Final = (OVERVIEW, PROCESSES, APPROVALS, EVENTS, DATABASES, CAPACITY)
