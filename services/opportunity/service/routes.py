"""Approval routes: who is asked, by which kind of request, from when on."""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from pydantic.alias_generators import to_camel

from services.contracts import money
from services.kit.db.database import Reader, Row, UnitOfWork
from services.kit.errors import NotFound, PreconditionFailed, Text, Unprocessable
from services.kit.events import audit
from services.kit.processes import fences
from services.kit.running import clock
from services.kit.running.ids import new_id
from services.opportunity.errors import VersionPlannedAlready, VersionSettled
from services.opportunity.references import References
from services.opportunity.repository import routes
from services.opportunity.schemas.routes import RouteInput, RouteStage
from services.opportunity.service import stages

FURTHEST: Final = timedelta(days=5 * 366)
"""So far ahead versions can be planned: nobody means a later day."""
_RESOURCE: Final = "approval_route"


async def create_route(uow: UnitOfWork, content: RouteInput, references: References) -> Row:
    """A route that begins now, or at an instant to come. Raises Unprocessable, Blocked."""
    now = clock.now()
    await _check(uow, content, references, now)
    route_id = new_id()
    await routes.create(uow, route_id, _values(uow, content), now, content.valid_from or now)
    await _audit(uow, "approval_route.create", route_id, 1, content)
    return await route(uow, route_id)


async def replace_route(
    uow: UnitOfWork, route_id: UUID, content: RouteInput, references: References, *, version: int
) -> Row:
    """The next version of a route, now or from an instant to come; ``version`` is the one that the caller read.

    Raises NotFound, PreconditionFailed, Unprocessable, Blocked, VersionPlannedAlready.
    """
    if not await routes.lock(uow, route_id):
        raise NotFound()
    current = await route(uow, route_id)
    if current["version"] != version:
        by = ("approval_route.create", "approval_route.update")
        raise await audit.outrun(uow, _RESOURCE, route_id, current["version"], by=by)
    now = clock.now()
    await _check(uow, content, references, now)
    if content.valid_from is not None:
        taken = await routes.planned_at(uow, route_id, content.valid_from)
        if taken is not None:
            raise VersionPlannedAlready(taken)
    number = await routes.add_version(uow, route_id, _values(uow, content), now, content.valid_from)
    action = "approval_route.update" if content.valid_from is None else "approval_route.plan"
    await _audit(uow, action, route_id, number, content, before=current)
    return await route(uow, route_id)


async def replace_planned(
    uow: UnitOfWork, route_id: UUID, number: int, content: RouteInput, references: References, *, version: int
) -> Row:
    """Another version in the place of a planned one, under a number of its own: what was planned stays on record.

    Raises NotFound, PreconditionFailed, VersionSettled, VersionPlannedAlready, Unprocessable, Blocked.
    """
    before = await _withdraw(uow, route_id, number, version)
    now = clock.now()
    await _check(uow, content, references, now)
    at = content.valid_from
    taken = None if at is None else await routes.planned_at(uow, route_id, at)
    if taken is not None:
        raise VersionPlannedAlready(taken)
    made = await routes.add_version(uow, route_id, _values(uow, content), now, at)
    await _audit(uow, "approval_route.replan", route_id, made, content, before=before, replaces=number)
    return await version_of(uow, route_id, made)


async def withdraw_planned(uow: UnitOfWork, route_id: UUID, number: int, *, version: int) -> None:
    """Raises NotFound, PreconditionFailed, VersionSettled."""
    await _withdraw(uow, route_id, number, version)
    await audit.record_audit(
        uow,
        action="approval_route.withdraw",
        resource_type=_RESOURCE,
        resource_id=route_id,
        detail={"version": number},
    )


async def _withdraw(uow: UnitOfWork, route_id: UUID, number: int, version: int) -> Row:
    """The version that is no longer planned."""
    if not await routes.lock(uow, route_id):
        raise NotFound()
    before = await version_of(uow, route_id, number)
    if version != number:
        raise PreconditionFailed(number)
    if not await routes.withdraw(uow, route_id, number, uow.context.actor_id, clock.now()):
        raise VersionSettled(before["state"])
    return before


async def route(reader: Reader, route_id: UUID) -> Row:
    row = await routes.one(reader, route_id, clock.now())
    if row is None:
        raise NotFound()
    return row


async def version_of(reader: Reader, route_id: UUID, number: int) -> Row:
    row = await routes.version(reader, route_id, number, clock.now())
    if row is None:
        raise NotFound()
    return row


async def _check(uow: UnitOfWork, content: RouteInput, references: References, now: datetime) -> None:
    if content.valid_from is not None:
        check_ahead(content.valid_from, "/validFrom", now)
    await check_stages(uow, content.stages, references)
    for user_id in sorted(stages.deciding(content.stages)):
        await fences.check_unblocked(uow, "user_copies", user_id)


async def check_stages(uow: UnitOfWork, given: list[RouteStage], references: References) -> None:
    """Whatever would be refused of a route's stages. Raises Unprocessable."""
    stages.check_shape(given)
    stages.check_people(given, await references.users(uow, stages.named(given)))
    stages.check_departments(given, await references.departments(uow, stages.departments(given)))


def check_ahead(at: datetime, pointer: str, now: datetime) -> None:
    """Nothing that has happened took another route than it did. Raises Unprocessable."""
    if at <= now:
        message = Text("これからの日時を指定してください", "Choose a time that is still to come")
        raise Unprocessable.field(pointer, "time_past", message)
    if at > now + FURTHEST:
        raise Unprocessable.field(pointer, "time_too_far", Text("日時が先すぎます", "This time is too far ahead"))


def stored(given: list[RouteStage]) -> list[dict[str, Any]]:
    """Stages in the form in which they are kept."""
    return [stage.model_dump(mode="json", by_alias=True) for stage in given]


def _values(uow: UnitOfWork, content: RouteInput) -> dict[str, Any]:
    return content.model_dump() | {"stages": stored(content.stages), "created_by": uow.context.actor_id}


def _told(uow: UnitOfWork, content: RouteInput) -> dict[str, Any]:
    """As answers have it."""
    values = _values(uow, content)
    return values | {limit: money.to_json(values[limit]) for limit in routes.LIMITS}


async def _audit(
    uow: UnitOfWork,
    action: str,
    route_id: UUID,
    number: int,
    content: RouteInput,
    *,
    before: Row | None = None,
    **more: Any,
) -> None:
    """With what differs from ``before``, the version that was shown until now."""
    valid_from = None if content.valid_from is None else content.valid_from.isoformat()
    was = None if before is None else {name: before[to_camel(name)] for name in routes.CONTENT}
    detail = {"name": content.name, "active": content.active, "version": number, "validFrom": valid_from} | more
    detail |= audit.changes(was, _told(uow, content), routes.CONTENT)
    await audit.record_audit(uow, action=action, resource_type=_RESOURCE, resource_id=route_id, detail=detail)
