"""Requests as a caller sees them: with names, with what the caller may do, and with what they wait for."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import fields
from typing import Any
from uuid import UUID

from pydantic.alias_generators import to_camel

from services.contracts.money import of_json
from services.contracts.permissions import Permission, Role
from services.contracts.states import ApprovalState, HoldOffice
from services.kit.db.database import Reader, Row
from services.kit.errors import Forbidden, NotFound
from services.kit.running import clock
from services.kit.trust.principal import Principal
from services.opportunity import assets, business_time, exchange, holding, machine, opinions
from services.opportunity.access import VISIBLE, View, view_of
from services.opportunity.actions import allowed_actions
from services.opportunity.business_calendar import Calendar
from services.opportunity.progress import Actor, Progress
from services.opportunity.record import progress_from_row
from services.opportunity.repository import history, legal_holds, lists, people, waiting
from services.opportunity.service import firm_calendar, shortage

_INTERNAL = frozenset(
    {"stateBefore", "cancelledBy", "approvedBy", "votedBy", "lastApproval", "opinions", "sortKey0", "sortKey1"}
)


def _actor(view: View, principal: Principal, without: AbstractSet[UUID], open_places: Sequence[UUID]) -> Actor:
    """``without``: whom the caller does not stand in for in this request. ``open_places``: of those below them, whose
    superiors may decide in it now."""
    return Actor(
        user_id=principal.user_id,
        may_decide=principal.has(Permission.APPROVAL_DECIDE),
        is_admin=Role.ADMIN in principal.roles,
        proxy_for=view.proxy_for - without,
        superior_of=view.below,
        open_places=frozenset(open_places),
    )


async def detail(reader: Reader, principal: Principal, approval_id: UUID) -> dict[str, Any]:
    """One request with the customer's facts; raises NotFound for what the caller may not see."""
    view = await view_of(reader, principal)
    row = await lists.one(reader, approval_id, VISIBLE, view.params)
    if row is None:
        raise NotFound()
    [shown] = await present(reader, [row], view, principal)
    progress = _progress(row)
    shown["shortage"] = await _shortage(reader, approval_id, progress)
    await _add_questions(reader, shown, progress)
    shown["legalHolds"] = await _holds(reader, principal, approval_id, progress)
    shown["customerFacts"] = await _customer_facts(reader, row)
    return shown


async def _holds(reader: Reader, principal: Principal, approval_id: UUID, progress: Progress) -> list[Row]:
    """That there is one is told to everybody; by whom and why to those who set holds."""
    rows = await legal_holds.open_of(reader, approval_id)
    told, own = holding.keeps(principal), progress.is_own(principal.user_id)
    return [
        {
            "id": row["id"],
            "office": row["office"],
            "setAt": row["setAt"],
            "setBy": row["setBy"] if told else None,
            "setByName": row["setByName"] if told else None,
            "reason": row["reason"] if told else None,
            "mayRelease": holding.may_release(principal, HoldOffice(row["office"]), own=own),
        }
        for row in rows
    ]


async def _customer_facts(reader: Reader, row: Row) -> Row | None:
    facts = None if row["customerId"] is None else await lists.customer_facts(reader, row["customerId"])
    if facts is None:
        return None
    return facts | {"assetsShare": assets.share(of_json(row["amount"]), row["currency"], facts["assetsBand"])}


async def _add_questions(reader: Reader, shown: dict[str, Any], progress: Progress) -> None:
    awaited = progress.awaited_opinions
    asked = await history.texts(reader, [one.question_id for one in awaited])
    for item, one in zip(shown["opinions"], awaited, strict=True):
        if one.question_id in asked:
            question = asked[one.question_id]
            item |= {"question": question["body"], "askedAt": question["created_at"]}


async def _shortage(reader: Reader, approval_id: UUID, progress: Progress) -> dict[str, Any] | None:
    found = await shortage.shortage_of(reader, approval_id, progress)
    if found is None:
        return None
    names = await people.names(reader, [*found.unable, *found.vacant])

    def persons(ids: Sequence[UUID]) -> list[dict[str, Any]]:
        return [{"id": who, "name": names.get(who)} for who in ids]

    return {"votesMissing": found.votes_missing, "unable": persons(found.unable), "vacant": persons(found.vacant)}


async def require_visible(reader: Reader, principal: Principal, approval_id: UUID) -> None:
    """Raises NotFound for what the caller may not see."""
    view = await view_of(reader, principal)
    if not await lists.sees(reader, approval_id, VISIBLE, view.params):
        raise NotFound()


