"""The list of processes over all services, from their events; a single one is read at its home service."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from services.analytics.access import Names
from services.kit.db.unit_of_work import Reader

_COLUMNS = (
    'p.process_id AS id, p.type, p.workflow_id AS "workflowId", p.resource_id AS "resourceId",'
    ' coalesce(customer.name, person.name, request.number) AS "resourceName", p.actor_id AS "actorId",'
    ' actor.name AS "actorName", p.status, p.detail, p.steps, p.progress, p.started_at AS "startedAt",'
    ' p.finished_at AS "finishedAt"'
)
_MAY_READ = "(%(reads_users)s OR {user}.id = %(user)s)"
# Joined when they are read, as notifications do: no process may keep the name of a customer who was erased.
_NAMES = f"""
    LEFT JOIN customer_copies customer ON p.type LIKE 'customer%%' AND customer.id = p.resource_id
        AND customer.state <> 'PURGED'
        AND (%(customers_of)s::uuid[] IS NULL OR customer.assigned_sales_id = ANY(%(customers_of)s::uuid[]))
    LEFT JOIN user_copies person ON p.type LIKE 'user%%' AND person.id = p.resource_id
        AND {_MAY_READ.format(user="person")}
    LEFT JOIN approval_copies request ON p.type = 'approval' AND request.id = p.resource_id
    LEFT JOIN user_copies actor ON actor.id = p.actor_id AND {_MAY_READ.format(user="actor")}
"""
# Whoever may see what a process changes sees the process.
_VISIBLE = """(
    actor_id = %(user)s
    OR (type LIKE 'customer%%' AND EXISTS (SELECT FROM customer_copies c
        WHERE c.id = resource_id AND c.assigned_sales_id = ANY(%(reps)s::uuid[])))
    OR (type LIKE 'user%%' AND resource_id = ANY(%(reps)s::uuid[]))
    OR (type = 'approval' AND EXISTS (SELECT FROM read_model.approval_history a
        WHERE a.approval_id = resource_id AND a.valid_to = 'infinity'
        AND (a.owner_id = ANY(%(reps)s::uuid[]) OR %(user)s = ANY(a.approver_ids))))
)"""


async def newest(
    reader: Reader,
    *,
    user_id: UUID,
    reps: Sequence[UUID] | None,
    names: Names,
    filters: dict[str, Any],
    before: Sequence[Any] | None,
    limit: int,
) -> list[dict[str, Any]]:
    """Those that started last first. ``reps`` None: all; else the caller's own and those of what these reps have.

    ``names``: which names the caller may read; the others are null. Numbers of requests are nobody's name.
    ``filters``: type, status, resource_id, open; None means any. ``before``: start and id of the last one sent.
    """
    conditions = [f"{column} = %({column})s" for column in ("type", "status", "resource_id") if filters.get(column)]
    if filters.get("open") is not None:
        conditions.append("finished_at IS NULL" if filters["open"] else "finished_at IS NOT NULL")
    if reps is not None:
        conditions.append(_VISIBLE)
    if before is not None:
        conditions.append("(started_at, process_id) < (%(before_at)s, %(before_id)s)")
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    params = filters | {
        "user": user_id,
        "reps": reps,
        "customers_of": names.customers_of,
        "reads_users": names.users,
        "before_at": before and before[0],
        "before_id": before and before[1],
        "limit": limit,
    }
    # The page is chosen first: names are joined to its rows only.
    return await reader.all(
        f"SELECT {_COLUMNS} FROM (SELECT * FROM read_model.process_views{where}"  # noqa: S608
        f" ORDER BY started_at DESC, process_id DESC LIMIT %(limit)s) p{_NAMES}"
        " ORDER BY p.started_at DESC, p.process_id DESC",
        params,
    )
