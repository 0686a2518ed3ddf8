"""Where routes name somebody, and which of their stages can't work with the people whom they name."""

from collections.abc import Iterator, Set
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from services.contracts.permissions import Role
from services.kit.db.database import Reader, Row
from services.kit.running import clock
from services.kit.running.ids import new_id
from services.opportunity.repository import people, routes
from services.opportunity.schemas.route_trials import AlarmKind, Part
from services.opportunity.schemas.routes import (
    LeftOutFor,
    Resolver,
    RouteStage,
    department_of,
    finds_one,
    head_of,
)
from services.opportunity.service import stages as rules
from services.opportunity.service.resolving import Directory, reason_against, shortage
from services.opportunity.service.routing import stored

_ROLES: Final[dict[str, Role]] = {Resolver.ROLE_APPROVER: Role.APPROVER, Resolver.ROLE_MANAGER: Role.MANAGER}
_NOBODY = UUID(int=0)


async def naming(reader: Reader, user_id: UUID, *, after: tuple[UUID, int] | None, limit: int) -> list[dict[str, Any]]:
    """Versions that count or are planned and name the user, or ask for the head of a department that the user heads; by
    route and number."""
    headships = {head_of(department_id) for department_id in await people.headed_by(reader, user_id)}
    if headships:
        headships.add(Resolver.DEPARTMENT_HEAD)
    rows = await routes.naming(reader, [user_id, *headships], clock.now(), after=after, limit=limit)
    return [
        {
            "routeId": row["route_id"],
            "version": row["number"],
            "name": row["name"],
            "validFrom": row["valid_from"],
            "planned": row["planned"],
            "active": row["active"],
            "places": list(_places(row["stages"], str(user_id), headships)),
        }
        for row in rows
    ]


def _places(stages: list[dict[str, Any]], user_id: str, headships: Set[str]) -> Iterator[dict[str, Any]]:
    for position, stage in enumerate(stages):
        asked = {*(stage.get("resolvers") or []), stage.get("escalateToResolver")}
        parts = {
            Part.APPROVER: user_id in (stage.get("approverIds") or []),
            Part.ESCALATION: stage.get("escalateTo") == user_id,
            Part.VIEWER: user_id in (stage.get("viewerIds") or []),
            Part.REVIEWER: user_id in (stage.get("reviewerIds") or []),
            Part.DEPARTMENT_HEAD: not asked.isdisjoint(headships),
        }
        for part, has in parts.items():
            if has:
                yield {"stage": position, "stageName": stage["name"], "part": part}


async def alarms(reader: Reader, locale: str, now: datetime) -> list[dict[str, Any]]:
    """Of every version that counts or is planned, each stage that names people who can't decide any more, or that lacks
    people whoever asks. A superior who is missing shows only in a request: each requester has another."""
    directory = Directory(reader)
    living = await routes.living(reader, now)
    drafts = [(row, position, stored(stage)) for row in living for position, stage in enumerate(row["stages"])]
    await directory.users(rules.deciding([stage for _, _, stage in drafts]))
    found: list[dict[str, Any]] = []
    for row, position, stage in drafts:
        alarm = await _alarm(directory, row, position, stage, locale)
        found += [] if alarm is None else [alarm]
    names = await people.names(reader, sorted({who["id"] for alarm in found for who in alarm["people"]}))
    for alarm in found:
        for who in alarm["people"]:
            who["name"] = names.get(who["id"])
    return found


async def _alarm(
    directory: Directory, row: Row, position: int, stage: RouteStage, locale: str
) -> dict[str, Any] | None:
    unable = await _unable(directory, stage)
    named = list(dict.fromkeys(stage.approver_ids))
    able = [user_id for user_id in named if user_id not in unable]
    headless = 0
    for resolver in stage.resolvers:
        department_id = department_of(resolver)
        if department_id is not None:
            found = await _head(directory, department_id)
            headless += not found
        elif finds_one(resolver):
            found = [new_id()]  # somebody, for most requesters
        else:
            found = await directory.approvers_by_role(_ROLES[resolver], _NOBODY)
        able += [user_id for user_id in found if user_id not in able]
    problem = shortage(stage, named, able, headless)
    if problem is None and not unable:
        return None
    kind = AlarmKind.UNABLE
    if problem is not None:
        kind = AlarmKind.TOO_FEW if able else AlarmKind.NOBODY
    return {
        "routeId": row["route_id"],
        "version": row["number"],
        "name": row["name"],
        "planned": row["planned"],
        "validFrom": row["valid_from"],
        "stage": position,
        "stageName": stage.name,
        "kind": kind,
        "people": [{"id": user_id, "name": None, "reason": reason} for user_id, reason in unable.items()],
        "message": None if problem is None else (problem.detail or problem.title).localized(locale),
    }


async def _head(directory: Directory, department_id: UUID) -> list[UUID]:
    """Whom the department's resolver finds for most requesters."""
    for user_id in await directory.heads(department_id):
        return [] if reason_against(await directory.user(user_id)) is not None else [user_id]
    return []


async def _unable(directory: Directory, stage: RouteStage) -> dict[UUID, LeftOutFor]:
    reasons = {user_id: reason_against(await directory.user(user_id)) for user_id in sorted(rules.deciding([stage]))}
    return {user_id: reason for user_id, reason in reasons.items() if reason is not None}
