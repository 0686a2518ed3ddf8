"""All workflows that there are or that a worker hosts, and where their histories lie."""

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import workers
import workflows

HISTORIES = Path(__file__).with_name("histories")
"""`<workflow>.<shape>.json`, as Temporal's own tools write them."""


def _found() -> Iterator[type]:
    for package in (workflows, workers):
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            for item in vars(importlib.import_module(module.name)).values():
                if isinstance(item, type) and "__temporal_workflow_definition" in vars(item):
                    yield item


WORKFLOWS: list[type] = list(dict.fromkeys(_found()))


def type_of(workflow: type) -> str:
    return str(vars(workflow)["__temporal_workflow_definition"].name)
