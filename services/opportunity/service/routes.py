"""Approval routes: who is asked, by which kind of request."""

from uuid import UUID

from services.kit.db.database import Reader, Row, UnitOfWork
from services.kit.errors import NotFound, PreconditionFailed
from services.kit.events import audit
from services.kit.processes import fences
from services.kit.running import clock
from services.kit.running.ids import new_id
from services.opportunity.references import References
from services.opportunity.repository import routes
from services.opportunity.schemas.routes import RouteInput
from services.opportunity.service import stages


async def save_route(
    uow: UnitOfWork, content: RouteInput, references: References, *, route_id: UUID | None = None, version: int = 0
) -> Row:
    """A new route, or the next version of one. Raises PreconditionFailed, NotFound, Unprocessable."""
    action, before = "approval_route.create", None
    if route_id is not None:
        action, current = "approval_route.update", await routes.lock_version(uow, route_id)
        if current is None:
            raise NotFound()
        if current != version:
            raise PreconditionFailed(current)
        before = await routes.content(uow, route_id)
    stages.check_shape(content.stages)
    stages.check_people(content.stages, await references.users(uow, stages.named(content.stages)))
    for user_id in sorted(stages.deciding(content.stages)):
        await fences.check_unblocked(uow, "user_copies", user_id)
    saved_id = route_id or new_id()
    values = content.model_dump()
    values["stages"] = [stage.model_dump(mode="json", by_alias=True) for stage in content.stages]
    await routes.write(uow, saved_id, values, clock.now())
    detail = {"name": content.name, "active": content.active} | audit.changes(before, values, values)
    await audit.record_audit(uow, action=action, resource_type="approval_route", resource_id=saved_id, detail=detail)
    return await route(uow, saved_id)


async def route(reader: Reader, route_id: UUID) -> Row:
    row = await routes.one(reader, route_id)
    if row is None:
        raise NotFound()
    return row
