"""Who sees and changes which customer: own, team, all; and what shows to nobody else."""

from typing import Any
from uuid import uuid4

import pytest

from services.contracts.permissions import Role
from tests.services.customer.conftest import Team
from tests.support.http import new_key

SEES = {
    "rep": 200,
    "manager": 200,
    "admin": 200,
    "auditor": 200,
    "rep2": 404,
    "outsider": 404,
    "other_manager": 404,
    "approver": 404,
    "ops": 403,
}
CHANGES = SEES | {"auditor": 403, "approver": 403}
ASSIGNS = {
    "manager": 200,
    "admin": 200,
    "rep": 403,
    "rep2": 403,
    "outsider": 403,
    "auditor": 403,
    "approver": 403,
    "ops": 403,
    "other_manager": 404,
}
DELETES = {name: 202 if status == 200 else status for name, status in ASSIGNS.items()}


@pytest.mark.parametrize(("who", "status"), SEES.items())
async def test_who_reads_a_customer(team: Team, who: str, status: int) -> None:
    customer = await team.create()
    token = team.people[who].token
    path = f"/customers/{customer['id']}"
    assert (await team.client.get(path, token=token)).status == status
    assert (await team.client.get(f"{path}/profile-versions", token=token)).status == status
    listed = await team.client.get("/customers", token=token)
    if status == 403:
        assert listed.status == 403
    else:
        assert [item["id"] for item in listed.json["items"]] == ([customer["id"]] if status == 200 else [])
        found = await team.client.get("/customers/search", token=token, params={"q": "山田"})
        assert found.json == listed.json


@pytest.mark.parametrize(("who", "status"), CHANGES.items())
async def test_who_changes_a_customer(team: Team, who: str, status: int) -> None:
    customer = await team.create()
    assert (await team.put(customer, team.people[who], name="佐藤")).status == status


@pytest.mark.parametrize(("who", "status"), ASSIGNS.items())
async def test_who_assigns_a_customer(team: Team, who: str, status: int) -> None:
    customer = await team.create()
    answer = await team.client.post(
        f"/customers/{customer['id']}/assign",
        {"assignedSalesId": str(team.rep2.id)},
        token=team.people[who].token,
        key=new_key(),
    )
    assert answer.status == status


@pytest.mark.parametrize(("who", "status"), DELETES.items())
async def test_who_deletes_a_customer(team: Team, who: str, status: int) -> None:
    customer = await team.create()
    answer = await team.client.delete(f"/customers/{customer['id']}", token=team.people[who].token)
    assert answer.status == status
    events = [event["event_type"] for event in await team.events(customer["id"])]
    assert ("customer.deletion_started" in events) == (status == 202)


async def test_a_rep_keeps_customers_for_themselves_only(team: Team) -> None:
    body = {"name": "x", "assignedSalesId": str(team.rep2.id)}
    answer = await team.client.post("/customers", body, token=team.rep.token, key=new_key())
    assert answer.status == 403
    for reader in (team.auditor, team.approver, team.ops):
        refused = await team.client.post("/customers", {"name": "x"}, token=reader.token, key=new_key())
        assert refused.status == 403


async def test_a_manager_of_managers_sees_the_whole_line(team: Team) -> None:
    director = await team.join("director", Role.MANAGER)
    await team.execute("UPDATE user_copies SET manager_id = %s WHERE id = %s", [director.id, team.manager.id])
    customer = await team.create()
    assert (await team.client.get(f"/customers/{customer['id']}", token=director.token)).status == 200
    # A circle in the reporting lines, which only a mistake elsewhere could make, must not hang a request.
    await team.execute("UPDATE user_copies SET manager_id = %s WHERE id = %s", [team.manager.id, director.id])
    assert (await team.client.get(f"/customers/{customer['id']}", token=director.token)).status == 200


@pytest.mark.parametrize(
    ("who", "status"), [("rep", 200), ("manager", 200), ("admin", 200), ("rep2", 404), ("outsider", 404)]
)
async def test_whose_customers_one_may_list(team: Team, who: str, status: int) -> None:
    await team.create()
    answer = await team.client.get(f"/customers/by-sales/{team.rep.id}", token=team.people[who].token)
    assert answer.status == status
    if status == 200:
        assert len(answer.json["items"]) == 1


async def _gone(team: Team, **changes: Any) -> dict[str, Any]:
    customer = await team.create(**changes)
    await team.execute(
        "UPDATE customers SET state = 'DELETED', deleted_at = now(), process_id = %(p)s, deletion_process_id = %(p)s"
        " WHERE id = %(id)s",
        {"p": customer["id"], "id": customer["id"]},  # type: ignore[arg-type]
    )
    return customer


@pytest.mark.parametrize(
    ("who", "status"), [("admin", 200), ("auditor", 200), ("rep", 410), ("manager", 410), ("rep2", 404)]
)
async def test_a_deleted_customer_shows_in_the_recycle_bin_only(team: Team, who: str, status: int) -> None:
    customer = await _gone(team)
    token = team.people[who].token
    assert (await team.client.get(f"/customers/{customer['id']}", token=token)).status == status
    assert (await team.client.get("/customers", token=token)).json["items"] == []
    bin_ = await team.client.get("/customers", token=token, params={"state": "DELETED"})
    if status == 200:
        assert [item["id"] for item in bin_.json["items"]] == [customer["id"]]
    else:
        assert bin_.status == 403
    change = await team.put(customer, team.people[who], name="x")
    assert change.status == {"admin": 409, "auditor": 403}.get(who, status)


async def test_an_internal_route_takes_no_users_token(team: Team) -> None:
    customer = await team.create()
    for path in (f"/internal/customers?ids={customer['id']}", f"/internal/users/{team.rep.id}/workload"):
        assert (await team.client.get(path, token=team.admin.token)).status == 401
        assert (await team.client.get(path)).status == 401
        internal = team.client.kit.internal_tokens.token("customer")
        assert (await team.client.get(path, token=internal)).status == 200


async def test_a_copy_that_another_service_asks_for_equals_the_events(team: Team) -> None:
    customer = await team.create(email="a@example.com")
    await team.put(customer, name="佐藤")
    internal = team.client.kit.internal_tokens.token("customer")
    asked = f"/internal/customers?ids={customer['id']}&ids={uuid4()}"
    copies = (await team.client.get(asked, token=internal)).json
    event = (await team.events(customer["id"]))[-1]
    assert copies == {"items": [event["data"] | {"aggregateVersion": event["aggregate_version"]}]}


@pytest.mark.parametrize(
    ("who", "sees", "operates"),
    [
        ("rep", 200, 403),
        ("manager", 200, 403),
        ("auditor", 200, 403),
        ("ops", 200, 409),
        ("admin", 200, 409),
        ("rep2", 404, 404),
        ("outsider", 404, 404),
    ],
)
async def test_who_follows_and_who_operates_a_process(team: Team, who: str, sees: int, operates: int) -> None:
    customer = await team.create()
    process = (await team.client.delete(f"/customers/{customer['id']}", token=team.manager.token)).json["id"]
    await team.execute("UPDATE processes SET status = 'COMPLETED', finished_at = now()")
    token = team.people[who].token
    assert (await team.client.get(f"/processes/{process}", token=token)).status == sees
    for action in ("retry", "compensate"):
        # The process has ended: whoever may ask is told so.
        answer = await team.client.post(f"/processes/{process}/{action}", token=token, key=new_key())
        assert (answer.status, answer.json["status"]) == (operates, operates)
