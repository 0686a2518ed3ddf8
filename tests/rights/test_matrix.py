"""The table in matrix.txt against a running system: every route, role and relation, and nothing that it forgets."""

import re
from typing import Any

import pytest

from services.kit.running.ids import new_id
from tests.rights import recipes_approvals, recipes_auth, recipes_firm, recipes_sales, recipes_webhooks
from tests.rights.recipes import RECIPES, Ask, Case, send
from tests.rights.table import ENTRIES, PUBLIC, ROLES, Entry, Outcome, entries
from tests.rights.world import World

RECIPES_FROM = (recipes_auth, recipes_sales, recipes_approvals, recipes_firm, recipes_webhooks)
"""Modules whose import fills RECIPES."""
METHODS = {"get", "put", "post", "delete", "patch", "head", "options", "trace"}
PREFIX = "/api/v1"


async def document(world: World) -> dict[str, Any]:
    async with world.system.session.get(f"{world.system.url}/api/openapi.json") as response:
        read: dict[str, Any] = await response.json()
        return read


async def test_every_route_of_the_gateway_has_an_entry_and_every_entry_a_route(world: World) -> None:
    paths = (await document(world))["paths"]
    routes = {
        (method.upper(), path.removeprefix(PREFIX)) for path, item in paths.items() for method in METHODS & item.keys()
    }
    assert len(routes) > 80
    assert routes == {entry.operation for entry in ENTRIES} == RECIPES.keys()


def test_no_entry_stands_twice_in_a_section() -> None:
    names = [entry.name for entry in ENTRIES]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize(
    "line", ["GET /x y y y y y", "GET /x y y y y y y y", "GET /x yy y y y y y", "GET /x ? y y y y y"]
)
def test_a_line_that_is_no_entry_is_an_error(line: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        entries(line)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
async def test_each_role_may_do_what_the_table_says(world: World, entry: Entry) -> None:
    found: dict[str, str] = {}
    expected: dict[str, str] = {}
    for role in ROLES:
        for relation in entry.relations:
            case = Case(world, entry, role, relation)
            if case.expected is not Outcome.NOBODY:
                expected[f"{role} {relation}"] = case.expected.name
                found[f"{role} {relation}"] = (await case.outcome()).name
    assert found == expected


async def test_nobody_gets_anywhere_without_a_token(world: World) -> None:
    refused = set()
    for entry in ENTRIES:
        ask = Ask(re.sub(r"\{[a-z_]+\}", str(new_id()), entry.path))
        answer = await send(world, entry.method, ask, token=None)
        if answer.status == 401 and answer.json["code"] == "unauthorized":
            refused.add(entry.operation)
    assert refused == {entry.operation for entry in ENTRIES if entry.section != PUBLIC}
