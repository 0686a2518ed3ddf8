"""Names of other packages that begin with an underscore may go with any release: each that is used is listed here, with
what to do when it is gone, and no other is used."""

import ast
import atexit
import threading
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from gettext import GNUTranslations
from pathlib import Path
from typing import Any, Final

import pytest
from aiohttp import ClientSession
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.client import AIOKafkaClient
from aiokafka.consumer.fetcher import Fetcher
from aiokafka.producer.sender import Sender
from prometheus_client import REGISTRY, Counter

ROOT: Final = Path(__file__).resolve().parents[2]
PACKAGES: Final = ("activities", "api", "deploy", "frontend", "services", "workers", "workflows")
OUR_OWN: Final = {"_profile": "frontend/customer/form.py", "_assign": "services/kit/events/stream.py"} | {
    "_gap": "services/kit/events/stream.py"
}
"""Of instances of the class that the code stands in."""
DOCUMENTED: Final = frozenset({"_exit"})
"""os._exit is public."""


def uses(function: Callable[..., Any], name: str) -> bool:
    """Whether the function's own code names it."""
    return name in function.__code__.co_names


@dataclass(frozen=True)
class PrivateName:
    file: str
    there: Callable[[], bool]
    """Whether the installed version still has it, and still looks at it where we rely on that."""
    to_do: str
    twin: str | None = None
    """The same on the frontends' side, which shares no code with the services'."""


BROKER: Final = "services/kit/events/broker.py"
CLUSTER: Final = (
    "every connection must be asked for its cluster id before anything goes over it, and its loss must end the session:"
    " look for where AIOKafkaClient opens and drops connections now, and wrap that in ClusterSession.fence"
)
LEAVING: Final = (
    "leave() must do what the interpreter does before it tears itself down: see Py_FinalizeEx"
    " (wait_for_thread_shutdown, atexit) and multiprocessing.process.BaseProcess._bootstrap"
)
USED: Final = {
    "_get_conn": PrivateName(BROKER, lambda: uses(AIOKafkaClient.ready, "_get_conn"), CLUSTER),
    "_on_connection_closed": PrivateName(
        BROKER, lambda: uses(AIOKafkaClient._get_conn, "_on_connection_closed"), CLUSTER
    ),
    "_client": PrivateName(BROKER, lambda: uses(AIOKafkaConsumer.__init__, "_client"), CLUSTER),
    "_sender": PrivateName(
        BROKER,
        lambda: uses(AIOKafkaProducer.__init__, "_sender") and hasattr(Sender, "sender_task"),
        "ClusterSession.producer cancels the sender of a lost cluster, which would wait for its queue until it timed"
        " out: cancel what sends now, or leave it out (STOP_SECONDS bounds the wait)",
    ),
    "_fetcher": PrivateName(
        BROKER, lambda: uses(AIOKafkaConsumer.start, "_fetcher"), "see _fetch_max_wait_ms: pace() sets it there"
    ),
    "_fetch_max_wait_ms": PrivateName(
        BROKER,
        lambda: uses(Fetcher._get_actions_per_node, "_fetch_max_wait_ms"),
        "pace() lets the broker hold a fetch for longer while nothing comes: set what each fetch request reads now, or"
        " pause the partitions for FETCH_MAX_WAIT_AT_REST_MS after an empty answer",
    ),
    "_retry_connection": PrivateName(
        "services/kit/running/http_client.py",
        lambda: uses(ClientSession._request, "_retry_connection"),
        "aiohttp must not repeat a PUT or DELETE by itself: look for its option, or close the connection after each",
        twin="frontend/ui/http_client.py",
    ),
    "_shutdown": PrivateName(
        "services/kit/running/leaving.py", lambda: callable(vars(threading)["_shutdown"]), LEAVING
    ),
    "_run_exitfuncs": PrivateName(
        "services/kit/running/leaving.py", lambda: callable(vars(atexit)["_run_exitfuncs"]), LEAVING
    ),
    "_catalog": PrivateName(
        "frontend/ui/i18n.py",
        lambda: uses(GNUTranslations._parse, "_catalog") and uses(GNUTranslations.gettext, "_catalog"),
        "the Japanese catalogues are merged into one: merge the .mo files with babel before they are read",
    ),
    "_Compress": PrivateName(
        "frontend/shell/compression.py",
        lambda: type(zlib.compressobj()).__name__ == "Compress",
        "only a type's name in typeshed: name the type of zlib.compressobj() as typeshed does now",
    ),
    "_collector_to_names": PrivateName(
        "deploy/observability/metrics.py",
        lambda: "_collector_to_names" in vars(REGISTRY),
        "only writes docs/metrics.md: keep a list of the collectors of our own",
    ),
    "_labelnames": PrivateName(
        "deploy/observability/metrics.py",
        lambda: "_labelnames" in vars(Counter("private_names_test", "A test", registry=None)),
        "only writes docs/metrics.md: leave the column with labels out",
    ),
}


@pytest.mark.parametrize("name", USED)
def test_a_private_name_that_is_used_is_still_there(name: str) -> None:
    used = USED[name]
    assert used.there(), f"{name} is gone or no longer read. {used.file}: {used.to_do}"


def _foreign(tree: ast.AST) -> set[str]:
    """Attributes with one leading underscore, of anything but self and cls."""
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr.startswith("_")
        and not node.attr.startswith("__")
        and not (isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"))
    }


def test_no_other_private_name_of_anything_is_used() -> None:
    found = {}
    for package in PACKAGES:
        for file in sorted((ROOT / package).rglob("*.py")):
            place = file.relative_to(ROOT).as_posix()
            for name in _foreign(ast.parse(file.read_text(encoding="utf-8"))) - DOCUMENTED:
                if OUR_OWN.get(name) != place:
                    found[name, place] = None
    listed = {(name, file) for name, used in USED.items() for file in (used.file, used.twin) if file is not None}
    assert set(found) == listed
