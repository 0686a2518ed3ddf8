"""One search over all services."""

import pytest

from services.kit.running.ids import new_id
from tests.api.conftest import Edge
from tests.api.stub_service import reply


def found(edge: Edge) -> dict[str, str]:
    """One hit in each service; returns their ids by kind."""
    ids = {kind: str(new_id()) for kind in ("customer", "approval", "meeting", "task")}
    customer = {"id": ids["customer"], "name": "山田太郎", "nameKana": "ヤマダタロウ", "state": "ACTIVE"}
    approval = {"id": ids["approval"], "title": "手数料の割引", "number": "RNG-2026-000001", "state": "PENDING"}
    meeting = {"id": ids["meeting"], "title": "面談", "customerName": None, "place": "本店", "state": "PLANNED"}
    task = {"id": ids["task"], "title": "電話", "customerName": "山田太郎", "state": "OPEN"}
    edge.services["customer"].on("GET", "/customers/search", reply(200, {"items": [customer]}))
    edge.services["opportunity"].on("GET", "/approvals", reply(200, {"items": [approval]}))
    edge.services["sales_activity"].on("GET", "/meetings", reply(200, {"items": [meeting]}))
    edge.services["sales_activity"].on("GET", "/tasks", reply(200, {"items": [task]}))
    return ids


async def test_all_kinds_are_found_with_the_callers_own_rights(edge: Edge) -> None:
    ids = found(edge)
    token = edge.token()
    answer = await edge.get("/api/v1/search?q=%E5%B1%B1%E7%94%B0&limit=3", token=token)
    assert (answer.json["partial"], answer.json["missing"]) == (False, [])
    shown = [(item["type"], item["id"], item["subtitle"]) for item in answer.json["items"]]
    assert shown == [
        ("customer", ids["customer"], "ヤマダタロウ"),
        ("approval", ids["approval"], "RNG-2026-000001"),
        ("meeting", ids["meeting"], "本店"),
        ("task", ids["task"], "山田太郎"),
    ]
    asked = edge.services["customer"].requests[0]
    assert asked.query == {"q": "山田", "limit": "3"}
    assert asked.headers["authorization"] == f"Bearer {token}"


async def test_a_service_that_is_away_makes_the_answer_partial(edge: Edge) -> None:
    found(edge)
    await edge.services["opportunity"].kill()
    answer = await edge.get("/api/v1/search?q=a")
    assert (answer.status, answer.json["partial"], answer.json["missing"]) == (200, True, ["approval"])
    assert len(answer.json["items"]) == 3


async def test_what_the_caller_may_not_see_is_just_not_found(edge: Edge) -> None:
    found(edge)
    edge.services["opportunity"].on("GET", "/approvals", reply(403, {"code": "forbidden"}))
    answer = await edge.get("/api/v1/search?q=a")
    assert answer.json["partial"] is False
    assert [item["type"] for item in answer.json["items"]] == ["customer", "meeting", "task"]


@pytest.mark.parametrize("query", ["", "?q=", "?q=%20", "?q=a&limit=0", "?q=a&limit=x", "?q=a&colour=red", "?q=%ff"])
async def test_wrong_parameters_are_422(edge: Edge, query: str) -> None:
    answer = await edge.get(f"/api/v1/search{query}")
    assert answer.status == 422
    assert answer.json["errors"]
