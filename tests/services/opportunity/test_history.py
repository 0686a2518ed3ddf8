"""The evidence: what the chain proves, and what stays provable when personal data is erased."""

from typing import Any

import pytest

from services.opportunity import chain
from tests.services.opportunity.world import World


async def _entries(world: World, approval_id: str) -> list[dict[str, Any]]:
    return await world.rows(
        "SELECT h.*, p.salt, p.content FROM approval_history h"
        " LEFT JOIN approval_history_personal p ON p.history_id = h.id WHERE approval_id = %s ORDER BY sequence",
        [approval_id],
    )


def _verify(entries: list[dict[str, Any]]) -> list[str]:
    """The hashes as anybody can compute them from the plain facts alone."""
    previous, found = chain.GENESIS, []
    for entry in entries:
        facts = {
            "approvalId": str(entry["approval_id"]),
            "sequence": entry["sequence"],
            "at": entry["at"],
            "action": entry["action"],
            "actorId": None if entry["actor_id"] is None else str(entry["actor_id"]),
            "onBehalfOfId": None if entry["on_behalf_of"] is None else str(entry["on_behalf_of"]),
            "role": entry["role"],
            "generation": entry["generation"],
            "stage": entry["stage"],
            "revision": entry["revision"],
            "state": entry["state"],
            "processId": None if entry["process_id"] is None else str(entry["process_id"]),
            "commitment": entry["commitment"],
        }
        assert entry["previous_hash"] == previous
        previous = chain.entry_hash(previous, facts)
        found.append(previous)
        if entry["salt"] is not None:
            assert chain.commitment(bytes(entry["salt"]), entry["content"]) == entry["commitment"]
    return found


async def test_the_chain_verifies_also_after_what_is_personal_was_erased(live: World) -> None:
    rep, approver = await live.person("rep"), await live.person("approver")
    customer_id = await live.customer(rep)
    request = await live.request(rep, approver, customerId=customer_id, amount=300_000)
    assert (await live.act(approver, request, "return", comment="根拠を追記してください")).status == 200
    assert (await live.act(rep, request, "resubmit", comment="追記しました")).status == 200
    assert (await live.act(approver, request, "approve", comment="了解")).status == 200
    entries = await _entries(live, request["id"])
    assert _verify(entries) == [entry["hash"] for entry in entries]
    seen = entries[1]["content"]
    assert (seen["comment"], seen["snapshot"]["amount"]) == ("根拠を追記してください", 300_000)
    assert seen["snapshot"]["customer"]["name"] == "山田太郎"
    async with live.db.transaction(live.system) as uow:
        await uow.execute("DELETE FROM approval_history_personal")
    erased = await _entries(live, request["id"])
    assert _verify(erased) == [entry["hash"] for entry in entries]
    shown = await live.history(rep, request)
    assert {(entry["comment"], entry["erased"]) for entry in shown} == {(None, True)}


async def test_nobody_can_change_an_entry(world: World) -> None:
    rep, approver = await world.person("rep"), await world.person("approver")
    await world.request(rep, approver)
    with pytest.raises(Exception, match="permission denied"):
        async with world.db.transaction(world.system) as uow:
            await uow.execute("UPDATE approval_history SET actor_id = NULL")


async def test_comments_beside_the_decision_are_kept_and_those_of_lost_races_are_not_shown(live: World) -> None:
    rep, first, second = await live.person("rep"), await live.person("approver"), await live.person("approver")
    request = await live.request(rep, first, second)
    path = f"/approvals/{request['id']}/comments"
    said = await live.client.post(path, {"body": "資料はこちらです"}, token=rep.token)
    assert (said.status, said.json["purpose"]) == (201, "COMMENT")
    assert (await live.act(first, request, "approve", comment="可とします")).status == 200
    assert (await live.act(second, request, "approve", comment="遅れました")).status == 409
    bodies = [item["body"] for item in (await live.client.get(path, token=rep.token)).json["items"]]
    assert bodies == ["資料はこちらです", "可とします"]
