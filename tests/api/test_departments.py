"""A department from the administrator's hands to the approver's, over all services."""

from services.contracts.permissions import Role
from tests.api.test_system import ended
from tests.support.system import Caller, System
from tests.support.waiting import eventually


async def test_the_head_of_a_department_is_asked_until_somebody_else_heads_it(system: System) -> None:
    admin = system.people["admin"]
    head, successor = await system.person("部長", Role.MANAGER), await system.person("次の部長", Role.MANAGER)
    rep = await system.person("新人", Role.REP)
    made = await admin.ask("POST", "/departments", {"name": "第一営業部", "headId": str(head.id)})
    assert made.status == 201, made.json
    department = made.json["id"]
    shown = await admin.get(f"/auth/users/{rep.id}")
    body = {"name": shown.json["name"], "departmentId": department}
    placed = await admin.ask("PUT", f"/auth/users/{rep.id}", body, If_Match=shown.headers["etag"])
    assert placed.status == 200, placed.json
    stages = [{"name": "部門長", "resolvers": ["DEPARTMENT_HEAD", f"DEPARTMENT_HEAD:{department}"], "mode": "ALL"}]
    route = {"name": "部門長", "kind": "FEE_DISCOUNT", "priority": 999, "stages": stages}
    assert (await admin.ask("POST", "/approval-routes", route)).status == 201

    async def asked(person: Caller) -> bool:
        preview = await rep.ask("POST", "/approvals/preview", {"kind": "FEE_DISCOUNT", "amount": 1})
        found = preview.json.get("stages", [{"approvers": []}])[0]["approvers"]
        return [one["id"] for one in found] == [str(person.id)]

    await eventually(lambda: asked(head), what="the head in the rep's preview")
    version = (await admin.get(f"/departments/{department}")).headers["etag"]
    refused = await admin.ask("DELETE", f"/departments/{department}", If_Match=version)
    assert (refused.status, refused.json["members"], refused.json["routes"]) == (409, 1, 1)

    left = await admin.ask("DELETE", f"/auth/users/{head.id}?successorId={successor.id}")
    assert (await ended(admin, left.json["sagaId"]))["status"] == "COMPLETED"
    await eventually(lambda: asked(successor), what="the successor in the rep's preview")
    back = await admin.ask("POST", f"/auth/users/{head.id}/restore")
    assert (await ended(admin, back.json["sagaId"]))["status"] == "COMPLETED"
    await eventually(lambda: asked(head), what="the head who came back in the rep's preview")
