"""Events: published to the present cluster, applied once by each consumer, versions without gaps, nothing stuck."""

from collections import defaultdict
from datetime import timedelta
from typing import Final
from uuid import UUID

from deploy.invariants.model import Violation
from deploy.invariants.system import HOME_SERVICES, SERVICES, System

REPORTED: Final = 20
"""A fault that touches a million rows is told with this many examples."""
INTENT_GRACE: Final = timedelta(seconds=5)


async def published(system: System) -> list[Violation]:
    """Every committed event was published to the cluster that is there now."""
    cluster = await system.cluster_id()
    found = []
    for service in SERVICES:
        rows = await system.all(
            service,
            "SELECT event_id, event_type, cluster_id FROM outbox WHERE cluster_id IS DISTINCT FROM %s LIMIT %s",
            [cluster, REPORTED],
        )
        found += [
            Violation(f"{service}:{row['event_id']}", f"{row['event_type']} is not in cluster {cluster}")
            for row in rows
        ]
    return found


async def applied_once(system: System) -> list[Violation]:
    """Each consumer has applied every event of its topics exactly once, or keeps it as a dead letter."""
    events: dict[str, set[UUID]] = defaultdict(set)
    for service in SERVICES:
        for row in await system.all(service, "SELECT topic, event_id FROM outbox"):
            events[row["topic"]].add(row["event_id"])
    found = []
    for service in SERVICES:
        consumed: dict[str, set[str]] = defaultdict(set)
        for row in await system.all(service, "SELECT DISTINCT consumer, topic FROM consumer_positions"):
            consumed[row["consumer"]].add(row["topic"])
        for consumer, topics in consumed.items():
            expected = set().union(*(events[topic] for topic in topics))
            inbox = set(await system.column(service, "SELECT event_id FROM inbox WHERE consumer = %s", [consumer]))
            letters = "SELECT event_id FROM dead_letters WHERE consumer = %s AND event_id IS NOT NULL"
            seen = inbox | set(await system.column(service, letters, [consumer]))
            missing, unknown = sorted(expected - seen)[:REPORTED], sorted(inbox - expected)[:REPORTED]
            found += [Violation(f"{consumer}:{event}", "was never applied") for event in missing]
            found += [Violation(f"{consumer}:{event}", "was applied, but no outbox has it") for event in unknown]
    return found


async def versions_without_gaps(system: System) -> list[Violation]:
    """The versions of an aggregate in the event stream are 1, 2, 3 … and none is there twice."""
    found = []
    for service in SERVICES:
        rows = await system.all(
            service,
            "SELECT aggregate_id, count(*) AS n, count(DISTINCT aggregate_version) AS d, min(aggregate_version) AS low,"
            " max(aggregate_version) AS high FROM outbox WHERE aggregate_version IS NOT NULL GROUP BY aggregate_id"
            " HAVING count(*) <> max(aggregate_version) OR min(aggregate_version) <> 1"
            " OR count(DISTINCT aggregate_version) <> count(*) LIMIT %s",
            [REPORTED],
        )
        found += [
            Violation(
                f"{service}:{row['aggregate_id']}",
                f"{row['n']} events, {row['d']} versions from {row['low']} to {row['high']}",
            )
            for row in rows
        ]
    return found


AGGREGATES: Final = {
    "auth": ("users", "departments"),
    "customer": ("customers",),
    "sales_activity": ("meetings", "tasks"),
    "opportunity": ("approvals",),
}


async def rows_match_events(system: System) -> list[Violation]:
    """A row's event version is that of its last event: no change without its event."""
    found = []
    tables = [(s, t) for s, names in AGGREGATES.items() for t in names] + [(s, "processes") for s in HOME_SERVICES]
    for service, table in tables:
        rows = await system.all(
            service,
            f"SELECT r.id, r.event_version, o.high FROM {table} r LEFT JOIN (SELECT aggregate_id,"  # noqa: S608
            " max(aggregate_version) AS high FROM outbox GROUP BY aggregate_id) o ON o.aggregate_id = r.id"
            " WHERE o.high IS DISTINCT FROM r.event_version LIMIT %s",
            [REPORTED],
        )
        found += [
            Violation(
                f"{service}.{table}:{row['id']}", f"row at version {row['event_version']}, events at {row['high']}"
            )
            for row in rows
        ]
    return found


async def nothing_stuck(system: System) -> list[Violation]:
    """No undelivered intent is left; dead letters are counted and shown."""
    found = []
    for service in SERVICES:
        rows = await system.all(
            service,
            "SELECT seq, kind, workflow_id, attempts, last_error FROM intents"
            " WHERE delivered_at IS NULL AND created_at < now() - %s ORDER BY seq LIMIT %s",
            [INTENT_GRACE, REPORTED],
        )
        found += [
            Violation(
                f"{service}:intent:{row['seq']}",
                f"{row['kind']} {row['workflow_id']} after {row['attempts']} tries: {row['last_error']}",
            )
            for row in rows
        ]
        for letter in await system.all(
            service,
            "SELECT id, consumer, event_type, reason FROM dead_letters WHERE redriven_at IS NULL LIMIT %s",
            [REPORTED],
        ):
            found.append(
                Violation(
                    f"{service}:dead-letter:{letter['id']}",
                    f"{letter['consumer']} could not apply {letter['event_type']}: {letter['reason']}",
                )
            )
    return found
