"""What an approver saw, beside what there is now."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from pydantic.alias_generators import to_camel

from services.contracts.money import of_json
from services.kit.db.database import Reader, Row
from services.kit.errors import NotFound
from services.kit.trust.principal import Principal
from services.opportunity import assets
from services.opportunity.actions import keeps_evidence
from services.opportunity.record import stage_from_json
from services.opportunity.repository import approvals, attachments, history, people
from services.opportunity.service.transition import seen
from services.opportunity.service.views import require_visible

Snapshot = dict[str, Any]


async def entry(reader: Reader, principal: Principal, approval_id: UUID, entry_id: UUID) -> dict[str, Any]:
    """One entry with its snapshot. Raises NotFound for what the caller may not see, and for another request's entry."""
    await require_visible(reader, principal, approval_id)
    found = await history.entry(reader, approval_id, entry_id)
    approval = await approvals.read(reader, approval_id)
    if found is None or approval is None:
        raise NotFound()
    kept: Snapshot | None = found.pop("snapshot")
    present = await seen(reader, approval)
    *then, now = await shown(reader, *([] if kept is None else [kept]), present)
    return {
        "entry": found | {"keepsEvidence": keeps_evidence(found["action"])},
        "seen": next(iter(then), None),
        "now": now,
    }


async def shown(reader: Reader, *snapshots: Snapshot) -> list[Snapshot]:
    """As the API shows them, with names beside ids."""
    names = await people.names(reader, sorted(set().union(*map(_people_in, snapshots))))
    files = {UUID(file["id"]) for snapshot in snapshots for file in snapshot.get("attachments", ())}
    purges = await attachments.purges(reader, sorted(files)) if files else {}
    return [_shown(snapshot, names, purges) for snapshot in snapshots]


def _people_in(snapshot: Snapshot) -> set[UUID]:
    found = {who for stage in snapshot["stages"] for who in stage_from_json(stage).voters}
    for opinion in snapshot.get("opinions", ()):
        found |= {UUID(opinion["askedId"]), UUID(opinion["askerId"])}
    assigned = (snapshot["customer"] or {}).get("assigned_sales_id")
    return found if assigned is None else found | {UUID(str(assigned))}


def _shown(snapshot: Snapshot, names: dict[UUID, str | None], purges: Mapping[UUID, Row]) -> dict[str, Any]:
    """With names beside ids. The facts stay as they were kept; names, and which files are there, are today's."""
    stages = [
        stage | {"approvers": [{"id": who, "name": names.get(who)} for who in stage_from_json(stage).voters]}
        for stage in snapshot["stages"]
    ]
    customer = snapshot["customer"]
    if customer is not None:
        assigned = customer["assigned_sales_id"]
        customer = {to_camel(name): value for name, value in customer.items()}
        customer["assetsShare"] = assets.share(
            of_json(snapshot["amount"]), snapshot["currency"], customer["assetsBand"]
        )
        customer["assignedSalesName"] = None if assigned is None else names.get(UUID(str(assigned)))
    opinions = [
        opinion | {f"{who}Name": names.get(UUID(opinion[f"{who}Id"])) for who in ("asked", "asker")}
        for opinion in snapshot.get("opinions", ())
    ]
    files = [file | purges.get(UUID(file["id"]), {}) for file in snapshot.get("attachments", ())]
    older: Snapshot = {"fields": {}, "flagGrounds": {}, "rates": [], "yenAmount": None}
    today = {"stages": stages, "customer": customer, "opinions": opinions, "attachments": files}
    return older | snapshot | today
