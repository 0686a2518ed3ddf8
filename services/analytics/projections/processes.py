"""The list of processes: the newest version of each, whichever service is its home."""

from collections.abc import Sequence
from typing import Any, Final

import orjson

from services.analytics.projections.events import Event
from services.kit.db.unit_of_work import UnitOfWork
from services.kit.processes import events as process_events
from services.kit.processes.events import ProcessSnapshot

EVENTS: Final = frozenset(
    item.event_type
    for item in vars(process_events).values()
    if isinstance(item, type) and issubclass(item, ProcessSnapshot) and "event_type" in vars(item)
)
assert EVENTS, "the module that declares the events of processes holds none"

_APPLY: Final = """
INSERT INTO {schema}.process_views AS p (process_id, version, workflow_id, type, resource_id, actor_id, status, detail,
    steps, progress, started_at, finished_at)
SELECT r."processId", r.version, r."workflowId", r.type, r."resourceId", r."actorId", r.status, r.detail, r.steps,
    r.progress, r."startedAt", r."finishedAt"
FROM json_to_recordset(%(rows)s::json) AS r ("processId" uuid, version int, "workflowId" text, type text,
    "resourceId" uuid, "actorId" uuid, status text, detail text, steps jsonb, progress jsonb, "startedAt" timestamptz,
    "finishedAt" timestamptz)
ON CONFLICT (process_id) DO UPDATE SET version = excluded.version, status = excluded.status, detail = excluded.detail,
    steps = excluded.steps, progress = excluded.progress, finished_at = excluded.finished_at
WHERE excluded.version > p.version
"""


async def apply(uow: UnitOfWork, events: Sequence[Event], *, schema: str) -> None:
    """Keeps the newest version of each process. Raises ValueError on a process event without a version."""
    newest: dict[Any, tuple[int, Event]] = {}
    for event in events:
        if event.aggregate_version is None:
            raise ValueError(f"{event.event_type} carries no aggregate version")
        known = newest.get(event.aggregate_id)
        if known is None or known[0] < event.aggregate_version:
            newest[event.aggregate_id] = (event.aggregate_version, event)
    rows = [{**event.data, "version": version} for version, event in newest.values()]
    await uow.execute(_APPLY.format(schema=schema), {"rows": orjson.dumps(rows).decode()})
