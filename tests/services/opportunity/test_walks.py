"""Random walks through HTTP, workflow and row together: what is offered is taken, what is not offered is refused, and
what has happened makes a history that holds."""

from dataclasses import dataclass
from typing import Any, Final

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from temporalio.client import Client, WorkflowExecutionStatus

from services.contracts.processes import approval_id
from services.opportunity.dossier_check import check
from tests.services.opportunity.dossiers import take
from tests.services.opportunity.world import Person, World, stage
from tests.support.http import Answer, new_key
from tests.support.waiting import eventually

WHO: Final = ("requester", "first", "second", "third", "superior", "colleague", "admin")
ROLES: Final = {"requester": "rep", "superior": "manager", "colleague": "rep", "admin": "admin"}
"""Of the others: approver."""
COMPLETE: Final = {
    "APPROVE": "approve",
    "REJECT": "reject",
    "RETURN": "return",
    "TAKE_BACK": "take-back",
    "RESUBMIT": "resubmit",
    "RECALL": "recall",
    "GIVE_OPINION": "give-opinion",
    "DECLINE_OPINION": "decline-opinion",
    "CANCEL": "cancel",
}
"""Actions that are taken whenever they are offered."""
NAMING: Final = {
    "ADD_APPROVER": "add-approver",
    "ASK_OPINION": "ask-opinion",
    "WITHDRAW_OPINION": "withdraw-opinion",
    "REASSIGN": "reassign",
    "NUDGE": "nudge",
    "STEP_IN": "step-in",
}
"""Actions that may be refused for whom they name, or for how often they were taken."""
PATHS: Final = COMPLETE | NAMING
OPEN: Final = {"PENDING", "RETURNED"}
REFUSED: Final = {403, 404, 409, 422}


ENDS: Final = {"REJECT", "RECALL", "CANCEL"}


@dataclass(frozen=True)
class Step:
    """``action`` is taken by somebody who is offered nothing, or who is ``defiant``; others take what they are offered.
    Few walks ``end`` before they have gone far."""

    who: str
    action: str
    pick: int
    defiant: bool
    ends: bool
    whom: str
    other: str
    flag: bool

    def chosen(self, offered: list[str]) -> str:
        ways = [action for action in offered if action in PATHS and (self.ends or action not in ENDS)]
        return self.action if self.defiant or not ways else ways[self.pick % len(ways)]


def _one_in(many: int) -> st.SearchStrategy[bool]:
    return st.integers(1, many).map(lambda drawn: drawn == many)


STEPS = st.builds(
    Step,
    who=st.sampled_from(WHO),
    action=st.sampled_from(sorted(PATHS.keys() - ENDS)),
    pick=st.integers(0, 11),
    defiant=_one_in(4),
    ends=_one_in(12),
    whom=st.sampled_from(WHO),
    other=st.sampled_from(WHO),
    flag=st.booleans(),
)


def _body(action: str, step: Step, people: dict[str, Person]) -> dict[str, Any]:
    whom, other = people[step.whom].id, people[step.other].id
    bodies: dict[str, dict[str, Any]] = {
        "ADD_APPROVER": {"userId": whom, "before": step.flag},
        "ASK_OPINION": {"userId": whom, "question": "前例は", "blocks": step.flag},
        "WITHDRAW_OPINION": {"userId": whom},
        "REASSIGN": {"fromId": whom, "toId": other, "reason": "担当変更"},
        "GIVE_OPINION": {"opinion": "あります"},
        "DECLINE_OPINION": {"reason": "担当外です"},
        "CANCEL": {"reason": "重複"},
        "NUDGE": {},
        "STEP_IN": {"insteadOf": whom, "decision": "APPROVE", "comment": "滞っているため"},
    }
    return bodies.get(action, {"comment": "確認してください"})


async def _offered(live: World, who: Person, request: dict[str, Any]) -> list[str]:
    answer = await live.client.get(f"/approvals/{request['id']}", token=who.token)
    assert answer.status in (200, 404), answer.json
    if answer.status == 404:
        return []
    found: list[str] = answer.json["allowedActions"]
    return found + ["STEP_IN"] * bool(answer.json["stepsInFor"])


async def _row(live: World, request: dict[str, Any]) -> dict[str, Any]:
    [row] = await live.rows("SELECT state, generation, history_length FROM approvals WHERE id = %s", [request["id"]])
    return row


async def _answered(live: World, who: Person, request: dict[str, Any], path: str, body: dict[str, Any]) -> Answer:
    """A machine that is busy may answer 503; it is asked again under the same key, as browsers do."""
    key = new_key()

    async def told() -> Any:
        answer = await live.act(who, request, path, key=key, **body)
        return None if answer.status == 503 else answer

    found: Answer = await eventually(told)
    return found


async def _walk(live: World, people: dict[str, Person], request: dict[str, Any], steps: list[Step]) -> None:
    for step in steps:
        who = people[step.who]
        offered, before = await _offered(live, who, request), await _row(live, request)
        action = step.chosen(offered)
        answer = await _answered(live, who, request, PATHS[action], _body(action, step, people))
        if answer.status == 200:
            assert action in offered, f"{action} of {step} was taken and not offered"
            assert answer.json["state"] == (await _row(live, request))["state"]
        else:
            assert answer.status in REFUSED, (step, answer.json)
            assert action not in offered or action in NAMING, f"{action} was offered and refused: {answer.json}"
            assert await _row(live, request) == before, "a refusal changes nothing"


@settings(
    max_examples=30,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],  # a shorter walk says no more, and each try takes seconds
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(STEPS, min_size=10, max_size=40))
async def test_whatever_people_try_offers_answers_row_and_workflow_agree(
    live: World, temporal: Client, steps: list[Step]
) -> None:
    superior = await live.person(ROLES["superior"])
    people = {name: await live.person(ROLES.get(name, "approver"), manager=superior) for name in WHO}
    people["superior"] = superior
    stages = [
        stage("一次", people["first"], people["second"], deadlineHours=48, stepIn="ALWAYS"),
        stage("合議", people["second"], people["third"], mode="ALL", stepIn="ALWAYS"),
    ]
    request = await live.request(people["requester"], stages=stages)
    await _walk(live, people, request, steps)

    async def agrees() -> bool:
        row = await _row(live, request)
        ran = await temporal.get_workflow_handle(approval_id(request["id"], row["generation"])).describe()
        return (ran.status is WorkflowExecutionStatus.RUNNING) == (row["state"] in OPEN)

    await eventually(agrees, what="the workflow's end with the request's")
    auditor = await live.person("auditor")
    report = check((await take(live, auditor, request)).body)
    assert report.verified, report.problems
