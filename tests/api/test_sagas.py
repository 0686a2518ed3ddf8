"""Sagas over all services."""

from services.kit.running.ids import new_id
from tests.api.conftest import Edge
from tests.api.stub_service import reply

HOMES = ("auth", "customer", "opportunity")


def nowhere(edge: Edge, path: str) -> None:
    for home in HOMES:
        edge.services[home].on("GET", path, reply(404, {"code": "not_found"}))


async def test_the_list_comes_from_analytics(edge: Edge) -> None:
    answer = await edge.get("/api/v1/sagas?status=RUNNING")
    assert (answer.json["path"], answer.json["query"]) == ("/processes", {"status": "RUNNING"})
    assert edge.services["analytics"].asked("/processes") == 1


async def test_one_saga_is_found_at_its_home_and_remembered(edge: Edge) -> None:
    saga = new_id()
    path = f"/processes/{saga}"
    nowhere(edge, path)
    edge.services["opportunity"].on("GET", path, reply(200, {"id": str(saga)}))
    for _ in range(2):
        assert (await edge.get(f"/api/v1/sagas/{saga}")).json == {"id": str(saga)}
    assert [edge.services[home].asked(path) for home in HOMES] == [1, 1, 2]
    retried = await edge.ask("POST", f"/api/v1/sagas/{saga}/retry", data=b'{"reason":"x"}')
    assert (retried.json["path"], retried.json["body"]) == (f"{path}/retry", '{"reason":"x"}')


async def test_a_command_finds_the_home_first(edge: Edge) -> None:
    saga = new_id()
    nowhere(edge, f"/processes/{saga}")
    edge.services["auth"].on("GET", f"/processes/{saga}", reply(200, {}))
    answer = await edge.ask("POST", f"/api/v1/sagas/{saga}/compensate", headers={"Idempotency-Key": "k"})
    assert answer.json["path"] == f"/processes/{saga}/compensate"
    assert edge.services["customer"].asked(f"/processes/{saga}/compensate") == 0


async def test_a_saga_that_nobody_knows_is_404_and_a_home_that_is_away_503(edge: Edge) -> None:
    saga = new_id()
    nowhere(edge, f"/processes/{saga}")
    assert (await edge.get(f"/api/v1/sagas/{saga}")).status == 404
    await edge.services["customer"].kill()
    assert (await edge.get(f"/api/v1/sagas/{saga}")).status == 503


async def test_wrong_ids_methods_and_commands_are_refused(edge: Edge) -> None:
    malformed = await edge.get("/api/v1/sagas/abc")
    assert (malformed.status, malformed.json["errors"][0]["pointer"]) == (422, "/process_id")
    assert (await edge.ask("DELETE", f"/api/v1/sagas/{new_id()}")).status == 405
    assert (await edge.get(f"/api/v1/sagas/{new_id()}/retry")).status == 405
    assert (await edge.ask("POST", f"/api/v1/sagas/{new_id()}/stop")).status == 404
