"""What an approver saw stays to be looked at, as it was."""

from services.kit.running.ids import new_id
from tests.services.opportunity.world import Person, World
from tests.support.http import Answer


async def _entry(world: World, by: Person, approval_id: str, entry_id: object) -> Answer:
    return await world.client.get(f"/approvals/{approval_id}/history/{entry_id}", token=by.token)


async def test_what_was_seen_stands_as_it_was_beside_what_there_is_now(live: World) -> None:
    rep, approver = await live.person("rep", name="担当 太郎"), await live.person("approver", name="承認 花子")
    customer_id = await live.customer(rep)
    request = await live.request(rep, approver, customerId=customer_id, amount=300_000)
    assert (await live.act(approver, request, "approve", comment="了解")).status == 200
    async with live.db.transaction(live.system) as uow:
        await uow.execute("UPDATE customer_copies SET name = '山田次郎', risk_tolerance = 'AGGRESSIVE'")
    submitted, approved = await live.history(rep, request)
    assert (submitted["keepsEvidence"], approved["keepsEvidence"]) == (True, True)
    shown = (await _entry(live, rep, request["id"], approved["id"])).json
    assert shown["entry"] == approved
    seen, now = shown["seen"], shown["now"]
    assert (seen["customer"]["name"], seen["customer"]["riskTolerance"]) == ("山田太郎", None)
    assert (now["customer"]["name"], now["customer"]["riskTolerance"]) == ("山田次郎", "AGGRESSIVE")
    assert (seen["amount"], seen["customer"]["assignedSalesName"]) == (300_000, "担当 太郎")
    assert seen["stages"][0]["approvers"] == [{"id": str(approver.id), "name": "承認 花子"}]
    alike = {name for name in seen if seen[name] == now[name]}
    assert alike == seen.keys() - {"customer"}


async def test_an_erased_entry_says_so_and_one_that_kept_nothing_too(live: World) -> None:
    rep, approver, admin = await live.person("rep"), await live.person("approver"), await live.person("admin")
    request = await live.request(rep, approver)
    assert (await live.act(admin, request, "cancel", comment="二重申請")).status == 200
    submitted, cancelled = await live.history(rep, request)
    shown = (await _entry(live, rep, request["id"], cancelled["id"])).json
    assert (shown["seen"], shown["entry"]["keepsEvidence"], shown["entry"]["erased"]) == (None, False, False)
    async with live.db.transaction(live.system) as uow:
        await uow.execute("DELETE FROM approval_history_personal")
    shown = (await _entry(live, rep, request["id"], submitted["id"])).json
    assert (shown["seen"], shown["entry"]["keepsEvidence"], shown["entry"]["erased"]) == (None, True, True)
    assert shown["now"]["title"] == request["title"]


async def test_who_may_not_read_the_history_finds_no_entry_and_an_entry_belongs_to_one_request(world: World) -> None:
    rep, approver = await world.person("rep"), await world.person("approver")
    stranger, auditor = await world.person("rep"), await world.person("auditor")
    ours, other = await world.request(rep, approver), await world.request(rep, approver)
    [entry] = await world.history(rep, ours)
    for person, approval, entry_id, status in (
        (rep, ours, entry["id"], 200),
        (approver, ours, entry["id"], 200),
        (auditor, ours, entry["id"], 200),
        (stranger, ours, entry["id"], 404),
        (rep, other, entry["id"], 404),
        (rep, ours, new_id(), 404),
    ):
        assert (await _entry(world, person, approval["id"], entry_id)).status == status
