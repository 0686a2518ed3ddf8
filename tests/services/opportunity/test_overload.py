"""Many who decide at once: they wait for their turn, nobody is told 503, and every answer is true.

A 429 is honest when the queue is full; whoever gets one comes back after the time that it names.
"""

import asyncio
from collections import Counter
from typing import Any

from tests.services.opportunity.world import Person, World
from tests.support.http import Answer, new_key
from tests.support.waiting import DEADLINE

CALLERS = 20
REQUESTS = 50


async def decide(live: World, who: Person, request: dict[str, Any]) -> Answer:
    """Approve, and come back when told to, with the same key."""
    key = new_key()
    async with asyncio.timeout(DEADLINE * 5):
        while True:
            answer = await live.act(who, request, "approve", key=key, stage=0, revision=1)
            if answer.status != 429:
                return answer
            await asyncio.sleep(int(answer.headers["retry-after"]))


async def test_twenty_callers_who_make_a_thousand_decisions_are_all_answered(live: World) -> None:
    rep = await live.person("rep")
    approvers = [await live.person("approver") for _ in range(CALLERS)]
    stage = {"name": "合議", "approverIds": [person.id for person in approvers], "mode": "ALL"}
    requests = [await live.request(rep, stages=[stage]) for _ in range(REQUESTS)]

    async def clears_the_inbox(who: Person) -> list[int]:
        return [(await decide(live, who, request)).status for request in requests]

    answers = await asyncio.gather(*map(clears_the_inbox, approvers))
    assert Counter(status for each in answers for status in each) == {200: CALLERS * REQUESTS}
    [votes] = await live.rows("SELECT count(*) AS n FROM approval_votes")
    assert votes["n"] == CALLERS * REQUESTS
    states = await live.rows("SELECT state, count(*) AS n FROM approvals GROUP BY state")
    assert states == [{"state": "APPROVED", "n": REQUESTS}]


async def test_of_a_hundred_approvers_at_one_instant_one_a_request_wins_and_the_others_hear_who(live: World) -> None:
    rep = await live.person("rep")
    approvers = [await live.person("approver", name=f"承認 {n}") for n in range(100)]
    names = {str(person.id): person.name for person in approvers}
    groups = [approvers[start : start + 20] for start in range(0, 100, 20)]
    requests = [await live.request(rep, *group) for group in groups]
    pairs = [(who, request) for group, request in zip(groups, requests, strict=True) for who in group]
    answers = await asyncio.gather(*(decide(live, who, request) for who, request in pairs))
    for request in requests:
        of_request = [(who, answer) for (who, asked), answer in zip(pairs, answers, strict=True) if asked is request]
        winners = [who for who, answer in of_request if answer.status == 200]
        assert len(winners) == 1, [answer.json for _, answer in of_request]
        for who, answer in of_request:
            if who not in winners:
                assert (answer.status, answer.json["code"]) == (409, "already_decided"), answer.json
                assert answer.json["decidedBy"] == names[str(winners[0].id)]
