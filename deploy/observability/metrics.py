"""The page on our own metrics, docs/metrics.md, from the metrics themselves."""

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from prometheus_client import REGISTRY
from prometheus_client.core import Metric
from prometheus_client.metrics import MetricWrapperBase

ROOT: Final = Path(__file__).parents[2]
ROOMS: Final = ("services", "api", "frontend", "workers")
PREFIX: Final = "ringi_"
_HEAD: Final = """# Metrics 指標

Written by `python -m deploy.observability`, from the code. What each process serves, and where, is in
[ops.md](ops.md#telemetry); what to do about a figure in [runbooks.md](runbooks.md). Of a histogram, Prometheus has
`_bucket`, `_count` and `_sum`. Names follow Prometheus's conventions: base units, `_total` for what only grows. Labels
are names of parts, routes (templates) and states; no id of a row or person.

| metric | type | labels | meaning |
|---|---|---|---|
"""
_TAIL: Final = """
Beside these there are those of the Python client (`process_…`, `python_…`) and, on a worker's second port, those of
[Temporal's SDK](https://docs.temporal.io/references/sdk-metrics) (`temporal_…`, counters with `_total`, durations in
seconds).
"""


@dataclass(frozen=True, slots=True, order=True)
class Described:
    name: str
    kind: str
    labels: tuple[str, ...]
    help: str


def described() -> list[Described]:
    """Every metric of ours, sorted by name."""
    _import_all()
    ours = {one for metric, labels in _registered() if (one := _read(metric, labels)).name.startswith(PREFIX)}
    return sorted(ours)


def as_markdown() -> str:
    rows = [f"| `{one.name}` | {one.kind} | {', '.join(one.labels)} | {one.help} |" for one in described()]
    return _HEAD + "\n".join(rows) + "\n" + _TAIL


def _import_all() -> None:
    """A metric is registered by the module that counts it."""
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            if "prometheus_client" in path.read_text():
                importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))


def _registered() -> Iterator[tuple[Metric, tuple[str, ...]]]:
    # The client tells labels only with samples, and there are none before something happened.
    for collector in list(REGISTRY._collector_to_names):
        labels = tuple(collector._labelnames) if isinstance(collector, MetricWrapperBase) else ()
        for metric in collector.collect():
            yield metric, labels or tuple(getattr(metric, "_labelnames", ()))


def _read(metric: Metric, labels: tuple[str, ...]) -> Described:
    name = f"{metric.name}_total" if metric.type == "counter" else metric.name
    return Described(name, metric.type, labels, metric.documentation)
