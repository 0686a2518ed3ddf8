"""The whole read model: takes a batch of events to the projections that are made from them."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from services.analytics.models import READ_MODEL
from services.analytics.projections import processes
from services.analytics.projections.events import Event
from services.analytics.projections.histories import HISTORIES, HISTORY_OF_EVENT
from services.analytics.projections.history import History
from services.kit.db.unit_of_work import Reader, UnitOfWork

SWAP_LOCK: Final = 7_122_001
"""Advisory lock: one batch at a time (the consumer's, or what an operator redrives), and none during the exchange."""

PROCESSES: Final = "processes"
PROJECTIONS: Final = (*(history.name for history in HISTORIES), PROCESSES)


async def apply(uow: UnitOfWork, events: Sequence[Event]) -> None:
    """Applies a batch to the model that readers see, and counts the projections that it changed."""
    # Taken first: a batch that wrote to a model just before its exchange would be lost with it.
    await uow.all("SELECT pg_advisory_xact_lock(%s)", [SWAP_LOCK])
    batches, process_events = sorted_out(events)
    for history, batch in batches.items():
        await history.apply(uow, batch, schema=READ_MODEL)
        await bump(uow, [history.name], str(max(event.timestamp for event in batch)))
    if process_events:
        await processes.apply(uow, process_events, schema=READ_MODEL)
        await bump(uow, [PROCESSES], str(max(event.timestamp for event in process_events)))


def sorted_out(events: Sequence[Event]) -> tuple[dict[History, list[Event]], list[Event]]:
    """The events by the projection that they are for; what none is made from is left out."""
    batches: dict[History, list[Event]] = defaultdict(list)
    process_events: list[Event] = []
    for event in events:
        history = HISTORY_OF_EVENT.get(event.event_type)
        if history is not None:
            batches[history].append(event)
        elif event.event_type in processes.EVENTS:
            process_events.append(event)
    return batches, process_events


async def bump(uow: UnitOfWork, projections: Sequence[str], event_at: str) -> None:
    """Counts a change of these projections; answers that were cached before it are not used again."""
    await uow.execute(
        "INSERT INTO projection_revisions AS r (projection, revision, last_event_at)"
        " SELECT name, 1, %(at)s::timestamptz FROM unnest(%(projections)s::text[]) AS name ORDER BY name"
        " ON CONFLICT (projection) DO UPDATE SET revision = r.revision + 1,"
        " last_event_at = greatest(r.last_event_at, excluded.last_event_at)",
        {"projections": list(projections), "at": event_at},
    )


async def revisions(reader: Reader) -> dict[str, tuple[int, str]]:
    """By projection: how often it changed, and the timestamp of the newest event in it (RFC 3339, UTC)."""
    rows = await reader.all(
        'SELECT projection, revision, to_char(last_event_at, \'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"\') AS at'
        " FROM projection_revisions"
    )
    return {row["projection"]: (row["revision"], row["at"]) for row in rows}
