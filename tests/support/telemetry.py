"""What rules and dashboards refer to, and what processes tell."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import temporalio.bridge
import yaml

ROOT: Final = Path(__file__).parents[2]
RULES: Final = sorted((ROOT / "deploy/prometheus/rules").glob("*.yml"))
DASHBOARDS: Final = sorted((ROOT / "deploy/grafana/dashboards").glob("*.json"))
METRIC: Final = re.compile(r"\b(?:ringi_|temporal_|process_)\w+\b(?!\()")
TYPE: Final = re.compile(r"^# TYPE (\S+) (\w+)$", re.MULTILINE)
PARTS_OF_HISTOGRAM: Final = ("_bucket", "_count", "_sum")
WITH_THE_FIRST_FAILURE: Final = frozenset(
    {"temporal_workflow_task_execution_failed_total", "temporal_activity_execution_failed_total"}
)
"""Temporal's SDK tells a counter from its first count on; these count what must not happen in a test."""


def rules() -> Iterator[dict[str, Any]]:
    for path in RULES:
        for group in yaml.safe_load(path.read_text())["groups"]:
            yield from group["rules"]


def alerts() -> list[dict[str, Any]]:
    return [rule for rule in rules() if "alert" in rule]


def panels() -> Iterator[dict[str, Any]]:
    for path in DASHBOARDS:
        yield from json.loads(path.read_text())["panels"]


def expressions() -> list[str]:
    """Of all rules and panels."""
    of_panels = [target["expr"] for panel in panels() for target in panel["targets"]]
    return [rule["expr"] for rule in rules()] + [text.replace("$__rate_interval", "5m") for text in of_panels]


def metrics_used() -> set[str]:
    """Labels and names in quotes are no metrics."""
    return {
        name
        for text in expressions()
        for name in METRIC.findall(re.sub(r'"[^"]*"|by \([^)]*\)|without \([^)]*\)', "", text))
    }


def names_in(exposition: str) -> set[str]:
    """Names that a query can ask for, of a page that Prometheus scrapes."""
    names = set()
    for name, kind in TYPE.findall(exposition):
        names |= {name + part for part in PARTS_OF_HISTOGRAM} if kind == "histogram" else {name}
    return names


def in_temporals_sdk(metric: str) -> bool:
    """Whether the SDK's library has it; it alone knows the names."""
    name = metric.removeprefix("temporal_").removesuffix("_total").encode()
    libraries = Path(temporalio.bridge.__file__).parent.glob("temporal_sdk_bridge*")
    return any(name in library.read_bytes() for library in libraries)


def run_tool(*command: str | Path) -> None:
    """Raises AssertionError with what the checker says."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
