"""Deleting and restoring as the customer service answers for it: one process at a time, and no change meanwhile."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.customer.handlers import CustomerActivities
from services.contracts.processes import CustomerDeletionStep, CustomerRestorationStep
from services.contracts.steps import ProcessStep
from services.customer.references import UserDirectory
from services.customer.settings import CustomerSettings
from services.kit.processes import ledger
from services.kit.processes.statuses import ProcessStatus, StepStatus
from services.kit.running import clock
from services.kit.running.context import ActorContext
from tests.services.customer.conftest import Team
from tests.support.http import Answer, new_key
from tests.support.waiting import eventually


async def delete(team: Team, customer: dict[str, Any], **options: Any) -> Answer:
    return await team.client.delete(f"/customers/{customer['id']}", token=team.manager.token, **options)


async def restore(team: Team, customer: dict[str, Any]) -> Answer:
    return await team.client.post(f"/customers/{customer['id']}/restore", token=team.admin.token, key=new_key())


async def step(team: Team, name: str, customer: dict[str, Any], process_id: str) -> None:
    """What the process would call; each as often as a crash could make it."""
    handlers = CustomerActivities(team.db, UserDirectory(team.db, team.client.kit.internal))
    call = ProcessStep(process_id=UUID(process_id), resource_id=UUID(customer["id"]), actor_id=team.manager.id)
    for _ in range(2):
        await ActivityEnvironment().run(getattr(handlers, name), call)


async def end(team: Team, process_id: str, status: ProcessStatus) -> None:
    async with team.db.transaction(ActorContext.system()) as uow:
        await ledger.finish_process(uow, process_id=UUID(process_id), status=status)


async def state(team: Team, customer: dict[str, Any]) -> str:
    (row,) = await team.rows("SELECT state FROM customers WHERE id = %s", [customer["id"]])
    return str(row["state"])


async def deleted(team: Team) -> tuple[dict[str, Any], str]:
    """A customer whose deletion has ended, and the process that deleted it."""
    customer = await team.create()
    process = (await delete(team, customer)).json["id"]
    await step(team, "confirm_deletion", customer, process)
    await end(team, process, ProcessStatus.COMPLETED)
    return customer, process


async def test_a_deletion_is_a_process_from_the_first_poll_on(team: Team) -> None:
    customer = await team.create()
    answer = await delete(team, customer)
    assert answer.status == 202, answer.json
    saga = answer.json
    assert answer.headers["location"] == f"/api/v1/sagas/{saga['id']}"
    assert saga["sagaId"] == saga["id"]
    assert (saga["type"], saga["resourceId"]) == ("customer_deletion", customer["id"])
    assert saga["status"] == "REQUESTED"
    assert [s["name"] for s in saga["steps"]] == list(CustomerDeletionStep)
    (intent,) = await team.rows("SELECT workflow_id, lane, instruction FROM intents")
    assert intent["workflow_id"] == f"customer-deletion:{customer['id']}:1"
    assert intent["lane"] == "process"
    assert intent["instruction"]["argument"]["processId"] == saga["id"]
    assert "山田" not in str(intent["instruction"])
    read = await team.client.get(f"/customers/{customer['id']}", token=team.rep.token)
    assert (read.json["state"], read.json["processId"], read.version) == ("DELETING", saga["id"], 1)


async def test_asking_again_and_all_at_once_starts_one_process(team: Team) -> None:
    customer = await team.create()
    answers = await asyncio.gather(*(delete(team, customer) for _ in range(8)))
    assert {answer.status for answer in answers} == {202}
    assert len({answer.json["id"] for answer in answers}) == 1
    assert len(await team.rows("SELECT 1 FROM intents")) == 1
    process = answers[0].json["id"]
    await step(team, "confirm_deletion", customer, process)
    again = await delete(team, customer)
    assert (again.status, again.json["id"]) == (202, process)


async def test_a_stale_version_deletes_nothing(team: Team) -> None:
    customer = await team.create()
    await team.put(customer, name="佐藤")
    stale = await delete(team, customer, if_match=1)
    assert (stale.status, stale.json["currentVersion"], stale.json["changedBy"]) == (412, 2, str(team.rep.id))
    assert await state(team, customer) == "ACTIVE"
    assert (await delete(team, customer, if_match=2)).status == 202


async def test_while_a_process_holds_the_customer_every_change_is_refused(team: Team) -> None:
    customer = await team.create()
    process = (await delete(team, customer)).json["id"]

    async def refused_by(process: str) -> None:
        path = f"/customers/{customer['id']}"
        change = await team.put(customer, name="x")
        assigning = {"assignedSalesId": str(team.rep2.id)}
        assign = await team.client.post(f"{path}/assign", assigning, token=team.manager.token, key=new_key())
        for answer in (change, assign):
            assert (answer.status, answer.json["processId"]) == (409, process)

    await refused_by(process)
    assert (await restore(team, customer)).json["processId"] == process
    await step(team, "confirm_deletion", customer, process)
    await end(team, process, ProcessStatus.COMPLETED)
    restoring = (await restore(team, customer)).json["id"]
    await refused_by(restoring)
    assert (await delete(team, customer)).json["processId"] == restoring


async def test_the_pivot_tells_everyone_once(team: Team) -> None:
    customer, process = await deleted(team)
    events = await team.events(customer["id"])
    assert [(e["event_type"], e["aggregate_version"], e["data"]["state"]) for e in events] == [
        ("customer.created", 1, "ACTIVE"),
        ("customer.deletion_started", 2, "DELETING"),
        ("customer.deleted", 3, "DELETED"),
    ]
    assert {str(e["process_id"]) for e in events[1:]} == {process}
    assert (await team.client.get(f"/customers/{customer['id']}", token=team.rep.token)).status == 410


async def test_whoever_could_see_a_deleted_customer_learns_who_deleted_them_and_how_to_get_them_back(
    team: Team,
) -> None:
    customer, _ = await deleted(team)
    path = f"/customers/{customer['id']}"
    answer = await team.client.get(path, token=team.rep.token, headers={"accept-language": "en"})
    told = answer.json
    assert (answer.status, told["code"], told["deletedById"]) == (410, "customer_gone", str(team.manager.id))
    assert told["deletedByName"] == "manager"
    kept = datetime.fromisoformat(told["restorableUntil"]) - datetime.fromisoformat(told["deletedAt"])
    assert kept == CustomerSettings().recycle_bin_period
    assert "Deleted by manager on" in told["detail"]
    assert "administrator can restore" in told["detail"]
    japanese = (await team.client.get(path, token=team.rep.token)).json["detail"]
    assert "managerさんが" in japanese
    assert "復元を依頼できます" in japanese
    for stranger in (team.rep2, team.outsider, team.other_manager):
        assert (await team.client.get(path, token=stranger.token)).status == 404


async def test_an_undone_deletion_leaves_the_customer_as_it_was(team: Team) -> None:
    customer = await team.create(email="a@example.com")
    process = (await delete(team, customer)).json["id"]
    await step(team, "undo_deletion", customer, process)
    await end(team, process, ProcessStatus.COMPENSATED)
    read = (await team.client.get(f"/customers/{customer['id']}", token=team.rep.token)).json
    assert read == customer | {"processId": process, "allowedActions": ["CHANGE"]}
    assert (await team.events(customer["id"]))[-1]["event_type"] == "customer.deletion_undone"
    again = await delete(team, customer)
    assert again.json["id"] != process
    assert (await team.rows("SELECT workflow_id FROM intents ORDER BY seq"))[-1]["workflow_id"].endswith(":2")


@pytest.mark.parametrize("name", ["confirm_deletion", "confirm_restoration"])
async def test_a_process_that_does_not_hold_the_customer_decides_nothing(team: Team, name: str) -> None:
    customer = await team.create()
    await delete(team, customer)
    with pytest.raises(ApplicationError) as refusal:
        await step(team, name, customer, str(uuid4()))
    assert refusal.value.type == "not_held_by_process"
    assert refusal.value.non_retryable
    await step(team, "undo_deletion", customer, str(uuid4()))
    assert await state(team, customer) == "DELETING"


async def test_delete_restore_and_delete_again(team: Team) -> None:
    customer, deletion = await deleted(team)
    answer = await restore(team, customer)
    assert answer.status == 202, answer.json
    restoration = answer.json
    assert [s["name"] for s in restoration["steps"]] == list(CustomerRestorationStep)
    argument = (await team.rows("SELECT instruction FROM intents ORDER BY seq"))[-1]["instruction"]["argument"]
    assert argument["deletionProcessId"] == deletion
    assert (await restore(team, customer)).json["id"] == restoration["id"]
    await step(team, "confirm_restoration", customer, restoration["id"])
    # Its fences elsewhere have not fallen yet: a new deletion would meet them.
    early = await delete(team, customer)
    assert (early.status, early.json["processId"]) == (409, restoration["id"])
    await end(team, restoration["id"], ProcessStatus.COMPLETED)
    read = await team.client.get(f"/customers/{customer['id']}", token=team.rep.token)
    assert (read.json["state"], read.json["deletedAt"], read.version) == ("ACTIVE", None, 1)
    third = await delete(team, customer)
    assert third.status == 202
    ids = [row["workflow_id"] for row in await team.rows("SELECT workflow_id FROM intents ORDER BY seq")]
    assert ids == [
        f"customer-deletion:{customer['id']}:1",
        f"customer-restoration:{customer['id']}:2",
        f"customer-deletion:{customer['id']}:3",
    ]


async def test_a_restore_waits_until_the_deletion_has_ended_everywhere(team: Team) -> None:
    customer = await team.create()
    process = (await delete(team, customer)).json["id"]
    await step(team, "confirm_deletion", customer, process)
    early = await restore(team, customer)
    assert (early.status, early.json["processId"]) == (409, process)


async def test_an_undone_restore_leaves_the_customer_in_the_recycle_bin(team: Team) -> None:
    customer, deletion = await deleted(team)
    before = (await team.client.get(f"/customers/{customer['id']}", token=team.admin.token)).json
    restoration = (await restore(team, customer)).json["id"]
    await step(team, "undo_restoration", customer, restoration)
    await end(team, restoration, ProcessStatus.COMPENSATED)
    after = (await team.client.get(f"/customers/{customer['id']}", token=team.admin.token)).json
    assert after == before | {"processId": restoration}
    again = await delete(team, customer)
    assert (again.status, again.json["id"]) == (202, deletion)
    assert (await restore(team, customer)).status == 202


async def test_what_cannot_be_restored_says_why(team: Team) -> None:
    active = await team.create()
    assert (await restore(team, active)).json["code"] == "customer_not_deleted"
    customer, _ = await deleted(team)
    manager = await team.client.post(f"/customers/{customer['id']}/restore", token=team.manager.token, key=new_key())
    assert manager.status == 403
    with clock.travel(timedelta(days=31)):
        token = team.issuer.token(team.admin.id, team.admin.roles)
        late = await team.client.post(f"/customers/{customer['id']}/restore", token=token, key=new_key())
    assert (late.status, late.json["code"]) == (409, "recycle_bin_expired")


async def test_a_preview_needs_the_services_that_count(team: Team) -> None:
    customer = await team.create()
    path = f"/customers/{customer['id']}/deletion-preview"
    assert (await team.client.get(path, token=team.rep.token)).status == 403
    assert (await team.client.get(path, token=team.other_manager.token)).status == 404
    # Nobody listens there in this test: the preview says so, while the deletion itself does without (see above).
    assert (await team.client.get(path, token=team.manager.token)).status == 503


async def test_waiting_for_the_end_answers_with_it(team: Team) -> None:
    customer = await team.create()
    waiting = asyncio.create_task(delete(team, customer, headers={"prefer": "wait=20"}))
    rows = await eventually(lambda: team.rows("SELECT id FROM processes"))
    async with team.db.transaction(ActorContext.system()) as uow:
        await ledger.record_step(
            uow, process_id=rows[0]["id"], step=CustomerDeletionStep.CONFIRM, status=StepStatus.DONE
        )
    await end(team, str(rows[0]["id"]), ProcessStatus.COMPLETED)
    answer = await waiting
    assert (answer.status, answer.json["status"]) == (200, "COMPLETED")
