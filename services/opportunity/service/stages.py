"""What must hold of the stages of a request or a route, whichever door they come through.

All faults are told at once, each with a pointer to the value. Whether enough people are left to decide is asked when a
request is submitted (``routing``): a route may have been sound when it was written.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from services.contracts.states import StageMode, StepIn, ViewWhen
from services.kit.db.database import Row
from services.kit.errors import FieldError, Text, Unprocessable
from services.opportunity.repository import people
from services.opportunity.schemas.approvals import StageInput
from services.opportunity.schemas.routes import RouteStage, department_of, departments_named, finds_one

_REPEATED: Final = Text("同じ人が 2 回指定されています", "This person is named twice")
_OWN: Final = Text("自分を承認者にはできません", "Nobody approves their own request")
_NOT_AN_APPROVER: Final = Text("承認者になれないユーザーです", "This user can't be an approver")
_NO_SUCH_USER: Final = Text("このユーザーは選べません", "There is no such user to choose")
_NO_SUCH_DEPARTMENT: Final = Text("この部門は選べません", "There is no such department to choose")


def named(stages: Sequence[StageInput | RouteStage]) -> set[UUID]:
    """Everybody whom the stages name, viewers and reviewers included."""
    return {user_id for stage in stages for user_id in (*_deciding(stage), *stage.viewer_ids, *stage.reviewer_ids)}


def _deciding(stage: StageInput | RouteStage) -> list[UUID]:
    return stage.approver_ids if stage.escalate_to is None else [*stage.approver_ids, stage.escalate_to]


def deciding(stages: Sequence[StageInput | RouteStage]) -> set[UUID]:
    """Those who may come to decide: approvers, and whom a deadline calls."""
    return {user_id for stage in stages for user_id in _deciding(stage)}


def stage_members(stage: Mapping[str, Any]) -> dict[str, Any]:
    """The members that stages of requests and routes share, from their stored form; what is stored is not refused."""
    escalate_to = stage.get("escalateTo")
    return {
        "name": stage["name"],
        "approver_ids": [UUID(user_id) for user_id in stage.get("approverIds") or []],
        "mode": StageMode(stage["mode"]),
        "quorum": stage.get("quorum"),
        "deadline_hours": stage.get("deadlineHours"),
        "business_days": stage.get("businessDays", False),
        "escalate_to": None if escalate_to is None else UUID(escalate_to),
        "step_in": StepIn(stage.get("stepIn") or StepIn.NEVER),
        "viewer_ids": [UUID(user_id) for user_id in stage.get("viewerIds") or []],
        "view_when": ViewWhen(stage.get("viewWhen") or ViewWhen.STAGE),
        "reviewer_ids": [UUID(user_id) for user_id in stage.get("reviewerIds") or []],
    }


def check_shape(stages: Sequence[StageInput | RouteStage]) -> None:
    """What can be told without knowing anybody. Raises Unprocessable."""
    faults = [fault for position, stage in enumerate(stages) for fault in _shape(stage, f"/stages/{position}")]
    if faults:
        raise Unprocessable(errors=faults)


def _shape(stage: StageInput | RouteStage, at: str) -> list[FieldError]:
    resolvers = stage.resolvers if isinstance(stage, RouteStage) else []
    faults = [
        *_repeated(stage.approver_ids, f"{at}/approverIds", "approvers_repeated"),
        *_repeated(stage.viewer_ids, f"{at}/viewerIds", "viewers_repeated"),
        *_repeated(stage.reviewer_ids, f"{at}/reviewerIds", "reviewers_repeated"),
        *_repeated(resolvers, f"{at}/resolvers", "resolvers_repeated"),
    ]
    if not stage.approver_ids and not resolvers:
        message = Text("承認者を指定してください", "A stage names approvers or how to find them")
        faults.append(FieldError(f"{at}/approverIds", "no_approvers", message))
    if stage.escalate_to is not None and stage.escalate_to in stage.approver_ids:
        message = Text("すでにこの段階の承認者です", "This person is an approver of the stage already")
        faults.append(FieldError(f"{at}/escalateTo", "escalates_to_approver", message))
    if stage.step_in is StepIn.WHEN_LATE and stage.deadline_hours is None:
        message = Text("期限のない段階は遅れることがありません", "A stage without a deadline is never late")
        faults.append(FieldError(f"{at}/stepIn", "step_in_without_deadline", message))
    if (stage.mode is StageMode.QUORUM) != (stage.quorum is not None):
        message = Text("定足数は QUORUM でのみ指定します", "A quorum belongs to the mode QUORUM and only to it")
        faults.append(FieldError(f"{at}/quorum", "quorum_mismatch", message))
    elif stage.quorum is not None and stage.quorum > _places(stage):
        message = Text("定足数が承認者の人数を超えています", "The quorum is larger than the number of approvers")
        faults.append(FieldError(f"{at}/quorum", "quorum_unreachable", message))
    return faults


def _places(stage: StageInput | RouteStage) -> float:
    """How many approvers the stage can have at most."""
    count: float = len(set(stage.approver_ids))
    for resolver in set(stage.resolvers) if isinstance(stage, RouteStage) else ():
        count += 1 if finds_one(resolver) else float("inf")
    return count


def _repeated(values: Sequence[object], at: str, code: str) -> list[FieldError]:
    return [
        FieldError(f"{at}/{position}", code, _REPEATED)
        for position, value in enumerate(values)
        if value in values[:position]
    ]


def check_people(
    stages: Sequence[StageInput | RouteStage], known: Mapping[UUID, Row], requester_id: UUID | None = None
) -> None:
    """Approvers can decide, others named can read, and nobody decides on their own request. Raises Unprocessable."""
    faults: list[FieldError] = []
    for position, stage in enumerate(stages):
        at = f"/stages/{position}"
        deciders = [(f"{at}/approverIds/{place}", who) for place, who in enumerate(stage.approver_ids)]
        if stage.escalate_to is not None:
            deciders.append((f"{at}/escalateTo", stage.escalate_to))
        faults += [fault for pointer, who in deciders for fault in approver_faults(who, known, pointer, requester_id)]
        readers = [(f"{at}/viewerIds/{place}", who) for place, who in enumerate(stage.viewer_ids)]
        readers += [(f"{at}/reviewerIds/{place}", who) for place, who in enumerate(stage.reviewer_ids)]
        for pointer, who in readers:
            if who not in known or not people.can_read(known[who]):
                faults.append(FieldError(pointer, "unknown_user", _NO_SUCH_USER))
    if faults:
        raise Unprocessable(errors=faults)


def departments(stages: Sequence[RouteStage]) -> set[UUID]:
    """The departments whose heads the stages ask for by name of the department."""
    return departments_named(
        resolver for stage in stages for resolver in (*stage.resolvers, stage.escalate_to_resolver)
    )


def check_departments(stages: Sequence[RouteStage], known: Mapping[UUID, Row]) -> None:
    """Departments that are named are there. Raises Unprocessable."""
    faults: list[FieldError] = []
    for position, stage in enumerate(stages):
        at = f"/stages/{position}"
        places = [(f"{at}/resolvers/{place}", resolver) for place, resolver in enumerate(stage.resolvers)]
        if stage.escalate_to_resolver is not None:
            places.append((f"{at}/escalateToResolver", stage.escalate_to_resolver))
        for pointer, resolver in places:
            department_id = department_of(resolver)
            if department_id is not None and (department_id not in known or known[department_id]["deleted"]):
                faults.append(FieldError(pointer, "unknown_department", _NO_SUCH_DEPARTMENT))
    if faults:
        raise Unprocessable(errors=faults)


def approver_faults(
    user_id: UUID, known: Mapping[UUID, Row], pointer: str, requester_id: UUID | None = None
) -> list[FieldError]:
    """Why this user can't be an approver of the requester's request; nothing if they can."""
    if user_id == requester_id:
        return [FieldError(pointer, "own_request", _OWN)]
    if user_id not in known or not people.can_decide(known[user_id]):
        return [FieldError(pointer, "not_an_approver", _NOT_AN_APPROVER)]
    return []


def handed_over(stages: Sequence[dict[str, Any]], leaver: str, successor: str) -> list[dict[str, Any]]:
    """The stored stages of a route with the successor in the leaver's places.

    Where the successor has a place already, the number of approvals that the stage asks for stays: it can't be reached
    then, and requests are refused until an administrator names somebody else.
    """
    return [_stage_handed_over(stage, leaver, successor) for stage in stages]


def _stage_handed_over(stage: dict[str, Any], leaver: str, successor: str) -> dict[str, Any]:
    def exchanged(users: Sequence[str]) -> list[str]:
        return list(dict.fromkeys(successor if user == leaver else user for user in users))

    before = stage.get("approverIds") or []
    approvers = exchanged(before)
    escalate_to = successor if stage.get("escalateTo") == leaver else stage.get("escalateTo")
    after = stage | {
        "approverIds": approvers,
        "viewerIds": exchanged(stage.get("viewerIds") or []),
        "reviewerIds": exchanged(stage.get("reviewerIds") or []),
        "escalateTo": None if escalate_to in approvers else escalate_to,
    }
    lost_a_place = len(approvers) < len(set(before))
    if lost_a_place and stage["mode"] == StageMode.ALL and not stage.get("resolvers"):
        after |= {"mode": StageMode.QUORUM.value, "quorum": len(set(before))}
    return after
