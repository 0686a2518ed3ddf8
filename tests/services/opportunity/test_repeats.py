"""One key, one effect and one answer: what a repeat is told, and what a key that comes back later is not."""

from uuid import UUID

import pytest

from services.contracts.processes import UPDATE_DECIDE, DecideCommand, Decision
from services.kit.db.database import Reader
from services.opportunity.service import command_sender, commands
from tests.services.opportunity.world import Person, World
from tests.support.http import new_key


def _commits_after_the_look(monkeypatch: pytest.MonkeyPatch, world: World, approver: Person, request_id: str) -> None:
    """The first sending of a command commits right after its repeat has asked whether it had."""

    async def recorded(reader: Reader, key: str) -> bool:
        answer = await commands.recorded(reader, key)
        if not answer:
            first = DecideCommand(
                approval_id=UUID(request_id),
                actor_id=approver.id,
                actor_roles=["approver"],
                command_key=key,
                decision=Decision.APPROVE,
            )
            await commands.once(world.db, UPDATE_DECIDE, first)
        return answer

    monkeypatch.setattr(command_sender, "recorded", recorded)


async def test_a_decision_that_commits_while_its_repeat_is_checked_is_what_the_repeat_is_told(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    rep, approver = await world.person("rep"), await world.person("approver")
    request = await world.request(rep, approver)
    _commits_after_the_look(monkeypatch, world, approver, request["id"])
    answer = await world.act(approver, request, "approve", key=new_key())
    assert (answer.status, answer.json["state"]) == (200, "APPROVED"), answer.json


async def test_a_vote_that_commits_while_its_repeat_is_checked_is_what_the_repeat_is_told(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The request goes on to people whom the voter is none of: that is no 403 for who has voted."""
    rep, approver = await world.person("rep"), await world.person("approver")
    last = await world.person("approver")
    stages = [{"name": "一次", "approverIds": [approver.id]}, {"name": "最終", "approverIds": [last.id]}]
    request = await world.request(rep, stages=stages)
    _commits_after_the_look(monkeypatch, world, approver, request["id"])
    answer = await world.act(approver, request, "approve", key=new_key())
    assert (answer.status, answer.json["stage"]) == (200, 1), answer.json


async def test_a_key_that_comes_back_after_its_day_decides_the_request_that_it_comes_with(live: World) -> None:
    rep, approver = await live.person("rep"), await live.person("approver")
    first, second = await live.request(rep, approver), await live.request(rep, approver)
    key = new_key()
    assert (await live.act(approver, first, "approve", key=key)).status == 200
    reused = await live.act(approver, second, "approve", key=key)
    assert (reused.status, reused.json["code"]) == (422, "idempotency_key_reused")
    async with live.db.transaction(live.system) as uow:
        await uow.execute("DELETE FROM approval_commands")
    later = await live.act(approver, second, "approve", key=key)
    assert (later.status, later.json["id"], later.json["state"]) == (200, second["id"], "APPROVED"), later.json


async def test_a_key_that_comes_back_after_its_day_opens_nobody_elses_request(live: World) -> None:
    rep, approver, other = await live.person("rep"), await live.person("approver"), await live.person("approver")
    own, foreign = await live.request(rep, approver), await live.request(rep, other)
    key = new_key()
    assert (await live.act(approver, own, "approve", key=key)).status == 200
    async with live.db.transaction(live.system) as uow:
        await uow.execute("DELETE FROM approval_commands")
    assert (await live.act(approver, foreign, "approve", key=key)).status == 404


async def test_who_hands_a_request_on_is_answered_and_answered_again_and_keeps_seeing_it(live: World) -> None:
    rep, approver, successor = await live.person("rep"), await live.person("approver"), await live.person("approver")
    request = await live.request(rep, approver)
    key = new_key()
    body = {"fromId": approver.id, "toId": successor.id, "reason": "担当替え"}
    once = await live.act(approver, request, "reassign", key=key, **body)
    again = await live.act(approver, request, "reassign", key=key, **body)
    assert (once.status, again.status) == (200, 200), (once.json, again.json)
    assert once.json == again.json
    assert (await live.get(approver, request))["waitingFor"][0]["id"] == str(successor.id)


async def test_who_was_suspended_meanwhile_is_refused_before_anything_is_sent(world: World) -> None:
    """Without a worker: what the transaction would refuse is refused by the same rule at the door."""
    rep, approver = await world.person("rep"), await world.person("approver")
    request = await world.request(rep, approver)
    async with world.db.transaction(world.system) as uow:
        await uow.execute("UPDATE user_copies SET state = 'SUSPENDED' WHERE id = %s", [approver.id])
    answer = await world.act(approver, request, "approve")
    assert (answer.status, answer.json["code"]) == (403, "forbidden"), answer.json


async def test_recorded_answers_are_forgotten_long_after_their_keys_and_not_before(live: World) -> None:
    rep, approver = await live.person("rep"), await live.person("approver")
    old, new = await live.request(rep, approver), await live.request(rep, approver)
    for request in (old, new):
        assert (await live.act(approver, request, "approve", key=new_key())).status == 200
    async with live.db.transaction(live.system) as uow:
        await uow.execute("UPDATE approval_commands SET created_at = now() - interval '2 days'")
        await uow.execute("INSERT INTO step_results (key, at) VALUES ('a-process:a-step:0', now() - interval '1 year')")
        await uow.execute(
            "UPDATE step_results SET at = now() - interval '32 days' WHERE key LIKE 'approval:%%'"
            " AND result ->> 'approvalId' = %s",
            [old["id"]],
        )
    await live.reconcile()
    kept = await live.rows("SELECT key, result ->> 'approvalId' AS approval_id FROM step_results")
    assert [row["approval_id"] for row in kept if row["key"].startswith("approval:")] == [new["id"]]
    assert len(kept) == 2
    assert await live.rows("SELECT 1 FROM approval_commands") == []
