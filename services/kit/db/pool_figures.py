"""Figures of all open pools of this process, read when Prometheus asks: free in between, and never old."""

from collections import Counter
from collections.abc import Iterator
from typing import Final, Protocol
from weakref import WeakSet

from prometheus_client import REGISTRY
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

_LABELS: Final = ("database", "pool")
MILLISECONDS: Final = 1000


class Pooled(Protocol):
    """What has pools: services.kit.db.database.Database."""

    @property
    def name(self) -> str: ...

    def statistics(self) -> dict[str, dict[str, int]]: ...


class PoolFigures(Collector):
    """Two openings of one database, as a web process and a worker in one have them, count together."""

    def __init__(self) -> None:
        self._open: WeakSet[Pooled] = WeakSet()
        REGISTRY.register(self)

    def add(self, pooled: Pooled) -> None:
        self._open.add(pooled)

    def remove(self, pooled: Pooled) -> None:
        self._open.discard(pooled)

    def collect(self) -> Iterator[Metric]:
        totals: dict[tuple[str, str], Counter[str]] = {}
        for pooled in list(self._open):
            for pool, numbers in pooled.statistics().items():
                totals.setdefault((pooled.name, pool), Counter()).update(numbers)
        connections = GaugeMetricFamily("ringi_pool_connections", "Connections of a pool", labels=[*_LABELS, "state"])
        largest = GaugeMetricFamily("ringi_pool_connections_max", "Connections that a pool may open", labels=_LABELS)
        waiting = GaugeMetricFamily("ringi_pool_waiting", "Tasks that wait for a connection", labels=_LABELS)
        asked = CounterMetricFamily("ringi_pool_requests", "Connections that tasks asked for", labels=_LABELS)
        failed = CounterMetricFamily(
            "ringi_pool_errors", "Requests for a connection that waited too long or were turned away", labels=_LABELS
        )
        waited = CounterMetricFamily(
            "ringi_pool_wait_seconds", "Time that tasks waited for a connection", labels=_LABELS
        )
        for labels, numbers in totals.items():
            free = numbers["pool_available"]
            connections.add_metric([*labels, "free"], free)
            connections.add_metric([*labels, "used"], numbers["pool_size"] - free)
            largest.add_metric(labels, numbers["pool_max"])
            waiting.add_metric(labels, numbers["requests_waiting"])
            asked.add_metric(labels, numbers["requests_num"])
            failed.add_metric(labels, numbers["requests_errors"])
            waited.add_metric(labels, numbers["requests_wait_ms"] / MILLISECONDS)
        yield from (connections, largest, waiting, asked, failed, waited)


POOLS: Final = PoolFigures()
