"""Two approvers decide one request at the same instant: one outcome, told alike by everybody who tells it."""

import asyncio
from uuid import UUID

from services.contracts.permissions import Role
from tests.faults.forks import PATIENCE
from tests.faults.scenarios import asked, invariants_hold, request_to
from tests.faults.worker import WorkerProcesses
from tests.support.http import Answer, new_key
from tests.support.system import Caller, System
from tests.support.waiting import eventually

PAIRS = 200
AT_ONCE = 8
"""Pairs under way at the same time: enough to mix them, few enough for two cores."""
OUTCOMES = {"approve": "APPROVED", "reject": "REJECTED"}
ACTIONS = tuple(OUTCOMES)


async def _decide(who: Caller, request: str, action: str) -> Answer:
    """The answer to a decision, which is repeated under its key while the system is too busy to take it."""
    key = new_key()

    async def answered() -> Answer | None:
        path = f"/approvals/{request}/{action}"
        answer = await who.ask("PATCH", path, {"comment": "判断しました"}, Idempotency_Key=key)
        return None if answer.status == 503 else answer

    answer = await eventually(answered, within=PATIENCE, what="the answer to a decision")
    assert answer is not None
    return answer


async def test_of_200_pairs_of_approvers_each_has_one_winner_whom_the_other_is_told(
    system: System, workers: WorkerProcesses
) -> None:
    rep = system.people["rep"]
    names = ("suzuki", "takahashi")
    approvers = [await system.person(name, Role.APPROVER) for name in names]
    places = asyncio.Semaphore(AT_ONCE)
    won: dict[str, tuple[str, UUID]] = {}

    async def pair(number: int) -> None:
        async with places:
            request = (await asked(rep, "POST", "/approvals", request_to(*approvers)))["id"]
            chosen = [ACTIONS[number % 2], ACTIONS[(number // 2) % 2]]
            answers = await asyncio.gather(
                *(_decide(who, request, action) for who, action in zip(approvers, chosen, strict=True))
            )
            assert sorted(answer.status for answer in answers) == [200, 409], [answer.json for answer in answers]
            winner = 0 if answers[0].status == 200 else 1
            won[request] = OUTCOMES[chosen[winner]], approvers[winner].id
            assert answers[winner].json["state"] == won[request][0]
            refusal = answers[1 - winner].json
            assert (refusal["code"], refusal["decidedBy"]) == ("already_decided", names[winner]), refusal
            assert refusal["decidedAt"].endswith("Z")

    workers.start()
    await asyncio.gather(*(pair(number) for number in range(PAIRS)))
    rows = await system.rows("opportunity", "SELECT id, state, decided_by FROM approvals")
    assert {str(row["id"]): (row["state"], row["decided_by"]) for row in rows} == won
    entries = await system.rows(
        "opportunity",
        "SELECT approval_id, array_agg(action ORDER BY sequence) AS told FROM approval_history GROUP BY 1",
    )
    deeds = {"APPROVED": "APPROVE", "REJECTED": "REJECT"}
    assert {str(entry["approval_id"]): entry["told"] for entry in entries} == {
        request: ["SUBMIT", deeds[state]] for request, (state, _) in won.items()
    }
    # Workflow, row, history, audit, event and read model agree.
    await invariants_hold(system)
    assert await system.rows("opportunity", "SELECT 1 FROM approval_waiting") == []
