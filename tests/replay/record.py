"""Record the histories that CI replays: `make replay-record` (all), or `python -m tests.replay.record NAME…` (some).

Record anew only what a *deliberate* change made obsolete, when no process of the old shape can be running any more.
"""

import asyncio
import sys
from collections.abc import Sequence
from typing import Any

import orjson
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from tests.replay import shapes_of_sagas, shapes_of_waiting
from tests.replay.catalogue import HISTORIES
from tests.replay.scripted_run import RECORDER
from tests.support.temporal import running_temporal

SHAPES = {**shapes_of_sagas.SHAPES, **shapes_of_waiting.SHAPES}
LONGEST_SECONDS = 120.0


def without_stacks(node: Any) -> Any:
    """A replay needs no stack traces, which tell of the machine that recorded them."""
    if isinstance(node, list):
        return [without_stacks(item) for item in node]
    if isinstance(node, dict):
        return {name: without_stacks(item) for name, item in node.items() if name != "stackTrace"}
    return node


async def record(address: str, names: Sequence[str]) -> None:
    """Play each shape and keep its history."""
    client = await Client.connect(address, data_converter=pydantic_data_converter, identity=RECORDER)
    for name in names:
        async with asyncio.timeout(LONGEST_SECONDS):
            handle = await SHAPES[name](client)
            history = await handle.fetch_history()
        content = orjson.dumps(
            without_stacks(history.to_json_dict()), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS
        )
        (HISTORIES / f"{name}.json").write_bytes(content + b"\n")
        sys.stdout.write(f"{name}: {len(history.events)} events\n")


if __name__ == "__main__":
    with running_temporal() as server:
        asyncio.run(record(server.address, sys.argv[1:] or list(SHAPES)))
