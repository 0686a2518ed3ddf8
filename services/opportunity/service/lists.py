"""Lists of requests, page by page."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from services.kit.db.database import Reader, Row
from services.kit.http.paging import Cursors, page
from services.kit.trust.principal import Principal
from services.opportunity.access import SEEN_THROUGH, View, view_of
from services.opportunity.repository import circulation, lists, waiting
from services.opportunity.schemas.approvals import ApprovalFilters, ApprovalSort, InboxQuery, InboxSort
from services.opportunity.schemas.fields import PageQuery
from services.opportunity.service.views import present

_SORTS: Final[dict[InboxSort, tuple[str, list[type]]]] = {
    InboxSort.WAITING_LONGEST: ("since", [datetime]),
    InboxSort.DEADLINE: ("deadline_at", [datetime]),
    InboxSort.LARGEST: ("amount", [str, Decimal]),
}
"""The order in the repository, and the types of its keys."""


async def filtered(reader: Reader, principal: Principal, cursors: Cursors, query: ApprovalFilters) -> dict[str, Any]:
    return await _page(reader, principal, cursors, query, query.narrowed, query.sort)


async def of_requester(
    reader: Reader, principal: Principal, cursors: Cursors, user_id: UUID, query: PageQuery
) -> dict[str, Any]:
    return await _page(reader, principal, cursors, query, {"requester_id": user_id}, ApprovalSort.NEWEST)


async def of_approver(
    reader: Reader, principal: Principal, cursors: Cursors, user_id: UUID, query: PageQuery
) -> dict[str, Any]:
    return await _page(reader, principal, cursors, query, {"approver_id": user_id}, ApprovalSort.NEWEST)


async def _page(
    reader: Reader,
    principal: Principal,
    cursors: Cursors,
    query: PageQuery | ApprovalFilters,
    filters: dict[str, Any],
    sort: ApprovalSort,
) -> dict[str, Any]:
    scope = f"approvals:{sort}"
    view = await view_of(reader, principal)
    rows = await lists.page(
        reader,
        seen_through=None if view.sees_all else (SEEN_THROUGH, view.people),
        params=view.params,
        filters=filters,
        descending=sort is ApprovalSort.NEWEST,
        after=_key(cursors.decode(scope, query.cursor, [datetime, UUID])),
        limit=query.limit + 1,
    )
    return await _shown(
        reader,
        rows,
        query.limit,
        actor=(view, principal),
        cursor=lambda row: cursors.encode(scope, _at(row, "createdAt")),
    )


async def inbox(reader: Reader, principal: Principal, cursors: Cursors, query: InboxQuery) -> dict[str, Any]:
    scope = f"inbox:{query.sort}:{query.snoozed}:{query.stuck}"
    view = await view_of(reader, principal)
    sort, types = _SORTS[query.sort]
    page_of: dict[str, Any] = {
        "user_id": principal.user_id,
        "acts_as": view.acts_as,
        "filters": query.narrowed,
        "now": view.now,
        "sort": sort,
        "after": cursors.decode(scope, query.cursor, [*types, UUID]),
        "limit": query.limit + 1,
    }
    if query.stuck:
        rows = await waiting.stuck(reader, below=view.below, **page_of)
    else:
        rows = await waiting.inbox(reader, snoozed=query.snoozed, **page_of)
    keys = {row["id"]: [row[f"sortKey{place}"] for place in range(len(types))] for row in rows}
    return await _shown(
        reader,
        rows,
        query.limit,
        actor=(view, principal),
        cursor=lambda row: cursors.encode(scope, [*keys[row["id"]], row["id"]]),
    )


async def counts(reader: Reader, principal: Principal) -> Row:
    view = await view_of(reader, principal)
    mine: dict[str, Any] = {"user_id": principal.user_id, "acts_as": view.acts_as, "now": view.now}
    counted = await waiting.counts(reader, **mine)
    counted["stuck"] = await waiting.count_stuck(reader, below=view.below, **mine) if view.below else 0
    return counted | await circulation.counts(reader, principal.user_id)


async def _shown(
    reader: Reader, rows: Sequence[Row], limit: int, *, actor: tuple[View, Principal], cursor: Any
) -> dict[str, Any]:
    answer = page(rows, limit, cursor)
    answer["items"] = await present(reader, answer["items"], *actor)
    return answer


def _at(row: Mapping[str, Any], name: str) -> list[Any]:
    return [row[name], row["id"]]


def _key(parts: list[Any] | None) -> tuple[datetime, UUID] | None:
    return None if parts is None else (parts[0], parts[1])