async def require_reached(reader: Reader, principal: Principal, approval_id: UUID, permission: Permission) -> None:
    """Raises Forbidden for what the caller sees, but not through a role that grants this."""
    view = await view_of(reader, principal, permission)
    if not await lists.sees(reader, approval_id, VISIBLE, view.params):
        raise Forbidden()


async def present(reader: Reader, rows: Sequence[Row], view: View, principal: Principal) -> list[dict[str, Any]]:
    """Rows of ``repository.lists`` as items of the API; all names in one query."""
    progresses = [_progress(row) for row in rows]
    involved = {who for progress in progresses for stage in progress.stages for who in stage.voters}
    involved |= {stage.escalate_to for progress in progresses for stage in progress.stages if stage.escalate_to}
    awaited = [one for progress in progresses for one in progress.awaited_opinions]
    involved |= {who for one in awaited for who in (one.asked_id, one.asker_id)}
    names = await people.names(reader, sorted(involved)) if involved else {}
    ids = [row["id"] for row in rows]
    older = await waiting.waiting_longer(reader, ids, view.newer_only) if view.newer_only else ()
    stuck = await waiting.open_to_superiors(reader, ids, sorted(view.below), view.now) if view.below else {}
    actors = [_actor(view, principal, {who for waits, who in older if waits == id_}, stuck.get(id_, ())) for id_ in ids]
    calendar = await firm_calendar.counting(reader, [stage for progress in progresses for stage in progress.stages])
    await _link_grounds(reader, rows, view)
    return [
        _item(row, progress, actor, names, calendar)
        for row, progress, actor in zip(rows, progresses, actors, strict=True)
    ]


async def _link_grounds(reader: Reader, rows: Sequence[Row], view: View) -> None:
    """A flag may name another request; only who may open that one is told where it is."""
    numbers = {ground["number"] for row in rows for ground in row["flagGrounds"].values() if "number" in ground}
    if not numbers:
        return
    found = await lists.ids_of(reader, sorted(numbers), VISIBLE, view.params)
    for row in rows:
        row["flagGrounds"] = {
            flag: ground | ({"approvalId": found[ground["number"]]} if ground.get("number") in found else {})
            for flag, ground in row["flagGrounds"].items()
        }


def _progress(row: Row) -> Progress:
    return progress_from_row({field.name: row[to_camel(field.name)] for field in fields(Progress)})


def _item(
    row: Row, progress: Progress, actor: Actor, names: dict[UUID, str | None], calendar: Calendar
) -> dict[str, Any]:
    item = {name: value for name, value in row.items() if name not in _INTERNAL}
    item["stages"] = [
        shown
        | {
            "approvers": [{"id": who, "name": names.get(who)} for who in stage.voters],
            "approvedBy": sorted(progress.approved_by) if position == progress.stage else [],
        }
        for position, (shown, stage) in enumerate(zip(row["stages"], progress.stages, strict=True))
    ]
    item["waitingFor"] = [{"id": who, "name": names.get(who)} for who in progress.waiting_for]
    item["opinions"] = [
        {
            "asked": {"id": one.asked_id, "name": names.get(one.asked_id)},
            "asker": {"id": one.asker_id, "name": names.get(one.asker_id)},
            "blocks": one.blocks,
            "mayWithdraw": opinions.may_withdraw(progress, actor, one),
        }
        for one in progress.awaited_opinions
    ]
    item["rates"] = row["rates"] or []
    kept = exchange.from_json(row["rates"])
    item["yenAmount"] = exchange.shown_in_yen(of_json(row["amount"]), row["currency"], kept)
    item["businessDaysLeft"] = _business_days_left(row, progress, calendar)
    item["allowedActions"] = allowed_actions(progress, actor)
    absent = machine.stands_in_for(progress, actor)
    item["stepsInFor"] = [{"id": who, "name": names.get(who)} for who in machine.may_step_in_for(progress, actor)]
    item["standsInFor"] = None if absent is None else {"id": absent, "name": names.get(absent)}
    return item


def _business_days_left(row: Row, progress: Progress, calendar: Calendar) -> int | None:
    if progress.state is not ApprovalState.PENDING or row["deadlineAt"] is None or not progress.current.business_days:
        return None
    return business_time.days_left(clock.now(), row["deadlineAt"], calendar)
