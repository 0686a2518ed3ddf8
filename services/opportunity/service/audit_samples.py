"""Audit samples: drawn once, worked through by several auditors, closed with a result. Every step is audited."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from services.kit.db.database import Reader, Row, UnitOfWork
from services.kit.errors import NotFound, PreconditionFailed, Text, Unprocessable
from services.kit.events import audit
from services.kit.http.paging import Cursors, page
from services.kit.running import clock
from services.kit.running.ids import new_id
from services.kit.trust.principal import Principal
from services.opportunity import drawing
from services.opportunity.errors import PopulationTooLarge, SampleClosed, SampleNotWorkedThrough
from services.opportunity.repository import audit_samples
from services.opportunity.schemas.audit_samples import (
    MAX_POPULATION,
    Assessment,
    AssessmentInput,
    SampleInput,
)
from services.opportunity.schemas.fields import PageQuery

RESOURCE: Final = "audit_sample"
_SCOPE: Final = "audit-samples"


async def listed(reader: Reader, cursors: Cursors, query: PageQuery) -> dict[str, Any]:
    key = cursors.decode(_SCOPE, query.cursor, [datetime, UUID])
    before = None if key is None else (key[0], key[1])
    rows = await audit_samples.page(reader, before=before, limit=query.limit + 1)
    return page(rows, query.limit, lambda row: cursors.encode(_SCOPE, [row["drawnAt"], row["id"]]))


async def one(reader: Reader, sample_id: UUID) -> Row:
    row = await audit_samples.one(reader, sample_id)
    if row is None:
        raise NotFound()
    return row | {"algorithm": drawing.ALGORITHM}


async def items(reader: Reader, sample_id: UUID) -> dict[str, Any]:
    await one(reader, sample_id)
    return {"items": await audit_samples.items(reader, sample_id), "nextCursor": None}


async def item(reader: Reader, sample_id: UUID, position: int) -> Row:
    row = await audit_samples.item(reader, sample_id, position)
    if row is None:
        raise NotFound()
    return row | {"history": await audit_samples.assessments(reader, sample_id, position)}


async def draw(uow: UnitOfWork, principal: Principal, content: SampleInput) -> Row:
    """A sample of what is decided at this instant. Raises Unprocessable, PopulationTooLarge."""
    if content.previous_id is not None and await audit_samples.one(uow, content.previous_id) is None:
        raise Unprocessable.field(
            "/previousId", "sample_unknown", Text("監査サンプルが見つかりません", "There is no such audit sample")
        )
    given = {name: value for name, value in content.population.model_dump().items() if value not in (None, [])}
    found = await audit_samples.population(uow, given, MAX_POPULATION + 1)
    if len(found) > MAX_POPULATION:
        raise PopulationTooLarge(MAX_POPULATION)
    if not found:
        message = Text("この条件に当てはまる申請がありません", "No request meets these conditions")
        raise Unprocessable.field("/population", "population_empty", message)
    seed = content.seed or drawing.new_seed()
    drawn = drawing.draw(seed, found, content.count)
    numbers = sorted(found)
    sample: dict[str, Any] = {
        "id": new_id(),
        "title": content.title,
        "criteria": content.population.model_dump(mode="json", by_alias=True),
        "seed": seed,
        "seed_given": content.seed is not None,
        "asked": content.count,
        "population_size": len(numbers),
        "population_sha256": drawing.digest(drawing.listing(numbers)),
        "previous_id": content.previous_id,
        "drawn_by": principal.user_id,
        "drawn_at": clock.now(),
    }
    await audit_samples.insert(uow, sample, numbers, [found[number] for number in drawn])
    told = {
        "population": sample["criteria"],
        "populationSize": sample["population_size"],
        "populationSha256": sample["population_sha256"],
        "seed": seed,
        "seedGiven": sample["seed_given"],
        "count": len(drawn),
        "numbers": drawn,
    }
    await _note(uow, "audit_sample.draw", sample["id"], told)
    return await one(uow, sample["id"])


async def assess(
    uow: UnitOfWork, principal: Principal, sample_id: UUID, position: int, content: AssessmentInput, *, version: int
) -> Row:
    """What an auditor says of one request; what was said before stays on record. Nothing is written down twice.

    ``version``: the item's as the caller read it. Raises NotFound, SampleClosed, PreconditionFailed, Unprocessable.
    """
    await _hold(uow, sample_id)
    before = await item(uow, sample_id, position)
    if before["version"] != version:
        raise PreconditionFailed(before["version"], changedBy=before["assessedById"], changedAt=before["assessedAt"])
    if content.assessment is Assessment.FINDING and not content.note:
        raise Unprocessable.field("/note", "note_required", Text("指摘事項を入力してください", "Say what was found"))
    if (before["assessment"], before["note"]) == (content.assessment, content.note):
        return before
    await audit_samples.assess(
        uow,
        {
            "sample_id": sample_id,
            "position": position,
            "version": version + 1,
            "assessment": content.assessment.value,
            "note": content.note,
            "assessed_by": principal.user_id,
            "assessed_at": clock.now(),
        },
    )
    after = {"assessment": content.assessment.value, "note": content.note}
    changes = audit.changes(before, after, ("assessment", "note"), hidden=("note",))
    await _note(uow, "audit_sample.assess", sample_id, {"number": before["number"], "position": position} | changes)
    return await item(uow, sample_id, position)


async def close(uow: UnitOfWork, principal: Principal, sample_id: UUID, result: str, *, version: int) -> Row:
    """For good. ``version``: the sample's as the caller read it, so that no assessment is concluded on unseen.

    Raises NotFound, SampleClosed, PreconditionFailed, SampleNotWorkedThrough.
    """
    held = await _hold(uow, sample_id)
    if held["version"] != version:
        by = ("audit_sample.draw", "audit_sample.assess")
        raise await audit.outrun(uow, RESOURCE, sample_id, held["version"], by=by)
    progress = (await one(uow, sample_id))["progress"]
    if progress["open"]:
        raise SampleNotWorkedThrough(progress["open"])
    await audit_samples.close(uow, sample_id, by=principal.user_id, at=clock.now(), result=result)
    await _note(uow, "audit_sample.close", sample_id, {"progress": progress})
    return await one(uow, sample_id)


async def _hold(uow: UnitOfWork, sample_id: UUID) -> Row:
    held = await audit_samples.lock(uow, sample_id)
    if held is None:
        raise NotFound()
    if held["closed_at"] is not None:
        raise SampleClosed()
    return held


async def _note(uow: UnitOfWork, action: str, sample_id: UUID, detail: dict[str, Any]) -> None:
    await audit.record_audit(uow, action=action, resource_type=RESOURCE, resource_id=sample_id, detail=detail)
