"""As many requests as one decision may be about, while others decide some of them."""

import asyncio
from collections.abc import Sequence
from typing import Any

from services.contracts.permissions import Role, permissions_of
from services.kit.running.context import ActorContext
from services.kit.trust.principal import Principal
from services.opportunity.references import References
from services.opportunity.schemas.approvals import NewApproval
from services.opportunity.service.requests import create
from tests.services.opportunity.batches import (
    BATCHES,
    FINISHED_SECONDS,
    MANY,
    Items,
    ask,
    counts,
    finished,
    item,
    results,
)
from tests.services.opportunity.world import Person, World, plain, stage
from tests.support.http import Answer, new_key
from tests.support.waiting import eventually


async def many_requests(world: World, rep: Person, count: int, *approvers: Person) -> Items:
    """As `requests`, without the way over HTTP and a commit for each."""
    kit, roles = world.client.kit, frozenset({Role.REP.value})
    principal = Principal.signed_out(rep.id, roles, permissions_of(roles))
    stages = [plain(stage("承認", *approvers))]
    content = NewApproval.model_validate({"kind": "OTHER", "title": "一括", "stages": stages})
    async with world.db.transaction(ActorContext(rep.id, roles=roles)) as uow:
        references = References(kit.db, kit.internal)
        ids = [await create(uow, principal, content, references) for _ in range(count)]
    return [{"id": str(request_id), "revision": 1, "stage": 0} for request_id in ids]


async def test_500_requests_are_decided_in_bulk_while_two_others_decide_some_of_them(live: World) -> None:
    rep, asker = await live.person("rep"), await live.person("approver", name="一括 花子")
    others = [await live.person("approver", name=name) for name in ("先手 一郎", "先手 二郎")]
    made = await many_requests(live, rep, MANY, asker, *others)
    batch = (await ask(live, asker, [item(request) for request in made], comment="期末一括")).json
    assert (batch["total"], batch["state"], batch["attempt"]) == (MANY, "RUNNING", 1)

    async def decide(who: Person, request: dict[str, Any]) -> Answer:
        """Repeated under its key while the machine is too busy to answer, as people's browsers do."""
        key = new_key()

        async def answered() -> Answer | None:
            answer = await live.act(who, request, "approve", key=key, stage=0, revision=1)
            return None if answer.status == 503 else answer

        answer = await eventually(answered, within=FINISHED_SECONDS, what="an answer to a single decision")
        assert answer is not None
        return answer

    async def decide_some(who: Person, theirs: Sequence[dict[str, Any]]) -> list[tuple[str, Answer]]:
        return [(each["id"], await decide(who, each)) for each in theirs]

    # One from the end, where the batch comes last, one from its midst.
    singles = await asyncio.gather(
        decide_some(others[0], made[: MANY // 2 : -25]), decide_some(others[1], made[40 : MANY // 2 : 25])
    )
    shown = await finished(live, asker, batch)
    while shown["counts"]["failed"]:
        # On a machine that is too busy to answer for some.
        again = await live.client.post(f"{BATCHES}/{batch['id']}/retry", None, token=asker.token, key=new_key())
        assert again.status == 202, again.json
        shown = await finished(live, asker, batch)
    told = {result["id"]: result for result in await results(live, asker, batch)}
    assert len(told) == MANY
    won = {request_id for answers in singles for request_id, answer in answers if answer.status == 200}
    assert {answer.status for answers in singles for _, answer in answers} <= {200, 409}
    assert shown["counts"] == counts(decided=MANY - len(won), refused=len(won))
    assert won, "the others were faster at some of them"
    attempts = {row["id"] for row in await live.rows("SELECT id FROM processes WHERE resource_id = %s", [batch["id"]])}
    deciders = {
        str(row["approval_id"]): row
        for row in await live.rows(
            "SELECT h.approval_id, h.actor_id, h.process_id, p.content ->> 'comment' AS comment,"
            " count(*) OVER (PARTITION BY h.approval_id) AS entries FROM approval_history h"
            " JOIN approval_history_personal p ON p.history_id = h.id WHERE h.action = 'APPROVE'"
        )
    }
    for request_id, result in told.items():
        decider = deciders[request_id]
        assert decider["entries"] == 1
        assert result["approvalState"] == "APPROVED"
        if request_id in won:
            assert (result["status"], result["problem"]["code"]) == ("REFUSED", "already_decided")
            assert result["problem"]["decidedById"] == str(decider["actor_id"]) != str(asker.id)
            assert result["problem"]["decidedBy"].startswith("先手")
            assert result["problem"]["decidedAt"]
        else:
            assert (result["status"], result["problem"]) == ("DECIDED", None)
            assert (decider["actor_id"], decider["comment"]) == (asker.id, "期末一括")
            assert decider["process_id"] in attempts
