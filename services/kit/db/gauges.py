"""Metrics that only the database knows: what waits, what is open, what is dead. Read by the worker.

In a loop and over a connection of their own: they must be true just when relays are busy and pools are empty. What
can't be read is NaN, so that no figure of an hour ago passes for one of now.
"""

import asyncio
import logging
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from prometheus_client import Gauge

from services.kit.db.database import CONNECTION_ERRORS, Database
from services.kit.db.unit_of_work import Reader, Row
from services.kit.running.backoff import pause
from services.kit.running.metrics import FIGURES_MISSING

log = logging.getLogger(__name__)

INTERVAL_SECONDS: Final = 10.0
STATEMENT_TIMEOUT: Final = "5s"
LANES: Final = ("process", "signal", "timer")

OUTBOX_WAITING = Gauge("ringi_outbox_unpublished", "Outbox rows that wait for the relay", ["database"])
OUTBOX_AGE = Gauge("ringi_outbox_oldest_seconds", "Age of the oldest outbox row that was never published", ["database"])
INTENTS_WAITING = Gauge("ringi_intents_waiting", "Intents not yet delivered to Temporal", ["database", "lane"])
INTENTS_STUCK = Gauge("ringi_intents_stuck", "Waiting intents that were refused before", ["database", "lane"])
PROCESSES_OPEN = Gauge("ringi_processes_open", "Processes that have not ended", ["database", "type", "status"])
DEAD_LETTERS_OPEN = Gauge("ringi_consumer_dead_letters_open", "Dead letters to be redriven", ["database", "consumer"])
INTENTS_AGE = Gauge(
    "ringi_intents_oldest_seconds", "For how long the longest waiting intent has been due", ["database", "lane"]
)
PROCESSES_AGE = Gauge(
    "ringi_processes_oldest_seconds", "Age of the oldest process that has not ended", ["database", "type", "status"]
)

# While a cluster that lost its data is filled again, what earlier clusters had waits too.
_OUTBOX = (
    "SELECT (SELECT count(*) FROM outbox WHERE cluster_id IS NULL) + coalesce((SELECT sum(again.n) FROM outbox_state s,"
    " LATERAL (SELECT count(*) AS n FROM outbox o WHERE o.cluster_id <> s.cluster_id) again WHERE NOT s.replayed), 0)"
    " AS waiting, (SELECT extract(epoch FROM now() - created_at) FROM outbox WHERE cluster_id IS NULL"
    " ORDER BY seq LIMIT 1) AS age"
)
_INTENTS = (
    "SELECT lane, count(*) AS waiting, count(*) FILTER (WHERE attempts > 0) AS refused,"
    # One that was refused is due again later and later; it has waited since it was written.
    " extract(epoch FROM now() - min(created_at) FILTER (WHERE attempts > 0 OR next_attempt_at <= now())) AS age"
    " FROM intents"
    " WHERE delivered_at IS NULL GROUP BY lane"
)
_PROCESSES = (
    "SELECT type, status, count(*) AS open, extract(epoch FROM now() - min(started_at)) AS age"
    " FROM processes WHERE finished_at IS NULL GROUP BY type, status"
)
_DEAD_LETTERS = "SELECT consumer, count(*) AS open FROM dead_letters WHERE redriven_at IS NULL GROUP BY consumer"


@dataclass(frozen=True, slots=True)
class OwnGauges:
    """What one service alone has to tell: a statement with one row, and a gauge for each column. SQL null is 0."""

    statement: str
    gauges: Mapping[str, Gauge]


class DatabaseGauges:
    """Keeps the gauges of one database fresh; what is no longer there falls to zero."""

    def __init__(self, db: Database, own: Sequence[OwnGauges] = ()) -> None:
        self._db = db
        self._own = own
        self._seen: set[tuple[Gauge, tuple[str, ...]]] = set()

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                await self.read()
                FIGURES_MISSING.labels(self._db.name).set(0)
            except CONNECTION_ERRORS as error:
                log.warning("gauges could not be read: %s", error, extra={"database": self._db.name})
                self._forget()
                FIGURES_MISSING.labels(self._db.name).set(1)
            await pause(stop, INTERVAL_SECONDS)

    async def read(self) -> None:
        """Raises CONNECTION_ERRORS, of which a statement that took too long is one."""
        name = self._db.name
        async with self._db.dedicated("gauges", statement_timeout=STATEMENT_TIMEOUT) as connection:
            reader = Reader(connection)
            outbox = await reader.one(_OUTBOX)
            intents = {row["lane"]: row for row in await reader.all(_INTENTS)}
            processes = await reader.all(_PROCESSES)
            letters = await reader.all(_DEAD_LETTERS)
            for own in self._own:
                found = await reader.one(own.statement) or {}
                for column, gauge in own.gauges.items():
                    gauge.set(found.get(column) or 0)
        if outbox is not None:
            OUTBOX_WAITING.labels(name).set(outbox["waiting"])
            OUTBOX_AGE.labels(name).set(max(0.0, outbox["age"] or 0.0))
        for lane in LANES:
            row = intents.get(lane, {"waiting": 0, "refused": 0, "age": None})
            INTENTS_WAITING.labels(name, lane).set(row["waiting"])
            INTENTS_STUCK.labels(name, lane).set(row["refused"])
            INTENTS_AGE.labels(name, lane).set(max(0.0, row["age"] or 0.0))
        self._set(PROCESSES_OPEN, processes, "type", "status")
        self._set(PROCESSES_AGE, processes, "type", "status", value="age")
        self._set(DEAD_LETTERS_OPEN, letters, "consumer")

    def _forget(self) -> None:
        name = self._db.name
        for gauge in (OUTBOX_WAITING, OUTBOX_AGE):
            gauge.labels(name).set(math.nan)
        for gauge in (INTENTS_WAITING, INTENTS_STUCK, INTENTS_AGE):
            for lane in LANES:
                gauge.labels(name, lane).set(math.nan)
        for gauge, labels in self._seen:
            gauge.labels(name, *labels).set(math.nan)
        for own in self._own:
            for gauge in own.gauges.values():
                gauge.set(math.nan)

    def _set(self, gauge: Gauge, rows: Iterable[Row], *columns: str, value: str = "open") -> None:
        present = {tuple(row[column] for column in columns): row[value] for row in rows}
        for known, labels in list(self._seen):
            if known is gauge and labels not in present:
                gauge.labels(self._db.name, *labels).set(0)
        for labels, count in present.items():
            self._seen.add((gauge, labels))
            gauge.labels(self._db.name, *labels).set(count)
